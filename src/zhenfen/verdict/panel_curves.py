"""Quantiles that move with a creator's size: kernel-weighted at a few sizes, without steps at the edges of classes.

Chosen within four fifths of three vendors' creators, in folds of five. Pinball loss, constant = 1: this kernel .9930,
half of the peers .9923, three tenths .9941, a fifth .9967; with local slope and spread .9922 to .9952; linear
and spline quantile regression worse (.9951 and .9965 where this has .9927); size classes .9975. Of those
within .001 of the best it is the one whose shares below p50 stray least over fifths of size
(docs/experiments/engagement.md).

Within the kernel values first follow the size: where peers span five decades, as on Weibo, the small half of a window
receives several times what its large half does, and smallest creators were set beside larger ones' rates.
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
DISTINCT_SHARE = 0.9
"""Counts and shares of few posts are one and the same value for many peers; moved, they would lie beside themselves."""


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
    n_nearest = max(FEWEST_FOR_CURVE, int(NEAREST_SHARE * n_peers))
    knots: list[dict[str, float]] = []
    for size in sizes:
        distances = logs - np.log(max(size, 1))
        # Tricube weights (Cleveland 1979, J Am Stat Assoc 74:829-836) that end at the farthest of the nearest peers;
        # peers of one and the same size weigh alike.
        apart = np.abs(distances)
        reach = float(np.partition(apart, n_nearest - 1)[n_nearest - 1])
        if reach == 0:
            weights = np.asarray(apart == 0, dtype=np.float64)
        else:
            weights = np.clip(1 - (apart / (reach * (1 + 1e-9))) ** 3, 0, None) ** 3
        moved = _move_to(distances, values, weights)
        quantiles = find_quantiles(moved, weights, np.array(list(QUANTILES.values())))
        about = {"n_followers": int(size), "n_peers": round(count_effective(weights))}
        knots.append({**about, **dict(zip(QUANTILES, quantiles.tolist(), strict=True))})
    return knots


def _move_to(distances: Array, values: Array, weights: Array) -> Array:
    """What the values would be at distance 0, by the weighted slope of their logs; never beyond those there are.

    Zeros stay zeros; so does everything where many peers share a value (DISTINCT_SHARE).
    """
    is_near = (weights > 0) & (values > 0)
    near, logs = distances[is_near], np.log(values[is_near])
    if len(np.unique(logs)) < max(FEWEST_PEERS, DISTINCT_SHARE * len(logs)):
        return values
    weighed = weights[is_near]
    apart = near - np.average(near, weights=weighed)
    scatter = np.average(apart**2, weights=weighed)
    if scatter == 0:
        return values
    slope = np.average(apart * logs, weights=weighed) / scatter
    return np.asarray(np.clip(values * np.exp(-slope * distances), values.min(), values.max()), dtype=np.float64)


def find_quantiles(values: Array, weights: Array, shares: Array) -> Array:
    """Weighted quantiles below which these shares of *other* peers are expected, shape of `shares`.

    Each value stands in the middle of its weight, straight lines between. Of n values the k-th has k / (n + 1) of all
    peers below it, whatever their distribution, so the places move out by (share - 1/2) / n: without weights this is
    Weibull's rule. Without it 5.5 % of new peers fall below the p5 of a hundred, and 1.5 % beyond p99.
    """
    order = np.argsort(values, kind="stable")
    summed = np.cumsum(weights[order])
    middles = (summed - weights[order] / 2) / summed[-1]
    return np.interp(shares + (shares - 0.5) / count_effective(weights), middles, values[order])


def count_effective(weights: Array) -> float:
    """Kish's effective number of peers."""
    return float(weights.sum() ** 2 / (weights**2).sum())
