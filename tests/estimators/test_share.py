"""Which formula an audience gets, and when it gets no answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from zhenfen.estimators.audit_sample import draw_sample
from zhenfen.estimators.prevalence import Validation, adjusted_count, adjusted_counts
from zhenfen.estimators.share import NO_VALIDATION, TOO_WIDE, AuditLabels, ScoredAudience, estimate_share

GOOD = Validation("good", "weibo", n_fake=400, n_fake_flagged=360, n_genuine=400, n_genuine_flagged=20)
NEAR = Validation("near", "bilibili", n_fake=400, n_fake_flagged=370, n_genuine=400, n_genuine_flagged=16)
FAIR = Validation("fair", "weibo", n_fake=200, n_fake_flagged=160, n_genuine=200, n_genuine_flagged=20)
POOR = Validation("poor", "instagram", n_fake=100, n_fake_flagged=60, n_genuine=100, n_genuine_flagged=30)
PROBAS = np.random.default_rng(1).beta(0.4, 1.2, 400)
IS_FAKE = (np.random.default_rng(2).random(400) < PROBAS).astype(float)


def make_audit(n_labels: int) -> AuditLabels:
    drawn = draw_sample(PROBAS, n_labels, 1)
    is_labelled = np.isin(np.arange(400), drawn.indices)
    return AuditLabels(is_labelled, np.where(is_labelled, IS_FAKE, np.nan), drawn.inclusion, drawn.strata)


def make_audience(in_domain=(), across=(GOOD, POOR), n_labels: int = 0) -> ScoredAudience:
    audit = make_audit(n_labels) if n_labels else None
    return ScoredAudience(PROBAS, PROBAS >= 0.5, 0.5, in_domain, across, audit)


@pytest.mark.parametrize(
    ("in_domain", "across", "n_labels", "method"),
    [
        ((GOOD,), (), 0, "adjusted_count"),
        ((GOOD, FAIR), (), 0, "adjusted_count"),
        ((), (GOOD, POOR), 0, "worst_case"),
        ((), (GOOD, POOR), 29, "worst_case"),
        ((GOOD,), (POOR,), 29, "adjusted_count"),
        ((), (GOOD, POOR), 30, "prediction_powered"),
        ((GOOD,), (POOR,), 30, "prediction_powered"),
        ((), (), 100, "prediction_powered"),
    ],
)
def test_the_formula_follows_labels_then_domain(in_domain, across, n_labels, method) -> None:
    found = estimate_share(make_audience(in_domain, across, n_labels), widest_interval=1.0)
    assert found.reason is None
    assert found.prevalence is not None
    assert found.prevalence.method == method
    assert found.prevalence.n_labels == (n_labels if method == "prediction_powered" else 0)


def test_in_domain_only_the_validations_in_domain_count() -> None:
    n_flagged = int((PROBAS >= 0.5).sum())
    one = estimate_share(make_audience((GOOD,), (POOR,)), 1.0)
    assert one.prevalence == adjusted_count(n_flagged, 400, GOOD)
    two = estimate_share(make_audience((GOOD, FAIR), (POOR,)), 1.0)
    assert two.prevalence == adjusted_counts(n_flagged, 400, (GOOD, FAIR))


@pytest.mark.parametrize("across", [(), (GOOD,)])
def test_out_of_domain_one_validation_is_no_answer(across) -> None:
    found = estimate_share(make_audience((), across), 1.0)
    assert (found.prevalence, found.reason) == (None, NO_VALIDATION)


@pytest.mark.parametrize(("in_domain", "n_labels"), [((GOOD,), 0), ((), 0), ((), 50)])
def test_an_interval_wider_than_allowed_is_no_answer(in_domain, n_labels: int) -> None:
    audience = make_audience(in_domain, n_labels=n_labels)
    made = estimate_share(audience, 1.0).prevalence
    assert made is not None
    wide = made.high - made.low
    assert estimate_share(audience, wide - 1e-9).reason == TOO_WIDE
    assert estimate_share(audience, wide).reason is None


def test_the_cross_check_is_made_in_domain_without_labels_only() -> None:
    assert estimate_share(make_audience((GOOD,)), 1.0).cross_check is not None
    assert estimate_share(make_audience(), 1.0).cross_check is None
    assert estimate_share(make_audience((GOOD,), n_labels=40), 1.0).cross_check is None


def test_a_cross_check_outside_the_interval_contradicts_it() -> None:
    is_flagged, is_fake = PROBAS >= 0.5, IS_FAKE == 1
    n_fake, n_fake_flagged = int(is_fake.sum()), int((is_fake & is_flagged).sum())
    fitting = Validation("-", "weibo", n_fake, n_fake_flagged, 400 - n_fake, int(is_flagged.sum()) - n_fake_flagged)
    audience = make_audience((fitting,))
    # Scores that are calibrated at the share they were drawn with.
    agreeing = estimate_share(replace(audience, training_share=IS_FAKE.mean()), 1.0)
    assert not agreeing.is_contradicted
    # The same flags, but scores that say everybody is fake.
    contradicting = estimate_share(replace(audience, probas=np.full(400, 0.999)), 1.0)
    assert contradicting.prevalence == agreeing.prevalence
    assert contradicting.is_contradicted
    assert not estimate_share(make_audience(), 1.0).is_contradicted


def test_a_higher_level_of_confidence_is_wider_for_every_formula() -> None:
    for audience in (make_audience((GOOD,)), make_audience(across=(GOOD, GOOD, NEAR)), make_audience(n_labels=50)):
        narrow, wide = (estimate_share(audience, 1.0, level).prevalence for level in (0.8, 0.99))
        assert narrow is not None
        assert wide is not None
        assert wide.high - wide.low > narrow.high - narrow.low
        assert wide.confidence_level == 0.99
