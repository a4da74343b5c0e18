"""All families together: places among peers, and from a probability to a level."""

from __future__ import annotations

from statistics import NormalDist

import polars as pl
import pytest

from zhenfen.config import config_dir, read_config
from zhenfen.estimators.creator_model import CREATOR, Lines
from zhenfen.model_store import load_models
from zhenfen.verdict.audience import SHARES_SCHEMA
from zhenfen.verdict.creator import CREATORS_SCHEMA, CreatorRules, decide_creators, make_inputs, place_among_peers
from zhenfen.verdict.panel_curves import QUANTILES

RULES = CreatorRules(
    version=1,
    dated="2026-11-22",
    source="test",
    low_below=0.5,
    counted=("audience", "comments", "engagement", "growth", "network"),
    fewest_families=2,
    one_of=("audience", "engagement", "growth"),
)
LINES = Lines(elevated_from=0.6, high_from=0.9)
NOBODY = pl.Series([], dtype=pl.String)
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
    """A level a family; the audience's is its estimated share's."""
    basis = ["model" if family == "audience" else "descriptive" for family in levels]
    return pl.DataFrame({"creator_id": "c0", "family": list(levels), "level": list(levels.values()), "basis": basis})


def decide(p: float | None, **levels: str) -> dict[str, object]:
    predicted = pl.DataFrame(
        {"creator_id": ["c0"], "p_manipulated": [p]}, schema_overrides={"p_manipulated": pl.Float64}
    )
    return decide_creators(findings(**levels), predicted, RULES, LINES, NOBODY).row(0, named=True)


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


def no_shares() -> pl.DataFrame:
    return pl.DataFrame(schema=SHARES_SCHEMA)


def test_inputs_hold_values_and_places() -> None:
    values = [
        pl.DataFrame({"creator_id": ["c0", "c1"], "growth_a": [14.0, None]}),
        pl.DataFrame({"creator_id": ["c0", "c1"], "comments_b": [1.0, 2.0]}),
    ]
    places = pl.DataFrame({"creator_id": ["c0", "c1"], "comments_b": [0.0, 3.0]})
    shares = pl.DataFrame(
        [{"creator_id": "c0", "low": 0.2, "reason": None}, {"creator_id": "c1", "low": 0.4, "reason": "audience.wide"}],
        schema=SHARES_SCHEMA,
    )
    found = make_inputs(values, matched(14.0), places, shares)
    assert found.columns == [
        "creator_id", "growth_a", "comments_b", "audience_share_low", "set_comments_b", "peer_growth_a",
    ]  # fmt: skip
    assert found["peer_growth_a"].to_list() == [pytest.approx(2.0), None]
    assert found["set_comments_b"].to_list() == [0.0, 3.0]
    # An estimate too wide to be given is no measurement.
    assert found["audience_share_low"].to_list() == [0.2, None]


def test_inputs_without_peers() -> None:
    values = [pl.DataFrame({"creator_id": ["c0"], "growth_a": [14.0]})]
    found = make_inputs(values, matched(9.0, scope="none"), pl.DataFrame({"creator_id": ["c0"]}), no_shares())
    assert found.columns == ["creator_id", "growth_a", "audience_share_low"]


@pytest.mark.parametrize(
    ("p", "level", "reason"),
    [
        (0.95, "not_assessed", "creator.nothing_out_of_line"),
        (0.7, "not_assessed", "creator.nothing_out_of_line"),
        (0.2, "low", None),
        (0.55, "not_assessed", "creator.unclear"),
        (None, "not_assessed", "creator.no_model"),
    ],
)
def test_nobody_is_called_while_nothing_is_out_of_line(p: float | None, level: str, reason: str | None) -> None:
    row = decide(p, growth="low", engagement="low", comments="not_assessed")
    assert (row["level"], row["reason"]) == (level, reason)
    assert row["families_assessed"] == ["engagement", "growth"]


