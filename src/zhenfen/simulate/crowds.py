"""Who comments when under many played creators: numbers creator by creator, words for all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.simulate import sellers, texts
from zhenfen.simulate.audience_rows import moments, numbered
from zhenfen.simulate.organic import Flags, Ints, Reals
from zhenfen.simulate.play import Played, Stage
from zhenfen.simulate.world import World

WORKERS = 3_000
"""People of one simulation who take such jobs; several creators pay the same ones (chosen)."""
SELLER_MINUTES = (30.0, 1440.0)
"""Sellers take half an hour to a day, as ordered (chosen)."""
AUTHOR_KINDS = ("fan", "seller", "pod", "worker", "reader")
"""Readers comment under several creators of their own accord."""


@dataclass(frozen=True, slots=True)
class Thread:
    """Comments of one creator, one entry a comment.

    Attributes:
        post: Place of the post.
        at: Moment, in days since 1970-01-01.
        is_bought: Whether it was bought or arranged.
        author_kind: Place in AUTHOR_KINDS.
        author: Number among those of the kind.
        n_likes: Likes of the comment.
    """

    post: Ints
    at: Reals
    is_bought: Flags
    author_kind: Ints
    author: Ints
    n_likes: Ints


def make_thread(played: Played, world: World, ends_at: float) -> Thread:
    """The comments that an export shows, up to the moment `ends_at`."""
    rng, n_posts = played.rng, len(played.posts.at)
    shown = np.minimum(played.posts.counts.get("n_comments", np.zeros(n_posts)), world.most_comments).astype(np.int64)
    shown[: max(n_posts - world.n_posts_shown, 0)] = 0
    all_comments = np.maximum(played.posts.counts.get("n_comments", np.ones(n_posts)), 1)
    bought = np.rint(shown * played.purchase.comments / all_comments).astype(np.int64)
    post = np.repeat(np.arange(n_posts), shown)
    place = np.arange(len(post)) - np.repeat(np.cumsum(shown) - shown, shown)
    is_bought = place < bought[post]
    # Fans are drawn from a part of the real followers, the keen ones more often.
    n_fans = max(world.fewest_fans, int(world.fans_share * played.n_followers[-1] * (1 - played.bought_share)))
    fans = draw_fans(n_fans, rng.random(len(post)), world)
    if played.purchase.style == "pod":
        bought_kind, bought_author = "pod", place
    elif played.role.campaign is not None and played.role.campaign.manipulation == "crowd_workers":
        bought_kind, bought_author = "worker", rng.integers(0, WORKERS, len(post))
    else:
        bought_kind, bought_author = "seller", rng.integers(0, sellers.n_accounts(played.seller), len(post))
    bought_after = bought_minutes(played.purchase.style, place, world, rng)
    # Half of how posts differ in their medians lies between creators, half between posts of one (chosen).
    delays = world.parameters.comment_delays
    late = (rng.standard_normal() + rng.standard_normal(n_posts)) / np.sqrt(2)
    spread = np.where(late < 0, delays.sooner_log_sd, delays.later_log_sd)
    median = delays.median_minutes * np.exp(spread * late)
    log_sd = delays.log_sd.median * np.exp(delays.log_sd.log_sd * rng.standard_normal(n_posts))
    organic_after = median[post] * np.exp(log_sd[post] * rng.standard_normal(len(post)))
    minutes = np.where(is_bought, bought_after, organic_after)
    thread = Thread(
        post=post,
        at=played.posts.at[post] + minutes / 1440,
        is_bought=is_bought,
        author_kind=np.where(is_bought, AUTHOR_KINDS.index(bought_kind), AUTHOR_KINDS.index("fan")),
        author=np.where(is_bought, bought_author, fans),
        n_likes=np.where(is_bought, 0, rng.negative_binomial(0.3, 0.1, len(post))),
    )
    in_time = thread.at <= ends_at
    return Thread(*(getattr(thread, name)[in_time] for name in Thread.__slots__))


def bought_minutes(style: str, place: Ints, world: World, rng: np.random.Generator) -> Reals:
    """Minutes after the post at which the bought comments come, which stand at `place` among the comments of theirs."""
    if style == "pod":
        return world.pod_minutes * (place + rng.random(len(place))) / world.most_comments
    within = np.exp(rng.uniform(*np.log(SELLER_MINUTES)))
    return rng.uniform(2, within, len(place))


def draw_fans(n_fans: int, evenly: Reals, world: World) -> Ints:
    """Numbers of fans, 0 the keenest, from numbers `evenly` between 0 and 1, both of shape (n,)."""
    # The inverse of the distribution; with an exponent of exactly 1 it would be a logarithm.
    power = 1 - world.fans_exponent
    power = power if abs(power) > 1e-6 else 1e-6  # noqa: PLR2004 (as good as none)
    first, last = (at**power for at in (world.fans_shift, world.fans_shift + n_fans))
    drawn = (first + (last - first) * evenly) ** (1 / power) - world.fans_shift
    return np.asarray(np.clip(drawn, 0, n_fans - 1), dtype=np.int64)


def make_comments(ids: pl.Series, casts: Sequence[Played], threads: Sequence[Thread], stage: Stage) -> pl.DataFrame:
    """Table `comments` of all creators, with is_bought on top; `ids` are theirs in the same order."""
    seed, world = stage.seed, stage.world
    rng = np.random.default_rng((seed, 1_000_003))
    whose = np.repeat(np.arange(len(threads)), [len(thread.post) for thread in threads])
    n = len(whose)
    post, at, is_bought, author_kind, author, n_likes = (
        np.concatenate([getattr(thread, name) for thread in threads]) for name in Thread.__slots__
    )
    if world.common_fans_share > 0:
        # Part of the fans comment under several creators: who is a common reader is one under all posts of a creator.
        fans, which = np.unique((whose << 32) + author, return_inverse=True)
        is_common = (rng.random(len(fans)) < world.common_fans_share)[which] & (
            author_kind == AUTHOR_KINDS.index("fan")
        )
        reader = draw_fans(world.n_common_fans, rng.random(len(fans)), world)[which]
        author_kind = np.where(is_common, AUTHOR_KINDS.index("reader"), author_kind)
        author = np.where(is_common, reader, author)
    number = np.arange(n) - np.searchsorted(whose, whose)
    owner, flag = ids.gather(whose), pl.Series("is_bought", is_bought)
    seller = np.array([played.seller for played in casts], dtype=np.int64)[whose]
    style = np.array([played.purchase.style for played in casts], dtype=np.str_)[whose]
    batch = flag & pl.Series(author_kind == 1)
    names = texts.person_names(rng, n).zip_with(~batch, texts.batch_names(rng, n))
    # Organic texts, and for each style and seller those bought.
    written = _small_talk(n, world, rng)
    for name in np.unique(style[is_bought]):
        for one in np.unique(seller[is_bought & (style == name)]):
            which = np.flatnonzero(is_bought & (style == name) & (seller == one))
            written[which] = sellers.bought_comments(str(name), int(one), seed, len(which), rng).to_numpy()
    return pl.DataFrame(
        {
            "comment_id": numbered(owner, "c", number),
            "post_id": numbered(owner, "p", post),
            "creator_id": owner,
            "author_id": _author_ids(owner, author_kind, author, seller, seed),
            "author_name": names,
            "created_at": moments(at),
            "text": pl.Series(written, dtype=pl.String),
            "n_likes": pl.Series(n_likes),
            "is_bought": flag,
        }
    )


def _author_ids(owner: pl.Series, kind: Ints, author: Ints, seller: Ints, seed: int) -> pl.Series:
    number = pl.Series(author).cast(pl.String)
    of_seller = texts.join_parts("_", pl.Series(seller).cast(pl.String), "_", number)
    prefixes = pl.DataFrame(
        {
            "kind": pl.Series(kind),
            "fan": texts.join_parts(owner, "_fan", number),
            "seller": texts.join_parts(f"seller{seed}", of_seller),
            "pod": texts.join_parts(f"pod{seed}", of_seller),
            "worker": texts.join_parts(f"worker{seed}_", number),
            "reader": texts.join_parts(f"reader{seed}_", number),
        }
    )
    chosen = [pl.when(pl.col("kind") == at).then(name) for at, name in enumerate(AUTHOR_KINDS)]
    return prefixes.select(pl.coalesce(chosen)).to_series()


def _small_talk(n: int, world: World, rng: np.random.Generator) -> npt.NDArray[np.object_]:
    """What strangers write: words of their own, or what everybody says."""
    if world.copied_share == 0:
        return texts.organic_comments(rng, n).to_numpy().copy()
    is_copied = rng.random(n) < world.copied_share
    common, own = np.split(
        texts.organic_comments(rng, world.n_copied + int((~is_copied).sum())).to_numpy(), [world.n_copied]
    )
    written = np.empty(n, dtype=object)
    written[is_copied] = common[rng.integers(0, len(common), int(is_copied.sum()))]
    written[~is_copied] = own
    return written
