"""The growth page: causes for and against, chances, drops shared with others, and what was expected of each day."""

from __future__ import annotations

import html
from datetime import UTC, datetime, time, timedelta

import pytest
from report_builder import Builder, make_cause, make_daily, make_drop, make_span
from report_scenes import rich

from zhenfen.messages import Catalogue, load_entries
from zhenfen.report.html import render_creator
from zhenfen.report.summarise import summarise_creator

LANGUAGES = ("zh", "en", "fr")


def summary_of(builder: Builder, language: str = "en") -> dict:
    findings, tables = builder.build()
    return summarise_creator(findings, tables, "a", Catalogue(language))


def growth_of(*causes: dict, **span: object) -> dict:
    builder = Builder().creator("a").detail("a", "growth", "daily", make_daily())
    builder.detail("a", "growth", "spans", [make_span(12, 12, 3200, is_unexplained=True, **span)])
    return summary_of(builder.detail("a", "growth", "causes", causes))["growth"]


def test_causes_stand_by_their_span_those_that_speak_for_it_first() -> None:
    growth = summary_of(rich())["growth"]
    assert [[cause["causes"] for cause in span["causes"]] for span in growth["spans"]] == [
        [["gap"], ["advert", "giveaway", "live"]],
        [["giveaway"]],
        [],
    ]
    assert [cause["mark"] for cause in growth["spans"][0]["causes"]] == ["−", "?"]
    assert growth["spans"][1]["causes"][0]["verdict_text"] == "for"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_cause_of_the_family_has_words(language: str) -> None:
    from zhenfen.features.growth.explanations import CAUSES

    builder = Builder().creator("a").detail("a", "growth", "daily", make_daily())
    builder.detail("a", "growth", "spans", [make_span(12, 12, 3200, is_unexplained=True)])
    builder.detail(
        "a", "growth", "causes", [make_cause(12, cause, "against", value=n) for n, cause in enumerate(CAUSES)]
    )
    causes = summary_of(builder, language)["growth"]["spans"][0]["causes"]
    assert sorted(cause["causes"][0] for cause in causes) == sorted(CAUSES)
    assert all(cause["label"] for cause in causes)


def test_every_note_of_the_family_has_words() -> None:
    notes = [key for key in load_entries() if key.startswith("growth.cause.")]
    assert notes
    for note in notes:
        told = growth_of(make_cause(12, "post", "against", value=0.25, needed=1234.5, note=note))
        assert told["spans"][0]["causes"][0]["note"]
        assert "{" not in told["spans"][0]["causes"][0]["note"]


@pytest.mark.parametrize(
    ("p_value", "is_unexplained", "said"),
    [(0.00002, True, "p < 0.0001"), (0.0123, True, "p = 0.0123"), (0.0123, False, ""), (None, True, "")],
)
def test_the_chance_is_told_of_what_nothing_explains(p_value: float | None, is_unexplained: bool, said: str) -> None:
    builder = Builder().creator("a").detail("a", "growth", "daily", make_daily())
    builder.detail("a", "growth", "spans", [make_span(12, 12, 3200, is_unexplained=is_unexplained, p_value=p_value)])
    told = summary_of(builder)["growth"]["spans"][0]["chance_text"]
    assert said in told
    assert bool(told) == bool(said)


def test_a_round_number_is_told_with_the_shape() -> None:
    assert "round number" in growth_of(is_round=True)["spans"][0]["shape_text"]
    assert "round number" not in growth_of(is_round=False)["spans"][0]["shape_text"]


def test_drops_show_what_others_lost_the_least_likely_first() -> None:
    drops = [make_drop(8, 9, 0.01, 0.02, 0.8), make_drop(7, 7, 0.3, None, 0.01)]
    drops.append({**make_drop(3, 3, 0.0, 0.01, 0.9), "is_listed": False})
    builder = Builder().creator("a").detail("a", "growth", "daily", make_daily()).detail("a", "growth", "drops", drops)
    shown = summary_of(builder)["growth"]["drops"]
    assert [drop["days_text"] for drop in shown] == ["2026-01-08", "2026-01-09 – 2026-01-10"]
    assert (shown[0]["peers_lost_text"], shown[1]["p_text"]) == ("—", "0.8")
    assert shown[1]["lost_text"] == "1.0% [0.8%, 1.2%]"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("explanation", "is_beyond"), [("platform", False), ("none", True)])
