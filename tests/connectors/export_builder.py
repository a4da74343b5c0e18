"""Small exports written by the tests, in the tools' own dialects."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from zhenfen.connectors.importing import import_export
from zhenfen.tables import Tables

Row = Mapping[str, Any]
DAY = "2025-09-05"
NOTE_TIME, COMMENT_TIME, SEEN_TIME = 1753414835000, 1753418536000, 1757055250823  # July to September 2025


def read(path: Path, **options: Any) -> Tables:
    """An import that keeps raw ids, so that tests can name them."""
    return import_export(path, obtained_how="test", **{"keep_ids": True, **options})


def rows(tables: Tables, name: str, *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of a table, row by row in the table's order."""
    return tables[name].select(columns).rows()


def unusable(tables: Tables) -> set[tuple[Any, ...]]:
    """What was left out or merged: table, row, column, value, what was expected, and what became of it."""
    lost = tables["unusable"].filter(pl.col("action") != "column_ignored")
    return set(lost.select("table", "row", "column", "value", "expected", "action").rows())


def ignored(tables: Tables) -> dict[str, str | None]:
    """The columns that were not used, each with the heading that was perhaps meant."""
    rows = tables["unusable"].filter(pl.col("action") == "column_ignored")
    return dict(rows.select("column", "value").iter_rows())


def note(note_id: str = "n1", **changes: Any) -> dict[str, Any]:
    """A post of Xiaohongshu as the older generation of MediaCrawler writes it."""
    return {
        "note_id": note_id,
        "type": "normal",
        "title": "标题",
        "desc": "正文 #话题[话题]#",
        "video_url": "",
        "time": NOTE_TIME,
        "last_update_time": NOTE_TIME + 1000,
        "user_id": "u1",
        "nickname": "小王",
        "avatar": "",
        "liked_count": "1.2万",
        "collected_count": "10+",
        "comment_count": "12,345",
        "share_count": "0",
        "ip_location": "上海",
        "image_list": "",
        "tag_list": "话题",
        "last_modify_ts": SEEN_TIME,
        "note_url": f"https://www.xiaohongshu.com/explore/{note_id}",
        "source_keyword": "词",
        "xsec_token": "",
    } | changes


def comment(comment_id: str = "c1", **changes: Any) -> dict[str, Any]:
    """A comment of Xiaohongshu as the older generation of MediaCrawler writes it."""
    return {
        "comment_id": comment_id,
        "create_time": COMMENT_TIME,
        "ip_location": None,
        "note_id": "n1",
        "content": "怎么参加",
        "user_id": "f1",
        "nickname": "小红薯645C7386",
        "avatar": "",
        "sub_comment_count": "0",
        "pictures": "",
        "parent_comment_id": 0,
        "last_modify_ts": SEEN_TIME,
        "like_count": "3",
    } | changes


def write_json(path: Path, value: Any) -> Path:
    """A JSON document, made as MediaCrawler makes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=4), encoding="utf-8")
    return path


def write_lines(path: Path, values: Iterable[Row]) -> Path:
    """JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values), encoding="utf-8")
    return path


def write_csv(path: Path, values: Sequence[Row], encoding: str = "utf-8-sig") -> Path:
    """A CSV file with the columns of the first row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as sink:
        writer = csv.DictWriter(sink, list(values[0]), restval="")
        writer.writeheader()
        writer.writerows(values)
    return path


def write_workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]], date: str = "yyyy-mm-dd") -> Path:
    """An XLSX file; every sheet begins with its headings, and shows times as `date`."""
    import xlsxwriter

    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(
        path, {"strings_to_formulas": False, "strings_to_urls": False, "default_date_format": date}
    ) as book:
        for name, cells in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(cells):
                sheet.write_row(number, 0, row)
    return path


def as_cells(values: Sequence[Row]) -> list[list[Any]]:
    """Rows as a sheet: the headings first."""
    return [list(values[0]), *([row.get(name) for name in values[0]] for row in values)]


def write_database(path: Path, tables: Mapping[str, Sequence[Row]]) -> Path:
    """A SQLite file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path) as database:
        for name, values in tables.items():
            columns = ", ".join(f'"{column}"' for column in values[0])
            marks = ", ".join("?" for _ in values[0])
            table = '"' + name.replace('"', '""') + '"'
            database.execute(f"create table {table} ({columns})")
            database.executemany(f"insert into {table} values ({marks})", [tuple(row.values()) for row in values])
    database.close()
    return path


def write_notes(folder: Path, notes: Sequence[Row], comments: Sequence[Row] = (), prefix: str = "search") -> Path:
    """A MediaCrawler export of Xiaohongshu as JSON."""
    write_json(folder / "xhs" / "json" / f"{prefix}_contents_{DAY}.json", list(notes))
    if comments:
        write_json(folder / "xhs" / "json" / f"{prefix}_comments_{DAY}.json", list(comments))
    return folder


def facts(tables: Tables) -> dict[str, pl.DataFrame]:
    """The tables of facts: without where they came from and what was merged on the way."""
    return {name: frame for name, frame in tables.frames.items() if name not in ("provenance", "unusable")}
