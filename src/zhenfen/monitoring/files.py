"""From two Parquet files, or folders of them, to what changed between them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from zhenfen.errors import InvalidTableError, Problem, UnreadableFileError
from zhenfen.estimators.comment_model import COMMENT
from zhenfen.estimators.post_model import POST
from zhenfen.estimators.profile_model import PROFILE
from zhenfen.model_store import Models
from zhenfen.monitoring.causes import Cause, Compared, MeasuredReference, find_causes
from zhenfen.monitoring.comparison import compare_columns
from zhenfen.monitoring.measure import Subject, watch_comments, watch_posts, watch_profiles
from zhenfen.monitoring.platforms import find_alone
from zhenfen.monitoring.prevalence import Detector, compare_shares
from zhenfen.monitoring.rules import load_rules
from zhenfen.monitoring.scores import SCORE_FILES, check_scores, find_models, watch_scores
from zhenfen.monitoring.summary import FileRead, MonitorResult
from zhenfen.progress import Progress, silent
from zhenfen.shelf import may_be_same
from zhenfen.tables import EPOCH, TABLES, latest_time, time_columns
from zhenfen.tables.parquet import ParquetRows
from zhenfen.tables.store import reading_parquet

MOST_ROWS = 200_000
"""Rows compared of each side: a share of them is known to .22 points, and two such files of profiles take .7 GB."""
STEP, N_STEPS = "monitor", 2


@dataclass(frozen=True)
class RowFile:
    """A kind of file whose rows have yet to be scored.

    Attributes:
        table: Table of the contract.
        needed: Columns that must be there, the row's id first.
        read: Columns to read; None for all of the table's.
        watch: Models → how the rows are measured.
    """

    table: str
    needed: tuple[str, ...]
    read: tuple[str, ...] | None
    watch: Callable[[Models], Subject]


ROW_FILES: dict[str, RowFile] = {
    kind.rows: RowFile(kind.table, kind.needed, kind.read, watch)
    for kind, watch in ((COMMENT, watch_comments), (POST, watch_posts), (PROFILE, watch_profiles))
}


@dataclass(frozen=True)
class _Sample:
    file: FileRead
    rows: pl.DataFrame
    as_of: datetime


def watch(
    reference: Path, new: Path, models: Models, *, most_rows: int = MOST_ROWS, on_progress: Progress = silent
) -> MonitorResult:
    """Compare rows of one kind: profiles, comments, posts, or scores of them.

    Either side is a Parquet file or a folder of them, read in the order of their names.

    Rows are scored by the model of the shelf, both files by the same one; ages are counted at the latest time of each.
    Of a side with more than `most_rows` rows, evenly spaced ones are read.

    Raises:
        UnreadableFileError: No Parquet file.
        InvalidTableError: The files are of different or unknown kinds or have no rows, or a column is not what it
            should be.
        ConfigError: The shelf lacks the model that is needed, or the rules cannot be read.
    """
    rules = load_rules()
    kind = _find_kind(reference, new)
    subject = ROW_FILES[kind].watch(models) if kind in ROW_FILES else watch_scores(kind, models)
    samples, measured = [], []
    for done, path in enumerate((reference, new)):
        on_progress(STEP, done, N_STEPS)
        samples.append(_read(path, kind, most_rows))
        measured.append(subject.measure(samples[-1].rows, samples[-1].as_of))
    detectors, notes = _choose_detectors(kind, subject, samples)
    if kind in ROW_FILES and "out_of_domain" not in measured[0].columns:
        notes.append(("no_domain", {}))
    marked = [one.marked for one in measured]
    if alone := find_alone(*marked):
        notes.append(("platforms", {"platforms": ", ".join(alone)}))
    changes = compare_shares(marked[0], marked[1], detectors, rules.rules)
    # The columns of either file; what one of them lacks is missing there.
    then, now = (one.columns for one in measured)
    schema = {**now.schema, **then.schema}
    names = list(dict.fromkeys((*then.columns, *now.columns)))
    then, now = (
        one.with_columns(pl.lit(None, dtype=of).alias(name) for name, of in schema.items() if name not in one.columns)
        for one in (then, now)
    )
    columns = compare_columns(then.select(names), now.select(names), dict(subject.domain), rules.rules)
    causes: list[Cause] = []
    if kind in ROW_FILES:
        base = MeasuredReference(samples[0].rows, measured[0], samples[0].as_of)
        causes = find_causes(subject, base, samples[1].rows, Compared(columns, changes), rules.rules)
    on_progress(STEP, N_STEPS, N_STEPS)
    return MonitorResult(kind, subject.model, samples[0].file, samples[1].file, columns, changes, notes, rules, causes)


def _find_kind(reference: Path, new: Path) -> str:
    kinds: list[tuple[Path, str | None]] = []
    for path in (reference, new):
        file = _files(path)[0]
        with reading_parquet(str(file)):
            have = set(pl.scan_parquet(file, glob=False).collect_schema().names())
        scores = (name for name, one in SCORE_FILES.items() if {one.key, *one.needed} <= have)
        rows = (name for name, one in ROW_FILES.items() if set(one.needed) <= have)
        kinds.append((path, next(scores, None) or next(rows, None)))
    expected = "rows of profiles, comments or posts, or scores that `zhenfen score` wrote"
    problems = [Problem(expected, str(path)) for path, kind in kinds if kind is None]
    (_, first), (path, second) = kinds
    if not problems and first != second:
        problems = [Problem(f"the sort of rows of the reference ({first})", str(path), value=second)]
    if problems or first is None:
        raise InvalidTableError(problems)
    return first


def _files(path: Path) -> list[Path]:
    files = [path] if path.is_file() else sorted(path.rglob("*.parquet"))
    if not files:
        raise UnreadableFileError(Problem("a Parquet file, or a folder with some", str(path)))
    return files


def _read(path: Path, kind: str, most_rows: int) -> _Sample:
    files = _files(path)
    parts: list[pl.DataFrame] = []
    n_rows, as_of = 0, EPOCH
    if kind in ROW_FILES:
        table, needed, read = ROW_FILES[kind].table, ROW_FILES[kind].needed, ROW_FILES[kind].read
        sides = [ParquetRows(one, TABLES[table], needed, read=read) for one in files]
        step = _step(sum(one.n_rows for one in sides), most_rows)
        for batch in (batch for one in sides for batch in one.batches()):
            parts.append(batch.gather_every(step, offset=-n_rows % step))
            n_rows += batch.height
            as_of = max(as_of, latest_time(batch, time_columns(table)) or EPOCH)
        rows = pl.concat(parts)
    else:
        wanted = {SCORE_FILES[kind].key, *SCORE_FILES[kind].columns, "cluster_id", "model"}
        for one in files:
            with reading_parquet(str(one)):
                scan = pl.scan_parquet(one, glob=False)
                part = scan.select(name for name in scan.collect_schema().names() if name in wanted).collect()
            check_scores(part, kind, str(one))
            parts.append(part)
        n_rows = sum(part.height for part in parts)
        rows = pl.concat(parts, how="diagonal_relaxed").gather_every(_step(n_rows, most_rows))
    if n_rows == 0:
        raise InvalidTableError(Problem("at least one row", str(path)))
    # SHA-256 of a file; of a folder that over the hashes and names of its files.
    hashes = []
    for one in files:
        with one.open("rb") as file:
            hashes.append(hashlib.file_digest(file, "sha256").hexdigest())
    sha256 = hashes[0]
    if not path.is_file():
        named = (f"{digest}  {one.relative_to(path).as_posix()}" for digest, one in zip(hashes, files, strict=True))
        sha256 = hashlib.sha256("\n".join(named).encode()).hexdigest()
    return _Sample(FileRead(path.name, sha256, n_rows, rows.height), rows, as_of)


def _choose_detectors(
    kind: str, subject: Subject, samples: list[_Sample]
) -> tuple[tuple[Detector, ...], list[tuple[str, dict[str, str]]]]:
    """A threshold belongs to the model that made the scores."""
    if kind in ROW_FILES:
        return subject.detectors, []
    used = [find_models(one.rows) for one in samples]
    names = [", ".join(one) or "?" for one in used]
    notes = []
    if not _may_be_same(*used):
        notes.append(("models", {"reference": names[0], "new": names[1]}))
    strangers = [name for one, name in zip(used, names, strict=True) if not _may_be_same(one, (subject.model,))]
    if strangers:
        notes.append(("unknown_model", {"model": strangers[0]}))
    return (() if strangers else subject.detectors), notes


def _may_be_same(models: tuple[str, ...], others: tuple[str, ...]) -> bool:
    return len(models) == len(others) and all(map(may_be_same, models, others))


def _step(n_rows: int, most_rows: int) -> int:
    return max(-(-n_rows // most_rows), 1)
