"""Places: cells of platforms and names of agencies mean the same code; nobody's place is an error."""

from __future__ import annotations

import polars as pl
import pytest

from zhenfen.errors import ConfigError
from zhenfen.places import (
    ABROAD,
    CHINA,
    find_place,
    is_outside,
    load_gazetteer,
    name_place,
    name_targets,
    parse_targets,
    read_places,
)


@pytest.mark.parametrize(
    ("cell", "place"),
    [
        ("广东", "CN-GD"),
        ("广东省深圳市", "CN-GD"),
        ("广东 深圳", "CN-GD"),
        ("Guangdong, Shenzhen", "CN-GD"),
        ("内蒙古自治区", "CN-NM"),
        ("中国香港", "HK"),
        ("中国台湾", "TW"),
        ("中国", CHINA),
        ("中国大陆", CHINA),
        ("海外 美国", "US"),
        ("海外", ABROAD),
        ("ÉTATS-UNIS", "US"),
        ("日本东京", "JP"),
        ("尼日利亚", "NG"),
        ("Niger", "NE"),
        # Longer words that begin like a place are none.
        ("Indiana", None),
        ("其他", None),
        ("火星", None),
        ("", None),
    ],
)
def test_the_place_that_a_cell_begins_with(cell: str, place: str | None) -> None:
    assert find_place(cell) == place


def test_cells_are_read_in_their_order() -> None:
    cells = pl.Series(["广东", None, "火星", "广东", "日本"])
    assert read_places(cells).to_list() == ["CN-GD", None, None, "CN-GD", "JP"]
    assert read_places(pl.Series([None, None], dtype=pl.String)).to_list() == [None, None]


def test_every_province_is_found_by_each_of_its_names() -> None:
    for code, place in load_gazetteer().provinces.items():
        assert {find_place(name) for name in (place.zh, place.en, place.fr, *place.also)} == {code}


def test_targets_are_read_in_any_language() -> None:
    assert parse_targets(["广东", "Japan", "Allemagne", "guangdong"]) == ("CN-GD", "DE", "JP")
    assert set(parse_targets(["China"])) > set(parse_targets(["中国大陆"])) > {"CN-GD"}
    assert name_targets(parse_targets(["China", "Japan"]), "fr") == ["Chine", "Japon"]
    assert name_place("CN-GX", "en") == "Guangxi"


@pytest.mark.parametrize("name", ["Guangdng", "海外", "", "Atlantis"])
def test_a_target_that_nobody_knows_is_an_error(name: str) -> None:
    with pytest.raises(ConfigError, match=f"target region '{name}': expected a province"):
        parse_targets(["Japan", name])
    with pytest.raises(ConfigError, match="spelled alike: guangdong"):
        parse_targets(["Guangdng"])


def test_outside_is_said_only_where_it_is_known() -> None:
    target = parse_targets(["广东"])
    assert [is_outside(place, target) for place in ("CN-GD", "CN-ZJ", "US", ABROAD)] == [False, True, True, True]
    # Of somebody in China, or in no place we know, nothing follows for one province.
    assert [is_outside(place, target) for place in (CHINA, None)] == [None, None]
    assert is_outside(ABROAD, ("JP",)) is None
    assert is_outside(CHINA, ("JP",)) is True
