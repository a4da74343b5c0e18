"""Raw rows under canonical names become rows of a table; what cannot be used is listed, never dropped in silence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from zhenfen.connectors.reading.cells import SEEN, read_column
from zhenfen.connectors.reading.reasons import REASONS
from zhenfen.errors import InputError, Problem
from zhenfen.tables import TABLES, Column, TableSpec, make_frame

FILE, ROW = "_file", "_row"
Merge = Literal["row", "columns"]
Action = Literal["row_left_out", "value_left_out", "duplicate_merged", "column_ignored"]

_SEEN_COLUMN = Column(SEEN, "time")


@dataclass(frozen=True, slots=True)
class Tidied:
    """One table after reading.

    Attributes:
        frame: The table's columns, typed, each key once; beside them the `_` columns that came in.
        unusable: What was left out or merged, columns of the table `unusable`.
        readings: Of posts that were read at several moments all readings, columns of the table `post_counts`.
    """

    frame: pl.DataFrame
    unusable: pl.DataFrame
    readings: pl.DataFrame = field(default_factory=lambda: make_frame(TABLES["post_counts"]))


def tidy(
    table: str,
    raw: pl.DataFrame,
    *,
    merge: Merge = "row",
    expected: Mapping[str, str] | None = None,
    lenient: bool = False,
) -> Tidied:
    """Read, check and merge the raw rows of one table.

    Args:
        table: Name of the table.
        raw: String columns under the table's names, `_file` and `_row`, perhaps `_seen` (when it was captured).
        merge: What becomes of rows with the same key: "row" keeps the one captured last, "columns" keeps in every
            column the last value known. Ties are decided by the values, so the order of rows changes nothing.
        expected: Message keys for required columns that are null, where "a value" says too little.
        lenient: No error for a file without a usable row: it is reported with another table.

    Raises:
        InputError: Not one row of a file can be used.
    """
    spec = TABLES[table]
    frame, listed = _read_cells(spec, raw)
    frame, shifted = _leave_out_shifted(spec, frame, listed)
    parts, usable = [shifted], pl.lit(True)
    for name in spec.must_have:
        lacking = pl.col(name).is_null() if name in frame.columns else pl.lit(True)
        rows = frame.filter(lacking)
        if not rows.is_empty():
            key = (expected or {}).get(name, "unusable.value")
            parts.append(unusable_rows(table, rows, name, pl.lit(None), expected=key, action="row_left_out"))
        usable = usable & ~lacking
    frame = frame.filter(usable)
    # A required cell that could not be read is why its row was left out: say what stood there.
    place = ["table", "file", "row", "column"]
    cells = list_unusable(listed).select(*place, _stood="value")
    joined = pl.concat(parts).join(cells, on=place, how="left", maintain_order="left", nulls_equal=True)
    left_out = joined.with_columns(value=pl.coalesce("value", "_stood")).drop("_stood")
    unusable = list_unusable([left_out, *listed])
    lost = set(raw[FILE].unique()) - set(frame[FILE].unique())
    if lost and not lenient:
        mine = unusable.filter(pl.col("file").is_in(sorted(lost))).sort("file", "row", "column")
        places = mine.select("expected", "file", "row", "column", "value").rows()
        raise InputError(
            [Problem(REASONS[words], file, row, column, value) for words, file, row, column, value in places]
        )
    readings = make_frame(TABLES["post_counts"])
    if table == "posts" and "observed_at" in frame.columns:
        # One row for each moment at which a post was read, of posts read at two moments or more.
        dated = _newest_first(spec, frame.drop_nulls("observed_at"))
        moments = dated.unique(list(TABLES["post_counts"].key), keep="first", maintain_order=True)
        readings = make_frame(TABLES["post_counts"], moments.filter(pl.len().over("post_id") > 1))
    frame, merged = _merge(spec, frame, merge, readings)
    return Tidied(frame, list_unusable([unusable, merged]), readings)


def list_unusable(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The parts as one `unusable` table; of two entries for one cell the first stays."""
    whole = pl.concat([make_frame(TABLES["unusable"]), *parts])
    return whole.unique(subset=list(TABLES["unusable"].key), keep="first", maintain_order=True)


def unusable_rows(
    table: str, rows: pl.DataFrame, column: str, value: pl.Expr, *, expected: str, action: Action
) -> pl.DataFrame:
    """Entries of the table `unusable` for `rows`, which hold `_file` and `_row`."""
    return rows.select(
        table=pl.lit(table),
        file=pl.col(FILE),
        row=pl.col(ROW).cast(pl.Int64),
        column=pl.lit(column),
        value=value.cast(pl.String),
        expected=pl.lit(expected),
        action=pl.lit(action),
    )


