"""The people around a simulated creator: who comments what and when, and a sample of who follows."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from zhenfen.simulate import texts
from zhenfen.simulate.audience_rows import REGIONS, draw_ages, make_profiles
from zhenfen.simulate.creator import Posts
from zhenfen.simulate.kinds import COMMENT_DELAY_LOG_SD, COMMENT_DELAY_MINUTES, KINDS, Kind
from zhenfen.simulate.shortlist import Member

MOST_COMMENTS = 60
"""Comments kept of a post: exports hold the top of a thread, not all of it."""
FARM_ACCOUNTS = 150
"""One farm serves all creators, so that the same accounts turn up under several (chosen)."""
FARM_WITHIN_MINUTES = 90
POD_WITHIN_MINUTES = 30
"""Deliveries come in a burst after posting, members answer the group's message (chosen)."""
N_PROFILES = 300
BATCH_AGE_DAYS = (60.0, 85.0)
"""Accounts made in one batch are of one age (chosen)."""


def simulate_comments(
    creator_id: str, kind: Kind, posts: Posts, published: pl.Series, rng: np.random.Generator
) -> tuple[pl.DataFrame, pl.Series]:
    """Comments under all posts, at most 60 of each, and which of them were bought or arranged (bool)."""
    shown = np.minimum(posts.comments, MOST_COMMENTS)
    bought = np.rint(shown * posts.bought_comments / np.maximum(posts.comments, 1)).astype(np.int64)
    post = np.repeat(np.arange(len(shown)), shown)
    place = np.arange(len(post)) - np.repeat(np.cumsum(shown) - shown, shown)
    is_bought = place < bought[post]
    n = len(post)
    authors = _fans(creator_id, kind, n, rng)
    bought_texts, bought_authors, minutes = (_pod if kind.pod_members else _farm)(creator_id, place, rng)
    organic_minutes = rng.lognormal(np.log(COMMENT_DELAY_MINUTES), COMMENT_DELAY_LOG_SD, n)
    delay = np.where(is_bought, minutes, organic_minutes)
    flag = pl.Series("is_bought", is_bought)
    frame = pl.DataFrame(
        {
            "post_id": post_ids(creator_id, post),
            "creator_id": pl.repeat(creator_id, n, eager=True),
            "author_id": authors.zip_with(~flag, bought_authors),
            "author_name": texts.person_names(rng, n).zip_with(~flag, texts.batch_names(rng, n)),
            "created_at": published.gather(post) + pl.Series(delay * 60e6).cast(pl.Duration("us")),
            "text": texts.organic_comments(rng, n).zip_with(~flag, bought_texts),
            "n_likes": pl.Series(np.where(is_bought, 0, rng.negative_binomial(0.3, 0.1, n))),
            "region": texts.draw(rng, REGIONS, n),
        }
    )
    return frame.with_columns(comment_id=_numbered(creator_id, "c", np.arange(n))), flag


def post_ids(creator_id: str, post: np.ndarray) -> pl.Series:
    """Ids of the posts by their number."""
    return _numbered(creator_id, "p", post)


def _numbered(creator_id: str, letter: str, number: np.ndarray) -> pl.Series:
    return texts.join_parts(f"{creator_id}_{letter}", pl.Series(number).cast(pl.String).str.zfill(5))


def _fans(creator_id: str, kind: Kind, n: int, rng: np.random.Generator) -> pl.Series:
    """Commenters drawn from 2 % of the real followers, at least 200, the keen ones more often (chosen)."""
    pool = max(200, int(0.02 * kind.n_followers * (1 - kind.padded_share)))
    return _numbered(creator_id, "fan", (pool * rng.random(n) ** 2).astype(np.int64))


def _pod(creator_id: str, place: np.ndarray, rng: np.random.Generator) -> tuple[pl.Series, pl.Series, np.ndarray]:
    """Members answer in nearly the same order under every post."""
    minutes = POD_WITHIN_MINUTES * (place + rng.random(len(place))) / MOST_COMMENTS
    return texts.pod_comments(rng, len(place)), _numbered(creator_id, "pod", place), minutes


def _farm(creator_id: str, place: np.ndarray, rng: np.random.Generator) -> tuple[pl.Series, pl.Series, np.ndarray]:
    n = len(place)
    accounts = _numbered("farm", "", rng.integers(0, FARM_ACCOUNTS, n))
    return texts.farm_comments(rng, n), accounts, rng.uniform(2, FARM_WITHIN_MINUTES, n)


def simulate_audience(
    creator_id: str, member: Member, bought_share: float, ends_at: datetime, rng: np.random.Generator
) -> tuple[pl.DataFrame, pl.Series]:
    """A sample of 300 followers, newest first, and which of them were bought (bool)."""
    n = N_PROFILES
    is_bought = rng.random(n) < bought_share
    days_old = draw_ages(is_bought, BATCH_AGE_DAYS, rng)
    frame = pl.DataFrame(
        {
            "creator_id": pl.repeat(creator_id, n, eager=True),
            "profile_id": _numbered(creator_id, "a", np.arange(n)),
            "platform": pl.repeat(member.platform, n, eager=True),
            "frame": pl.repeat(KINDS[member.kind].audience_frame, n, eager=True),
            "follow_position": pl.Series(np.arange(n)),
            **make_profiles(is_bought, is_bought, days_old, ends_at.timestamp() / 86_400, rng),
        }
    )
    return frame, pl.Series(is_bought)
