"""Folds keep near-duplicates together and hold out every row once."""

from __future__ import annotations

import numpy as np
import polars as pl
from training.split import leave_sources_out, make_folds

ROWS = pl.DataFrame(
    {
        "source": ["a"] * 60 + ["b"] * 40,
        "is_fake": [0, 1] * 50,
        "twin": [number // 3 for number in range(60)] + list(range(100, 140)),
    }
)


def fold_numbers(seed: int) -> np.ndarray:
    held = np.stack([mask for _, mask in make_folds(ROWS, 4, seed)])
    assert (held.sum(axis=0) == 1).all()
    return held.argmax(axis=0)


def test_twins_share_a_fold() -> None:
    folds = ROWS.with_columns(fold=pl.Series(fold_numbers(1))).group_by("twin").agg(pl.col("fold").n_unique())
    assert folds["fold"].max() == 1


def test_every_fold_has_rows_of_every_source_and_label() -> None:
    counted = ROWS.with_columns(fold=pl.Series(fold_numbers(1))).group_by("fold", "source", "is_fake").len()
    assert counted.height == 4 * 2 * 2


def test_the_seed_decides() -> None:
    np.testing.assert_array_equal(fold_numbers(1), fold_numbers(1))
    assert (fold_numbers(1) != fold_numbers(2)).any()


def test_each_source_is_left_out_once() -> None:
    parts = dict(leave_sources_out(ROWS))
    assert list(parts) == ["a", "b"]
    assert parts["b"].sum() == 40
    assert not (parts["a"] & parts["b"]).any()
