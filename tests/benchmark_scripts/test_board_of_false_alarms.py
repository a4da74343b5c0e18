"""The board of false alarms counts rightly, and its rule holds on the exports that are there."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from benchmarks.board_of_false_alarms import (
    BOARD_SCHEMA,
    NO_FAMILY,
    TOGETHER,
    Calls,
    add_up,
    count_calls,
    find_breaches,
    judge_set,
    make_board,
)
from benchmarks.false_alarms import split
from benchmarks.unsuspected import EXPORT, PANEL, Unsuspected, read_exports
from training.panel import THREADS, Part
from training.split import FIFTHS

from zhenfen.model_store import load_models
from zhenfen.tables import Tables

LEVELS = {"a": "high", "b": "high", "c": "elevated", "d": "low", "e": "not_assessed"}
FINDINGS = [
    ("a", "growth", "elevated"),
    ("a", "audience", "high"),
    ("a", "comments", "low"),
    ("b", "growth", "low"),
    ("c", "growth", "elevated"),
    ("d", "comments", "elevated"),
    ("e", "growth", "not_assessed"),
]


def calls() -> Calls:
    creators = pl.DataFrame(
        {"creator_id": list(LEVELS), "level": list(LEVELS.values()), "reason": [None, None, None, None, "too_few"]}
    )
    findings = pl.DataFrame(FINDINGS, schema=["creator_id", "family", "level"], orient="row")
    return Calls(creators, findings)


def board_row(name: str = "made", **counts: Any) -> pl.DataFrame:
    numbers = {column: 0 for column, dtype in BOARD_SCHEMA.items() if dtype == pl.Int64()}
    rest = {"kind": EXPORT, "set": name, "called_by": [], "not_assessed": [], "refused": ""}
    return pl.DataFrame([{**rest, **numbers, **counts}], schema=BOARD_SCHEMA)


def test_a_set_is_counted_with_who_did_it_and_why_others_are_silent() -> None:
    row = count_calls(EXPORT, "made", calls()).row(0, named=True)
    counts = {name: row[name] for name in row if name.startswith("n_")}
    assert counts == {
        "n_creators": 5,
        "n_assessed": 4,
        "n_elevated": 1,
        "n_high": 2,
        "n_high_in_line": 1,
        "n_out_of_line": 3,
    }
    assert row["called_by"] == [
        {"name": "growth", "n": 2},
        {"name": "audience", "n": 1},
        {"name": NO_FAMILY, "n": 1},
    ]
    assert row["not_assessed"] == [{"name": "too_few", "n": 1}]


@pytest.mark.parametrize(
    ("n_creators", "n_assessed", "n_called", "holds"),
    [
        (200, 200, 10, True),
        (200, 200, 11, False),
        (201, 201, 11, True),
        (200, 27, 3, True),
        (200, 27, 4, False),
        (60, 60, 3, True),
        (60, 60, 4, False),
        (3, 3, 1, True),
        (3, 3, 2, False),
        (5, 0, 0, True),
        (0, 0, 0, True),
    ],
)
def test_five_percent_of_all_and_ten_of_those_assessed_rounded_up(
    n_creators: int, n_assessed: int, n_called: int, holds: bool
) -> None:
    row = board_row(n_creators=n_creators, n_assessed=n_assessed, n_elevated=n_called)
    assert (find_breaches(row) == []) is holds


def test_high_with_every_family_in_line_breaks_the_rule_however_rare() -> None:
    (breach,) = find_breaches(board_row("lone", n_creators=1000, n_assessed=1000, n_high=1, n_high_in_line=1))
    assert "lone" in breach
    assert "without a family out of line" in breach


def test_small_sets_do_not_get_one_call_each() -> None:
    rows = pl.concat([board_row(f"small {one}", n_creators=3, n_assessed=3, n_elevated=1) for one in range(5)])
    assert find_breaches(rows) == []
    (breach,) = find_breaches(add_up(rows))
    assert breach == f"{EXPORT}, {TOGETHER}: 5 called of 15 (15 assessed), let pass: 1"


def test_tallies_add_up_by_name() -> None:
    tallies = [[{"name": "growth", "n": 2}], [{"name": "audience", "n": 3}, {"name": "growth", "n": 2}], []]
    together = add_up(pl.concat([board_row(called_by=tally) for tally in tallies]))
    assert together["called_by"].to_list() == [[{"name": "growth", "n": 4}, {"name": "audience", "n": 3}]]


def test_an_export_that_cannot_be_read_stands_on_the_board_with_its_reason() -> None:
    refused = [Unsuspected(EXPORT, "torn", (), "torn.csv: not a table")]
    board = make_board(refused, load_models())
    assert board.select("set", "refused").rows() == [("torn", "torn.csv: not a table"), (TOGETHER, "")]


def posts_of(ids: list[str]) -> Tables:
    creators = pl.DataFrame({"creator_id": ids, "platform": ["weibo"] * len(ids), "n_followers": [5000] * len(ids)})
    posts = pl.DataFrame(
        {
            "post_id": [f"{one}-{place}" for one in ids for place in range(2)],
            "creator_id": [one for one in ids for _ in range(2)],
            "published_at": ["2024-05-01"] * (2 * len(ids)),
            "n_likes": [10] * (2 * len(ids)),
        }
    ).with_columns(pl.col("published_at").str.to_datetime(time_zone="UTC"))
    return Tables({"creators": creators, "posts": posts})


def test_everybody_is_judged_once_and_by_the_fifth_that_left_them_out() -> None:
    ids = [f"creator{number}" for number in range(12)]
    values = pl.DataFrame({"creator_id": ids, "some_value": [1.0] * 12})
    part = Part(values, values.select("creator_id"), THREADS)
    held = [split(part, fifth)[1].values["creator_id"].to_list() for fifth in range(FIFTHS)]
    assert sorted(chain.from_iterable(held)) == sorted(ids)
    shipped = load_models()
    bare = replace(shipped, panel=replace(shipped.panel, frame=shipped.panel.frame.clear()))
    judged = judge_set(Unsuspected(PANEL, "made", (posts_of(ids[:6]), posts_of(ids[6:]))), shipped, [bare] * FIFTHS)
    assert sorted(judged.creators["creator_id"]) == sorted(ids)


def test_pieces_of_one_channel_are_held_out_together() -> None:
    ids = [f"channel{number}@{piece}" for number in range(20) for piece in range(3)]
    values = pl.DataFrame({"creator_id": ids, "some_value": [1.0] * 60})
    for fifth in range(FIFTHS):
        kept, held = split(Part(values, values.select("creator_id"), THREADS), fifth)
        names = [set(part.values["creator_id"].str.split("@").list.first()) for part in (kept, held)]
        assert not names[0] & names[1]


@pytest.mark.data
def test_the_rule_holds_on_every_export_that_is_there(data_dir: Path) -> None:
    if not (data_dir / "exports").is_dir():
        pytest.skip(f"no exports under {data_dir}")
    board = make_board(read_exports(data_dir), load_models())
    assert board.filter(set=TOGETHER)["n_creators"].item() > 0
    assert find_breaches(board) == []