def test_a_span_of_the_whole_platform_says_what_was_lost_beside_the_others(
    language: str, explanation: str, *, is_beyond: bool
) -> None:
    builder = Builder().creator("a").assessed("a", "growth", {"feature": "growth_share", "value": 0.1})
    builder.detail("a", "growth", "daily", make_daily())
    span = make_span(12, 13, -360, is_unexplained=is_beyond, shape="drop")
    builder.detail("a", "growth", "spans", [{**span, "explanation": explanation}])
    builder.detail("a", "growth", "drops", [make_drop(12, 13, 0.007, 0.006, 0.3)])
    summary = summary_of(builder, language)
    (shown,) = summary["growth"]["spans"]
    assert (shown["lost_share"], shown["lost_low"], shown["lost_high"]) == pytest.approx((0.007, 0.005, 0.009))
    numbers = {"lost": 0.007, "low": 0.005, "high": 0.009, "others": 0.006}
    words = {name: Catalogue(language).share(value) for name, value in numbers.items()}
    key = "report.span.shared_beyond" if is_beyond else "report.span.shared"
    assert shown["shared_text"] == Catalogue(language).text(key, days="2026-01-13 – 2026-01-14", **words)
    assert shown["shared_text"] in html.unescape(render_creator(summary))


def test_a_drop_of_ones_own_says_nothing_of_others() -> None:
    (shown,) = growth_of(shape="drop")["spans"]
    assert shown["shared_text"] == ""
    assert shown["lost_share"] is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_shows_all_of_it_and_can_be_read_without_colour(language: str) -> None:
    summary = summary_of(rich(), language)
    page = render_creator(summary)
    assert 'class="expected-range"' in page
    for span in summary["growth"]["spans"]:
        assert all(cause["mark"] in page and cause["verdict_text"] in page for cause in span["causes"])
    assert summary["growth"]["drops"][0]["lost_text"] in page


def test_what_was_expected_is_left_out_where_it_is_unknown_or_not_drawn() -> None:
    for rows in (make_daily(401), [{**row, "n_expected": None} for row in make_daily()]):
        builder = Builder().creator("a").detail("a", "growth", "daily", rows)
        summary = summary_of(builder)
        assert summary["growth"]["expected"] is None
        assert 'class="expected' not in render_creator(summary)


def test_within_a_drip_the_chart_expects_what_its_line_in_the_table_says() -> None:
    builder = Builder().creator("a").detail("a", "growth", "daily", make_daily())
    drip = make_span(30, 49, 9000, is_unexplained=True, shape="drip", n_expected=-60.0)
    growth = summary_of(builder.detail("a", "growth", "spans", [drip]))["growth"]
    assert growth["expected"]["n_expected"] == [42.0] * 29 + [None] + [-3.0] * 20 + [None] + [42.0] * 39
    for name, usual in (("low", 10.0), ("high", 90.0)):
        assert growth["expected"][name] == [usual] * 29 + [None] * 22 + [usual] * 39
    other = summary_of(
        Builder()
        .creator("a")
        .detail("a", "growth", "daily", make_daily())
        .detail("a", "growth", "spans", [{**drip, "shape": "burst"}])
    )
    assert other["growth"]["expected"]["n_expected"] == [42.0] * 90


# The curve ends at 55,600 on its last day.
@pytest.mark.parametrize(
    ("stated", "days_later", "is_told"),
    [
        (120_000, None, True),
        (120_000, 7, True),
        (120_000, 8, False),
        (30_000, 3, True),
        (60_000, 3, False),
        (None, 3, False),
        (0, 3, False),
        # Inside the curve it is set beside the reading of its own day.
        (52_100, -87, False),
        (90_000, -87, True),
    ],
)
def test_a_stated_count_that_is_not_the_curves_is_told_first(
    stated: int | None, days_later: int | None, is_told: bool
) -> None:
    daily = make_daily()
    seen_at = None if days_later is None else datetime.combine(daily[-1]["day"], time(), UTC) + timedelta(days_later)
    builder = Builder().creator("a", n_followers=stated, snapshot_at=seen_at).unassessed("a", "growth")
    told = [
        reason["text"] for reason in summary_of(builder.detail("a", "growth", "daily", daily))["priority"]["reasons"]
    ]
    assert [text for text in told if "check before reading the curve" in text] == told[:1] * is_told


@pytest.mark.parametrize(("last_gain", "is_told"), [(60_000, True), (20_000, False)])
def test_a_last_count_that_stands_alone_is_told_first(last_gain: int, is_told: bool) -> None:
    daily = make_daily(jump={89: last_gain})
    builder = Builder().creator("a", n_followers=daily[-1]["n_followers"]).unassessed("a", "growth")
    told = summary_of(builder.detail("a", "growth", "daily", daily))["priority"]["reasons"]
    assert [one for one in told if "check before reading the curve" in one["text"]] == told[:1] * is_told
