"""Runs of days that gained or lost far more than the creator's other days around them, and what they look like."""

from __future__ import annotations

import polars as pl

from zhenfen.features.growth.days import BRIDGED_DAYS, OFF_Z, WINDOW_DAYS, add_expectation, make_daily

DECAY_DAYS = 3
DECAYED_TO = 0.5
"""A decay takes a peak in the first half of three or more days, of which less than half is left on the last."""
LEAST_FOLLOWERS = 50.0
"""Shares are of at least 50 followers: below, one friend is 2 %."""
ROUND_Z = 2.0
ROUND_CHANCE = 0.1
"""A gain is round when it lies within two deviations of a multiple of half its power of ten, and when a gain of any
size would lie so near one time in ten at most."""
MONTH = 28
SPAN_COLUMNS = (
    "run",
    "creator_id",
    "starts_on",
    "ends_on",
    "peak_on",
    "n_gained",
    "n_expected",
    "excess",
    "n_base",
    "direction",
    "shape",
    "is_round",
)


def mark_days(follower_counts: pl.DataFrame) -> pl.DataFrame:
    """The daily steps of every creator beside what was expected: `mark_runs` of the table `follower_counts`."""
    return mark_runs(add_expectation(make_daily(follower_counts)))


def mark_runs(steps: pl.DataFrame) -> pl.DataFrame:
    """Number the runs of consecutive days that lie on the same side of what was expected.

    A gap is a run of its own: its growth over n days is set against n expected days.

    Args:
        steps: Result of `days.add_expectation`.

    Returns:
        Per reading: the columns of `steps` with expected (since the reading before), excess, z, direction (1, -1 or 0),
        is_gap, run (number), soft_1, soft_3 and soft_7 (excess of the steps after, each at most 4 deviations and
        without large rises: one is no afterglow of another), soft_before (of the 3 steps before) and n_base: followers
        before the day without what marked rises of the 90 steps before brought, so that a bought rise does not make a
        later one look small beside it.
    """
    n_days, z = pl.col("n_days"), pl.col("z")
    marked = (
        steps.with_columns(expected=pl.col("n_expected") * n_days, is_gap=(n_days > BRIDGED_DAYS).fill_null(False))
        .with_columns(excess=pl.col("gained") - pl.col("expected"))
        .with_columns(z=pl.col("excess") / (pl.col("spread") * n_days.sqrt()))
        .with_columns(direction=pl.when(z >= OFF_Z).then(1).when(z <= -OFF_Z).then(-1).otherwise(0).cast(pl.Int8))
    )
    change = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(name).shift()) for name in ("stretch", "direction", "is_gap")
    )
    limit = OFF_Z * pl.col("spread")
    risen = pl.when((pl.col("direction") > 0) & ~pl.col("is_gap")).then("excess").otherwise(0.0)
    soft = pl.when(pl.col("usual").is_not_null()).then(pl.col("excess").clip(-limit, limit)).fill_null(0.0).cum_sum()
    return (
        marked.with_columns(run=(change | pl.col("is_gap")).cum_sum())
        .with_columns(soft=soft.over("stretch"), risen=risen)
        .with_columns(
            **{f"soft_{n}": (pl.col("soft").shift(-n) - pl.col("soft")).over("stretch") for n in (1, 3, 7)},
            soft_before=(pl.col("soft").shift(1) - pl.col("soft").shift(4)).over("stretch"),
            bought=pl.col("risen").rolling_sum(WINDOW_DAYS, min_samples=1).shift(1, fill_value=0.0).over("stretch"),
        )
        .with_columns(n_base=pl.max_horizontal(pl.col("n_before") - pl.col("bought"), LEAST_FOLLOWERS))
        .drop("soft", "risen", "bought")
    )


