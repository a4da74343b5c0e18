"""Follower readings for tests of growth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

FIRST = datetime(2026, 1, 1, 12, tzinfo=UTC)


def day(number: float) -> datetime:
    return FIRST + timedelta(days=number)


def counts(n_followers: list[int | None], days: list[float] | None = None, creator: str = "a") -> pl.DataFrame:
    at = [day(number) for number in (days or range(len(n_followers)))]
    return pl.DataFrame(
        {"creator_id": [creator] * len(at), "observed_at": at, "n_followers": n_followers},
        schema={"creator_id": pl.String, "observed_at": pl.Datetime("us", "UTC"), "n_followers": pl.Int64},
    )


def walk(n_days: int = 120, start: int = 100_000, per_day: float = 100.0, seed: int = 0) -> np.ndarray:
    """Followers that grow by about `per_day`, with the day-to-day scatter of organic channels (CV about .75)."""
    rng = np.random.default_rng(seed)
    return start + np.cumsum(rng.poisson(per_day * rng.lognormal(0, 0.7, n_days)))
