"""Scores of rows that a model had not seen, kept with its run, so that the next model is compared on the same rows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import polars as pl

from training.evaluate import calibration_error, with_both_labels
from training.fit import balance
from training.tracking import Run
from zhenfen.errors import ConfigError

Array = npt.NDArray[np.float64]

FILE = "held_out.parquet"
FOLDER = "held_out"
"""Of the run's artifacts."""
SCHEMA: dict[str, pl.DataType] = {
    "row": pl.String(),
    "source": pl.String(),
    "platform": pl.String(),
    "size": pl.Float64(),
    "twin": pl.String(),
    "is_fake": pl.Int8(),
    "within": pl.Float64(),
    "across": pl.Float64(),
}
"""row: hash of what the row is, the same in every run; size: followers or characters, null where unknown; twin: rows
that are near-duplicates; within and across: probabilities by models that knew the source, and that did not, null where
there is none."""


def make_held_out(
    rows: pl.DataFrame, key: Sequence[str], size: pl.Expr, within: Array | None, across: Array | None
) -> pl.DataFrame:
    """SCHEMA of the rows with a clear label; of rows that are the same, the first.

    Args:
        rows: source, platform, twin, is_fake (a label between 0 and 1 is left out), and the columns of key and size.
        key: Columns that make a row of a source what it is.
        size: Followers or characters.
        within: Probabilities, shape (n,); None where there are none.
        across: The same.
    """
    named = rows.select(pl.concat_str("source", *key, separator="\0", ignore_nulls=True)).to_series()
    made = rows.select(
        # Texts of people stay out of the run; polars' own hash changes between its versions.
        pl.Series("row", [hashlib.sha256(one.encode()).hexdigest()[:32] for one in named], dtype=pl.String),
        "source",
        "platform",
        size.alias("size"),
        "twin",
        "is_fake",
        _column("within", within, rows.height),
        _column("across", across, rows.height),
    )
    clear = made.filter((pl.col("is_fake") == 0) | (pl.col("is_fake") == 1))
    typed = clear.select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
    return typed.unique("row", keep="first", maintain_order=True)


def pick_view(held: pl.DataFrame, view: str) -> pl.DataFrame:
    """Rows with a probability in a view, of the sources that have rows of both labels there."""
    return with_both_labels(held.filter(pl.col(view).is_not_null()))


def measure_calibration(held: pl.DataFrame, view: str) -> float | None:
    """Calibration error in a view, 0 to 1, at even shares of both labels; None where no source has both."""
    rows = pick_view(held, view)
    if rows.is_empty():
        return None
    labels = rows["is_fake"].to_numpy().astype(np.float64)
    return calibration_error(labels, rows[view].to_numpy(), balance(rows))


def log_held_out(tracked: Run, held: pl.DataFrame) -> None:
    """Keep SCHEMA with the open run."""
    with TemporaryDirectory() as place:
        held.write_parquet(Path(place) / FILE)
        tracked.log_folder(Path(place), FOLDER)


def read_held_out(path: Path) -> pl.DataFrame:
    """The file that a run kept.

    Raises:
        ConfigError: There is no such file, or it is something else.
    """
    try:
        rows = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ConfigError(f"{path}: expected held-out scores ({error})") from error
    if dict(rows.schema) != SCHEMA:
        raise ConfigError(f"{path}: expected columns {', '.join(SCHEMA)}")
    return rows


def _column(name: str, values: Array | None, n_rows: int) -> pl.Series:
    if values is None:
        return pl.Series(name, [None] * n_rows, dtype=pl.Float64)
    return pl.Series(name, values, dtype=pl.Float64).fill_nan(None)
