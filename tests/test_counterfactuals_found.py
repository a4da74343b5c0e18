"""Counterfactuals of simulated creators: each holds when the tables are changed by hand and scored again."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

import polars as pl
import pytest

from toy_models import toy_models
from zhenfen.features.base import Inputs
from zhenfen.scoring import known_at, latest_moment, score
from zhenfen.scoring.changes import change_counts, change_events, in_clusters, label_posts
from zhenfen.simulate import simulate
from zhenfen.tables import Tables
from zhenfen.verdict.counterfactuals import COUNTERFACTUALS_SCHEMA, OVERALL, RANKS, UNSAID, Change
from zhenfen.verdict.creator import MIXED, UNCLEAR
from zhenfen.verdict.evidence import Findings

KINDS = ["burst_buyer", "comment_farm", "organic_large", "organic_small"]
PLATFORMS = ("xiaohongshu", "bilibili", "bilibili", "weibo")


@cache
def simulated() -> Tables:
    made = simulate(KINDS, seed=11, platforms=PLATFORMS).tables
    return known_at(made, latest_moment(made))


@cache
def findings() -> Findings:
    return score(simulated(), toy_models())


def counterfactuals() -> list[dict]:
    return findings().details[OVERALL]["counterfactuals"].to_dicts()


def level_of(found: Findings, creator_id: str, subject: str) -> str:
    if subject == OVERALL:
        row = found.creators.row(by_predicate=pl.col("creator_id") == creator_id, named=True)
        return UNSAID if row["reason"] in (UNCLEAR, MIXED) else row["level"]
    return found.findings.filter(creator_id=creator_id, family=subject)["level"].item()


def change_by_hand(tables: Tables, row: dict) -> Tables:
    """The tables with the changes of a row, by other means than the code under test where there are any."""
    mine = pl.col("creator_id") == row["creator_id"]
    for change in row["changes"]:
        if change["kind"] == "event_confirmed":
            event = {"creator_id": [row["creator_id"]], "starts_at": [change["starts_at"]], "kind": [change["ref"]]}
            events = pl.concat([tables["events"], pl.DataFrame(event)], how="diagonal_relaxed")
            tables = tables.replace(events=events)
        elif change["kind"] == "without_cluster":
            clusters = Inputs(simulated(), latest_moment(simulated())).comment_clusters
            named = clusters.filter(cluster_id=change["ref"])["comment_id"]
            gone = mine & pl.col("comment_id").is_in(named.implode())
            tables = tables.replace(comments=tables["comments"].filter(~gone))
        elif change["kind"] == "without_span":
            tables = change_counts(tables, row["creator_id"], [Change(**change)])
    return tables


def test_they_are_found_for_what_was_bought() -> None:
    assert dict(findings().details[OVERALL]["counterfactuals"].schema) == COUNTERFACTUALS_SCHEMA
    kinds = {(row["subject"], change["kind"]) for row in counterfactuals() for change in row["changes"]}
    assert {(OVERALL, "without_span"), (OVERALL, "without_cluster"), ("comments", "without_cluster")} <= kinds


def test_every_level_above_low_is_lowered_by_what_is_named() -> None:
    for row in counterfactuals():
        assert row["level"] == level_of(findings(), row["creator_id"], row["subject"])
        assert RANKS[row["level_then"]] < RANKS[row["level"]]
    above = findings().findings.filter(pl.col("level").is_in(["elevated", "high"]))
    named = {(row["creator_id"], row["subject"]) for row in counterfactuals()}
    assert set(above.select("creator_id", "family").iter_rows()) <= named


@pytest.mark.parametrize("kind", ["event_confirmed", "without_cluster", "without_span"])
def test_scoring_the_changed_tables_gives_the_level_that_was_promised(kind: str) -> None:
    rows = [row for row in counterfactuals() if {change["kind"] for change in row["changes"]} == {kind}]
    if not rows:
        pytest.skip(f"no counterfactual of the kind {kind} in this simulation")
    for row in rows[:2]:
        again = score(change_by_hand(simulated(), row), toy_models(), as_of=findings().as_of, with_details=False)
        assert level_of(again, row["creator_id"], row["subject"]) == row["level_then"]


def test_a_batch_goes_without() -> None:
    assert "counterfactuals" not in score(simulated(), toy_models(), with_details=False).details[OVERALL]


def test_a_span_taken_out_leaves_what_was_expected_and_moves_nothing_else() -> None:
    counts = simulated()["follower_counts"]
    mine = counts["creator_id"][0]
    own = counts.filter(creator_id=mine).sort("observed_at")
    first, last = (own["observed_at"][n].replace(hour=0, minute=0, second=0, microsecond=0) for n in (50, 52))
    before = own.filter(pl.col("observed_at") < first)["n_followers"][-1]
    after = own.filter(pl.col("observed_at") < last + timedelta(days=1))["n_followers"][-1]
    change = Change("without_span", first, last, "burst", after - before, 30.0)
    changed = change_counts(simulated(), mine, [change])["follower_counts"]
    others = pl.col("creator_id") != mine
    assert changed.filter(others).equals(counts.filter(others))
    now = changed.filter(creator_id=mine).sort("observed_at")
    assert now.filter(pl.col("observed_at") < first).equals(own.filter(pl.col("observed_at") < first))
    later = pl.col("observed_at") > last + timedelta(days=1)
    moved = own.filter(later)["n_followers"] - now.filter(later)["n_followers"]
    assert moved.unique().to_list() == [after - before - 30]
    inside = now.filter(pl.col("observed_at").is_between(first, last + timedelta(days=1)))
    assert inside["n_followers"].to_list() == [before + 30]


def test_an_event_is_added_once() -> None:
    mine, day = simulated()["creators"]["creator_id"][0], latest_moment(simulated())
    change = Change("event_confirmed", day, day, "giveaway", 5)
    once = change_events(simulated(), mine, [change])
    assert once["events"].height == simulated()["events"].height + 1
    assert change_events(once, mine, [change])["events"].equals(once["events"])


def test_labels_are_put_on_the_posts_named_alone() -> None:
    posts = simulated()["posts"]
    labelled = label_posts(simulated(), posts["post_id"].head(2))["posts"]
    assert labelled["is_labelled_ad"].head(2).to_list() == [True, True]
    assert labelled.slice(2).equals(posts.slice(2))


def test_only_the_creators_own_comments_of_a_cluster_go() -> None:
    inputs = Inputs(simulated(), latest_moment(simulated()))
    clusters = inputs.comment_clusters["cluster_id"]
    largest = clusters.drop_nulls().mode().sort()[0]
    for creator_id in simulated()["creators"]["creator_id"]:
        gone = in_clusters(inputs, creator_id, [Change("without_cluster", ref=largest)])
        own = inputs.tables["comments"]["creator_id"] == creator_id
        assert gone.sum() == (own & (clusters == largest).fill_null(value=False)).sum()
        kept = inputs.keep_comments(~gone)
        assert kept.comment_texts["comment_id"].equals(kept.tables["comments"]["comment_id"])
        assert kept.comment_clusters["comment_id"].equals(kept.tables["comments"]["comment_id"])
