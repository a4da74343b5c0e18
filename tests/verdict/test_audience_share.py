"""From scores and labels to a share with an interval, and from the interval to a level."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from zhenfen.config import config_dir, read_rules
from zhenfen.errors import ConfigError
from zhenfen.estimators.manifest import Manifest
from zhenfen.tables import TABLES, make_frame
from zhenfen.verdict.audience import (
    SHARES_SCHEMA,
    AudienceRules,
    decide_audience,
    estimate_shares,
)
from zhenfen.verdict.evidence import FINDINGS_SCHEMA

RULES = read_rules(config_dir() / "verdict" / "audience.yaml", AudienceRules).rules
GOOD = {"n_fake": 200, "n_fake_flagged": 190, "n_genuine": 200, "n_genuine_flagged": 10}
POOR = {"n_fake": 200, "n_fake_flagged": 120, "n_genuine": 200, "n_genuine_flagged": 60}
MANIFEST = Manifest(
    name="audience",
    version=1,
    trained_on=(),
    features=(),
    feature_code="",
    threshold=0.5,
    training_share=0.5,
    platforms=("weibo",),
    domain={},
    validations=({"source": "a", "platform": "weibo", **GOOD},),
    validations_across=({"source": "a", "platform": "weibo", **GOOD}, {"source": "b", "platform": "x", **POOR}),
    metrics={},
    files={},
    seed=1,
    git_commit="",
    package_version="0",
)
NO_LABELS = make_frame(TABLES["audit_labels"])


def make_profiles(n: int, share: float, platform: str = "weibo", creator: str = "c", seed: int = 1) -> pl.DataFrame:
    """Profiles whose scores a good detector gave: Beta-distributed, calibrated at a half."""
    rng = np.random.default_rng(seed)
    is_fake = rng.random(n) < share
    return pl.DataFrame(
        {
            "creator_id": creator,
            "profile_id": [f"{creator}-{i:04d}" for i in range(n)],
            "platform": platform,
            "frame": "newest",
            "p_fake": np.where(is_fake, rng.beta(8, 2, n), rng.beta(2, 8, n)),
            "out_of_domain": False,
            "truth": is_fake,
        }
    )


def make_labels(profiles: pl.DataFrame, n: int, seed: int = 2) -> pl.DataFrame:
    drawn = profiles.sample(n, seed=seed)
    return make_frame(
        TABLES["audit_labels"],
        drawn.select(
            "creator_id",
            "profile_id",
            is_fake="truth",
            labelled_by=pl.lit("me"),
            labelled_at=pl.lit(datetime(2026, 1, 1, tzinfo=UTC)),
            stratum=pl.lit(0),
            inclusion=pl.lit(n / profiles.height),
        ),
    )


def estimate(profiles: pl.DataFrame, labels: pl.DataFrame = NO_LABELS) -> dict[str, object]:
    return estimate_shares(profiles.drop("truth"), labels, MANIFEST, RULES).row(0, named=True)


def test_in_domain_the_count_is_corrected() -> None:
    found = estimate(make_profiles(400, 0.3))
    assert (found["method"], found["reason"], found["n_labels"]) == ("adjusted_count", None, 0)
    assert found["low"] < 0.3 < found["high"]


def test_another_platform_gets_the_worst_case_and_is_wider() -> None:
    at_home, abroad = (estimate(make_profiles(400, 0.3, platform)) for platform in ("weibo", "douyin"))
    assert abroad["method"] == "worst_case"
    assert abroad["high"] - abroad["low"] > at_home["high"] - at_home["low"]


def test_profiles_unlike_the_training_are_out_of_domain_on_any_platform() -> None:
    strange = make_profiles(400, 0.3).with_columns(out_of_domain=pl.int_range(pl.len()) < 120)
    found = estimate(strange)
    assert (found["method"], found["n_out_of_domain"]) == ("worst_case", 120)


def test_labels_bring_the_interval_back() -> None:
    profiles = make_profiles(500, 0.3, "douyin")
    before, after = estimate(profiles), estimate(profiles, make_labels(profiles, 100))
    assert (after["method"], after["n_labels"]) == ("prediction_powered", 100)
    assert after["high"] - after["low"] < before["high"] - before["low"]
    assert after["low"] < 0.3 < after["high"]


def test_labels_of_other_creators_and_without_weight_change_nothing() -> None:
    profiles = make_profiles(500, 0.3)
    strangers = make_labels(make_profiles(500, 0.9, creator="other"), 100)
    unweighted = make_labels(profiles, 100).with_columns(inclusion=pl.lit(None, dtype=pl.Float64))
    assert estimate(profiles, strangers) == estimate(profiles) == estimate(profiles, unweighted)


def test_the_order_of_profiles_and_labels_changes_nothing() -> None:
    profiles = make_profiles(500, 0.3)
    labels = make_labels(profiles, 100)
    assert estimate(profiles.reverse(), labels.reverse()) == estimate(profiles, labels)


def make_findings(level: str = "low") -> pl.DataFrame:
    rows = [
        {"creator_id": "c", "family": family, "level": level, "basis": "descriptive", "score": 1.0}
        for family in ("audience", "growth")
    ]
    return pl.DataFrame(rows, schema=FINDINGS_SCHEMA)


def make_share(low: float, reason: str | None = None) -> pl.DataFrame:
    return pl.DataFrame([{"creator_id": "c", "low": low, "share": 0.5, "reason": reason}], schema=SHARES_SCHEMA)


@pytest.mark.parametrize(("low", "level"), [(0.0, "low"), (0.14, "low"), (0.16, "elevated"), (0.31, "high")])
def test_the_lower_end_of_the_interval_decides(low: float, level: str) -> None:
    findings = decide_audience(make_findings(), make_share(low), RULES)
    audience = findings.row(0, named=True)
    assert (audience["family"], audience["level"], audience["basis"]) == ("audience", level, "model")


def test_a_reason_leaves_the_family_unassessed_and_the_others_alone() -> None:
    before = make_findings()
    after = decide_audience(before, make_share(0.9, "audience.interval_too_wide"), RULES)
    assert after["level"].to_list() == ["not_assessed", "low"]
    assert after.filter(family="growth").equals(before.filter(family="growth"))
    assert after["reason"].to_list() == ["audience.interval_too_wide", None]


def test_without_an_estimate_the_peers_decide() -> None:
    before = make_findings()
    assert decide_audience(before, pl.DataFrame(schema=SHARES_SCHEMA), RULES).equals(before)


def test_a_level_is_wrong_at_most_as_often_as_the_interval() -> None:
    """Of audiences whose true share lies at the line, the level above is given to at most half of what 95 % miss."""
    profiles = pl.concat([make_profiles(300, RULES.elevated_from, creator=f"c{i}", seed=i) for i in range(200)])
    shares = estimate_shares(profiles.drop("truth"), NO_LABELS, MANIFEST, RULES)
    called = shares.filter(pl.col("low") > RULES.elevated_from).height
    # 200 audiences, 2.5 % expected; 12 would come once in a hundred runs.
    assert called < 12


def test_a_wrong_rule_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audience.yaml"
    path.write_text("version: 1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"audience\.yaml.*elevated_from"):
        read_rules(path, AudienceRules)
