"""Other worlds to simulate in, drawn from the wide ranges of configs/simulate_world.yaml."""

from __future__ import annotations

from functools import cache

import numpy as np
from pydantic import Field, model_validator

from zhenfen.config import Strict, config_dir, read_config
from zhenfen.simulate.parameters import Parameters, Scatter
from zhenfen.simulate.world import World, base_world


class Range(Strict):
    """A number between two.

    Attributes:
        least, most: `from` and `to` in the file.
        is_log: Even on the log scale; `log` in the file.
    """

    least: float = Field(alias="from")
    most: float = Field(alias="to")
    is_log: bool = Field(default=False, alias="log")

    @model_validator(mode="after")
    def _check(self) -> Range:
        if self.least > self.most or (self.is_log and self.least <= 0):
            raise ValueError(f"from {self.least:g} to {self.most:g}: expected from below to, and above 0 with log")
        return self

    def draw(self, rng: np.random.Generator) -> float:
        """One number."""
        if self.is_log:
            return float(np.exp(rng.uniform(np.log(self.least), np.log(self.most))))
        return float(rng.uniform(self.least, self.most))


class Choice(Strict):
    """One of several numbers, each as likely; `of` in the file."""

    values: tuple[float, ...] = Field(alias="of", min_length=1)

    def draw(self, rng: np.random.Generator) -> float:
        """One number."""
        return float(rng.choice(self.values))


Prior = Range | Choice


class FittedPriors(Strict):
    """Factors of the fitted parameters; the attributes that bear the name of a parameter multiply or replace it.

    Attributes:
        median_log_sd, by_likes_log_sd, delay_log_sd: Spread of the log of the factors of medians.
        spread: Factor of the spreads between creators.
        posts_per_day: Where the medians of the posts a day stay.
        likes_power, even_share: In place of the fitted ones.
        day_log_sd, slow_log_sd, slow_days, rises_per_day, rise_size, rise_tail: Factors of the growth.
        later_log_sd, sooner_log_sd: Factors of the delays.
    """

    median_log_sd: float = Field(ge=0)
    by_likes_log_sd: float = Field(ge=0)
    spread: Prior
    posts_per_day: Range
    likes_power: Prior
    even_share: Prior
    day_log_sd: Prior
    slow_log_sd: Prior
    slow_days: Prior
    rises_per_day: Prior
    rise_size: Prior
    rise_tail: Prior
    delay_log_sd: float = Field(ge=0)
    later_log_sd: Prior
    sooner_log_sd: Prior


class SearchPriors(Strict):
    """What is different where a search brought the roster; names as in `World`."""

    common_fans_share: Prior
    n_common_fans: Prior
    copied_share: Prior
    n_copied: Prior


class WorldPriors(SearchPriors):
    """All of configs/simulate_world.yaml; names as in `World`, where `least_` and `most_` are the ends of a range.

    Attributes:
        fitted: Factors of the fitted parameters.
        declared: Drawn for each kind of shock.
        batch_age_days, batch_within_days: Age of the youngest account of a batch, and how long the making took.
        search: In place of the same names, where a search brought the roster.
    """

    fitted: FittedPriors
    declared: Prior
    most_giveaway_gain: Prior
    most_tv_gain: Prior
    most_advert_gain: Prior
    most_promoted_posts: Prior
    most_promotion_factor: Prior
    least_concerned_share: Prior
    most_concerned_share: Prior
    even_packet: Prior
    batch_age_days: Prior
    batch_within_days: Prior
    together_share: Prior
    pod_minutes: Prior
    n_posts_shown: Prior
    most_comments: Prior
    fans_share: Prior
    fewest_fans: Prior
    fans_exponent: Prior
    fans_shift: Prior
    audience_share: Prior
    ordered_share: Prior
    made_share: Prior
    unnamed_share: Prior
    wave_share: Prior
    search: SearchPriors


@cache
def load_priors() -> WorldPriors:
    """configs/simulate_world.yaml.

    Raises:
        ConfigError: The file is missing or wrong.
    """
    return read_config(config_dir() / "simulate_world.yaml", WorldPriors)


