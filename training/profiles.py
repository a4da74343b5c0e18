"""The four labelled sets of profiles as rows of the table `audience`. What a source does not say stays null.

Where a source holds only the shape of a name or the age of an account, the feature of features/audience/profile.py
stands as a column of its own; no name and no day is invented for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from training.datasets import LabelledSet
from zhenfen.features.audience.profile import measure_profiles

AS_OF = datetime(2019, 3, 6, tzinfo=UTC)
"""Moment that ages are counted to: no set names its day of collection; the day after the youngest account of one."""


def load_profiles(folder: Path, sources: Sequence[LabelledSet]) -> pl.DataFrame:
    """source, platform, is_fake, profile_id and one column a feature."""
    about = ("source", "platform", pl.col("is_fake").cast(pl.Int8))
    loaded = [source.load(folder) for source in sources]
    return pl.concat(
        [pl.concat([rows.select(about), measure_profiles(rows, AS_OF)], how="horizontal") for rows in loaded]
    )


def mark_twins(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds twin: the number of the group of rows of one source whose features are the same, rounded to 2 digits."""
    features = [name for name in rows.columns if name.startswith("profile_") and name != "profile_id"]
    # Accounts of one batch differ by a follower or a post; the log10 of counts moves in the second digit from 20 up.
    shape = pl.struct("source", *(pl.col(name).round(2) for name in features))
    return rows.with_columns(twin=shape.rank("dense").cast(pl.Int64))


def _read_weibo_fans(raw: pl.DataFrame) -> pl.DataFrame:
    return raw.select(
        is_fake="is_fake",
        profile_id="id",
        display_name="昵称",
        # The source writes nothing where a description is empty.
        bio=pl.col("个人简介").fill_null(""),
        created_at=pl.col("创建时间").str.to_datetime("%Y/%m/%d", time_unit="us", time_zone="UTC"),
        n_followers="粉丝数",
        n_following="关注数",
        n_posts="微博数",
        level="等级",
        gender="性别",
        region="所在地",
    )


def _read_weibo_spammers(raw: pl.DataFrame) -> pl.DataFrame:
    """`message` is page text with levels and dates in it, no description; content_similar and the variances have no
    stated unit: left out."""
    return raw.select(
        is_fake="is_spammer",
        profile_id="user_id",
        display_name="user_name",
        n_followers="follower_num",
        n_following="followee_num",
        n_posts="post_num",
        level="class",
        gender="gender",
        active_day_share="active_day_ratio",
        night_share="late_night_times",
        repost_share="figure_RRT",
        link_share="figure_url",
        mention_share="figure_at",
        hashtag_share="figure_jing",
        emoji_share="figure_face",
        mean_shares_per_post="average_repost",
        mean_comments_per_post="average_comm",
    )


def _read_twitter(raw: pl.DataFrame) -> pl.DataFrame:
    n_seen = pl.col("user_tweeted") + pl.col("user_retweeted") + pl.col("user_replied")
    return raw.select(
        is_fake="is_bot",
        profile_id="acct",
        # The source averages several readings of an account.
        n_followers=pl.col("followers_count").round().cast(pl.Int64),
        n_following=pl.col("friends_count").round().cast(pl.Int64),
        n_posts=pl.col("statuses_count").round().cast(pl.Int64),
        is_verified=pl.col("verified").cast(pl.Boolean),
        is_private=pl.col("protected").cast(pl.Boolean),
        has_avatar=~pl.col("default_profile_image").cast(pl.Boolean),
        posts_per_day="tweet_frequency",
        repost_share=pl.when(n_seen > 0).then(pl.col("user_retweeted") / n_seen),
        mean_shares_per_post="retweets_per_tweet",
        profile_age_days="age_of_account_in_days",
        profile_name_chars="sn_len",
        profile_name_digit_share=pl.col("sn_digits") / pl.col("sn_len"),
        profile_bio_chars="desc_len",
    )


def _read_instagram(raw: pl.DataFrame) -> pl.DataFrame:
    return raw.with_row_index("row").select(
        is_fake="fake",
        profile_id=pl.format("row-{}", "row"),
        n_followers="#followers",
        n_following="#follows",
        n_posts="#posts",
        is_private=pl.col("private").cast(pl.Boolean),
        has_avatar=pl.col("profile pic").cast(pl.Boolean),
        profile_name_digit_share="nums/length username",
        profile_bio_chars="description length",
    )


WEIBO_FANS = LabelledSet(
    "weibo_fans",
    "weibo",
    "profiles/weibo_fans.parquet",
    "none stated; labelled by hand by two students (WxxShirley/WeiboSpammer)",
    _read_weibo_fans,
)
WEIBO_SPAMMERS = LabelledSet(
    "weibo_spammers",
    "weibo",
    "profiles/weibo_spammers.parquet",
    "none stated; labeller unstated (ShengtaoHou/weibo-spammer-detection)",
    _read_weibo_spammers,
)
TWITTER = LabelledSet(
    "twitter_gilani2017",
    "x",
    "profiles/twitter_gilani2017.parquet",
    "research; screened by hand (Gilani et al. 2017)",
    _read_twitter,
)
INSTAGRAM = LabelledSet(
    "instagram_kaggle696",
    "instagram",
    "profiles/instagram_kaggle696.parquet",
    "none stated; labeller unstated",
    _read_instagram,
)
SOURCES: tuple[LabelledSet, ...] = (WEIBO_FANS, WEIBO_SPAMMERS, TWITTER, INSTAGRAM)
