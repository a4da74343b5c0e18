"""The arithmetic of a stratified sample with scores for all and labels for some; `prevalence` makes a share of it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

FEWEST_LABELS = 2
"""In a stratum: one label gives no variance, so such strata are joined with a neighbour."""
PRIOR_LABELS = 1.0
"""Weight of the Jeffreys prior: half a label on each side, for the whole draw, shared out evenly over the strata."""


def join_strata(strata: NDArray[np.int64], is_labelled: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Strata numbered from 0 in order, shape (N,); one with too few labels is joined with its neighbour."""
    names, ranks = np.unique(strata, return_inverse=True)
    joined, n_open = np.zeros(len(names), dtype=np.int64), FEWEST_LABELS
    last = -1
    for at, n_labels in enumerate(np.bincount(ranks[is_labelled], minlength=len(names)).tolist()):
        if n_open >= FEWEST_LABELS:
            last, n_open = last + 1, 0
        joined[at], n_open = last, n_open + n_labels
    if n_open < FEWEST_LABELS:
        joined[joined == last] = max(last - 1, 0)
    return np.asarray(joined[ranks], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the draw says of the share.

    Attributes:
        share: PPI++ point estimate; may lie a little outside [0, 1].
        smooth_share: The same under the prior, strictly inside (0, 1).
        variance: Of the error about the share of the frame that the profiles came from, > 0.
        degrees: Degrees of freedom behind the variance, >= 1.
    """

    share: float
    smooth_share: float
    variance: float
    degrees: int

    def effective_labels(self, confidence_level: float) -> tuple[float, float]:
        """Fakes and labels of a plain sample that would say as much, fewer by the t-quantile for what strata take."""
        from scipy.special import stdtrit

        normal = NormalDist().inv_cdf((1 + confidence_level) / 2)
        small_sample = (normal / float(stdtrit(self.degrees, 1 - (1 - confidence_level) / 2))) ** 2
        n = self.smooth_share * (1 - self.smooth_share) / self.variance * small_sample
        return min(max(self.share, 0.0), 1.0) * n, n


@dataclass(frozen=True, slots=True)
class StratifiedDraw:
    """A labelled draw from scored profiles.

    Attributes:
        n_profiles: N.
        size: Share of the N profiles in each stratum, shape (H,).
        n_labels: Labels in each stratum, each at least 2, shape (H,).
        unseen: Share of each stratum that is not labelled: the finite population correction, shape (H,).
        mean_score: Mean score of all profiles of each stratum, shape (H,).
        stratum: Stratum of each labelled profile, shape (n,).
        weight: Weight of each labelled profile within its stratum, summing to 1 there, shape (n,).
        score: Score of each labelled profile, shape (n,).
        label: Label of each labelled profile, 0 or 1, shape (n,).
    """

    n_profiles: int
    size: FloatArray
    n_labels: FloatArray
    unseen: FloatArray
    mean_score: FloatArray
    stratum: NDArray[np.int64]
    weight: FloatArray
    score: FloatArray
    label: FloatArray

    def estimate(self) -> Estimate:
        """Share and variance, with the scores trusted as far as the labels bear them out."""
        # λ of PPI++ in [0, 1], that of the least variance; 0 where scores say nothing within any stratum.
        spread = self._of_sum(self._covariances(self.score, self.score))
        shared = self._of_sum(self._covariances(self.label, self.score))
        power = min(max(shared / spread, 0.0), 1.0) if spread > 0 else 0.0
        rest = self.label - power * self.score
        share = self.size @ (self._means(rest) + power * self.mean_score)
        # Share of fakes among the labels of each stratum; posterior mean; posterior variance.
        prior = PRIOR_LABELS / 2 / len(self.size)
        fake, n = self._means(self.label), self.n_labels + 2 * prior
        smooth = (fake * self.n_labels + prior) / n
        doubt = smooth * (1 - smooth) / (n + 1)
        least = PRIOR_LABELS / 2 / (len(self.label) + PRIOR_LABELS)
        smooth_share = np.clip(share + self.size @ (smooth - fake), least, 1 - least)
        within = self._of_sum(self._covariances(rest, rest) + np.where((fake == 0) | (fake == 1), doubt, 0.0))
        of_frame = smooth_share * (1 - smooth_share) / self.n_profiles
        degrees = max(len(self.label) - len(self.size), 1)
        return Estimate(float(share), float(smooth_share), float(within + of_frame), degrees)

    def _means(self, values: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(self.stratum, self.weight * values, len(self.size)), dtype=np.float64)

    def _covariances(self, one: FloatArray, other: FloatArray) -> FloatArray:
        """Covariance of the means of two values in each stratum, were it endless."""
        apart = (one - self._means(one)[self.stratum]) * (other - self._means(other)[self.stratum])
        squares = np.bincount(self.stratum, self.weight**2 * apart, len(self.size))
        return squares * self.n_labels / (self.n_labels - 1)

    def _of_sum(self, variances: FloatArray) -> float:
        return float(self.size**2 * self.unseen @ variances)


def make_draw(
    probas: FloatArray,
    is_labelled: NDArray[np.bool_],
    labels: FloatArray,
    inclusion: FloatArray,
    strata: NDArray[np.int64],
) -> StratifiedDraw:
    """The draw behind arrays of shape (N,); at least two profiles are labelled. See `prediction_powered`."""
    joined = join_strata(strata, is_labelled)
    sizes, stratum = np.bincount(joined), joined[is_labelled]
    n_labels = np.bincount(stratum, minlength=len(sizes))
    expansion = 1 / inclusion[is_labelled]
    return StratifiedDraw(
        n_profiles=len(probas),
        size=sizes / len(probas),
        n_labels=n_labels.astype(np.float64),
        unseen=1 - n_labels / sizes,
        mean_score=np.bincount(joined, probas) / sizes,
        stratum=stratum,
        weight=expansion / np.bincount(stratum, expansion, len(sizes))[stratum],
        score=probas[is_labelled],
        label=labels[is_labelled],
    )
