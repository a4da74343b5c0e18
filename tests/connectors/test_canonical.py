from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from export_builder import comment, note, write_notes
from polars.testing import assert_frame_equal

from zhenfen.connectors.importing import import_export
from zhenfen.errors import InvalidTableError
from zhenfen.tables import Tables, write_tables


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    notes = [note(), note(), note("n2", liked_count="abc")]
    return import_export(write_notes(tmp_path / "raw", notes, [comment()]), obtained_how="by hand")


def assert_same(found: Tables, expected: Tables) -> None:
    names = {name for name in (*found.frames, *expected.frames) if found.has(name) or expected.has(name)}
    for name in names:
        assert_frame_equal(found[name], expected[name])


def test_our_own_tables_come_back_as_they_are(tmp_path: Path, tables: Tables) -> None:
    write_tables(tables, tmp_path / "out")
    assert tables["unusable"].height == 2
    assert_same(import_export(tmp_path / "out", obtained_how="again"), tables)


def test_readings_of_posts_come_back_as_they_are(tmp_path: Path) -> None:
    moments = [datetime(2026, 5, day, tzinfo=UTC) for day in (1, 2)]
    counts = pl.DataFrame({"post_id": "p", "creator_id": "c", "observed_at": moments, "n_likes": [5, 9]})
    posts = pl.DataFrame({"post_id": ["p"], "creator_id": ["c"]})
    written = Tables({"posts": posts, "post_counts": counts})
    write_tables(written, tmp_path / "tables")
    found = import_export(tmp_path / "tables", obtained_how="again")
    assert_frame_equal(found["post_counts"], written["post_counts"])


def test_tables_inside_a_folder_and_in_parts(tmp_path: Path, tables: Tables) -> None:
    write_tables(tables, tmp_path / "export" / "tables")
    folder = tmp_path / "export" / "tables"
    parts = folder / "posts"
    parts.mkdir()
    for number in range(2):
        tables["posts"].slice(number, 1).write_parquet(parts / f"part-{number}.parquet")
    (folder / "posts.parquet").unlink()
    assert_same(import_export(tmp_path / "export", obtained_how="again"), tables)


def test_of_two_folders_of_tables_the_second_is_listed(tmp_path: Path, tables: Tables) -> None:
    for name in ("one", "two"):
        write_tables(tables, tmp_path / "export" / name)
    listed = import_export(tmp_path / "export", obtained_how="again")["unusable"]
    unread = listed.filter(expected="unusable.file")["file"].to_list()
    assert unread == [f"two/{path.name}" for path in sorted((tmp_path / "export" / "two").iterdir())]


def test_a_single_table_and_its_provenance(tmp_path: Path, tables: Tables) -> None:
    write_tables(tables, tmp_path / "out")
    found = import_export(tmp_path / "out" / "posts.parquet", obtained_how="again")
    assert_frame_equal(found["posts"], tables["posts"])
    assert not found.has("comments")
    assert found["provenance"].select("source", "obtained_how", "file").rows() == [
        ("canonical", "again", "posts.parquet")
    ]


def test_a_sqlite_file(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "a.db") as database:
        database.execute("create table creators (creator_id text, platform text, snapshot_at text, n_followers int)")
        database.execute("insert into creators values ('u1', 'weibo', '2024-01-02T00:00:00+00:00', 5)")
    database.close()
    found = import_export(tmp_path / "a.db", obtained_how="test")
    assert found["creators"].select("creator_id", "snapshot_at", "n_followers").rows() == [
        ("u1", datetime(2024, 1, 2, tzinfo=UTC), 5)
    ]


def test_a_breach_of_the_contract_is_an_error(tmp_path: Path) -> None:
    frame = pl.DataFrame({"creator_id": ["u1", "u1"], "platform": ["weibo", "myspace"], "n_followers": [-1, 5]})
    frame.write_parquet(tmp_path / "creators.parquet")
    for path in (tmp_path, tmp_path / "creators.parquet"):
        with pytest.raises(InvalidTableError) as caught:
            import_export(path, obtained_how="test")
        assert {problem.column for problem in caught.value.problems} == {"creator_id", "platform", "n_followers"}
