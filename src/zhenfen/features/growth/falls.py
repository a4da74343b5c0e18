"""Days on which many creators of a platform lost followers at once, joined into episodes.

Each creator's loss of one, two and three days is set against its own bad days. Only counts of how far how many fell
leave a part of the creators: they add up, so that parts find the episodes that all find together.
"""

from __future__ import annotations

import polars as pl

from zhenfen.features.growth.days import LEAST_STEPS, SPREAD_STEPS
from zhenfen.features.growth.explanations import LEAST_OTHERS
from zhenfen.features.growth.spans import LEAST_FOLLOWERS

LOW_QUANTILE = 0.1
LOW_Z = 1.2816
"""One day in ten of a normal distribution lies 1.28 deviations below. Gains are skewed: the bad days say how far a
creator falls by itself, the good ones nothing. Against deviations to both sides, .2 more of the purges of .4 to 1 % are
found among 6 to 20 VTuber channels before 2021, when they grew fast, at as many false ones."""
MOST_DAYS = 3
"""A purge may take three days: windows of one to three."""
FELL_SHARE = 0.35
"""Part of the creators that must have fallen: more than a third, as a purge need not take from all."""
LEAST_FELL = 3
LOST_PART = 0.4
LOST_SHARE = 0.003
"""Two in five creators must have lost .3 % of their followers beyond what was expected. With half of them and .2 %
VTuber channels show .2 to .5 shared drops a platform-year (2020-10: many fell by .1 % a day for three days)."""
FELL_Z = 3.0
FELL_Z_OF_ONE = 3.0
"""How many deviations they must have fallen: 3 + 3 / creators read, 3.5 with 6 of them, 3.3 with 10, 3.15 with 20, for
among few the bad days of three meet by chance. Chosen on half of the VTuber channels: benchmarks/purge_quality.py."""
GOES_ON_Z = 1.3
"""A day beside an episode belongs to it when a third of the creators fell by one deviation more."""
STEPS_PER_Z = 10
MOST_Z = 50.0
EPISODES_SCHEMA: dict[str, pl.DataType] = {
    "platform": pl.String(),
    "starts_on": pl.Date(),
    "ends_on": pl.Date(),
}
_WINDOW = ("platform", "day", "n_days")
_MOST_EPOCH_DAYS = 1_000_000
"""More than there are days between 1970 and any reading: a platform and a day in one number."""
_N_STEPS = round(MOST_Z * STEPS_PER_Z) + 1


def list_losses(marked: pl.DataFrame, creators: pl.DataFrame) -> pl.DataFrame:
    """What each step of the creators lost, and how much they lose by themselves.

    Args:
        marked: Result of `spans.mark_runs`.
        creators: Table `creators`; others are of no platform and left out.

    Returns:
        creator_id, platform, day, n_days, and as shares of the followers before: lost (beyond what was expected; below
        0 for a gain), low (deviation of a day's loss by the bad days around), scatter (of a day's loss to both sides)
        and noise (counting noise of a day); sorted by creator and day. Gaps are left out.
    """
    n_before = pl.max_horizontal("n_before", pl.lit(LEAST_FOLLOWERS))
    noise = pl.col("n_expected").clip(1).sqrt() / n_before
    shares = marked.select(
        "creator_id",
        "stretch",
        "day",
        "n_days",
        "z",
        lost=pl.when(~pl.col("is_gap")).then(-pl.col("excess") / n_before),
        noise=noise,
        scatter=pl.col("spread") / n_before,
    ).with_columns(lost_per_day=pl.col("lost") / pl.col("n_days"))
    bad = pl.col("lost_per_day").rolling_quantile(
        1 - LOW_QUANTILE, interpolation="linear", window_size=SPREAD_STEPS, min_samples=LEAST_STEPS, center=True
    )
    low = pl.max_horizontal(bad.over("stretch") / LOW_Z, "noise")
    known = shares.with_columns(low=low).filter(pl.col("z").is_not_null(), pl.col("lost").is_not_null())
    read = known.select("creator_id", "day", "n_days", "lost", "low", "scatter", "noise")
    return read.join(creators.select("creator_id", "platform"), on="creator_id", maintain_order="left")