@pytest.mark.parametrize(
    ("p", "whose", "level", "reason"),
    [
        (0.2, "c0", "not_assessed", "creator.unexplained"),
        (0.2, "other", "low", None),
        (0.55, "c0", "not_assessed", "creator.unclear"),
        (0.55, "other", "not_assessed", "creator.unclear"),
    ],
)
def test_nobody_is_low_while_something_is_unexplained_that_no_peers_could_judge(
    p: float, whose: str, level: str, reason: str | None
) -> None:
    predicted = pl.DataFrame({"creator_id": ["c0"], "p_manipulated": [p]})
    seen = findings(engagement="low", comments="low", growth="not_assessed")
    row = decide_creators(seen, predicted, RULES, LINES, pl.Series([whose])).row(0, named=True)
    assert (row["level"], row["reason"]) == (level, reason)


@pytest.mark.parametrize(
    ("p", "level"), [(0.95, "high"), (0.9, "high"), (0.7, "elevated"), (0.55, "not_assessed"), (0.2, "not_assessed")]
)
def test_level_follows_the_probability_where_a_family_is_out_of_line(p: float, level: str) -> None:
    assert decide(p, growth="elevated", engagement="low")["level"] == level


@pytest.mark.parametrize(
    "levels",
    [
        {"growth": "elevated"},
        {"engagement": "low", "growth": "not_assessed"},
        {"comments": "elevated", "network": "elevated"},
        {"growth": "low", "sponsorship": "low"},
    ],
)
@pytest.mark.parametrize("p", [0.05, 0.7, 0.99])
def test_one_family_or_talk_alone_gives_no_level(levels: dict[str, str], p: float) -> None:
    assert (decide(p, **levels)["level"], decide(p, **levels)["reason"]) == (
        "not_assessed",
        "creator.too_few_families",
    )


@pytest.mark.parametrize("absent", ["growth", "engagement", "comments", "network", "audience"])
def test_a_missing_family_neither_accuses_nor_clears(absent: str) -> None:
    all_low = dict.fromkeys(("growth", "engagement", "comments", "network", "audience"), "low")
    assert decide(0.05, **all_low)["level"] == "low"
    assert decide(0.05, **{**all_low, absent: "not_assessed"})["level"] == "low"
    out = {**all_low, "engagement" if absent == "growth" else "growth": "elevated"}
    assert decide(0.95, **out)["level"] == decide(0.95, **{**out, absent: "not_assessed"})["level"] == "high"


@pytest.mark.parametrize("family", ["growth", "engagement", "comments"])
def test_nobody_is_low_beside_a_family_out_of_line(family: str) -> None:
    levels = {"growth": "low", "engagement": "low", "comments": "low", family: "elevated"}
    assert (decide(0.05, **levels)["level"], decide(0.05, **levels)["reason"]) == ("not_assessed", "creator.mixed")


@pytest.mark.parametrize("level", ["elevated", "high"])
def test_an_audience_above_its_line_stands_by_itself(level: str) -> None:
    assert decide(0.3, growth="low", audience=level)["level"] == level
    assert decide(0.3, audience=level)["level"] == "not_assessed"


def test_wording_of_posts_is_no_family_that_counts() -> None:
    assert decide(0.95, growth="low", engagement="low", sponsorship="elevated")["level"] == "not_assessed"


def test_no_model_still_says_what_was_assessed() -> None:
    nobody = pl.DataFrame(schema={"creator_id": pl.String, "p_manipulated": pl.Float64})
    found = decide_creators(findings(growth="low"), nobody, RULES, None, NOBODY)
    assert found.schema == pl.Schema(CREATORS_SCHEMA)
    assert found.row(0) == ("c0", "not_assessed", None, ["growth"], "creator.no_model")


def test_shipped_rules_can_be_read() -> None:
    rules = read_config(config_dir() / "verdict" / "creator.yaml", CreatorRules)
    lines = load_models().need(CREATOR).lines
    assert 0 < rules.low_below < lines.elevated_from < lines.high_from < 1
