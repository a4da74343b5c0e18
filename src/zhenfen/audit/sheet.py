"""The workbook of an audit: a sheet to label in, a sheet that says how, and two hidden ones that say what was drawn.

The analyst sees neither scores nor strata, and the rows in random order: a label that follows the score corrects
nothing. Names and descriptions are shown as the tables hold them, contacts masked, because a profile cannot be judged
without; ids stay pseudonyms.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

import polars as pl

from zhenfen.connectors.reading.binary_files import peek_workbook, read_workbook
from zhenfen.errors import InputError, Problem
from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.report.quote import clean
from zhenfen.report.xlsx import LONGEST_CELL_CHARS, is_formula
from zhenfen.text.contacts import mask_contacts

Label = Literal["real", "fake", "cannot_say"]
LABELS: tuple[Label, ...] = get_args(Label)

DESIGN_SHEET, DRAW_SHEET = "zhenfen_audit", "zhenfen_draw"
FORMAT = "1"
MOST_PROFILES = 1_048_575
"""Rows of a sheet, less the headings."""
SHOWN = (
    *("display_name", "bio", "n_followers", "n_following", "n_posts", "n_likes_received", "level"),
    *("created_at", "followed_at", "last_post_at", "is_verified", "has_avatar", "is_private", "gender", "region"),
)
"""What a person needs to judge a profile, in reading order."""
_WIDTHS = {"label": 16, "remark": 20, "display_name": 22, "bio": 48, "profile_id": 24, "meaning": 100}
_USUAL_WIDTH = 12
_LONGEST_REMARK_CHARS = 255
_BATCH = re.compile(r"[1-9]\d{0,3}")
_CREATED = datetime(1980, 1, 1)
"""The workbook says no time of its own, so that the same draw gives the same bytes; the format wants one."""


@dataclass(frozen=True)
class Design:
    """What has to be known of a draw to use its labels.

    Attributes:
        creator_id: Whose audience it is.
        frame: Sampling frame of the profiles.
        population: Hash of the creator, the frame and the ids of all its profiles.
        model: Name and version of the model that scored them.
        seed: Seed of the draw.
        tables: Folder of the tables, relative to the workbook.
        language: Language of the sheet.
        batch: Number of the batch, from 1, of an audit in batches; None for one draw.
    """

    creator_id: str
    frame: str
    population: str
    model: str
    seed: str
    tables: str
    language: str
    batch: str | None = None


@dataclass(frozen=True)
class Filled:
    """A workbook that came back.

    Attributes:
        design: As it was written.
        draw: profile_id, stratum, inclusion, is_drawn: one row a profile of the population.
        labels: row (of the sheet, from 1 without the heading), profile_id, word (null where nothing was chosen).
        labelled_by: Who labelled; None where nobody signed.
    """

    design: Design
    draw: pl.DataFrame
    labels: pl.DataFrame
    labelled_by: str | None


def show_profiles(profiles: pl.DataFrame, flag: Mapping[bool, str]) -> pl.DataFrame:
    """What a person may see of profiles to judge them: SHOWN and profile_id; contacts masked, no scores.

    Args:
        profiles: Rows of the table `audience`.
        flag: Words for yes and no.
    """
    return profiles.select(
        mask_contacts(pl.col("display_name", "bio")),
        pl.col("n_followers", "n_following", "n_posts", "n_likes_received", "level"),
        pl.col("created_at", "followed_at", "last_post_at").dt.strftime("%Y-%m-%d"),
        pl.col("is_verified", "has_avatar", "is_private").replace_strict(flag, return_dtype=pl.String),
        pl.col("gender", "region", "profile_id"),
    )


def write_workbook(path: Path, design: Design, draw: pl.DataFrame, profiles: pl.DataFrame) -> None:
    """Write the workbook; the same input gives the same bytes.

    Args:
        path: File to write.
        design: What was drawn, from whom.
        draw: profile_id, stratum, inclusion, is_drawn.
        profiles: The drawn rows of the table `audience`, in the order to be shown.
    """
    import xlsxwriter

    catalogue = Catalogue(design.language)
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    # Into memory first: what is half-packed on a full disk says so once more when it is collected.
    written = io.BytesIO()
    with xlsxwriter.Workbook(written, options) as workbook:
        workbook.set_properties({"title": "zhenfen", "created": _CREATED})
        # The sheet to label in.
        page = workbook.add_worksheet(catalogue.text("audit.sheet.labels"))
        names = ("n", "label", "remark", *SHOWN, "profile_id")
        flag = {True: catalogue.text("audit.yes"), False: catalogue.text("audit.no")}
        empty = {name: pl.lit(None) for name in ("label", "remark")}
        cells = show_profiles(profiles, flag).with_columns(pl.int_range(1, pl.len() + 1).alias("n"), **empty)
        headings = {name: catalogue.text(f"audit.col.{name}") for name in names}
        _write_table(workbook, page, headings, cells.select(names).iter_rows())
        words = [catalogue.text(f"audit.label.{label}") for label in LABELS]
        choice = {"validate": "list", "source": words, "error_message": catalogue.text("audit.choose")}
        page.data_validation(1, names.index("label"), max(cells.height, 1), names.index("label"), choice)
        page.freeze_panes(1, names.index("bio"))
        page.autofilter(0, 0, cells.height, len(names) - 1)
        # The sheet that says how.
        page = workbook.add_worksheet(catalogue.text("audit.sheet.guide"))
        headings = {name: catalogue.text(f"audit.guide.{name}") for name in ("label", "meaning")}
        keys = (*(f"audit.label.{label}" for label in LABELS), "audit.guide.steps", "audit.guide.unknown")
        rows = [(catalogue.text(key), catalogue.text(f"{key}.about")) for key in keys]
        _write_table(workbook, page, headings, [*rows, (catalogue.text("audit.guide.labelled_by"), None)])
        kept = {name: value for name, value in vars(design).items() if value is not None}
        _write_hidden(workbook, DESIGN_SHEET, ("name", "value"), {"format": FORMAT, **kept}.items())
        _write_hidden(workbook, DRAW_SHEET, draw.columns, draw.cast({"is_drawn": pl.Int64}).iter_rows())
    path.write_bytes(written.getvalue())


def read_filled(path: Path) -> Filled:
    """Read a workbook back, whatever program saved it.

    Raises:
        UnreadableFileError: No workbook.
        InputError: No workbook of `write_workbook`, or a sheet or column of it is gone.
    """
    # Our own sheets begin with their headings.
    sheets = peek_workbook(path, path.name, dict.fromkeys(peek_workbook(path, path.name), 1))
    if not {DESIGN_SHEET, DRAW_SHEET} <= set(sheets):
        raise InputError(Problem("a workbook written by `zhenfen audit sample`", path.name))
    design = _read_design(path)
    words = Catalogue(design.language).text
    columns = [words(f"audit.col.{name}") for name in ("profile_id", "label")]
    labels = _read_columns(path, sheets, words("audit.sheet.labels"), columns)
    cells = _read_columns(path, sheets, DRAW_SHEET, ["profile_id", "stratum", "inclusion", "is_drawn"])
    # A spreadsheet program may save 1 as 1.0.
    draw = cells.with_columns(pl.col("stratum", "inclusion", "is_drawn").cast(pl.Float64, strict=False)).select(
        "profile_id",
        pl.col("stratum").cast(pl.Int64),
        pl.when(pl.col("inclusion").is_between(0, 1, closed="right")).then("inclusion").alias("inclusion"),
        pl.col("is_drawn").cast(pl.Boolean),
    )
    if not draw["profile_id"].is_unique().all() or draw.null_count().sum_horizontal().item():
        expected = "the rows as `zhenfen audit sample` wrote them"
        raise InputError(Problem(expected, path.name, column=DRAW_SHEET))
    # Rows are numbered as on the sheet, before those without anything are left out.
    profile_id, word = pl.col(columns[0]), pl.col(columns[1]).str.strip_chars()
    tidy = labels.select(
        pl.int_range(1, pl.len() + 1).alias("row"),
        pl.when(profile_id != "").then(profile_id).alias("profile_id"),
        pl.when(word != "").then(word).alias("word"),
    ).filter(pl.any_horizontal(pl.col("profile_id", "word").is_not_null()))
    # Who labelled stands beside a question on the sheet that says how, which may be gone.
    names = []
    guide = words("audit.sheet.guide")
    cells = read_workbook(path, path.name, guide, 1) if guide in sheets else pl.DataFrame()
    if cells.width > 1:
        signed = cells.filter(cells.to_series(0) == words("audit.guide.labelled_by")).to_series(1).drop_nulls()
        names = [name.strip()[:_LONGEST_REMARK_CHARS] for name in signed.to_list() if name.strip()]
    return Filled(design, draw, tidy, names[0] if names else None)


def label_words() -> dict[str, Label]:
    """Every word a label may be given in, lower case, in any language; the stored names are words too."""
    words = {
        Catalogue(language).text(f"audit.label.{label}").lower(): label for language in LANGUAGES for label in LABELS
    }
    return {**words, **{label: label for label in LABELS}}


def _write_table(workbook: Any, page: Any, headings: Mapping[str, str], rows: Iterable[Iterable[Any]]) -> None:
    text = workbook.add_format({"valign": "top", "text_wrap": True})
    quoted = workbook.add_format({"valign": "top", "text_wrap": True, "quote_prefix": True})
    head = workbook.add_format({"bold": True, "bottom": 1, "text_wrap": True, "bg_color": "#E9EFF8"})
    for index, (name, heading) in enumerate(headings.items()):
        page.set_column(index, index, _WIDTHS.get(name, _USUAL_WIDTH), text)
        page.write_string(0, index, heading, head)
    for at, row in enumerate(rows, start=1):
        for index, (name, value) in enumerate(zip(headings, row, strict=True)):
            if isinstance(value, str):
                # An id is compared when it comes back: not a space of it may change.
                shown = (value if name == "profile_id" else clean(value))[:LONGEST_CELL_CHARS]
                page.write_string(at, index, shown, quoted if is_formula(shown) else text)
            elif value is not None:
                page.write_number(at, index, value, text)


def _write_hidden(workbook: Any, name: str, headings: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    page = workbook.add_worksheet(name)
    for at, row in enumerate((headings, *rows)):
        for index, value in enumerate(row):
            write = page.write_string if isinstance(value, str) else page.write_number
            write(at, index, value)
    page.protect()
    page.very_hidden()


def _read_design(path: Path) -> Design:
    cells = read_workbook(path, path.name, DESIGN_SHEET, 1)
    found = dict(zip(cells.to_series(0), cells.to_series(1), strict=True)) if cells.width > 1 else {}
    names = ("format", *(name for name in Design.__annotations__ if name != "batch"))
    problems = [Problem("a value", path.name, column=f"{DESIGN_SHEET}:{name}") for name in names if not found.get(name)]
    if found.get("format", FORMAT) != FORMAT:
        problems.append(Problem(f"format {FORMAT}", path.name, column=DESIGN_SHEET, value=found["format"]))
    if found.get("language", LANGUAGES[0]) not in LANGUAGES:
        expected = "one of " + ", ".join(LANGUAGES)
        problems.append(Problem(expected, path.name, column=f"{DESIGN_SHEET}:language", value=found["language"]))
    batch = found.get("batch")
    if batch is not None and not _BATCH.fullmatch(batch):
        problems.append(Problem("a whole number from 1", path.name, column=f"{DESIGN_SHEET}:batch", value=batch))
    if problems:
        raise InputError(problems)
    given = {name: found[name] for name in Design.__annotations__ if name != "batch"}
    return Design(**given, batch=batch)


def _read_columns(path: Path, sheets: Mapping[str, tuple[str, ...]], sheet: str, names: list[str]) -> pl.DataFrame:
    if sheet not in sheets:
        raise InputError(Problem(f"the sheet {sheet!r}", path.name))
    missing = [name for name in names if name not in sheets[sheet]]
    if missing:
        raise InputError([Problem(f"the column on the sheet {sheet!r}", path.name, column=name) for name in missing])
    return read_workbook(path, path.name, sheet, 1).select(names)
