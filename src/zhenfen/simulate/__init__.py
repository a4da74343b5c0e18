"""Seeded creators with known truth, organic and manipulated.

Posts cause views, views cause interactions, interactions cause comments and follows; what is bought is added on top
and written down as truth. The same seed gives the same tables.

- `simulate_roles` draws creators from distributions fitted on public data (models/simulation), and `inject` puts
  the same purchases on top of real tables: for training and benchmarks. What no public data show stands in a `World`,
  the usual one or one drawn from wide ranges (`draw_world`, configs/simulate_world.yaml).
- `simulate` and `shortlist` cast fixed roles, one of each kind an agency meets (`stories`): for demos and tests.
- `simulate_bulk` makes many plain creators: for measuring speed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
import polars as pl

from zhenfen.errors import ConfigError
from zhenfen.simulate import bulk, cast, injection, texts
from zhenfen.simulate.campaigns import DAYS_AFTER, DAYS_BEFORE
from zhenfen.simulate.play import Stage, play
from zhenfen.simulate.priors import draw_world
from zhenfen.simulate.roles import (
    KINDS_ORGANIC,
    MANIPULATIONS,
    PLATFORMS,
    SHOCKS,
    Campaign,
    Role,
    check_campaigns,
    check_known,
    check_roles,
)
from zhenfen.simulate.shortlist import SHORTLIST, Member
from zhenfen.simulate.stories import KINDS, story_world
from zhenfen.simulate.world import World, base_world
from zhenfen.tables import Tables

__all__ = [
    "ENDS_ON",
    "KINDS",
    "KINDS_ORGANIC",
    "MANIPULATIONS",
    "PLATFORMS",
    "SHOCKS",
    "Campaign",
    "Member",
    "Role",
    "Simulated",
    "World",
    "base_world",
    "draw_world",
    "inject",
    "shortlist",
    "simulate",
    "simulate_bulk",
    "simulate_roles",
]

ENDS_ON = date(2026, 10, 31)
"""Last simulated day: fixed, so that nothing depends on the day the simulation runs."""
N_DAYS = 120
LEAST_DAYS = DAYS_BEFORE + DAYS_AFTER
FEE_BY_FOLLOWERS_CNY = 0.06
"""Price of a post, in steps of 100: 新红, of an image post by followers .062; 灰豚 .071; 星图 .021."""
_READ_AT_HOUR = 15
"""Readings at 15:00 UTC, the last full hour of the day in Shanghai."""


@dataclass(frozen=True)
class Simulated:
    """Tables and what is true of them.

    Attributes:
        tables: creators, follower_counts, posts, comments, audience, events and provenance.
        truth: One row a creator, `cast.TRUTH_SCHEMA`: its kind, what was bought in words, and the days, posts,
            comments and audience profiles concerned. `n_bought_comments` counts those on the posts; the table lists
            some of them.
    """

    tables: Tables
    truth: pl.DataFrame


def simulate(kinds: Sequence[str], seed: int, platforms: Sequence[str] = PLATFORMS) -> Simulated:
    """One creator per entry of `kinds`, on the `platforms` in turn, over N_DAYS days up to ENDS_ON.

    Args:
        kinds: Names in KINDS, repeats allowed.
        seed: Source of all chance.
        platforms: Names in PLATFORMS.

    Raises:
        ConfigError: An unknown kind or platform; the known ones are listed.
    """
    check_known("kind", kinds, KINDS)
    check_known("platform", platforms, PLATFORMS)
    categories = sorted(texts.TOPICS)
    members = [
        Member(kind, platforms[at % len(platforms)], f"样例·{kind}·{at}", categories[at % len(categories)])
        for at, kind in enumerate(kinds)
    ]
    return _tell(members, seed)


def shortlist(seed: int) -> Simulated:
    """The demo's twelve creators over four platforms."""
    return _tell(SHORTLIST, seed)


