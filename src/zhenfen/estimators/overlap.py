"""How many accounts two audiences share, from a draw of each, and how many a set of audiences holds without repeats.

Pure arithmetic over counts: whether the draws are random is for the caller to know. Where they are not, nothing here
may be asked but `bound_union` with 0 or what was seen as the lower end and the smaller audience as the upper.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

N_HALVINGS = 44
"""Steps that find a count up to the contract's largest (1e13 accounts) to the account."""


def estimate_shared(n_both: IntArray, n_drawn: IntArray, n_total: IntArray, confidence_level: float = 0.95) -> IntArray:
    """Accounts in both of two audiences, for P pairs: low, value and high in the columns, shape (P, 3).

    Each audience was drawn from at random without replacement, the two draws apart from each other; a whole list is a
    draw of everybody. An account of both is then in both draws with probability p, the product of the two drawn
    shares, and the ends are those M of which the count seen is neither too small nor too large a draw from a binomial
    of M and p (Clopper & Pearson 1934, of the number of trials). Both draws are without replacement, so their count
    spreads less than that binomial (Hoeffding 1963, J Am Stat Assoc 58:13-30, section 6, holds for each of the two
    steps): the interval covers at least as often as it says. Two whole lists have no error, and low = value = high.

    Value: the count seen over p (Lincoln & Petersen), inside the interval. Nothing seen in both gives no estimate but
    an upper end. What was seen only once caps it further: whoever stands in a draw and not on the other's whole list.

    Args:
        n_both: Accounts seen in both draws, shape (P,).
        n_drawn: Accounts drawn from each, shape (P, 2).
        n_total: Accounts that each audience has, at least those drawn, shape (P, 2).
        confidence_level: In (0, 1).

    Raises:
        ValueError: More drawn than there are, more in both than drawn, or nobody drawn.
    """
    if (n_drawn > n_total).any() or (n_both[:, None] > n_drawn).any() or (n_drawn < 1).any():
        raise ValueError("needs draws of one account or more, no larger than the audience, that hold what both share")
    from scipy.special import betainc

    tail = (1 - confidence_level) / 2
    p = np.prod(n_drawn / n_total, axis=1)
    is_whole = n_drawn == n_total
    # Who was drawn from one and stands not on the other's whole list is not shared.
    caps = n_total - np.where(is_whole[:, ::-1], n_drawn - n_both[:, None], 0)
    most = caps.min(axis=1)

    def search(is_too_small: IntArray, is_upper: bool) -> IntArray:
        """The least M that is not too small (or the largest that is not too large), by halving."""
        below, above = is_too_small - 1, most.copy()
        if is_upper:
            below, above = n_both.copy(), most + 1
        for _ in range(N_HALVINGS):
            middle = (below + above) // 2
            if is_upper:
                # P(at most n_both of M) = 1 - I_p(n_both + 1, M - n_both).
                holds = 1 - betainc(n_both + 1.0, np.maximum(middle - n_both, 1e-9), p) > tail
                below, above = np.where(holds, middle, below), np.where(holds, above, middle)
            else:
                # P(at least n_both of M) = I_p(n_both, M - n_both + 1).
                holds = betainc(np.maximum(n_both, 1e-9), middle - n_both + 1.0, p) > tail
                below, above = np.where(holds, below, middle), np.where(holds, middle, above)
        return below if is_upper else above

    low = np.where(n_both > 0, np.minimum(search(n_both, is_upper=False), most), 0)
    high = search(n_both, is_upper=True)
    value = np.floor(n_both / p + 1e-9).astype(np.int64)
    ends = np.stack([low, np.clip(value, low, np.minimum(high, most)), np.minimum(high, most)], axis=1)
    exact = is_whole.all(axis=1)
    ends[exact] = n_both[exact, None]
    return ends


