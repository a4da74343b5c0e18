"""Audience: each trait by hand, one frame at a time, and unknown never as zero."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from zhenfen.features.audience.family import N_PROFILES_NEEDED, Audience
from zhenfen.features.base import Measured
from zhenfen.features.inputs import Inputs
from zhenfen.simulate import simulate
from zhenfen.tables import TABLES, Tables, make_frame

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)


def sample(n: int, frame: str = "newest", creator: str = "a", **columns: Any) -> pl.DataFrame:
    """`n` profiles; a column is a list that is repeated to length, or one value for all."""
    filled = {
        name: [given[at % len(given)] for at in range(n)] if isinstance(given, list) else [given] * n
        for name, given in columns.items()
    }
    ids = [f"{creator}{frame}{at}" for at in range(n)]
    table = pl.DataFrame({"creator_id": [creator] * n, "profile_id": ids, "frame": [frame] * n, **filled})
    return make_frame(TABLES["audience"], table)


def measure(*samples: pl.DataFrame, with_details: bool = True) -> Measured:
    creators = pl.DataFrame({"creator_id": ["a"], "platform": ["weibo"]})
    audience = pl.concat(samples) if samples else make_frame(TABLES["audience"])
    return Audience().measure(Inputs(Tables({"creators": creators, "audience": audience}), AS_OF, with_details))


def value(measured: Measured, feature: str) -> float | None:
    return measured.values[f"audience_{feature}"].item()


@pytest.mark.parametrize(
    ("feature", "columns", "expected"),
    [
        ("n_profiles", {}, 40),
        ("no_avatar_share", {"has_avatar": [True, False, True, True]}, 0.25),
        ("no_avatar_share", {"has_avatar": [True, False, None, None]}, 0.5),
        ("no_bio_share", {"bio": ["", "  ", "旅行", "读书"]}, 0.5),
        ("no_bio_share", {"bio": ["", None, None, "读书"]}, 0.5),
        ("zero_posts_share", {"n_posts": [0, 1, 2, 3]}, 0.25),
        ("high_following_share", {"n_following": [9, 10, 100, 109], "n_followers": [0, 0, 10, 10]}, 0.25),
        ("high_following_share", {"n_following": [10, 110, None, 5], "n_followers": [0, 10, 3, None]}, 1.0),
        ("mass_following_share", {"n_following": [1_500, 1_501, 3, 2_000]}, 0.5),
        (
            "inactive_share",
            {"last_post_at": [AS_OF, AS_OF - timedelta(365), AS_OF - timedelta(366), None]},
            pytest.approx(1 / 3),
        ),
        ("name_digits_share", {"display_name": ["ab12", "abcd", "1", ""]}, 0.5),
        (
            "largest_creation_month_share",
            {"created_at": [datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC), AS_OF, None]},
            pytest.approx(2 / 3),
        ),
        ("median_followers", {"n_followers": [1, 3, 5, 900]}, 4.0),
        ("median_following", {"n_following": [2, None]}, 2.0),
        ("median_posts", {"n_posts": [0, 8]}, 4.0),
    ],
)
def test_traits_by_hand(feature: str, columns: dict[str, list], expected: float):
    assert value(measure(sample(40, **columns)), feature) == expected


@pytest.mark.parametrize(
    ("name", "is_default"),
    [
        ("用户8837261", True),
        ("手机用户", True),
        ("手机用户5566", True),
        ("小红薯6A3F9C01", True),
        ("小红薯来了", False),
        ("lily20480", True),
        ("lily2048", False),
        ("12345小王", False),
        ("用户体验师", False),
        ("木子同学", False),
        ("", False),
    ],
)
def test_default_names(name: str, *, is_default: bool):
    assert value(measure(sample(30, display_name=name)), "default_name_share") == is_default


def test_identical_descriptions_are_counted_among_those_that_have_one():
    bios = ["互粉", " 互粉 ", *[f"第{number}次" for number in range(8)], *[""] * 10, *[None] * 10]
    assert value(measure(sample(30, bio=bios)), "identical_bio_share") == pytest.approx(0.2)


def test_the_same_description_under_two_creators_is_not_identical_within_one():
    measured = measure(sample(30, bio=["x", *[""] * 29]), sample(30, creator="b", bio="x"))
    assert value(measured, "identical_bio_share") == 0.0


def test_columns_that_show_nothing_are_null():
    measured = measure(sample(30))
    assert measured.reasons.is_empty()
    known = {name: number for name, number in measured.values.row(0, named=True).items() if number is not None}
    assert known == {"creator_id": "a", "audience_n_profiles": 30.0}


def test_only_the_largest_frame_of_followers_is_described():
    measured = measure(sample(40, "newest", n_posts=0), sample(50, "random", n_posts=7), sample(90, "commenters"))
    assert value(measured, "n_profiles") == 50
    assert value(measured, "zero_posts_share") == 0.0
    frames = [("a", "random", 50, True), ("a", "newest", 40, False), ("a", "commenters", 90, False)]
    assert measured.details["frames"].rows() == frames


def test_commenters_are_described_where_too_few_followers_are_known():
    assert value(measure(sample(29, "newest"), sample(50, "commenters")), "n_profiles") == 50


def test_two_small_frames_do_not_make_one_large_one():
    measured = measure(sample(20, "newest"), sample(20, "likers"))
    assert measured.reasons.rows() == [("a", "audience.too_few_profiles", N_PROFILES_NEEDED, 20)]


@pytest.mark.parametrize(
    ("samples", "reason", "n_found"),
    [
        ([], "audience.no_sample", 0),
        ([sample(1)], "audience.too_few_profiles", 1),
        ([sample(N_PROFILES_NEEDED - 1)], "audience.too_few_profiles", N_PROFILES_NEEDED - 1),
        ([sample(60, creator="stranger")], "audience.no_sample", 0),
    ],
)
def test_too_little_is_a_reason_with_numbers_and_null_values(samples: list, reason: str, n_found: int):
    measured = measure(*samples)
    assert measured.reasons.rows() == [("a", reason, N_PROFILES_NEEDED, n_found)]
    assert set(measured.values.row(0)[1:]) == {None}


def test_row_order_and_details_change_nothing():
    tables = simulate(("burst_buyer", "organic_large", "organic_small"), seed=6).tables
    shuffled = tables.replace(audience=tables["audience"].sample(fraction=1.0, shuffle=True, seed=1))
    expected = Audience().measure(Inputs(tables, AS_OF))
    for inputs in (Inputs(shuffled, AS_OF), Inputs(tables, AS_OF, with_details=False)):
        assert Audience().measure(inputs).values.equals(expected.values)


def test_bought_followers_raise_the_traits_that_they_show():
    simulated = simulate(("drip_buyer", "organic_large"), seed=6)
    values = Audience().measure(Inputs(simulated.tables, AS_OF + timedelta(days=130))).values
    for trait in ("no_avatar", "no_bio", "default_name", "largest_creation_month", "high_following", "zero_posts"):
        bought, organic = values[f"audience_{trait}_share"]
        assert bought > organic + 0.2, trait


def test_a_hostile_name_is_only_a_name():
    hostile = "<script>alert(1)</script>" + "9" * 100_000
    assert value(measure(sample(30, display_name=hostile)), "default_name_share") == 1.0
