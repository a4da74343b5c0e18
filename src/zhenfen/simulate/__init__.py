"""Seeded creators with known truth, organic and manipulated, for tests, demos and benchmarks.

A first causal version: posts cause views, views cause interactions, interactions cause comments and follows; what is
bought is added on top and written down as truth. The same seed gives the same tables; a creator's data depend on the
seed and the creator's place alone. Where magnitudes come from: `kinds`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import polars as pl

from zhenfen.errors import ConfigError
from zhenfen.simulate import bulk, texts
from zhenfen.simulate.kinds import KINDS, PLATFORM_RATES
from zhenfen.simulate.member import Setting, simulate_member
from zhenfen.simulate.shortlist import SHORTLIST, Member
from zhenfen.tables import Tables

__all__ = ["ENDS_ON", "KINDS", "Member", "Simulated", "shortlist", "simulate", "simulate_bulk"]

ENDS_ON = date(2026, 10, 31)
"""Last simulated day: fixed, so that nothing depends on the day the simulation runs."""
N_DAYS = 120
_READ_AT_HOUR = 15
"""Readings at 15:00 UTC, the last full hour of the day in Shanghai."""


@dataclass(frozen=True)
class Simulated:
    """Tables and what is true of them.

    Attributes:
        tables: creators, follower_counts, posts, comments, audience, events and provenance.
        truth: One row a creator, `member.TRUTH_SCHEMA`: its kind, what was bought in words, and the days, posts,
            comments and audience profiles concerned. `n_bought_comments` counts the comments in the table.
    """

    tables: Tables
    truth: pl.DataFrame


def simulate(
    kinds: Sequence[str], seed: int, platforms: Sequence[str] = tuple(PLATFORM_RATES), n_days: int = N_DAYS
) -> Simulated:
    """One creator per entry of `kinds`, on the `platforms` in turn, over `n_days` days up to ENDS_ON.

    Args:
        kinds: Names in KINDS, repeats allowed.
        seed: Source of all chance.
        platforms: Platforms with rates: xiaohongshu, douyin, bilibili, weibo.
        n_days: Days with readings; kinds with planned days need 120.

    Raises:
        ConfigError: An unknown kind or platform; the known ones are listed.
    """
    _check_known("kind", kinds, KINDS)
    _check_known("platform", platforms, PLATFORM_RATES)
    categories = sorted(texts.TOPICS)
    members = [
        Member(kind, platforms[at % len(platforms)], f"样例·{kind}·{at}", categories[at % len(categories)])
        for at, kind in enumerate(kinds)
    ]
    return _simulate_members(members, seed, n_days)


def shortlist(seed: int) -> Simulated:
    """The demo's twelve creators over four platforms."""
    return _simulate_members(SHORTLIST, seed, N_DAYS)


def simulate_bulk(n_creators: int, n_days: int = 90, n_posts: int = 30, n_comments: int = 200, seed: int = 0) -> Tables:
    """Tables of many organic creators, so many rows each; ids begin with the seed, so parts never share one."""
    return bulk.make_bulk(n_creators, bulk.Amounts(n_days, n_posts, n_comments), _moment(ENDS_ON), seed)


def _simulate_members(members: Sequence[Member], seed: int, n_days: int) -> Simulated:
    purged = frozenset(member.platform for member in members if KINDS[member.kind].is_purged)
    setting = Setting(seed, _moment(ENDS_ON), n_days, purged)
    made = [simulate_member(member, place, setting) for place, member in enumerate(members)]
    names = dict.fromkeys(name for frames, _ in made for name in frames)
    frames = {name: pl.concat([one[name] for one, _ in made if name in one], how="diagonal") for name in names}
    return Simulated(
        Tables({**frames, "provenance": _provenance(seed, setting.ends_at)}), pl.concat([truth for _, truth in made])
    )


def _provenance(seed: int, ends_at: datetime) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "source": "simulated",
            "obtained_how": "obtained.simulated",
            "obtained_at": ends_at,
            "file": "simulated",
            "sha256": "",
        }
    )


def _check_known(what: str, asked: Sequence[str], known: Iterable[str]) -> None:
    unknown = sorted(set(asked) - set(known))
    if unknown:
        raise ConfigError(f"unknown {what} {', '.join(unknown)}: expected {', '.join(known)}")


def _moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, _READ_AT_HOUR, tzinfo=UTC)
