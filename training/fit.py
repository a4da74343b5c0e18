"""From rows to a classifier, and from held-out scores to calibrations: what every tabular model is trained by."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from training.shelf import ShelfPlace
from training.split import Mask, Names, Parts, outside, score_parts
from training.tune import Chooser, keep
from zhenfen.config import Strict
from zhenfen.errors import ConfigError
from zhenfen.estimators.calibration import Calibration, CalibrationKind, fit_calibration
from zhenfen.estimators.mixture import Mixture, Route
from zhenfen.estimators.tabular import TabularClassifier, TabularParams

Array = npt.NDArray[np.float64]

SHARED = "shared"
"""The member that learns from all platforms."""
DEFAULT = "default"
"""The calibration for platforms without one of their own."""


class Dropout(Strict):
    """A copy of the training rows with values taken away, so that rows with few columns are no surprise.

    Attributes:
        weight: Weight of the copy beside that of the rows as they are.
        value_share: Chance of each value to be taken.
        block_share: Chance of each block of features to be taken as a whole.
        row_share: Chance of a whole row to be taken: with nothing known, the share of fakes is what is left.
        blocks: Features that come and go together.
    """

    weight: float = Field(gt=0, le=1)
    value_share: float = Field(ge=0, lt=1)
    block_share: float = Field(ge=0, lt=1)
    row_share: float = Field(gt=0, lt=1)
    blocks: tuple[tuple[str, ...], ...]


class CalibrationRule(Strict):
    """How scores become probabilities.

    Attributes:
        kind: Form of the map.
        fewest_rows: Held-out rows of either label from which a platform gets a map of its own.
    """

    kind: CalibrationKind
    fewest_rows: int = Field(ge=1)


class Expert(Strict):
    """Trees grown on the rows of one platform alone.

    Attributes:
        platform: Whose rows it learns from.
        features: Columns it reads.
        params: How the trees are grown; its seed is the model's.
    """

    platform: str
    features: tuple[str, ...]
    params: TabularParams


class ModelConfig(ShelfPlace):
    """One file of configs/models/: trees shared by all platforms, and experts beside them.

    Attributes:
        features: Columns the shared trees read.
        params: How they are grown; its seed is the one above.
        without: Sources that the shared trees don't learn from.
        experts: Name → trees of one platform.
        routes: Which members judge a row; the shared trees are the member `shared`.
        judges: Sources that nothing is learned from: the model is judged by them.
        dropout: How values are taken away.
        n_folds: Folds of the cross-validation.
        calibration: How scores become probabilities.
        threshold: Calibrated probability from which a row is flagged.
    """

    features: tuple[str, ...]
    params: TabularParams
    without: tuple[str, ...] = ()
    experts: dict[str, Expert] = Field(default_factory=dict)
    routes: tuple[Route, ...] = (Route(weights={SHARED: 1}),)
    judges: tuple[str, ...] = ()
    dropout: Dropout
    n_folds: int = Field(ge=2)
    calibration: CalibrationRule
    threshold: float = Field(gt=0, lt=1)


def fit_mixture(rows: pl.DataFrame, config: ModelConfig) -> Mixture:
    """The shared trees and every expert whose platform has rows of both labels; who is not there judges nothing.

    Raises:
        ConfigError: The config names a feature that is not there.
    """
    rows = rows.filter(~pl.col("source").is_in(config.judges))
    shared = rows.filter(~pl.col("source").is_in(config.without))
    members = {SHARED: fit_trees(shared, config.features, config.params, config)}
    for name, expert in config.experts.items():
        mine = rows.filter(platform=expert.platform)
        if mine["is_fake"].n_unique() > 1:
            members[name] = fit_trees(mine, expert.features, expert.params, config)
    return Mixture(members, [_keep(route, members) for route in config.routes])


def fit_trees(
    rows: pl.DataFrame, features: Sequence[str], params: TabularParams, config: ModelConfig
) -> TabularClassifier:
    """One member on all of `rows`, and on a copy of them with values taken away.

    Raises:
        ConfigError: A feature is not there.
    """
    named = {*features, *(name for block in config.dropout.blocks for name in block)}
    if unknown := sorted(named - set(rows.columns)):
        raise ConfigError(f"models/{config.name}: features that the training rows lack: {', '.join(unknown)}")
    X, y, weight = rows.select(features), rows["is_fake"].to_numpy(), balance(rows)
    # The copy of the rows with values, blocks and whole rows taken away.
    dropout, rng = config.dropout, np.random.default_rng(config.seed)
    taken = rng.random(X.shape) < dropout.value_share
    for block in dropout.blocks:
        places = [X.columns.index(name) for name in block if name in X.columns]
        taken[:, places] |= (rng.random(X.height) < dropout.block_share)[:, None]
    taken |= (rng.random(X.height) < dropout.row_share)[:, None]
    gone = pl.DataFrame(taken, schema=X.columns, orient="row")
    thinned = X.select(pl.when(~gone[name]).then(pl.col(name)).alias(name) for name in X.columns)
    weights = np.concatenate((weight, dropout.weight * weight))
    return TabularClassifier.fit(pl.concat((X, thinned)), np.tile(y, 2), weights, replace(params, seed=config.seed))


def _keep(route: Route, members: Mapping[str, TabularClassifier]) -> Route:
    """The route with the members there are; where none of its own is, the shared trees."""
    weights = {name: weight for name, weight in route.weights.items() if name in members} or {SHARED: 1.0}
    total = sum(weights.values())
    return route.model_copy(update={"weights": {name: weight / total for name, weight in weights.items()}})


def balance(rows: pl.DataFrame) -> Array:
    """Weights, shape (n,), that sum to n: each source weighs the same, and in it the fake as much as the genuine.

    The shares of fakes in the sources are what their collectors chose; even shares make the sources comparable.
    """
    weight = rows.select(1 / pl.len().over("source", "is_fake")).to_series().to_numpy()
    return np.asarray(weight * (rows.height / weight.sum()), dtype=np.float64)


def score_held_out(
    rows: pl.DataFrame, parts: Parts, config: ModelConfig, choose: Chooser[ModelConfig] = keep
) -> tuple[Array, Names]:
    """Log-odds of every row from a model that was not trained on its part, and the name of its part, shape (n,).

    NaN where a row is in no part. `choose` gives the configuration of each model, from the rows that train it.
    """

    def score(held: Mask) -> Array:
        rest, asked = rows.filter(pl.Series(outside(rows, held))), rows.filter(pl.Series(held))
        return fit_mixture(rest, choose(rest, config)).decision_function(asked, asked["platform"])

    return score_parts(parts, rows.height, score)


def fit_calibrations(rows: pl.DataFrame, within: Array, across: Array, config: ModelConfig) -> dict[str, Calibration]:
    """One map a platform with enough rows, from cross-validated scores; the default for platforms never seen.

    Args:
        rows: source, platform and is_fake.
        within: Scores by models that knew the source, not the row, shape (n,).
        across: Scores by models that did not know the source, shape (n,).
        config: The rule.
    """
    teaching = ~rows["source"].is_in(config.judges)
    rows, within, across = rows.filter(teaching), within[teaching.to_numpy()], across[teaching.to_numpy()]
    labels, weight = rows["is_fake"].to_numpy(), balance(rows)
    kind = config.calibration.kind
    maps = {DEFAULT: fit_calibration(across, labels, weight, kind)}
    for platform in rows["platform"].unique(maintain_order=True):
        here = (rows["platform"] == platform).to_numpy()
        if np.bincount(labels[here], minlength=2).min() >= config.calibration.fewest_rows:
            maps[platform] = fit_calibration(within[here], labels[here], weight[here], kind)
    return maps


def calibrate_apart(
    rows: pl.DataFrame, scores: Array, parts: Names, config: ModelConfig, *, by_platform: bool
) -> Array:
    """Probabilities of held-out scores, shape (n,): each part's by maps that were fitted without it."""
    probas = np.full(rows.height, np.nan)
    for part in np.unique(parts):
        held = parts == part
        kept = outside(rows, held)
        maps = fit_calibrations(rows.filter(pl.Series(kept)), scores[kept], scores[kept], config)
        used = maps if by_platform else {DEFAULT: maps[DEFAULT]}
        probas[held] = apply_calibrations(used, rows.filter(pl.Series(held)), scores[held])
    return probas


def apply_calibrations(maps: Mapping[str, Calibration], rows: pl.DataFrame, scores: Array) -> Array:
    """Probabilities, shape (n,), each row by its platform's map or the default."""
    probas = maps[DEFAULT].apply(scores)
    for platform, calibration in maps.items():
        here = (rows["platform"] == platform).to_numpy()
        probas[here] = calibration.apply(scores[here])
    return probas


def write_calibrations(path: Path, maps: Mapping[str, Calibration]) -> None:
    """Write the maps by their names, as JSON."""
    values = {name: one.to_dict() for name, one in maps.items()}
    path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
