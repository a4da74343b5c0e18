"""How far a column's values moved between two samples: stability index, and how likely chance alone does that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

DECILES = np.arange(1, 10) / 10
"""Ten bins of the reference, as the index is commonly computed (Siddiqi 2006)."""
HALF_A_ROW = 0.5
"""Added to every bin (Krichevsky & Trofimov 1981), so that an empty one is not infinitely far from any other."""
BY_CHANCE = 0.95
FEWEST_EXPECTED = 5
"""Expected rows of a category from which the chi-squared distribution holds (Cochran 1954, Biometrics 10:417)."""


@dataclass(frozen=True, slots=True)
class Shift:
    """How far something moved.

    Attributes:
        psi: Population stability index, >= 0.
        psi_by_chance: What the index stays below in 19 of 20 pairs of samples of these sizes without any change.
        p: How often chance alone moves it as far, in [0, 1]; of a Kolmogorov-Smirnov test for numbers, else of a
            chi-squared test.
    """

    psi: float
    psi_by_chance: float
    p: float


def make_edges(reference: Array) -> Array:
    """Upper ends of bins, ascending, without repeats: below all of the reference, its deciles, its largest value.

    Bin i holds what is above edge i - 1 and at most edge i; the first and the last hold what the reference never had.
    """
    below = np.nextafter(reference.min(), -np.inf)
    return np.unique(np.concatenate(([below], np.quantile(reference, DECILES), [reference.max()])))


def count_bins(values: Array, edges: Array) -> Counts:
    """Rows of each bin, shape (len(edges) + 1,)."""
    return np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1).astype(np.int64)


def shift_of_numbers(reference: Array, new: Array, edges: Array) -> Shift:
    """Of known numbers, shapes (n,) and (m,), both at least 1; index over the bins, p of the values themselves."""
    from scipy.stats import ks_2samp

    counts = count_bins(reference, edges), count_bins(new, edges)
    # The exact distribution takes minutes where there are ties and thousands of rows; the asymptotic one errs to the
    # cautious side there.
    p = float(ks_2samp(reference, new, method="asymp").pvalue)
    return Shift(stability_index(*counts), index_by_chance(*counts), p)


def shift_of_categories(reference: Counts, new: Counts) -> Shift:
    """Of counts of the same categories, shape (k,); both sum to at least 1. Rare categories count together for p."""
    from scipy.stats import chi2_contingency

    table = np.stack((reference, new))
    expected = table.sum(axis=0) * table.sum(axis=1, keepdims=True) / table.sum()
    is_rare = (expected < FEWEST_EXPECTED).any(axis=0)
    pooled = np.column_stack((table[:, ~is_rare], table[:, is_rare].sum(axis=1)))
    pooled = pooled[:, pooled.sum(axis=0) > 0]
    p = float(chi2_contingency(pooled, correction=False).pvalue) if pooled.shape[1] > 1 else 1.0
    return Shift(stability_index(reference, new), index_by_chance(reference, new), p)


def stability_index(reference: Counts, new: Counts) -> float:
    """Σ (b - a) ln(b / a) over the shares a and b of the bins: 0 where they agree, symmetric."""
    shares = [(counts + HALF_A_ROW) / (counts.sum() + HALF_A_ROW * len(counts)) for counts in (reference, new)]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def index_by_chance(reference: Counts, new: Counts) -> float:
    """95 % quantile of the index without change: (1/n + 1/m) χ² with bins - 1 degrees of freedom.

    Yurdakul & Naranjo (2020), J Risk Model Validation 14(4). The index of small samples is large by itself.
    """
    from scipy.stats import chi2

    n_bins = int(((reference + new) > 0).sum())
    return float(chi2.ppf(BY_CHANCE, n_bins - 1) * (1 / reference.sum() + 1 / new.sum())) if n_bins > 1 else 0.0
