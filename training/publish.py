"""The last steps of every training of a model: judge, track, and put on the shelf."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from training.figures import draw_views
from training.held_out import VIEWS, log_held_out, measure_calibration
from training.packaging import SHELF, log_shelf
from training.shelf import ShelfPlace, Trained, write_shelf
from training.tracking import Run


def publish(
    tracked: Run, trained: Trained, held: pl.DataFrame, metrics: Mapping[str, Any], *, shelf: Path, place: ShelfPlace
) -> Path:
    """Put a trained model on the shelf, and with the open run everything that it is judged by; returns the folder.

    Logged are the metrics and the calibration error of each view, curves of calibration and of precision by recall, the
    held-out scores that the gate compares by, the shelf's files (card and model.yaml among them), and the model with
    signature and input example.

    Args:
        tracked: The run.
        trained: What was trained.
        held: `held_out.SCHEMA`.
        metrics: Names and numbers; nested ones get dotted names.
        shelf: Folder of all models.
        place: Name, version and seed.

    Raises:
        ConfigError: The shelf's folder cannot be written or holds files of others.
    """
    errors = {view: measure_calibration(held, view) for view in VIEWS}
    tracked.log_metrics(metrics)
    tracked.log_metrics({"calibration_error": {view: one for view, one in errors.items() if one is not None}})
    for name, figure in draw_views(held).items():
        tracked.log_figure(figure, name)
    written = write_shelf(trained, shelf, place)
    log_held_out(tracked, held)
    tracked.log_folder(written, SHELF)
    log_shelf(tracked.mlflow, written)
    return written
