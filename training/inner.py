"""What a search for parameters goes by: sources held out among the rows it may see."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
import numpy.typing as npt
import polars as pl

from training.evaluate import EVEN, measure
from training.fit import balance
from training.split import Parts, leave_sources_out, make_folds
from zhenfen.errors import ConfigError

Array = npt.NDArray[np.float64]
Score = Callable[[Parts], Array]
"""Parts → score of their rows by models fitted without the part; NaN for rows that judge nothing; shape (n,)."""


def across_sources(rows: pl.DataFrame, score: Score, n_folds: int, seed: int, judging: Collection[str] = ()) -> float:
    """Mean AUC at even shares over the sources with both labels, each by a model that has not seen it.

    Of one source alone over folds.

    Args:
        rows: source, is_fake and twin.
        score: How rows are scored.
        n_folds: Of a source that is alone.
        seed: Of these folds.
        judging: Sources that judge, where any of them is there; all if none is named.

    Raises:
        ConfigError: No source has rows of both labels.
    """
    both = rows.filter(pl.col("is_fake").n_unique().over("source") > 1)["source"].unique(maintain_order=True).to_list()
    judges = [name for name in both if name in judging] or both
    is_alone = rows["source"].n_unique() == 1
    parts = (
        make_folds(rows, n_folds, seed) if is_alone else (one for one in leave_sources_out(rows) if one[0] in judges)
    )
    scores = score(parts)
    known = []
    for name in judges:
        judged = (rows["source"] == name) & pl.Series(~np.isnan(scores))
        mine = rows.filter(judged)
        labels = mine["is_fake"].to_numpy().astype(np.float64)
        auc, *_ = measure(labels, scores[judged.to_numpy()], balance(mine), EVEN)
        if not np.isnan(auc):
            known.append(auc)
    if not known:
        raise ConfigError("--tune: expected a source with rows of both labels, found none")
    return float(np.mean(known))
