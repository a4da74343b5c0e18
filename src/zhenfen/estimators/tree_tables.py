"""Scores of many rows by boosted trees, without walking a tree: a table of leaves that each value leaves open.

Of every feature, the cuts of all trees part the numbers into steps, and a step decides each split on that feature. So
a step has, for each tree, the set of leaves it leaves open, as bits; the sets of a row's features have exactly one leaf
in common (QuickScorer, Lucchese et al. 2015, with both branches closed). Sets of all trees lie side by side and are met
hundreds at a time, where walking a tree waits for one comparison after another: a fifth to two fifths of LightGBM's
time on the profiles, and the same sums to the last bit, since leaves are added in the order of the trees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.errors import ConfigError

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Leaves = npt.NDArray[np.unsignedinteger[Any]]
"""Sets of leaves, a bit a leaf."""

MOST_LEAVES = 64
"""Of a tree: the bits of the largest unsigned integer."""
CHUNK_ROWS = 512
"""Rows whose sets of leaves are met at once. 128 to 512 are within a tenth of each other with 200 to 400 trees, 1,024
leave the second cache and take a quarter longer (measured on 100,000 profiles)."""
SLICE_ROWS = 8 * CHUNK_ROWS
"""Rows that a thread takes at once."""
IS_CATEGORICAL, MISSING_GOES_LEFT = 1, 2
"""Bits of LightGBM's decision_type; the two above them name what is taken for missing."""
MISSING_IS_ZERO, MISSING_IS_NAN = 1, 2


@dataclass(frozen=True)
class Trees:
    """Splits and leaves of trees as LightGBM writes them, padded to the largest; shapes (n_trees, most splits).

    Attributes:
        feature_names: Features that splits name by position.
        feature: Position of the split's feature, -1 for no split.
        cut: Values up to it go left.
        decision: LightGBM's decision_type.
        left: Split that follows on the left; of a leaf, its number's complement (~).
        right: The same on the right.
        leaf_value: What a leaf adds, shape (n_trees, most leaves).
    """

    feature_names: tuple[str, ...]
    feature: Ints
    cut: Array
    decision: Ints
    left: Ints
    right: Ints
    leaf_value: Array


def read_trees(text: str) -> Trees:
    """The trees of LightGBM's text.

    Raises:
        ConfigError: The text is not LightGBM's, or a tree has more than MOST_LEAVES leaves, a cut by category or takes
            zero for missing.
    """
    grown = text.partition("\nend of trees")[0]
    header, *blocks = (dict(_read_values(block)) for block in grown.split("\nTree="))
    try:
        names = tuple(header["feature_names"].split())
        n_leaves = max(int(block["num_leaves"]) for block in blocks)
        if n_leaves > MOST_LEAVES:
            raise ConfigError(f"expected trees of at most {MOST_LEAVES} leaves, found {n_leaves}")
        size = (len(blocks), max(n_leaves - 1, 1))
        trees = Trees(
            names,
            feature=_pad(blocks, "split_feature", np.full(size, -1, dtype=np.intp)),
            cut=_pad(blocks, "threshold", np.full(size, np.nan)),
            decision=_pad(blocks, "decision_type", np.full(size, MISSING_IS_NAN << 2, dtype=np.intp)),
            # A tree without a split is its leaf 0 on both sides.
            left=_pad(blocks, "left_child", np.full(size, ~0, dtype=np.intp)),
            right=_pad(blocks, "right_child", np.full(size, ~0, dtype=np.intp)),
            leaf_value=_pad(blocks, "leaf_value", np.zeros((len(blocks), n_leaves))),
        )
    except (KeyError, ValueError) as error:
        raise ConfigError(f"expected LightGBM's text ({error})") from error
    if (trees.decision & IS_CATEGORICAL).any() or (trees.decision >> 2 == MISSING_IS_ZERO).any():
        raise ConfigError("expected cuts of numbers with zero a number, found others")
    return trees


