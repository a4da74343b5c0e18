"""One contract behind every door: the same breach is named at the same row, column and value, in the same words."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from zhenfen.connectors.reading.cells import read_column
from zhenfen.errors import InvalidTableError, Problem
from zhenfen.service.errors import ServiceError
from zhenfen.service.frames import ARROW, JSON, PARQUET
from zhenfen.service.json_rows import make_rows_reader
from zhenfen.service.packed_rows import PackedRows, read_packed
from zhenfen.service.settings import Limits
from zhenfen.tables import TABLES, find_problems, read_tables
from zhenfen.tables.foreign import take_columns
from zhenfen.tables.parquet import ParquetRows

SPEC = TABLES["audience"]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOUND = pl.DataFrame(
    {
        "creator_id": ["c", "c", "c"],
        "profile_id": ["1", "2", "3"],
        "frame": ["newest", "newest", "newest"],
        "platform": ["weibo", "douyin", None],
        "bio": ["", "x", None],
        "n_followers": [0, 10**13, None],
        "night_share": [0.0, 1.0, None],
        "created_at": [datetime(1990, 1, 1, tzinfo=UTC), NOW, None],
        "is_private": [True, False, None],
    }
)
Door = Callable[[pl.DataFrame, Path], list[Problem]]


def check(frame: pl.DataFrame, _folder: Path) -> list[Problem]:
    return find_problems({"audience": frame})


def from_parquet(frame: pl.DataFrame, folder: Path) -> list[Problem]:
    frame.write_parquet(folder / "rows.parquet")
    try:
        list(ParquetRows(folder / "rows.parquet", SPEC, ["profile_id"]).sound_batches())
    except InvalidTableError as error:
        return list(error.problems)
    return []


def from_folder(frame: pl.DataFrame, folder: Path) -> list[Problem]:
    frame.write_parquet(folder / "audience.parquet")
    return from_store(folder)


def from_sqlite(frame: pl.DataFrame, folder: Path) -> list[Problem]:
    rows = frame.with_columns(pl.col(pl.Datetime).dt.to_string("%+"))
    with closing(sqlite3.connect(folder / "t.sqlite")) as database:
        database.execute(f"create table audience ({', '.join(rows.columns)})")
        database.executemany(f"insert into audience values ({', '.join('?' * rows.width)})", rows.rows())
        database.commit()
    return from_store(folder / "t.sqlite")


def from_store(path: Path) -> list[Problem]:
    try:
        read_tables(path)
    except InvalidTableError as error:
        return list(error.problems)
    return []


def from_frame(frame: pl.DataFrame, _folder: Path) -> list[Problem]:
    columns = [column for column in SPEC.columns if column.name in frame.columns]
    try:
        take_columns(frame, columns)
    except InvalidTableError as error:
        return list(error.problems)
    return []


def from_body(frame: pl.DataFrame, folder: Path, media_type: str) -> list[Problem]:
    json = make_rows_reader("audience", ["profile_id"], Limits())
    path = folder / "body"
    if media_type == JSON:
        rows = frame.with_columns(pl.col(pl.Datetime).dt.to_string("%+"))
        path.write_bytes(f'{{"rows": {rows.write_json()}}}'.encode())
    elif media_type == PARQUET:
        frame.write_parquet(path)
    else:
        with pa.ipc.new_stream(path, frame.to_arrow().schema) as sink:
            sink.write_table(frame.to_arrow())
    try:
        if media_type == JSON:
            json.read(path.read_bytes())
        else:
            read_packed(PackedRows(str(path), media_type == ARROW, SPEC.name, ("profile_id",), None, Limits()))
    except (InvalidTableError, ServiceError) as error:
        return list(error.problems)
    return []


DOORS: dict[str, Door] = {
    "check": check,
    "parquet": from_parquet,
    "folder": from_folder,
    "sqlite": from_sqlite,
    "frame": from_frame,
    "json": lambda frame, folder: from_body(frame, folder, JSON),
    "arrow body": lambda frame, folder: from_body(frame, folder, ARROW),
    "parquet body": lambda frame, folder: from_body(frame, folder, PARQUET),
}
BREACHES = {
    "profile_id": ("", "an id that is not empty"),
    "platform": ("myspace", "one of weibo, "),
    "n_followers": (-5, "a number from 0 to 1e+13"),
    "night_share": (1.5, "a number from 0 to 1"),
    "created_at": (datetime(1989, 1, 1, tzinfo=UTC), "a time between 1990 and "),
}


def with_second(column: str, value: object) -> pl.DataFrame:
    """The sound rows with another value in the second."""
    values = [SOUND[column][0], value, SOUND[column][2]]
    return SOUND.with_columns(pl.Series(column, values, dtype=SOUND.schema[column]))


@pytest.mark.parametrize("door", DOORS)
def test_sound_rows_pass_every_door(door: str, tmp_path: Path) -> None:
    assert DOORS[door](SOUND, tmp_path) == []


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("column", BREACHES)
def test_a_breach_is_the_same_at_every_door(column: str, door: str, tmp_path: Path) -> None:
    value, expected = BREACHES[column]
    found = DOORS[door](with_second(column, value), tmp_path)
    assert [(one.row, one.column) for one in found] == [(2, column)]
    assert found[0].expected.startswith(expected)
    assert found[0].expected == check(with_second(column, value), tmp_path)[0].expected
    assert str(found[0].value).replace("T", " ").startswith(str(value).partition("+")[0])
    assert (found[0].value == "") is (value == "")


@pytest.mark.parametrize(
    ("column", "text"),
    [("platform", "myspace"), ("n_followers", "-5"), ("night_share", "1.5"), ("created_at", "1989-01-01 00:00:00")],
)
def test_a_cell_of_an_export_breaks_the_same_rule(column: str, text: str) -> None:
    known = next(one for one in SPEC.columns if one.name == column)
    reading = read_column(known, pl.Series(column, [None, text], dtype=pl.String))
    assert reading.values.to_list() == [None, None]
    assert reading.bad is not None
    assert reading.bad.to_list() == [False, True]


@pytest.mark.parametrize("door", ["check", "parquet", "folder", "json", "arrow body", "parquet body"])
@pytest.mark.parametrize(
    ("column", "value"), [("is_private", 1), ("bio", 7), ("n_followers", 1.5), ("created_at", "x")]
)
def test_a_value_of_another_kind_names_its_column(column: str, value: object, door: str, tmp_path: Path) -> None:
    frame = SOUND.with_columns(pl.Series(column, [None, value, None]))
    found = DOORS[door](frame, tmp_path)
    assert {one.column for one in found} == {column}
    assert all(one.value for one in found)


@pytest.mark.parametrize("door", ["sqlite", "frame"])
@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("n_followers", 1.5, "a whole number"),
        ("night_share", "many", "a number"),
        ("created_at", "soon", "a time"),
    ],
)
def test_a_value_that_cannot_be_taken_is_named_by_row(
    column: str, value: object, expected: str, door: str, tmp_path: Path
) -> None:
    frame = SOUND.with_columns(pl.Series(column, [None, value, None]))
    found = DOORS[door](frame, tmp_path)
    assert [(one.row, one.column, one.value) for one in found] == [(2, column, str(value))]
    assert found[0].expected.startswith(expected)


def test_a_time_that_no_calendar_holds_is_named_too(tmp_path: Path) -> None:
    far = pl.Series("created_at", [None, 2**63 - 1, None]).cast(pl.Datetime("us", "UTC"))
    for door in (check, from_parquet, from_folder, from_frame):
        assert [(one.row, one.column) for one in door(SOUND.with_columns(far), tmp_path)] == [(2, "created_at")]
