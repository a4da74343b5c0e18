"""All families together: places among peers, and from a probability to a level."""

from __future__ import annotations

from statistics import NormalDist

import polars as pl
import pytest

from zhenfen.config import config_dir, read_config
from zhenfen.estimators.creator_model import Lines
from zhenfen.model_store import load_models
from zhenfen.verdict.creator import CREATORS_SCHEMA, CreatorRules, decide_creators, make_inputs, place_among_peers
from zhenfen.verdict.panel_curves import QUANTILES

RULES = CreatorRules(
    version=1,
    dated="2026-11-22",
    source="test",
    low_below=0.5,
    low_needs=("engagement", "growth"),
)
LINES = Lines(elevated_from=0.6, high_from=0.9)
KNOTS = {name: NormalDist(10.0, 2.0).inv_cdf(share) for name, share in QUANTILES.items()}


def matched(*values: float, scope: str = "size", source: str = "one", **knots: float) -> pl.DataFrame:
    rows = [
        {
            "creator_id": f"c{at}",
            "feature": "growth_a",
            "value": value,
            **KNOTS,
            **knots,
            "source": source,
            "scope": scope,
        }
        for at, value in enumerate(values)
    ]
    return pl.DataFrame(rows)


def findings(**levels: str) -> pl.DataFrame:
    return pl.DataFrame({"creator_id": "c0", "family": list(levels), "level": list(levels.values())})


def decide(p: float | None, **levels: str) -> dict[str, object]:
    predicted = pl.DataFrame(
        {"creator_id": ["c0"], "p_manipulated": [p]}, schema_overrides={"p_manipulated": pl.Float64}
    )
    return decide_creators(findings(**levels), predicted, RULES, LINES).row(0, named=True)


def test_places_of_normal_peers_are_their_standard_deviations() -> None:
    values = [6.0, 8.5, 10.0, 11.5, 13.9]
    found = place_among_peers(matched(*values)).sort("creator_id")["place"].to_list()
    # Straight lines between nine quantiles of a normal distribution are that distribution's line.
    assert found == pytest.approx([(value - 10) / 2 for value in values])


def test_place_is_cut_far_out() -> None:
    assert place_among_peers(matched(1e9, -1e9)).sort("creator_id")["place"].to_list() == [4.0, -4.0]


def test_place_nearest_to_the_middle_counts() -> None:
    two = pl.concat([matched(14.0), matched(14.0, source="other", **{name: at + 4 for name, at in KNOTS.items()})])
    assert place_among_peers(two)["place"].to_list() == pytest.approx([0.0])


def test_peers_who_all_have_one_value() -> None:
    flat = dict.fromkeys(KNOTS, 5.0)
    found = place_among_peers(matched(4.0, 5.0, 6.0, **flat)).sort("creator_id")["place"].to_list()
    assert found[0] < 0 < found[2]


@pytest.mark.parametrize("scope", ["none", "dated"])
def test_without_peers_of_today_there_is_no_place(scope: str) -> None:
    assert place_among_peers(matched(9.0, scope=scope)).is_empty()


def test_inputs_hold_values_and_places() -> None:
    values = [
        pl.DataFrame({"creator_id": ["c0", "c1"], "growth_a": [14.0, None]}),
        pl.DataFrame({"creator_id": ["c0", "c1"], "comments_b": [1.0, 2.0]}),
    ]
    found = make_inputs(values, matched(14.0))
    assert found.columns == ["creator_id", "growth_a", "comments_b", "peer_growth_a"]
    assert found["peer_growth_a"].to_list() == [pytest.approx(2.0), None]


@pytest.mark.parametrize(
    ("p", "level", "reason"),
    [
        (0.95, "high", None),
        (0.9, "high", None),
        (0.7, "elevated", None),
        (0.2, "low", None),
        (0.55, "not_assessed", "creator.unclear"),
        (None, "not_assessed", "creator.no_model"),
    ],
)
def test_level_follows_the_probability(p: float | None, level: str, reason: str | None) -> None:
    row = decide(p, growth="low", engagement="low", comments="not_assessed")
    assert (row["level"], row["reason"]) == (level, reason)
    assert row["families_assessed"] == ["engagement", "growth"]


@pytest.mark.parametrize("absent", ["growth", "engagement"])
def test_what_was_not_looked_at_clears_nobody(absent: str) -> None:
    levels = {"growth": "low", "engagement": "low", "comments": "low", absent: "not_assessed"}
    assert decide(0.05, **levels)["level"] == "not_assessed"
    assert decide(0.05, **levels)["reason"] == "creator.too_few_families"
    assert decide(0.95, **levels)["level"] == "high"


@pytest.mark.parametrize("family", ["growth", "engagement", "comments"])
def test_nobody_is_low_beside_a_family_out_of_line(family: str) -> None:
    levels = {"growth": "low", "engagement": "low", "comments": "low", family: "elevated"}
    assert (decide(0.05, **levels)["level"], decide(0.05, **levels)["reason"]) == ("not_assessed", "creator.mixed")
    assert decide(0.95, **levels)["level"] == "high"


def test_no_model_still_says_what_was_assessed() -> None:
    nobody = pl.DataFrame(schema={"creator_id": pl.String, "p_manipulated": pl.Float64})
    found = decide_creators(findings(growth="low"), nobody, RULES, None)
    assert found.schema == pl.Schema(CREATORS_SCHEMA)
    assert found.row(0) == ("c0", "not_assessed", None, ["growth"], "creator.no_model")


def test_shipped_rules_can_be_read() -> None:
    rules = read_config(config_dir() / "verdict" / "creator.yaml", CreatorRules)
    lines = load_models().need_creator().lines
    assert 0 < rules.low_below < lines.elevated_from < lines.high_from < 1
