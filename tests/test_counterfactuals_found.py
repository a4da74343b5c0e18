"""Counterfactuals of simulated creators: each holds when the tables are changed by hand and scored again."""

from __future__ import annotations

from functools import cache
from typing import get_args

import polars as pl
import pytest

from toy_models import toy_models
from zhenfen.features.engagement.what_ifs import promote_posts
from zhenfen.features.growth.what_ifs import add_events
from zhenfen.features.posts.what_ifs import label_posts
from zhenfen.features.what_ifs import DocumentedChange, Kind
from zhenfen.messages import Catalogue
from zhenfen.report.summarise import summarise_creator
from zhenfen.scoring import known_at, latest_moment, score
from zhenfen.simulate import simulate
from zhenfen.tables import Tables
from zhenfen.verdict.changes import COUNTERFACTUALS_SCHEMA, OVERALL, RANKS, UNSAID
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
        elif change["kind"] == "posts_promoted":
            shown = findings().details["engagement"]["posts"].filter("stands_out")["post_id"]
            named = mine & pl.col("post_id").is_in(shown.implode())
            assert tables["posts"].filter(named).height == change["n"]
            paid = pl.when(named).then(pl.col("n_views") // 2 + 1).otherwise("n_paid_views")
            tables = tables.replace(posts=tables["posts"].with_columns(n_paid_views=paid))
    return tables


def test_only_what_can_be_documented_is_named() -> None:
    assert dict(findings().details[OVERALL]["counterfactuals"].schema) == COUNTERFACTUALS_SCHEMA
    assert {change["kind"] for row in counterfactuals() for change in row["changes"]} <= set(get_args(Kind))
    refs = {change["ref"] for row in counterfactuals() for change in row["changes"]}
    assert {"giveaway", "advert", "promotion"} <= refs


def test_every_level_that_is_named_stands_and_falls() -> None:
    assert counterfactuals()
    for row in counterfactuals():
        assert row["level"] == level_of(findings(), row["creator_id"], row["subject"])
        assert RANKS[row["level_then"]] < RANKS[row["level"]]


@pytest.mark.parametrize("ref", ["giveaway", "promotion", None])
def test_scoring_the_changed_tables_gives_the_level_that_was_promised(ref: str | None) -> None:
    by_hand = [row for row in counterfactuals() if all(change["kind"] != "share_at" for change in row["changes"])]
    rows = [row for row in by_hand if {change["ref"] for change in row["changes"]} == {ref}]
    if not rows:
        pytest.skip(f"no counterfactual that names {ref} in this simulation")
    for row in rows[:2]:
        again = score(change_by_hand(simulated(), row), toy_models(), as_of=findings().as_of, with_details=False)
        assert level_of(again, row["creator_id"], row["subject"]) == row["level_then"]


def test_a_batch_goes_without() -> None:
    assert "counterfactuals" not in score(simulated(), toy_models(), with_details=False).details[OVERALL]


def test_an_event_is_added_once() -> None:
    mine, day = simulated()["creators"]["creator_id"][0], latest_moment(simulated())
    change = DocumentedChange("event_confirmed", day, day, "giveaway", 5)
    once = add_events(simulated(), mine, [change])
    assert once["events"].height == simulated()["events"].height + 1
    assert add_events(once, mine, [change])["events"].equals(once["events"])


def test_labels_are_put_on_the_posts_named_alone() -> None:
    posts = simulated()["posts"]
    labelled = label_posts(simulated(), posts["post_id"].head(2))["posts"]
    assert labelled["is_labelled_ad"].head(2).to_list() == [True, True]
    assert labelled.slice(2).equals(posts.slice(2))


def test_receipts_are_put_on_the_posts_named_alone_and_keep_what_is_recorded() -> None:
    posts = simulated()["posts"].with_columns(n_paid_views=pl.when(pl.int_range(pl.len()) == 0).then(900))
    tables = simulated().replace(posts=posts)
    promoted = promote_posts(tables, posts["post_id"].head(2))["posts"]
    assert promoted["n_paid_views"].head(2).to_list() == [900, 1]
    assert promoted.slice(2).equals(posts.slice(2))


def test_receipts_of_promotion_lower_what_many_likes_raised_and_are_asked_for() -> None:
    made = simulate(["organic_large", "organic_small"], seed=3, platforms=("douyin", "douyin")).tables
    tables = known_at(made, latest_moment(made))
    mine = tables["creators"]["creator_id"][0]
    is_pushed = (pl.col("creator_id") == mine) & (pl.int_range(pl.len()) % 6 == 0)
    likes = pl.when(is_pushed).then(15 * pl.col("n_likes")).otherwise("n_likes")
    pushed = tables.replace(posts=tables["posts"].with_columns(n_likes=likes))
    found = score(pushed, toy_models())
    assert level_of(found, mine, "engagement") == "elevated"
    (row,) = found.details[OVERALL]["counterfactuals"].filter(creator_id=mine, subject="engagement").to_dicts()
    assert ([change["kind"] for change in row["changes"]], row["level_then"]) == (["posts_promoted"], "low")
    named = found.details["engagement"]["posts"].filter(pl.col("stands_out"), creator_id=mine)["post_id"]
    assert len(set(named) - set(pushed["posts"].filter(is_pushed)["post_id"])) <= 1
    asked = summarise_creator(found, pushed, mine, Catalogue("zh"))["questions"]
    assert sum("投流订单" in question for question in asked) == 1
    again = score(promote_posts(pushed, named), toy_models(), as_of=found.as_of, with_details=False)
    assert level_of(again, mine, "engagement") == "low"
