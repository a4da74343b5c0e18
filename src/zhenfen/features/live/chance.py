"""What chance allows in a live room, whatever its crowd is like: bounds that need no peers.

People come, speak and tap at rates that nobody knows and that change all the time. Each bound here holds for *every*
such rate (any Poisson process, also one whose rate is itself drawn by chance): waves, raids, giveaways and a push by
the platform make counts differ more than the bound says, never less. Only what goes by a clock or in packets can lie
below.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

LARGE_SUM = 1000
"""Pairs with a larger sum are judged as this one: by then the difference has come to its limit, the normal's."""
MOST_APART = 1.0
_SLOPES = np.geomspace(0.02, 20.0, 40)
"""Where the bound of Chernoff is tried; between two of these it changes by a few per cent."""


def bound_evenness(pairs: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """How probable it is at most that neighbouring counts lie as near to each other: keys, n_pairs and p_value.

    Of two Poisson counts with the sum s the first is binomial, and lies nearest to s / 2 where both have one rate: then
    the squared difference by s is 1 in the mean. It counts up to MOST_APART, so that the edge of one wave does not
    outweigh an hour. The sum over the pairs is bounded from below by Chernoff's inequality,
    so that p is too large by a few times and never too small.

    Args:
        pairs: `keys` and the counts `one` and `other` of neighbouring, not overlapping stretches; sums above 0.
        keys: What names a series.
    """
    total = pl.col("one") + pl.col("other")
    known = pairs.with_columns(
        total=total, near=((pl.col("one") - pl.col("other")) ** 2 / total).clip(0.0, MOST_APART)
    ).filter(total > 0)
    sums = known["total"].unique().sort()
    logs = np.empty((len(sums), len(_SLOPES)))
    for row, n in enumerate(sums.clip(upper_bound=LARGE_SUM).to_list()):
        logs[row] = log_means(n)
    names = [f"_{number}" for number in range(len(_SLOPES))]
    table = pl.DataFrame(logs, names, orient="row").with_columns(total=sums)
    # Sorted before they are summed: floats in another order end in other bits.
    summed = (
        known.join(table, on="total", how="left")
        .sort(*keys, "total", "near")
        .group_by(keys, maintain_order=True)
        .agg(pl.len().cast(pl.Int64).alias("n_pairs"), pl.col("near").sum(), pl.col(names).sum())
    )
    bounds = (slope * pl.col("near") + pl.col(name) for slope, name in zip(_SLOPES.tolist(), names, strict=True))
    return summed.select(*keys, "n_pairs", p_value=pl.min_horizontal(0.0, *bounds).exp())


@cache
def log_means(n: int) -> npt.NDArray[np.float64]:
    """The log of E exp(-slope * near) for a pair of the sum `n`, shape (n_slopes,).

    Kept: there are LARGE_SUM sums at most, and the rooms of a shortlist ask for most of them several times.
    """
    from scipy.stats import binom

    k = np.arange(n + 1)
    near = np.minimum((2 * k - n) ** 2 / n, MOST_APART)
    means: npt.NDArray[np.float64] = np.log(binom.pmf(k, n, 0.5) @ np.exp(-np.outer(near, _SLOPES)))
    return means


def bound_packets(steps: pl.DataFrame, keys: list[str], least: int) -> pl.DataFrame:
    """The number that comes again most surprisingly among the steps of a count: keys, size, n_packets, p_value.

    No Poisson count, whatever its rate, is exactly v with a higher probability than 1 / sqrt(2 pi v). A count that is
    shown rounded to g's is so with g times that. p is the binomial tail of so many equal ones among the n steps, times
    n for the one that they are set against.

    Args:
        steps: `keys`, `step` (what came between two readings) and `grain` (g, 1 where the count is exact).
        keys: What names a series.
        least: Smallest step that counts.
    """
    from scipy.stats import binom

    n_steps = steps.group_by(keys).agg(n_steps=pl.len().cast(pl.Int64))
    equal = (
        steps.filter(pl.col("step") >= least)
        .group_by(*keys, size="step")
        .agg(n_packets=pl.len().cast(pl.Int64), grain=pl.col("grain").max())
        .join(n_steps, on=keys)
    )
    size, grain = equal["size"].to_numpy(), equal["grain"].to_numpy()
    densest = np.minimum(1.0, grain / np.sqrt(2 * np.pi * np.maximum(size - grain + 1, 1)))
    n, k = equal["n_steps"].to_numpy(), equal["n_packets"].to_numpy()
    tails = np.minimum(1.0, n * np.asarray(binom.sf(k - 2, n - 1, densest), dtype=np.float64))
    tried = equal.with_columns(p_value=pl.Series(tails, dtype=pl.Float64))
    # The size is chosen among all that came: the bound times n covers that. Of two alike the larger.
    first = tried.sort(*keys, "p_value", "size", descending=[*(False for _ in keys), False, True])
    return first.unique(keys, keep="first", maintain_order=True).select(*keys, "size", "n_packets", "p_value")
