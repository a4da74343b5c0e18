"""Outcomes that an agency knows: creators of its own of whom it was settled whether something was bought.

The challenger is trained on them, judged by cross-validation beside the mixture, which has seen none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from training.creator_fit import MIXTURE, ChallengerRule, fit_challenger, sum_parts
from training.creators import measure_inputs
from training.split import Mask, make_folds, score_parts
from zhenfen.connectors.importing import import_export
from zhenfen.errors import InputError, Problem
from zhenfen.estimators.creator_model import Combination
from zhenfen.model_store import Models

Array = npt.NDArray[np.float64]

FEWEST = 30
"""Outcomes of either sort: with fewer, an AUC of .8 has an interval that holds .65."""


@dataclass(frozen=True)
class Outcomes:
    """What was judged on an agency's own creators.

    Attributes:
        labels: 1 where something was bought, shape (n,).
        mixture: Scores of the mixture.
        challenger: Scores of challengers that had not seen the creator.
        combination: The challenger trained on all of them.
    """

    labels: npt.NDArray[np.int64]
    mixture: Array
    challenger: Array
    combination: Combination


def read_outcomes(tables: Path, outcomes: Path, models: Models) -> pl.DataFrame:
    """creator_id, is_fake, source, twin and what the creator model reads, of every creator with an outcome.

    Args:
        tables: Any export that can be vetted; ids as they stand there.
        outcomes: CSV with creator_id and is_manipulated (true or false).
        models: Panel and rules.

    Raises:
        InputError: A column is missing, a value is neither, an id is not in the tables, or there are too few.
    """
    found = pl.read_csv(outcomes, infer_schema=False)
    lacking = [name for name in ("creator_id", "is_manipulated") if name not in found.columns]
    if lacking:
        raise InputError([Problem("this column", str(outcomes), column=name) for name in lacking])
    marked = found.select(
        "creator_id",
        raw="is_manipulated",
        is_fake=pl.col("is_manipulated").str.strip_chars().str.to_lowercase().replace_strict(_WORDS, default=None),
    )
    wrong = marked.with_row_index("row", 2).filter(pl.col("is_fake").is_null())
    if wrong.height:
        raise InputError(
            [
                Problem("true or false", str(outcomes), row=row, column="is_manipulated", value=value)
                for row, value in wrong.select("row", "raw").iter_rows()
            ]
        )
    read = import_export(tables, obtained_how="outcomes", keep_ids=True)
    inputs = measure_inputs(read, models)
    rows = marked.drop("raw").join(inputs, on="creator_id", how="inner")
    absent = marked.join(rows, on="creator_id", how="anti")
    if absent.height:
        raise InputError(
            [Problem("an id of the creators in the tables", str(outcomes), value=one) for one in absent["creator_id"]]
        )
    for label, words in ((1, "true"), (0, "false")):
        if (n := int((rows["is_fake"] == label).sum())) < FEWEST:
            raise InputError([Problem(f"{FEWEST} creators or more with {words}", str(outcomes), value=str(n))])
    return rows.with_columns(source=pl.lit("outcomes"), twin="creator_id")


_WORDS = {"true": 1, "1": 1, "yes": 1, "false": 0, "0": 0, "no": 0}


def judge_outcomes(
    families: Mapping[str, Array], rows: pl.DataFrame, rule: ChallengerRule, n_folds: int, seed: int
) -> Outcomes:
    """Challengers trained on these rows, by cross-validation and on all of them.

    Args:
        families: Family of evidence → tail score of each row.
        rows: Result of `read_outcomes`.
        rule: How the challenger is fitted.
        n_folds: Folds.
        seed: Of the folds.
    """

    def score(held: Mask) -> Array:
        return sum_parts(fit_challenger(families, rows, ~held, rule), families)[held]

    scores, _ = score_parts(make_folds(rows, n_folds, seed), rows.height, score)
    everything = np.ones(rows.height, dtype=np.bool_)
    return Outcomes(
        rows["is_fake"].to_numpy(),
        sum_parts(MIXTURE, families),
        scores,
        fit_challenger(families, rows, everything, rule),
    )
