"""Simulated roles: the contract, one seed one creator, truth that the tables bear out, doses that are kept."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from zhenfen.errors import ConfigError
from zhenfen.simulate import (
    ENDS_ON,
    KINDS_ORGANIC,
    MANIPULATIONS,
    PLATFORMS,
    SHOCKS,
    Campaign,
    Role,
    Simulated,
    simulate_roles,
)
from zhenfen.simulate.cast import TRUTH_SCHEMA
from zhenfen.simulate.roles import AUDIENCE_MANIPULATIONS, FOLLOWER_MANIPULATIONS, POST_MANIPULATIONS
from zhenfen.tables import check_tables

DOSE = 0.25
HONEST = [Role(kind, platform) for kind in KINDS_ORGANIC for platform in PLATFORMS]
SHOCKED = [Role("koc", "douyin", shock) for shock in SHOCKS if shock != "platform_purge" for _ in range(12)]
BOUGHT = [Role("seasonal", "bilibili", None, Campaign(name, DOSE)) for name in MANIPULATIONS for _ in range(8)]


@pytest.fixture(scope="module")
def honest() -> Simulated:
    return simulate_roles(HONEST, seed=3)


@pytest.fixture(scope="module")
def shocked() -> Simulated:
    return simulate_roles(SHOCKED, seed=4, with_texts=False)


@pytest.fixture(scope="module")
def bought() -> Simulated:
    return simulate_roles(BOUGHT, seed=5)


@pytest.fixture(scope="module")
def without(bought: Simulated) -> Simulated:
    """The same creators with nothing bought."""
    return simulate_roles([Role("seasonal", "bilibili") for _ in BOUGHT], seed=5)


def readings(simulated: Simulated) -> pl.DataFrame:
    return simulated.tables["follower_counts"].with_columns(
        gained=pl.col("n_followers").diff().over("creator_id"), day=pl.col("observed_at").dt.date()
    )


def of(simulated: Simulated, column: str, value: str) -> pl.DataFrame:
    return simulated.truth.filter(pl.col(column) == value)


def test_the_tables_keep_their_contract(honest: Simulated, bought: Simulated):
    for simulated in (honest, bought):
        check_tables(simulated.tables.frames)
        assert dict(simulated.truth.schema) == TRUTH_SCHEMA


def test_the_lists_are_those_of_the_contract():
    assert set(MANIPULATIONS) == {*FOLLOWER_MANIPULATIONS, *POST_MANIPULATIONS, *AUDIENCE_MANIPULATIONS}
    assert (len(KINDS_ORGANIC), len(SHOCKS)) == (7, 8)


def test_the_same_seed_gives_the_same_tables_and_another_seed_others():
    one, again, other = (simulate_roles(BOUGHT[::9], seed, n_days=60) for seed in (3, 3, 4))
    assert all(one.tables[name].equals(again.tables[name]) for name in one.tables.frames)
    assert one.truth.equals(again.truth)
    assert not one.tables["posts"].equals(other.tables["posts"])


def test_numbers_depend_on_a_creators_place_alone():
    few, more = (simulate_roles(BOUGHT[:n], 1, with_texts=False) for n in (4, 9))
    mine = pl.col("creator_id").is_in(few.truth["creator_id"].implode())
    for name in ("follower_counts", "posts"):
        assert few.tables[name].equals(more.tables[name].filter(mine))
    assert few.truth.equals(more.truth.head(4))


def test_without_texts_the_numbers_are_the_same(bought: Simulated):
    bare = simulate_roles(BOUGHT, 5, with_texts=False)
    assert bare.tables["follower_counts"].equals(bought.tables["follower_counts"])
    assert not bare.tables.has("comments")
    assert not bare.tables.has("audience")
    counted = ["creator_id", "n_bought_comments", "n_bought_likes", "n_bought_followers", "bought_days"]
    assert bare.truth.select(counted).equals(bought.truth.select(counted))


@pytest.mark.parametrize(
    ("role", "message"),
    [
        (Role("blogger", "douyin"), r"unknown kind blogger: expected koc"),
        (Role("koc", "myspace"), r"unknown platform myspace: expected .*douyin"),
        (Role("koc", "douyin", "earthquake"), r"unknown shock earthquake: expected viral_post"),
        (Role("koc", "douyin", None, Campaign("magic", 0.1)), r"unknown manipulation magic: expected follower_burst"),
        (
            Role("koc", "douyin", None, Campaign("follower_burst", 0.95)),
            r"dose 0.95 of follower_burst: expected above 0",
        ),
        (
            Role("koc", "douyin", None, Campaign("audience_batch", 0.95)),
            r"dose 0.95 of audience_batch: expected above 0",
        ),
        (Role("koc", "douyin", None, Campaign("purchased_likes", 0.0)), r"dose 0 of purchased_likes: expected above 0"),
        (Role("koc", "douyin", None, Campaign("follower_burst", 0.1, -1)), r"camouflage -1: expected 0 or more"),
        (Role("koc", "douyin", None, Campaign("follower_burst", 0.1, on=0)), r"on 0 of follower_burst: expected 1"),
        (Role("koc", "douyin", None, Campaign("follower_burst", 0.1, n_days=0)), r"n_days 0 of follower_burst"),
        (Role("koc", "douyin", None, Campaign("engagement_pod", 1.0, posts_share=1.5)), r"posts_share 1.5: expected"),
    ],
)
def test_a_wrong_role_says_what_was_expected(role: Role, message: str):
    with pytest.raises(ConfigError, match=message):
        simulate_roles([role], 1)


def test_too_few_days_are_an_error():
    assert len(simulate_roles([Role("koc", "douyin")], 1, n_days=35).tables["follower_counts"]) == 35
    with pytest.raises(ConfigError, match="n_days 34: expected 35 or more"):
        simulate_roles([Role("koc", "douyin")], 1, n_days=34)


def test_no_roles_are_an_error():
    with pytest.raises(ConfigError, match="no roles"):
        simulate_roles([], 1)


def test_a_creator_alone_may_have_no_posts_and_no_comments():
    made = [simulate_roles([Role("dormant_and_back", "douyin", "viral_post")], seed, n_days=35) for seed in range(12)]
    assert any(not one.tables.has("posts") for one in made)
    for one in made:
        check_tables(one.tables.frames)


def test_series_end_on_the_fixed_day_and_posts_come_before(honest: Simulated):
    counts = honest.tables["follower_counts"]
    assert counts["observed_at"].max().date() == ENDS_ON
    assert set(counts.group_by("creator_id").len()["len"]) == {120}
    assert honest.tables["posts"]["published_at"].max() <= counts["observed_at"].max()
    assert honest.tables["comments"]["created_at"].max() <= counts["observed_at"].max()


def test_nothing_is_bought_by_the_honest(honest: Simulated, shocked: Simulated):
    for simulated in (honest, shocked):
        truth = simulated.truth
        assert not truth["is_manipulated"].any()
        assert truth.select(pl.col("^n_bought_.*$").sum()).sum_horizontal().item() == 0
        assert truth.select(pl.col("^bought_.*$").list.len().sum()).sum_horizontal().item() == 0


def test_posts_bring_followers(honest: Simulated):
    """Days after a creator's best post gain more than its other days, in nearly all creators."""
    gains = readings(honest)
    best = honest.tables["posts"].sort("n_likes", descending=True).unique("creator_id", keep="first")
    best = best.select("creator_id", best=pl.col("published_at").dt.date())
    near = gains.join(best, on="creator_id").with_columns(
        after=(pl.col("day") - pl.col("best")).dt.total_days().is_between(0, 1)
    )
    means = near.group_by("creator_id").agg(
        near=pl.col("gained").filter("after").mean(), far=pl.col("gained").filter(~pl.col("after")).mean()
    )
    assert means.select((pl.col("near") > pl.col("far")).mean()).item() > 0.75


