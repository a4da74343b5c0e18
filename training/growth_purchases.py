"""Purchases added onto real follower series, for fitting and judging the cards of growth: one a copy of a channel.

Shapes are drawn wider than any one seller's: what a hidden buyer does is not known. The readings stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]

SETTLED_DAYS = 60
"""Purchases begin two months after a series does: before, growth by a tenth in a day is nothing strange."""
DOSES = (0.01, 0.6)
BURST_DAYS = (0.02, 0.3, 1.0, 1.0, 2.0, 3.0, 3.0, 5.0, 7.0)
DRIP_DAYS = (14, 90)
DROP_DAYS = (0.3, 1.0, 2.0, 3.0)
TRUTH_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "channel": pl.String(),
    "kind": pl.String(),
    "variant": pl.String(),
    "dose": pl.Float64(),
    "starts_on": pl.Date(),
    "ends_on": pl.Date(),
}


@dataclass(frozen=True)
class Purchase:
    """What one copy of a channel gets: part of the total that has come by each day since its beginning."""

    variant: str
    days: float
    arrived: Callable[[Floats], Floats]


def draw_burst(rng: np.random.Generator) -> Purchase:
    """Followers within a week: evenly, in lumps, or fading."""
    days = float(rng.choice(BURST_DAYS))
    variant = str(rng.choice(["even", "lumps", "fading"], p=[0.4, 0.4, 0.2]))
    if variant == "fading":
        days = max(days, 2.0)
        pace = rng.uniform(3, 6)
        return Purchase(variant, days, lambda since: -np.expm1(-np.clip(since / days, 0, 5) * pace))
    lumps = (
        np.full(4 * int(np.ceil(days)), 1.0) if variant == "even" else rng.dirichlet(np.full(4 * int(np.ceil(days)), 2))
    )
    return Purchase(variant, days, _in_pieces(lumps, days))


def draw_drip(rng: np.random.Generator) -> Purchase:
    """Followers over 14 to 90 days: the same each day, with jitter, or more at weekends."""
    days = int(np.exp(rng.uniform(*np.log(DRIP_DAYS))))
    variant = str(rng.choice(["even", "jitter", "rough", "weekday"]))
    noise = {"even": 0.0, "jitter": 0.2, "rough": 0.5, "weekday": 0.25}[variant]
    pieces = rng.lognormal(0, noise, days)
    if variant == "weekday":
        pieces *= np.where(np.isin((np.arange(days) + rng.integers(7)) % 7, (0, 1)), rng.uniform(1.3, 2.2), 1.0)
    return Purchase(variant, float(days), _in_pieces(pieces, float(days)))


def draw_drop(rng: np.random.Generator) -> Purchase:
    """Followers taken away within three days."""
    days = float(rng.choice(DROP_DAYS))
    return Purchase("purge", days, _in_pieces(np.ones(1), days))


DRAWS = {"rise": draw_burst, "drip": draw_drip, "drop": draw_drop}


def buy(series: pl.DataFrame, kind: str, n_copies: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Copies of every channel, each with one purchase of `kind` (rise, drip, drop).

    Args:
        series: creator_id, observed_at, n_followers; all real.
        kind: What is added; a drop takes away.
        n_copies: Copies of a channel; those too short for the purchase are left out.
        seed: Of every draw.

    Returns:
        The copies in the columns of `series`, and the truth (TRUTH_SCHEMA).
    """
    rng = np.random.default_rng(seed)
    copies, truth = [], []
    for (channel,), rows in series.sort("creator_id", "observed_at").partition_by("creator_id", as_dict=True).items():
        days = rows["observed_at"].dt.epoch("s").to_numpy() / 86_400
        for copy in range(n_copies):
            made = _one(days, rows["n_followers"].to_numpy().astype(np.float64), kind, rng)
            if made is not None:
                followers, facts = made
                name = f"{channel}#{copy}"
                copies.append(rows.select(creator_id=pl.lit(name), observed_at="observed_at", n_followers=followers))
                truth.append((name, channel, kind, *facts))
    dated = pl.DataFrame(truth, schema=[*list(TRUTH_SCHEMA)[:5], "starts_on", "ends_on"], orient="row")
    return pl.concat(copies), dated.select(pl.col(name).cast(dtype) for name, dtype in TRUTH_SCHEMA.items())


def _one(
    days: Floats, followers: Floats, kind: str, rng: np.random.Generator
) -> tuple[pl.Series, tuple[str, float, int, int]] | None:
    """The series with one purchase, and variant, dose, first and last day since 1970; None where it is too short."""
    purchase = DRAWS[kind](rng)
    dose = float(np.exp(rng.uniform(*np.log(DOSES))))
    first, last = days[0] + SETTLED_DAYS, days[-1] - purchase.days - 2
    if last <= first:
        return None
    begins = rng.uniform(first, last)
    # Half of the purchases begin at midnight, as a log of daily counts would have them.
    begins = np.floor(begins) if kind == "drip" or rng.random() < 1 / 2 else begins
    total = np.round(dose * np.interp(begins, days, followers))
    bought = np.where(days > begins, purchase.arrived(days - begins), 0.0) * total
    counted = pl.Series(np.round(followers - bought if kind == "drop" else followers + bought).astype(np.int64))
    return counted.clip(0), (purchase.variant, dose, int(begins), int(np.ceil(begins + purchase.days)) - 1)


def _in_pieces(pieces: Floats, days: float) -> Callable[[Floats], Floats]:
    """Part that has arrived when `pieces` come one after the other, each in the same time."""
    times = np.linspace(0, days, len(pieces) + 1)
    parts = np.concatenate(([0.0], np.cumsum(pieces) / np.sum(pieces)))
    return lambda since: np.interp(since, times, parts)
