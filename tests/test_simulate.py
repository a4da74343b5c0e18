"""Simulated creators: the same seed the same tables, truth that the tables bear out, magnitudes as in the sources."""

from __future__ import annotations

import time
from datetime import date, timedelta

import polars as pl
import pytest

from zhenfen.errors import ConfigError
from zhenfen.features.comments.family import Comments
from zhenfen.features.inputs import Inputs
from zhenfen.scoring import latest_moment
from zhenfen.simulate import ENDS_ON, KINDS, Simulated, shortlist, simulate, simulate_bulk
from zhenfen.tables import check_tables
from zhenfen.text.near_duplicates import cluster_comments

ALL_KINDS = tuple(KINDS)


@pytest.fixture(scope="module")
def every_kind() -> Simulated:
    return simulate(ALL_KINDS, seed=5)


def creator_of(simulated: Simulated, kind: str) -> str:
    return simulated.truth.filter(pl.col("kind") == kind)["creator_id"].item()


def rows_of(simulated: Simulated, table: str, kind: str) -> pl.DataFrame:
    return simulated.tables[table].filter(pl.col("creator_id") == creator_of(simulated, kind))


def gains(simulated: Simulated, kind: str) -> pl.DataFrame:
    counts = rows_of(simulated, "follower_counts", kind).sort("observed_at")
    return counts.select(day=pl.col("observed_at").dt.date(), gained=pl.col("n_followers").diff()).drop_nulls()


def test_the_tables_keep_their_contract(every_kind: Simulated):
    check_tables(every_kind.tables.frames)


def test_all_kinds_of_the_brief_are_there():
    asked = "organic_small organic_large niche_expert burst_buyer drip_buyer engagement_pod comment_farm giveaway_spike"
    assert {*asked.split(), "viral_spike", "platform_purge", "live_seller", "sponsored_heavy", "thin_data"} <= set(
        KINDS
    )


def test_the_same_seed_gives_the_same_tables_and_another_seed_others():
    one, again, other = (shortlist(seed) for seed in (3, 3, 4))
    assert all(one.tables[name].equals(again.tables[name]) for name in one.tables.frames)
    assert one.truth.equals(again.truth)
    assert not one.tables["posts"]["n_likes"].equals(other.tables["posts"]["n_likes"])


def test_a_creator_depends_on_its_place_alone():
    few, more = simulate(ALL_KINDS[:2], seed=1), simulate(ALL_KINDS[:3], seed=1)
    first = few.truth["creator_id"][0]
    for name in ("follower_counts", "posts", "comments"):
        mine, words = pl.col("creator_id") == first, pl.selectors.matches("text|author")
        assert few.tables[name].filter(mine).drop(words).equals(more.tables[name].filter(mine).drop(words))


@pytest.mark.parametrize(
    ("arguments", "wrong", "right"),
    [((["organic"], 1), "organic", "organic_small"), ((["organic_small"], 1, ["myspace"]), "myspace", "douyin")],
)
def test_an_unknown_name_lists_the_known_ones(arguments: tuple, wrong: str, right: str):
    with pytest.raises(ConfigError, match=rf"unknown \w+ {wrong}: expected .*{right}"):
        simulate(*arguments)


def test_time_ends_on_the_fixed_day(every_kind: Simulated):
    assert every_kind.tables["follower_counts"]["observed_at"].max().date() == ENDS_ON
    assert every_kind.tables["comments"]["created_at"].max().date() <= ENDS_ON
    assert (every_kind.tables["comments"]["created_at"] >= every_kind.tables["posts"]["published_at"].min()).all()


def test_series_span_120_days_but_for_the_thin_one(every_kind: Simulated):
    lengths = every_kind.tables["follower_counts"].group_by("creator_id").len()["len"].sort()
    assert lengths[0] == KINDS["thin_data"].fixed.n_days
    assert set(lengths[1:]) == {120}


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_truth_says_what_the_kind_says(every_kind: Simulated, kind: str):
    truth = every_kind.truth.filter(pl.col("kind") == kind).row(0, named=True)
    anything = any(len(truth[f"bought_{what}"]) for what in ("days", "posts", "comments"))
    assert truth["is_manipulated"] == anything == KINDS[kind].is_manipulated


