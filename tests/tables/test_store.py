"""Tables on disk: Parquet folders, SQLite and DuckDB, all or nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from zhenfen.connectors.importing import import_export
from zhenfen.errors import ConfigError, InputError, InvalidTableError, MissingTableError, UnreadableFileError
from zhenfen.files import replace_folder
from zhenfen.tables import Tables, is_table_file, read_tables, write_tables

TABLES = Tables(
    {
        "creators": pl.DataFrame(
            {"creator_id": ["a", "b"], "platform": ["weibo", "douyin"], "is_verified": [True, None]}
        ),
        "posts": pl.DataFrame(
            {"post_id": ["1"], "creator_id": ["a"], "published_at": [datetime(2026, 1, 1, tzinfo=UTC)], "n_likes": [5]}
        ),
    }
)


def same(one: Tables, other: Tables) -> bool:
    return all(one[name].equals(other[name]) for name in TABLES.frames)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_tables(TABLES, tmp_path / "t")
    assert same(read_tables(tmp_path / "t"), TABLES)
    assert sorted(path.name for path in (tmp_path / "t").iterdir()) == ["creators.parquet", "posts.parquet"]


def test_writing_again_replaces_the_tables(tmp_path: Path) -> None:
    write_tables(TABLES, tmp_path / "t")
    write_tables(Tables({"creators": TABLES["creators"].head(1)}), tmp_path / "t")
    assert [path.name for path in (tmp_path / "t").iterdir()] == ["creators.parquet"]


def test_fewer_rows_stand_in_the_order_of_all() -> None:
    all_of_them = Tables(
        {**TABLES.frames, "events": pl.DataFrame({"creator_id": ["b", "c", "a"], "note": ["2", "3", "1"]})}
    )
    fewer = all_of_them.filter({"events": pl.col("note") != "2", "comments": pl.col("text") == ""})
    assert fewer["events"]["creator_id"].to_list() == ["a", "c"]
    assert same(fewer, TABLES)
    assert list(fewer.frames) == list(all_of_them.frames)


def test_a_partitioned_table_is_read_whole(tmp_path: Path) -> None:
    for bucket, frame in enumerate(TABLES["creators"].iter_slices(1)):
        folder = tmp_path / "creators" / f"creator_bucket={bucket:02d}"
        folder.mkdir(parents=True)
        frame.write_parquet(folder / "part.parquet")
    assert read_tables(tmp_path)["creators"].equals(TABLES["creators"])


def test_extra_columns_are_kept_out_and_missing_ones_are_null(tmp_path: Path) -> None:
    frame = pl.DataFrame({"creator_id": ["a"], "platform": ["weibo"], "shoe_size": [42]})
    frame.write_parquet(tmp_path / "creators.parquet")
    creators = read_tables(tmp_path)["creators"]
    assert "shoe_size" not in creators.columns
    assert creators["n_followers"].to_list() == [None]


def test_sqlite_gives_the_same_tables(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "t.sqlite")) as database:
        database.execute("create table creators (creator_id text, platform text, is_verified integer)")
        database.executemany("insert into creators values (?, ?, ?)", [("a", "weibo", 1), ("b", "douyin", None)])
        database.execute("create table posts (post_id text, creator_id text, published_at text, n_likes integer)")
        database.execute("insert into posts values ('1', 'a', '2026-01-01 00:00:00', 5)")
        database.commit()
    assert same(read_tables(tmp_path / "t.sqlite"), TABLES)


def test_duckdb_gives_the_same_tables(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(str(tmp_path / "t.duckdb")) as database:
        for name, frame in TABLES.frames.items():
            frame.write_parquet(tmp_path / f"{name}.parquet")
            database.execute(f"create table {name} as select * from '{tmp_path / name}.parquet'")
    assert same(read_tables(tmp_path / "t.duckdb"), TABLES)


@pytest.mark.parametrize(
    "query",
    [
        "create view {table} as select content as creator_id from read_text('{secret}')",
        "create view {table} as select * from read_csv('{secret}')",
        "create schema other; create table other.{table} as select 'x' as creator_id",
        "create macro {table}() as table select * from read_text('{secret}')",
    ],
)
def test_a_strangers_duckdb_runs_no_query_and_reaches_no_other_file(tmp_path: Path, query: str) -> None:
    duckdb = pytest.importorskip("duckdb")
    secret = tmp_path / "secret.csv"
    secret.write_text("creator_id\nsecret\n", encoding="utf-8")
    with duckdb.connect(str(tmp_path / "t.duckdb")) as database:
        database.execute(query.format(table="creators", secret=secret))
    with pytest.raises(MissingTableError):
        read_tables(tmp_path / "t.duckdb")


def test_a_view_beside_tables_is_not_read(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(str(tmp_path / "t.duckdb")) as database:
        TABLES["creators"].write_parquet(tmp_path / "creators.parquet")
        database.execute(f"create table creators as select * from '{tmp_path}/creators.parquet'")
        database.execute("create view posts as select 'p' as post_id, content as creator_id from read_text('/etc/*')")
    read = read_tables(tmp_path / "t.duckdb")
    assert read.has("creators")
    assert not read.has("posts")


def test_a_view_of_sqlite_is_not_read(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "t.sqlite")) as database:
        database.execute("create view creators as select 'a' as creator_id")
        database.commit()
    with pytest.raises(MissingTableError):
        read_tables(tmp_path / "t.sqlite")


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda folder: None, MissingTableError),
        (lambda folder: (folder / "creators.parquet").write_bytes(b"PAR1 torn"), UnreadableFileError),
        (
            lambda folder: pl.DataFrame({"creator_id": ["a"]}).write_parquet(folder / "creators.parquet"),
            InvalidTableError,
        ),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, make, error: type[Exception]) -> None:
    make(tmp_path)
    with pytest.raises(error):
        read_tables(tmp_path)


def test_a_damaged_page_is_an_error_of_the_file(tmp_path: Path) -> None:
    # Some of these end the parser's thread: a panic, which is no Exception.
    n_followers = pl.Series([None if number % 3 else number % 5 for number in range(60)], dtype=pl.Int64)
    creators = pl.DataFrame({"creator_id": ["a"] * 60, "platform": ["weibo"] * 60, "n_followers": n_followers})
    creators.write_parquet(tmp_path / "creators.parquet")
    whole = (tmp_path / "creators.parquet").read_bytes()
    n_refused = 0
    for at in range(len(b"PAR1"), 160):
        (tmp_path / "creators.parquet").write_bytes(whole[:at] + bytes(4) + whole[at + 4 :])
        for read in (read_tables, lambda folder: import_export(folder / "creators.parquet", obtained_how="test")):
            try:
                read(tmp_path)
            except InputError:
                n_refused += 1
    assert n_refused > 0


def test_a_text_file_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "t.db").write_text("hello " * 100, encoding="utf-8")
    with pytest.raises(UnreadableFileError, match=r"t\.db"):
        read_tables(tmp_path / "t.db")


def test_a_failed_write_leaves_the_old_folder(tmp_path: Path) -> None:
    write_tables(TABLES, tmp_path / "t")
    with pytest.raises(RuntimeError), replace_folder(tmp_path / "t", is_table_file):
        raise RuntimeError("disk full")
    assert same(read_tables(tmp_path / "t"), TABLES)
    assert [path.name for path in tmp_path.iterdir()] == ["t"]


def test_a_folder_with_somebodys_files_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").touch()
    with pytest.raises(ConfigError, match=r"thesis\.docx"):
        write_tables(TABLES, tmp_path)


@pytest.mark.parametrize("there", [False, True])
def test_a_link_is_followed_to_its_folder(tmp_path: Path, there: bool) -> None:
    if there:
        (tmp_path / "t").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "t")
    write_tables(TABLES, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert same(read_tables(tmp_path / "t"), TABLES)


def test_the_folder_one_stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t").mkdir()
    monkeypatch.chdir(tmp_path / "t")
    write_tables(TABLES, Path())
    assert same(read_tables(tmp_path / "t"), TABLES)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="file/t: cannot be written"):
        write_tables(TABLES, tmp_path / "file" / "t")


def test_a_path_with_signs_of_an_address_is_a_path(tmp_path: Path) -> None:
    path = tmp_path / "a?b#c%20.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("create table creators (creator_id text, platform text)")
        database.execute("insert into creators values ('a', 'weibo')")
        database.commit()
    assert read_tables(path)["creators"]["creator_id"].to_list() == ["a"]
    assert [found.name for found in tmp_path.iterdir()] == [path.name]
