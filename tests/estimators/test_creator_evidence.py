"""Evidence by family: the largest and a quarter of the rest, calibrated again, null where nothing is known."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from zhenfen.errors import ConfigError
from zhenfen.estimators.creator_evidence import (
    CreatorEvidence,
    Measurement,
    family_of,
    feature_of,
    fit_families,
    sum_family,
)
from zhenfen.estimators.tail_scores import fit_tail


def make_innocents(n: int = 2_000) -> pl.DataFrame:
    rng = np.random.default_rng(3)
    return pl.DataFrame({name: rng.normal(size=n) for name in ("growth_a", "growth_b", "comments_c", "set_comments_c")})


@pytest.fixture(scope="module")
def evidence() -> CreatorEvidence:
    innocents = make_innocents()
    tails = {name: fit_tail(innocents[name].to_numpy()) for name in innocents.columns}
    low = fit_tail(-innocents["growth_b"].to_numpy())
    measurements = {
        "growth_a": Measurement("jump", 1, tails["growth_a"], None),
        "growth_b": Measurement("jump", -1, low, None),
        "comments_c": Measurement("text", 1, tails["comments_c"], tails["set_comments_c"]),
    }
    return fit_families(measurements, innocents)


def row(**values: float | None) -> pl.DataFrame:
    return pl.DataFrame(
        {name: [value] for name, value in values.items()}, schema_overrides=dict.fromkeys(values, pl.Float64)
    )


def test_columns_are_features_and_the_places_that_are_read(evidence: CreatorEvidence) -> None:
    assert evidence.columns == ("growth_a", "growth_b", "comments_c", "set_comments_c")


def test_sign_turns_the_suspicious_side(evidence: CreatorEvidence) -> None:
    low, high = evidence.score(row(growth_b=-3.0)), evidence.score(row(growth_b=3.0))
    assert low["growth_b"][0] > 2.5
    assert high["growth_b"][0] < 0.05


def test_place_and_value_count_a_half_each(evidence: CreatorEvidence) -> None:
    value = evidence.score(row(comments_c=3.0))["comments_c"][0]
    both = evidence.score(row(comments_c=3.0, set_comments_c=-5.0))["comments_c"][0]
    assert both == pytest.approx(value / 2)


def test_largest_counts_and_a_quarter_of_what_the_others_exceed_one_by() -> None:
    scores = [np.array([3.0, 0.5, np.nan]), np.array([2.0, 0.2, np.nan]), np.array([np.nan, 0.4, np.nan])]
    np.testing.assert_allclose(sum_family(scores), [3.25, 0.5, np.nan])


def test_innocents_reach_a_familys_level_as_often_as_it_says(evidence: CreatorEvidence) -> None:
    rng = np.random.default_rng(4)
    others = pl.DataFrame({name: rng.normal(size=20_000) for name in evidence.columns})
    found = evidence.by_family(evidence.score(others))
    for family in ("jump", "text"):
        assert np.mean(found[family] >= 2.0) == pytest.approx(0.01, abs=0.006)


def test_a_family_of_which_nothing_is_known_is_not_known(evidence: CreatorEvidence) -> None:
    found = evidence.by_family(evidence.score(row(growth_a=1.0)))
    assert np.isnan(found["text"][0])
    assert np.isfinite(found["jump"][0])


def test_shares_of_a_family_sum_to_one(evidence: CreatorEvidence) -> None:
    asked = pl.concat([row(growth_a=2.0, growth_b=-1.0), row(growth_a=-9.0, growth_b=9.0)])
    scores = evidence.score(asked)
    shares = evidence.shares(scores, "jump")
    np.testing.assert_allclose(sum(shares.values()), [1.0, 1.0])
    assert shares["growth_a"][0] > shares["growth_b"][0]


def test_as_json_and_back_is_the_same(evidence: CreatorEvidence) -> None:
    again = CreatorEvidence.from_dict(json.loads(json.dumps(evidence.to_dict())))
    assert again == evidence


@pytest.mark.parametrize("broken", [{}, {"measurements": {}}, {"measurements": {"a": 1}, "families": {}}])
def test_what_is_no_evidence_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="evidence"):
        CreatorEvidence.from_dict(broken)


def test_a_measurement_of_an_unknown_family_is_refused(evidence: CreatorEvidence) -> None:
    values = evidence.to_dict()
    values["measurements"]["growth_a"]["family"] = "nobody"
    with pytest.raises(ConfigError, match="growth_a"):
        CreatorEvidence.from_dict(values)


@pytest.mark.parametrize(
    ("column", "feature", "family"),
    [
        ("growth_a", "growth_a", "growth"),
        ("peer_engagement_b", "engagement_b", "engagement"),
        ("set_comments_c", "comments_c", "comments"),
    ],
)
def test_feature_and_family_of_a_column(column: str, feature: str, family: str) -> None:
    assert (feature_of(column), family_of(column)) == (feature, family)
