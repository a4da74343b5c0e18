"""Quantiles that move with a creator's size: kernel-weighted at a few sizes, without steps at the edges of classes.

Chosen within four fifths of three vendors' creators, in folds of five. Pinball loss, constant = 1: this kernel .9930,
half of the peers .9923, three tenths .9941, a fifth .9967; with local slope and spread .9922 to .9952; linear
and spline quantile regression worse (.9951 and .9965 where this has .9927); size classes .9975. Of those
within .001 of the best it is the one whose shares below p50 stray least over fifths of size
(docs/experiments/engagement.md).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

QUANTILES: dict[str, float] = {
    "p1": 0.01,
    "p5": 0.05,
    "p10": 0.10,
    "p25": 0.25,
    "p50": 0.50,
    "p75": 0.75,
    "p90": 0.90,
    "p95": 0.95,
    "p99": 0.99,
}
FEWEST_PEERS = 30
"""Below this a 5 % quantile rests on one or two creators."""
FEWEST_FOR_CURVE = 2 * FEWEST_PEERS
"""The kernel weighs this many as about two thirds of their number: as many as a quantile needs, at every size."""
NEAREST_SHARE = 0.4
"""The kernel reaches as far as the nearest four tenths of the peers."""
N_KNOTS = 9
"""In steps finer than the kernel is wide, so that straight lines between them lose nothing."""


def make_curve(n_followers: npt.NDArray[np.int64], values: Array) -> list[dict[str, float]]:
    """Knots of a curve: n_followers, n_peers (Kish's effective number) and the quantiles; none for too few peers.

    Knots lie evenly in log followers, the first and the last where as many peers lie beyond as a quantile needs: a
    kernel centred on one giant would rest on that giant. Beyond them the end's quantiles hold.

    Args:
        n_followers: Rising, shape (n_peers,).
        values: Of the same peers, shape (n_peers,).
    """
    n_peers = len(values)
    if n_peers < FEWEST_FOR_CURVE:
        return []
    logs = np.log(np.maximum(n_followers, 1))
    low, high = logs[FEWEST_PEERS - 1], logs[n_peers - FEWEST_PEERS]
    sizes = np.unique(np.exp(np.linspace(low, high, N_KNOTS)).round().astype(np.int64))
    return [_make_knot(int(size), logs, values) for size in sizes]


def _make_knot(size: int, logs: Array, values: Array) -> dict[str, float]:
    weights = _weigh(np.abs(logs - np.log(max(size, 1))))
    quantiles = find_quantiles(values, weights, np.array(list(QUANTILES.values())))
    n_effective = round(float(weights.sum() ** 2 / (weights**2).sum()))
    return {"n_followers": size, "n_peers": n_effective, **dict(zip(QUANTILES, quantiles.tolist(), strict=True))}


def _weigh(distances: Array) -> Array:
    """Tricube weights (Cleveland 1979, J Am Stat Assoc 74:829-836) that end at the farthest of the nearest peers."""
    n_nearest = max(FEWEST_FOR_CURVE, int(NEAREST_SHARE * len(distances)))
    reach = float(np.partition(distances, n_nearest - 1)[n_nearest - 1])
    # Peers of one and the same size: all of them weigh alike.
    if reach == 0:
        return np.asarray(distances == 0, dtype=np.float64)
    weights = np.clip(1 - (distances / (reach * (1 + 1e-9))) ** 3, 0, None) ** 3
    return np.asarray(weights, dtype=np.float64)


def find_quantiles(values: Array, weights: Array, shares: Array) -> Array:
    """Weighted quantiles, shape of `shares`: each value stands in the middle of its weight, straight lines between."""
    order = np.argsort(values, kind="stable")
    summed = np.cumsum(weights[order])
    middles = (summed - weights[order] / 2) / summed[-1]
    return np.interp(shares, middles, values[order])
