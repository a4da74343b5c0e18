"""What earlier audits say of the next: offsets, and a prior that is as sure as they agree."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from zhenfen.estimators.pooled import SHARES, CalibrationOffset, find_offset, find_offsets, make_prior

EVEN = 0.5


def make_scores(share: float, shift: float, n: int = 4_000) -> np.ndarray:
    """Calibrated at even shares, then moved by `shift` in log-odds."""
    rng = np.random.default_rng(1)
    truth = rng.random(n) < share
    return 1 / (1 + np.exp(-(2 * rng.normal(np.where(truth, 1, -1), 1) + shift)))


@pytest.mark.parametrize("share", [0.05, 0.3, 0.7])
@pytest.mark.parametrize("shift", [-1.0, 0.0, 1.5])
def test_the_offset_is_what_the_scores_are_off_by_whatever_the_share(share: float, shift: float) -> None:
    found = find_offset(make_scores(share, shift), EVEN, share, 1e-4)
    assert found.offset == pytest.approx(-shift, abs=0.2)
    assert found.error > 0


def test_nothing_before_gives_no_prior() -> None:
    assert make_prior(make_scores(0.2, 0), EVEN, []) is None


def test_audits_that_agree_say_more_than_one_and_more_than_audits_that_do_not() -> None:
    scores = make_scores(0.2, 1.0, 500)
    one = [CalibrationOffset(-1.0, 0.3)]
    torn = [CalibrationOffset(offset, 0.3) for offset in (-3.5, 1.5) * 5]

    def width(earlier: list[CalibrationOffset]) -> float:
        prior = make_prior(scores, EVEN, earlier)
        assert prior is not None and prior.n_audits == len(earlier)
        _, low, high = prior.interval(6, 30, 0.95)
        return high - low

    assert width(one * 10) < width(one) < width(torn) + 0.05
    assert width(one * 10) < width(torn)


def test_labels_overrule_what_was_before() -> None:
    prior = make_prior(make_scores(0.2, 0.0, 500), EVEN, [CalibrationOffset(0.0, 0.1)] * 10)
    assert prior is not None
    assert (prior.density * np.gradient(SHARES)).sum() == pytest.approx(1, abs=0.02)
    share, low, high = prior.interval(180, 200, 0.95)
    assert low < 0.9 < high
    assert share > 0.6


def test_audits_of_other_creators_and_models_are_left_out() -> None:
    rows = pl.DataFrame(
        {
            "creator_id": ["a", "a", "b"],
            "audit_id": ["2", "1", "3"],
            "model": ["audience/2", "audience/1", "audience/2"],
            "offset": [0.5, 9.0, 9.0],
            "offset_error": [0.1, 0.1, 0.1],
        }
    )
    assert find_offsets(rows, "a", "audience/2") == [CalibrationOffset(0.5, 0.1)]
    # Rows from before the hash stood there name the version alone.
    assert find_offsets(rows, "a", "audience/2@aaaaaaaa") == [CalibrationOffset(0.5, 0.1)]
    hashed = rows.with_columns(pl.col("model") + "@bbbbbbbb")
    assert find_offsets(hashed, "a", "audience/2@aaaaaaaa") == []
    assert find_offsets(None, "a", "audience/2") == []
