"""The labelled sets of profiles as rows of the table `audience`. What a source does not say stays null.

Where a source holds only the shape of a name or the length of a description, the feature of
features/audience/profile.py stands as a column of its own; no name and no day is invented for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from training.datasets import LabelledSet
from zhenfen.features.audience.behaviour import add_behaviour
from zhenfen.features.audience.profile import BEHAVIOUR_FEATURES, DAY_ZERO, measure_profiles
from zhenfen.tables import TABLES, make_frame

AS_OF = datetime(2019, 3, 6, tzinfo=UTC)
"""Moment that ages are counted to: no set names its day of collection; the day after the youngest account of one."""
UNREAD = "_unread"
"""Ends the name of a source whose rows stand a second time, as they are where nobody read the profiles' posts."""
_TWITTER_TIME = "%a %b %d %H:%M:%S %z %Y"
_DAY_SECONDS = 86_400


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


def add_unread(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows`, and after them those with behaviour again without it, as sources of their own with the same twins.

    In use most profiles come without their posts; trees that only saw them with posts know nothing of such rows.
    """
    has_posts = pl.any_horizontal(pl.col(name).is_not_null() for name in BEHAVIOUR_FEATURES)
    hidden = (pl.lit(None, dtype=pl.Float64).alias(name) for name in BEHAVIOUR_FEATURES)
    unread = rows.filter(has_posts).with_columns(pl.col("source") + UNREAD, *hidden)
    return pl.concat((rows, unread))


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
    """`message` is the text of the page, which stands where other exports have the description: as `bio`, or a known
    description would mean another source. content_similar, shorttime_times and the variances have no stated unit: left
    out. is_regular has no stated rule either; it is true of no genuine account, as ours must be (behaviour.py)."""
    return raw.select(
        is_fake="is_spammer",
        profile_id="user_id",
        display_name="user_name",
        bio="message",
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
        is_regular=pl.col("is_regular").cast(pl.Boolean),
    )


def _read_gilani(raw: pl.DataFrame) -> pl.DataFrame:
    n_seen = pl.col("user_tweeted") + pl.col("user_retweeted") + pl.col("user_replied")
    created = pl.col("account_created").str.to_datetime(_TWITTER_TIME, time_zone="UTC")
    # The source averages several readings of an account.
    counts = {name: pl.col(name).round().cast(pl.Int64) for name in ("followers", "friends", "statuses")}
    return raw.rename({f"{name}_count": name for name in counts}).select(
        is_fake="is_bot",
        profile_id="acct",
        n_followers=counts["followers"],
        n_following=counts["friends"],
        n_posts=counts["statuses"],
        n_likes_given="favourites_count",
        n_listed="listed_count",
        is_verified=pl.col("verified").cast(pl.Boolean),
        is_private=pl.col("protected").cast(pl.Boolean),
        has_avatar=~pl.col("default_profile_image").cast(pl.Boolean),
        repost_share=pl.when(n_seen > 0).then(pl.col("user_retweeted") / n_seen),
        mean_shares_per_post="retweets_per_tweet",
        profile_created_days=(created - DAY_ZERO).dt.total_seconds() / _DAY_SECONDS,
        profile_name_chars="sn_len",
        profile_name_digit_share=pl.col("sn_digits") / pl.col("sn_len"),
        profile_bio_chars="desc_len",
    )


def _read_kaggle(raw: pl.DataFrame) -> pl.DataFrame:
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


def _read_weibo_bots(users: pl.DataFrame, posts: pl.DataFrame) -> pl.DataFrame:
    """Accounts with what their newest 25 posts show. Links and names of others were stripped from the texts and no post
    has a time: what would be counted from these is unknown."""
    written = posts.select(
        post_id=pl.format("{}-{}", "profile_id", "rank_newest"),
        creator_id="profile_id",
        text="text",
        is_repost="is_repost",
        n_shares="n_reposts",
        n_comments="n_comments",
    )
    profiles = users.select(
        "profile_id", "n_followers", "n_following", "n_posts", is_fake=pl.col("is_bot").cast(pl.Int8), level="urank"
    )
    stripped = ("link_share", "mention_share")
    return add_behaviour(profiles, make_frame(TABLES["posts"], written)).drop(stripped)


def _read_shaped(raw: pl.DataFrame) -> pl.DataFrame:
    """The sets that came in one form. `name_shape` keeps the length, scripts and digits of a name in their places."""
    created = (pl.col("created_at") - DAY_ZERO).dt.total_seconds() / _DAY_SECONDS
    return raw.select(
        *("profile_id", "n_followers", "n_following", "n_posts", "n_likes_given", "n_listed"),
        *("has_avatar", "is_private", "is_verified"),
        is_fake="label",
        display_name="name_shape",
        profile_bio_chars="bio_chars",
        profile_created_days=created,
    )


class WeiboBots(LabelledSet):
    """The one set whose profiles come with posts, in a file of their own."""

    def read_raw(self, folder: Path) -> pl.DataFrame:
        """The accounts with the behaviour of their posts."""
        posts = pl.read_parquet(folder / "profiles" / "weibo_bots_posts.parquet")
        return _read_weibo_bots(super().read_raw(folder), posts)


def _shaped(name: str, platform: str, terms: str) -> LabelledSet:
    return LabelledSet(name, platform, f"profiles/{name}.parquet", terms, _read_shaped)


SOURCES: tuple[LabelledSet, ...] = (
    LabelledSet(
        "weibo_fans",
        "weibo",
        "profiles/weibo_fans.parquet",
        "none stated; labelled by hand by two students (WxxShirley/WeiboSpammer)",
        _read_weibo_fans,
    ),
    LabelledSet(
        "weibo_spammers",
        "weibo",
        "profiles/weibo_spammers.parquet",
        "none stated; labeller unstated (ShengtaoHou/weibo-spammer-detection)",
        _read_weibo_spammers,
    ),
    _shaped("weibo_oppalu2018", "weibo", "none stated; labeller unstated (oppalu, 2018)"),
    WeiboBots(
        "weibo_bots",
        "weibo",
        "profiles/weibo_bots_users.parquet",
        "MIT; labelled by one person in 2021",
        lambda one: one,
    ),
    LabelledSet(
        "twitter_gilani2017",
        "x",
        "profiles/twitter_gilani2017.parquet",
        "research; screened by hand (Gilani et al. 2017)",
        _read_gilani,
    ),
    _shaped("twitter_cresci2015", "x", "research, citation asked (Cresci et al. 2015)"),
    _shaped("twitter_cresci2017_part", "x", "research, citation asked (Cresci et al. 2017)"),
    _shaped("twitter_nyu2017", "x", "MIT; bots beside celebrities (NYU 2017)"),
    LabelledSet(
        "instagram_kaggle696",
        "instagram",
        "profiles/instagram_kaggle696.parquet",
        "none stated; labeller unstated",
        _read_kaggle,
    ),
    _shaped("instagram_seraphim2019", "instagram", "none stated; labelled by one person, by own account subjectively"),
    _shaped("vk_bots", "vk", "none stated; closed profiles mostly unknown"),
)
"""Sets that the shipped model may learn from."""
JUDGES: tuple[LabelledSet, ...] = (
    _shaped("instagram_instafake", "instagram", "CC BY-NC: the model is judged by it, nothing is learned from it"),
    _shaped("tiktok_aurucci", "tiktok", "none stated; one ratio alone tells its halves apart: judged by it only"),
)
"""Sets that no fit sees; the model is judged by them."""
