"""One training, whatever the model: data, fit, evaluate, export; tracked, and put on the shelf.

A model of the shelf is a `Recipe` in training/<name>.py; what is to be said of it stands in training/cards/<name>.md,
its settings in configs/models/<name>.yaml. `run` does what is the same for all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import polars as pl

from training.card import read_notes
from training.command import show_trained
from training.datasets import data_dir
from training.evaluate import EVEN, VIEWS
from training.figures import draw_views
from training.held_out import log_held_out, measure_calibration
from training.packaging import SHELF, log_shelf, read_card
from training.shelf import ShelfPlace, Trained, write_shelf
from training.tracking import NOTE_TAG, track
from training.tune import Chooser, Tuner
from zhenfen.config import models_dir
from zhenfen.shelf import TrainingSource

Config = TypeVar("Config", bound=ShelfPlace)
Data = TypeVar("Data")
Fitted = TypeVar("Fitted")
Judged = TypeVar("Judged")


@dataclass(frozen=True)
class Export:
    """What a recipe gives for the shelf and for the tracking store.

    Attributes:
        files: File name → what writes it to a path.
        manifest: What model.yaml says of this model: all but name, version, sources, files and origin.
        sections: Of the card, after the notes.
        held: Scores of rows that a model had not seen, which the gate compares by: `held_out.SCHEMA`.
        metrics: Names and numbers for the tracking store; nested ones get dotted names.
    """

    files: Mapping[str, Callable[[Path], object]]
    manifest: Mapping[str, Any]
    sections: Sequence[str]
    held: pl.DataFrame
    metrics: Mapping[str, Any]


@dataclass(frozen=True)
class Recipe(ABC, Generic[Config, Data, Fitted, Judged]):
    """How one model is made, in four steps; each reads what the ones before gave.

    Attributes:
        config: The model's file of configs/models/.
    """

    config: Config

    @property
    def choosers(self) -> Sequence[Chooser[Any]]:
        """What gives the configuration of every fit; of these, the tuners are written down with the run."""
        return ()

    def params(self) -> Mapping[str, Any]:
        """What the run is tracked with; nested names get dots."""
        return self.config.model_dump()

    @abstractmethod
    def data(self, folder: Path) -> tuple[Data, list[TrainingSource]]:
        """What is trained and judged on, and where it comes from.

        Args:
            folder: The public data.

        Raises:
            InputError: Data of the user's own cannot be used.
        """

    @abstractmethod
    def fit(self, data: Data) -> Fitted:
        """The model that is shelved, and scores by models like it that had not seen the rows scored (`score_parts`)."""

    @abstractmethod
    def evaluate(self, data: Data, fitted: Fitted) -> Judged:
        """What these scores show."""

    @abstractmethod
    def export(self, data: Data, fitted: Fitted, judged: Judged, sources: Sequence[TrainingSource]) -> Export:
        """Files, manifest, card and metrics."""


def train(
    recipe: Recipe[Config, Data, Fitted, Judged], data: Data, sources: Sequence[TrainingSource]
) -> tuple[Trained, Export, Judged]:
    """Fit, evaluate, export: what the shelf is given, what the tracking store is given, and what was found."""
    config = recipe.config
    fitted = recipe.fit(data)
    judged = recipe.evaluate(data, fitted)
    export = recipe.export(data, fitted, judged, sources)
    manifest = {
        "name": config.name,
        "version": config.version,
        "trained_on": [one.model_dump() for one in sources],
        "training_share": EVEN,
        **export.manifest,
    }
    searched = (one.to_line() for one in find_tuners(recipe))
    head = (f"# {config.name} {config.version}", read_notes(config.name))
    card = "\n\n".join((*head, *export.sections, *searched)) + "\n"
    return Trained(export.files, manifest, card), export, judged


def find_tuners(recipe: Recipe[Config, Data, Fitted, Judged]) -> list[Tuner[Any]]:
    """The searches among the choosers.

    Raises:
        ConfigError: See `tune.load_spaces`.
    """
    return [one for one in recipe.choosers if isinstance(one, Tuner)]


def run(recipe: Recipe[Config, Data, Fitted, Judged], folder: Path, shelf: Path, tracking_uri: str) -> Path:
    """One tracked training from the data to the shelf; returns the shelf's folder.

    Logged are parameters, data, metrics and the calibration error of each view, curves of calibration and of precision
    by recall, the held-out scores that the gate compares by, the shelf's files (card and model.yaml among them), and
    the model with signature and input example.

    Args:
        recipe: How the model is made.
        folder: The public data.
        shelf: Folder of all models.
        tracking_uri: MLflow's store.

    Raises:
        ConfigError: The tracking store does not answer, or a folder cannot be written or holds files of others.
        InputError: Data of the user's own cannot be used.
    """
    tuners = find_tuners(recipe)
    with track(recipe.config.name, tracking_uri) as tracked:
        data, sources = recipe.data(folder)
        tracked.log_params(recipe.params())
        tracked.set_sources(sources)
        trained, export, _ = train(recipe, data, sources)
        tuned = {one.name: one.to_params() for one in tuners}
        if tuned:
            tracked.log_params({"tuned": tuned if len(tuned) > 1 else next(iter(tuned.values()))})
        errors = {view: measure_calibration(export.held, view) for view in VIEWS}
        for name, figure in draw_views(export.held).items():
            tracked.log_figure(figure, name)
        written = write_shelf(trained, shelf, recipe.config)
        log_held_out(tracked, export.held)
        tracked.log_folder(written, SHELF)
        tracked.mlflow.set_tag(NOTE_TAG, read_card(written))
        model = log_shelf(tracked.mlflow, written)
        # MLflow keeps which data set a figure belongs to with a model alone, so the model is there first.
        tracked.log_metrics(export.metrics, model=model)
        known = {view: one for view, one in errors.items() if one is not None}
        tracked.log_metrics({"calibration_error": known}, model=model)
    return written


def run_command(
    parser: ArgumentParser, make_recipe: Callable[[Namespace], Recipe[Config, Data, Fitted, Judged]]
) -> None:
    """The command line of `python -m training.<name>`: read the options, train, print the card."""
    options = parser.parse_args()
    show_trained(parser, lambda: run(make_recipe(options), data_dir(), models_dir(), options.tracking_uri))
