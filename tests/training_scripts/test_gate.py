"""The gate: a model as good passes, a worse one fails on the slice where it is worse, too little data says nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from training.gate import Check, Contender, Gate, check_bytes, check_calibration, compare, judge, may_promote
from training.held_out import FILE, SCHEMA, make_held_out, read_held_out

from registry_builder import SHIPPED, make_held
from zhenfen.config import config_dir, read_config
from zhenfen.errors import ConfigError
from zhenfen.estimators.shelved import load_kinds

RULES = read_config(config_dir() / "gate.yaml", Gate)
LIMITS = RULES.models["audience"]
GATE = RULES.model_copy(update={"n_resamples": 100, "n_timed": 200, "n_rounds": 1})


def by_place(checks: list[Check], what: str) -> dict[str, Check]:
    return {check.where: check for check in checks if check.what == what}


def blur(held: pl.DataFrame, where: pl.Expr, amount: float) -> pl.DataFrame:
    """Scores drawn towards one half, and past it, where `where` holds: a worse model there."""
    rng = np.random.default_rng(5)
    noise = pl.Series(rng.normal(0, amount, held.height))
    worse = ((pl.col("within") + noise).clip(0.01, 0.99)).alias("within")
    return held.with_columns(pl.when(where).then(worse).otherwise("within").alias("within")).with_columns(
        across="within"
    )


def test_every_model_has_its_limits() -> None:
    assert set(RULES.models) == set(load_kinds())


def test_the_same_model_differs_by_nothing() -> None:
    checks = compare(make_held(), make_held(), LIMITS, GATE)
    known = [check for check in checks if check.what in ("auc", "brier") and check.passed is not None]
    assert {(check.value, check.low, check.high) for check in known} == {(0.0, 0.0, 0.0)}
    assert may_promote(checks)
    assert {"within all", "across all", "within source one", "within platform x"} <= set(by_place(checks, "auc"))


def test_a_worse_model_fails_where_it_is_worse_and_only_there() -> None:
    held = make_held(1200)
    checks = compare(blur(held, pl.col("source") == "two", 0.6), held, LIMITS, GATE)
    found = by_place(checks, "auc")
    assert found["within source two"].passed is False
    assert found["within source one"].passed is True
    assert not may_promote(checks)


def test_a_better_model_passes_and_its_difference_is_positive() -> None:
    worse = make_held(1200)
    better = worse.with_columns(within=(pl.col("within") + 0.2 * (2 * pl.col("is_fake") - 1)).clip(0.01, 0.99))
    checks = compare(better.with_columns(across="within"), worse, LIMITS, GATE)
    assert all(check.value > 0 for check in checks if check.passed is not None)
    assert may_promote(checks)


def test_the_order_of_rows_changes_nothing() -> None:
    held, before = blur(make_held(), pl.lit(value=True), 0.1), make_held()
    shuffled = before.sample(fraction=1, shuffle=True, seed=3)
    assert compare(held, shuffled, LIMITS, GATE) == compare(held, before, LIMITS, GATE)


def test_paired_intervals_are_narrower_than_those_of_two_samples() -> None:
    """The same rows for both: what is hard for one is hard for the other."""
    held = make_held(1200)
    near = blur(held, pl.lit(value=True), 0.05)
    other = make_held(1200, seed=9).with_columns(pl.col("row"))
    paired = by_place(compare(near, held, LIMITS, GATE), "auc")["within all"]
    unpaired = by_place(compare(near, other, LIMITS, GATE), "auc")["within all"]
    widths = [
        check.high - check.low for check in (paired, unpaired) if check.high is not None and check.low is not None
    ]
    assert widths[0] < widths[1] / 2


def test_few_rows_of_a_label_say_nothing_of_its_order() -> None:
    held = make_held()
    rare = held.filter((pl.col("source") == "one") | (pl.col("is_fake") == 0))
    checks = compare(rare, rare, LIMITS, GATE)
    assert by_place(checks, "auc")["within source two"].passed is None
    assert by_place(checks, "brier")["within source two"].passed is True


def test_nothing_in_common_is_no_reason_to_promote() -> None:
    other = make_held().with_columns(pl.col("row") + "?")
    checks = compare(make_held(), other, LIMITS, GATE)
    assert not may_promote(checks)


def test_a_source_that_the_challenger_leaves_out_fails() -> None:
    """The rows of both show no loss there, for there are none."""
    held = make_held(1200)
    checks = compare(held.filter(pl.col("source") == "one"), held, LIMITS, GATE)
    found = by_place(checks, "shared_rows")
    assert found["within source two"].passed is False
    assert found["within source two"].value == 0
    assert "within source one" not in found
    assert not may_promote(checks)


def test_a_view_that_the_challenger_leaves_out_fails() -> None:
    held = make_held(1200)
    checks = compare(held.with_columns(across=pl.lit(None, pl.Float64)), held, LIMITS, GATE)
    found = by_place(checks, "shared_rows")
    assert (found["within all"].passed, found["across all"].passed) == (True, False)
    assert not may_promote(checks)


def test_a_few_rows_may_go_and_others_come() -> None:
    held = make_held(1200)
    renamed = held.with_columns(
        row=pl.when(pl.int_range(pl.len()) % 20 == 0).then(pl.col("row") + "?").otherwise("row")
    )
    checks = compare(renamed, held, LIMITS, GATE)
    assert by_place(checks, "shared_rows")["within all"].value == pytest.approx(0.95)
    assert may_promote(checks)


def test_bands_stand_in_the_order_of_their_sizes() -> None:
    held = make_held(1200)
    places = [place for place in by_place(compare(held, held, LIMITS, GATE), "auc") if "within size" in place]
    assert places == [f"within size {band} followers" for band in ("below 100", "from 100", "from 1000", "from 10000")]


def test_unknown_sizes_have_a_band_of_their_own() -> None:
    held = make_held().with_columns(size=pl.when(pl.col("size") > 1000).then("size"))
    places = by_place(compare(held, held, LIMITS, GATE), "brier")
    assert {"within size unknown followers", "within size from 10000 followers"} <= set(places)


@pytest.mark.parametrize(("shift", "passed"), [(0.0, True), (0.2, False)])
def test_calibration_is_judged_on_its_own(shift: float, passed: bool) -> None:
    """Ten rows at p = .1 with one fake among them, and so on: calibrated by construction, at even shares."""
    n = 100
    probas = np.tile(np.repeat(np.linspace(0.05, 0.95, 10), n), 2)
    fake = np.concatenate([np.arange(n) < round(p * n) for p in np.linspace(0.05, 0.95, 10)] * 2)
    held = make_held(len(probas)).with_columns(
        pl.Series("within", np.clip(probas + shift, 0, 1)), is_fake=pl.Series(fake.astype(np.int8))
    )
    assert check_calibration(held, LIMITS).passed is passed


def test_size_counts_the_files_that_are_shipped() -> None:
    (found,) = {check_bytes(SHIPPED, LIMITS).value}
    assert found == sum(path.stat().st_size for path in SHIPPED.iterdir())
    assert check_bytes(SHIPPED, LIMITS.model_copy(update={"most_bytes": 10})).passed is False


def test_without_a_champion_only_the_model_itself_is_judged() -> None:
    contender = Contender(SHIPPED, make_held())
    alone = judge(GATE, "audience", contender, None)
    assert {check.what for check in alone} == {"calibration_error", "bytes"}
    both = judge(GATE, "audience", contender, contender)
    assert {check.what for check in both} == {"calibration_error", "bytes", "auc", "brier", "shared_rows", "speed"}


class TestHeldOut:
    ROWS = pl.DataFrame(
        {
            "source": ["a", "a", "b", "b"],
            "platform": ["weibo", "weibo", "x", "x"],
            "twin": [1, 2, 3, 3],
            "is_fake": [0.0, 1.0, 1.0, 0.5],
            "text": ["一", "二", "一", "三"],
        }
    )

    def make(self, rows: pl.DataFrame) -> pl.DataFrame:
        probas = rows["is_fake"].to_numpy() * 0.8 + 0.1
        return make_held_out(rows, ["text"], pl.col("text").str.len_chars(), probas, None)

    def test_rows_keep_their_name_in_another_order_and_among_others(self) -> None:
        whole = dict(self.make(self.ROWS).select("row", "within").iter_rows())
        part = dict(self.make(self.ROWS.reverse().head(3)).select("row", "within").iter_rows())
        assert part.items() <= whole.items()
        assert len(whole) == 3, "undecided rows are left out; the same text of two sources is two rows"

    def test_no_text_is_kept(self) -> None:
        made = self.make(self.ROWS)
        assert dict(made.schema) == SCHEMA
        assert not any(text in str(made.rows()) for text in self.ROWS["text"])

    def test_it_is_read_back_or_refused(self, tmp_path: Path) -> None:
        made = self.make(self.ROWS)
        made.write_parquet(tmp_path / FILE)
        assert read_held_out(tmp_path / FILE).equals(made)
        made.drop("twin").write_parquet(tmp_path / FILE)
        with pytest.raises(ConfigError, match="expected columns row, source"):
            read_held_out(tmp_path / FILE)
        (tmp_path / FILE).write_bytes(b"PAR1")
        with pytest.raises(ConfigError, match="expected held-out scores"):
            read_held_out(tmp_path / FILE)
