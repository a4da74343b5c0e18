"""What earlier audits of a platform say of the next audience there: how far scores are off, and how that varies.

Scores are calibrated at one share of fakes. In an audience of another share they must be moved by its odds, which is no
fault of theirs; whatever is left is: the offset c, in log-odds, with which the moved scores sum to the share p that an
audit found, mean over profiles of expit(logit p + c + score) = p. It does not depend on the share, so audiences of 2 %
and of 70 % can be compared.

The offsets of k audits are drawn from a normal distribution of the platform (a random-effects meta-analysis). Its
spread is not known from a few, so it is integrated over, under a half-normal prior: one audit says little, ten that
agree say much, ten that don't say little. What follows for the next audience is the prior of its share
(meta-analytic-predictive, Neuenschwander et al. 2010, Clin Trials 7:5-18), with a part left flat for an audience unlike
all before (Schmidli et al. 2014, Biometrics 70:1023-1032).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from zhenfen.shelf import STAMPED

FloatArray = NDArray[np.float64]

SPREAD_SCALE = 1.0
"""Scale of the half-normal prior of the spread between audiences, in log-odds: e to 1 either way in the odds of a fake.
Weak: sensitivities of sources that no model had seen spread by as much (docs/decisions.md 13)."""
FLAT_SHARE = 0.1
"""Weight of an audience that nothing before speaks of."""
_SPREADS = np.linspace(0.0, 4.0, 41)
_TAIL = np.geomspace(0.0005, 0.05, 60)[:-1]
SHARES: FloatArray = np.concatenate((_TAIL, np.linspace(0.05, 0.95, 121), 1 - _TAIL[::-1]))
"""Shares at which densities are kept: even in the middle, ever closer towards 0 and 1."""
_WIDTHS = np.gradient(SHARES)
_MOST_SCORES = 128
"""Scores are averaged within so many ranks: offsets of 500 profiles move by less than .01."""
_WIDEST = 25.0
_HALVINGS = 36


@dataclass(frozen=True, slots=True)
class CalibrationOffset:
    """How far the scores of an audited audience were off.

    Attributes:
        offset: In log-odds; above 0 where the scores are too low.
        error: Its standard error, > 0.
    """

    offset: float
    error: float


@dataclass(frozen=True, slots=True)
class SharePrior:
    """What earlier audits say of the share of an audience.

    Attributes:
        density: At SHARES, > 0, integrates to 1.
        n_audits: Audits it rests on, at least 1.
    """

    density: FloatArray
    n_audits: int

    def interval(self, n_fake: float, n_labels: float, confidence_level: float) -> tuple[float, float, float]:
        """Mean and interval of the share after labels of the audience itself: share, low, high.

        With a flat density the interval is that of Clopper and Pearson.

        Args:
            n_fake: Fakes among the labels, in [0, n_labels]; need not be whole.
            n_labels: Labels that a plain sample would need to say as much, > 0.
            confidence_level: In (0, 1).
        """
        tail = (1 - confidence_level) / 2
        low, high = 0.0, 1.0
        if n_fake > 0:
            below = np.cumsum(self._posterior(n_fake - 1, n_labels - n_fake))
            low = float(np.interp(tail, below, SHARES))
        if n_fake < n_labels:
            below = np.cumsum(self._posterior(n_fake, n_labels - n_fake - 1))
            high = float(np.interp(1 - tail, below, SHARES))
        share = float(self._posterior(n_fake - 0.5, n_labels - n_fake - 0.5) @ SHARES)
        return min(max(share, low), high), low, high

    def _posterior(self, n_fake: float, n_real: float) -> FloatArray:
        fit = n_fake * np.log(SHARES) + n_real * np.log1p(-SHARES)
        mass = np.exp(fit - fit.max()) * self.density * _WIDTHS
        return np.asarray(mass / mass.sum(), dtype=np.float64)


def find_offset(probas: FloatArray, training_share: float, share: float, variance: float) -> CalibrationOffset:
    """The offset of an audience whose share an audit found.

    Args:
        probas: Scores in [0, 1], shape (N,).
        training_share: Share of fakes that they are calibrated to, in (0, 1).
        share: That the audit found, in (0, 1).
        variance: Of its error, > 0.
    """
    offsets = _offsets_at(probas, training_share)
    slope = np.interp(share, SHARES, np.gradient(offsets, SHARES))
    return CalibrationOffset(float(np.interp(share, SHARES, offsets)), float(abs(slope) * variance**0.5))


def find_offsets(earlier: pl.DataFrame | None, creator_id: str, model: str) -> list[CalibrationOffset]:
    """What the audit of a creator may learn from: its rows of the table `earlier_audits`, of this very model."""
    if earlier is None:
        return []
    # Audits from before the hash stood there name the version alone.
    names = (model, model.partition(STAMPED)[0])
    mine = earlier.filter(pl.col("creator_id") == creator_id, pl.col("model").is_in(names)).sort("audit_id")
    return [CalibrationOffset(*row) for row in mine.select("offset", "offset_error").iter_rows()]


def make_prior(probas: FloatArray, training_share: float, earlier: Sequence[CalibrationOffset]) -> SharePrior | None:
    """The prior of the share of an audience, from its scores and the offsets of earlier audits; None without any.

    Args:
        probas: Scores in [0, 1], shape (N,).
        training_share: Share of fakes that they are calibrated to, in (0, 1).
        earlier: Of other audiences of the platform, scored by the same model.
    """
    if not earlier:
        return None
    found, error = (np.array([getattr(one, name) for one in earlier]) for name in ("offset", "error"))
    variance = error**2 + _SPREADS[:, None] ** 2
    weight = 1 / variance
    mean, of_mean = (weight @ found) / weight.sum(axis=1), 1 / weight.sum(axis=1)
    apart = (weight * (found - mean[:, None]) ** 2).sum(axis=1)
    fit = (np.log(of_mean) - np.log(variance).sum(axis=1) - apart - (_SPREADS / SPREAD_SCALE) ** 2) / 2
    probable = np.exp(fit - fit.max())
    probable /= probable.sum()
    # The share of the profiles at hand differs from that of the frame by the sampling of N of them.
    offsets = _offsets_at(probas, training_share)
    slope = np.maximum(np.gradient(offsets, SHARES), 1e-9)
    of_frame = slope**2 * SHARES * (1 - SHARES) / len(probas)
    spread = (of_mean + _SPREADS**2)[:, None] + of_frame
    bells = np.exp(-((offsets - mean[:, None]) ** 2) / spread / 2) / np.sqrt(spread)
    density = probable @ bells * slope
    total = float(density @ _WIDTHS)
    known = density / total if total > 0 else np.ones_like(SHARES)
    return SharePrior(np.asarray((1 - FLAT_SHARE) * known + FLAT_SHARE, dtype=np.float64), len(earlier))


def _offsets_at(probas: FloatArray, training_share: float) -> FloatArray:
    """The offset at which the moved scores sum to each of SHARES."""
    inner = np.sort(np.clip(probas, 1e-9, 1 - 1e-9))
    scores = np.log(inner / (1 - inner)) - np.log(training_share / (1 - training_share))
    edges = np.linspace(0, len(scores), min(len(scores), _MOST_SCORES) + 1).astype(np.int64)
    scores, weight = np.add.reduceat(scores, edges[:-1]) / np.diff(edges), np.diff(edges) / len(scores)
    moved = np.log(SHARES / (1 - SHARES))[:, None] + scores
    low, high = np.full(len(SHARES), -_WIDEST), np.full(len(SHARES), _WIDEST)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        is_low = (1 / (1 + np.exp(-(moved + middle[:, None])))) @ weight < SHARES
        low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
    return np.asarray((low + high) / 2, dtype=np.float64)
