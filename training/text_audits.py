"""Labels that people gave to comments and posts at the desk (`…_labels….csv`), as one more source to train on.

The desk gives a file a creator, with a column for what each of the first two people said, and names the post, account
and creator of each text, so that none of them stands on both sides of a split.
"""

from __future__ import annotations

import hashlib
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from training.audits import FEWEST_LABELS
from zhenfen.errors import InvalidTableError, MissingTableError, Problem
from zhenfen.report.xlsx import FORMULA_STARTS
from zhenfen.shelf import TrainingSource

AUDITS = "audits"
"""Name of the source."""
COLUMNS = ("id", "creator_id", "post_id", "author_id", "source", "text", "kind_a", "kind_b", "by_a", "by_b")
PEOPLE = ("a", "b")
UNCLEAR = "unclear"
KINDS: Mapping[str, tuple[str, ...]] = {
    "comment": ("genuine", "advert", "filler", UNCLEAR),
    "post": ("not_sponsored", "sponsored", UNCLEAR),
}
NOBODY = ("", "local")
"""What the desk calls somebody who gave no name."""


@dataclass(frozen=True)
class TextAudits:
    """Labelled texts of one kind.

    Attributes:
        rows: COLUMNS, as the desk wrote them; one row an item that somebody labelled.
        sha256: Of all files together.
    """

    rows: pl.DataFrame
    sha256: str

    def describe(self, n_used: int, n_left: int) -> TrainingSource:
        """What model.yaml and the card say of them.

        Args:
            n_used: Rows that teach.
            n_left: Rows that people differ on or could not tell.
        """
        is_unnamed = pl.all_horizontal(pl.col(f"by_{one}").fill_null("").is_in(NOBODY) for one in PEOPLE)
        n_unnamed = self.rows.select(is_unnamed.sum()).item()
        terms = (
            f"labels of the user's own analysts; {self.rows['creator_id'].n_unique()} creators; {n_unnamed} labelled by"
            f" nobody who gave a name; {n_left} left out: people differ or could not tell"
        )
        return TrainingSource(source=AUDITS, rows=n_used, sha256=self.sha256, terms=terms)


def read_text_audits(path: Path, kind: Literal["comment", "post"]) -> TextAudits:
    """What was labelled of a kind.

    Args:
        path: A file that the desk gave, or a folder of them; in a folder `comment_labels*.csv` or `post_labels*.csv`.
        kind: Of what.

    Raises:
        MissingTableError: There is no such file, or fewer than 30 texts are labelled.
        InvalidTableError: A column is missing, a label is none of the kind's, or an item has two labels.
    """
    files = sorted(path.glob(f"{kind}_labels*.csv")) if path.is_dir() else [path] if path.is_file() else []
    if not files:
        raise MissingTableError(Problem(f"files {kind}_labels*.csv that the desk gave", str(path), value="none"))
    rows = pl.concat([_read(file) for file in files]).unique().sort(COLUMNS)
    rows = rows.filter(pl.any_horizontal(pl.col("kind_a", "kind_b").is_not_null()), pl.col("text").is_not_null())
    problems = [
        Problem(f"one of {', '.join(KINDS[kind])}", f"{kind} labels", column=f"kind_{one}", value=found)
        for one in PEOPLE
        for found in rows[f"kind_{one}"].drop_nulls().unique().sort()
        if found not in KINDS[kind]
    ]
    twice = rows.filter(pl.len().over("creator_id", "id") > 1)["id"].unique().sort()
    problems += [Problem("one row an item", f"{kind} labels", column="id", value=one) for one in twice]
    if problems:
        raise InvalidTableError(problems)
    if rows.height < FEWEST_LABELS:
        found = f"{rows.height} labels"
        raise MissingTableError(Problem(f"at least {FEWEST_LABELS} labelled texts", str(path), value=found))
    return TextAudits(rows, hashlib.sha256(rows.write_csv().encode()).hexdigest())


def add_audits(parser: ArgumentParser) -> None:
    """The option of a training that learns from such labels."""
    about = "labels that the desk gave, a file or a folder of them, to learn from too"
    parser.add_argument("--with-audits", type=Path, metavar="PATH", help=about)


def take_comments(audits: TextAudits) -> tuple[pl.DataFrame, TrainingSource]:
    """text, label (advert | genuine), part (kind on which all agree, else "contested"), platform, creator and author.

    A comment is an advert where all say so and none where nobody does; others are left out, and so is what somebody
    could not tell.
    """
    said = [pl.col(f"kind_{one}") for one in PEOPLE]
    first, second = pl.coalesce(said), pl.coalesce(reversed(said))
    is_clear = ~pl.any_horizontal(one.eq(UNCLEAR).fill_null(value=False) for one in said)
    used = audits.rows.filter(is_clear, (first == "advert") == (second == "advert"))
    rows = used.select(
        "text",
        label=pl.when(first == "advert").then(pl.lit("advert")).otherwise(pl.lit("genuine")),
        part=pl.when(first == second).then(first).otherwise(pl.lit("contested")),
        platform="source",
        creator="creator_id",
        author="author_id",
    )
    return rows, audits.describe(rows.height, audits.rows.height - rows.height)


def take_posts(audits: TextAudits) -> tuple[pl.DataFrame, TrainingSource]:
    """text, platform, creator, y (share of people to whom it sounds sponsored), y_a and y_b; none unclear to all."""
    votes = {
        f"y_{one}": pl.when(pl.col(f"kind_{one}") != UNCLEAR).then((pl.col(f"kind_{one}") == "sponsored").cast(float))
        for one in PEOPLE
    }
    voted = audits.rows.with_columns(**votes).with_columns(y=pl.mean_horizontal(*votes)).drop_nulls("y")
    rows = voted.select("text", "y", *votes, platform="source", creator="creator_id")
    return rows, audits.describe(rows.height, audits.rows.height - rows.height)


def _read(file: Path) -> pl.DataFrame:
    try:
        raw = pl.read_csv(file, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise InvalidTableError(
            [Problem("a file of labels that the desk gave", file.name, value=str(error))]
        ) from error
    missing = [name for name in COLUMNS if name not in raw.columns]
    if missing:
        raise InvalidTableError(
            [Problem("a column of the desk's file of labels", file.name, column=one) for one in missing]
        )
    # The sign that keeps spreadsheet programs from running a text is no part of it.
    is_kept = pl.col("text").str.contains("^'[" + "".join("\\" + sign for sign in FORMULA_STARTS) + "]")
    text = pl.when(is_kept).then(pl.col("text").str.slice(1)).otherwise("text")
    return raw.with_columns(text=text).select(COLUMNS)
