"""What a reader is told first: what moved, from what to what, and what to do."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.monitoring.comparison import compare_columns
from zhenfen.monitoring.prevalence import DOMAIN, compare_shares
from zhenfen.monitoring.rules import load_rules
from zhenfen.monitoring.summary import MOST_FINDINGS, tell_advice, tell_findings

RULES = load_rules().rules
N = 2000
ENGLISH = Catalogue("en")


def make(seed: int = 1) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    zeros = np.where(rng.random(N) < 0.7, 0.0, rng.poisson(3.0, N))
    numbers = {f"n{i}": rng.normal(size=N) for i in range(8)}
    flags = {"out_of_domain": rng.random(N) < 0.05, "platform": rng.choice(["weibo", "x"], N)}
    return pl.DataFrame({**numbers, "zeros": zeros, **flags})


def tell(new: pl.DataFrame, catalogue: Catalogue = ENGLISH) -> tuple[list[str], list[str]]:
    columns = compare_columns(make(), new, {"n1": (-3.0, 3.0)}, RULES)
    changes = compare_shares(make(), new, [DOMAIN], RULES)
    return tell_findings(columns, changes, catalogue), tell_advice(columns, changes, catalogue)


def test_nothing_moved_means_nothing_to_do() -> None:
    assert tell(make(2)) == ([], [ENGLISH.text("monitor.advice.none")])


@pytest.mark.parametrize(
    ("change", "finding", "advice"),
    [
        ({"n1": pl.col("n1") + 1}, "n1 · weibo: median", "moved"),
        ({"n1": pl.col("n1") + 9}, "n1 · weibo: median", "domain"),
        ({"zeros": pl.col("zeros") * (pl.int_range(N) % 3 == 0)}, "zeros · x: share of “0”", "moved"),
        ({"n1": pl.lit(None, pl.Float64)}, "n1 · weibo: share missing 0% → 100%", "absent"),
        ({"platform": pl.lit("x")}, "Another mix of platforms", "mix"),
        ({"out_of_domain": pl.int_range(N) % 2 == 0}, "out_of_domain · weibo: share beyond", "domain"),
    ],
)
def test_each_kind_of_change_is_named_with_its_size_and_what_to_do(
    change: dict[str, pl.Expr], finding: str, advice: str
) -> None:
    found, asked = tell(make(2).with_columns(**change))
    assert found[0].startswith(finding), found
    assert ENGLISH.text(f"monitor.advice.{advice}") in asked


def test_many_findings_are_cut_and_counted() -> None:
    found, _ = tell(make(2).with_columns(pl.col(f"n{i}") + 1 for i in range(8)))
    assert len(found) == MOST_FINDINGS + 1
    assert "10" in found[-1]


def test_every_language_has_all_of_it() -> None:
    told = {str(tell(make(2).with_columns(pl.col("n1") + 9), Catalogue(one))) for one in LANGUAGES}
    assert len(told) == 3
