"""Measurements beside their peers: a value outside the range that asks for nothing says why."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.report.family import summarise_evidence, summarise_family
from zhenfen.verdict.evidence import Evidence, Finding


def evidence(**changes: Any) -> Evidence:
    values: dict[str, Any] = {
        "family": "comments", "feature": "comments_template_share", "value": 0.2, "judged": 0.2, "unit": "share",
        "low": 0.0, "high": 0.1, "median": 0.0, "concern": "high", "contribution": 1.0, "reference": "threads",
        "reference_scope": "size", "reference_window": None, "reference_on": None, "n_peers": 99,
    }  # fmt: skip
    return Evidence(**{**values, **changes})


def summarise(language: str = "en", **changes: Any) -> dict[str, Any]:
    setting = SimpleNamespace(catalogue=Catalogue(language), label=lambda *_: "Templates")
    return summarise_evidence(evidence(**changes), setting)  # type: ignore[arg-type]


def test_above_and_judged_so() -> None:
    assert summarise()["position_text"] == "above the range"


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "judged by the lower end 6.0%"), ("zh", "按区间下限 6.0% 算"), ("fr", "borne basse 6")],
)
def test_above_but_of_few_rows(language: str, words: str) -> None:
    found = summarise(language, judged=0.06, contribution=0.0)
    assert words in found["position_text"]
    assert found["asks"] is False


@pytest.mark.parametrize(("language", "words"), [("en", "gives no level"), ("zh", "不参与评级"), ("fr", "sans niveau")])
def test_above_and_not_judged(language: str, words: str) -> None:
    assert words in summarise(language, judged=None, contribution=0.0)["position_text"]


@pytest.mark.parametrize(("language", "words"), [("en", "not counted"), ("zh", "不计"), ("fr", "non compté")])
def test_above_by_less_than_counts(language: str, words: str) -> None:
    found = summarise(language, value=0.105, judged=0.105, contribution=0.0)
    assert words in found["position_text"]


def test_above_on_the_side_that_asks_for_nothing() -> None:
    found = summarise(concern="low", contribution=0.0)
    assert found["position_text"] == "above the range (this side asks for nothing)"


def test_within_says_no_more() -> None:
    assert summarise(value=0.05, judged=None)["position_text"] == "within"


def test_above_but_its_peers_give_no_level() -> None:
    for changes in ({"reference_scope": "dated"}, {"concern": "none"}):
        assert summarise(contribution=0.0, **changes)["position_text"] == "above the range (described, gives no level)"


@pytest.mark.parametrize(("language", "words"), [("en", "lower end 10%"), ("zh", "下限 10%"), ("fr", "basse 10")])
def test_above_by_its_lower_end_but_too_little(language: str, words: str) -> None:
    found = summarise(language, value=0.3, judged=0.105, contribution=0.0)
    assert words in found["position_text"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_tile_says_within_only_where_every_row_does(language: str) -> None:
    catalogue = Catalogue(language)
    for position, key, counted in ((0.05, "all_within", {}), (0.105, "none_asks", {"n_beside": 1})):
        found = tile(catalogue, value=position, judged=position, contribution=0.0)
        assert found["sentence"] == catalogue.text(f"report.{key}", n_compared=1, **counted)
        assert found["n_beside"] == len(counted)


def tile(catalogue: Catalogue, **changes: Any) -> dict[str, Any]:
    setting = SimpleNamespace(catalogue=catalogue, label=lambda *_: "Templates")
    finding = Finding("comments", "low", "descriptive", 0.0, None, None, None, (evidence(**changes),))
    return summarise_family(finding, setting)  # type: ignore[arg-type]
