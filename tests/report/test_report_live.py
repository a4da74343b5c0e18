"""Live rooms on a page: what is told, asked and drawn, in three languages, and nothing where there are no rooms."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from report_builder import Builder

from zhenfen.features.inputs import Inputs
from zhenfen.features.live.family import Live
from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.report.html import render_creator
from zhenfen.report.summarise import summarise_creator
from zhenfen.simulate.rooms import RoomStory, simulate_rooms

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
STORIES = (
    RoomStory("honest", n_rooms=4),
    RoomStory("padded", n_rooms=4, padding=15.0),
    RoomStory("scripted", n_rooms=4, script_per_minute=12.0),
)
DETAILS = Live().measure(Inputs(simulate_rooms(STORIES, 3), AS_OF)).details


def page(creator_id: str, language: str = "en", drop: tuple[str, ...] = ()) -> dict[str, Any]:
    builder = Builder().creator(creator_id).unassessed(creator_id, "live")
    for name, frame in DETAILS.items():
        if name not in drop:
            builder.detail(creator_id, "live", name, frame.filter(creator_id=creator_id).drop("creator_id").to_dicts())
    return summarise_creator(*builder.build(), creator_id, Catalogue(language))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("creator_id", ["honest", "padded", "scripted"])
def test_every_page_renders_in_every_language(creator_id: str, language: str) -> None:
    html = render_creator(page(creator_id, language))
    assert Catalogue(language).text("family.live") in html
    assert "{" not in "".join(one["text"] for one in page(creator_id, language)["live"]["found"])


def test_padding_is_told_asked_about_and_drawn_with_innocent_causes_first() -> None:
    made = page("padded")
    family = next(one for one in made["families"] if one["family"] == "live")
    assert (family["level"], family["is_open"]) == ("not_assessed", True)
    assert {one["kind"] for one in made["live"]["found"]} == {"step"}
    assert made["live"]["chart"]["step_minute"] is not None
    assert "giveaway" in made["questions"][0]
    assert [cause.split(" ")[0] for cause in family["possible"]] == ["Giveaways", "A", "The", "Even"]
    assert made["priority"]["reasons"][0]["family"] == "live"


def test_honest_rooms_ask_nothing_and_stay_folded() -> None:
    made = page("honest")
    family = next(one for one in made["families"] if one["family"] == "live")
    assert (made["live"]["found"], made["questions"], family["possible"], family["is_open"]) == ([], [], [], False)
    assert len(made["live"]["others"]) == 4


def test_regulars_are_told_once_and_named_by_number_alone() -> None:
    made = page("scripted")
    assert [one["kind"] for one in made["live"]["found"]].count("regulars") == 1
    assert "pool" not in str(made["live"])


def test_without_minutes_the_page_says_what_to_export() -> None:
    rooms = DETAILS["rooms"].with_columns(n_minutes=pl.lit(None, dtype=pl.Int64)).filter(creator_id="honest")
    builder = Builder().creator("honest").unassessed("honest", "live", "live.too_few_rooms", n_needed=3, n_found=2)
    builder.detail("honest", "live", "rooms", rooms.drop("creator_id").to_dicts())
    made = summarise_creator(*builder.build(), "honest", Catalogue("en"))
    assert (made["live"]["chart"], made["live"]["has_minutes"]) == (None, False)
    assert "data centre" in render_creator(made)
    assert "Live rooms" in made["missing"][-1]["text"]


def test_where_nobody_has_rooms_no_page_names_them() -> None:
    builder = Builder().creator("a").unassessed("a", "live", "live.no_rooms", n_needed=3, n_found=0)
    made = summarise_creator(*builder.build(), "a", Catalogue("en"))
    assert [one["family"] for one in made["families"]] == []
    beside = builder.creator("b").unassessed("b", "live", "live.too_few_rooms", n_needed=3, n_found=1)
    both = summarise_creator(*beside.build(), "a", Catalogue("en"))
    assert [one["family"] for one in both["families"]] == ["live"]


def test_contradicting_counts_are_told_with_both_numbers() -> None:
    room = DETAILS["rooms"].filter(creator_id="honest").drop("creator_id").row(0, named=True)
    wrong = {**room, "n_views": 900, "n_peak_viewers": 1_500, "contradictions": ["peak_above_views"]}
    builder = Builder().creator("honest").unassessed("honest", "live")
    builder.detail("honest", "live", "rooms", [wrong])
    made = summarise_creator(*builder.build(), "honest", Catalogue("en"))
    (found,) = made["live"]["found"]
    assert "1,500" in found["text"]
    assert "900" in found["text"]
    assert "popularity" in made["questions"][0]
