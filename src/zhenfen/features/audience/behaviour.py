"""What the posts of a profile show: how often, when, and what kind. For profiles whose posts were read."""

from __future__ import annotations

import polars as pl

NIGHT_HOURS = (0, 6)
"""From midnight to six: the hours that people sleep."""
LOCAL_ZONE = "Asia/Shanghai"
"""The night is that of China's one time zone, where this tool is at home."""
POSTS_NEEDED = 5
"""Below five posts a share moves by more than .2 with each of them."""
REGULAR_POSTS_NEEDED = 20
REGULAR_VARIATION = 0.3
"""Posting is regular where the intervals' standard deviation is at most this part of their mean (1 by chance, more for
people: Goh & Barabási 2008, "Burstiness and memory in complex systems"). Of 378 Weibo accounts with twenty posts that a
topic search found, none is; of 581 with ten posts 1.4 % would be."""
_LINK, _MENTION = r"https?://|t\.cn/", r"[@＠][\p{L}\p{N}_]"
# Weibo writes #topic#, all others #topic.
_HASHTAG = r"[#＃][\p{L}\p{N}_]"
_EMOJI = r"\p{Extended_Pictographic}|\[[\p{Han}a-z0-9_]{1,12}\]"


def add_behaviour(audience: pl.DataFrame, posts: pl.DataFrame) -> pl.DataFrame:
    """The rows of `audience`, with its behaviour columns filled in where they are null and the posts say.

    A profile's posts are those whose creator_id is its profile_id; at least five are needed. Shares are of the posts
    whose text, or time, is known: active_day_share of the days from the first to the last post, night_share of posts
    from midnight to six in China, busiest_hour_share of posts in the fullest hour, duplicate_share of posts whose text
    the profile wrote before, repost_share, link_share, mention_share, hashtag_share and emoji_share as named;
    is_regular says that they come at even intervals. Reposts count for what is about times, and repost_share, only.

    Args:
        audience: Rows of the table `audience`; behaviour columns may be absent.
        posts: Rows of the table `posts`.
    """
    read = posts.join(audience.select(creator_id="profile_id").unique(), on="creator_id", how="semi")
    is_own = ~pl.col("is_repost").fill_null(value=False)
    text = pl.col("text").filter(is_own & pl.col("text").is_not_null())
    local = pl.col("published_at").drop_nulls().dt.convert_time_zone(LOCAL_ZONE)
    days = local.dt.date()
    gaps = local.sort().diff().dt.total_seconds()
    variation = gaps.std() / gaps.mean()
    n_days = (days.max() - days.min()).dt.total_days() + 1
    counted = read.group_by(profile_id="creator_id").agg(
        n_read=pl.len(),
        posts_per_day=local.len() / n_days,
        active_day_share=days.n_unique() / n_days,
        busiest_hour_share=local.dt.truncate("1h").unique_counts().max() / local.len(),
        is_regular=pl.when(local.len() >= REGULAR_POSTS_NEEDED).then(variation <= REGULAR_VARIATION),
        night_share=local.dt.hour().is_between(*NIGHT_HOURS, closed="left").mean(),
        repost_share=pl.col("is_repost").mean(),
        duplicate_share=pl.when(text.len() > 0).then(1 - text.n_unique() / text.len()),
        link_share=text.str.contains(_LINK).mean(),
        mention_share=text.str.contains(_MENTION).mean(),
        hashtag_share=text.str.contains(_HASHTAG).mean(),
        emoji_share=text.str.contains(_EMOJI).mean(),
        mean_shares_per_post=pl.col("n_shares").filter(is_own).mean(),
        mean_comments_per_post=pl.col("n_comments").filter(is_own).mean(),
    )
    shown = counted.filter(pl.col("n_read") >= POSTS_NEEDED).drop("n_read")
    joined = audience.join(shown, on="profile_id", how="left", suffix="_read", maintain_order="left")
    names = [name for name in shown.columns if name != "profile_id"]
    given = [name for name in names if name in audience.columns]
    return joined.with_columns(pl.coalesce(name, f"{name}_read") for name in given).drop(
        f"{name}_read" for name in given
    )
