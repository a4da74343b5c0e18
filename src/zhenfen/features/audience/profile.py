"""Features of one profile that mean the same on every platform; what the audience model reads.

A profile's frame may lack any column, and any value may be null: the features that need it are null, never zero.
A source that knows only the shape of a name (its length, its digits) gives the feature's own column, and that value
stands where the name itself is not there.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

import polars as pl

from zhenfen.features.base import FeatureSpec, Unit
from zhenfen.tables import TABLES

TOP_LEVEL = {"weibo": 48, "bilibili": 6}
"""Highest user level by platform: Weibo 48 (微博等级), Bilibili 6. Elsewhere a level says nothing yet."""
DAY_ZERO = datetime(2000, 1, 1, tzinfo=UTC)
"""Days of making are counted from here: before it no platform of the table was there."""
DEFAULT_NAME = r"^(?:用户|手机用户|微博用户|快手用户|小红薯|user)_?[0-9A-Za-z]{4,}$"
"""Names that platforms give at sign-up: 用户… (Douyin, Weibo), 手机用户…, 快手用户…, 小红薯6A3F… (Xiaohongshu)."""
PINYIN_DIGITS = r"^[a-z]{2,}[0-9]{3,}$"
"""Lower-case letters, then three digits and more: how batches are named (yangmei83746)."""
_DIGIT, _LATIN, _HAN = r"[0-9]", r"[A-Za-z]", r"\p{Han}"
_TRAILING_DIGITS = r"([0-9]+)$"
_BASE = 10.0
# Columns beside the table's own while features are made.
_NAME, _NAME_CHARS, _AGE = "profile: name", "profile: characters of the name", "profile: days since it was made"
_LOGS = {count: f"profile: log10 of {count}" for count in ("followers", "following", "posts")}

_COUNTS = "Cresci et al. 2015, Fame for sale; public counts tell bought followers"
_NAMES = "Beskow & Carley 2019, Its all in a name; names of batches are made by a machine"
_PAGE = "Instagram set: 57 % of the fake, .6 % of the genuine have no picture; Weibo fans: 95 % and 34 % no description"
_LIFE = "Gilani et al. 2017: automated accounts post more a day"
_EPOCH = "an age moves with the day it is counted to, the day of making does not"
_POSTS = "Weibo spammer set and Gilani et al. 2017: what the posts of an account show"


def _spec(name: str, unit: Unit, meaning: str, source: str, *, signed: bool = False) -> FeatureSpec:
    low, high = None if signed else 0.0, 1.0 if unit in ("share", "flag") else None
    return FeatureSpec(f"profile_{name}_{unit}", unit, meaning, source, low=low, high=high)


PROFILE_SPECS: tuple[FeatureSpec, ...] = (
    _spec("followers", "log10", "log10(1 + followers).", _COUNTS),
    _spec("following", "log10", "log10(1 + following).", _COUNTS),
    _spec("posts", "log10", "log10(1 + posts).", _COUNTS),
    _spec("following_by_posts", "log10", "log10 of (1 + following) by (1 + posts).", _COUNTS, signed=True),
    _spec("following_by_followers", "log10", "log10 of (1 + following) by (1 + followers).", _COUNTS, signed=True),
    _spec("posts_by_followers", "log10", "log10 of (1 + posts) by (1 + followers).", _COUNTS, signed=True),
    _spec("likes_given", "log10", "log10(1 + likes given).", _LIFE),
    _spec("listed", "log10", "log10(1 + lists of others that the profile stands on).", _COUNTS),
    _spec("level", "share", "User level by the platform's highest.", "TOP_LEVEL; levels cost time"),
    _spec("age", "days", "Days since the profile was made.", _LIFE),
    _spec("created", "days", "Day the profile was made, in days since 2000.", _EPOCH, signed=True),
    _spec("posts", "per_day", "Posts a day: as given, else posts by age.", _LIFE),
    _spec("name", "chars", "Characters of the name.", _NAMES),
    _spec("name_digit", "share", "Digits among the characters of the name.", _NAMES),
    _spec("name_trailing_digits", "count", "Digits at the end of the name.", _NAMES),
    _spec("name_latin", "share", "Latin letters among the characters of the name.", _NAMES),
    _spec("name_han", "share", "Chinese characters among the characters of the name.", _NAMES),
    _spec("name_default", "flag", "The name is one that a platform gives at sign-up.", "see DEFAULT_NAME"),
    _spec("name_pinyin_digits", "flag", "The name is lower-case letters and then digits.", "see PINYIN_DIGITS"),
    _spec("bio", "chars", "Characters of the description.", _PAGE),
    _spec("avatar", "flag", "The profile has a picture.", _PAGE),
    _spec("private", "flag", "The profile is private.", "context"),
    _spec("verified", "flag", "The platform verified the profile.", "platforms check who is verified"),
    _spec("active_day", "share", "Days with a post among the days read.", _POSTS),
    _spec("night", "share", "Posts of the night among the posts read.", _POSTS),
    _spec("duplicate", "share", "Posts whose text the profile wrote before, among the posts read.", _POSTS),
    _spec("repost", "share", "Reposts among the posts read.", _POSTS),
    _spec("link", "share", "Posts with a link among the posts read.", _POSTS),
    _spec("mention", "share", "Posts that name somebody among the posts read.", _POSTS),
    _spec("hashtag", "share", "Posts with a hashtag among the posts read.", _POSTS),
    _spec("emoji", "share", "Posts with an emoji among the posts read.", _POSTS),
    _spec("regular", "flag", "Posts come at even intervals; see behaviour.REGULAR_VARIATION.", _POSTS),
    _spec("busiest_hour", "share", "Posts of the busiest hour among the posts read.", _POSTS),
    _spec("mean_shares", "log10", "log10(1 + mean reposts of a post).", _POSTS),
    _spec("mean_comments", "log10", "log10(1 + mean comments of a post).", _POSTS),
)
PROFILE_FEATURES: tuple[str, ...] = tuple(spec.name for spec in PROFILE_SPECS)
BEHAVIOUR_FEATURES: tuple[str, ...] = tuple(spec.name for spec in PROFILE_SPECS if spec.source == _POSTS)
"""What only the posts of a profile show."""


def measure_profiles(audience: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Features of every profile, rows in the order given.

    Args:
        audience: Rows of the table `audience`; only profile_id must be there. Columns named like a feature are taken
            for what the frame does not hold itself.
        as_of: Moment that ages are counted to; a profile made later has no age.

    Returns:
        profile_id and one Float64 column for every spec of PROFILE_SPECS; null where unknown.
    """
    known = frozenset(audience.columns)
    absent = {name: dtype for name, dtype in TABLES["audience"].schema.items() if name not in known}
    frame = audience.with_columns(pl.lit(None, dtype=dtype).alias(name) for name, dtype in absent.items())
    features = _features(known.intersection(PROFILE_FEATURES))
    return frame.with_columns(_shared(as_of)).select("profile_id", *features)


