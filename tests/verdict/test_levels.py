"""The level rule: points, levels, reasons, and the laws that hold for them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from statistics import NormalDist

import numpy as np
import polars as pl
import pytest

from zhenfen.config import config_dir, read_rules
from zhenfen.errors import ConfigError
from zhenfen.verdict.levels import DESCRIBED, NO_REFERENCE, LevelRules, decide, rank, weigh

RULES = read_rules(config_dir() / "verdict" / "levels.yaml", LevelRules).rules
RANGE = {
    "p1": 1.0,
    "p5": 5.0,
    "p10": 10.0,
    "p25": 25.0,
    "p50": 50.0,
    "p75": 75.0,
    "p90": 90.0,
    "p95": 95.0,
    "p99": 99.0,
}


def make_matched(values: dict[str, float], scope: str = "size") -> pl.DataFrame:
    peers = RANGE if scope != "none" else dict.fromkeys(RANGE)
    rows = [
        {
            "creator_id": "c",
            "feature": name,
            "value": value,
            "judged": value,
            **peers,
            "source": "s",
            "window": "30 days",
            "observed_on": date(2026, 1, 1),
            "n_peers": 100,
            "scope": scope,
        }
        for name, value in values.items()
    ]
    return pl.DataFrame(rows, schema_overrides=dict.fromkeys(RANGE, pl.Float64))


def make_specs(**concerns: str) -> pl.DataFrame:
    return pl.DataFrame(
        [{"feature": name, "family": "f", "unit": "ratio", "concern": concern} for name, concern in concerns.items()]
    )


def no_reasons() -> pl.DataFrame:
    schema = {
        "creator_id": pl.String,
        "reason": pl.String,
        "n_needed": pl.Int64,
        "n_found": pl.Int64,
        "family": pl.String,
    }
    return pl.DataFrame(schema=schema)


def find(matched: pl.DataFrame, specs: pl.DataFrame, reasons: pl.DataFrame | None = None) -> dict[str, object]:
    evidence = weigh(matched, specs, RULES)
    ids = pl.Series("creator_id", ["c"])
    return decide(evidence, no_reasons() if reasons is None else reasons, ids, ["f"], RULES).row(0, named=True)


@pytest.mark.parametrize(
    ("concern", "value", "points"),
    [
        ("high", 94.0, 0),
        ("high", 95.0, 0),
        ("high", 96.0, 1),
        ("high", 99.5, 2),
        ("high", 0.0, 0),
        ("low", 4.0, 1),
        ("low", 0.5, 2),
        ("low", 100.0, 0),
        ("both", 96.0, 1),
        ("both", 0.5, 2),
        ("none", 100.0, 0),
    ],
)
def test_points_by_side_and_distance(concern: str, value: float, points: float) -> None:
    evidence = weigh(make_matched({"a": value}), make_specs(a=concern), RULES)
    assert evidence["contribution"].to_list() == [points]


@pytest.mark.parametrize(("share", "points"), [(0.009, 0), (0.011, 1), (0.049, 1), (0.051, 2)])
def test_a_share_must_lie_a_hundredth_beyond_peers_who_mostly_have_none(share: float, points: int) -> None:
    peers = {name: pl.lit(0.0).alias(name) for name in RANGE} | {"p99": pl.lit(0.04).alias("p99")}
    matched = make_matched({"a": share}).with_columns(*peers.values())
    specs = make_specs(a="high").with_columns(unit=pl.lit("share"))
    assert weigh(matched, specs, RULES)["contribution"].to_list() == [points]


@pytest.mark.parametrize(("judged", "points"), [(96.0, 1), (94.0, 0), (None, 0)])
def test_what_may_be_judged_gives_the_points_and_what_was_measured_is_shown(judged: float | None, points: int) -> None:
    matched = make_matched({"a": 99.5}).with_columns(judged=pl.lit(judged, dtype=pl.Float64))
    evidence = weigh(matched, make_specs(a="high"), RULES)
    assert evidence.select("value", "judged", "contribution").rows() == [(99.5, judged, points)]


def test_peers_beside_what_asks_for_nothing_are_said_to_be_there() -> None:
    for concern, reason in (("none", DESCRIBED), ("high", None)):
        finding = find(make_matched({"a": 99.5}), make_specs(a=concern))
        assert (finding["level"] == "not_assessed", finding["reason"]) == (reason is not None, reason)
    alone = make_matched({"a": 99.5}).with_columns(scope=pl.lit("none"))
    assert find(alone, make_specs(a="none"))["reason"] == NO_REFERENCE


def test_what_may_not_be_judged_is_not_assessed() -> None:
    refused = pl.DataFrame(
        [{"creator_id": "c", "reason": "network.found_by_search", "n_needed": 0, "n_found": 0, "family": "f"}]
    )
    matched = make_matched({"a": 99.5}).with_columns(judged=pl.lit(None, dtype=pl.Float64))
    finding = find(matched, make_specs(a="high"), refused)
    assert (finding["level"], finding["score"], finding["reason"]) == ("not_assessed", None, "network.found_by_search")


def test_the_shipped_rule_names_the_least_samples_and_the_lower_end() -> None:
    assert RULES.least == {
        "comments": {"comments_n_posts": 3, "comments_n": 30},
        "live": {"live_n_rooms": 3},
        "network": {"network_n_posts": 3, "network_n_commenters": 30},
    }
    assert RULES.lower_z == pytest.approx(NormalDist().inv_cdf(0.95), abs=1e-3)


def test_of_two_sources_the_one_that_finds_it_usual_stands() -> None:
    wide = make_matched({"a": 96.0}).with_columns(p95=pl.lit(200.0), p99=pl.lit(300.0), source=pl.lit("wide"))
    for both in (pl.concat([make_matched({"a": 96.0}), wide]), pl.concat([wide, make_matched({"a": 96.0})])):
        evidence = weigh(both, make_specs(a="high"), RULES)
        assert evidence.select("contribution", "reference", "high").rows() == [(0.0, "wide", 200.0)]


def test_of_two_sources_that_agree_the_younger_stands() -> None:
    old = make_matched({"a": 96.0}).with_columns(source=pl.lit("old"), observed_on=date(2020, 1, 1))
    for both in (pl.concat([make_matched({"a": 96.0}), old]), pl.concat([old, make_matched({"a": 96.0})])):
        assert weigh(both, make_specs(a="high"), RULES)["reference"].to_list() == ["s"]


def test_contributions_sum_to_the_score() -> None:
    finding = find(make_matched({"a": 96.0, "b": 99.5, "c": 50.0}), make_specs(a="high", b="high", c="high"))
    assert finding["score"] == 3.0
    assert finding["level"] == "elevated"


@pytest.mark.parametrize(
    ("values", "level"), [({"a": 96.0}, "low"), ({"a": 96.0, "b": 97.0}, "elevated"), ({"a": 99.5}, "elevated")]
)
def test_level_from_score(values: dict[str, float], level: str) -> None:
    finding = find(make_matched(values), make_specs(a="high", b="high"))
    assert (finding["level"], finding["basis"], finding["reason"]) == (level, "descriptive", None)


def test_measured_without_peers_is_not_assessed_and_says_so() -> None:
    finding = find(make_matched({"a": 1e6}, scope="none"), make_specs(a="high"))
    assert (finding["level"], finding["score"], finding["reason"]) == ("not_assessed", None, NO_REFERENCE)


def test_peers_of_long_ago_are_shown_and_give_no_level() -> None:
    matched, specs = make_matched({"a": 1e6}, scope="dated"), make_specs(a="high")
    finding = find(matched, specs)
    assert (finding["level"], finding["score"], finding["reason"]) == ("not_assessed", None, NO_REFERENCE)
    shown = weigh(matched, specs, RULES).row(0, named=True)
    assert (shown["high"], shown["reference"], shown["contribution"]) == (95.0, "s", 0.0)


def test_what_travels_gives_a_level() -> None:
    assert find(make_matched({"a": 99.5}, scope="travels"), make_specs(a="high"))["level"] == "elevated"


def test_context_alone_is_no_assessment() -> None:
    assert find(make_matched({"a": 50.0}), make_specs(a="none"))["level"] == "not_assessed"


def test_the_familys_own_reason_stands() -> None:
    reasons = pl.DataFrame([{"creator_id": "c", "reason": "f_too_few", "n_needed": 5, "n_found": 1, "family": "f"}])
    finding = find(make_matched({"a": 1.0}).clear(), make_specs(a="high"), reasons)
    assert (finding["level"], finding["reason"], finding["n_needed"], finding["n_found"]) == (
        "not_assessed",
        "f_too_few",
        5,
        1,
    )


def test_a_worse_value_never_lowers_the_score() -> None:
    scores = [find(make_matched({"a": value}), make_specs(a="high"))["score"] for value in range(0, 120, 3)]
    assert scores == sorted(scores)


def test_rank_puts_the_overall_level_first_then_most_concern_and_breaks_ties_by_id() -> None:
    families = {"b": ("low", 1.0), "a": ("low", 1.0), "c": ("elevated", 2.0), "d": ("not_assessed", None)}
    families |= {"e": ("elevated", 0.0), "f": ("elevated", 0.0)}
    findings = pl.DataFrame(
        [{"creator_id": one, "level": level, "score": score} for one, (level, score) in families.items()]
    )
    levels = {"a": "low", "b": "not_assessed", "c": "low", "d": "not_assessed", "e": "elevated", "f": "high"}
    overall = pl.DataFrame({"creator_id": list(levels), "level": list(levels.values())})
    ranked = rank(findings, overall)
    assert ranked["creator_id"].to_list() == ["f", "e", "c", "a", "b", "d"]
    assert ranked["n_assessed"].to_list() == [1, 1, 1, 1, 1, 0]


@pytest.mark.parametrize("seed", range(5))
def test_nobody_with_nothing_out_of_line_stands_above_one_with_something(seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = [f"c{n:02d}" for n in range(20)]
    rows = [
        {"creator_id": name, "level": str(rng.choice(["low", "low", "elevated"])), "score": float(rng.integers(0, 4))}
        for name in names
        for _ in range(2)
    ]
    overall = pl.DataFrame({"creator_id": names, "level": rng.choice(["low", "elevated", "high"], len(names))})
    ranked = rank(pl.DataFrame(rows), overall)
    grounds = (ranked["n_elevated"] > 0).to_list()
    assert 0 < sum(grounds) < len(grounds)
    assert grounds == sorted(grounds, reverse=True)
    for has_grounds in (True, False):
        levels = ranked.filter((pl.col("n_elevated") > 0) == has_grounds)["level"].to_list()
        assert levels == sorted(levels, key=["high", "elevated", "low"].index)


def test_a_wrong_rule_file_names_every_field(tmp_path: Path) -> None:
    path = tmp_path / "levels.yaml"
    path.write_text("version: one\nelevated_from: 2\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"version.*dated.*points"):
        read_rules(path, LevelRules)
