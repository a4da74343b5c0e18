"""A roster's numbers: laws over names, rows and sets, and medians over few creators."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from zhenfen.tables import Tables
from zhenfen.verdict.roster import MOST_PAIRS, MOST_STEPS, Reach
from zhenfen.verdict.roster_commenters import measure_commenters
from zhenfen.verdict.roster_followers import measure_followers
from zhenfen.verdict.size_classes import RosterMember, compare_classes, take_median


def make(k: int = 4, n_drawn: int = 400, seed: int = 3) -> Tables:
    random = np.random.default_rng(seed)
    creators = pl.DataFrame(
        {
            "creator_id": [f"c{i}" for i in range(k)],
            "platform": ["weibo"] * k,
            "n_followers": [1_000 + 300 * i for i in range(k)],
        }
    )
    audience, comments = [], []
    for i in range(k):
        drawn = random.choice(np.arange(500 * i, 500 * i + 1_000 + 300 * i), n_drawn, replace=False)
        audience.append(
            pl.DataFrame({"creator_id": f"c{i}", "profile_id": [f"p{p}" for p in drawn], "frame": "random"})
        )
        for post in range(6):
            authors = random.choice(np.arange(40 * i, 40 * i + 80), 15, replace=False)
            comments.append(
                pl.DataFrame(
                    {
                        "comment_id": [f"{i}-{post}-{a}" for a in authors],
                        "post_id": f"{i}-{post}",
                        "creator_id": f"c{i}",
                        "author_id": [f"u{a}" for a in authors],
                    }
                )
            )
    return Tables({"creators": creators, "audience": pl.concat(audience), "comments": pl.concat(comments)})


MEASURES = (measure_followers, measure_commenters)


def measured(measure: object, tables: Tables, ids: list[str]) -> Reach:
    reach = measure(tables, ids, {}, {})  # type: ignore[operator]
    assert isinstance(reach, Reach)
    return reach


@pytest.mark.parametrize("measure", MEASURES)
def test_row_order_changes_nothing(measure: object) -> None:
    tables = make()
    turned = tables.replace(
        **{name: tables[name].sample(fraction=1, shuffle=True, seed=9) for name in ("audience", "comments")}
    )
    ids = tables["creators"]["creator_id"].to_list()
    assert measured(measure, turned, ids) == measured(measure, tables, ids)


@pytest.mark.parametrize("measure", MEASURES)
def test_other_names_change_nothing(measure: object) -> None:
    tables = make()
    named = tables.replace(
        audience=tables["audience"].with_columns(profile_id="z" + pl.col("profile_id").str.reverse()),
        comments=tables["comments"].with_columns(author_id="z" + pl.col("author_id").str.reverse() + "q"),
    )
    ids = tables["creators"]["creator_id"].to_list()
    assert measured(measure, named, ids) == measured(measure, tables, ids)


@pytest.mark.parametrize("measure", MEASURES)
def test_nobody_else_counts(measure: object) -> None:
    many = make(4)
    alone = many.replace(
        **{name: many[name].filter(pl.col("creator_id") != "c3") for name in ("creators", "audience", "comments")}
    )
    ids = ["c0", "c1", "c2"]
    assert measured(measure, many, ids) == measured(measure, alone, ids)


@pytest.mark.parametrize("measure", MEASURES)
def test_reach_grows_with_the_set_and_lies_between_the_largest_and_the_sum(measure: object) -> None:
    tables = make()
    ids = tables["creators"]["creator_id"].to_list()
    reach = measured(measure, tables, ids)
    totals = [step.total for step in reach.steps]
    assert all(total is not None for total in totals)
    ends = np.array(totals)
    assert (np.diff(ends, axis=0) >= 0).all()
    if reach.n_union is None:
        assert reach.union is not None
        assert max(one.n_total for one in reach.listings.values()) <= reach.union[0] <= reach.union[1] <= reach.n_summed
    else:
        assert sum(step.added for step in reach.steps) == reach.n_union <= reach.n_summed


def test_a_long_roster_tells_the_pairs_and_steps_that_matter() -> None:
    tables = make(30, 300)
    for measure in MEASURES:
        reach = measured(measure, tables, tables["creators"]["creator_id"].to_list())
        assert len(reach.pairs) == MOST_PAIRS and len(reach.steps) == MOST_STEPS
        shared = [pair.value or 0 for pair in reach.pairs]
        assert shared == sorted(shared, reverse=True)


def test_a_free_creator_comes_first_and_an_unknown_fee_ends_the_order_by_fee() -> None:
    tables = make()
    ids = tables["creators"]["creator_id"].to_list()
    free = measure_commenters(tables, ids, {}, {"c0": 500.0, "c1": 100.0, "c2": 0.0, "c3": 900.0})
    assert free is not None and free.is_by_fee and free.steps[0].creator_id == "c2"
    partly = measure_commenters(tables, ids, {}, {"c0": 500.0})
    assert partly is not None and not partly.is_by_fee
    assert [step.fee_cny for step in partly.steps if step.creator_id == "c0"] == [500.0]


def test_genuine_is_told_only_where_every_share_is_known() -> None:
    tables = make()
    ids = tables["creators"]["creator_id"].to_list()
    some = measure_followers(tables, ids, {"c0": (0.1, 0.2)}, {})
    assert some is not None and some.genuine is None and some.n_genuine_known == 1
    full = measure_followers(tables, ids, dict.fromkeys(ids, (0.1, 0.2)), {})
    assert full is not None and full.genuine is not None and full.union is not None
    assert full.genuine[1] < full.union[1]
    worse = measure_followers(tables, ids, dict.fromkeys(ids, (0.3, 0.4)), {})
    assert worse is not None and worse.genuine is not None
    assert worse.genuine[0] <= full.genuine[0] and worse.genuine[1] <= full.genuine[1]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], (0, None, None, None)),
        ([None, None], (0, None, None, None)),
        ([3.0, 1.0, None, 2.0], (3, 2.0, None, None)),
        ([1.0, 2.0, 3.0, 4.0, 5.0], (5, 3.0, None, None)),
        ([6.0, 1.0, 2.0, 3.0, 4.0, 5.0], (6, 3.5, 1.0, 6.0)),
        # Nine: the second from either end (Thompson's table, 96.1 %).
        ([float(i) for i in range(1, 10)], (9, 5.0, 2.0, 8.0)),
        ([float(i) for i in range(1, 21)], (20, 10.5, 6.0, 15.0)),
    ],
)
def test_a_median_has_an_interval_from_six_on(values: list[float | None], expected: tuple[object, ...]) -> None:
    found = take_median(values)
    assert (found.n, found.value, found.low, found.high) == expected


def test_a_median_s_interval_holds_as_often_as_it_says() -> None:
    random = np.random.default_rng(2)
    for n in (6, 9, 15, 40):
        found = [take_median(random.lognormal(0, 1, n).tolist()) for _ in range(800)]
        assert np.mean([(one.low or 9) <= 1.0 <= (one.high or 0) for one in found]) >= 0.945


def test_classes_are_cut_at_the_platform_s_tiers() -> None:
    sizes = {"c0": 9_999, "c1": 10_000, "c2": 99_999, "c3": 6_000_000}
    tables = Tables(
        {
            "creators": pl.DataFrame(
                {"creator_id": list(sizes), "platform": "weibo", "n_followers": list(sizes.values())}
            )
        }
    )
    members = [RosterMember(one, "weibo", n) for one, n in sizes.items()]
    found = compare_classes(tables, [*members, RosterMember("c4", "nowhere", 5)], {})
    assert [(one.name, one.creator_ids) for one in found] == [
        ("koc", ("c0",)),
        ("micro", ("c1", "c2")),
        ("mega", ("c3",)),
    ]
    assert found[0].reach is None and found[1].reach is not None
    assert found[1].reach.union == (99_999.0, 109_999.0)


def test_who_has_few_posts_follows_those_who_can_be_ordered() -> None:
    tables = make(4)
    is_thin = (pl.col("creator_id") == "c3") & ~pl.col("post_id").is_in(["3-0", "3-1"])
    thin = tables.replace(comments=tables["comments"].filter(~is_thin))
    reach = measure_commenters(thin, ["c0", "c1", "c2", "c3"], {}, {"c0": 9.0, "c1": 9.0, "c2": 9.0, "c3": 0.0})
    assert reach is not None
    last = reach.steps[-1]
    assert (last.creator_id, last.interval, last.is_settled) == ("c3", None, None)
    assert all(step.is_settled is not None for step in reach.steps[:-2])
    assert reach.union is None and reach.n_union is not None