def test_views_come_before_likes(honest: Simulated):
    seen = honest.tables["posts"].filter(pl.col("n_views").is_not_null())
    assert (seen["n_views"] >= seen["n_likes"]).all()
    straight = seen.group_by("creator_id").agg(
        pl.len(), r=pl.corr(pl.col("n_views").log1p(), pl.col("n_likes").log1p())
    )
    assert straight.filter(pl.col("len") >= 8)["r"].median() > 0.6


def test_what_a_platform_hides_is_null(honest: Simulated):
    platforms = honest.tables["creators"].select("creator_id", "platform")
    posts = honest.tables["posts"].drop("platform").join(platforms, on="creator_id")
    shown = posts.group_by("platform").agg(pl.col("n_views", "n_coins", "n_saves").is_not_null().any())
    by = {row["platform"]: row for row in shown.iter_rows(named=True)}
    assert not by["weibo"]["n_views"]
    assert not by["weibo"]["n_saves"]
    assert [name for name, row in by.items() if row["n_coins"]] == ["bilibili"]


@pytest.mark.parametrize("name", FOLLOWER_MANIPULATIONS)
def test_a_dose_of_followers_is_kept(bought: Simulated, without: Simulated, name: str):
    both = readings(bought).join(readings(without), on=["creator_id", "day"], suffix="_without")
    added = both.with_columns(added=pl.col("n_followers") - pl.col("n_followers_without"))
    for truth in of(bought, "manipulation", name).iter_rows(named=True):
        mine = added.filter(pl.col("creator_id") == truth["creator_id"])
        last = mine.filter(pl.col("day") == max(truth["bought_days"])).row(0, named=True)
        # Half of the orders are rounded to two figures, and some who were bought have left again.
        assert truth["n_bought_followers"] / (
            truth["n_bought_followers"] + last["n_followers_without"]
        ) == pytest.approx(DOSE, rel=0.06)
        assert 0.6 * truth["n_bought_followers"] < last["added"] <= truth["n_bought_followers"]
        assert mine.filter(pl.col("day") < min(truth["bought_days"]))["added"].abs().sum() == 0


