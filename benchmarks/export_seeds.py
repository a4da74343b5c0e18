"""Small invented exports, one of every kind that is read: what `export_mutations` damages.

Each is some rows long, and is imported whole, without an option, before anything is done to it.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

Row = Mapping[str, Any]

_N = 12
_MS = 1_757_055_250_823  # September 2025
_NOTES: list[Row] = [
    {
        "note_id": f"n{number}",
        "type": "normal",
        "title": "标题",
        "desc": "正文，换行\n第二行 #话题[话题]#",
        "time": _MS - 86_400_000 * number,
        "user_id": f"u{number % 3}",
        "nickname": f"小王{number % 3}",
        "liked_count": "1.2万",
        "collected_count": "10+",
        "comment_count": "12,345",
        "share_count": "0",
        "ip_location": "上海",
        "last_modify_ts": _MS,
        "note_url": f"https://www.xiaohongshu.com/explore/n{number}",
        "source_keyword": "词",
    }
    for number in range(_N)
]
_COMMENTS: list[Row] = [
    {
        "comment_id": f"c{number}",
        "create_time": _MS - 3_600_000 * number,
        "ip_location": None,
        "note_id": f"n{number % _N}",
        "content": "怎么参加，“想要”",
        "user_id": f"f{number}",
        "nickname": "小红薯645C7386",
        "sub_comment_count": "0",
        "parent_comment_id": 0,
        "last_modify_ts": _MS,
        "like_count": "3",
    }
    for number in range(2 * _N)
]
_STATUSES: list[Row] = [
    {
        "created_at": "Tue Jan 02 10:21:42 +0800 2024",
        "idstr": str(5000 + number),
        "mblogid": "N5T",
        "user": {"id": 1162171739, "idstr": "1162171739", "screen_name": "小王", "verified": True},
        "text_raw": "收听&nbsp;#话题# &gt; 3",
        "reposts_count": 1,
        "comments_count": number,
        "attitudes_count": "1.2万",
        "isLongText": False,
        "pic_num": 0,
        "region_name": "发布于 湖南",
    }
    for number in range(_N)
]
_WEIBO: list[Row] = [
    {
        "id": f"{5000 + number}\t",
        "bid": "Abc",
        "正文": "你好，#话题#",
        "头条文章url": "",
        "原始图片url": "http://x/1.jpg",
        "视频url": "",
        "日期": "2024-01-02",
        "工具": "iPhone",
        "点赞数": "1.2万",
        "评论数": "3",
        "转发数": "100",
        "完整日期": f"2024-01-{number + 1:02} 10:21:42",
    }
    for number in range(_N)
]
_SHORTLIST: list[Row] = [
    {
        "达人昵称": f"小王{number}",
        "平台": "小红书",
        "粉丝数": "3.4万",
        "近30天平均点赞": 120 + number,
        "地域": "上海",
        "图文报价": "¥5,000",
        "数据日期": "2024-01-02",
        "备用列": "x",
    }
    for number in range(_N)
]
_PEOPLES_POSTS: list[Row] = [
    {
        "达人昵称": f"小王{number % 3}",
        "平台": "小红书",
        "笔记ID": f"n{number}",
        "发布时间": f"2024-01-{number + 1:02}",
        "标题": "标题",
        "正文": "正文，“引号”",
        "点赞数": "5",
        "评论数": "6",
    }
    for number in range(_N)
]
_PEOPLES_COMMENTS: list[Row] = [
    {"笔记ID": f"n{number % _N}", "评论内容": "好看", "评论时间": "2024-01-02", "评论用户": f"路人{number}"}
    for number in range(2 * _N)
]


def _json(values: Any) -> bytes:
    return json.dumps(values, ensure_ascii=False, indent=1).encode()


def _lines(values: Sequence[Row]) -> bytes:
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values).encode()


def _csv(values: Sequence[Row], separator: str = ",") -> bytes:
    sink = io.StringIO(newline="")
    writer = csv.DictWriter(sink, list(values[0]), delimiter=separator)
    writer.writeheader()
    writer.writerows(values)
    return sink.getvalue().encode("utf-8-sig")


def _workbook(path: Path, sheets: Mapping[str, Sequence[Row]]) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"strings_to_urls": False}) as book:
        # The same bytes whenever it is made.
        book.set_properties({"created": datetime(2025, 9, 5, tzinfo=UTC)})
        for name, values in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, list(values[0]))
            for number, row in enumerate(values, 1):
                sheet.write_row(number, 0, list(row.values()))


def _database(path: Path, tables: Mapping[str, Sequence[Row]]) -> None:
    database = sqlite3.connect(path)
    for name, values in tables.items():
        columns = ", ".join(f'"{column}"' for column in values[0])
        database.execute(f"create table {name} ({columns})")
        marks = ", ".join("?" for _ in values[0])
        database.executemany(f"insert into {name} values ({marks})", [tuple(row.values()) for row in values])
    database.commit()
    database.close()


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


_SEARCH = {"contents": _NOTES, "comments": _COMMENTS}


def _crawled(suffix: str, encode: Callable[[Sequence[Row]], bytes]) -> dict[str, bytes]:
    return {f"xhs/{suffix}/search_{kind}_2025-09-05.{suffix}": encode(rows) for kind, rows in _SEARCH.items()}


def _zip(folder: Path) -> None:
    with zipfile.ZipFile(folder / "export.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _crawled("json", _json).items():
            archive.writestr(zipfile.ZipInfo(name, (2025, 9, 5, 0, 0, 0)), content)


def _tar() -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for member, content in _crawled("jsonl", _lines).items():
            about = tarfile.TarInfo(member)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return sink.getvalue()


def _tables(folder: Path) -> None:
    days = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 1, 12), "1d", time_unit="us", time_zone="UTC")
    moments = pl.select(days).to_series()
    pl.DataFrame({"creator_id": ["a"], "platform": ["weibo"], "display_name": ["小王"]}).write_parquet(
        folder / "creators.parquet"
    )
    counts = pl.DataFrame({"creator_id": "a", "observed_at": moments, "n_followers": range(100, 112)})
    counts.write_parquet(folder / "follower_counts.parquet")


def _tables_in_duckdb(folder: Path) -> None:
    import duckdb

    with duckdb.connect(str(folder / "tables.duckdb")) as database:
        database.execute("create table creators as select 'a' creator_id, 'weibo' platform, '小王' display_name")
        database.execute(
            "create table follower_counts as select 'a' creator_id, timestamptz '2024-01-01' + interval (i) day "
            "observed_at, 100 + i n_followers from range(12) t(i)"
        )


SEEDS: dict[str, Callable[[Path], None]] = {
    "crawler-json": lambda folder: _write(folder, _crawled("json", _json)),
    "crawler-jsonl": lambda folder: _write(folder, _crawled("jsonl", _lines)),
    "crawler-csv": lambda folder: _write(folder, _crawled("csv", _csv)),
    "crawler-xlsx": lambda folder: _workbook(
        folder / "xhs_search_20250905_101010.xlsx", {"Contents": _NOTES, "Comments": _COMMENTS}
    ),
    "crawler-sqlite": lambda folder: _database(
        folder / "sqlite_tables.db", {"xhs_note": _NOTES, "xhs_note_comment": _COMMENTS}
    ),
    "weibo-csv": lambda folder: _write(folder, {"weibo/小王/1669879400.csv": _csv(_WEIBO)}),
    "timeline-jsonl": lambda folder: _write(folder, {"1162171739.jsonl": _lines(_STATUSES)}),
    "series-json": lambda folder: _write(
        folder, {"349991143.json": _json([{"time": _MS - day * 86_400_000, "follower": 100} for day in range(_N)])}
    ),
    "sheet-csv": lambda folder: _write(folder, {"作品.csv": _csv(_PEOPLES_POSTS), "评论.csv": _csv(_PEOPLES_COMMENTS)}),
    "sheet-tabs": lambda folder: _write(folder, {"达人.csv": _csv(_SHORTLIST, "\t")}),
    "sheet-xlsx": lambda folder: _workbook(
        folder / "达人.xlsx", {"达人": _SHORTLIST, "作品": _PEOPLES_POSTS, "评论": _PEOPLES_COMMENTS}
    ),
    "sheet-parquet": lambda folder: pl.DataFrame(_SHORTLIST).write_parquet(folder / "达人.parquet"),
    "tables-parquet": _tables,
    "tables-duckdb": _tables_in_duckdb,
    "zip": _zip,
    "tar": lambda folder: _write(folder, {"export.tar": _tar()}),
    "tar-gz": lambda folder: _write(folder, {"export.tar.gz": gzip.compress(_tar(), mtime=0)}),
}
"""Name → what writes the export into an empty folder."""


def hand_in(folder: Path) -> Path:
    """What a user would name of an export: the archive where it is one, else the folder."""
    archives = [path for path in folder.iterdir() if path.name.endswith((".zip", ".tar", ".tar.gz"))]
    return archives[0] if len(archives) == 1 and len(list(folder.iterdir())) == 1 else folder
