"""The share outside the regions that an agency names."""

from __future__ import annotations

import polars as pl
import pytest

from zhenfen.features.audience.people import ORIGINS_SCHEMA
from zhenfen.places import ABROAD, CHINA, parse_targets
from zhenfen.verdict.outside import measure_outside


def origins(frame: str = "newest", **n_people: int) -> pl.DataFrame:
    places = {"unknown": None, "china": CHINA, "abroad": ABROAD}
    rows = [
        {
            "creator_id": "c",
            "frame": frame,
            "kind": "region",
            "value": places.get(name, name.replace("_", "-")),
            "n_people": n,
        }
        for name, n in n_people.items()
    ]
    return pl.DataFrame([{**dict.fromkeys(ORIGINS_SCHEMA), **row} for row in rows], schema=ORIGINS_SCHEMA)


def measured(frame: pl.DataFrame, *targets: str) -> list[tuple[object, ...]]:
    return measure_outside(frame, parse_targets(targets)).select("frame", "n_outside", "n_known", "share").rows()


def test_people_of_unknown_place_count_on_neither_side() -> None:
    counts = origins(CN_GD=30, CN_ZJ=10, JP=8, abroad=2, china=100, unknown=500)
    assert measured(counts, "广东") == [("newest", 20, 50, 0.4)]
    assert measured(counts, "广东", "Zhejiang") == [("newest", 10, 50, 0.2)]
    assert measured(counts, "China") == [("newest", 10, 150, pytest.approx(1 / 15))]


def test_each_audience_by_itself() -> None:
    both = pl.concat([origins(CN_GD=5), origins("likers", JP=5)])
    assert measured(both, "广东") == [("likers", 5, 5, 1.0), ("newest", 0, 5, 0.0)]


def test_nothing_is_said_of_nobody() -> None:
    assert measured(origins(china=40, unknown=3), "广东") == []


def test_the_interval_holds_the_share() -> None:
    row = measure_outside(origins(CN_GD=30, JP=10), ("CN-GD",)).row(0, named=True)
    assert 0 < row["low"] < row["share"] == 0.25 < row["high"] < 1


@pytest.mark.parametrize(
    ("targets", "n_outside"),
    [(("广东",), 30), (("China",), 30), (("日本",), 95), (("France",), 75), (("中国", "France"), 5), (("加拿大",), 75)],
)
def test_languages_of_the_targets_are_those_of_their_countries(targets: tuple[str, ...], n_outside: int) -> None:
    written = {"zh": 70, "latin": 25, "ja": 5}
    rows = [{"creator_id": "c", "frame": "commenters", "kind": "language", "value": one} for one in written]
    full = [{**dict.fromkeys(ORIGINS_SCHEMA), **row, "n_people": written[row["value"]]} for row in rows]
    frame = pl.DataFrame(full, schema=ORIGINS_SCHEMA)
    found = measure_outside(frame, parse_targets(targets), "language")
    assert found.select("n_outside", "n_known").row(0) == (n_outside, 100)


def test_of_a_place_whose_languages_nobody_knows_nothing_is_said() -> None:
    row = {**dict.fromkeys(ORIGINS_SCHEMA), "creator_id": "c", "frame": "commenters", "kind": "language"}
    frame = pl.DataFrame([{**row, "value": "zh", "n_people": 40}], schema=ORIGINS_SCHEMA)
    assert measure_outside(frame, ("AQ",), "language").is_empty()