def test_bought_days_are_those_with_more_followers(bought: Simulated, without: Simulated):
    both = readings(bought).join(readings(without), on=["creator_id", "day"], suffix="_without")
    rises = both.filter(pl.col("gained") > pl.col("gained_without")).group_by("creator_id").agg(pl.col("day").sort())
    for name in ("follower_burst", "follower_drip", "follower_drip_weekday"):
        joined = of(bought, "manipulation", name).join(rises, on="creator_id")
        assert joined["bought_days"].equals(joined["day"].alias("bought_days"))


def test_a_purge_takes_bought_followers_back(bought: Simulated, without: Simulated):
    both = readings(bought).join(readings(without), on=["creator_id", "day"], suffix="_without")
    lost = both.filter(pl.col("gained") < pl.col("gained_without")).group_by("creator_id").len()
    truth = of(bought, "manipulation", "bought_then_purged").join(lost, on="creator_id", how="left")
    # The series of some end before.
    assert (truth["len"].fill_null(0) <= 1).all()
    assert truth["len"].sum() >= 3


def test_following_and_unfollowing_shows_in_what_the_creator_follows(bought: Simulated):
    swing = (
        bought.tables["follower_counts"]
        .group_by("creator_id")
        .agg((pl.col("n_following").max() - pl.col("n_following").min()).alias("swing"))
    )
    joined = bought.truth.join(swing, on="creator_id").filter(pl.col("n_bought_followers") > 0)
    busy = pl.col("manipulation") == "follow_unfollow"
    assert (joined.filter(busy)["swing"] > joined.filter(busy)["n_bought_followers"]).all()
    assert joined.filter(~busy)["swing"].max() < 50


@pytest.mark.parametrize(
    ("name", "count", "truth"),
    [
        ("purchased_likes", "n_likes", "n_bought_likes"),
        ("purchased_views", "n_views", "n_bought_views"),
        ("template_comments", "n_comments", "n_bought_comments"),
        ("rewritten_comments", "n_comments", "n_bought_comments"),
        ("engagement_pod", "n_likes", "n_bought_likes"),
        ("engagement_pod", "n_comments", "n_bought_comments"),
    ],
)
def test_what_is_bought_on_posts_is_on_the_posts(
    bought: Simulated, without: Simulated, name: str, count: str, truth: str
):
    both = bought.tables["posts"].join(without.tables["posts"], on="post_id", suffix="_without")
    added = both.select(
        "creator_id", "post_id", added=pl.col(count) - pl.col(f"{count}_without"), usual=f"{count}_without"
    )
    for row in of(bought, "manipulation", name).iter_rows(named=True):
        mine = added.filter(pl.col("creator_id") == row["creator_id"])
        concerned = mine.filter(pl.col("post_id").is_in(row["bought_posts"]))
        assert mine["added"].sum() == concerned["added"].sum() == row[truth] > 0
        if name not in ("engagement_pod",) and concerned["usual"].mean() > 20:
            assert row[truth] / concerned["usual"].sum() == pytest.approx(DOSE, rel=0.1)


