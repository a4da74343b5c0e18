"""Audiences of their own: likers and commenters beside the followers, never mixed, and labels where they belong."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from zhenfen.model_store import load_models
from zhenfen.scoring import score
from zhenfen.scoring.audience_readings import READ_AUDIENCE
from zhenfen.scoring.estimates import place_labels, score_sample
from zhenfen.simulate import simulate
from zhenfen.tables import TABLES, Tables, make_frame
from zhenfen.verdict.evidence import Findings
from zhenfen.verdict.partition import CLASSES, LABELLED


@cache
def one_creator() -> Tables:
    """One audited creator without comments, whose reading is slow and beside the point."""
    tables = simulate(["burst_buyer"], 7).tables
    return tables.replace(comments=tables["comments"].clear())


def with_commenters(tables: Tables, n: int = 60) -> Tables:
    """The last followers of the sample have commented as well."""
    commenters = tables["audience"].tail(n).with_columns(frame=pl.lit("commenters"))
    return tables.replace(audience=pl.concat([tables["audience"], commenters]))


@cache
def found(*, is_audited: bool = True, has_commenters: bool = False) -> Findings:
    tables = one_creator() if is_audited else one_creator().replace(audit_labels=one_creator()["audit_labels"].clear())
    return score(with_commenters(tables) if has_commenters else tables, load_models())


def test_each_audience_has_its_estimate_and_classes() -> None:
    details = found(has_commenters=True).details["audience"]
    assert {name: dict(details[name].schema) for name in READ_AUDIENCE} == READ_AUDIENCE
    assert details["shares"]["frame"].to_list() == ["authorised_export"]
    assert details["other_shares"]["frame"].to_list() == ["commenters"]
    assert details["partition"]["frame"].to_list() == ["authorised_export"] * 6 + ["commenters"] * 6
    assert details["partition"]["class"].to_list() == [*CLASSES, *CLASSES]
    for (_frame,), part in details["partition"].partition_by("frame", as_dict=True).items():
        assert part["share"].sum() == pytest.approx(1)


def test_commenters_change_nothing_of_the_followers() -> None:
    alone, beside = found().details["audience"], found(has_commenters=True).details["audience"]
    for name in ("shares", "patterns"):
        assert_frame_equal(alone[name], beside[name])
    followers = beside["partition"].filter(frame="authorised_export")
    assert_frame_equal(alone["partition"], followers)
    assert found().findings.equals(found(has_commenters=True).findings)


def test_an_audit_answers_who_they_are_where_the_model_may_not_be_asked() -> None:
    partition = found().details["audience"]["partition"]
    assert set(partition["basis"]) == {LABELLED}
    assert set(partition["n_profiles"]) == {100}
    shares = dict(partition.select("class", "share").iter_rows())
    labels = one_creator()["audit_labels"]
    assert shares["made_looking"] == pytest.approx(labels["is_fake"].mean())
    assert shares["unknown"] == 0
    unaudited = found(is_audited=False).details["audience"]["partition"]
    assert unaudited.filter(pl.col("class") == "unknown")["share"].item() > 0.5


def test_an_audit_decides_the_level_over_all() -> None:
    """Without labels nothing is known of the audience; with them it is high by itself, and so is the whole."""
    before, after = found(is_audited=False), found()
    level = pl.col("family") == "audience"
    assert before.findings.filter(level)["level"].item() == "not_assessed"
    assert after.findings.filter(level)["level"].item() == "high"
    assert after.creators["level"].item() == "high"


def test_profiles_of_whom_hardly_a_count_is_known_are_out_of_domain() -> None:
    """Names alone got a share near 1 from the model: an export of ids and names must not accuse a creator."""
    tables = simulate(["burst_buyer"], 7, platforms=["weibo"]).tables
    sample, model = tables["audience"], load_models().audience
    assert model is not None
    unknown = pl.lit(None, pl.Int64)
    two = sample.with_columns(n_followers=unknown)
    one = two.with_columns(n_posts=unknown)
    known, few = (score_sample(part, tables, model, datetime(2026, 10, 31, tzinfo=UTC)) for part in (two, one))
    assert known["out_of_domain"].mean() < 0.25
    assert few["out_of_domain"].all()
    bare = tables.replace(
        audience=one, audit_labels=tables["audit_labels"].clear(), comments=tables["comments"].clear()
    )
    (share,) = score(bare, load_models()).details["audience"]["shares"].iter_rows(named=True)
    assert share["reason"] == "audience.interval_too_wide"


def test_labels_belong_to_the_frame_that_they_were_drawn_from() -> None:
    both = with_commenters(one_creator())["audience"]
    labels = one_creator()["audit_labels"]
    assert set(place_labels(both, labels)["frame"]) == {"authorised_export"}
    of_commenters = make_frame(
        TABLES["audit_labels"],
        both.filter(frame="commenters").select(
            "creator_id",
            "profile_id",
            is_fake=pl.lit(value=False),
            labelled_by=pl.lit("x"),
            labelled_at=pl.lit(datetime(2026, 10, 30, tzinfo=UTC)),
            inclusion=pl.lit(1.0),
        ),
    )
    # Every labelled commenter follows too: of equals the measured frame counts.
    assert set(place_labels(both, of_commenters)["frame"]) == {"authorised_export"}
    strangers = both.with_columns(
        profile_id=pl.when(pl.col("frame") == "commenters").then("z" + pl.col("profile_id")).otherwise("profile_id")
    )
    renamed = of_commenters.with_columns(profile_id="z" + pl.col("profile_id"))
    assert set(place_labels(strangers, renamed)["frame"]) == {"commenters"}


def test_without_a_model_nothing_is_said_of_who_they_are() -> None:
    details = score(one_creator(), load_models().with_models(audience=None)).details["audience"]
    assert not set(READ_AUDIENCE) & set(details)
    assert {"origins", "following"} <= set(details)
