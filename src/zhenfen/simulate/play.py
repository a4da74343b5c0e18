"""One role played out: what its creator's days, posts and comments look like, and what of it was bought; numbers only.

Moments are days since 1970-01-01 (UTC). What a creator does depends on the seed and its place alone, but for a
platform's clean-up, which comes to all creators of the platform.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from zhenfen.simulate.campaigns import (
    FIRST_WEEKDAY,
    CampaignTarget,
    Purchase,
    join_purchases,
    make_purchase,
    no_purchase,
)
from zhenfen.simulate.organic import (
    READ_AT,
    Ints,
    Posts,
    Reals,
    Traits,
    draw_followers,
    draw_traits,
    make_gains,
    make_posts,
)
from zhenfen.simulate.roles import Role
from zhenfen.simulate.sellers import N_SELLERS
from zhenfen.simulate.shocks import PURGE_OF_BOUGHT, Shock, keep_readings, make_shock, spoil_readings
from zhenfen.simulate.world import World

FOLLOWING = (5.3, 0.9)
"""Log mean and spread of the accounts a creator follows: 200 in the middle (labelled Weibo and Instagram profiles)."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What all creators of one simulation share.

    Attributes:
        seed: Source of all chance, together with a creator's place.
        first_day: First simulated day since 1970-01-01.
        n_days: Days simulated.
        world: What is fitted and chosen.
        purges: By platform purged: the day (from 0) and the part of the followers it takes in the middle.
    """

    seed: int
    first_day: int
    n_days: int
    world: World
    purges: dict[str, tuple[int, float]]

    @property
    def weekday(self) -> Ints:
        """0 for Monday, shape (n_days,)."""
        return (self.first_day + np.arange(self.n_days) + FIRST_WEEKDAY) % 7


@dataclass(frozen=True, slots=True)
class Played:
    """One creator's data as numbers.

    Attributes:
        role: What was played.
        at, n_followers, n_following: Readings.
        posts: Posts with all that was bought; `at` in days since 1970-01-01.
        purchase: What was bought.
        bought_share: Part of the last reading's followers that was bought and is still there, or of the sample.
        newest_bought_share: The same of those who came in the last fortnight.
        events: Day since 1970-01-01 and kind.
        seller: Number of the seller.
        rng: The creator's source of chance, for what follows.
    """

    role: Role
    at: Reals
    n_followers: Ints
    n_following: Ints
    posts: Posts
    purchase: Purchase
    bought_share: float
    newest_bought_share: float
    events: tuple[tuple[int, str], ...]
    seller: int
    rng: np.random.Generator


def play(role: Role, place: int, stage: Stage) -> Played:
    """The creator at `place`."""
    rng = np.random.default_rng((stage.seed, place))
    n_days = stage.n_days
    traits, shock, organic = _play_organic(role, stage, rng)
    at = stage.first_day + np.arange(n_days, dtype=np.float64) + READ_AT
    posts = shock.posts
    shown = {name: values for name, values in posts.counts.items() if name != "n_views" or traits.shows_views}
    target = CampaignTarget(at, organic, stage.first_day + posts.at, shown, traits.follows)
    purchase = no_purchase(target)
    for campaign in role.campaigns:
        purchase = join_purchases(purchase, make_purchase(campaign, target, stage.world, rng))
    # The counts that others see, with what was bought and what hides it.
    none = np.zeros(len(posts.at))
    counts = {
        name: values + purchase.counts.get(name, none) + purchase.real_counts.get(name, none)
        for name, values in shown.items()
    }
    organic, bought = _clean_up(role.platform, organic + purchase.real, purchase.followers, stage, rng)
    kept = keep_readings(role.shock, n_days, rng)
    padded = 0.0
    if role.fixed is not None:
        kept[: n_days - (role.fixed.n_days or n_days)] = False
        padded = role.fixed.padded_share * role.fixed.n_followers
    readings = np.rint(organic + bought)[kept]
    if role.shock == "import_glitch":
        readings = spoil_readings(readings, rng)
    # Of those who came in the last fortnight, the part that was bought.
    came = float(np.maximum(np.diff(organic)[-14:], 0).sum() + 1)
    came_bought = max(float(bought[-1] - bought[-min(15, n_days)]), 0.0)
    followed = np.asarray(rng.lognormal(*FOLLOWING) + np.cumsum(rng.poisson(0.05, n_days)), dtype=np.int64)
    # Days with live rooms are events of their own, where they are declared.
    days = np.unique(np.floor(posts.at[posts.is_live]).astype(np.int64))
    lives = [(int(day), "live") for day in days] if rng.random() < stage.world.lives_declared else []
    return Played(
        role=role,
        at=at[kept],
        n_followers=readings.astype(np.int64),
        n_following=(followed + purchase.following)[kept].astype(np.int64),
        posts=replace(posts, at=target.posts_at, counts=counts),
        purchase=purchase,
        bought_share=purchase.profiles_share or float((bought[-1] + padded) / (organic[-1] + bought[-1])),
        newest_bought_share=purchase.profiles_share or came_bought / (came_bought + came),
        events=tuple((stage.first_day + day, kind) for day, kind in (*shock.events, *lives)),
        seller=int(rng.integers(1 if role.fixed else N_SELLERS)),
        rng=rng,
    )


def _play_organic(role: Role, stage: Stage, rng: np.random.Generator) -> tuple[Traits, Shock, Reals]:
    """The creator's own numbers, its posts with what befell them, and its followers by day: nothing bought as yet."""
    fixed, n_days = role.fixed, stage.n_days
    parameters = stage.world.parameters
    n_followers = draw_followers(role.kind, rng) if fixed is None else fixed.n_followers
    traits = draw_traits(role.kind, role.platform, n_days, parameters, rng, n_followers=n_followers)
    if fixed is not None:
        views = traits.views * fixed.views * (1 - fixed.padded_share)
        traits = replace(traits, views=views, advert_share=fixed.advert_share, live_share=fixed.live_share)
    day = None if fixed is None or fixed.shock_on is None else n_days - fixed.shock_on
    posts = make_posts(traits, rng)
    shock = make_shock(role.shock, posts, n_followers, stage.world, rng, n_days=n_days, day=day)
    gained, _ = make_gains(traits, shock.posts, stage.weekday, parameters.growth, rng)
    # Losses never leave a creator without any followers.
    organic = np.maximum(n_followers + np.cumsum(gained + np.rint(shock.gains)), 1.0).astype(np.float64)
    if fixed is not None and fixed.n_posts is not None:
        posts = shock.posts
        newest = slice(max(len(posts.at) - fixed.n_posts, 0), None)
        counts = {name: values[newest] for name, values in posts.counts.items()}
        kept = Posts(posts.at[newest], counts, posts.is_advert[newest], posts.is_live[newest])
        shock = replace(shock, posts=kept)
    return traits, shock, organic


def _clean_up(
    platform: str, organic: Reals, bought: Reals, stage: Stage, rng: np.random.Generator
) -> tuple[Reals, Reals]:
    """Followers after the platform's clean-up, if there is one."""
    part, of_bought = rng.uniform(0.5, 1.5), rng.uniform(*PURGE_OF_BOUGHT)
    if platform not in stage.purges:
        return organic, bought
    day, share = stage.purges[platform]
    organic, bought = organic.copy(), bought.copy()
    organic[day:] -= np.rint(share * part * organic[day])
    bought[day:] -= np.rint(of_bought * bought[day])
    return organic, bought