def test_bought_ids_are_in_the_tables(bought: Simulated):
    for what, table, key in (
        ("posts", "posts", "post_id"),
        ("comments", "comments", "comment_id"),
        ("profiles", "audience", "profile_id"),
    ):
        ids = bought.truth[f"bought_{what}"].explode(empty_as_null=False)
        assert len(ids) > 0
        assert set(ids) <= set(bought.tables[table][key])


def test_templates_repeat_and_rewritten_comments_do_not(bought: Simulated):
    texts = bought.tables["comments"].select("comment_id", "text")

    def distinct(name: str) -> float:
        ids = of(bought, "manipulation", name).select(pl.col("bought_comments").explode(empty_as_null=False))
        mine = texts.join(ids, left_on="comment_id", right_on="bought_comments")
        return mine["text"].n_unique() / len(mine)

    assert distinct("template_comments") < 0.7
    assert distinct("rewritten_comments") > 0.95


def test_a_pod_answers_in_the_same_order_within_half_an_hour(bought: Simulated):
    posts = bought.tables["posts"].select("post_id", "published_at")
    mine = of(bought, "manipulation", "engagement_pod").select(pl.col("bought_comments").explode(empty_as_null=False))
    comments = (
        bought.tables["comments"].join(mine, left_on="comment_id", right_on="bought_comments").join(posts, on="post_id")
    )
    assert (comments["created_at"] - comments["published_at"]).max() <= timedelta(minutes=31)
    first = comments.sort("created_at").group_by("creator_id", "post_id").agg(pl.col("author_id").first())
    assert first.group_by("creator_id").agg(pl.col("author_id").n_unique())["author_id"].max() == 1


def test_sellers_serve_several_creators(bought: Simulated):
    comments = bought.tables["comments"].filter(pl.col("author_id").str.starts_with("seller"))
    assert comments.group_by("author_id").agg(pl.col("creator_id").n_unique())["creator_id"].max() > 1


def test_camouflage_is_real_growth_in_the_same_days_and_on_the_posts():
    plain, hidden = (
        simulate_roles([Role("koc", "bilibili", None, Campaign("follower_burst", 0.1, k))] * 12, 8, with_texts=False)
        for k in (0.0, 5.0)
    )
    assert plain.truth["n_bought_followers"].equals(hidden.truth["n_bought_followers"])
    last = [one.tables["follower_counts"].group_by("creator_id", maintain_order=True).last() for one in (plain, hidden)]
    real = (last[1]["n_followers"] - last[0]["n_followers"]) / plain.truth["n_bought_followers"]
    assert real.median() == pytest.approx(5, rel=0.05)
    likes = [
        one.tables["posts"].group_by("creator_id", maintain_order=True).agg(pl.col("n_likes").sum())
        for one in (plain, hidden)
    ]
    assert (likes[1]["n_likes"] > likes[0]["n_likes"]).mean() > 0.8


def test_a_viral_post_brings_the_followers_of_its_days(shocked: Simulated):
    best = shocked.tables["posts"].sort("n_likes", descending=True).unique("creator_id", keep="first")
    peak = readings(shocked).sort("gained", descending=True, nulls_last=True).unique("creator_id", keep="first")
    late = best.join(peak, on="creator_id").select(
        "creator_id", late=(pl.col("day") - pl.col("published_at").dt.date()).dt.total_days()
    )
    viral = of(shocked, "shock", "viral_post").join(late, on="creator_id")
    assert viral["late"].is_between(0, 2).mean() > 0.6


