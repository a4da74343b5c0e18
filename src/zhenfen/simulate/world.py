"""The world that simulated creators live in: what is fitted, and every number that no public source shows.

One world holds for all creators of a simulation. The usual one is `base_world`; training draws another for every roster
(`priors.draw_world`), so that a model learns what holds in all of them and not the numbers chosen here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

from zhenfen.simulate.parameters import Parameters, load_parameters

Between = tuple[float, float]
"""From and to."""
DECLARED = MappingProxyType({"giveaway": 0.75, "advert": 0.6, "tv_mention": 0.5, "promotion": 0.4})
"""Agencies hear of giveaways and bookings, seldom of a broadcast, and of reach bought for a post where they ask."""


@dataclass(frozen=True, slots=True)
class World:
    """Everything that differs between worlds; the defaults are chosen.

    Attributes:
        parameters: What is fitted: posts, growth, delays of comments.

        declared: How often the events table knows of a shock, by name.
        lives_declared: Part of the creators whose live rooms stand in the events table.
        viral_factor: Views of a post that takes off by those of the creator's best: beyond the scatter of the usual.
        purge_share: Part of the followers that a platform's clean-up takes, in the middle; above the worst organic day
            but for glitches, -1 % in one of 2,000 VTuber days.
        giveaway_gain, tv_gain, advert_gain: Followers gained by followers, even on the log scale.
        promoted_posts: Posts that a promotion is paid for, from and to.
        promotion_factor: Views of a promoted post by those it would have had, even on the log scale.

        concerned_share: Part of the posts that a purchase is made for.
        even_packet: Scatter of the packets from post to post: sellers' packets are of one size.
        batch_age_days: Age of the accounts made to be sold: those of one batch are of one age.
        together_share: Part of the samples in follow order in which the bought profiles stand together.

        n_posts_shown, most_comments: Exports hold the top of the threads of the newest posts, not all of it.
        pod_minutes: A pod answers its message within.
        fans_share, fewest_fans: Part of the followers who comment, and at least so many.
        fans_exponent, fans_shift: The k-th fan comments as often as (k + shift) ** -exponent: the larger, the keener
            the keenest (Zipf's and Mandelbrot's law).
        common_fans_share: Part of the fans who comment under several creators.
        n_common_fans: How many such people there are.
        copied_share: Part of the small talk that is not worded anew but taken from what everybody says.
        n_copied: Of how many texts that consists.

        audience_share: Part of the creators who come with a sample of followers, drawn apart from what they bought.
        ordered_share: Part of the samples of all followers that come in follow order, as those of the newest do.
        made_share: Most made accounts that nobody ordered among the followers; 0 to this part, creator by creator.
        made_age_days, made_within_days: Ages of their batches, and how long the making of one took.
        unnamed_share: Part of the people who kept the name they were given at sign-up.
        wave_share: Part of the samples with a wave of sign-ups: a campaign of the platform, a season, a hit.
        wave_size, wave_days: Part of the followers who came with it, and how long it lasted.
    """

    parameters: Parameters

    declared: Mapping[str, float] = field(default_factory=lambda: DECLARED)
    lives_declared: float = 0.8
    viral_factor: Between = (1.5, 15.0)
    purge_share: Between = (0.01, 0.05)
    giveaway_gain: Between = (0.01, 0.15)
    tv_gain: Between = (0.02, 0.3)
    advert_gain: Between = (0.01, 0.08)
    promoted_posts: tuple[int, int] = (1, 5)
    promotion_factor: Between = (2.0, 20.0)

    concerned_share: Between = (0.3, 1.0)
    even_packet: float = 0.03
    batch_age_days: Between = (60.0, 85.0)
    together_share: float = 0.0

    n_posts_shown: int = 12
    most_comments: int = 40
    pod_minutes: float = 30.0
    fans_share: float = 0.02
    fewest_fans: int = 200
    fans_exponent: float = 0.5
    fans_shift: float = 0.0
    common_fans_share: float = 0.0
    n_common_fans: int = 2_000
    copied_share: float = 0.0
    n_copied: int = 2_000

    audience_share: float = 0.5
    ordered_share: float = 0.0
    made_share: float = 0.0
    made_age_days: Between = (20.0, 1_500.0)
    made_within_days: Between = (2.0, 60.0)
    unnamed_share: float = 0.0
    wave_share: float = 0.0
    wave_size: Between = (0.03, 0.2)
    wave_days: Between = (20.0, 90.0)


@cache
def base_world() -> World:
    """The world with the fitted parameters and the chosen numbers above.

    Raises:
        ConfigError: simulate.yaml of the shelf is missing or wrong.
    """
    return World(load_parameters())