def sum_shared(
    n_both: IntArray, n_drawn: IntArray, n_total: IntArray, confidence_level: float = 0.95
) -> tuple[float, float]:
    """Ends of the shared accounts of P pairs, added up: far nearer than the ends of each pair added up.

    The gamma interval of a sum of weighted Poisson counts (Fay & Feuer 1997, Stat Med 16:791-801), which is wide rather
    than short; each pair's count has the weight 1 / p of `estimate_shared`. Pairs of two whole lists have no error.

    Args:
        n_both: Accounts seen in both draws, shape (P,).
        n_drawn: Accounts drawn from each, shape (P, 2).
        n_total: Accounts that each audience has, shape (P, 2).
        confidence_level: In (0, 1).
    """
    from scipy.special import gammaincinv

    tail = (1 - confidence_level) / 2
    weights = 1 / np.prod(n_drawn / n_total, axis=1)
    is_exact = (n_drawn == n_total).all(axis=1)
    known = float(n_both[is_exact].sum())
    if is_exact.all():
        return known, known
    counts, weights = n_both[~is_exact], weights[~is_exact]
    total, variance, most = float(counts @ weights), float(counts @ weights**2), float(weights.max())
    low = variance / (2 * total) * 2 * float(gammaincinv(total**2 / variance, tail)) if total > 0 else 0.0
    above, spread = total + most, variance + most**2
    return known + low, known + spread / (2 * above) * 2 * float(gammaincinv(above**2 / spread, 1 - tail))


def bound_union(
    sizes: FloatArray, shared_low: FloatArray, shared_high: FloatArray, in_pairs: tuple[float, float] | None = None
) -> tuple[float, float]:
    """Bounds on the accounts that k audiences hold together, each counted once.

    They hold whatever accounts three or more audiences share, of which pairs say nothing. Low: the largest audience;
    the sum less all pairs (Bonferroni); Dawson & Sankoff (1967, Proc Am Math Soc 18:504-507), from the sum of the
    shared; each audience in turn, the largest first, less all that it may share with those before. High: Hunter (1976,
    J Appl Prob 13:597-603), the sum less the heaviest tree over the pairs; the sum less the k-th part of twice the
    pairs (Kwerel 1975, J Am Stat Assoc 70:472-479). Pairs of which nothing is known have 0 and the smaller audience.

    Args:
        sizes: Accounts of each audience, shape (k,), k >= 1.
        shared_low: Least that each pair shares, symmetric, shape (k, k); the diagonal is not read.
        shared_high: Most that each pair shares, likewise.
        in_pairs: Ends of all pairs' shared accounts added up, where they are known nearer, see `sum_shared`.
    """
    from scipy.sparse.csgraph import minimum_spanning_tree

    total, largest = float(sizes.sum()), float(sizes.max())
    order = np.argsort(-sizes, kind="stable")
    sure = shared_high[np.ix_(order, order)]
    fresh = float(np.maximum(sizes[order] - np.tril(sure, -1).sum(axis=1), 0).sum())
    least, most = (float(np.triu(ends, 1).sum()) for ends in (shared_low, shared_high))
    if in_pairs is not None:
        least, most = max(least, in_pairs[0]), min(most, in_pairs[1])
    n = 1 + int(2 * most // total) if total > 0 else 1
    dawson_sankoff = 2 * total / (n + 1) - 2 * most / (n * (n + 1))
    tree = -float(minimum_spanning_tree(-np.triu(shared_low, 1)).sum())
    high = total - max(tree, 2 * least / len(sizes))
    return min(max(largest, fresh, total - most, dawson_sankoff), high), high


def bound_added(size: float, shared: FloatArray) -> tuple[float, float, float]:
    """Accounts of one audience that none of s others holds: low, value and high.

    The ends hold whatever the others share among themselves: the size less all that is shared at most, less the most
    that is surely shared with one. The value supposes that within this audience the overlaps are independent of each
    other, and always lies between.

    Args:
        size: Accounts of the audience.
        shared: What it shares with each of the others: low, value and high in the columns, shape (s, 3).
    """
    low = max(0.0, size - float(shared[:, 2].sum()))
    high = size - float(shared[:, 0].max(initial=0.0))
    value = size * float(np.prod(1 - shared[:, 1] / size)) if size > 0 else 0.0
    return low, min(max(value, low), high), high


def bound_genuine(
    union: tuple[float, float], sizes: FloatArray, fake_shares: Sequence[tuple[float, float]]
) -> tuple[float, float]:
    """Bounds on the genuine accounts among those that k audiences hold together.

    They hold whoever the shared accounts are. At most all that are genuine somewhere, or all but the fakes of the
    audience with most of them; at least all but every fake once, or the genuine of the audience with most.

    Args:
        union: Bounds on the accounts that they hold together.
        sizes: Accounts of each, shape (k,).
        fake_shares: Least and largest share of fakes of each, k pairs in [0, 1].
    """
    least, most = (sizes * np.array([share[end] for share in fake_shares]) for end in (0, 1))
    low = max(union[0] - float(most.sum()), float((sizes - most).max()), 0.0)
    high = min(union[1] - float(least.max()), float((sizes - least).sum()))
    return min(low, high), high
