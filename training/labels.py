"""Labels of the user's own from one CSV file, without code: `--labels FILE.csv --map COLUMN=HEADING`."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from training.audits import FEWEST_LABELS
from training.shelf import TrainingFile, hash_file
from zhenfen.errors import ConfigError, InvalidTableError, MissingTableError, Problem, UnreadableFileError
from zhenfen.tables import PLATFORMS, TABLES, Column
from zhenfen.tables.foreign import take_columns

TERMS = "labels of the user's own"
MOST_NAME_CHARS = 40
PLATFORM = "platform"


@dataclass(frozen=True)
class LabelForm:
    """What a training takes from a file of labels.

    Attributes:
        table: Whose columns it may hold.
        label: The flag that says what a row is.
        needed: Columns that no row may lack, its id or text first.
    """

    table: str
    label: str
    needed: tuple[str, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """All that is read, what identifies a row first."""
        # Comments have their creator's platform; here they stand alone.
        platform = next(one for one in TABLES["creators"].columns if one.name == PLATFORM)
        known = {column.name: column for column in (platform, *TABLES[self.table].columns)}
        known[self.label] = Column(self.label, "flag")
        return tuple(known[name] for name in dict.fromkeys((*self.needed, *known)))


@dataclass(frozen=True)
class OwnLabels:
    """A file of labels: the form's columns, absent ones null, and `source`; and what model.yaml says of it."""

    rows: pl.DataFrame
    source: TrainingFile


def add_labels_option(parser: argparse.ArgumentParser) -> None:
    """The two options."""
    parser.add_argument("--labels", type=Path, metavar="FILE.csv", help="labels of your own to learn from too")
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="COLUMN=HEADING",
        help="which heading of --labels a column stands under; platform=weibo names that of all rows",
    )


def take_labels(options: argparse.Namespace, form: LabelForm) -> OwnLabels | None:
    """What --labels and --map name; None without. Columns that are not used are named on standard error.

    Raises:
        ConfigError: A map names no column, or there is a map and no file.
        InputError: See `read_labels`.
    """
    pairs = [one.partition("=") for one in options.map]
    known = [column.name for column in form.columns]
    wrong = [given for given, (name, sign, _) in zip(options.map, pairs, strict=True) if not sign or name not in known]
    if wrong:
        raise ConfigError(f"--map {wrong[0]}: expected COLUMN=HEADING, COLUMN one of {', '.join(known)}")
    if options.labels is None:
        if pairs:
            raise ConfigError("--map: expected --labels FILE.csv with it")
        return None
    labels, unused = read_labels(options.labels, {name: heading for name, _, heading in pairs}, form)
    if unused:
        print(f"{options.labels}: columns that are not used: {', '.join(unused)}", file=sys.stderr)
    return labels


def read_labels(path: Path, headings: Mapping[str, str], form: LabelForm) -> tuple[OwnLabels, list[str]]:
    """The labels of a file, and its headings that nothing reads.

    Args:
        path: CSV in UTF-8.
        headings: Column → the heading it stands under; others stand under their own names. Of platform also that of all
            rows.
        form: What is read.

    Raises:
        UnreadableFileError: It is no CSV file.
        MissingTableError: It holds fewer than 30 labels.
        InvalidTableError: A needed column or value is not there, a value is not what its column holds, a row is
            labelled both ways, or all labels are the same; every one by row and column.
    """
    try:
        raw = pl.read_csv(path, infer_schema_length=None)
    except (pl.exceptions.PolarsError, OSError) as error:
        told = str(error).partition("\n")[0]
        raise UnreadableFileError(Problem("a CSV file in UTF-8", str(path), value=told)) from error
    headings = {column.name: headings.get(column.name, column.name) for column in form.columns}
    given = {name: pl.col(heading) for name, heading in headings.items() if heading in raw.columns}
    if headings[PLATFORM] not in raw.columns and headings[PLATFORM] in PLATFORMS:
        given[PLATFORM] = pl.lit(headings[PLATFORM])
    problems = list(_find_gaps(raw.select(**given), headings, form, path))
    if problems:
        raise InvalidTableError(problems)
    if raw.height < FEWEST_LABELS:
        raise MissingTableError(Problem(f"at least {FEWEST_LABELS} labels", str(path), value=f"{raw.height} labels"))
    named = raw.select(**given)
    for column in (one for one in form.columns if one.name in given):
        values = named[column.name]
        is_number = column.kind == "flag" and values.dtype.is_integer() and values.is_in([0, 1]).all()
        if is_number or column.kind == "id":
            named = named.with_columns(values.cast(column.dtype))
    try:
        rows = take_columns(named, form.columns)
    except InvalidTableError as error:
        raise InvalidTableError(
            [replace(one, file=str(path), column=headings.get(one.column or "")) for one in error.problems]
        ) from None
    _check_labels(rows, form, path)
    name = f"labels:{re.sub(r'[^0-9A-Za-z_-]', '_', path.stem)[:MOST_NAME_CHARS]}"
    source = TrainingFile(source=name, rows=rows.height, sha256=hash_file(path), terms=TERMS, path=path)
    unused = [one for one in raw.columns if one not in {headings[column] for column in given}]
    return OwnLabels(rows.with_columns(source=pl.lit(name)), source), unused


def _find_gaps(named: pl.DataFrame, headings: Mapping[str, str], form: LabelForm, path: Path) -> Iterator[Problem]:
    """Needed columns that are not there, and the rows in which they are empty."""
    for name in (*form.needed, form.label):
        if name not in named.columns:
            yield Problem(f"this column, or --map {name}=HEADING", str(path), column=headings[name])
        else:
            for row in named[name].is_null().arg_true():
                yield Problem("a value", str(path), row=row + 1, column=headings[name])


def _check_labels(rows: pl.DataFrame, form: LabelForm, path: Path) -> None:
    key: Sequence[str] = (form.needed[0], PLATFORM)
    torn = rows.group_by(key, maintain_order=True).agg(pl.col(form.label).n_unique()).filter(pl.col(form.label) > 1)
    both = (f"{one}: both" for one in torn[form.needed[0]])
    problems = [Problem("one label of a row", str(path), column=form.label, value=one) for one in both]
    if rows[form.label].n_unique() <= 1:
        problems.append(Problem("labels of both kinds", str(path), column=form.label, value="all the same"))
    if problems:
        raise InvalidTableError(problems)
