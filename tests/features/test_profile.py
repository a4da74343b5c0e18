"""Features of one profile: what is unknown stays unknown, and order, extra columns and neighbours change nothing."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from zhenfen.features.audience.profile import PROFILE_FEATURES, PROFILE_SPECS, measure_profiles
from zhenfen.tables import TABLES, make_frame

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)


def measure(**columns: object) -> dict[str, float | None]:
    frame = pl.DataFrame({"profile_id": ["a"], **{name: [value] for name, value in columns.items()}})
    return measure_profiles(frame, AS_OF).row(0, named=True)


def known(row: dict[str, float | None]) -> set[str]:
    return {name for name, value in row.items() if value is not None} - {"profile_id"}


def test_an_id_alone_has_no_feature() -> None:
    assert known(measure()) == set()


def test_an_empty_table_gives_the_columns() -> None:
    measured = measure_profiles(make_frame(TABLES["audience"]), AS_OF)
    assert measured.columns == ["profile_id", *PROFILE_FEATURES]
    assert set(measured.dtypes[1:]) == {pl.Float64()}


@pytest.mark.parametrize(
    ("columns", "feature", "value"),
    [
        ({"n_followers": 99}, "profile_followers_log10", 2.0),
        ({"n_following": 0}, "profile_following_log10", 0.0),
        ({"n_following": 999, "n_posts": 0}, "profile_following_by_posts_log10", 3.0),
        ({"n_posts": 9, "n_followers": 99}, "profile_posts_by_followers_log10", -1.0),
        ({"platform": "weibo", "level": 12}, "profile_level_share", 0.25),
        ({"platform": "bilibili", "level": 6}, "profile_level_share", 1.0),
        ({"platform": "douyin", "level": 12}, "profile_level_share", None),
        ({"level": 12}, "profile_level_share", None),
        ({"created_at": AS_OF - timedelta(days=50), "n_posts": 100}, "profile_posts_per_day", 2.0),
        ({"created_at": AS_OF - timedelta(hours=1), "n_posts": 3}, "profile_posts_per_day", 3.0),
        ({"posts_per_day": 4.5, "created_at": AS_OF - timedelta(days=50), "n_posts": 1}, "profile_posts_per_day", 4.5),
        ({"created_at": AS_OF + timedelta(days=1)}, "profile_age_days", None),
        ({"display_name": "李明ab12"}, "profile_name_chars", 6.0),
        ({"display_name": "李明ab12"}, "profile_name_digit_share", 2 / 6),
        ({"display_name": "12李明345"}, "profile_name_trailing_digits_count", 3.0),
        ({"display_name": "李明"}, "profile_name_trailing_digits_count", 0.0),
        ({"display_name": "李明ab12"}, "profile_name_han_share", 2 / 6),
        ({"display_name": ""}, "profile_name_digit_share", None),
        ({"display_name": ""}, "profile_name_chars", 0.0),
        ({"display_name": "用户7391046"}, "profile_name_default_flag", 1.0),
        ({"display_name": "小红薯6A3F21"}, "profile_name_default_flag", 1.0),
        ({"display_name": "手机用户2837465"}, "profile_name_default_flag", 1.0),
        ({"display_name": "用户体验师"}, "profile_name_default_flag", 0.0),
        ({"display_name": "yangmei83746"}, "profile_name_pinyin_digits_flag", 1.0),
        ({"display_name": "Anna12"}, "profile_name_pinyin_digits_flag", 0.0),
        ({"bio": "  爱旅行 "}, "profile_bio_chars", 3.0),
        ({"bio": ""}, "profile_bio_chars", 0.0),
        ({"has_avatar": False}, "profile_avatar_flag", 0.0),
        ({"mean_shares_per_post": 9.0}, "profile_mean_shares_log10", 1.0),
        ({"night_share": 0.2}, "profile_night_share", 0.2),
    ],
)
def test_values(columns: dict[str, object], feature: str, value: float | None) -> None:
    found = measure(**columns)[feature]
    assert found == (None if value is None else pytest.approx(value))


def test_unknown_counts_are_not_zero() -> None:
    row = measure(n_followers=5, n_posts=None, n_following=None)
    assert known(row) == {"profile_followers_log10"}


def test_a_known_shape_stands_where_the_name_does_not() -> None:
    frame = pl.DataFrame(
        {"profile_id": ["a", "b"], "display_name": [None, "x1"], "profile_name_digit_share": [0.25, 0.9]}
    )
    assert measure_profiles(frame, AS_OF)["profile_name_digit_share"].to_list() == [0.25, 0.5]


def test_order_and_neighbours_change_nothing() -> None:
    frame = pl.DataFrame(
        {"profile_id": ["b", "a", "c"], "n_followers": [1, None, 3], "display_name": ["用户1234", None, "x"]}
    )
    measured = measure_profiles(frame, AS_OF)
    assert measured["profile_id"].to_list() == ["b", "a", "c"]
    assert measured.reverse().equals(measure_profiles(frame.reverse(), AS_OF))
    assert measured[1].equals(measure_profiles(frame[1], AS_OF))


def test_what_was_measured_before_changes_nothing() -> None:
    bare = pl.DataFrame({"profile_id": ["a"], "created_at": [AS_OF - timedelta(days=9)], "n_posts": [18]})
    given = bare.with_columns(profile_age_days=pl.lit(1.0), profile_name_chars=pl.lit(7.0))
    for _ in range(2):
        for as_of, age in ((AS_OF, 9.0), (AS_OF + timedelta(days=1), 10.0), (AS_OF - timedelta(days=99), None)):
            row = measure_profiles(bare, as_of).row(0, named=True)
            assert (row["profile_age_days"], row["profile_name_chars"]) == (age, None)
            row = measure_profiles(given, as_of).row(0, named=True)
            assert (row["profile_age_days"], row["profile_name_chars"]) == (age or 1.0, 7.0)


def test_values_keep_the_range_of_their_spec() -> None:
    huge = measure(
        n_followers=10**13,
        n_following=10**13,
        n_posts=10**13,
        level=60,
        platform="weibo",
        display_name="9" * 60,
        bio="长" * 5000,
        created_at=datetime(1990, 1, 1, tzinfo=UTC),
        is_private=True,
    )
    for spec in PROFILE_SPECS:
        value = huge[spec.name]
        if value is not None:
            assert math.isfinite(value)
            assert spec.low is None or value >= spec.low, spec.name
            assert spec.high is None or value <= spec.high, spec.name