def test_bought_ids_are_in_the_tables(every_kind: Simulated):
    for what, table, key in (
        ("posts", "posts", "post_id"),
        ("comments", "comments", "comment_id"),
        ("profiles", "audience", "profile_id"),
    ):
        bought = every_kind.truth[f"bought_{what}"].explode(empty_as_null=False)
        assert len(bought) > 0
        assert set(bought) <= set(every_kind.tables[table][key])


def test_the_story_of_an_audit_labels_a_draw_of_the_sample_truly(every_kind: Simulated):
    audited = [kind for kind, told in KINDS.items() if told.fixed.n_labelled]
    labels = every_kind.tables["audit_labels"]
    assert set(labels["creator_id"]) == {creator_of(every_kind, kind) for kind in audited} != set()
    for kind in audited:
        mine, sample = rows_of(every_kind, "audit_labels", kind), rows_of(every_kind, "audience", kind)
        assert mine.height == KINDS[kind].fixed.n_labelled
        assert set(mine["inclusion"]) == {mine.height / sample.height}
        bought = every_kind.truth.filter(pl.col("kind") == kind)["bought_profiles"].item()
        assert set(mine.filter("is_fake")["profile_id"]) == set(mine["profile_id"]) & set(bought)
        assert 0 < mine["is_fake"].mean() < 1


def test_bought_days_hold_the_largest_gains_of_a_burst_buyer(every_kind: Simulated):
    truth = every_kind.truth.filter(pl.col("kind") == "burst_buyer").row(0, named=True)
    top = gains(every_kind, "burst_buyer").top_k(len(truth["bought_days"]), by="gained")
    assert set(top["day"]) == set(truth["bought_days"])
    assert top["gained"].sum() == pytest.approx(truth["n_bought_followers"], rel=0.05)


def test_a_drip_is_more_even_than_organic_growth(every_kind: Simulated):
    def unevenness(kind: str) -> float:
        recent = gains(every_kind, kind)["gained"].tail(45)
        return 1.4826 * (recent - recent.median()).abs().median() / recent.median()

    # VTuber channels of Bilibili: 5 % below .46.
    assert unevenness("drip_buyer") < 0.2
    assert unevenness("organic_large") > 0.3


def test_a_viral_post_brings_the_followers_of_its_days(every_kind: Simulated):
    best = rows_of(every_kind, "posts", "viral_spike").top_k(1, by="n_likes")["published_at"].dt.date().item()
    peak = gains(every_kind, "viral_spike").top_k(1, by="gained")["day"].item()
    assert timedelta(0) <= peak - best <= timedelta(days=2)


def test_a_giveaway_is_declared_where_its_gain_is(every_kind: Simulated):
    event = rows_of(every_kind, "events", "giveaway_spike").row(0, named=True)
    peak = gains(every_kind, "giveaway_spike").top_k(1, by="gained")["day"].item()
    assert event["kind"] == "giveaway"
    assert event["starts_at"].date() == peak


def test_a_purge_takes_from_the_whole_platform_on_one_day_and_from_no_other():
    simulated = simulate(("platform_purge", *["organic_small"] * 5), seed=2, platforms=("weibo", "weibo", "douyin"))
    worst = (
        simulated.tables["follower_counts"]
        .sort("creator_id", "observed_at")
        .with_columns(lost=-pl.col("n_followers").diff().over("creator_id") / pl.col("n_followers"))
    )
    days = worst.filter(pl.col("lost") > 0.01).join(simulated.tables["creators"], on="creator_id")
    assert set(days["platform"]) == {"weibo"}
    assert days["observed_at"].n_unique() == 1
    assert len(days) == 4


def test_a_farm_repeats_itself_and_serves_several_creators(every_kind: Simulated):
    farmed = rows_of(every_kind, "comments", "comment_farm")
    bought = set(every_kind.truth["bought_comments"].explode(empty_as_null=False))
    ours = farmed.filter(pl.col("comment_id").is_in(bought))
    organic = farmed.filter(~pl.col("comment_id").is_in(bought))
    assert ours["text"].n_unique() / len(ours) < 0.5 < organic["text"].n_unique() / len(organic)
    others = rows_of(every_kind, "comments", "burst_buyer")
    assert set(ours["author_id"]) & set(others["author_id"])


def test_a_pod_answers_first_and_in_the_same_order(every_kind: Simulated):
    comments = rows_of(every_kind, "comments", "engagement_pod").sort("post_id", "created_at")
    starts = comments.group_by("post_id", maintain_order=True).agg(pl.col("author_id").head(5))
    assert starts["author_id"].n_unique() < len(starts) / 2


