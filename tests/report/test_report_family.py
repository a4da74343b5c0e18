"""Measurements beside their peers: a value outside the range that asks for nothing says why."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from zhenfen.messages import Catalogue
from zhenfen.report.family import summarise_evidence
from zhenfen.verdict.evidence import Evidence


def summarise(language: str = "en", **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "family": "comments", "feature": "comments_template_share", "value": 0.2, "judged": 0.2, "unit": "share",
        "low": 0.0, "high": 0.1, "median": 0.0, "concern": "high", "contribution": 1.0, "reference": "threads",
        "reference_scope": "size", "reference_window": None, "reference_on": None, "n_peers": 99,
    }  # fmt: skip
    setting = SimpleNamespace(catalogue=Catalogue(language), label=lambda *_: "Templates")
    return summarise_evidence(Evidence(**{**values, **changes}), setting)  # type: ignore[arg-type]


def test_above_and_judged_so() -> None:
    assert summarise()["position_text"] == "above the range"


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "judged by the lower end 6.0%"), ("zh", "按区间下限 6.0% 计"), ("fr", "borne basse 6")],
)
def test_above_but_of_few_rows(language: str, words: str) -> None:
    found = summarise(language, judged=0.06, contribution=0.0)
    assert words in found["position_text"]
    assert found["asks"] is False


@pytest.mark.parametrize(("language", "words"), [("en", "gives no level"), ("zh", "不据以定级"), ("fr", "sans niveau")])
def test_above_and_not_judged(language: str, words: str) -> None:
    assert words in summarise(language, judged=None, contribution=0.0)["position_text"]


@pytest.mark.parametrize(("language", "words"), [("en", "not counted"), ("zh", "不计"), ("fr", "non compté")])
def test_above_by_less_than_counts(language: str, words: str) -> None:
    found = summarise(language, value=0.105, judged=0.105, contribution=0.0)
    assert words in found["position_text"]


def test_above_on_the_side_that_asks_for_nothing() -> None:
    found = summarise(concern="low", contribution=0.0)
    assert found["position_text"] == "above the range"


def test_within_says_no_more() -> None:
    assert summarise(value=0.05, judged=None)["position_text"] == "within"
