"""How well purges of a platform are read: who is listed, how right the losses are, and how often nothing was purged.

Sub-platforms of 6, 10, 20 and all VTuber channels. A purge takes .4 to 1 % (each channel's share scatters by a quarter)
within one to three days from all channels, or from six in ten. Organic series give the false alarms, but for the weeks
around 2021-11-21 to 12-05, when all readings are missing and the counts before and after may hold a clean-up of the
platform. The line that depends on the number of channels was chosen on the first half of the channels; the table says
what it does on the other half, and on all of them where more are needed. Beside it: days on which the median of the
channels' z-scores (a day's gain by the channel's mean and standard deviation) lies below -3.

Purges are drawn anew for each platform, years are of days on which four channels were read. Intervals are of 95 %:
platforms drawn from the same channels are not independent, so they are a little too narrow.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from scipy.stats import binomtest, chi2
from training.datasets import data_dir
from training.growth import read_vtubers

from zhenfen.features.growth.days import add_expectation, make_daily
from zhenfen.features.growth.drops import find_drops
from zhenfen.features.growth.explanations import LEAST_OTHERS
from zhenfen.features.growth.spans import mark_days

SEED = 913
SPLIT_SEED = 7
SIZES = {6: 40, 10: 24, 20: 10, 69: 3}
"""Channels of a platform, and how many platforms are drawn."""
PURGES_A_YEAR = 6
LOST = (0.004, 0.01)
UNLIKE = 0.25
MOST_DAYS = 3
PARTS = (1.0, 0.6)
GAP = (date(2021, 11, 18), date(2021, 12, 8))
MARGIN_DAYS = 1
"""A loss read a day later than it happened is found on that day."""
APART_DAYS = 40
Z_SCORE = -3.0


@dataclass
class Counts:
    """What was found on platforms of one size."""

    n_false: int = 0
    n_false_baseline: int = 0
    years: float = 0.0
    n_purges: int = 0
    n_found: int = 0
    n_found_baseline: int = 0
    n_lost: int = 0
    n_lost_listed: int = 0
    n_listed: int = 0
    n_covered: int = 0


def halves(channels: pl.Series) -> tuple[list[str], list[str]]:
    """The channels that the line was chosen on, and the others."""
    names = channels.unique().sort().to_list()
    order = np.random.default_rng(SPLIT_SEED).permutation(len(names))
    middle = len(names) // 2
    return [names[place] for place in order[:middle]], [names[place] for place in order[middle:]]


def platform_of(series: pl.DataFrame) -> pl.DataFrame:
    """The table `creators` of channels that make up a platform."""
    return series.select("creator_id").unique().with_columns(platform=pl.lit("bilibili"))


def days_read(series: pl.DataFrame) -> list[date]:
    """Days on which enough channels were read to tell a platform's purge, but for the gap."""
    steps = add_expectation(make_daily(series)).filter(
        pl.col("per_day").is_not_null(), pl.col("n_expected").is_not_null()
    )
    days = steps.group_by("day").len().filter(pl.col("len") > LEAST_OTHERS, ~pl.col("day").is_between(*GAP))
    return sorted(days["day"])


