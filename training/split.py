"""Which rows judge a model: folds that keep near-duplicates together, and one source left out at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

Mask = npt.NDArray[np.bool_]

FIFTHS, FIFTHS_SEED = 5, 7


def make_folds(rows: pl.DataFrame, n_folds: int, seed: int) -> Iterator[tuple[str, Mask]]:
    """The name of each fold and which rows it holds out, shape (n,).

    Rows with the same twin share a fold; each source and label is dealt out evenly, as far as twins allow.

    Args:
        rows: source, is_fake and twin.
        n_folds: At least 2.
        seed: Of the dealing.
    """
    groups = rows.group_by("twin").agg(pl.col("source").first(), pl.col("is_fake").max()).sort("twin")
    shuffled = groups.sample(fraction=1, shuffle=True, seed=seed)
    dealt = shuffled.with_columns(fold=pl.int_range(pl.len()).over("source", "is_fake") % n_folds)
    fold = rows.join(dealt.select("twin", "fold"), on="twin", how="left", maintain_order="left")["fold"].to_numpy()
    yield from ((f"fold {number + 1}", fold == number) for number in range(n_folds))


def leave_sources_out(rows: pl.DataFrame) -> Iterator[tuple[str, Mask]]:
    """The name of each source and which rows are its own, shape (n,)."""
    for source in rows["source"].unique(maintain_order=True):
        yield source, (rows["source"] == source).to_numpy()


def fifth_of(creator_id: pl.Expr) -> pl.Expr:
    """Which fifth of the real creators one belongs to, 0 to 4; the pieces of a channel (channel@piece) share one."""
    return creator_id.str.split("@").list.first().hash(FIFTHS_SEED) % FIFTHS
