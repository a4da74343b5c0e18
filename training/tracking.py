"""What a run was: parameters, data, figures and files in MLflow. A SQLite file and a folder will do; no server."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zhenfen.errors import ConfigError
from zhenfen.estimators.manifest import TrainingSource
from zhenfen.model_registry import keep_quiet

ROOT = Path(__file__).parents[1]
LOCAL_URI = f"sqlite:///{ROOT / 'mlflow.db'}"
LOCAL_ARTIFACTS = ROOT / "mlruns"
DIGEST_CHARS = 32
"""MLflow keeps no longer ones."""


def default_uri() -> str:
    """Where to track when no option says: MLFLOW_TRACKING_URI, else mlflow.db of the checkout."""
    return os.environ.get("MLFLOW_TRACKING_URI") or LOCAL_URI


@dataclass(frozen=True)
class Run:
    """An open run of MLflow."""

    mlflow: Any

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Names and values; nested ones get dotted names."""
        self.mlflow.log_params(dict(_flatten(params)))

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Names and numbers, of a step where there are steps; nested ones get dotted names."""
        self.mlflow.log_metrics({name: float(value) for name, value in _flatten(metrics)}, step=step)

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Names and texts, such as hashes of the data."""
        self.mlflow.set_tags(dict(_flatten(tags)))

    def set_sources(self, sources: Iterable[TrainingSource]) -> None:
        """Rows, hash and terms of every data set, as inputs of the run and as tags."""
        from mlflow.data.code_dataset_source import CodeDatasetSource
        from mlflow.data.meta_dataset import MetaDataset

        sources = list(sources)
        for one in sources:
            source = CodeDatasetSource({"sha256": one.sha256})
            dataset = MetaDataset(source, one.source, one.sha256[:DIGEST_CHARS])  # type: ignore[abstract]
            self.mlflow.log_input(dataset, context="training", tags={"rows": str(one.rows), "terms": one.terms})
        self.set_tags({"data": {one.source: {"rows": one.rows, "sha256": one.sha256} for one in sources}})

    def log_figure(self, figure: Any, name: str) -> None:
        """A matplotlib figure as `figures/<name>`."""
        self.mlflow.log_figure(figure, f"figures/{name}")

    def log_folder(self, folder: Path, name: str) -> None:
        """Every file of `folder` below `name`."""
        self.mlflow.log_artifacts(str(folder), name)


@contextlib.contextmanager
def track(experiment: str, uri: str = LOCAL_URI) -> Iterator[Run]:
    """An open run in `experiment`; failed when the block raises.

    Args:
        experiment: Name; made when it is new.
        uri: Of the tracking store: sqlite:///…, or http(s)://… of a server.

    Raises:
        ConfigError: mlflow is not installed, or the store does not answer. Nothing has been trained then.
    """
    keep_quiet()
    try:
        import mlflow
    except ImportError as error:
        raise ConfigError("training is tracked by mlflow: pip install 'zhenfen[tracking]'") from error
    mlflow.set_tracking_uri(uri)
    with mlflow.start_run(experiment_id=_find_experiment(mlflow, experiment, uri)):
        yield Run(mlflow)


def _find_experiment(mlflow: Any, name: str, uri: str) -> str:
    try:
        found = mlflow.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        # Without a server the files lie beside the database; a server has a place of its own.
        is_local = uri.startswith("sqlite:///")
        place = (Path(uri.removeprefix("sqlite:///")).parent / LOCAL_ARTIFACTS.name).resolve().as_uri()
        return str(mlflow.create_experiment(name, artifact_location=place if is_local else None))
    except (mlflow.exceptions.MlflowException, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise ConfigError(f"--tracking-uri {uri}: the store does not answer ({reason}); nothing was trained") from error


def _flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