def draw_world(rng: np.random.Generator, *, is_search: bool = False) -> World:
    """One world; with `is_search` of a roster that a search brought, whose commenters and small talk overlap.

    Raises:
        ConfigError: See `load_priors` and `world.base_world`.
    """
    priors, base = load_priors(), base_world()
    found = priors.search if is_search else priors
    youngest = priors.batch_age_days.draw(rng)
    return World(
        parameters=_draw_parameters(base.parameters, priors.fitted, rng),
        declared={name: priors.declared.draw(rng) for name in base.declared},
        giveaway_gain=(base.giveaway_gain[0], priors.most_giveaway_gain.draw(rng)),
        tv_gain=(base.tv_gain[0], priors.most_tv_gain.draw(rng)),
        advert_gain=(base.advert_gain[0], priors.most_advert_gain.draw(rng)),
        promoted_posts=(base.promoted_posts[0], round(priors.most_promoted_posts.draw(rng))),
        promotion_factor=(base.promotion_factor[0], priors.most_promotion_factor.draw(rng)),
        concerned_share=(priors.least_concerned_share.draw(rng), priors.most_concerned_share.draw(rng)),
        even_packet=priors.even_packet.draw(rng),
        batch_age_days=(youngest, youngest + priors.batch_within_days.draw(rng)),
        together_share=priors.together_share.draw(rng),
        n_posts_shown=round(priors.n_posts_shown.draw(rng)),
        most_comments=round(priors.most_comments.draw(rng)),
        pod_minutes=priors.pod_minutes.draw(rng),
        fans_share=priors.fans_share.draw(rng),
        fewest_fans=round(priors.fewest_fans.draw(rng)),
        fans_exponent=priors.fans_exponent.draw(rng),
        fans_shift=priors.fans_shift.draw(rng),
        common_fans_share=found.common_fans_share.draw(rng),
        n_common_fans=round(found.n_common_fans.draw(rng)),
        copied_share=found.copied_share.draw(rng),
        n_copied=round(found.n_copied.draw(rng)),
        audience_share=priors.audience_share.draw(rng),
        ordered_share=priors.ordered_share.draw(rng),
        made_share=priors.made_share.draw(rng),
        unnamed_share=priors.unnamed_share.draw(rng),
        wave_share=priors.wave_share.draw(rng),
    )


def _draw_parameters(fitted: Parameters, priors: FittedPriors, rng: np.random.Generator) -> Parameters:
    platforms = {}
    for name, one in fitted.platforms.items():
        scatters = {
            key: _vary(value, priors.median_log_sd, priors, rng) for key, value in one if isinstance(value, Scatter)
        }
        posts, within = scatters["posts_per_day"], priors.posts_per_day
        median = float(np.clip(posts.median, within.least, within.most))
        changed_platform = {
            **scatters,
            "posts_per_day": posts.model_copy(update={"median": median}),
            "likes_power": priors.likes_power.draw(rng),
            "by_likes": {key: _vary(rate, priors.by_likes_log_sd, priors, rng) for key, rate in one.by_likes.items()},
        }
        platforms[name] = one.model_copy(update=changed_platform)
    growth, delays = fitted.growth, fitted.comment_delays
    day, size = growth.day_log_sd, growth.rise_size
    changed_growth = {
        "even_share": priors.even_share.draw(rng),
        "day_log_sd": day.model_copy(update={"median": day.median * priors.day_log_sd.draw(rng)}),
        "slow_log_sd": growth.slow_log_sd * priors.slow_log_sd.draw(rng),
        "slow_days": growth.slow_days * priors.slow_days.draw(rng),
        "rises_per_day": growth.rises_per_day * priors.rises_per_day.draw(rng),
        "rise_size": size.model_copy(update={"median": size.median * priors.rise_size.draw(rng)}),
        "rise_tail": growth.rise_tail * priors.rise_tail.draw(rng),
    }
    changed_delays = {
        "median_minutes": delays.median_minutes * float(np.exp(priors.delay_log_sd * rng.standard_normal())),
        "later_log_sd": delays.later_log_sd * priors.later_log_sd.draw(rng),
        "sooner_log_sd": delays.sooner_log_sd * priors.sooner_log_sd.draw(rng),
    }
    changed = {
        "platforms": platforms,
        "growth": growth.model_copy(update=changed_growth),
        "comment_delays": delays.model_copy(update=changed_delays),
    }
    return fitted.model_copy(update=changed)


def _vary(fitted: Scatter, log_sd: float, priors: FittedPriors, rng: np.random.Generator) -> Scatter:
    median = fitted.median * float(np.exp(log_sd * rng.standard_normal()))
    return fitted.model_copy(update={"median": median, "log_sd": fitted.log_sd * priors.spread.draw(rng)})
