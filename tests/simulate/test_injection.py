"""Campaigns on top of tables that are there: only what they hold changes, by as much as truth says."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from training.datasets import read_creator_posts, read_vtuber_windows

from zhenfen.errors import ConfigError
from zhenfen.simulate import MANIPULATIONS, Campaign, Role, Simulated, inject, simulate_roles
from zhenfen.simulate.cast import TRUTH_SCHEMA
from zhenfen.simulate.roles import FOLLOWER_MANIPULATIONS
from zhenfen.tables import Tables, check_tables

N = len(MANIPULATIONS)


@pytest.fixture(scope="module")
def before() -> Tables:
    """Two creators for each manipulation and one without any."""
    return simulate_roles([Role("seasonal", "bilibili")] * (2 * N + 1), seed=1).tables


@pytest.fixture(scope="module")
def campaigns(before: Tables) -> dict[str, Campaign]:
    ids = before["creators"]["creator_id"].to_list()
    return {creator_id: Campaign(MANIPULATIONS[at % N], 0.2) for at, creator_id in enumerate(ids[: 2 * N])}


@pytest.fixture(scope="module")
def after(before: Tables, campaigns: dict[str, Campaign]) -> Simulated:
    return inject(before, campaigns, seed=2)


def same(one: Tables, other: Tables) -> bool:
    return all(one[name].equals(other[name]) for name in {*one.frames, *other.frames})


def test_the_tables_keep_their_contract(after: Simulated):
    check_tables(after.tables.frames)
    assert dict(after.truth.schema) == TRUTH_SCHEMA


def test_who_is_not_named_stays_as_he_was(before: Tables, after: Simulated):
    untouched = after.truth.filter(pl.col("manipulation").is_null())["creator_id"].to_list()
    assert len(untouched) == 1
    assert same(before.for_creators(untouched), after.tables.for_creators(untouched))
    assert not after.truth.filter(pl.col("creator_id").is_in(untouched))["is_manipulated"].any()


def test_the_rows_that_were_there_are_still_there(before: Tables, after: Simulated):
    for name, key in (("follower_counts", "observed_at"), ("posts", "post_id"), ("audience", "profile_id")):
        assert before[name].select("creator_id", key).equals(after.tables[name].select("creator_id", key))
    kept = after.tables["comments"].join(before["comments"], on="comment_id", how="semi")
    assert kept.equals(before["comments"])


def test_followers_come_as_truth_says(before: Tables, after: Simulated):
    both = before["follower_counts"].join(after.tables["follower_counts"], on=["creator_id", "observed_at"])
    most = both.group_by("creator_id").agg(added=(pl.col("n_followers_right") - pl.col("n_followers")).max())
    truth = after.truth.join(most, on="creator_id").filter(pl.col("manipulation").is_in(FOLLOWER_MANIPULATIONS))
    assert len(truth) == 2 * len(FOLLOWER_MANIPULATIONS)
    assert truth["is_manipulated"].all()
    assert (truth["added"] <= truth["n_bought_followers"]).all()
    assert (truth["added"] > 0.7 * truth["n_bought_followers"]).all()


def test_counts_come_as_truth_says(before: Tables, after: Simulated):
    both = before["posts"].join(after.tables["posts"], on="post_id", suffix="_after")
    names = ("likes", "views", "comments")
    added = both.group_by("creator_id").agg((pl.col(f"n_{name}_after") - pl.col(f"n_{name}")).sum() for name in names)
    truth = after.truth.join(added, on="creator_id")
    for name in names:
        assert truth[f"n_bought_{name}"].equals(truth[f"n_{name}_after"].alias(f"n_bought_{name}"))
        assert truth[f"n_bought_{name}"].sum() > 0


def test_bought_comments_are_new_rows_on_bought_posts(before: Tables, after: Simulated):
    new = after.tables["comments"].join(before["comments"], on="comment_id", how="anti")
    named = after.truth["bought_comments"].explode(empty_as_null=False)
    assert set(new["comment_id"]) == set(named)
    assert set(new["post_id"]) <= set(after.truth["bought_posts"].explode(empty_as_null=False))
    assert new["created_at"].max() <= before["comments"]["created_at"].max()
    assert len(new) > 20


def test_the_number_of_followers_of_the_creator_follows(before: Tables, after: Simulated):
    last = after.tables["follower_counts"].group_by("creator_id", maintain_order=True).last()
    assert last["n_followers"].equals(after.tables["creators"]["n_followers"])


def test_a_creators_part_depends_on_its_own_rows_alone(
    before: Tables, campaigns: dict[str, Campaign], after: Simulated
):
    some = sorted(campaigns)[3:9]
    alone = inject(before.for_creators(some), {one: campaigns[one] for one in some}, seed=2)
    for name in ("follower_counts", "posts"):
        assert alone.tables[name].equals(after.tables.for_creators(some)[name])
    assert alone.truth.drop("bought_comments").equals(
        after.truth.filter(pl.col("creator_id").is_in(some)).drop("bought_comments")
    )


def test_the_order_of_rows_changes_nothing(before: Tables, campaigns: dict[str, Campaign], after: Simulated):
    turned = Tables({name: frame.reverse() for name, frame in before.frames.items()})
    assert same(inject(turned, campaigns, seed=2).tables, after.tables)


def test_an_unknown_count_stays_unknown():
    tables = Tables(
        {
            "posts": pl.DataFrame(
                {
                    "post_id": ["a", "b", "c"],
                    "creator_id": ["x"] * 3,
                    "n_likes": [100, None, 300],
                    "n_views": [None] * 3,
                },
                schema_overrides={"n_views": pl.Int64},
            )
        }
    )
    liked = inject(tables, {"x": Campaign("purchased_likes", 0.5)}, 1)
    assert liked.tables["posts"]["n_likes"].is_null().to_list() == [False, True, False]
    assert liked.truth["is_manipulated"].item()
    viewed = inject(tables, {"x": Campaign("purchased_views", 0.5)}, 1)
    assert viewed.tables["posts"]["n_views"].null_count() == 3
    assert not viewed.truth["is_manipulated"].item()


@pytest.mark.parametrize("name", MANIPULATIONS)
def test_tables_without_what_a_campaign_changes_stay_as_they_are(name: str):
    tables = Tables({"creators": pl.DataFrame({"creator_id": ["x"], "platform": ["douyin"], "n_followers": [900]})})
    made = inject(tables, {"x": Campaign(name, 0.3)}, 1)
    assert same(tables, made.tables)
    assert made.truth.select("is_manipulated", "manipulation").row(0) == (False, name)


@pytest.mark.parametrize("n_readings", [1, 2, 5])
def test_short_series_take_a_campaign(n_readings: int):
    days = pl.datetime_range(pl.datetime(2026, 1, 1), pl.datetime(2026, 1, n_readings), "1d", eager=True)
    counts = pl.DataFrame({"creator_id": "x", "observed_at": days.dt.replace_time_zone("UTC"), "n_followers": 1000})
    for name in FOLLOWER_MANIPULATIONS:
        made = inject(Tables({"follower_counts": counts}), {"x": Campaign(name, 0.3)}, 1)
        assert (made.tables["follower_counts"]["n_followers"] >= 1000).all()


def test_a_creator_that_nobody_knows_is_an_error(before: Tables):
    with pytest.raises(ConfigError, match="campaigns for creators that no table names: nobody"):
        inject(before, {"nobody": Campaign("follower_burst", 0.1)}, 1)


def test_no_campaign_changes_nothing(before: Tables):
    made = inject(before, {}, 1)
    assert same(made.tables, before)
    assert len(made.truth) == 2 * N + 1


@pytest.mark.data
def test_real_series_and_posts_take_campaigns(data_dir: Path):
    for tables, names in (
        (read_vtuber_windows(data_dir), FOLLOWER_MANIPULATIONS),
        (read_creator_posts(data_dir, "douyin_xingtu_goodgame_2025"), ("purchased_likes", "engagement_pod")),
    ):
        ids = tables["creators"]["creator_id"].to_list()[:24]
        made = inject(tables, {one: Campaign(names[at % len(names)], 0.2) for at, one in enumerate(ids)}, 3)
        check_tables(made.tables.frames)
        assert made.truth["is_manipulated"].sum() == 24
