"""The board of false alarms: how many of those whom nobody suspects are called elevated or high, set by set.

Exports are judged as shipped. All other creators are judged in fifths, each beside a reference panel built from the
other four fifths of every source, so that nobody is a peer of himself. The cards of growth have seen the VTuber
channels; benchmarks/growth_quality.py judges them held out.

The rule: of a set at most 5 % are called, and of those of it who were assessed at most 10 %, both rounded up to a
whole creator; all exports together keep to the same; and nobody is high while no family is out of line. In a set of at
most twenty one call is let pass, then, but not one in each of many small sets. Intervals take creators as independent;
the windows of one channel are not, and theirs is too narrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
from training.datasets import data_dir
from training.panel import Part, read_parts
from training.split import FIFTHS, fifth_of

from benchmarks.false_alarms import make_panel, rate, split
from benchmarks.unsuspected import (
    EXPORT,
    Unsuspected,
    read_exports,
    read_pieced,
    read_post_sources,
    read_series,
    read_weibo_years,
)
from zhenfen.errors import MissingTableError
from zhenfen.model_store import Models, load_models
from zhenfen.scoring import score
from zhenfen.tables import Tables

MOST_CALLED, MOST_OF_ASSESSED = 5, 10
"""Percent, as whole numbers: what is let pass is rounded up, and 5 % of 60 must be 3."""
CALLED = ("elevated", "high")
NO_FAMILY = "no family"
MOST_REASON_CHARS = 120
TOGETHER = "together"
_TALLY = pl.List(pl.Struct({"name": pl.String(), "n": pl.Int64()}))
BOARD_SCHEMA: dict[str, pl.DataType] = {
    "kind": pl.String(),
    "set": pl.String(),
    "n_creators": pl.Int64(),
    "n_assessed": pl.Int64(),
    "n_elevated": pl.Int64(),
    "n_high": pl.Int64(),
    "n_high_in_line": pl.Int64(),
    "n_out_of_line": pl.Int64(),
    "called_by": _TALLY,
    "not_assessed": _TALLY,
    "refused": pl.String(),
}
"""One row a set, and one of all exports (`set` is TOGETHER).

n_high_in_line: high without any family out of line. n_out_of_line: creators with a family out of line, called or not.
called_by: family → creators called of whom it is out of line, NO_FAMILY where none is; not_assessed: reason → creators.
refused: why the set could not be read; empty where it was.
"""
_COUNTS = [name for name, dtype in BOARD_SCHEMA.items() if dtype == pl.Int64()]


@dataclass(frozen=True)
class Calls:
    """What became of the creators of a set.

    Attributes:
        creators: creator_id, level and reason, as `Findings.creators` has them.
        findings: creator_id, family and level, as `Findings.findings` has them.
    """

    creators: pl.DataFrame
    findings: pl.DataFrame


def hold_out_panels(models: Models, parts: Sequence[Part]) -> list[Models]:
    """For each fifth of the creators, the models with a panel of the other four."""
    return [replace(models, panel=make_panel([split(part, fifth)[0] for part in parts])) for fifth in range(FIFTHS)]


def judge_set(one: Unsuspected, shipped: Models, held_out: Sequence[Models]) -> Calls:
    """Levels of every creator of a set, each roster by itself.

    Raises:
        MissingTableError: Nothing in the set says when it was seen.
    """
    found = [
        score(roster, models, creators=creators, with_details=False)
        for roster in one.rosters
        for creators, models in (_in_fifths(roster, held_out) if one.may_be_peers else [(None, shipped)])
    ]
    return Calls(
        pl.concat(part.creators.select("creator_id", "level", "reason") for part in found),
        pl.concat(part.findings.select("creator_id", "family", "level") for part in found),
    )


def _in_fifths(roster: Tables, held_out: Sequence[Models]) -> Iterator[tuple[list[str], Models]]:
    """The creators of each fifth, the others being their surroundings, and the models that never saw them."""
    for fifth, models in enumerate(held_out):
        mine = roster["creators"].filter(fifth_of(pl.col("creator_id")) == fifth)["creator_id"].to_list()
        if mine:
            yield mine, models


def count_calls(kind: str, name: str, calls: Calls) -> pl.DataFrame:
    """One row of BOARD_SCHEMA."""
    out = calls.findings.filter(pl.col("level").is_in(CALLED)).select("creator_id", "family").unique()
    creators = calls.creators.with_columns(is_out=pl.col("creator_id").is_in(out["creator_id"].implode()))
    by_family = creators.filter(pl.col("level").is_in(CALLED)).join(out, on="creator_id", how="left")
    row = {
        "kind": kind,
        "set": name,
        "n_creators": creators.height,
        "n_assessed": creators.filter(pl.col("level") != "not_assessed").height,
        "n_elevated": creators.filter(level="elevated").height,
        "n_high": creators.filter(level="high").height,
        "n_high_in_line": creators.filter(level="high", is_out=False).height,
        "n_out_of_line": creators.filter("is_out").height,
        "called_by": _tally(by_family["family"].fill_null(NO_FAMILY)),
        "not_assessed": _tally(creators.filter(level="not_assessed")["reason"].fill_null("no reason given")),
        "refused": "",
    }
    return pl.DataFrame([row], schema=BOARD_SCHEMA)


def _tally(names: pl.Series) -> list[dict[str, Any]]:
    """Each name and how often it stands there, the most frequent first."""
    counted = names.alias("name").value_counts(name="n")
    return counted.sort("n", "name", descending=[True, False]).to_dicts()


def make_board(sets: Iterable[Unsuspected], shipped: Models, held_out: Sequence[Models] = ()) -> pl.DataFrame:
    """BOARD_SCHEMA: a row for every set, in order, and one for all exports together.

    Args:
        sets: Whom nobody suspects.
        shipped: Judge exports.
        held_out: Judge the others, see `hold_out_panels`; needed where there are any.
    """
    rows = pl.concat([_make_row(one, shipped, held_out) for one in sets])
    return pl.concat([rows, add_up(rows.filter(kind=EXPORT))])


def _make_row(one: Unsuspected, shipped: Models, held_out: Sequence[Models]) -> pl.DataFrame:
    if one.refused:
        return _refuse(one, one.refused)
    try:
        return count_calls(one.kind, one.name, judge_set(one, shipped, held_out))
    except MissingTableError as error:
        return _refuse(one, str(error))


def _refuse(one: Unsuspected, reason: str) -> pl.DataFrame:
    empty = {**dict.fromkeys(_COUNTS, 0), "called_by": [], "not_assessed": []}
    return pl.DataFrame([{"kind": one.kind, "set": one.name, **empty, "refused": reason}], schema=BOARD_SCHEMA)


def add_up(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of each kind as one, TOGETHER."""
    tallies = ("called_by", "not_assessed")
    listed = pl.col(tallies).list.explode(keep_nulls=False, empty_as_null=False)
    summed = rows.group_by("kind", maintain_order=True).agg(pl.col(_COUNTS).sum(), listed)
    together = [
        {**row, **{name: _merge(row[name]) for name in tallies}, "set": TOGETHER, "refused": ""}
        for row in summed.iter_rows(named=True)
    ]
    return pl.DataFrame(together, schema=BOARD_SCHEMA)


