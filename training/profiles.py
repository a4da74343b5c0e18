"""The four labelled sets of profiles as rows of the table `audience`. What a source does not say stays null.

Where a source holds only the shape of a name or the age of an account, the feature of features/audience/profile.py
stands as a column of its own; no name and no day is invented for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from zhenfen.features.audience.profile import measure_profiles


@dataclass(frozen=True)
class ProfileSource:
    """One labelled set.

    Attributes:
        name: Short name, as it stands in model.yaml.
        platform: Platform of all its profiles.
        file: Path below the data folder.
        terms: What may be done with it, and who labelled it.
        as_of: Moment that ages are counted to.
        read: Its rows: columns of `audience`, known features, and is_fake (0 or 1).
    """

    name: str
    platform: str
    file: str
    terms: str
    as_of: datetime
    read: Callable[[pl.DataFrame], pl.DataFrame]

    def load(self, folder: Path) -> pl.DataFrame:
        """Canonical rows with source, platform and is_fake; profile_id tells rows apart within the source."""
        raw = pl.read_parquet(folder / self.file)
        rows = self.read(raw).with_columns(platform=pl.lit(self.platform))
        return rows.with_columns(pl.col("is_fake").cast(pl.Int8), source=pl.lit(self.name))

    def sha256(self, folder: Path) -> str:
        """Hash of the file, as model.yaml names it."""
        return hashlib.sha256((folder / self.file).read_bytes()).hexdigest()


def load_profiles(folder: Path, sources: tuple[ProfileSource, ...]) -> pl.DataFrame:
    """source, platform, is_fake, profile_id and one column a feature."""
    frames = []
    for source in sources:
        rows = source.load(folder)
        about = rows.select("source", "platform", "is_fake")
        frames.append(pl.concat([about, measure_profiles(rows, source.as_of)], how="horizontal"))
    return pl.concat(frames)


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


WEIBO_FANS = ProfileSource(
    "weibo_fans",
    "weibo",
    "profiles/weibo_fans.parquet",
    "none stated; labelled by hand by two students (WxxShirley/WeiboSpammer)",
    # The set names no day of collection: the day after its youngest account.
    datetime(2019, 3, 6, tzinfo=UTC),
    _read_weibo_fans,
)
WEIBO_SPAMMERS = ProfileSource(
    "weibo_spammers",
    "weibo",
    "profiles/weibo_spammers.parquet",
    "none stated; labeller unstated (ShengtaoHou/weibo-spammer-detection)",
    datetime(2019, 3, 6, tzinfo=UTC),
    _read_weibo_spammers,
)
TWITTER = ProfileSource(
    "twitter_gilani2017",
    "x",
    "profiles/twitter_gilani2017.parquet",
    "research; screened by hand (Gilani et al. 2017)",
    datetime(2019, 3, 6, tzinfo=UTC),
    _read_twitter,
)
INSTAGRAM = ProfileSource(
    "instagram_kaggle696",
    "instagram",
    "profiles/instagram_kaggle696.parquet",
    "none stated; labeller unstated",
    datetime(2019, 3, 6, tzinfo=UTC),
    _read_instagram,
)
SOURCES: tuple[ProfileSource, ...] = (WEIBO_FANS, WEIBO_SPAMMERS, TWITTER, INSTAGRAM)
