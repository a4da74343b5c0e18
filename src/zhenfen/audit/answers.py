"""What answers of an audit come to: weights, estimates with and without them, rows of `audit_labels`.

A workbook's labels and a desk's go the same way, so the same answers give the same estimate.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import polars as pl

from zhenfen.files import write_file
from zhenfen.tables import TABLES, Tables, check_tables, make_frame

Result = TypeVar("Result")
Estimate = Callable[[pl.DataFrame, Tables], Result]
"""All profiles of the sampled frame, by id, and the tables they are of → an estimate. Columns of the table `audience`,
and is_fake (null: not labelled), stratum, and inclusion: the probability that a profile of the stratum was drawn and
labelled."""
SPEC = TABLES["audit_labels"]


def weigh(draw: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """The draw with is_fake and batch, and as inclusion the labelled part of each stratum.

    Who was drawn but got no usable label is taken to be missing at random within the stratum. A stratum without any
    keeps its inclusion, which weighs nothing there.

    Args:
        draw: profile_id, stratum, inclusion: one row a profile of the population.
        answers: profile_id, label (real | fake | cannot_say), batch; one row a profile.
    """
    judged = answers.filter(pl.col("label") != "cannot_say")
    judged = judged.select("profile_id", "batch", is_fake=pl.col("label") == "fake")
    joined = draw.join(judged, on="profile_id", how="left", maintain_order="left")
    n_labels = pl.col("is_fake").count().over("stratum")
    inclusion = pl.when(n_labels > 0).then(n_labels / pl.len().over("stratum")).otherwise("inclusion")
    return joined.with_columns(inclusion=inclusion)


def estimate_answers(
    population: pl.DataFrame, tables: Tables, draw: pl.DataFrame, estimate: Estimate[Result], answers: pl.DataFrame
) -> Result:
    """The estimate with these answers.

    Args:
        population: All profiles of the frame, by id.
        tables: That they are of.
        draw: As for `weigh`.
        estimate: See Estimate.
        answers: As for `weigh`.
    """
    columns = weigh(draw, answers).select("profile_id", "is_fake", "stratum", "inclusion", "batch")
    return estimate(population.join(columns, on="profile_id", how="left", maintain_order="left"), tables)


def bound_answers(
    population: pl.DataFrame, tables: Tables, draw: pl.DataFrame, estimate: Estimate[Result], answers: pl.DataFrame
) -> tuple[Result, Result] | tuple[None, None]:
    """The estimates with every undecided profile as real and as fake; none where nobody is undecided."""
    is_open = pl.col("label") == "cannot_say"
    if answers.filter(is_open).is_empty():
        return None, None

    def run(label: str) -> Result:
        counted = answers.with_columns(label=pl.when(is_open).then(pl.lit(label)).otherwise("label"))
        return estimate_answers(population, tables, draw, estimate, counted)

    return run("real"), run("fake")


def forget_other_draws(labels: pl.DataFrame, creator_id: str, same: pl.DataFrame) -> pl.DataFrame:
    """Rows of `audit_labels`; those of the creator's other draws without stratum, inclusion and batch.

    Two draws cannot be weighted as one. The labels stay, for training.

    Args:
        labels: Rows of the table.
        creator_id: Whose draw.
        same: profile_id and stratum of the profiles whose weights stay.
    """
    marked = same.select("profile_id", "stratum", is_same=pl.lit(value=True))
    is_other_draw = (pl.col("creator_id") == creator_id) & pl.col("is_same").is_null()
    joined = labels.join(marked, on=("profile_id", "stratum"), how="left", maintain_order="left")
    kept = joined.with_columns(
        pl.when(~is_other_draw).then(name).alias(name) for name in ("stratum", "inclusion", "batch")
    )
    return make_frame(SPEC, kept)


def write_labels(folder: Path, kept: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """Put labels into the table `audit_labels`, all of them or none. Nothing else in the folder is touched.

    Args:
        folder: Of the tables.
        kept: Rows that are to stand beside them; one of the same profile by the same person gives way.
        labels: Rows of the table.

    Returns:
        The table as it was written.

    Raises:
        InvalidTableError: Rows break the contract.
        ConfigError: The folder cannot be written.
    """
    others = kept.join(labels, on=SPEC.key, how="anti")
    merged = pl.concat((make_frame(SPEC, others), labels)).sort(SPEC.key)
    check_tables({SPEC.name: merged})
    written = io.BytesIO()
    merged.write_parquet(written)
    write_file(folder / f"{SPEC.name}.parquet", written.getvalue())
    return merged