def find_jumps(marked: pl.DataFrame) -> pl.DataFrame:
    """The runs that lie off, one row each, with what scores.py weighs.

    Args:
        marked: Result of `mark_runs`.

    Returns:
        SPAN_COLUMNS with shape (gap | drop | step | burst_decay | burst), and the columns the scorecards name: see
        `_weigh_rises`; sorted by creator and start.
    """
    off = marked.filter(pl.col("direction") != 0)
    size, one_day = pl.col("excess").abs(), pl.duration(days=1)
    runs = off.group_by("run", maintain_order=True).agg(
        pl.col("creator_id", "direction", "is_gap", "n_base", "n_before").first(),
        pl.col("spread", "tail", "soft_before", "median_before").first(),
        pl.col("soft_1", "soft_3", "soft_7", "median_after").last(),
        pl.col("excess").sum(),
        starts_on=pl.col("day").first() - pl.duration(days=pl.col("n_days").first()) + one_day,
        ends_on=pl.col("day").last(),
        peak_on=pl.col("day").get(size.arg_max()),
        n_gained=pl.col("gained").sum(),
        n_expected=pl.col("expected").sum(),
        level=pl.col("n_expected").first(),
        n_steps=pl.len(),
        peak_step=size.arg_max(),
        peak=size.max(),
        last=size.last(),
        peak_z=pl.col("z").abs().max(),
        noise_in_run=(pl.col("spread") * pl.col("n_days").sqrt()).pow(2).sum().sqrt(),
    )
    is_early = pl.col("peak_step") * 2 < pl.col("n_steps")
    decays = (pl.col("n_steps") >= DECAY_DAYS) & is_early & (pl.col("last") < DECAYED_TO * pl.col("peak"))
    shape = (
        pl.when("is_gap")
        .then(pl.lit("gap"))
        .when(pl.col("direction") < 0)
        .then(pl.lit("drop"))
        .when(pl.col("n_steps") == 1)
        .then(pl.lit("step"))
        .when(decays)
        .then(pl.lit("burst_decay"))
        .otherwise(pl.lit("burst"))
    )
    lost = -pl.col("n_gained") / pl.col("n_before").clip(LEAST_FOLLOWERS)
    lost_share = pl.when(pl.col("direction") < 0).then(lost.clip(1e-9).log())
    return runs.with_columns(shape=shape, is_round=is_round()).select(
        *SPAN_COLUMNS, *_weigh_rises(), lost_share=lost_share
    )


def is_round() -> pl.Expr:
    """Whether the excess lies too near a round number to do so by chance; needs excess and noise_in_run."""
    excess = pl.col("excess").abs().clip(1)
    grid = 10.0 ** excess.log10().floor() / 2
    tolerance = ROUND_Z * pl.col("noise_in_run")
    near = (excess / grid - (excess / grid).round()).abs() * grid <= tolerance
    return (near & (2 * tolerance <= ROUND_CHANCE * grid)).fill_null(False)


def _weigh_rises() -> tuple[pl.Expr, ...]:
    """What the scorecard of rises weighs: the size by itself, by followers, by the days around, and the days beside it.

    Sizes are logarithms; points add up, so that what matters together stands as a measurement of its own: the share
    against the month's pace and unrest, and against the root of the length.
    """
    excess, base, length = pl.col("excess").abs(), pl.col("n_base"), pl.col("n_steps").cast(pl.Float64).log()
    share = (excess / base).log()
    pace = ((pl.col("level").clip(0) * MONTH / base).clip(0, 2) + 0.005).log()
    unrest = ((pl.col("tail") * MONTH / base).clip(0, 3) + 0.005).log()
    above_tail = (excess / (pl.col("tail") + 5)).log()
    shift = (pl.col("median_after") - pl.col("median_before")) / pl.col("spread")
    return (
        excess.log().alias("gained"),
        share.alias("share"),
        above_tail.alias("above_tail"),
        pl.col("peak_z").log(),
        pace.alias("pace"),
        unrest.alias("unrest"),
        (share - pace).alias("above_pace"),
        (share - unrest).alias("above_unrest"),
        (share - length / 2).alias("density"),
        (pl.col("peak_z").log() - above_tail).alias("steadiness"),
        base.clip(1e3, 3e5).log().alias("size"),
        length.alias("length"),
        (pl.col("last") / pl.col("peak")).alias("last"),
        *((pl.col(name) / excess).fill_null(0.0).alias(name) for name in ("soft_1", "soft_3", "soft_7", "soft_before")),
        (pl.col("soft_3") / excess).abs().fill_null(0.0).alias("aftermath"),
        shift.clip(-3, 6).fill_null(0.0).fill_nan(0.0).alias("shift"),
    )
