"""The kinds of creators that can be simulated, and where the size of every number comes from.

Sources, all read off public data (medians unless said otherwise): 新红 = 3,471 fashion creators of Xiaohongshu, 90 days
of 2024; 星图 = 1,264 skincare creators of Douyin, last ten videos, 2025; posts = 29,000 posts of both;
trending = 26,000 video-days of trending Bilibili videos, 2023; VTubers = 69 Bilibili channels, 2019-2022; Weibo = own
posts of two users; stars = bought GitHub stars by StarScout. What no source shows is marked "chosen".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rates:
    """What a view of a post leads to on one platform, medians.

    Attributes:
        views: Views of a post by followers.
        likes: Likes by views.
        comments, saves, shares, coins, danmaku: By likes; 0 where the platform has no such count.
        shows_views: Whether others can see the views.
    """

    views: float
    likes: float
    comments: float
    saves: float
    shares: float
    coins: float = 0.0
    danmaku: float = 0.0
    shows_views: bool = True


PLATFORM_RATES = {
    # 新红 views .20, likes by views .026; posts: comments .08, saves .32, shares .04 of the likes.
    "xiaohongshu": Rates(views=0.20, likes=0.026, comments=0.08, saves=0.32, shares=0.04),
    # posts: views .14, saves .14, shares .034; 星图: likes by views .0093, comments .095 (its views, .051, are those of
    # shops that hardly grow).
    "douyin": Rates(views=0.14, likes=0.0093, comments=0.095, saves=0.14, shares=0.034),
    # trending: likes by views .078, and by likes comments .022, favourites .11, shares .032, coins .098, danmaku .024;
    # views by followers are .84 there, halved as trending picks the better half of the videos (chosen).
    "bilibili": Rates(views=0.42, likes=0.078, comments=0.022, saves=0.11, shares=0.032, coins=0.098, danmaku=0.024),
    # Weibo: comments .16, reposts .018-.069 of the likes. Views are hidden; likes by followers as on Xiaohongshu (新红
    # .005), for want of a source.
    "weibo": Rates(views=0.20, likes=0.026, comments=0.16, saves=0.0, shares=0.05, shows_views=False),
}

POSTS_PER_DAY = 0.57
"""新红: 51 posts in 90 days."""
VIEWS_LOG_SD = 0.69
"""Of one creator's posts; 星图: .69 (5 % below .29, 5 % above 1.7)."""
CREATOR_LOG_SD = 0.4
"""Between creators of a size (chosen: well inside 新红's 5 %-95 % range of likes by followers, .0008 to .041)."""
LIKES_LOG_SD = 0.40
"""Of likes by views within a creator; 星图 .46, trending .22."""
OTHERS_LOG_SD = 0.60
"""Of comments by likes within a creator; 星图 .73 with counting noise, which comes on top here."""
FOLLOWS_PER_INTERACTION = 0.10
"""新红: new followers by interactions over 90 days .10 (5 %-95 %: .02 to .46)."""
FOLLOW_DECAY = (1.0, 0.23, 0.03, 0.013)
"""VTubers: what is left of a rise on the days after its peak."""
OLD_POSTS_SHARE = 0.5
"""Part of the arrivals that comes evenly, from search and older posts (chosen: gives a robust spread of the daily gains
of .4 to 1.6 of their median, as the VTubers have)."""
DAY_LOG_SD = 0.45
"""Of the even part from day to day; as OLD_POSTS_SHARE."""
UNFOLLOWS_PER_DAY = 0.00005
"""Accounts of Xiaohongshu that stand still lose 3 to 8 of 100,000 a day (蒲公英, two of ten accounts, 2025)."""
COMMENT_DELAY_MINUTES = 218.0
COMMENT_DELAY_LOG_SD = 1.9
"""Delay of comments after the post: median 218 minutes, a tenth within 8, a tenth after 2,230 (422 Weibo posts)."""
FEE_BY_FOLLOWERS_CNY = 0.06
"""新红: price of an image post by followers .062; 灰豚 .071; 星图 .021."""
PURGE_SHARE = 0.03
"""Followers that a platform's clean-up takes from every creator (chosen: above the worst organic day but for glitches,
-1 % in one of 2,000 VTuber days)."""