def _merge(tally: list[dict[str, Any]]) -> list[dict[str, Any]]:
    counts: dict[str, int] = {}
    for one in tally:
        counts[one["name"]] = counts.get(one["name"], 0) + one["n"]
    return [{"name": name, "n": n} for name, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def find_breaches(board: pl.DataFrame) -> list[str]:
    """What breaks the rule, a line each: the set, what was counted, and what is let pass."""
    let_pass = (_part(pl.col("n_creators"), MOST_CALLED), _part(pl.col("n_assessed"), MOST_OF_ASSESSED))
    judged = board.with_columns(n_called=pl.col("n_elevated") + pl.col("n_high"), n_most=pl.min_horizontal(let_pass))
    counts = ("kind", "set", "n_called", "n_creators", "n_assessed", "n_most")
    too_many = pl.format("{}, {}: {} called of {} ({} assessed), let pass: {}", *counts)
    in_line = pl.format("{}, {}: {} high without a family out of line", "kind", "set", "n_high_in_line")
    return [
        *judged.filter(pl.col("n_called") > pl.col("n_most")).select(too_many).to_series(),
        *judged.filter(pl.col("n_high_in_line") > 0).select(in_line).to_series(),
    ]


def _part(n: pl.Expr, percent: int) -> pl.Expr:
    """`percent` of n, rounded up to a whole creator."""
    return (n * percent + 99) // 100


def show_board(board: pl.DataFrame) -> None:
    """The table, what could not be read, and what breaks the rule."""
    print("The board of false alarms: creators whom nobody suspects; shares of all creators of a set [95 %, Wilson]\n")
    print(f"{'':<58}{'creators':>9}" + "".join(f"{name:>29}" for name in ("assessed", "elevated", "high")))
    for row in board.filter(refused="").iter_rows(named=True):
        counts = (row["n_assessed"], row["n_elevated"], row["n_high"])
        shares = "".join(f"{n:>6}{rate(n, row['n_creators']):>23}" for n in counts)
        print(f"{row['kind'] + ': ' + row['set']:<58}{row['n_creators']:>9}{shares}")
        n_called = row["n_elevated"] + row["n_high"]
        if n_called:
            shown = rate(n_called, row["n_assessed"]).strip()
            print(f"    called of those assessed {shown}; out of line: {_say(row['called_by'])}")
        silent = _say(row["not_assessed"])
        print(f"    a family out of line, called or not: {row['n_out_of_line']}; not assessed: {silent}")
    for row in board.filter(pl.col("refused") != "").iter_rows(named=True):
        print(f"not read: {row['set']}: {row['refused'].splitlines()[0][:MOST_REASON_CHARS]}")
    breaches = find_breaches(board)
    print("\nthe rule is broken:\n  " + "\n  ".join(breaches) if breaches else "\nthe rule holds")


def _say(tally: list[dict[str, Any]]) -> str:
    return ", ".join(f"{one['name']} {one['n']}" for one in tally) or "none"


def read_sets(folder: Path) -> Iterator[Unsuspected]:
    """Every set of the board."""
    yield from read_exports(folder)
    yield read_series(folder)
    yield from read_post_sources(folder)
    yield from read_weibo_years(folder)
    yield from read_pieced(folder)


def main() -> None:
    """Print the board."""
    models, folder = load_models(), data_dir()
    show_board(make_board(read_sets(folder), models, hold_out_panels(models, list(read_parts(folder)))))


if __name__ == "__main__":
    main()