@dataclass(frozen=True)
class TreeTables:
    """Trees as tables of the leaves that a feature's step leaves open.

    Attributes:
        feature_names: Features, in the order of `score`'s columns.
        cuts: Of every feature, ascending, and infinity, which a missing value alone lies beyond; shape (n_cuts + 1,).
        first_steps: Row of `open_leaves` that a feature's steps begin at, shape (n_features, 1).
        open_leaves: A row for each step between a feature's cuts, then one for missing; shape (n_steps, n_trees).
        all_leaves: Leaves of each tree, shape (n_trees,).
        leaf_value: What a leaf adds, shape (n_trees, most leaves).
    """

    feature_names: tuple[str, ...]
    cuts: tuple[Array, ...]
    first_steps: Ints
    open_leaves: Leaves
    all_leaves: Leaves
    leaf_value: Array

    @classmethod
    def make(cls, trees: Trees) -> TreeTables:
        """The tables of trees."""
        n_trees, n_leaves = trees.leaf_value.shape
        kind = next(one for one in (np.uint16, np.uint32, np.uint64) if np.iinfo(one).bits >= n_leaves)
        sides = (trees.left, trees.right)
        below: Leaves = np.zeros((2, *trees.feature.shape), dtype=kind)
        # LightGBM numbers a split before those that follow it.
        for split in reversed(range(trees.feature.shape[1])):
            for side, children in enumerate(sides):
                child = children[:, split]
                leaf = np.left_shift(kind(1), np.where(child < 0, ~child, 0).astype(kind))
                under = below[:, np.arange(n_trees), np.maximum(child, 0)]
                below[side, :, split] = np.where(child < 0, leaf, under[0] | under[1])
        all_leaves: Leaves = below[0, :, 0] | below[1, :, 0]
        cuts: list[Array] = []
        tables: list[Leaves] = []
        for feature in range(len(trees.feature_names)):
            tree, at = np.nonzero(trees.feature == feature)
            cut, decision = trees.cut[tree, at], trees.decision[tree, at]
            steps = np.unique(cut)
            goes_left = np.arange(len(steps) + 2)[:, None] <= np.searchsorted(steps, cut)
            # Where no row of the training lacked the feature, LightGBM takes a missing value for zero.
            told = decision >> 2 == MISSING_IS_NAN
            goes_left[-1] = np.where(told, decision & MISSING_GOES_LEFT > 0, cut >= 0)
            table = np.repeat(all_leaves[None], len(steps) + 2, axis=0)
            kept = np.where(goes_left, ~below[1, tree, at], ~below[0, tree, at])
            if len(tree):
                first = np.flatnonzero(np.diff(tree, prepend=-1))
                table[:, tree[first]] &= np.bitwise_and.reduceat(kept, first, axis=1)
            cuts.append(np.append(steps, np.inf))
            tables.append(table)
        first_steps = np.cumsum([0, *map(len, tables)])[:-1, None]
        return cls(trees.feature_names, tuple(cuts), first_steps, np.concatenate(tables), all_leaves, trees.leaf_value)

    def score(self, columns: Sequence[Array]) -> Array:
        """Sum of every row's leaves, shape (n,). A row's score does not depend on the others'.

        Args:
            columns: Of each feature, NaN where unknown, shape (n,), at least one row.
        """
        n = len(columns[0])
        slices = [slice(start, start + SLICE_ROWS) for start in range(0, n, SLICE_ROWS)]
        if len(slices) == 1:
            return self._score_slice(columns)
        # numpy lets other threads run while it works on arrays of this size.
        with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
            parts = pool.map(lambda part: self._score_slice([column[part] for column in columns]), slices)
            return np.concatenate(list(parts))

    def _score_slice(self, columns: Sequence[Array]) -> Array:
        n, (n_trees, n_leaves) = len(columns[0]), self.leaf_value.shape
        steps = np.stack([np.searchsorted(*pair) for pair in zip(self.cuts, columns, strict=True)])
        steps += self.first_steps
        # A feature that all rows have alike, often unknown, is met once.
        is_alike = (steps == steps[:, :1]).all(axis=1)
        common = self.all_leaves & np.bitwise_and.reduce(self.open_leaves[steps[is_alike, 0]], axis=0)
        varied = steps[~is_alike]
        leaf_values = self.leaf_value.ravel()
        first_leaves = np.arange(0, n_trees * n_leaves, n_leaves)[:, None]
        # A single column would be added pairwise, two and more are added tree by tree, as LightGBM does.
        size = max(min(n, CHUNK_ROWS), 2)
        left, met = np.empty((2, size, n_trees), dtype=common.dtype)
        scores = np.empty(n)
        for start in range(0, n, size):
            rows, count = slice(start, start + size), min(size, n - start)
            left[:] = common
            for feature_steps in varied[:, rows]:
                np.take(self.open_leaves, feature_steps, axis=0, out=met[:count], mode="clip")
                left[:count] &= met[:count]
            # One bit is left: its number is the count of the bits below it.
            leaf = np.bitwise_count(left - common.dtype.type(1))
            scores[rows] = np.add.reduce(leaf_values.take(leaf.T + first_leaves), axis=0)[:count]
        return scores


def _read_values(block: str) -> list[tuple[str, str]]:
    return [(name, value) for name, equals, value in (line.partition("=") for line in block.splitlines()) if equals]


def _pad(blocks: Sequence[Mapping[str, str]], name: str, into: npt.NDArray[Any]) -> npt.NDArray[Any]:
    for row, block in zip(into, blocks, strict=True):
        found = block[name].split()
        row[: len(found)] = found
    return into