@dataclass(frozen=True, slots=True)
class Rise:
    """Followers that come at once.

    Attributes:
        on: Day before the last one on which it begins.
        share: Followers gained by followers there.
        n_days: Days it is spread over evenly.
    """

    on: int
    share: float
    n_days: int = 1


@dataclass(frozen=True, slots=True)
class Kind:
    """What makes one kind of creator.

    Attributes:
        what: What was bought, or the innocent reason of its marks, in words.
        n_followers: At the beginning.
        n_days: Days with readings before the end; None for all.
        max_posts: Newest posts kept; None for all.
        comments_factor, saves_factor: Beside the platform's rates.
        bought_rises: Bought follower rises.
        drip_share: Followers bought a day by followers at the beginning, over the last `drip_days`.
        drip_days: See drip_share.
        padded_share: Part of the followers at the beginning that was bought earlier and never looks at a post.
        pod_likes: Likes of a mutual-support group on every post.
        pod_members: Accounts of that group, who also comment.
        farm_share: Part of the posts whose comments are mostly bought.
        viral_on: Day before the last one of a post that takes off.
        giveaway_on: Day before the last one of a declared giveaway.
        is_purged: The whole platform loses followers on one day.
        advert_share: Part of the posts that sell.
        labelled_share: Part of those that carry the platform's advert label.
        live_share: Part of the posts that are live rooms.
        audience_frame: Frame of the audience sample; None for no sample.
    """

    what: str
    n_followers: int
    n_days: int | None = None
    max_posts: int | None = None
    comments_factor: float = 1.0
    saves_factor: float = 1.0
    bought_rises: tuple[Rise, ...] = ()
    drip_share: float = 0.0
    drip_days: int = 0
    padded_share: float = 0.0
    pod_likes: int = 0
    pod_members: int = 0
    farm_share: float = 0.0
    viral_on: int | None = None
    giveaway_on: int | None = None
    is_purged: bool = False
    advert_share: float = 0.05
    labelled_share: float = 1.0
    live_share: float = 0.0
    audience_frame: str | None = None

    @property
    def is_manipulated(self) -> bool:
        """Whether anything was bought or arranged."""
        return bool(self.bought_rises or self.drip_share or self.pod_members or self.farm_share)


# advert_share .05: commercial posts by posts, 灰豚 .048, 新红 .010. Doses of purchases are chosen.
KINDS: dict[str, Kind] = {
    "organic_small": Kind("nothing bought", 8_000),
    "organic_large": Kind("nothing bought", 800_000, audience_frame="authorised_export"),
    "niche_expert": Kind(
        "nothing bought; few followers who comment and save a lot", 30_000, comments_factor=3.0, saves_factor=2.0
    ),
    "burst_buyer": Kind(
        "followers in two bursts, and a packet of comments",
        120_000,
        bought_rises=(Rise(70, 0.15), Rise(24, 0.18, 3)),
        padded_share=0.3,
        farm_share=0.1,
        audience_frame="newest",
    ),
    "drip_buyer": Kind(
        "an even drip of followers", 60_000, drip_share=0.004, drip_days=100, padded_share=0.5, audience_frame="newest"
    ),
    "engagement_pod": Kind("likes and comments of a mutual-support group", 25_000, pod_likes=420, pod_members=45),
    "comment_farm": Kind("comments made from templates", 90_000, comments_factor=0.6, farm_share=0.6),
    "giveaway_spike": Kind("nothing bought; a declared giveaway", 45_000, giveaway_on=30),
    "viral_spike": Kind("nothing bought; one post took off", 20_000, viral_on=40),
    "platform_purge": Kind("nothing bought; the platform removed accounts everywhere", 150_000, is_purged=True),
    "live_seller": Kind(
        "nothing bought; sells in live rooms", 300_000, advert_share=0.7, labelled_share=0.4, live_share=0.5
    ),
    "sponsored_heavy": Kind(
        "nothing bought; many adverts, few labelled", 110_000, advert_share=0.6, labelled_share=0.2
    ),
    "thin_data": Kind("nothing bought; too new to say", 1_200, n_days=12, max_posts=3),
}
