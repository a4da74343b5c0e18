"""Which rows judge a model: folds that keep near-duplicates together, and one source left out at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Names = npt.NDArray[np.str_]
Parts = Iterable[tuple[str, Mask]]
"""The name of each part and which rows it holds out, shape (n,)."""

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


def score_parts(parts: Parts, n_rows: int, score: Callable[[Mask], Array]) -> tuple[Array, Names]:
    """Scores of rows by models that were fitted without their part, and the name of the part, shape (n_rows,).

    The held-out loop of every model and baseline. NaN and no name where a row is in no part.

    Args:
        parts: Folds, or one source after the other.
        n_rows: Number of rows.
        score: Fits without the rows of a mask, shape (n_rows,), and scores these, shape (number of them,).
    """
    scores, names = np.full(n_rows, np.nan), np.full(n_rows, "", dtype="<U64")
    for name, held in parts:
        scores[held], names[held] = score(held), name
    return scores, names


def outside(rows: pl.DataFrame, held: Mask) -> Mask:
    """Rows that may teach when `held` are left out, shape (n,): without near-duplicates (twin) of those left out."""
    twins = rows["twin"].to_numpy()
    return np.asarray(~held & ~np.isin(twins, twins[held]), dtype=np.bool_)


def fifth_of(creator_id: pl.Expr) -> pl.Expr:
    """Which fifth of the real creators one belongs to, 0 to 4; the pieces of a channel (channel@piece) share one."""
    return creator_id.str.split("@").list.first().hash(FIFTHS_SEED) % FIFTHS
