"""Worlds to simulate in: the usual one changes nothing, a drawn one what its numbers say, innocents look as in life."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from zhenfen.config import config_dir, read_config
from zhenfen.errors import ConfigError
from zhenfen.features.audience.family import UNCHOSEN_NAME
from zhenfen.simulate import (
    KINDS_ORGANIC,
    MANIPULATIONS,
    Campaign,
    Role,
    Simulated,
    World,
    base_world,
    draw_world,
    simulate_roles,
)
from zhenfen.simulate.crowds import draw_fans
from zhenfen.simulate.parameters import Parameters
from zhenfen.simulate.priors import Range, WorldPriors, load_priors
from zhenfen.simulate.roles import FOLLOWER_MANIPULATIONS
from zhenfen.tables import check_tables

MIXED = [Role("koc", "bilibili", None, Campaign(name, 0.3, 1.0)) for name in MANIPULATIONS]
MIXED += [Role(kind, "xiaohongshu") for kind in KINDS_ORGANIC]
HONEST = [Role("niche_expert", "bilibili") for _ in range(20)]


def in_world(roles: list[Role], seed: int = 3, **changes: object) -> Simulated:
    return simulate_roles(roles, seed, n_days=60, world=replace(base_world(), **changes))  # type: ignore[arg-type]


def equal(one: Simulated, other: Simulated) -> bool:
    return one.truth.equals(other.truth) and all(
        one.tables[name].equals(other.tables[name]) for name in {*one.tables.frames, *other.tables.frames}
    )


def drawn(seed: int, *, is_search: bool = False) -> World:
    return draw_world(np.random.default_rng(seed), is_search=is_search)


def with_truth(made: Simulated) -> pl.DataFrame:
    """The samples of followers with `bought`, whether truth names a profile."""
    named = made.truth.select(profile_id=pl.col("bought_profiles").explode(empty_as_null=False))
    return made.tables["audience"].with_columns(bought=pl.col("profile_id").is_in(named["profile_id"].implode()))


def test_no_world_is_the_usual_one():
    assert equal(simulate_roles(MIXED, 3, n_days=60), in_world(MIXED))


@pytest.mark.parametrize("is_search", [False, True])
def test_the_same_seeds_give_the_same_world_and_tables(is_search: bool):
    one, again = (simulate_roles(MIXED, 3, 60, world=drawn(7, is_search=is_search)) for _ in range(2))
    assert equal(one, again)
    check_tables(one.tables.frames)
    assert not equal(one, simulate_roles(MIXED, 3, 60, world=drawn(8, is_search=is_search)))


def test_drawn_parameters_are_valid_and_differ_from_the_fitted():
    fitted = base_world().parameters
    for seed in range(20):
        parameters = drawn(seed).parameters
        assert Parameters.model_validate(parameters.model_dump()) == parameters
        assert all(0.15 <= one.posts_per_day.median <= 1.2 for one in parameters.platforms.values())
        assert parameters.growth.even_share != fitted.growth.even_share
        assert parameters.growth.decay == fitted.growth.decay


def test_drawn_numbers_lie_in_the_ranges_of_the_file():
    priors = load_priors()
    worlds = [drawn(seed) for seed in range(200)]
    names = [name for name in WorldPriors.model_fields if name in World.__slots__]
    assert len(names) > 15
    for name in names:
        prior, values = getattr(priors, name), np.array([getattr(world, name) for world in worlds])
        if name == "batch_age_days":
            values = values[:, 0]
        elif name == "declared":
            values = np.array([list(world.declared.values()) for world in worlds])
        if isinstance(prior, Range):
            # Whole numbers are rounded.
            assert prior.least - 0.5 <= values.min() < values.max() <= prior.most + 0.5, name
        else:
            assert set(values.tolist()) == set(prior.values), name


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pod_minutes": {"from": 20, "to": 10}}, "from 20 to 10: expected from below to"),
        ({"pod_minutes": {"from": 0, "to": 10, "log": True}}, "above 0 with log"),
        ({"pod_minutes": {"of": []}}, "pod_minutes"),
        ({"pods": {"from": 1, "to": 2}}, "pods: Extra inputs"),
    ],
)
def test_a_wrong_range_is_named(tmp_path: Path, changes: dict, message: str):
    shipped = yaml.safe_load((config_dir() / "simulate_world.yaml").read_text(encoding="utf-8"))
    (tmp_path / "simulate_world.yaml").write_text(yaml.safe_dump({**shipped, **changes}), encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        read_config(tmp_path / "simulate_world.yaml", WorldPriors)


def test_an_export_shows_so_many_posts_and_comments():
    comments = in_world(HONEST, n_posts_shown=5, most_comments=7).tables["comments"]
    assert comments.group_by("creator_id").agg(pl.col("post_id").n_unique())["post_id"].max() == 5
    assert comments.group_by("post_id").len()["len"].max() == 7


def test_a_pod_takes_as_long_as_the_world_says():
    roles = [Role("koc", "bilibili", None, Campaign("engagement_pod", 2.0))] * 8
    made = in_world(roles, pod_minutes=120.0)
    bought = made.truth.select(comment_id=pl.col("bought_comments").explode(empty_as_null=False))
    posts = made.tables["posts"].select("post_id", "published_at")
    late = made.tables["comments"].join(bought, on="comment_id").join(posts, on="post_id")
    minutes = (late["created_at"] - late["published_at"]).dt.total_seconds() / 60
    assert 60 < minutes.max() <= 122


@pytest.mark.parametrize(("scatter", "least", "most"), [(0.001, 0.0, 0.02), (0.5, 0.2, 1.0)])
def test_packets_are_as_even_as_the_world_says(scatter: float, least: float, most: float):
    roles = [Role("niche_expert", "bilibili", None, Campaign("purchased_views", 1.0))] * 8
    made = in_world(roles, even_packet=scatter, concerned_share=(1.0, 1.0))
    before = in_world([Role("niche_expert", "bilibili")] * 8)
    both = made.tables["posts"].join(before.tables["posts"], on="post_id", suffix="_before")
    packets = both.select("creator_id", packet=pl.col("n_views") - pl.col("n_views_before"))
    assert (packets["packet"] > 0).all()
    even = packets.group_by("creator_id").agg(pl.len(), cv=pl.col("packet").std() / pl.col("packet").mean())
    assert least <= even.filter(pl.col("len") > 3)["cv"].median() < most


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_events_are_declared_as_often_as_the_world_says(share: float):
    roles = [Role("koc", "bilibili", shock) for shock in base_world().declared for _ in range(5)]
    made = in_world(roles, declared=dict.fromkeys(base_world().declared, share))
    declared = made.truth.join(made.tables["events"].filter(pl.col("kind") != "live"), on="creator_id", how="semi")
    # A promotion needs a post after it, which one of five may lack.
    assert declared.height >= 18 if share else declared.height == 0


def test_a_promotion_lifts_views_more_than_likes_and_is_an_event_of_its_own():
    roles, plain = ([Role("koc", "bilibili", shock)] * 30 for shock in ("promotion", None))
    changes = {"promoted_posts": (1, 3), "promotion_factor": (4.0, 4.0), "declared": {"promotion": 1.0}}
    made, without = (in_world(one, seed=9, **changes) for one in (roles, plain))
    both = made.tables["posts"].join(without.tables["posts"], on="post_id", suffix="_without")
    lifted = both.filter(pl.col("n_views") != pl.col("n_views_without"))
    assert lifted.group_by("creator_id").len()["len"].is_between(1, 3).all()
    assert lifted.height > 30
    ratio = lifted.select(pl.col("n_views") / pl.col("n_views_without"), pl.col("n_likes") / pl.col("n_likes_without"))
    assert ratio["n_views"].median() == pytest.approx(4, rel=0.01)
    assert 1.0 < ratio["n_likes"].median() < 4
    days = lifted.select("creator_id", day=pl.col("published_at").dt.date()).unique()
    events = made.tables["events"].filter(kind="promotion")
    assert set(events.select("creator_id", day=pl.col("starts_at").dt.date()).rows()) == set(days.rows())
    assert not made.truth["is_manipulated"].any()


@pytest.mark.parametrize(("exponent", "shift"), [(0.0, 1.0), (0.5, 0.0), (1.0, 1.0), (1.3, 0.5)])
def test_fans_are_as_keen_as_the_law_says(exponent: float, shift: float):
    world = replace(base_world(), fans_exponent=exponent, fans_shift=shift)
    numbers = draw_fans(50, (np.arange(200_000) + 0.5) / 200_000, world)
    assert numbers.min() == 0
    assert numbers.max() == 49
    shares = np.bincount(numbers, minlength=50) / len(numbers)
    # The share of fan k is the integral of (x + shift) ** -exponent from k to k + 1, by the midpoint rule.
    x = (np.arange(50 * 2_000) + 0.5) / 2_000
    exact = ((x + shift) ** -exponent).reshape(50, -1).sum(axis=1)
    assert shares == pytest.approx(exact / exact.sum(), abs=0.005)


def shared_by_creators(made: Simulated, column: str) -> float:
    """Share of the comments whose author or text stands under another creator as well."""
    comments = made.tables["comments"].with_columns(n=pl.col("creator_id").n_unique().over(column))
    return comments.select((pl.col("n") > 1).mean()).item()


def test_common_readers_comment_under_several_creators():
    alone, shared = (in_world(HONEST, common_fans_share=share, n_common_fans=300) for share in (0.0, 0.5))
    assert shared_by_creators(alone, "author_id") == 0
    assert 0.35 < shared_by_creators(shared, "author_id") < 0.6
    # Who is a common reader is one everywhere, and a creator's own fans stay.
    kinds = shared.tables["comments"].select("creator_id", is_reader=pl.col("author_id").str.starts_with("reader"))
    assert kinds.group_by("creator_id").agg(pl.col("is_reader").mean())["is_reader"].is_between(0.2, 0.8).all()


def test_copied_small_talk_stands_under_several_creators():
    own, copied = (in_world(HONEST, copied_share=share, n_copied=400) for share in (0.0, 0.9))
    assert shared_by_creators(own, "text") < 0.4
    assert shared_by_creators(copied, "text") > 0.8
    assert copied.tables["comments"].drop("text").equals(own.tables["comments"].drop("text"))


def test_what_sellers_write_is_never_replaced_by_small_talk():
    roles = [Role("niche_expert", "bilibili", None, Campaign("template_comments", 1.0)) for _ in range(6)]
    made = in_world(roles, copied_share=1.0, n_copied=50)
    bought = made.truth.select(comment_id=pl.col("bought_comments").explode(empty_as_null=False))
    comments = made.tables["comments"]
    sold = comments.join(bought, on="comment_id")["text"]
    talk = comments.join(bought, on="comment_id", how="anti")["text"]
    assert talk.n_unique() <= 50
    assert not set(sold) & set(talk)


def test_a_search_brings_the_same_people_and_the_same_words():
    rosters, searches = (
        [simulate_roles(HONEST, seed, 60, world=drawn(seed, is_search=one)) for seed in range(6)]
        for one in (False, True)
    )
    for column in ("author_id", "text"):
        usual, found = (np.mean([shared_by_creators(made, column) for made in many]) for many in (rosters, searches))
        assert found > usual + 0.15
    assert np.mean([shared_by_creators(made, "author_id") for made in searches]) > 0.3


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_so_many_creators_come_with_a_sample(share: float):
    assert in_world(HONEST, audience_share=share).tables["audience"]["creator_id"].n_unique() == 20 * share


def test_an_order_of_following_is_there_where_the_world_has_it():
    plain, ordered = (in_world(HONEST, audience_share=1.0, ordered_share=share) for share in (0.0, 1.0))
    newest = plain.tables["audience"].filter(pl.col("follow_position").is_not_null())["frame"].unique()
    assert newest.to_list() == ["newest"]
    assert ordered.tables["audience"]["follow_position"].null_count() == 0


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_bought_profiles_stand_together_where_the_world_says(share: float):
    roles = [Role("koc", "bilibili", None, Campaign("audience_batch", 0.3))] * 12
    sample = with_truth(in_world(roles, together_share=share, ordered_share=1.0))
    places = (
        sample.filter("bought")
        .group_by("creator_id")
        .agg(span=pl.col("follow_position").max() - pl.col("follow_position").min() + 1, n=pl.len())
    )
    together = (places["span"] == places["n"]).mean()
    assert together == share


@pytest.mark.parametrize("dose", [0.05, 0.3, 0.6])
def test_a_batch_of_profiles_is_in_the_sample_and_nowhere_else(dose: float):
    bought = [Role("koc", "bilibili", None, Campaign("audience_batch", dose))] * 20
    world = {"batch_age_days": (400.0, 405.0), "audience_share": 0.0}
    made, without = in_world(bought, **world), in_world([Role("koc", "bilibili")] * 20, **world)
    for name in ("follower_counts", "creators", "events"):
        shown = [one.tables[name].drop("display_name", "bio", "category", strict=False) for one in (made, without)]
        assert shown[0].equals(shown[1])
    truth = made.truth
    assert truth["is_manipulated"].all()
    assert truth["n_bought_followers"].sum() == truth["bought_days"].list.len().sum() == 0
    sample = with_truth(made)
    assert sample["creator_id"].n_unique() == 20
    assert sample["bought"].mean() == pytest.approx(dose, abs=0.03)
    end = made.tables["creators"]["snapshot_at"][0]
    ages = sample.select("bought", days=(pl.lit(end) - pl.col("created_at")).dt.total_days())
    assert ages.filter("bought")["days"].is_between(399, 405).all()
    assert ages.filter(~pl.col("bought"))["days"].is_between(399, 405).mean() < 0.02
    names = sample.group_by("bought").agg(pl.col("display_name").str.contains(UNCHOSEN_NAME).mean()).sort("bought")
    assert names["display_name"].to_list() == [0.0, 1.0]


def test_a_batch_shows_without_texts_in_truth_alone():
    made = simulate_roles([Role("koc", "bilibili", None, Campaign("audience_batch", 0.2))], 1, with_texts=False)
    assert made.truth["is_manipulated"].all()
    assert not made.tables.has("audience")


def test_innocent_creators_have_made_accounts_among_their_followers():
    roles = [Role("koc", "weibo") for _ in range(20)]
    shares, of_creators = [], []
    for seed in range(16):
        world = replace(drawn(seed), audience_share=1.0)
        made = simulate_roles(roles, seed, 60, world=world)
        assert not made.truth["is_manipulated"].any()
        assert made.truth["bought_profiles"].list.len().sum() == 0
        unchosen = (
            made.tables["audience"]
            .group_by("creator_id")
            .agg(pl.col("display_name").str.contains(UNCHOSEN_NAME).mean())["display_name"]
        )
        shares.append(unchosen.mean())
        of_creators.extend(unchosen)
    assert 0.03 < np.mean(shares) < 0.05
    # Some have hardly any, some a tenth.
    assert np.quantile(of_creators, 0.05) < 0.015
    assert np.quantile(of_creators, 0.98) > 0.08


def test_made_accounts_of_the_innocent_come_from_few_batches():
    made = in_world(HONEST, audience_share=1.0, made_share=0.3, made_within_days=(3.0, 3.0))
    end = made.tables["creators"]["snapshot_at"][0]
    strays = made.tables["audience"].filter(pl.col("display_name").str.contains(UNCHOSEN_NAME))
    days = strays.with_columns(days=(pl.lit(end) - pl.col("created_at")).dt.total_hours() / 24).sort("days")
    gaps = (
        days.with_columns(gap=pl.col("days").diff().over("creator_id"))
        .group_by("creator_id")
        .agg(n_batches=(pl.col("gap") > 3).sum() + 1, n=pl.len())
    )
    assert gaps["n_batches"].max() <= 3
    assert gaps["n"].sum() > 300


def test_waves_of_sign_ups_crowd_the_ages():
    calm, waves = (
        in_world(HONEST, audience_share=1.0, wave_share=share, wave_size=(0.2, 0.2), wave_days=(30.0, 30.0))
        for share in (0.0, 1.0)
    )

    def densest(made: Simulated) -> pl.Series:
        """Share of a sample's accounts that were made in its densest 30 days."""
        born = made.tables["audience"].with_columns(pl.col("created_at").dt.epoch("s") / 86_400).sort("created_at")
        near = born.with_columns(later=pl.col("created_at").shift(-45).over("creator_id") - pl.col("created_at"))
        return near.group_by("creator_id").agg(pl.col("later").min())["later"]

    # Forty-five of three hundred accounts within a month are a wave.
    assert (densest(waves) < 31).mean() > 0.9
    assert (densest(calm) > 60).all()


