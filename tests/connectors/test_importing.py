from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from export_builder import (
    DAY,
    SEEN_TIME,
    comment,
    facts,
    note,
    read,
    rows,
    write_csv,
    write_json,
    write_lines,
    write_notes,
)
from polars.testing import assert_frame_equal

from zhenfen.connectors.importing import import_export
from zhenfen.connectors.privacy import hash_id, load_key
from zhenfen.connectors.reading.reasons import REASONS
from zhenfen.errors import ConfigError, InputError, UnreadableFileError
from zhenfen.messages import LANGUAGES, load_entries
from zhenfen.tables import Tables, check_tables

NOTES = [
    note(f"n{number}", user_id=f"u{number % 3}", nickname=f"名{number % 3}", liked_count=str(number))
    for number in range(8)
]
COMMENTS = [comment(f"c{number}", note_id=f"n{number % 8}", user_id=f"f{number % 5}") for number in range(30)]


def assert_same(found: Tables, expected: Tables) -> None:
    assert facts(found).keys() == facts(expected).keys()
    for name, frame in facts(expected).items():
        assert_frame_equal(facts(found)[name], frame)


def shuffled(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return random.Random(7).sample(values, len(values))


def in_two_files(folder: Path) -> None:
    write_json(folder / "xhs" / f"search_contents_{DAY}.json", NOTES[:3])
    write_json(folder / "xhs" / "search_contents_2025-09-06.json", NOTES[3:])
    write_json(folder / "xhs" / f"search_comments_{DAY}.json", COMMENTS[:11])
    write_json(folder / "xhs" / "search_comments_2025-09-06.json", COMMENTS[11:])


def twice(folder: Path) -> None:
    write_notes(folder, NOTES, COMMENTS)
    shutil.copytree(folder / "xhs", folder / "copy" / "xhs")


def in_other_spelling(folder: Path) -> None:
    def respelled(value: dict[str, Any], name: str) -> dict[str, Any]:
        seconds = value[name] / 1000
        return value | {name: datetime.fromtimestamp(seconds, UTC).strftime("%a %b %d %H:%M:%S +0000 %Y")}

    write_notes(folder, [respelled(row, "time") for row in NOTES], [respelled(row, "create_time") for row in COMMENTS])


@pytest.mark.parametrize(
    "write",
    [
        lambda folder: write_notes(folder, shuffled(NOTES), shuffled(COMMENTS)),
        in_two_files,
        twice,
        in_other_spelling,
    ],
    ids=["shuffled", "in two files", "twice", "other spelling of times"],
)
def test_what_changes_nothing_in_the_tables(tmp_path: Path, write: Callable[[Path], None]) -> None:
    write_notes(tmp_path / "a", NOTES, COMMENTS)
    write(tmp_path / "b")
    assert_same(read(tmp_path / "b"), read(tmp_path / "a"))


def test_the_same_bytes_give_the_same_tables(tmp_path: Path) -> None:
    write_notes(tmp_path / "a", NOTES, COMMENTS)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    first, second = (import_export(tmp_path / name, obtained_how="test") for name in "ab")
    for name, frame in first.frames.items():
        assert_frame_equal(second[name], frame)
    check_tables(first.frames)


def test_an_archive_and_its_folder_agree(tmp_path: Path) -> None:
    write_notes(tmp_path / "a", NOTES, COMMENTS)
    shutil.make_archive(str(tmp_path / "b"), "zip", tmp_path / "a")
    found, expected = read(tmp_path / "b.zip"), read(tmp_path / "a")
    assert_same(found, expected)
    assert_frame_equal(found["provenance"], expected["provenance"])


def test_persons_become_pseudonyms_and_the_key_finds_them_again(tmp_path: Path) -> None:
    write_notes(tmp_path, [note()], [comment()])
    tables = import_export(tmp_path, obtained_how="test")
    key = load_key()
    assert rows(tables, "creators", "creator_id") == [(hash_id("u1", key),)]
    assert rows(tables, "comments", "comment_id", "post_id", "creator_id", "author_id") == [
        ("c1", "n1", hash_id("u1", key), hash_id("f1", key))
    ]
    assert rows(import_export(tmp_path, obtained_how="test", keep_ids=True), "creators", "creator_id") == [("u1",)]


def test_contacts_are_masked_unless_they_are_to_stay(tmp_path: Path) -> None:
    text = "电话13800138000"
    write_notes(tmp_path, [note(desc=text, title="")], [comment(content=text, nickname=text)])
    masked, kept = (import_export(tmp_path, obtained_how="test", keep_contacts=keep) for keep in (False, True))
    assert rows(masked, "posts", "text") == [("电话[contact:phone]",)]
    assert rows(masked, "comments", "text", "author_name") == [("电话[contact:phone]",) * 2]
    assert rows(kept, "comments", "text", "author_name") == [(text, text)]


def test_html_in_a_name_is_text(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>"
    assert rows(read(write_notes(tmp_path, [note(nickname=name)])), "creators", "display_name") == [(name,)]


def test_provenance_names_every_file_with_its_digest(tmp_path: Path) -> None:
    write_notes(tmp_path, [note()], [comment()])
    found = import_export(tmp_path, obtained_how="sent by the agency")["provenance"].to_dicts()
    assert [row["file"] for row in found] == [
        f"xhs/json/search_comments_{DAY}.json",
        f"xhs/json/search_contents_{DAY}.json",
    ]
    for row in found:
        assert row["sha256"] == hashlib.sha256((tmp_path / row["file"]).read_bytes()).hexdigest()
        assert (row["source"], row["obtained_how"]) == ("mediacrawler", "sent by the agency")
        assert row["obtained_at"] == datetime.fromtimestamp(SEEN_TIME / 1000, UTC)


def test_the_user_knows_better_when_it_was_obtained(tmp_path: Path) -> None:
    write_notes(tmp_path, [note()])
    day = datetime(2025, 10, 1, tzinfo=UTC)
    assert rows(read(tmp_path, obtained_at=day), "provenance", "obtained_at") == [(day,)]


def test_data_that_do_not_say_when_are_as_old_as_their_files(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", [{"昵称": "小王", "平台": "抖音", "粉丝数": "1"}])
    (file,) = (one for one in tmp_path.rglob("*") if one.is_file())
    saved_at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    os.utime(file, (saved_at.timestamp(), saved_at.timestamp()))
    assert rows(read(tmp_path), "provenance", "obtained_at") == [(saved_at,)]


def test_files_of_another_format_are_listed(tmp_path: Path) -> None:
    write_notes(tmp_path, [note()])
    write_csv(tmp_path / "other.csv", [{"温度": "1"}])
    (tmp_path / "picture.jpg").write_bytes(b"jpg")
    found = read(tmp_path)["unusable"].select("file", "row", "expected", "action").rows()
    assert found == [("other.csv", 0, "unusable.file", "row_left_out")]


def test_every_file_is_told_to_the_progress(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    write_notes(tmp_path, [note()], [comment()])
    import_export(tmp_path, obtained_how="test", on_progress=lambda *what: told.append(what))
    assert [what for what in told if what[2] == 2] == [
        (f"xhs/json/search_comments_{DAY}.json", 0, 2),
        (f"xhs/json/search_contents_{DAY}.json", 1, 2),
    ]


@pytest.mark.parametrize("options", [{"frame": "everyone"}, {"platform": "myspace"}])
def test_options_that_are_none(tmp_path: Path, options: dict[str, str]) -> None:
    write_notes(tmp_path, [note()])
    with pytest.raises(ConfigError, match="expected one of"):
        read(tmp_path, **options)


def test_no_posts_and_one_post(tmp_path: Path) -> None:
    write_notes(tmp_path / "none", [])
    assert all(frame.is_empty() for frame in facts(read(tmp_path / "none")).values())
    write_notes(tmp_path / "one", [note()])
    assert read(tmp_path / "one")["posts"].height == 1


def test_a_torn_file_is_an_error_and_among_good_ones_it_is_listed(tmp_path: Path) -> None:
    write_notes(tmp_path, NOTES, COMMENTS)
    path = tmp_path / "xhs" / "json" / f"search_comments_{DAY}.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: len(text) // 2], encoding="utf-8")
    tables = read(tmp_path)
    assert tables["posts"].height > 0
    assert not tables.has("comments")
    listed = tables["unusable"].filter(pl.col("expected") == "unusable.unreadable")
    assert listed["file"].to_list() == [f"xhs/json/search_comments_{DAY}.json"]
    with pytest.raises(UnreadableFileError) as caught:
        read(path)
    (problem,) = caught.value.problems
    assert problem.file == f"search_comments_{DAY}.json"
    assert problem.row == text[: len(text) // 2].count("\n") + 1
    assert "column" in str(problem.value)


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_a_wrong_encoding_names_the_file_and_what_was_expected(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "xhs" / f"search_contents_{DAY}.{suffix}"
    if suffix == "csv":
        write_csv(path, [note()], "utf-16")
    else:
        write_lines(path, [note(), note("n2")])
        path.write_bytes(path.read_bytes() + b"\xff\xfe\n")
    with pytest.raises(InputError, match=f"search_contents_{DAY}.{suffix}"):
        read(tmp_path)


def test_a_zip_that_leads_outside_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(f"../search_contents_{DAY}.json", json.dumps([note()]))
    with pytest.raises(UnreadableFileError, match="paths inside the archive"):
        read(tmp_path / "a.zip")


def test_every_reason_is_in_the_catalogues() -> None:
    entries = {key: texts for key, texts in load_entries().items() if key.startswith("unusable.")}
    source = Path(__file__).parents[2] / "src" / "zhenfen" / "connectors"
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(source.rglob("*.py")))
    assert {key: texts["en"] for key, texts in entries.items()} == REASONS
    for key, texts in entries.items():
        assert text.count(f'"{key}"') > 1  # beside the list of reasons, somebody gives it
        assert set(texts) == set(LANGUAGES)
