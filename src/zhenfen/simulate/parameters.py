"""The fitted parameters of simulated creators, read from the shelf (training/simulation.py fits them)."""

from __future__ import annotations

from functools import cache

import numpy as np
from pydantic import Field

from zhenfen.config import Strict, read_config
from zhenfen.shelf import SIMULATION, find_file

REFERENCE_FOLLOWERS = 1e5
"""Where the medians of everything that changes with size are given."""
SIZES_SEEN = (3e3, 1e6)
"""The sources hold few creators outside; what changes with size stays there as it is at the nearer end."""


class Scatter(Strict):
    """A positive number that differs between creators: log-normal, its median a power of the followers.

    Attributes:
        median: At 100,000 followers.
        log_sd: Standard deviation of the natural log.
        slope: Power of the followers.
    """

    median: float = Field(gt=0)
    log_sd: float = Field(default=0.0, ge=0)
    slope: float = 0.0

    def draw(self, n_followers: float, rng: np.random.Generator) -> float:
        """One creator's number."""
        size = (min(max(n_followers, SIZES_SEEN[0]), SIZES_SEEN[1]) / REFERENCE_FOLLOWERS) ** self.slope
        return float(self.median * size * np.exp(self.log_sd * rng.standard_normal()))


class PlatformParameters(Strict):
    """What posts receive on one platform, each a scatter between creators.

    Attributes:
        posts_per_day: Posts a day.
        views_by_followers: Median views of a post by followers.
        views_log_sd: Spread of the log views between posts of one creator.
        likes_by_views: Likes by views of the median post.
        likes_power: Power of the views that the likes of one creator's posts follow; below 1, as strangers like less.
        likes_log_sd: Spread of the log likes around it.
        by_likes: Other counts by likes; a count that the platform does not show is absent.
        others_log_sd: Spread of the log of those between posts of one creator.
        follows_per_interaction: Followers that an interaction brings.
        leaves_per_day: Part of the followers that leaves a day.
        shows_views: Whether others can see the views.
    """

    posts_per_day: Scatter
    views_by_followers: Scatter
    views_log_sd: Scatter
    likes_by_views: Scatter
    likes_power: float = Field(gt=0, le=1)
    likes_log_sd: Scatter
    by_likes: dict[str, Scatter]
    others_log_sd: Scatter
    follows_per_interaction: Scatter
    leaves_per_day: Scatter
    shows_views: bool = True


class GrowthParameters(Strict):
    """How followers come from day to day.

    Attributes:
        even_share: Part of the arrivals that no single post brings: search, older posts.
        day_log_sd: Spread of that part's log from day to day, between creators.
        slow_log_sd: Spread of its log in the long run.
        slow_days: How long such an ebb or flow lasts.
        rises_per_day: Rises from outside (clips of others, recommendation, shared live rooms), a day.
        rise_size: Median size of one, by a usual day's arrivals, between creators.
        rise_tail: Index of the Pareto tail of the sizes: smaller is heavier.
        decay: What is left of a rise on the days after its peak.
        weekdays: Arrivals on Monday to Sunday by those of a mean day.
    """

    even_share: float = Field(ge=0, le=1)
    day_log_sd: Scatter
    slow_log_sd: float = Field(ge=0)
    slow_days: float = Field(gt=0)
    rises_per_day: float = Field(ge=0)
    rise_size: Scatter
    rise_tail: float = Field(gt=0)
    decay: tuple[float, ...]
    weekdays: tuple[float, ...]


class Delays(Strict):
    """Minutes from a post to its comments: log-normal within a post.

    Attributes:
        median_minutes: Of the post in the middle.
        sooner_log_sd, later_log_sd: Spread of the posts' log medians below and above it.
        log_sd: Spread of the log within a post, between posts.
    """

    median_minutes: float = Field(gt=0)
    sooner_log_sd: float = Field(gt=0)
    later_log_sd: float = Field(gt=0)
    log_sd: Scatter


class Parameters(Strict):
    """All of models/simulation/<version>/simulate.yaml.

    Attributes:
        fitted_on: Day of the fit, ISO.
        sources: What each part was fitted on.
        platforms: By platform id.
        growth: Arrivals and departures.
        comment_delays: When comments come.
    """

    fitted_on: str
    sources: dict[str, str]
    platforms: dict[str, PlatformParameters]
    growth: GrowthParameters
    comment_delays: Delays


@cache
def load_parameters() -> Parameters:
    """simulate.yaml of the shelf.

    Raises:
        ConfigError: The file is missing, was changed or is wrong.
    """
    return read_config(find_file(SIMULATION), Parameters)