def count_falls(read: pl.DataFrame) -> pl.DataFrame:
    """How many creators of a platform fell how far within one to three days: adds up over parts of the creators.

    Args:
        read: Result of `list_losses`.

    Returns:
        platform, day (the last), n_days, step (tenths of a deviation; 0 for those that did not fall), n (creators) and
        n_lost (of them, those that lost LOST_SHARE).
    """
    # Numbers in place of ids, platforms and days, and one for all that a window is counted by: every day of a creator
    # ends a window of each length, and words and several columns are slower to compare and to group.
    platforms = read["platform"].unique().sort()
    number = pl.col("platform").cast(pl.Enum(platforms)).to_physical().cast(pl.Int64)
    steps = read.select(
        "lost",
        pl.col("n_days").cast(pl.Int64),
        creator=pl.col("creator_id").rle_id(),
        place=number * _MOST_EPOCH_DAYS + pl.col("day").to_physical(),
        variance=pl.col("low").pow(2) * pl.col("n_days"),
    )
    step = (pl.col("z").clip(0, MOST_Z) * STEPS_PER_Z).floor().cast(pl.Int64)
    n_lost = (pl.col("lost") >= LOST_SHARE).sum().cast(pl.Int64)
    windows = [
        _fall(steps, n_days)
        .select("lost", key=pl.col("place") * _N_STEPS + step)
        .group_by("key")
        .agg(n=pl.len().cast(pl.Int64), n_lost=n_lost)
        .with_columns(n_days=pl.lit(n_days, pl.Int64))
        for n_days in range(1, MOST_DAYS + 1)
    ]
    counted = pl.concat(windows).with_columns(place=pl.col("key") // _N_STEPS, step=pl.col("key") % _N_STEPS)
    return counted.select(
        platform=platforms.gather(counted["place"] // _MOST_EPOCH_DAYS),
        day=(pl.col("place") % _MOST_EPOCH_DAYS).cast(pl.Int32).cast(pl.Date),
        n_days="n_days",
        step="step",
        n="n",
        n_lost="n_lost",
    ).sort(*_WINDOW, "step")


def add_falls(counted: pl.DataFrame) -> pl.DataFrame:
    """The counts of several parts together, sorted: see `count_falls`."""
    return counted.group_by(*_WINDOW, "step").agg(pl.col("n", "n_lost").sum()).sort(*_WINDOW, "step")


def _fall(steps: pl.DataFrame, n_days: int) -> pl.DataFrame:
    """Per step the loss of the last `n_days` days, of as many steps as it takes, and its deviations from none."""
    total = {name: pl.col(name) for name in ("n_days", "lost", "variance")}
    for back in range(1, n_days):
        # A creator is of one platform: places as many apart as days.
        is_before = pl.col("place").shift(back) == pl.col("place") - total["n_days"]
        is_next = is_before & (pl.col("creator").shift(back) == pl.col("creator"))
        takes = is_next.fill_null(value=False) & (total["n_days"] < n_days)
        total = {
            name: sum_ + pl.when(takes).then(pl.col(name).shift(back)).otherwise(0) for name, sum_ in total.items()
        }
    fell = {"lost": total["lost"], "z": total["lost"] / total["variance"].sqrt()}
    return steps.select("place", **fell, seen=total["n_days"]).filter(pl.col("seen") >= n_days)


def find_episodes(counted: pl.DataFrame) -> pl.DataFrame:
    """The days on which a platform took followers away, adjacent ones as one episode.

    Of windows that overlap, that in which the creators fell farthest stands, with every single day on which they fell
    far enough: a purge of one day does not grow by the windows around it. Days beside it on which they still fell
    belong to it.

    Args:
        counted: `count_falls` of all creators.

    Returns:
        EPISODES_SCHEMA, sorted; both days included.
    """
    # Per window the step that enough creators reached, and whether it counts as shared.
    farthest = counted.sort(*_WINDOW, "step", descending=[False, False, False, True])
    whole = farthest.with_columns(
        n_so_far=pl.col("n").cum_sum().over(_WINDOW),
        n_all=pl.col("n").sum().over(_WINDOW),
        n_down=pl.col("n_lost").sum().over(_WINDOW),
    )
    needed = pl.max_horizontal(FELL_SHARE * pl.col("n_all"), pl.lit(LEAST_FELL))
    falls = whole.filter(pl.col("n_so_far") >= needed).unique(_WINDOW, keep="first", maintain_order=True)
    line = (FELL_Z + FELL_Z_OF_ONE / pl.col("n_all")) * STEPS_PER_Z
    is_shared = (
        (pl.col("n_all") > LEAST_OTHERS) & (pl.col("step") >= line) & (pl.col("n_down") >= LOST_PART * pl.col("n_all"))
    )
    windows = falls.filter(is_shared).with_columns(first=pl.col("day") - pl.duration(days=pl.col("n_days") - 1))
    windows = windows.sort("platform", "first", "day")
    best = windows.with_columns(group=_number_touching(windows)).sort("group", -pl.col("step"), "n_days", "day")
    is_best = pl.int_range(pl.len()).over("group") == 0
    certain = best.filter(is_best | (pl.col("n_days") == 1)).select(
        "platform", "first", "day", is_certain=pl.lit(value=True)
    )
    goes_on = falls.filter(pl.col("n_days") == 1, pl.col("step") >= GOES_ON_Z * STEPS_PER_Z)
    beside = goes_on.select("platform", "day", first="day", is_certain=pl.lit(value=False))
    days = pl.concat([certain, beside], how="diagonal").sort("platform", "first", "day")
    return (
        days.with_columns(group=_number_touching(days))
        .group_by("group", maintain_order=True)
        .agg(
            pl.col("platform").first(),
            pl.col("is_certain").any(),
            starts_on=pl.col("first").min(),
            ends_on=pl.col("day").max(),
        )
        .filter("is_certain")
        .select(pl.col(name).cast(dtype) for name, dtype in EPISODES_SCHEMA.items())
        .sort("platform", "starts_on")
    )


def _number_touching(windows: pl.DataFrame) -> pl.Series:
    """A number for each run of windows of a platform, sorted by their first day, that overlap or follow each other."""
    until = pl.col("day").cum_max().shift(1).over("platform")
    is_new = (pl.col("first") > until + pl.duration(days=1)).fill_null(value=True)
    return windows.select(group=is_new.cum_sum()).to_series()
