"""Rows from other programs: taken for what they say, or refused with every reason."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest

from zhenfen.config import models_dir
from zhenfen.errors import ConfigError, InvalidTableError
from zhenfen.estimators import profile_model
from zhenfen.estimators.manifest import read_manifest
from zhenfen.features.audience.profile import measure_profiles
from zhenfen.scoring import score_comments, score_posts
from zhenfen.scoring.frames import input_columns, open_scorer
from zhenfen.shelf import list_versions
from zhenfen.tables import TABLES
from zhenfen.tables.foreign import take_columns

AUDIENCE = input_columns(read_manifest(models_dir() / "audience" / "2"))
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NAN = float("nan")


def take(**columns: object) -> pl.DataFrame:
    return take_columns(pl.DataFrame({"profile_id": ["a", "b"], **columns}), AUDIENCE)


def test_the_contract_s_columns_come_first_the_id_then_the_rest_and_nothing_else() -> None:
    taken = take(shoe_size=[1, 2])
    assert taken.columns[0] == "profile_id"
    assert set(taken.columns) == set(TABLES["audience"].schema)
    assert dict(taken.schema) == {name: TABLES["audience"].schema[name] for name in taken.columns}


@pytest.mark.parametrize(
    ("name", "given", "taken"),
    [
        ("n_followers", [3, None], [3, None]),
        ("n_followers", [3.0, NAN], [3, None]),
        ("n_followers", [None, None], [None, None]),
        ("has_avatar", [True, None], [True, None]),
        ("bio", pl.Series(["x", None], dtype=pl.Categorical), ["x", None]),
        ("created_at", [datetime(2026, 1, 31, 12), None], [NOON, None]),
        ("created_at", ["2026-01-31T12:00:00Z", None], [NOON, None]),
        ("created_at", ["2026-01-31T20:00:00+08:00", None], [NOON, None]),
        ("created_at", ["2026-01-31T12:00:00", None], [NOON, None]),
        ("created_at", ["2026-01-31 12:00:00", None], [NOON, None]),
        ("created_at", ["2026-01-31T12:00:00.000", None], [NOON, None]),
        ("created_at", [date(2026, 1, 31), None], [NOON - timedelta(hours=12), None]),
        ("created_at", [NOON.astimezone(timezone(timedelta(hours=8))), None], [NOON, None]),
    ],
)
def test_a_value_is_taken_for_what_it_says(name: str, given: object, taken: list[object]) -> None:
    assert take(**{name: given})[name].to_list() == taken


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("n_followers", [3.5, 2.0], "row 1, column n_followers: found '3.5', expected a whole number"),
        ("n_followers", ["many", None], "row 1, column n_followers: found 'many', expected a whole number"),
        ("created_at", ["2026-01-31T12:00:00", "soon"], "row 2, column created_at: found 'soon', expected a time"),
        ("created_at", [1, 2], "row 1, column created_at"),
        ("has_avatar", ["yes", "no"], "row 2, column has_avatar: found 'no', expected true or false"),
        ("bio", [1, 2], "row 1, column bio: found '1', expected a text"),
        ("posts_per_day", ["x", "y"], "row 1, column posts_per_day: found 'x', expected a number"),
    ],
)
def test_a_value_that_cannot_be_taken_is_named(name: str, given: object, words: str) -> None:
    with pytest.raises(InvalidTableError) as caught:
        take(**{name: given})
    assert words in str(caught.value)


def test_all_problems_are_named_at_once() -> None:
    rows = pl.DataFrame(
        {"comment_id": [None, "b"], "created_at": ["x", "y"]}, schema_overrides={"comment_id": pl.String}
    )
    columns = input_columns(read_manifest(models_dir() / "comment" / "2"))
    with pytest.raises(InvalidTableError) as caught:
        take_columns(rows, columns)
    assert str(caught.value).splitlines() == [
        "input, column text: expected the column to be there",
        "input, row 1, column comment_id: expected an id",
    ]


def test_many_wrong_rows_are_counted() -> None:
    with pytest.raises(InvalidTableError, match=r"and 15 more rows"):
        take_columns(pl.DataFrame({"profile_id": map(str, range(20)), "n_posts": ["x"] * 20}), AUDIENCE)


def test_comments_and_posts_score_as_everywhere() -> None:
    texts = ["加微信领取优惠，名额有限", "今天真好看", None, "[赞][赞]"]
    for name, key, score in (("comment", "comment_id", score_comments), ("post", "post_id", score_posts)):
        folder = list_versions(models_dir() / name)[-1]
        rows = pl.DataFrame({key: ["a", "b", "c", "d"], "text": texts})
        scored = open_scorer(folder)(rows, None)
        loaded = open_model(name, folder)
        alone = score(rows.with_columns(is_labelled_ad=None, has_purchase_link=None), loaded)
        assert scored.equals(alone.select(scored.columns))


def open_model(name: str, folder):
    from zhenfen.estimators.shelved import load_folder

    return load_folder(folder)


def test_profiles_are_measured_at_the_moment_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = []

    def measure(audience: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
        moments.append(as_of)
        return measure_profiles(audience, as_of)

    monkeypatch.setattr(profile_model, "measure_profiles", measure)
    scorer = open_scorer(models_dir() / "audience" / "2")
    rows = pl.DataFrame({"profile_id": ["a"], "n_posts": [900], "created_at": ["2020-01-01T00:00:00"]})
    for moment in ("2026-01-01", "2020-02-01T08:00:00+08:00", None):
        scorer(rows, moment)
    # A day is read at its end.
    end = datetime(2026, 1, 1, 23, 59, 59, 999_999, tzinfo=UTC)
    assert moments == [end, datetime(2020, 2, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)]
    with pytest.raises(ConfigError, match="as_of 'soon'"):
        scorer(rows, "soon")


def test_no_rows_give_no_scores() -> None:
    rows = pl.DataFrame({"profile_id": []}, schema={"profile_id": pl.String})
    assert open_scorer(models_dir() / "audience" / "2")(rows, None).height == 0
