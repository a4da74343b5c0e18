"""Many plain organic creators at once, for measuring speed: the right sizes and shapes, no story."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from zhenfen.simulate import texts
from zhenfen.simulate.parameters import load_parameters
from zhenfen.simulate.roles import PLATFORMS
from zhenfen.tables import Tables

FOLLOWERS_LOG_MEAN = 11.5
FOLLOWERS_LOG_SD = 1.2
"""exp(11.5) = 99,000 followers in the middle (新红: 94,000), a twentieth above 700,000."""
DAILY_GROWTH = 0.0005
"""新红: 4.7 % in 90 days."""
AUTHORS_PER_CREATOR = 150
"""Commenters of one creator: some come back (chosen)."""
DAY_LOG_SD = 0.45
"""Spread of the gains from day to day (chosen)."""
ADVERT_SHARE = 0.05
"""Commercial posts by posts: 灰豚 .048, 新红 .010 in the middle."""
RATES_OF = "xiaohongshu"
"""The platform whose medians all posts follow."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """How many rows a creator has, by table."""

    n_days: int
    n_posts: int
    n_comments: int


def make_bulk(n_creators: int, amounts: Amounts, ends_at: datetime, seed: int) -> Tables:
    """Tables of `n_creators` organic creators with exactly `amounts` readings, posts and comments each.

    Creator ids begin with the seed, so parts made with different seeds never share one.
    """
    rng = np.random.default_rng(seed)
    platforms = sorted(PLATFORMS)
    ids = texts.join_parts(f"bulk{seed}_", pl.Series(np.arange(n_creators)).cast(pl.String))
    platform = pl.Series(platforms).gather(np.arange(n_creators) % len(platforms))
    size = rng.lognormal(FOLLOWERS_LOG_MEAN, FOLLOWERS_LOG_SD, n_creators)
    n_days = amounts.n_days
    gained = rng.poisson(size[:, None] * DAILY_GROWTH * rng.lognormal(0, DAY_LOG_SD, (n_creators, n_days)))
    counts = pl.DataFrame(
        {
            "creator_id": ids.gather(np.repeat(np.arange(n_creators), n_days)),
            "observed_at": _times(ends_at, np.tile(np.arange(n_days - 1, -1, -1) * 1440.0, n_creators)),
            "n_followers": pl.Series((size[:, None] + np.cumsum(gained, axis=1)).astype(np.int64).ravel()),
        }
    )
    creators = pl.DataFrame({"creator_id": ids, "platform": platform, "n_followers": pl.Series(size).cast(pl.Int64)})
    posts = _posts(ids, size, ends_at, amounts, rng)
    return Tables(
        {
            "creators": creators.with_columns(snapshot_at=pl.lit(ends_at)),
            "follower_counts": counts,
            "posts": posts,
            "comments": _comments(ids, posts, ends_at, amounts.n_comments, rng),
        }
    )


def _times(ends_at: datetime, minutes_back: np.ndarray) -> pl.Series:
    back = pl.Series(minutes_back * 60e6).cast(pl.Duration("us"))
    return pl.select(pl.lit(ends_at).cast(pl.Datetime("us", "UTC")) - back).to_series()


def _posts(
    ids: pl.Series, size: np.ndarray, ends_at: datetime, amounts: Amounts, rng: np.random.Generator
) -> pl.DataFrame:
    n_posts = amounts.n_posts
    n = len(size) * n_posts
    rates = load_parameters().platforms[RATES_OF]
    usual = np.repeat(size, n_posts) * rates.views_by_followers.median
    views = usual * rng.lognormal(0, rates.views_log_sd.median, n)
    likes = rng.poisson(views * rates.likes_by_views.median * rng.lognormal(0, rates.likes_log_sd.median, n))
    counts = {"n_views": views, "n_likes": likes}
    for name, rate in rates.by_likes.items():
        counts[name] = rng.poisson(likes * rate.median)
    owner = ids.gather(np.repeat(np.arange(len(size)), n_posts))
    number = pl.Series(np.tile(np.arange(n_posts), len(size))).cast(pl.String)
    category = sorted(texts.TOPICS)[0]
    return pl.DataFrame(
        {
            "post_id": texts.join_parts(owner, "_p", number),
            "creator_id": owner,
            "published_at": _times(ends_at, rng.uniform(0, amounts.n_days * 1440, n)),
            "observed_at": pl.repeat(ends_at, n, eager=True),
            "text": texts.post_texts(rng, n, category, rng.random(n) < ADVERT_SHARE),
            **{name: pl.Series(values).cast(pl.Int64) for name, values in counts.items()},
        }
    )


def _comments(
    ids: pl.Series, posts: pl.DataFrame, ends_at: datetime, n_comments: int, rng: np.random.Generator
) -> pl.DataFrame:
    n_creators, n = len(ids), len(ids) * n_comments
    creator = np.repeat(np.arange(n_creators), n_comments)
    n_posts = len(posts) // n_creators
    owner = ids.gather(creator)
    post = creator * n_posts + rng.integers(0, n_posts, n)
    delays = load_parameters().comment_delays
    delay = rng.lognormal(np.log(delays.median_minutes), delays.log_sd.median, n)
    written = posts["published_at"].gather(post) + pl.Series(delay * 60e6).cast(pl.Duration("us"))
    author = (AUTHORS_PER_CREATOR * rng.random(n) ** 2).astype(np.int64)
    latest = pl.lit(ends_at - timedelta(minutes=1)).cast(pl.Datetime("us", "UTC"))
    return pl.DataFrame(
        {
            "comment_id": texts.join_parts(f"{ids[0]}_c", pl.Series(np.arange(n)).cast(pl.String)),
            "post_id": posts["post_id"].gather(post),
            "creator_id": owner,
            "author_id": texts.join_parts(owner, "_fan", pl.Series(author).cast(pl.String)),
            "created_at": pl.select(pl.min_horizontal(written, latest)).to_series(),
            "text": texts.organic_comments(rng, n),
            "n_likes": pl.Series(rng.negative_binomial(0.3, 0.1, n)),
        }
    )
