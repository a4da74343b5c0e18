"""Samples of followers: who is real, who was bought."""

from __future__ import annotations

import numpy as np
import polars as pl

from zhenfen.simulate import texts, words
from zhenfen.simulate.organic import Flags, Ints, Reals

REGIONS = ("广东", "浙江", "四川", "北京", "江苏", "山东", "湖南", "河南", "上海", "辽宁")


def make_profiles(
    is_made: Flags, is_unnamed: Flags, days_old: Reals, ends_at: float, rng: np.random.Generator
) -> dict[str, pl.Series]:
    """Columns of table `audience` of so many profiles, but for its keys, frame and platform.

    Traits follow two labelled sets (Weibo fans, Instagram): no description 34 % genuine, 95 % fake; no picture 1 % and
    57 %; following by followers 1.8 and 2.2 in the middle but with a tail far above 10 for the fake.

    Args:
        is_made: Which profiles were made in numbers, shape (n_profiles,).
        is_unnamed: Which have the name that was given at sign-up, likewise.
        days_old: Ages, likewise.
        ends_at: Moment of the sample, in days since 1970-01-01.
        rng: Source of chance.
    """
    n = len(is_made)
    following = np.where(is_made, rng.lognormal(6.0, 1.0, n), rng.lognormal(5.3, 0.9, n)).astype(np.int64)
    followers = np.where(is_made, rng.poisson(6, n), following / rng.lognormal(0.5, 0.9, n)).astype(np.int64)
    silent = rng.random(n) < np.where(is_made, 0.9, 0.25)
    last_post = np.minimum(days_old, rng.exponential(120, n))
    has_bio = rng.random(n) >= np.where(is_made, 0.95, 0.34)
    names = texts.person_names(rng, n).zip_with(~pl.Series(is_unnamed), texts.batch_names(rng, n))
    parts_of_bios = (words.BRIEF_THINGS, words.BRIEF_FEELINGS, words.LINKS, words.ENDINGS)
    bios = texts.join_parts(*(texts.draw(rng, pool, n) for pool in parts_of_bios))
    return {
        "display_name": names,
        "bio": bios.zip_with(pl.Series(has_bio), pl.repeat("", n, eager=True)),
        "created_at": moments(ends_at - days_old),
        "last_post_at": moments(np.where(silent, np.nan, ends_at - last_post)),
        "n_followers": pl.Series(followers),
        "n_following": pl.Series(following),
        "n_posts": pl.Series(np.where(silent, 0, rng.geometric(0.02, n)).astype(np.int64)),
        "has_avatar": pl.Series(rng.random(n) >= np.where(is_made, 0.57, 0.01)),
        "region": texts.draw(rng, REGIONS, n),
    }


def numbered(owner: pl.Series, letter: str, number: Ints) -> pl.Series:
    """Ids: the owner's, a letter and a number of five digits."""
    return texts.join_parts(owner, f"_{letter}", pl.Series(number).cast(pl.String).str.zfill(5))


def moments(at: Reals) -> pl.Series:
    """Times (UTC) of moments in days since 1970-01-01, to the second; null where NaN."""
    seconds = pl.Series(at).fill_nan(None) * 86_400
    micros = seconds.round().cast(pl.Int64) * 1_000_000
    return micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
