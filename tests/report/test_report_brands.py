"""The table of brands: what is listed first, what is masked, what is unknown."""

from __future__ import annotations

from typing import Any

import pytest
from report_builder import Builder

from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.report.summarise import summarise_creator
from zhenfen.text.brands import load_brands

POST = {"post_id": "p", "excerpt": "x", "is_disclosed": None, "has_purchase_means": True, "matched": []}


def brand(name: str, kind: str = "brand", **more: Any) -> dict[str, Any]:
    counts = {"n_posts": 3, "n_promoting": 2, "n_known": 0, "n_disclosed": 0, "rivals": []}
    return {"name": name, "kind": kind, "category": "skincare" if kind == "brand" else None, **counts, **more}


def table(*rows: dict[str, Any]) -> Any:
    builder = Builder().creator("a").unassessed("a", "sponsorship").detail("a", "sponsorship", "posts", [POST])
    findings, tables = builder.detail("a", "sponsorship", "brands", list(rows)).build()
    return summarise_creator(findings, tables, "a", Catalogue("en"))["sponsorship"]["brands"]


def test_learnt_names_stand_last_and_are_told_as_such() -> None:
    made = table(brand("云朵", "candidate", n_promoting=9), brand("兰蔻"), brand("小桃旗舰店", "shop"))
    assert [row["name"] for row in made["rows"]] == ["兰蔻", "小桃旗舰店", "云朵"]
    assert [row["kind_text"] for row in made["rows"]] == ["skincare", "shop", "to be checked"]
    assert made["has_candidates"] is True


def test_a_label_that_is_known_of_no_post_is_unknown() -> None:
    unknown, known = table(brand("兰蔻"), brand("倩碧", n_known=2, n_disclosed=1))["rows"]
    assert unknown["disclosed_text"] == "unknown"
    assert known["disclosed_text"] == "1 of 2"


def test_rivals_are_named_and_only_of_brands_it_is_said_that_there_are_none() -> None:
    alone, beside, shop = table(brand("兰蔻"), brand("倩碧", rivals=["科颜氏"]), brand("桃店", "shop"))["rows"]
    assert (alone["rivals_text"], beside["rivals_text"], shop["rivals_text"]) == ("none seen", "科颜氏", "—")


def test_a_learnt_name_behind_an_at_sign_is_masked() -> None:
    (row,) = table(brand("@小美", "candidate"))["rows"]
    assert row["name"] == "@***"


def test_names_outside_of_promotion_are_counted_and_not_listed() -> None:
    made = table(brand("兰蔻"), brand("倩碧", n_promoting=0))
    assert (len(made["rows"]), made["n_only_named"]) == (1, 1)
    assert table(brand("倩碧", n_promoting=0)) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_category_of_the_dictionary_has_its_name(language: str) -> None:
    categories = {category for _, category, _ in load_brands().spellings.values()}
    assert [one for one in sorted(categories) if not Catalogue(language).has(f"report.brands.category.{one}")] == []