def simulate_roles(
    roles: Sequence[Role], seed: int, n_days: int = N_DAYS, with_texts: bool = True, world: World | None = None
) -> Simulated:
    """One creator per role, in the order of the roles, over `n_days` days up to ENDS_ON.

    A platform_purge takes followers from all creators of its platform, of the bought ones most: simulate in batches of
    some hundred creators where only part of them shall have gone through one.

    Args:
        roles: Who is simulated.
        seed: Source of all chance. Numbers depend on it and on the creator's place, words on the batch as well.
        n_days: Days with readings, at least LEAST_DAYS: a purchase needs a past.
        with_texts: Whether to make names, texts, comments and samples of followers. Truth then names the bought
            comments and profiles; n_bought_comments counts those on the posts either way.
        world: What is fitted and chosen; None for `base_world`.

    Raises:
        ConfigError: An unknown name, a dose out of range, or too few days.
    """
    check_roles(roles)
    if n_days < LEAST_DAYS:
        raise ConfigError(f"n_days {n_days}: expected {LEAST_DAYS} or more")
    stage = _set_stage(roles, seed, n_days, world or base_world())
    casts = [play(role, place, stage) for place, role in enumerate(roles)]
    ids = texts.join_parts(f"sim{seed}_", pl.Series(np.arange(len(roles))).cast(pl.String).str.zfill(5))
    frames = cast.show_numbers(ids, casts, stage)
    if with_texts:
        frames = cast.show_words(frames, ids, casts, stage)
    truth = cast.tell_truth(ids, casts, frames)
    provenance = pl.DataFrame(
        {
            "source": "simulated",
            "obtained_how": "obtained.simulated",
            "obtained_at": _moment(ENDS_ON),
            "file": "simulated",
            "sha256": "",
        }
    )
    return Simulated(Tables({**frames, "provenance": provenance}), truth)


def inject(tables: Tables, campaigns: Mapping[str, Campaign], seed: int) -> Simulated:
    """`tables` with campaigns added to the creators named.

    Followers are added to the readings, likes, views and comments to the posts, and comments to those listed; samples
    of followers stay as they are. Where the tables lack what a campaign would change, nothing is added and truth says
    is_manipulated false. Creators without a campaign stand in truth as well, with nothing added.

    Args:
        tables: Real or simulated tables.
        campaigns: Campaign by creator_id.
        seed: Source of all chance, together with the creator's id.

    Raises:
        ConfigError: An unknown manipulation, a dose out of range, or a creator that no table names.
    """
    check_campaigns(campaigns.values())
    if not campaigns:
        return Simulated(tables, injection.tell_truth(tables, [], tables["comments"].clear()))
    world = base_world()
    planned = injection.plan_injections(tables, campaigns, seed, world)
    bought = injection.bought_rows(tables, planned, seed, world)
    changed = tables.replace(
        creators=injection.add_to_creators(tables["creators"], planned),
        follower_counts=injection.add_readings(tables["follower_counts"], planned),
        posts=injection.add_counts(tables["posts"], planned),
        comments=pl.concat((tables["comments"], bought), how="diagonal"),
    )
    return Simulated(changed, injection.tell_truth(tables, planned, bought))


def _set_stage(roles: Sequence[Role], seed: int, n_days: int, world: World) -> Stage:
    """The stage, with a clean-up on every platform for which a role asks for one, on the day that it fixes if any."""
    rng = np.random.default_rng((seed, 1_000_000))
    days = rng.integers(n_days // 3, n_days - 5, len(PLATFORMS))
    shares = rng.uniform(*world.purge_share, len(PLATFORMS))
    asked = [role for role in roles if role.shock == "platform_purge"]
    fixed = {role.platform: n_days - role.fixed.shock_on for role in asked if role.fixed and role.fixed.shock_on}
    purges = {
        name: (fixed.get(name, int(day)), float(share))
        for name, day, share in zip(PLATFORMS, days, shares, strict=True)
        if name in {role.platform for role in asked}
    }
    first_day = (ENDS_ON - date(1970, 1, 1)).days - n_days + 1
    return Stage(seed, first_day, n_days, world, purges)


def simulate_bulk(n_creators: int, n_days: int = 90, n_posts: int = 30, n_comments: int = 200, seed: int = 0) -> Tables:
    """Tables of many organic creators, so many rows each; ids begin with the seed, so parts never share one."""
    return bulk.make_bulk(n_creators, bulk.Amounts(n_days, n_posts, n_comments), _moment(ENDS_ON), seed)


def _tell(members: Sequence[Member], seed: int) -> Simulated:
    """The stories of `members`, with the price of a post and truth in the stories' own names."""
    told = [KINDS[member.kind] for member in members]
    roles = [
        kind.cast(member.platform, member.display_name, member.category)
        for kind, member in zip(told, members, strict=True)
    ]
    made = simulate_roles(roles, seed, world=story_world())
    fees = [round(kind.fixed.n_followers * FEE_BY_FOLLOWERS_CNY, -2) for kind in told]
    creators = made.tables["creators"].with_columns(fee_cny=pl.Series(fees), found_by=pl.lit("list"))
    truth = made.truth.with_columns(
        kind=pl.Series([member.kind for member in members]), what=pl.Series([kind.what for kind in told])
    )
    return Simulated(made.tables.replace(creators=creators), truth)


def _moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, _READ_AT_HOUR, tzinfo=UTC)
