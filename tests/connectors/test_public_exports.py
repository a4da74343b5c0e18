"""The two real exports, against counts taken with the standard library alone."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from export_builder import read

pytestmark = pytest.mark.data


def load(path: Path) -> list[dict[str, Any]]:
    text = path.read_text(encoding="utf-8")
    return json.loads(text) if path.suffix == ".json" else [json.loads(line) for line in text.splitlines()]


def latest(rows: list[dict[str, Any]], key: str) -> dict[str, dict[str, Any]]:
    kept: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: row["last_modify_ts"]):
        kept[row[key]] = row
    return kept


def number(text: str) -> int:
    return round(float(text[:-1]) * 10_000) if text.endswith("万") else int(text.rstrip("+"))


def test_a_search_on_xiaohongshu(data_dir: Path) -> None:
    folder = data_dir / "exports" / "mediacrawler_xhs"
    notes, comments = (load(folder / f"search_{kind}_2025-09-05.json") for kind in ("contents", "comments"))
    kept_notes, kept_comments = latest(notes, "note_id"), latest(comments, "comment_id")
    tables = read(folder)
    assert (len(notes), len(kept_notes), tables["posts"].height) == (245, 236, 236)
    assert (len(comments), len(kept_comments), tables["comments"].height) == (1129, 1071, 1071)
    assert tables["creators"].height == len({note["user_id"] for note in notes}) == 200
    actions = Counter(tables["unusable"].select("table", "action").iter_rows())
    assert actions == {("comments", "duplicate_merged"): 58}
    moments = Counter(note["note_id"] for note in notes)
    assert tables["post_counts"].height == sum(n for n in moments.values() if n > 1)
    likes = dict(tables["posts"].select("post_id", "n_likes").iter_rows())
    assert likes == {key: number(note["liked_count"]) for key, note in kept_notes.items()}
    owners = dict(tables["comments"].select("comment_id", "creator_id").iter_rows())
    assert owners == {key: kept_notes[row["note_id"]]["user_id"] for key, row in kept_comments.items()}
    assert tables["creators"]["n_followers"].null_count() == 200
    assert tables["posts"]["published_at"].null_count() == tables["comments"]["created_at"].null_count() == 0


def test_a_topic_of_weibo(data_dir: Path) -> None:
    folder = data_dir / "exports" / "weibo_search"
    with (folder / "topic.csv").open(encoding="utf-8-sig") as file:
        lines = list(csv.DictReader(file))
    kept = {line["id"]: line for line in reversed(lines)}
    tables = read(folder)
    assert (len(lines), len(kept), tables["posts"].height) == (400, 312, 312)
    names = {line["user_id"]: line["用户昵称"] for line in lines}
    assert len(names) == 290
    assert dict(tables["creators"].select("creator_id", "display_name").iter_rows()) == names
    assert tables["creators"]["platform"].unique().to_list() == ["weibo"]
    owners = dict(tables["posts"].select("post_id", "creator_id").iter_rows())
    assert owners == {key: line["user_id"] for key, line in kept.items()}
    assert tables["posts"]["is_repost"].sum() == sum(bool(line["retweet_id"]) for line in kept.values())
    assert tables["posts"]["published_at"].null_count() == 0


def test_two_timelines_of_weibo(data_dir: Path) -> None:
    folder = data_dir / "exports" / "weibo_statuses"
    own: dict[str, list[dict[str, Any]]] = defaultdict(list)
    n_others = 0
    for path in sorted(folder.glob("*.jsonl")):
        for status in load(path):
            if status["user"]["idstr"] == path.stem:
                own[path.stem].append(status)
            else:
                n_others += 1
    tables = read(folder)
    assert {name: len(rows) for name, rows in own.items()} == {"1162171739": 155, "6142337445": 431}
    assert dict(tables["posts"].group_by("creator_id").len().iter_rows()) == {"1162171739": 155, "6142337445": 431}
    assert tables["unusable"]["expected"].to_list() == ["unusable.other_author"] * n_others
    assert n_others == 34
    posts = tables["posts"]
    n_reposts = sum(bool(status.get("retweeted_status")) for rows in own.values() for status in rows)
    assert posts["is_repost"].sum() == n_reposts == 57
    for column, field in (
        ("n_likes", "attitudes_count"),
        ("n_comments", "comments_count"),
        ("n_shares", "reposts_count"),
    ):
        assert posts[column].sum() == sum(status[field] for rows in own.values() for status in rows)
    assert posts["published_at"].null_count() == 0
    assert not posts["text"].str.contains(r"\u{200b}$|&nbsp;|&gt;|//@").any()
    assert tables["creators"].select("platform", "region").rows() == [("weibo", "河南"), ("weibo", "湖南")]


def test_a_half_of_a_timeline_gives_half_of_the_posts(data_dir: Path, tmp_path: Path) -> None:
    lines = (data_dir / "exports" / "weibo_statuses" / "6142337445.jsonl").read_text(encoding="utf-8").splitlines()
    for part, chosen in enumerate((lines[:200], lines[200:])):
        (tmp_path / f"6142337445_{part}.jsonl").write_text("\n".join(chosen), encoding="utf-8")
    assert read(tmp_path)["posts"].height == 431
