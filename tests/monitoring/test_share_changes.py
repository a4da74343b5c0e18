"""Shares flagged then and now: intervals, corrections, platforms, copies of a text."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from zhenfen.estimators.prevalence import Validation
from zhenfen.monitoring.prevalence import DOMAIN, OUT_OF_DOMAIN, WEAK, Detector, compare_shares, measure_skill
from zhenfen.monitoring.rules import load_rules

RULES = load_rules().rules
GOOD = Validation("a", "weibo", 1000, 800, 1000, 100)
COIN = Validation("b", "x", 60, 30, 60, 28)
DETECTOR = Detector("p", 0.5, 0.5, {"weibo": [GOOD], "x": [COIN]}, [GOOD, COIN])


def make(share: float, n: int = 4000, seed: int = 1, platform: str | None = "weibo") -> pl.DataFrame:
    """Rows of which a share is what is looked for, read by a detector that errs as in GOOD."""
    rng = np.random.default_rng(seed)
    is_it = rng.random(n) < share
    flagged = np.where(is_it, rng.random(n) < 0.8, rng.random(n) < 0.1)
    frame = pl.DataFrame({"p": np.where(flagged, 0.9, 0.1), "out_of_domain": np.zeros(n, dtype=bool)})
    return frame if platform is None else frame.with_columns(platform=pl.lit(platform))


def test_the_corrected_change_holds_the_truth_and_the_flagged_one_is_smaller() -> None:
    (found,) = compare_shares(make(0.1), make(0.3, seed=2), [DETECTOR], RULES)
    assert found.has_moved
    assert found.reason is None
    assert found.corrected is not None
    assert found.corrected.low < 0.2 < found.corrected.high
    assert found.change.value < 0.15 < found.corrected.value
    for share, truth in zip(found.shares, (0.1, 0.3), strict=True):
        assert share is not None
        assert share.low < truth < share.high


@pytest.mark.parametrize("change", [0.0, 0.02])
def test_a_small_change_is_shown_but_does_not_count(change: float) -> None:
    (found,) = compare_shares(make(0.1, 200_000), make(0.1 + change, 200_000, 2), [DETECTOR], RULES)
    assert not found.has_moved


def test_too_few_rows_for_a_change_to_be_sure_do_not_count() -> None:
    (found,) = compare_shares(make(0.1, 40), make(0.25, 40, 3), [DETECTOR], RULES)
    assert found.change.value > RULES.least_change
    assert found.change.low <= 0 <= found.change.high
    assert not found.has_moved


def test_every_platform_is_its_own_and_all_intervals_hold_together() -> None:
    both = [pl.concat((make(0.1, seed=s), make(0.1, seed=s + 5, platform="x"))) for s in (1, 2)]
    weibo, x = compare_shares(both[0], both[1], [DETECTOR], RULES)
    assert (weibo.platform, x.platform) == ("weibo", "x")
    assert (weibo.reason, x.reason) == (None, WEAK)
    (alone,) = compare_shares(make(0.1), make(0.1, seed=2), [DETECTOR], RULES)
    assert weibo.change.high - weibo.change.low > alone.change.high - alone.change.low


@pytest.mark.parametrize(
    "rows",
    [
        make(0.1, platform="douyin"),
        make(0.1, platform=None),
        make(0.1).with_columns(out_of_domain=pl.int_range(pl.len()) % 3 == 0),
    ],
)
def test_out_of_the_domain_there_is_no_corrected_change(rows: pl.DataFrame) -> None:
    (found,) = compare_shares(rows, rows, [DETECTOR], RULES)
    assert (found.corrected, found.reason) == (None, OUT_OF_DOMAIN)
    assert found.shares[0] is not None
    assert found.shares[0].method == "worst_case"


def test_copies_of_a_text_count_once() -> None:
    rows = make(0.1, 400, platform=None).with_columns(text_group=pl.format("row {}", pl.int_range(pl.len())))
    flood = rows.head(1).with_columns(p=pl.lit(0.9), text_group=pl.lit("copies"))
    (found,) = compare_shares(rows, pl.concat((rows, *[flood] * 300)), [DETECTOR], RULES)
    assert found.n == (400, 401)
    assert not found.has_moved


def test_the_order_of_rows_changes_nothing() -> None:
    one, two = make(0.1), make(0.3, seed=2)
    shuffled = two.sample(fraction=1, shuffle=True, seed=3)
    assert compare_shares(one, two, [DETECTOR], RULES) == compare_shares(one, shuffled, [DETECTOR], RULES)


def test_rows_without_a_score_and_absent_columns_are_left_out() -> None:
    rows = make(0.1).with_columns(p=pl.when(pl.int_range(pl.len()) % 2 == 0).then("p"))
    (found,) = compare_shares(rows, make(0.1), [DETECTOR], RULES)
    assert found.n == (2000, 4000)
    assert compare_shares(rows.drop("p"), make(0.1), [DETECTOR], RULES) == []


def test_the_share_out_of_domain_is_a_share_like_any_other() -> None:
    strange = make(0.1).with_columns(out_of_domain=pl.int_range(pl.len()) % 2 == 0)
    (found,) = compare_shares(make(0.1), strange, [DOMAIN], RULES)
    assert found.flagged[1].value == 0.5
    assert found.has_moved
    assert (found.shares, found.corrected, found.reason) == ((None, None), None, None)


def test_skill_of_several_sources_covers_each() -> None:
    alone, both = measure_skill([GOOD], 0.95), measure_skill([GOOD, COIN], 0.95)
    assert alone.value == pytest.approx(0.7)
    assert both.low < measure_skill([COIN], 0.95).low < alone.high < both.high


def test_rows_of_different_platforms_are_never_taken_together() -> None:
    assert compare_shares(make(0.1), make(0.5, platform="x"), [DETECTOR], RULES) == []
