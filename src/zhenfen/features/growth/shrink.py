"""Losses of many creators in one purge, each measured with scatter, drawn together by what all of them show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zhenfen.features.growth.days import MAD_TO_SIGMA

Floats = npt.NDArray[np.float64]

LEAST_UNLIKE = 0.4
"""Creators lose unlike each other by two fifths of what is typical at least: of a few, the scatter that is seen says
little."""
LEAST_SCATTER = 3e-5
TAIL = 0.05
"""What may lie to a side of a range: ranges hold nine in ten."""
MEDIAN_TO_MEAN = 1.2533
"""Standard error of a normal sample's median over that of its mean."""
N_ROUNDS = 30
_LEAST, _MOST = 1e-300, 1 - 1e-16


@dataclass(frozen=True)
class Shrunk:
    """Losses of one purge, shrunk to what is typical of it; each of shape (n,).

    Attributes:
        loss: Share lost, posterior median; below 0 for a gain.
        low: Lower end of its posterior range of nine in ten.
        high: Upper end.
        p_lost: Posterior probability that the purge took from the creator.
        beyond_z: Deviations of the measured loss from what is typical.
    """

    loss: Floats
    low: Floats
    high: Floats
    p_lost: Floats
    beyond_z: Floats


@dataclass(frozen=True)
class _Piece:
    mean: Floats
    deviation: Floats
    log_height: Floats


@dataclass(frozen=True)
class _Posterior:
    """A normal prior times a likelihood that is normal to either side of what was measured: two pieces of normals.

    What lies below `lost` is the piece of the losses' scatter, what lies above that of the gains'.
    """

    lost: Floats
    means: tuple[Floats, Floats]
    deviations: tuple[Floats, Floats]
    below: Floats
    log_density: Floats

    def quantile(self, q: float) -> Floats:
        from scipy.special import ndtr, ndtri

        low_mean, high_mean = self.means
        low_deviation, high_deviation = self.deviations
        reach = ndtr((self.lost - low_mean) / low_deviation)
        rest = ndtr((high_mean - self.lost) / high_deviation)
        part = np.clip(q / np.maximum(self.below, _LEAST) * reach, _LEAST, _MOST)
        left = np.clip((1 - q) / np.maximum(1 - self.below, _LEAST) * rest, _LEAST, _MOST)
        low = np.minimum(low_mean + low_deviation * ndtri(part), self.lost)
        high = np.maximum(high_mean - high_deviation * ndtri(left), self.lost)
        found: Floats = np.where(q < self.below, low, high)
        return found


def shrink(lost: Floats, gain_scatter: Floats, loss_scatter: Floats) -> Shrunk:
    """Losses drawn together by what the whole purge shows (empirical Bayes, normal means with a share of zeros).

    A creator lost with some probability, then a share around what is typical; what was measured scatters around it,
    farther towards gains. Typical share and unlikeness are weighted medians, so that one creator that lost far more
    does not move them, and no larger loss is moved by more than its own scatter (limited translation, Efron & Morris
    1972); a smaller one may have an organic rise in it, which reaches far.

    Args:
        lost: Measured losses, shares of the followers, shape (n,).
        gain_scatter: Deviation of each towards gains, above 0, shape (n,): what was measured lies so far below a loss.
        loss_scatter: The same towards losses.
    """
    took = weights = np.ones_like(lost)
    alone = np.where(lost < 0, gain_scatter, loss_scatter)
    none = -(lost**2) / (2 * alone**2) - np.log(alone)
    for _ in range(N_ROUNDS):
        typical = max(_weighted_median(lost, weights), LEAST_SCATTER)
        scatter = np.where(lost < typical, gain_scatter, loss_scatter)
        off = MAD_TO_SIGMA * _weighted_median(np.abs(lost - typical), weights)
        unlike = max(off**2 - _weighted_median(scatter, weights) ** 2, (LEAST_UNLIKE * typical) ** 2)
        wide = np.sqrt(unlike + scatter**2)
        posterior = _draw(lost, gain_scatter, loss_scatter, typical, np.full_like(lost, unlike))
        part = float(np.clip(took.mean(), 0.05, 0.999))
        against = np.log((1 - part) / part) + none - posterior.log_density
        took = 1 / (1 + np.exp(np.clip(against, -500, 500)))
        weights = took / wide
    unsure = MEDIAN_TO_MEAN**2 / max(float(np.sum(weights**2)), 1 / float(wide.max()) ** 2)
    apart = scatter * (lost - typical) - scatter**2
    drawn = _draw(lost, gain_scatter, loss_scatter, typical, np.maximum(unlike + unsure, apart))
    loss, low, high = (drawn.quantile(q) for q in (0.5, TAIL, 1 - TAIL))
    # Nobody lost by a purge who gained in it.
    return Shrunk(loss, low, high, np.where(loss > 0, took, 0.0), (lost - typical) / wide)


def _draw(lost: Floats, gain_scatter: Floats, loss_scatter: Floats, typical: float, unlike: Floats) -> _Posterior:
    """The posterior of each loss under a normal prior around `typical` with the variances `unlike`."""
    from scipy.special import log_ndtr

    below, above = (_piece(lost, scatter, typical, unlike) for scatter in (loss_scatter, gain_scatter))
    log_below = below.log_height + log_ndtr((lost - below.mean) / below.deviation)
    log_above = above.log_height + log_ndtr((above.mean - lost) / above.deviation)
    both = np.logaddexp(log_below, log_above)
    means, deviations = (below.mean, above.mean), (below.deviation, above.deviation)
    return _Posterior(lost, means, deviations, np.exp(log_below - both), both - np.log(unlike) / 2)


def _piece(lost: Floats, scatter: Floats, typical: float, unlike: Floats) -> _Piece:
    """The posterior if the scatter were the same to both sides; each side holds half of what is measured."""
    weight = unlike / (unlike + scatter**2)
    apart = (lost - typical) ** 2 / (2 * (unlike + scatter**2))
    mean, deviation = typical + weight * (lost - typical), np.sqrt(weight) * scatter
    return _Piece(mean, deviation, np.log(deviation) - np.log(scatter) - apart)


def _weighted_median(values: Floats, weights: Floats) -> float:
    order = np.lexsort((weights, values))
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])
