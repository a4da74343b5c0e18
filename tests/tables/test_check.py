"""The tables contract: every breach is named, all at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from zhenfen.errors import InvalidTableError
from zhenfen.tables import TABLES, Tables, check_tables, find_problems, make_frame

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def make_posts(**columns: object) -> pl.DataFrame:
    return make_frame(TABLES["posts"], pl.DataFrame({"post_id": ["p1", "p2"], "creator_id": ["c", "c"], **columns}))


def test_a_sound_table_has_no_problems() -> None:
    assert find_problems({"posts": make_posts(n_likes=[1, None], published_at=[NOON, None])}) == []


def test_only_the_key_and_required_columns_must_be_there() -> None:
    assert find_problems({"posts": pl.DataFrame({"post_id": ["p"], "creator_id": ["c"]})}) == []


@pytest.mark.parametrize(
    ("frame", "column", "row", "said"),
    [
        (pl.DataFrame({"post_id": ["p"]}), "creator_id", None, "the column to be there"),
        (make_posts(n_likes=[1, -5]), "n_likes", 2, "a number from 0"),
        (make_posts(published_at=[NOON, datetime.now(UTC) + timedelta(days=9)]), "published_at", 2, "a time between"),
        (make_posts(media_kind=["video", "hologram"]), "media_kind", 2, "one of text, image"),
        (make_posts().with_columns(post_id=pl.lit("same")), "post_id", 1, "each key once"),
        (make_posts().with_columns(creator_id=pl.Series(["c", None])), "creator_id", 2, "an id"),
        (make_posts().with_columns(post_id=pl.Series(["p", ""])), "post_id", 2, "an id that is not empty"),
        (make_posts().with_columns(n_likes=pl.Series(["1", "2"])), "n_likes", None, "type Int64"),
        (make_posts().with_columns(published_at=pl.lit(datetime(2026, 1, 1))), "published_at", None, "type Datetime"),
    ],
)
def test_each_breach_is_named(frame: pl.DataFrame, column: str, row: int | None, said: str) -> None:
    problems = find_problems({"posts": frame})
    assert [(p.column, p.row) for p in problems][:1] == [(column, row)]
    assert said in str(problems[0])
    assert str(problems[0]).startswith("posts, ")


def test_all_problems_of_all_tables_come_together() -> None:
    creators = pl.DataFrame({"creator_id": ["c"], "platform": ["myspace"]})
    posts = make_posts(n_likes=[-1, 2], media_kind=["?", None])
    with pytest.raises(InvalidTableError) as caught:
        check_tables({"creators": creators, "posts": posts})
    assert {problem.column for problem in caught.value.problems} == {"platform", "n_likes", "media_kind"}


def test_a_thousand_bad_rows_are_counted_not_listed() -> None:
    posts = pl.DataFrame({"post_id": [str(i) for i in range(1000)], "creator_id": "c", "n_likes": -1})
    problems = find_problems({"posts": posts})
    assert len(problems) == 6
    assert "and 995 more rows" in str(problems[-1])


def test_an_absent_table_is_empty_and_keeps_the_contract() -> None:
    empty = Tables()["comments"]
    assert empty.is_empty()
    assert list(empty.schema) == list(TABLES["comments"].schema)


def test_the_order_of_rows_does_not_matter() -> None:
    posts = make_posts(n_likes=[1, 2])
    assert Tables({"posts": posts})["posts"].equals(Tables({"posts": posts.reverse()})["posts"])


def test_an_unknown_table_is_refused() -> None:
    with pytest.raises(KeyError, match="unknown tables"):
        Tables({"likes": pl.DataFrame()})


def test_for_creators_keeps_their_rows_only() -> None:
    posts = pl.DataFrame({"post_id": ["1", "2"], "creator_id": ["a", "b"]})
    provenance = pl.DataFrame({"source": ["s"], "obtained_how": ["h"], "file": ["f"], "sha256": ["0"]})
    mine = Tables({"posts": posts, "provenance": provenance}).for_creators(["a"])
    assert mine["posts"]["post_id"].to_list() == ["1"]
    assert mine["provenance"].height == 1