def unusable_files(files: Sequence[str], expected: str) -> pl.DataFrame:
    """Entries of the table `unusable` for whole files, or sheets, that were not read."""
    rows = pl.DataFrame({FILE: files, ROW: [0] * len(files)}, schema={FILE: pl.String, ROW: pl.Int64})
    return unusable_rows("", rows, "", pl.lit(None), expected=expected, action="row_left_out")


def _read_cells(spec: TableSpec, raw: pl.DataFrame) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    seen = read_column(_SEEN_COLUMN, raw[SEEN]).values if SEEN in raw.columns else None
    typed, listed = {}, []
    for column in spec.columns:
        if column.name not in raw.columns:
            continue
        reading = read_column(column, raw[column.name], seen)
        typed[column.name] = reading.values
        if reading.bad is not None:
            cells = raw.filter(reading.bad)
            value, words = pl.col(column.name), reading.expected
            listed.append(unusable_rows(spec.name, cells, column.name, value, expected=words, action="value_left_out"))
    if seen is not None:
        typed[SEEN] = seen
    kept = {name: raw[name] for name in raw.columns if name.startswith("_") and name != SEEN}
    return pl.DataFrame({**typed, **kept}), listed


_PLACED = r"前$|^[今昨前]天|刚刚|^\d{1,2}[-/月]\d{1,2}|^\d{10,}$|^\d{4}[-/.年]\d"
"""A time that only whoever saw it can place, or one that is impossible: it stands where a time should."""
FEWEST_WRONG_KINDS = 2
"""Cells of a row that hold no count or time where one should stand: one is a slip, two are another row's headings."""


def _leave_out_shifted(
    spec: TableSpec, frame: pl.DataFrame, listed: list[pl.DataFrame]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows without those whose cells stand under other headings, and entries of `unusable` for these."""
    counted = {column.name for column in spec.columns if column.kind in ("count", "time")}
    none = make_frame(TABLES["unusable"])
    wrong = [cells for cells in listed if not cells.is_empty() and cells["column"][0] in counted]
    if len(wrong) < FEWEST_WRONG_KINDS:
        return frame, none
    placed = pl.concat(wrong).filter(~pl.col("value").str.contains(_PLACED))
    rows = placed.group_by("file", "row").agg(pl.len()).filter(pl.col("len") >= FEWEST_WRONG_KINDS)
    rows = rows.select(pl.col("file").alias(FILE), pl.col("row").alias(ROW)).with_columns(
        pl.col(ROW).cast(frame[ROW].dtype)
    )
    out = frame.join(rows, on=[FILE, ROW], how="semi")
    entries = unusable_rows(spec.name, out, "", pl.lit(None), expected="unusable.shifted", action="row_left_out")
    return frame.join(rows, on=[FILE, ROW], how="anti", maintain_order="left"), entries


def _merge(
    spec: TableSpec, frame: pl.DataFrame, merge: Merge, readings: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    key = list(spec.key)
    repeated = frame.select(key).is_duplicated()
    if not repeated.any():
        return frame, make_frame(TABLES["unusable"])
    rows = _newest_first(spec, frame.filter(repeated))
    is_first = pl.struct(key).is_first_distinct()
    kept = rows.group_by(key, maintain_order=True).agg(pl.all().drop_nulls().first()).select(rows.columns)
    value = pl.col(key[0]) if len(key) == 1 else pl.lit(None)
    is_reading = pl.lit(value=False)
    if not readings.is_empty():
        # What stands in `post_counts` is no duplicate, for nothing of it is lost.
        several = pl.col("post_id").is_in(readings["post_id"].implode()) & pl.col("observed_at").is_not_null()
        is_reading = several & pl.struct("post_id", "observed_at").is_first_distinct()
    elif {"snapshot_at", "n_followers"} <= set(rows.columns) and spec.name == "creators":
        # Nor what becomes a row of `follower_counts`.
        dated = pl.col("snapshot_at").is_not_null() & pl.col("n_followers").is_not_null()
        is_reading = dated & pl.struct("creator_id", "snapshot_at").is_first_distinct()
    merged = unusable_rows(
        spec.name,
        rows.filter(~is_first & ~is_reading),
        " + ".join(key),
        value,
        expected="unusable.duplicate",
        action="duplicate_merged",
    )
    return pl.concat([frame.filter(~repeated), kept if merge == "columns" else rows.filter(is_first)]), merged


def _newest_first(spec: TableSpec, rows: pl.DataFrame) -> pl.DataFrame:
    """By key, then latest capture, then by every value: a total order of the facts, whatever the order of the rows."""
    facts = [name for name in rows.columns if name in spec.schema and name not in spec.key]
    seen = [SEEN] if SEEN in rows.columns else []
    return rows.sort(
        [*spec.key, *seen, *facts, FILE, ROW],
        descending=[False] * len(spec.key) + [True] * (len(seen) + len(facts)) + [False, False],
        nulls_last=True,
    )
