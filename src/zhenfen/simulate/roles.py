"""Which creators can be asked for: organic kinds, innocent shocks, manipulations, and how much of what was bought."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zhenfen.errors import ConfigError

KINDS_ORGANIC = ("koc", "niche_expert", "celebrity", "live_seller", "seasonal", "new_account", "dormant_and_back")
SHOCKS = ("viral_post", "giveaway", "tv_mention", "advert", "platform_purge", "data_gap", "import_glitch", "promotion")
FOLLOWER_MANIPULATIONS = (
    "follower_burst",
    "follower_drip",
    "follower_drip_weekday",
    "crowd_workers",
    "follow_unfollow",
    "bought_then_purged",
)
POST_MANIPULATIONS = (
    "purchased_likes",
    "purchased_views",
    "template_comments",
    "rewritten_comments",
    "engagement_pod",
)
AUDIENCE_MANIPULATIONS = ("audience_batch",)
MANIPULATIONS = (
    "follower_burst",
    "follower_drip",
    "follower_drip_weekday",
    "purchased_likes",
    "purchased_views",
    "template_comments",
    "rewritten_comments",
    "engagement_pod",
    "crowd_workers",
    "follow_unfollow",
    "bought_then_purged",
    "audience_batch",
)
PLATFORMS = ("xiaohongshu", "douyin", "bilibili", "weibo")
"""Platforms with fitted rates."""
MOST_FOLLOWERS_DOSE = 0.95
"""Above it the followers without the purchase would be an afterthought."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """One purchase.

    Attributes:
        manipulation: Name in MANIPULATIONS.
        dose: Above 0. Followers: those bought by all at the end of the campaign, the camouflage left out (below .95).
            Posts: likes, views or comments bought (pod: likes arranged) by what the posts concerned would have had.
            audience_batch: made accounts by all profiles of the sample of followers (below .95); they came too slowly
            or too long ago to show in the readings.
        camouflage: Real growth added in the same days, or on the same posts, by what was bought; 0 for none.
        on: Day on which bought followers begin to come, counted back from the end: 1 is the last. None: drawn.
        n_days: Days of their delivery, evenly; None: drawn with its shape.
        posts_share: Part of the posts concerned; None: drawn.
    """

    manipulation: str
    dose: float
    camouflage: float = 0.0
    on: int | None = None
    n_days: int | None = None
    posts_share: float | None = None


@dataclass(frozen=True, slots=True)
class Fixed:
    """What a story says of its creator, where other roles leave it to chance.

    Attributes:
        n_followers: At the beginning.
        padded_share: Part of them that was bought before the first day and never looks at a post.
        views: Views of a post beside the platform's median.
        n_days, n_posts: Newest readings and posts shown; None for all.
        advert_share, live_share: Parts of the posts.
        labelled_share: Part of the adverts that carry the platform's label.
        shock_on: Day of the shock, counted back from the end; None: drawn.
        audience_frame: Frame of the sample of followers; None for no sample.
        n_labelled: Profiles of it, drawn at random, that a person judged.
        further: Purchases beside the role's campaign; one of all has comments at most.
        display_name, category: Invented name, and one of texts.TOPICS; None: drawn.
    """

    n_followers: int
    padded_share: float = 0.0
    views: float = 1.0
    n_days: int | None = None
    n_posts: int | None = None
    # Commercial posts by posts: 灰豚 .048, 新红 .010 in the middle.
    advert_share: float = 0.05
    live_share: float = 0.0
    labelled_share: float = 1.0
    shock_on: int | None = None
    audience_frame: str | None = None
    n_labelled: int = 0
    further: tuple[Campaign, ...] = ()
    display_name: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """One creator to simulate.

    Attributes:
        kind: Name in KINDS_ORGANIC.
        platform: Name in PLATFORMS.
        shock: Name in SHOCKS, or None. A platform_purge takes from every creator of the platform in the batch.
        campaign: What is bought, or None.
        fixed: What is not left to chance, or None.
    """

    kind: str
    platform: str
    shock: str | None = None
    campaign: Campaign | None = None
    fixed: Fixed | None = None

    @property
    def campaigns(self) -> tuple[Campaign, ...]:
        """All that is bought."""
        first = () if self.campaign is None else (self.campaign,)
        return first + (() if self.fixed is None else self.fixed.further)


def check_roles(roles: Sequence[Role]) -> None:
    """Raise where nobody is asked for, a name is unknown or a dose out of range.

    Raises:
        ConfigError: With the known names or the range.
    """
    if not roles:
        raise ConfigError("no roles: expected one at least")
    check_known("kind", {role.kind for role in roles}, KINDS_ORGANIC)
    check_known("platform", {role.platform for role in roles}, PLATFORMS)
    check_known("shock", {role.shock for role in roles if role.shock is not None}, SHOCKS)
    check_campaigns([campaign for role in roles for campaign in role.campaigns])


def check_campaigns(campaigns: Iterable[Campaign]) -> None:
    """Raise where a manipulation is unknown or a number out of range.

    Raises:
        ConfigError: With the known names or the range.
    """
    for campaign in campaigns:
        check_known("manipulation", [campaign.manipulation], MANIPULATIONS)
        most = float("inf") if campaign.manipulation in POST_MANIPULATIONS else MOST_FOLLOWERS_DOSE
        if not 0 < campaign.dose < most:
            raise ConfigError(f"dose {campaign.dose:g} of {campaign.manipulation}: expected above 0 and below {most:g}")
        if campaign.camouflage < 0:
            raise ConfigError(f"camouflage {campaign.camouflage:g}: expected 0 or more")
        for name, days in (("on", campaign.on), ("n_days", campaign.n_days)):
            if days is not None and days < 1:
                raise ConfigError(f"{name} {days} of {campaign.manipulation}: expected 1 or more")
        if campaign.posts_share is not None and not 0 < campaign.posts_share <= 1:
            raise ConfigError(f"posts_share {campaign.posts_share:g}: expected above 0 and up to 1")


def check_known(what: str, asked: Iterable[str], known: Iterable[str]) -> None:
    """Raise where a name is unknown.

    Raises:
        ConfigError: With the known names.
    """
    unknown = sorted(set(asked) - set(known))
    if unknown:
        raise ConfigError(f"unknown {what} {', '.join(unknown)}: expected {', '.join(known)}")
