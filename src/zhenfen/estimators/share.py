"""Which formula an audience gets, and when there is no answer (DESIGN §5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zhenfen.estimators.pooled import CalibrationOffset, make_prior
from zhenfen.estimators.prevalence import (
    Prevalence,
    Validation,
    adjusted_counts,
    expectation_maximised,
    prediction_powered,
    worst_case,
)

FloatArray = NDArray[np.float64]

N_LABELS_NEEDED = 30
"""DESIGN §5. Below, the t-quantile and the variance of five strata with six labels each are guesses."""
N_DOMAINS_NEEDED = 2
"""One domain says nothing of how domains differ."""
NO_VALIDATION = "not_validated"
TOO_WIDE = "interval_too_wide"


@dataclass(frozen=True, slots=True)
class AuditLabels:
    """Labels of a draw from this very audience, arrays of shape (N,), see `prediction_powered`.

    Attributes:
        is_labelled: Which profiles have a label.
        labels: 1 fake, 0 genuine; anything where not labelled.
        inclusion: Probability with which each profile could be drawn.
        strata: Stratum of each profile.
        looks: Labels there were after each batch; empty for one draw.
    """

    is_labelled: NDArray[np.bool_]
    labels: FloatArray
    inclusion: FloatArray
    strata: NDArray[np.int64]
    looks: tuple[int, ...] = ()

    @property
    def n_labels(self) -> int:
        """How many profiles were labelled."""
        return int(self.is_labelled.sum())


@dataclass(frozen=True, slots=True)
class ScoredAudience:
    """One frame of one creator as a detector sees it.

    Attributes:
        probas: Calibrated scores, shape (N,).
        is_flagged: Scores at or above the detector's threshold, shape (N,).
        training_share: Share of fakes that the scores are calibrated to, in (0, 1).
        in_domain: Validations on profiles like these (the same platform, other rows of the same sources); empty when
            the audience lies out of the detector's domain.
        across: Validations on sources that the detector had not seen.
        audit: Labels of this audience; None without.
        earlier: How far the scores were off in earlier audits of the platform; they say something only beside labels.
    """

    probas: FloatArray
    is_flagged: NDArray[np.bool_]
    training_share: float
    in_domain: Sequence[Validation]
    across: Sequence[Validation]
    audit: AuditLabels | None = None
    earlier: Sequence[CalibrationOffset] = ()


@dataclass(frozen=True, slots=True)
class ShareEstimate:
    """The answer, or why there is none.

    Attributes:
        prevalence: What was computed; None when nothing could be. To be shown as a finding only if `reason` is None.
        reason: NO_VALIDATION or TOO_WIDE, why the share is not assessed; None when it is.
        cross_check: What EMQ says where it applies (in domain, without labels); None elsewhere.
    """

    prevalence: Prevalence | None
    reason: str | None
    cross_check: float | None = None

    @property
    def is_contradicted(self) -> bool:
        """Whether the cross-check lies outside the interval: then both are to be reported."""
        if self.prevalence is None or self.cross_check is None:
            return False
        return not self.prevalence.low <= self.cross_check <= self.prevalence.high


def estimate_share(audience: ScoredAudience, widest_interval: float, confidence_level: float = 0.95) -> ShareEstimate:
    """Estimate the share of fakes by the formula that the audience allows.

    30 or more labels: `prediction_powered`. Fewer are left aside. Else in domain: `adjusted_counts`, with EMQ as a
    cross-check. Else: the `worst_case` over domains, of which there must be two. An interval wider than allowed is no
    answer, whatever made it.

    Args:
        audience: Scores, flags, validations, labels.
        widest_interval: Largest high - low that is still reported, in (0, 1].
        confidence_level: In (0, 1).

    Raises:
        ValueError: A label is neither 0 nor 1.
    """
    if audience.audit is not None and audience.audit.n_labels >= N_LABELS_NEEDED:
        audit = audience.audit
        labels = (audit.is_labelled, audit.labels, audit.inclusion, audit.strata)
        prior = make_prior(audience.probas, audience.training_share, audience.earlier)
        estimate = prediction_powered(
            audience.probas, *labels, confidence_level=confidence_level, looks=audit.looks, prior=prior
        )
        return _judge(estimate, widest_interval)
    n_flagged, n_profiles = int(audience.is_flagged.sum()), len(audience.is_flagged)
    if audience.in_domain:
        prevalence = adjusted_counts(n_flagged, n_profiles, audience.in_domain, confidence_level)
        return _judge(prevalence, widest_interval, expectation_maximised(audience.probas, audience.training_share))
    if len(audience.across) < N_DOMAINS_NEEDED:
        return ShareEstimate(None, NO_VALIDATION)
    return _judge(worst_case(n_flagged, n_profiles, audience.across, confidence_level), widest_interval)


def _judge(prevalence: Prevalence, widest_interval: float, cross_check: float | None = None) -> ShareEstimate:
    is_too_wide = prevalence.high - prevalence.low > widest_interval
    return ShareEstimate(prevalence, TOO_WIDE if is_too_wide else None, cross_check)