def test_a_creator_alone_may_have_no_posts_and_no_sample_in_any_world():
    alone = [Role("dormant_and_back", "douyin", "promotion")]
    made = [simulate_roles(alone, seed, 35, world=drawn(seed, is_search=seed % 2 == 0)) for seed in range(12)]
    assert any(not one.tables.has("posts") for one in made)
    assert any(not one.tables.has("audience") for one in made)
    for one in made:
        check_tables(one.tables.frames)


@pytest.mark.parametrize("name", FOLLOWER_MANIPULATIONS)
def test_doses_hold_in_any_world(name: str):
    roles = [Role("seasonal", "bilibili", None, Campaign(name, 0.25))] * 4
    for seed in range(3):
        world = drawn(seed)
        made, without = (
            simulate_roles(some, 4, 90, with_texts=False, world=world)
            for some in (roles, [Role("seasonal", "bilibili")] * 4)
        )
        both = made.tables["follower_counts"].join(
            without.tables["follower_counts"], on=["creator_id", "observed_at"], suffix="_without"
        )
        most = both.group_by("creator_id", maintain_order=True).agg(
            added=(pl.col("n_followers") - pl.col("n_followers_without")).max()
        )
        ratio = most["added"] / made.truth["n_bought_followers"]
        assert ratio.is_between(0.6, 1.0).all()