def test_most_giveaways_and_adverts_and_some_broadcasts_are_declared():
    roles = [Role("koc", "douyin", shock) for shock in ("giveaway", "advert", "tv_mention") for _ in range(60)]
    made = simulate_roles(roles, 6, with_texts=False)
    declared = (
        made.truth.join(made.tables["events"], on="creator_id", how="left")
        .group_by("shock")
        .agg(share=pl.col("kind_right").is_not_null().mean(), kinds=pl.col("kind_right").drop_nulls().unique())
    )
    by = {row["shock"]: row for row in declared.iter_rows(named=True)}
    assert by["giveaway"]["share"] == pytest.approx(0.75, abs=0.15)
    assert by["advert"]["share"] == pytest.approx(0.6, abs=0.15)
    assert by["tv_mention"]["share"] == pytest.approx(0.5, abs=0.15)
    assert by["tv_mention"]["kinds"] == ["news"]


def test_a_gap_takes_readings_away_and_a_glitch_comes_back(shocked: Simulated):
    lengths = shocked.tables["follower_counts"].group_by("creator_id").len()
    gaps = of(shocked, "shock", "data_gap").join(lengths, on="creator_id")
    assert (gaps["len"] < 120).all()
    glitches = readings(shocked).join(of(shocked, "shock", "import_glitch").select("creator_id"), on="creator_id")
    jumps = glitches.with_columns(by=pl.col("n_followers") / pl.col("n_followers").shift().over("creator_id"))
    wild = jumps.filter(~pl.col("by").is_between(0.8, 1.25)).group_by("creator_id").agg(pl.col("by").product())
    assert len(wild) == 12
    assert wild["by"].is_between(0.7, 1.4).all()


def test_a_clean_up_comes_to_all_creators_of_the_platform_and_takes_more_of_the_bought():
    campaign = Campaign("follower_burst", 0.4)
    roles = [Role("koc", "weibo", "platform_purge"), *[Role("koc", "weibo")] * 9]
    others = [Role("koc", "douyin")] * 5
    made = simulate_roles([*roles, *[Role("koc", "weibo", None, campaign)] * 10, *others], 2, with_texts=False)
    lost = readings(made).with_columns(lost=-pl.col("gained") / pl.col("n_followers").shift().over("creator_id"))
    platform = made.tables["creators"].select("creator_id", "platform")
    worst = lost.filter(pl.col("lost") > 0.004).join(platform, on="creator_id")
    assert set(worst["platform"]) == {"weibo"}
    day = worst["day"].mode().item()
    on_day = lost.filter(pl.col("day") == day).join(made.truth, on="creator_id")
    before = pl.col("bought_days").list.min() < day
    assert on_day.filter(before)["lost"].median() > 4 * on_day.filter(~pl.col("is_manipulated"))["lost"].median()


def test_shares_of_bought_followers_show_in_the_sample():
    made = simulate_roles([Role("koc", "douyin", None, Campaign("follower_burst", 0.4))] * 30, 9)
    sample = made.tables["audience"].join(
        made.truth.select(profile_id=pl.col("bought_profiles").explode(empty_as_null=False), bought=pl.lit(True)),
        on="profile_id",
        how="left",
    )
    whole = sample.filter(pl.col("frame") != "newest").select(pl.col("bought").fill_null(False).mean()).item()
    assert whole == pytest.approx(0.4, abs=0.08)
    pictures = sample.group_by(pl.col("bought").is_not_null()).agg(pl.col("has_avatar").mean()).sort("bought")
    assert pictures["has_avatar"][0] > 0.95
    assert pictures["has_avatar"][1] < 0.6


def test_kinds_differ_as_their_names_say(honest: Simulated):
    first = honest.tables["follower_counts"].group_by("creator_id").agg(pl.col("n_followers").first())
    sizes = honest.truth.join(first, on="creator_id").group_by("kind").agg(pl.col("n_followers").median())
    by = dict(sizes.iter_rows())
    assert by["celebrity"] > 1_000_000 > by["koc"] > by["new_account"]
    posts = honest.tables["posts"].join(honest.truth.select("creator_id", kind_of="kind"), on="creator_id")
    sells = dict(posts.group_by("kind_of").agg(pl.col("has_purchase_link").mean()).iter_rows())
    assert sells["live_seller"] > 0.35
    assert sells["koc"] < 0.16
    silent = posts.filter(pl.col("kind_of") == "dormant_and_back").sort("published_at")
    pauses = silent.group_by("creator_id").agg(pl.col("published_at").diff().max().dt.total_days())
    assert np.median(pauses["published_at"]) >= 20