# Expressions are built once: that takes longer than measuring a few rows by them.
@lru_cache(maxsize=8)
def _shared(as_of: datetime) -> tuple[pl.Expr, ...]:
    """What several features are made of."""
    name = pl.col("display_name").str.strip_chars()
    days = (pl.lit(as_of) - pl.col("created_at")).dt.total_seconds() / 86_400
    return (
        name.alias(_NAME),
        name.str.len_chars().alias(_NAME_CHARS),
        pl.when(days >= 0).then(days).alias(_AGE),
        *(_log10(f"n_{count}").alias(log) for count, log in _LOGS.items()),
    )


@lru_cache(maxsize=8)
def _features(given: frozenset[str]) -> tuple[pl.Expr, ...]:
    """A feature each, of the table's columns and those of `_shared`; `given` are those that the frame has itself."""
    measured = {**_counts(), **_life(), **_name(), **_page(), **_behaviour()}
    values = ((name, measured[name].cast(pl.Float64)) for name in PROFILE_FEATURES)
    return tuple(
        (pl.coalesce(value, pl.col(name).cast(pl.Float64)) if name in given else value).alias(name)
        for name, value in values
    )


def _log10(count: str) -> pl.Expr:
    return pl.col(count).cast(pl.Float64).log1p() / pl.lit(_BASE).log()


def _counts() -> dict[str, pl.Expr]:
    followers, following, posts = (pl.col(log) for log in _LOGS.values())
    return {
        "profile_followers_log10": followers,
        "profile_following_log10": following,
        "profile_posts_log10": posts,
        "profile_following_by_posts_log10": following - posts,
        "profile_following_by_followers_log10": following - followers,
        "profile_posts_by_followers_log10": posts - followers,
        "profile_likes_given_log10": _log10("n_likes_given"),
        "profile_listed_log10": _log10("n_listed"),
        "profile_level_share": (pl.col("level") / _top_level()).clip(upper_bound=1),
    }


def _top_level() -> pl.Expr:
    return pl.col("platform").replace_strict(TOP_LEVEL, default=None, return_dtype=pl.Float64)


def _life() -> dict[str, pl.Expr]:
    age = pl.col(_AGE)
    # A rate by less than a day would shoot up.
    return {
        "profile_age_days": age,
        "profile_created_days": (pl.col("created_at") - DAY_ZERO).dt.total_seconds() / 86_400,
        "profile_posts_per_day": pl.coalesce("posts_per_day", pl.col("n_posts") / age.clip(lower_bound=1)),
    }


def _name() -> dict[str, pl.Expr]:
    name, n_chars = pl.col(_NAME), pl.col(_NAME_CHARS)

    def share(pattern: str) -> pl.Expr:
        return pl.when(n_chars > 0).then(name.str.count_matches(pattern) / n_chars)

    is_known = name.is_not_null()
    return {
        "profile_name_chars": n_chars,
        "profile_name_digit_share": share(_DIGIT),
        "profile_name_trailing_digits_count": pl.when(is_known).then(
            name.str.extract(_TRAILING_DIGITS).str.len_bytes().fill_null(0)
        ),
        "profile_name_latin_share": share(_LATIN),
        "profile_name_han_share": share(_HAN),
        "profile_name_default_flag": name.str.contains(DEFAULT_NAME),
        "profile_name_pinyin_digits_flag": name.str.contains(PINYIN_DIGITS),
    }


def _page() -> dict[str, pl.Expr]:
    flags = {"avatar": "has_avatar", "private": "is_private", "verified": "is_verified"}
    return {
        "profile_bio_chars": pl.col("bio").str.strip_chars().str.len_chars(),
        **{f"profile_{name}_flag": pl.col(column) for name, column in flags.items()},
    }


def _behaviour() -> dict[str, pl.Expr]:
    shares = ("active_day", "night", "duplicate", "repost", "link", "mention", "hashtag", "emoji")
    return {
        **{f"profile_{name}_share": pl.col(f"{name}_share") for name in shares},
        "profile_regular_flag": pl.col("is_regular"),
        "profile_busiest_hour_share": pl.col("busiest_hour_share"),
        "profile_mean_shares_log10": _log10("mean_shares_per_post"),
        "profile_mean_comments_log10": _log10("mean_comments_per_post"),
    }