def test_organic_comments_repeat_about_as_often_as_on_bilibili():
    texts = simulate_bulk(240, n_days=1, n_posts=5, n_comments=200, seed=1)["comments"]["text"]
    assert 0.08 < texts.is_duplicated().mean() < 0.25
    assert 15 <= texts.str.len_chars().median() <= 25


def test_strangers_rarely_seem_to_copy_each_other():
    comments = simulate_bulk(100, n_days=1, n_posts=5, n_comments=200, seed=2)["comments"]
    # Public shop reviews: 1.25 %, Weibo 1.4 %.
    assert 0.002 < cluster_comments(comments)["cluster_id"].is_not_null().mean() < 0.02


def test_a_farm_stands_out_by_its_comments_and_organic_creators_do_not():
    made = shortlist(1)
    measured = Comments().measure(Inputs(made.tables, latest_moment(made.tables)))
    share = measured.values.select("creator_id", "comments_template_share").drop_nulls()
    by_kind = dict(share.join(made.truth, on="creator_id").select("kind", "comments_template_share").iter_rows())
    assert by_kind["comment_farm"] > 0.3
    assert max(share for kind, share in by_kind.items() if kind.startswith("organic")) < 0.02


def test_a_sample_of_bought_followers_looks_different(every_kind: Simulated):
    samples = (
        every_kind.tables["audience"]
        .group_by("creator_id")
        .agg(pl.col("has_avatar").mean(), (pl.col("bio") == "").mean(), pl.col("frame").n_unique().alias("n_frames"))
    )
    of = {row["creator_id"]: row for row in samples.iter_rows(named=True)}
    bought, organic = (of[creator_of(every_kind, kind)] for kind in ("drip_buyer", "organic_large"))
    assert bought["has_avatar"] < 0.7
    assert organic["has_avatar"] > 0.95
    assert bought["bio"] > organic["bio"]
    assert bought["n_frames"] == 1


def test_what_a_platform_hides_is_null():
    tables = simulate(["organic_small"] * 4, seed=1).tables
    platforms = tables["creators"].select("creator_id", "platform")
    posts = tables["posts"].drop("platform").join(platforms, on="creator_id")
    shown = posts.group_by("platform").agg(pl.col("n_views", "n_coins").is_not_null().any())
    by = {row["platform"]: row for row in shown.iter_rows(named=True)}
    assert not by["weibo"]["n_views"]
    assert [name for name, row in by.items() if row["n_coins"]] == ["bilibili"]


def test_likes_by_followers_lie_where_the_panel_has_them(every_kind: Simulated):
    posts = rows_of(every_kind, "posts", "organic_small")
    ratio = posts["n_likes"].median() / KINDS["organic_small"].fixed.n_followers
    # Xiaohongshu, 90 days of 2024: 5 % below .0008, 5 % above .041.
    assert 0.0008 < ratio < 0.041


def test_the_shortlist_is_twelve_invented_creators_over_four_platforms():
    made = shortlist(1)
    creators = made.tables["creators"]
    assert len(creators) == 12
    assert creators["platform"].n_unique() == 4
    assert creators["display_name"].n_unique() == 12
    assert creators["display_name"].str.starts_with("样例").all()
    assert creators["fee_cny"].null_count() == creators["category"].null_count() == 0
    assert made.truth["is_manipulated"].sum() == 4
    assert made.tables.has("provenance")


def test_bulk_has_the_asked_amounts_and_keeps_the_contract():
    tables = simulate_bulk(12, n_days=30, n_posts=6, n_comments=40, seed=3)
    check_tables(tables.frames)
    assert {name: len(frame) for name, frame in tables.frames.items()} == {
        "creators": 12,
        "follower_counts": 360,
        "posts": 72,
        "comments": 480,
    }
    assert tables["follower_counts"].group_by("creator_id").len()["len"].unique().to_list() == [30]
    other = simulate_bulk(12, n_days=1, n_posts=1, n_comments=1, seed=4)
    assert not set(tables["creators"]["creator_id"]) & set(other["creators"]["creator_id"])


def test_nothing_depends_on_the_clock(monkeypatch: pytest.MonkeyPatch):
    before = shortlist(1).tables["comments"]
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert shortlist(1).tables["comments"].equals(before)
    assert date(2026, 10, 31) == ENDS_ON
