"""How rarely creators who bought nothing show as much: measurements of any unit on one scale.

A tail score of a value is -log10 of the share of innocent creators that show as much, 0 to 4. A manipulation that
nobody has seen yet shows as something unusual somewhere on the suspicious side, too: tail scores find it where a
classifier of the measurements themselves waits for what it was taught.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from zhenfen.errors import ConfigError

Array = npt.NDArray[np.float64]

MOST = 4.0
"""One innocent creator in ten thousand: beyond, an extrapolation from some thousands says nothing."""
LEVELS = np.arange(0, 33) / 8
"""Tail scores of the knots, in steps of an eighth."""
FEWEST_BEYOND = 10
"""Innocents beyond a knot for it to be read off them; farther out an exponential tail goes on."""
LEAST_REFERENCE = 40
"""With fewer innocents a measurement says nothing."""
BEYOND_SAMPLE = 1.0
"""A tail may be extrapolated to ten times fewer than the one innocent in n that was seen last."""
N_DECIMALS = 9
"""Values nearer than this to a knot are at it: sums of floats differ in their last bits with the order of rows."""


@dataclass(frozen=True)
class TailScore:
    """From values to tail scores.

    Attributes:
        knots: For each of LEVELS the value that at most the share 10^-level of the innocent exceeds; never falling.
    """

    knots: tuple[float, ...]

    def __post_init__(self) -> None:
        # inf - inf is no number: compared, not subtracted.
        if len(self.knots) != len(LEVELS) or any(a > b for a, b in pairwise(self.knots)):
            raise ConfigError(f"tail scores: expected {len(LEVELS)} rising knots")

    def __call__(self, values: Array) -> Array:
        """Tail score of each value, 0 to MOST, NaN where it is NaN; straight lines between the knots, shape kept."""
        knots = np.round(np.asarray(self.knots), N_DECIMALS)
        numbers = np.round(values, N_DECIMALS)
        above = np.searchsorted(knots, numbers, side="left")
        low, high = knots[np.clip(above - 1, 0, None)], knots[np.clip(above, None, len(knots) - 1)]
        with np.errstate(invalid="ignore", divide="ignore"):
            part = np.where((high > low) & np.isfinite(high) & np.isfinite(low), (numbers - low) / (high - low), 0.0)
        scores = np.where(above == 0, 0.0, LEVELS[np.clip(above - 1, 0, None)] + part * LEVELS[1])
        return np.where(np.isnan(values), np.nan, np.minimum(scores, MOST))

    def raised_to(self, floor: Sequence[float]) -> TailScore:
        """The same, but no value scores more than it would by `floor`, knots of another reference."""
        return TailScore(tuple(np.maximum(self.knots, floor).tolist()))


def fit_tail(values: Array) -> TailScore:
    """The tail scores of what these innocents show.

    Knots with FEWEST_BEYOND innocents beyond are quantiles (the next higher value, so that never more than the share
    exceeds a knot), those farther out lie on an exponential tail with the mean excess of the upper twentieth.

    Args:
        values: Shape (n,), higher is more suspicious; NaN are left out. Of fewer than LEAST_REFERENCE nothing scores.
    """
    known = np.sort(values[np.isfinite(values)])
    n = len(known)
    if n < LEAST_REFERENCE:
        return TailScore((np.inf,) * len(LEVELS))
    shares = 10.0**-LEVELS
    inside = np.quantile(known, 1 - shares, method="higher")
    n_tail = max(FEWEST_BEYOND, n // 20)
    start = known[-n_tail]
    scale = float(np.mean(known[-n_tail:] - start))
    beyond = start + scale * np.log(n_tail / n / shares)
    knots = np.where(n * shares >= FEWEST_BEYOND, inside, np.fmax(inside, beyond))
    knots[np.log10(n) + BEYOND_SAMPLE < LEVELS] = np.inf
    return TailScore(tuple(np.maximum.accumulate(knots).tolist()))


def tail_of_quantiles(quantiles: Mapping[float, float]) -> tuple[float, ...]:
    """Knots for `TailScore.raised_to` from quantiles of a reference of real creators.

    Straight lines in log10 of the share between the quantiles, and on beyond the last by the slope before it; below the
    first quantile nothing scores.

    Args:
        quantiles: Share that lies below → value (times the sign), both rising; at least two.
    """
    levels = -np.log10(1 - np.array(list(quantiles)))
    values = np.maximum.accumulate(np.array(list(quantiles.values())))
    slope = (values[-1] - values[-2]) / (levels[-1] - levels[-2])
    inside = np.interp(LEVELS, levels, values)
    beyond = values[-1] + slope * (LEVELS - levels[-1])
    return tuple(np.where(levels[-1] < LEVELS, beyond, inside).tolist())
