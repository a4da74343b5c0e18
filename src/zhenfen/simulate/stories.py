"""Fixed stories, one of each kind an agency meets: roles of the same engine whose numbers are not left to chance.

They show what a reader is to see whatever the seed, so the creators of their world do not differ from each other and
nothing befalls them but what is told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType

from zhenfen.simulate.parameters import Scatter
from zhenfen.simulate.roles import Campaign, Fixed, Role
from zhenfen.simulate.world import World, base_world

VIEWS_LOG_SD = 0.69
"""Most spread of the log views between posts: that of Douyin's creators (星图), less than half of Xiaohongshu's (1.6),
so that a story's one post stands out among its others (chosen)."""
DAY_LOG_SD = 0.45
"""Spread of the even arrivals from day to day (chosen: gives a robust spread of the daily gains of .4 to 1.6 of their
median, as the VTubers have)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What makes one kind of creator.

    Attributes:
        what: What was bought, or the innocent reason of its marks, in words.
        fixed: Sizes, dates and what is shown.
        organic: What the creator is without it, one of roles.KINDS_ORGANIC.
        shock, campaign: As in `Role`.
    """

    what: str
    fixed: Fixed
    organic: str = "koc"
    shock: str | None = None
    campaign: Campaign | None = None

    @property
    def is_manipulated(self) -> bool:
        """Whether anything was bought or arranged."""
        return self.campaign is not None

    def cast(self, platform: str, display_name: str, category: str) -> Role:
        """The role on a platform, by an invented name."""
        named = replace(self.fixed, display_name=display_name, category=category)
        return Role(self.organic, platform, self.shock, self.campaign, named)


# Doses of purchases are chosen.
KINDS: dict[str, Kind] = {
    "organic_small": Kind("nothing bought", Fixed(8_000, views=3.0)),
    "organic_large": Kind("nothing bought", Fixed(800_000, views=3.0, audience_frame="authorised_export")),
    "niche_expert": Kind(
        "nothing bought; few followers who comment and save a lot", Fixed(30_000), organic="niche_expert"
    ),
    "burst_buyer": Kind(
        "followers in two bursts, and packets of comments",
        Fixed(
            120_000,
            padded_share=0.3,
            audience_frame="authorised_export",
            n_labelled=100,
            further=(
                Campaign("follower_burst", 0.13, on=70, n_days=1),
                Campaign("template_comments", 2.75, posts_share=0.2),
            ),
        ),
        campaign=Campaign("follower_burst", 0.15, on=24, n_days=3),
    ),
    "drip_buyer": Kind(
        "an even drip of followers",
        Fixed(60_000, padded_share=0.5, audience_frame="newest"),
        campaign=Campaign("follower_drip", 0.28, on=45, n_days=45),
    ),
    "engagement_pod": Kind(
        "likes and comments of a mutual-support group",
        Fixed(25_000),
        campaign=Campaign("engagement_pod", 4.0, posts_share=1.0),
    ),
    "comment_farm": Kind(
        "comments made from templates",
        Fixed(90_000),
        campaign=Campaign("template_comments", 4.0, posts_share=0.8),
    ),
    "giveaway_spike": Kind("nothing bought; a declared giveaway", Fixed(45_000, shock_on=30), shock="giveaway"),
    "viral_spike": Kind("nothing bought; one post took off", Fixed(20_000, shock_on=40), shock="viral_post"),
    "platform_purge": Kind(
        "nothing bought; the platform removed accounts everywhere",
        Fixed(150_000, shock_on=50),
        shock="platform_purge",
    ),
    "live_seller": Kind(
        "nothing bought; sells in live rooms",
        Fixed(300_000, advert_share=0.7, labelled_share=0.4, live_share=0.5),
        organic="live_seller",
    ),
    "sponsored_heavy": Kind(
        "nothing bought; many adverts, few labelled", Fixed(110_000, advert_share=0.6, labelled_share=0.2)
    ),
    "thin_data": Kind("nothing bought; too new to say", Fixed(1_200, n_days=12, n_posts=3)),
}


@cache
def story_world() -> World:
    """The usual world in its middle: creators do not differ, events are declared, and nothing comes unexplained.

    Raises:
        ConfigError: simulate.yaml of the shelf is missing or wrong.
    """
    base = base_world()
    fitted = base.parameters
    platforms = {}
    for name, platform in fitted.platforms.items():
        alike = {key: _alike(one) for key, one in platform if isinstance(one, Scatter)}
        views = alike["views_log_sd"]
        alike["views_log_sd"] = views.model_copy(update={"median": min(views.median, VIEWS_LOG_SD)})
        by_likes = {key: _alike(one) for key, one in platform.by_likes.items()}
        platforms[name] = platform.model_copy(update={**alike, "by_likes": by_likes})
    # Half of the arrivals even, as far as they can be from day to day, and no rise from outside.
    even = {"even_share": 0.5, "day_log_sd": Scatter(median=DAY_LOG_SD), "slow_log_sd": 0.0, "rises_per_day": 0.0}
    growth = fitted.growth.model_copy(update=even)
    return replace(
        base,
        parameters=fitted.model_copy(update={"platforms": platforms, "growth": growth}),
        declared=MappingProxyType(dict.fromkeys(base.declared, 1.0)),
        lives_declared=1.0,
        viral_factor=(15.0, 15.0),
        purge_share=(0.03, 0.03),
        giveaway_gain=(0.1, 0.1),
        n_posts_shown=40,
        most_comments=60,
        ordered_share=1.0,
    )


def _alike(fitted: Scatter) -> Scatter:
    return fitted.model_copy(update={"log_sd": 0.0})
