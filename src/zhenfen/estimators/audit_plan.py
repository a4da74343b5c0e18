"""When an audit has its answer, and how many more labels it will take."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from zhenfen.errors import ConfigError
from zhenfen.estimators.audit_sample import cut_strata
from zhenfen.estimators.looks import FIRST_LOOK, level_of_look
from zhenfen.estimators.pooled import SharePrior
from zhenfen.estimators.prevalence import share_from_labels
from zhenfen.estimators.stratified import FEWEST_LABELS, Estimate, make_draw

FloatArray = NDArray[np.float64]

FEWEST_MORE = 10
"""Labels of a batch, at least: a look costs part of the error, which two or three labels don't pay for."""
MOST_TIMES = 3
"""A batch makes at most three times as many labels of those there are: what few labels foresee is a guess. Twice costs
a look more and 4 to 6 % more labels (benchmarks/audits.py)."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What an audit is to find out; one of the two, or both.

    Attributes:
        width: The interval is to be no wider, in (0, 1).
        line: The interval is to lie on one side of it, in (0, 1).

    Raises:
        ConfigError: Neither is given, or one is out of its range.
    """

    width: float | None = None
    line: float | None = None

    def __post_init__(self) -> None:
        """Check the ranges."""
        given = {name: one for name, one in (("--width", self.width), ("--line", self.line)) if one is not None}
        if not given:
            raise ConfigError("an audit in batches needs a question: --width, --line, or both")
        for name, value in given.items():
            if not 0 < value < 1:
                raise ConfigError(f"{name} {value}: expected a share between 0 and 1, such as 0.15 for 15 %")

    def is_met(self, low: float, high: float) -> bool:
        """Whether an interval answers the question."""
        is_narrow = self.width is None or high - low <= self.width
        return is_narrow and (self.line is None or low > self.line or high < self.line)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an audit in batches stands.

    Attributes:
        n_labels: Labels there are.
        share: Estimate in [0, 1]; None before there are 30 labels, as low and high.
        low: Lower end of an interval that holds at whichever batch the audit stops.
        high: Upper end.
        is_enough: Whether the question is answered.
        n_more: Labels the next batch should have; 0 when it is enough or all profiles are labelled.
        n_expected: Labels the audit is expected to need in all; None when all profiles will not do.
    """

    n_labels: int
    share: float | None
    low: float | None
    high: float | None
    is_enough: bool
    n_more: int
    n_expected: int | None


def plan_audit(
    probas: FloatArray,
    is_labelled: NDArray[np.bool_],
    labels: FloatArray,
    looks: tuple[int, ...],
    goal: Goal,
    *,
    confidence_level: float = 0.95,
    prior: SharePrior | None = None,
) -> Progress:
    """Whether the labels of an audit answer its question, and how many more will.

    Without labels the scores stand in for them, as if they were calibrated on this audience: a first guess.

    Args:
        probas: Scores in [0, 1], shape (N,).
        is_labelled: Which profiles have a label, drawn at random within `cut_strata`, shape (N,).
        labels: 1 fake, 0 genuine, anything where not labelled, shape (N,).
        looks: Labels there were after each batch.
        goal: The question.
        confidence_level: Of all looks together, in (0, 1).
        prior: What earlier audits of the platform say of the share.
    """
    n_labels, strata = int(is_labelled.sum()), cut_strata(probas)
    forecast = _Forecast(len(probas), looks, goal, confidence_level, prior)
    if n_labels < FIRST_LOOK:
        first = min(FIRST_LOOK - n_labels, len(probas) - n_labels)
        guess = forecast.fewest_labels(_guess(probas, strata), FIRST_LOOK)
        return Progress(n_labels, None, None, None, is_enough=False, n_more=first, n_expected=guess)
    inclusion = (np.bincount(strata[is_labelled], minlength=strata.max() + 1) / np.bincount(strata))[strata]
    estimate = make_draw(probas, is_labelled, labels, np.maximum(inclusion, 1e-9), strata).estimate()
    level = level_of_look(looks, confidence_level)
    share, low, high = share_from_labels(estimate, level, prior)
    share = min(max(share, 0.0), 1.0)
    if goal.is_met(low, high):
        return Progress(n_labels, share, low, high, is_enough=True, n_more=0, n_expected=n_labels)
    expected = forecast.fewest_labels(estimate, n_labels)
    total = np.clip(expected or len(probas), n_labels + FEWEST_MORE, MOST_TIMES * n_labels)
    n_more = min(int(total), len(probas)) - n_labels
    return Progress(n_labels, share, low, high, is_enough=False, n_more=n_more, n_expected=expected)


def _guess(probas: FloatArray, strata: NDArray[np.int64]) -> Estimate:
    """What 30 labels would say of an audience that is as its scores have it."""
    mean = np.bincount(strata, probas) / np.bincount(strata)
    share = float(np.clip(probas.mean(), 1 / len(probas), 1 - 1 / len(probas)))
    within = float((mean * (1 - mean)).mean()) * max(1 / FIRST_LOOK - 1 / len(probas), 0.0)
    of_frame = share * (1 - share) / len(probas)
    return Estimate(share, share, within + of_frame, FIRST_LOOK - FEWEST_LABELS)


@dataclass(frozen=True, slots=True)
class _Forecast:
    """What more labels would say: the question, the looks so far, the level and the prior of an audit of N profiles."""

    n_profiles: int
    looks: tuple[int, ...]
    goal: Goal
    confidence_level: float
    prior: SharePrior | None

    def fewest_labels(self, estimate: Estimate, n_labels: int) -> int | None:
        """With which the question would be answered, were share and spread as they seem now; None if by none."""
        of_frame = estimate.smooth_share * (1 - estimate.smooth_share) / self.n_profiles
        within = max(estimate.variance - of_frame, 0.0) / max(1 / n_labels - 1 / self.n_profiles, 1e-9)

        def is_met(n: int) -> bool:
            variance = within * (1 / n - 1 / self.n_profiles) + of_frame
            later = replace(estimate, variance=variance, degrees=estimate.degrees + n - n_labels)
            level = level_of_look((*self.looks, n), self.confidence_level)
            return self.goal.is_met(*share_from_labels(later, level, self.prior)[1:])

        low, high = n_labels, self.n_profiles
        if high <= low or not is_met(high):
            return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if is_met(middle) else (middle, high)
        return high