def purge(
    series: pl.DataFrame, days: list[date], part: float, rng: np.random.Generator
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The series with purges on random days; the truth: purge, creator_id, first, last, share (0: nothing taken)."""
    at = pl.col("observed_at")
    truth, purged, last = [], series.with_columns(left=pl.lit(1.0)), date.min
    chosen = sorted(rng.choice(np.array(days), max(1, round(PURGES_A_YEAR * len(days) / 365)), replace=False).tolist())
    channels = series["creator_id"].unique().sort().to_list()
    for number, day in enumerate(chosen):
        if (day - last).days < APART_DAYS:
            continue
        last, n_days = day, int(rng.integers(1, MOST_DAYS + 1))
        share = rng.uniform(*LOST) * rng.lognormal(0, UNLIKE, len(channels)) * (rng.random(len(channels)) < part)
        weights = rng.dirichlet(np.full(n_days, 5.0))
        lost = pl.DataFrame({"creator_id": channels, "share": share})
        truth.append(
            lost.with_columns(purge=pl.lit(number), first=pl.lit(day), last=pl.lit(day + timedelta(days=n_days - 1)))
        )
        taken = pl.lit(0.0)
        for offset, weight in enumerate(weights):
            taken = taken + pl.when(at.dt.date() >= day + timedelta(days=offset)).then(float(weight)).otherwise(0.0)
        purged = (
            purged.join(lost, on="creator_id", maintain_order="left")
            .with_columns(left=pl.col("left") * (1 - pl.col("share") * taken))
            .drop("share")
        )
    counted = (pl.col("n_followers") * pl.col("left")).round().cast(pl.Int64)
    return purged.select("creator_id", "observed_at", n_followers=counted), pl.concat(truth)


def z_days(series: pl.DataFrame) -> pl.DataFrame:
    """The baseline's episodes: starts_on and ends_on of adjacent days on which the median z-score lies below -3."""
    gained = pl.col("n_gained")
    z = ((gained - gained.mean()) / gained.std()).over("creator_id")
    days = make_daily(series).with_columns(z=z).filter(pl.col("z").is_not_null())
    low = days.group_by("day").agg(pl.len(), pl.col("z").median()).filter(pl.col("len") > LEAST_OTHERS).sort("day")
    marked = low.filter(pl.col("z") < Z_SCORE).with_columns(
        new=(pl.col("day").diff() > timedelta(days=1)).fill_null(True)
    )
    runs = marked.group_by(pl.col("new").cum_sum().alias("run")).agg(
        starts_on=pl.col("day").min(), ends_on=pl.col("day").max()
    )
    return runs.drop("run")


def judge_organic(series: pl.DataFrame, counts: Counts) -> None:
    """Add the episodes found where nothing was purged."""
    outside = pl.col("ends_on").lt(GAP[0]) | pl.col("starts_on").gt(GAP[1])
    drops = find_drops(mark_days(series), platform_of(series))
    counts.n_false += drops.select("starts_on", "ends_on").unique().filter(outside).height
    counts.n_false_baseline += z_days(series).filter(outside).height
    counts.years += len(days_read(series)) / 365


def judge_purged(series: pl.DataFrame, days: list[date], part: float, rng: np.random.Generator, counts: Counts) -> None:
    """Add what was listed for the purges of one draw."""
    purged, truth = purge(series, days, part, rng)
    marked = mark_days(purged)
    drops = find_drops(marked, platform_of(purged))
    margin = pl.duration(days=MARGIN_DAYS)
    known = marked.filter(pl.col("z").is_not_null(), ~pl.col("is_gap")).select(
        "creator_id", "day", begun=pl.col("day") - pl.duration(days=pl.col("n_days") - 1)
    )
    seen = truth.join(known, on="creator_id").filter(
        pl.col("day") >= pl.col("first"), pl.col("begun") <= pl.col("last")
    )
    days_seen = pl.min_horizontal("day", "last") - pl.max_horizontal("begun", "first")
    read = seen.group_by("purge", "creator_id").agg(n=(days_seen.dt.total_days() + 1).sum())
    complete = pl.col("n") == (pl.col("last") - pl.col("first")).dt.total_days() + 1
    asked = truth.join(read, on=("purge", "creator_id")).filter(complete)
    near = asked.join(drops, on="creator_id", how="inner").filter(
        pl.col("starts_on") <= pl.col("last") + margin, pl.col("ends_on") >= pl.col("first")
    )
    listed = near.filter("is_listed").unique(["purge", "creator_id"], keep="first", maintain_order=True)
    baseline = (
        truth.unique("purge")
        .join(z_days(purged), how="cross")
        .filter(pl.col("starts_on") <= pl.col("last") + margin, pl.col("ends_on") >= pl.col("first"))
    )
    counts.n_purges += truth["purge"].n_unique()
    counts.n_found += near["purge"].n_unique()
    counts.n_found_baseline += baseline["purge"].n_unique()
    counts.n_lost += asked.filter(pl.col("share") > 0).height
    counts.n_lost_listed += listed.filter(pl.col("share") > 0).height
    counts.n_listed += listed.height
    counts.n_covered += listed.filter(pl.col("share") > 0, pl.col("share").is_between("low", "high")).height


def share_text(n: int, of: int) -> str:
    """A share with its interval (Wilson)."""
    if not of:
        return "-"
    interval = binomtest(n, of).proportion_ci(method="wilson")
    return f"{n / of:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def rate_text(n: int, years: float) -> str:
    """A rate a platform-year with its interval (exact, Poisson)."""
    low = chi2.ppf(0.025, 2 * n) / 2 / years if n else 0.0
    return f"{n / years:.2f} [{low:.2f}, {chi2.ppf(0.975, 2 * n + 2) / 2 / years:.2f}]"


def measure(series: pl.DataFrame, channels: list[str], size: int, part: float) -> Counts:
    """Everything that is counted on platforms of `size` of these channels; organic series once, with the first part."""
    rng = np.random.default_rng(SEED + size)
    counts = Counts()
    for _ in range(SIZES[size]):
        mine = rng.choice(np.array(sorted(channels)), min(size, len(channels)), replace=False).tolist()
        one = series.filter(pl.col("creator_id").is_in(mine))
        if part == PARTS[0] and (size < len(channels) or not counts.years):
            judge_organic(one, counts)
        judge_purged(one, days_read(one), part, rng, counts)
    return counts


def show(name: str, series: pl.DataFrame, channels: list[str], sizes: tuple[int, ...]) -> None:
    """One table."""
    print(f"\n{name}: {len(channels)} channels")
    print(f"{'channels':>8}  {'false a year':<20}{'the same, z < -3':<20}{'years':>6}")
    found = {(size, part): measure(series, channels, size, part) for size in sizes for part in PARTS}
    for size in sizes:
        one = found[size, PARTS[0]]
        false, baseline = rate_text(one.n_false, one.years), rate_text(one.n_false_baseline, one.years)
        print(f"{size:>8}  {false:<20}{baseline:<20}{one.years:>6.0f}")
    heading = (
        "purges found",
        "the same, z < -3",
        "of those that lost, listed",
        "of those listed, lost",
        "intervals hold",
    )
    print(f"{'channels':>8} {'from':>5}  " + "".join(f"{text:<28}" for text in heading))
    for (size, part), one in found.items():
        cells = (
            share_text(one.n_found, one.n_purges),
            share_text(one.n_found_baseline, one.n_purges),
            share_text(one.n_lost_listed, one.n_lost),
            share_text(one.n_lost_listed, one.n_listed),
            share_text(one.n_covered, one.n_lost_listed),
        )
        print(f"{size:>8} {part:>5.0%}  " + "".join(f"{text:<28}" for text in cells), flush=True)


def main() -> None:
    """Print all tables."""
    series = read_vtubers(data_dir())
    chosen, others = halves(series["creator_id"])
    show("the half that the line was chosen on", series, chosen, (6, 10, 20))
    show("the other half", series, others, (6, 10, 20))
    show("all", series, [*chosen, *others], (69,))


if __name__ == "__main__":
    main()
