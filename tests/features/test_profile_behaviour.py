"""Behaviour columns from posts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from zhenfen.features.audience.behaviour import REGULAR_POSTS_NEEDED, add_behaviour
from zhenfen.tables import TABLES, make_frame

# 20:00 in China.
EVENING = datetime(2026, 1, 1, 12, tzinfo=UTC)


def posts_of(profile: str, times: list[datetime], **columns: list[object]) -> pl.DataFrame:
    rows = {"post_id": [f"{profile}{i}" for i in range(len(times))], "published_at": times, **columns}
    return make_frame(TABLES["posts"], pl.DataFrame(rows).with_columns(creator_id=pl.lit(profile)))


def audience(*profiles: str) -> pl.DataFrame:
    return make_frame(TABLES["audience"], pl.DataFrame({"profile_id": profiles}))


def behaviour(posts: pl.DataFrame) -> dict[str, float | None]:
    return add_behaviour(audience("a"), posts).row(0, named=True)


def days(*numbers: float) -> list[datetime]:
    return [EVENING + timedelta(days=number) for number in numbers]


def test_days_and_rate_run_from_the_first_post_to_the_last() -> None:
    row = behaviour(posts_of("a", days(0, 0, 1, 5, 9)))
    assert row["posts_per_day"] == pytest.approx(0.5)
    assert row["active_day_share"] == pytest.approx(0.4)


def test_the_night_is_that_of_china() -> None:
    # 18:00 UTC is two in the morning there.
    row = behaviour(posts_of("a", days(0, 1, 2, 2.25, 3.25)))
    assert row["night_share"] == pytest.approx(0.4)


def test_texts_are_those_the_profile_wrote() -> None:
    texts = ["买它", "买它", "看 http://t.cn/x #好物#", "@小王 早😀", None, "转发 http://t.cn/y"]
    row = behaviour(posts_of("a", days(*range(6)), text=texts, is_repost=[False] * 5 + [True]))
    found = {name: row[f"{name}_share"] for name in ("duplicate", "link", "hashtag", "mention", "emoji")}
    assert found == pytest.approx(dict.fromkeys(found, 0.25))
    assert row["repost_share"] == pytest.approx(1 / 6)


def test_counts_that_nobody_knows_stay_unknown() -> None:
    row = behaviour(posts_of("a", days(*range(5))))
    unknown = ("mean_shares_per_post", "mean_comments_per_post", "repost_share", "link_share", "duplicate_share")
    assert {row[name] for name in unknown} == {None}


def test_few_posts_say_nothing() -> None:
    assert behaviour(posts_of("a", days(*range(4))))["posts_per_day"] is None


def test_what_the_table_says_already_stays() -> None:
    given = audience("a", "b").with_columns(night_share=pl.Series([0.9, None], dtype=pl.Float64))
    filled = add_behaviour(given, pl.concat((posts_of("a", days(*range(5))), posts_of("b", days(*range(5))))))
    assert filled["night_share"].to_list() == [0.9, 0.0]
    assert filled.columns == given.columns


def test_rows_keep_their_order_and_number() -> None:
    given = audience("c", "a", "b")
    filled = add_behaviour(given, posts_of("b", days(*range(6))))
    assert filled["profile_id"].to_list() == ["c", "a", "b"]
    assert filled["posts_per_day"].is_not_null().to_list() == [False, False, True]


def test_even_posting_is_told_from_people() -> None:
    times = {
        "even": [EVENING + timedelta(hours=3 * n) for n in range(REGULAR_POSTS_NEEDED)],
        "uneven": [EVENING + timedelta(hours=n * n) for n in range(REGULAR_POSTS_NEEDED)],
        "few": [EVENING + timedelta(hours=3 * n) for n in range(REGULAR_POSTS_NEEDED - 1)],
        "at_once": [EVENING] * REGULAR_POSTS_NEEDED,
    }
    posts = pl.concat([posts_of(name, moments) for name, moments in times.items()])
    shown = add_behaviour(audience(*times), posts)
    assert shown["is_regular"].to_list() == [True, False, None, False]
    assert shown["busiest_hour_share"].to_list() == pytest.approx([1 / 20, 1 / 20, 1 / 19, 1.0])
