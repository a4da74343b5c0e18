"""Live rooms with known truth, minute by minute: what moves an honest room, and what is sold to fill one.

Everything here is assumed, for no public data show rooms by the minute; so what is measured on these rooms says whether
a measurement does what it claims, and nothing of how often innocent rooms show it. An honest room has all that makes
crowds odd: pushes by the platform, raids, giveaways that hold viewers and fill the chat with one phrase, fans who come
every evening and sign in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.tables import TABLES, Tables, make_frame

Reals = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FIRST_AT = datetime(2026, 10, 1, 12, tzinfo=UTC)
"""20:00 in Shanghai."""
N_FANS, N_POOL = 400, 40
SIGN_IN_SHARE = 0.15
STAY_MINUTES = 4.0
"""Mean visit: viewers leave at a rate of one in four a minute."""
PHRASES = ("好看", "多少钱", "求链接", "主播好美", "尺码怎么选", "已拍", "什么时候发货", "来了来了", "哈哈哈", "支持")
SCRIPT = ("真的很好用", "已经下单了", "主播推荐的都不错", "家人们冲", "回购第三次了")


@dataclass(frozen=True, slots=True)
class RoomStory:
    """One creator's rooms.

    Attributes:
        creator_id: Whose.
        n_rooms: How many evenings.
        n_minutes: Length of each.
        arrivals: Mean arrivals a minute.
        giveaways, raids, pushes: How many of each in a room.
        padding: Bought viewers by the mean number of real ones; 0 for none.
        is_held: Whether bought viewers come at once and stay; else they are delivered evenly and leave like others.
        script_per_minute: Scripted remarks a minute, by a pool of N_POOL accounts in turn.
        packet: Likes of a packet; 0 for none.
        n_packets: Minutes with one.
        is_fan_club: Whether fans sign in with a remark each evening.
    """

    creator_id: str
    n_rooms: int = 6
    n_minutes: int = 120
    arrivals: float = 40.0
    giveaways: int = 2
    raids: int = 1
    pushes: int = 2
    padding: float = 0.0
    is_held: bool = True
    script_per_minute: float = 0.0
    packet: int = 0
    n_packets: int = 8
    is_fan_club: bool = True


def simulate_rooms(stories: Sequence[RoomStory], seed: int) -> Tables:
    """Tables creators, posts, post_counts, comments and events of these stories; one seed gives the same tables."""
    frames: dict[str, list[pl.DataFrame]] = {name: [] for name in ("posts", "post_counts", "comments", "events")}
    for number, story in enumerate(stories):
        rng = np.random.default_rng((seed, number))
        for room in range(story.n_rooms):
            for name, frame in _play_room(story, room, rng).items():
                frames[name].append(make_frame(TABLES[name], frame))
    ids = [story.creator_id for story in stories]
    creators = pl.DataFrame(
        {"creator_id": ids, "platform": "douyin", "display_name": ids, "n_followers": [80_000] * len(ids)},
        schema_overrides={"n_followers": pl.Int64},
    )
    whole = {name: pl.concat(parts) for name, parts in frames.items() if parts}
    return Tables({"creators": make_frame(TABLES["creators"], creators), **whole})


def _play_room(story: RoomStory, room: int, rng: np.random.Generator) -> dict[str, pl.DataFrame]:
    """The rows of one evening."""
    n, post_id = story.n_minutes, f"{story.creator_id}_r{room:02d}"
    starts_at = FIRST_AT + timedelta(days=room, minutes=int(rng.integers(0, 30)))
    is_giveaway = np.zeros(n, dtype=bool)
    given_at = np.sort(rng.integers(5, n - 20, story.giveaways))
    for at in given_at:
        is_giveaway[at : at + 10] = True
    came, there = move_viewers(story, is_giveaway, given_at, rng)
    spoken = make_remarks(story, there, is_giveaway, rng)
    # Few tap, but each of them dozens of times.
    likes = np.array([rng.lognormal(2.5, 1.0, rng.poisson(0.2 * one)).sum() for one in there]).astype(np.int64)
    if story.packet:
        likes[rng.choice(n, min(story.n_packets, n), replace=False)] += story.packet
    minutes = [starts_at + timedelta(minutes=minute + 1) for minute in range(n)]
    n_views, n_orders = int(came.sum()), int(rng.poisson(0.01 * came.sum() / (1 + story.padding)))
    per_minute = np.bincount(spoken["minute"].to_numpy(), minlength=n)[:n]
    readings = {
        "n_viewers": there,
        "n_views": came.cumsum(),
        "n_likes": likes.cumsum(),
        "n_comments": per_minute.cumsum(),
    }
    price = rng.lognormal(4.5, 0.4)
    post = {
        "post_id": post_id,
        "creator_id": story.creator_id,
        "published_at": starts_at,
        "media_kind": "live",
        "n_views": n_views,
        "n_likes": int(likes.sum()),
        "n_comments": spoken.height,
        "n_peak_viewers": int(there.max()),
        "duration_seconds": n * 60,
        "mean_viewers": float(there.mean()),
        "n_new_followers": int(rng.poisson(0.02 * n_views / (1 + story.padding))),
        "n_orders": n_orders,
        "sales_cny": round(n_orders * price, 2),
        "returned_share": float(rng.beta(8, 24)),
    }
    seconds = pl.duration(seconds=pl.col("minute") * 60 + pl.col("second"))
    comments = spoken.select(
        "author_id",
        "text",
        comment_id=pl.lit(f"{post_id}_c") + pl.int_range(pl.len()).cast(pl.String),
        post_id=pl.lit(post_id),
        creator_id=pl.lit(story.creator_id),
        created_at=(pl.lit(starts_at) + seconds).cast(pl.Datetime("us", "UTC")),
    )
    owner = {"post_id": post_id, "creator_id": story.creator_id}
    events = {"creator_id": story.creator_id, "starts_at": [minutes[at] for at in given_at], "kind": "giveaway"}
    return {
        "posts": pl.DataFrame([post]),
        "post_counts": pl.DataFrame({"observed_at": minutes, **readings}).with_columns(
            pl.lit(value).alias(name) for name, value in owner.items()
        ),
        "comments": comments,
        "events": pl.DataFrame(events, schema_overrides={"starts_at": pl.Datetime("us", "UTC")}).unique("starts_at"),
    }


def move_viewers(
    story: RoomStory, is_giveaway: npt.NDArray[np.bool_], given_at: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Who came in each minute, and who was there at its end, each of shape (n_minutes,)."""
    n = story.n_minutes
    # The interest of the hour wanders; the platform shows the room to others in waves.
    wander = np.exp(np.cumsum(rng.normal(0, 0.05, n)))
    rate = story.arrivals * wander / wander.mean()
    for at in rng.integers(0, n, story.pushes):
        rate[at : at + int(rng.integers(5, 25))] *= rng.uniform(2, 6)
    rate[is_giveaway] *= 2.5
    raids = np.zeros(n)
    for at in rng.integers(5, n, story.raids):
        raids[at] += rng.uniform(2, 15) * story.arrivals
    # Giveaways hold whoever is there, and empty the room when they are drawn.
    leaving = np.where(is_giveaway, 0.3, 1.0) / STAY_MINUTES
    for at in given_at:
        leaving[min(at + 10, n - 1)] = 0.6
    bought = round(story.padding * story.arrivals * STAY_MINUTES)
    starts, ends = int(rng.integers(12, max(13, n // 4))), n - 5
    came, there, present = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64), 0
    for minute in range(n):
        new = int(rng.poisson(rate[minute] + raids[minute]))
        # Evenly delivered ones come by the same number each minute and leave like anybody.
        is_fed = bool(bought) and not story.is_held and starts <= minute < ends
        even = round(story.padding * story.arrivals) if is_fed else 0
        present += new + even - int(rng.binomial(present, leaving[minute]))
        is_padded = bool(bought) and story.is_held and starts <= minute < ends
        came[minute] = new + even + (bought if is_padded and minute == starts else 0)
        there[minute] = present + (bought if is_padded else 0)
    return came, there


def make_remarks(
    story: RoomStory, there: Ints, is_giveaway: npt.NDArray[np.bool_], rng: np.random.Generator
) -> pl.DataFrame:
    """minute, second, author_id and text of every remark, in order."""
    n, owner = story.n_minutes, story.creator_id
    real = there / (1 + story.padding * story.is_held)
    moods = np.exp(np.cumsum(rng.normal(0, 0.08, n)))
    counts = rng.poisson(0.04 * real * moods / moods.mean() * np.where(is_giveaway, 3.0, 1.0))
    minutes = np.repeat(np.arange(n), counts)
    # A third are fans, some of whom talk all evening; the others pass by once.
    weights = rng.pareto(1.2, N_FANS) + 0.2
    is_fan = rng.random(len(minutes)) < 1 / 3
    fans = rng.choice(N_FANS, len(minutes), p=weights / weights.sum())
    passing = rng.integers(0, 10**9, len(minutes))
    authors = [
        f"{owner}_fan{fan}" if known else f"p{one}" for known, fan, one in zip(is_fan, fans, passing, strict=True)
    ]
    words = np.where(is_giveaway[minutes], "福气满满", rng.choice(PHRASES, len(minutes)))
    frames = [{"minute": minutes, "second": rng.integers(0, 60, len(minutes)), "author_id": authors, "text": words}]
    if story.is_fan_club:
        there_tonight = np.flatnonzero(rng.random(N_FANS) < SIGN_IN_SHARE)
        at = rng.integers(0, n, len(there_tonight))
        names = [f"{owner}_fan{fan}" for fan in there_tonight]
        frames.append(
            {"minute": at, "second": rng.integers(0, 60, len(at)), "author_id": names, "text": ["打卡"] * len(at)}
        )
    if story.script_per_minute:
        # One remark after the other at equal distances, a second early or late, by the pool's accounts in turn.
        n_said = int(story.script_per_minute * n)
        at = np.clip(np.arange(n_said) * 60 / story.script_per_minute + rng.integers(-1, 2, n_said), 0, n * 60 - 1)
        said, pool = at.astype(np.int64), [f"{owner}_pool{number % N_POOL}" for number in range(n_said)]
        texts = rng.choice(SCRIPT, n_said)
        frames.append({"minute": said // 60, "second": said % 60, "author_id": pool, "text": texts})
    return pl.concat(pl.DataFrame(frame) for frame in frames).sort("minute", "second", "author_id")
