"""What a page says of kinds of posts, hits, commenters and days on the curve: described, folded unless most are out."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from report_builder import Builder

from zhenfen.connectors.importing import import_export
from zhenfen.features.engagement.kinds import HITS_SCHEMA, KINDS_SCHEMA
from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.places import parse_targets
from zhenfen.report.case import Setting, open_case
from zhenfen.report.charts.followers import follower_chart
from zhenfen.report.html import render_creator
from zhenfen.report.sections.growth_marks import CLOSEST, MOST_DAYS, mark_days
from zhenfen.report.source import summarise_shared
from zhenfen.report.summarise import summarise_case

EN = Catalogue("en")


def kind(name: str | None, by: str = "media_kind", **figures: Any) -> dict[str, Any]:
    full = {"n_posts": 40, "n_needed": 5, "median_interactions": 200.0, "likes_by_comments_ratio": 12.5, "n_read": 20}
    days = {"half_life_days": 0.5, "low": 0.4, "high": 0.7}
    row = {**dict.fromkeys(KINDS_SCHEMA), "by": by, "kind": name, **full, **days, **figures}
    return {column: value for column, value in row.items() if column != "creator_id"}


def hits(**figures: Any) -> dict[str, Any]:
    known = {
        "n_posts": 40,
        "multiple": 3.0,
        "n_hits": 4,
        "share": 0.1,
        "low": 0.04,
        "high": 0.23,
        "top_share": 0.2,
        "n_half": 7,
    }
    return {column: {**known, **figures}[column] for column in HITS_SCHEMA if column != "creator_id"}


def origin(kind: str, value: str | None, n: int, *, is_claimed: bool = False) -> dict[str, Any]:
    known = {"n_known": 100, "share": n / 100, "low": max(0.0, n / 100 - 0.1), "high": min(1.0, n / 100 + 0.1)}
    return {"frame": "commenters", "kind": kind, "value": value, "n_people": n, "is_claimed": is_claimed, **known}


def page(builder: Builder, language: str = "en", *targets: str) -> tuple[dict[str, Any], str]:
    findings, tables = builder.creator("a").build()
    setting = Setting(findings, tables, Catalogue(language), target_regions=parse_targets(targets))
    summary = summarise_case(open_case(setting, "a"), summarise_shared(setting))
    return summary, render_creator(summary)


def engaged(kinds: list[dict[str, Any]], *rows: dict[str, Any]) -> Builder:
    builder = Builder().assessed("a", "engagement", {"feature": "engagement_low", "value": 0.1})
    builder.detail("a", "engagement", "kinds", kinds)
    return builder.detail("a", "engagement", "hits", rows)


@pytest.mark.parametrize("language", LANGUAGES)
def test_kinds_and_hits_are_told_folded_and_each_figure_says_how(language: str) -> None:
    natural, promoted = kind("natural", "promotion"), kind("promoted", "promotion", high=0.8)
    summary, html = page(engaged([kind("video"), kind(None), natural, promoted], hits()), language)
    text = Catalogue(language).text
    assert f'<details class="fold"><summary>{text("report.kinds_of_posts")}</summary>' in html
    assert summary["engagement"]["hits"]["n_hits"] == 4
    assert len(summary["engagement"]["kinds"]["rows"]) == 4
    for key in ("report.hits.about", "report.kinds_of_posts.days.about", "report.kinds_of_posts.ratio.about"):
        assert str(text(key)) in html


@pytest.mark.parametrize(
    ("kinds", "top", "is_open"),
    [
        ([kind("natural", "promotion"), kind("promoted", "promotion", low=0.9, high=1.2)], 0.2, True),
        ([kind("natural", "promotion"), kind("promoted", "promotion", low=0.6, high=1.2)], 0.2, False),
        ([kind("natural", "promotion")], 0.51, True),
        ([kind("natural", "promotion")], 0.49, False),
    ],
)
def test_it_stands_open_where_half_lives_are_apart_or_one_post_holds_most(
    kinds: list[dict[str, Any]], top: float, is_open: bool
) -> None:
    _, html = page(engaged([kind("video"), *kinds], hits(top_share=top)))
    found = re.search(r'<details class="fold"( open)?><summary>By kind of post', html)
    assert found is not None
    assert bool(found[1]) == is_open


def test_a_figure_of_too_few_posts_is_named_so_and_natural_posts_alone_are_not_told_twice() -> None:
    few = kind("video", n_read=3, half_life_days=None, low=None, high=None, likes_by_comments_ratio=None)
    summary, html = page(engaged([few, kind("natural", "promotion", half_life_days=None, low=None, high=None)]))
    assert [row["by"] for row in summary["engagement"]["kinds"]["rows"]] == ["media_kind"]
    assert "too few readings" in html
    assert "At least 5 posts of a kind" in html


COMMENTERS = [
    origin("language", "zh", 90, is_claimed=True),
    origin("language", "latin", 10),
    origin("region", "CN-GD", 20, is_claimed=True),
    origin("region", "JP", 80),
]


@pytest.mark.parametrize(
    ("targets", "expected", "is_open"),
    [
        ((), {"own_language": False, "own_region": False}, False),
        (
            ("广东",),
            {"own_language": False, "own_region": False, "target_language": False, "target_region": True},
            True,
        ),
        (
            ("日本",),
            {"own_language": False, "own_region": False, "target_language": True, "target_region": False},
            True,
        ),
    ],
)
def test_commenters_beside_the_creator_and_the_target(
    targets: tuple[str, ...], expected: dict[str, bool], is_open: bool
) -> None:
    builder = Builder().assessed("a", "comments", {"feature": "comments_copied_share", "value": 0.1})
    builder.detail("a", "audience", "origins", COMMENTERS)
    summary, html = page(builder, "en", *targets)
    commenters = summary["comments"]["commenters"]
    assert {line["compared"]: line["is_out"] for line in commenters["lines"]} == expected
    assert commenters["is_open"] == is_open
    assert ('<details class="fold" open><summary>Language and region' in html) == is_open


def event(day: str, kind: str = "promotion") -> dict[str, str]:
    return {"day": day, "kind": kind, "label": kind}


def test_marks_are_never_nearer_than_their_letters_are_wide() -> None:
    days = [f"2026-0{month}-{day:02}" for month in (1, 2, 3) for day in range(1, 28)]
    marks = mark_days(map(event, days), [], "2026-01-01", "2026-03-31", EN)
    places = [(int(mark["day"][5:7]) - 1) * 30 + int(mark["day"][8:]) for mark in marks]
    assert all(b - a >= CLOSEST * 89 for a, b in pairwise(places))
    assert [mark["letter"] for mark in marks] == sorted({mark["letter"] for mark in marks})
    assert all(mark["text"].count(",") <= MOST_DAYS for mark in marks)


def test_live_shows_and_days_outside_stand_on_no_curve_and_a_loss_of_the_platforms_is_told_by_shape() -> None:
    drops = [{"starts_on": "2026-02-10"}]
    events = [event("2026-01-05", "live"), event("2025-12-01"), event("2026-01-20", "giveaway")]
    marks = mark_days(events, drops, "2026-01-01", "2026-03-31", EN)
    assert [(mark["letter"], mark["day"], mark["is_purge"]) for mark in marks] == [
        ("A", "2026-01-20", False),
        ("B", "2026-02-10", True),
    ]
    days = ["2026-01-01", "2026-01-20", "2026-02-10", "2026-03-31"]
    growth = {"days": days, "n_followers": [100, 120, 90, 95], "n_gained": [None] * 4, "spans": [], "marks": marks}
    growth |= {"first_day": days[0], "last_day": days[-1], "n_unexplained": 0, "post_days": [], "events": []}
    chart = str(follower_chart({**growth, "expected": None}, EN))
    assert chart.count('class="flag paid"') == 1
    assert chart.count('class="flag purge"') == 1


def test_letters_are_the_same_in_every_language() -> None:
    given = ([event("2026-01-05"), event("2026-02-20")], [], "2026-01-01", "2026-03-31")
    told = [mark_days(*given, Catalogue(language)) for language in LANGUAGES]
    assert all([(m["letter"], m["day"]) for m in one] == [(m["letter"], m["day"]) for m in told[0]] for one in told)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_day_that_is_the_files_own_says_so_and_a_day_from_rows_does_not(language: str) -> None:
    note = str(Catalogue(language).text("report.as_of.files"))
    findings, _ = Builder().creator("a").build()
    row = {"source": "x", "obtained_how": "y", "obtained_at": findings.as_of, "file": "f.csv", "sha256": "0"}
    dated, html = page(Builder().table("provenance", row), language)
    assert (dated["as_of_note"], note in html) == (note, True)
    seen = {"creator_id": "a", "observed_at": datetime(2026, 1, 1, tzinfo=UTC), "n_followers": 1}
    rows, html = page(Builder().table("provenance", row).table("follower_counts", seen), language)
    assert (rows["as_of_note"], note in html) == ("", False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_day_that_stands_in_a_files_name_alone_says_so(tmp_path: Path, language: str) -> None:
    notes = []
    for name, heading, cell in (("达人_2026-08-01.csv", "", ""), ("达人.csv", ",采集时间", ",2026-08-01")):
        path = tmp_path / name
        path.write_text(f"达人昵称,粉丝数,平台{heading}\n小王,12000,抖音{cell}\n", encoding="utf-8")
        tables = import_export(path, obtained_how="told", keep_ids=True)
        findings, _ = Builder().creator(tables["creators"]["creator_id"].item()).build()
        setting = Setting(findings, tables, Catalogue(language))
        notes.append(summarise_shared(setting)["as_of_note"])
    assert notes == [str(Catalogue(language).text("report.as_of.named")), ""]
