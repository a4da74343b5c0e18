"""What a run was: parameters, data, figures and files in MLflow. A SQLite file and a folder will do; no server."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import polars as pl

from training.shelf import TrainingFile, find_commit
from zhenfen.errors import ConfigError
from zhenfen.model_registry import keep_quiet, root_cause
from zhenfen.shelf import TrainingSource

ROOT = Path(__file__).parents[1]
LOCAL_URI = f"sqlite:///{ROOT / 'mlflow.db'}"
LOCAL_ARTIFACTS = ROOT / "mlruns"
DIGEST_CHARS = 36
"""MLflow keeps no longer ones."""
COMMIT_TAG = "git_commit"
NOTE_TAG, MOST_NOTE_CHARS = "mlflow.note.content", 5_000
"""Where MLflow keeps what its pages show as a description, and the longest that its tables of models take."""
PACKAGES = "packages.txt"


def default_uri() -> str:
    """Where to track when no option says: MLFLOW_TRACKING_URI, else mlflow.db of the checkout."""
    return os.environ.get("MLFLOW_TRACKING_URI") or LOCAL_URI


@dataclass(frozen=True)
class Run:
    """An open run of MLflow.

    Attributes:
        mlflow: The package.
        datasets: Name of a source → its data set, of those told so far.
    """

    mlflow: Any
    datasets: dict[str, Any] = field(default_factory=dict)

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Names and values; nested ones get dotted names, lists are JSON."""
        said = dict(_flatten(params))
        lists = {name: one for name, one in said.items() if isinstance(one, list | tuple)}
        self.mlflow.log_params({**said, **{name: json.dumps(one, ensure_ascii=False) for name, one in lists.items()}})

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None, model: str | None = None) -> None:
        """Names and numbers, of a step where there are steps; nested ones get dotted names.

        One whose name holds that of a data set belongs to it, which MLflow keeps with `model`, the URI of a logged one.
        """
        model_id = model and model.removeprefix("models:/")
        numbers = {name: float(value) for name, value in _flatten(metrics)}
        for source, dataset in self.datasets.items():
            mine = {name: numbers.pop(name) for name in list(numbers) if f".{source}." in f".{name}."}
            if mine:
                self.mlflow.log_metrics(mine, step=step, model_id=model_id, dataset=dataset)
        self.mlflow.log_metrics(numbers, step=step, model_id=model_id)

    def set_sources(self, sources: Iterable[TrainingSource]) -> None:
        """Rows, hash and terms of every data set, as inputs of the run and as tags."""
        sources = list(sources)
        for one in sources:
            self.datasets[one.source] = _make_dataset(one)
            # MLflow keeps a data set once; what a run took of it stands with the run.
            tags = {"rows": str(one.rows), "sha256": one.sha256, "terms": one.terms}
            self.mlflow.log_input(self.datasets[one.source], context="training", tags=tags)
        said = {one.source: {"rows": one.rows, "sha256": one.sha256, "terms": one.terms} for one in sources}
        self.mlflow.set_tags(dict(_flatten({"data": said})))

    def log_figure(self, figure: Any, name: str) -> None:
        """A matplotlib figure as `figures/<name>`."""
        self.mlflow.log_figure(figure, f"figures/{name}")

    def log_file(self, path: Path, name: str) -> None:
        """A file below `name`."""
        self.mlflow.log_artifact(str(path), name)

    def log_text(self, text: str, name: str) -> None:
        """A text as a file."""
        self.mlflow.log_text(text, name)

    def log_folder(self, folder: Path, name: str) -> None:
        """Every file of `folder` below `name`."""
        self.mlflow.log_artifacts(str(folder), name)


@contextlib.contextmanager
def track(experiment: str, uri: str = LOCAL_URI) -> Iterator[Run]:
    """An open run in `experiment` that names the commit and the installed packages; failed when the block raises.

    Args:
        experiment: Name; made when it is new.
        uri: Of the tracking store: sqlite:///…, or http(s)://… of a server.

    Raises:
        ConfigError: mlflow is not installed, or the store or its files cannot be written: before the block, and nothing
            was trained; or within it.
    """
    keep_quiet()
    try:
        import mlflow
    except ImportError as error:
        raise ConfigError("training is tracked by mlflow: pip install 'zhenfen[tracking]'") from error
    mlflow.set_tracking_uri(uri)
    try:
        active = _start(mlflow, experiment, uri)
    except (mlflow.exceptions.MlflowException, OSError) as error:
        told = f"--tracking-uri {uri}: the store does not answer ({root_cause(error)}); nothing was trained"
        raise ConfigError(told) from error
    try:
        with active:
            yield Run(mlflow)
    except mlflow.exceptions.MlflowException as error:
        told = f"--tracking-uri {uri}: the store stopped answering ({root_cause(error)}); the run is not whole"
        raise ConfigError(told) from error


def _start(mlflow: Any, experiment: str, uri: str) -> Any:
    """An active run that holds its first file: what cannot be kept is told of before anything is trained."""
    found = mlflow.get_experiment_by_name(experiment)
    if found is not None:
        experiment_id = str(found.experiment_id)
    else:
        # Without a server the files lie beside the database; a server has a place of its own.
        is_local = uri.startswith("sqlite:///")
        place = (Path(uri.removeprefix("sqlite:///")).parent / LOCAL_ARTIFACTS.name).resolve().as_uri()
        experiment_id = str(mlflow.create_experiment(experiment, artifact_location=place if is_local else None))
    active = mlflow.start_run(experiment_id=experiment_id)
    try:
        mlflow.set_tag(COMMIT_TAG, find_commit())
        mlflow.log_text("\n".join(sorted(f"{one.name}=={one.version}" for one in distributions())), PACKAGES)
    except BaseException:
        mlflow.end_run("FAILED")
        raise
    return active


def _make_dataset(source: TrainingSource) -> Any:
    """A data set as MLflow keeps it: name, hash, number of rows, a file's place and columns, and none of its rows."""
    from mlflow.data import polars_dataset, sources
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.meta_dataset import MetaDataset

    class Counted(MetaDataset):
        @property
        def profile(self) -> dict[str, int]:
            return {"num_rows": source.rows}

        def to_dict(self) -> dict[str, str]:
            return {**super().to_dict(), "profile": json.dumps(self.profile)}

    if not isinstance(source, TrainingFile):
        origin = CodeDatasetSource({"sha256": source.sha256, "terms": source.terms})
        return Counted(origin, source.source, source.sha256[:DIGEST_CHARS])
    is_parquet = source.path.suffix == ".parquet"
    columns = pl.read_parquet_schema(source.path) if is_parquet else pl.read_csv(source.path, n_rows=0).schema
    place = sources.LocalArtifactDatasetSource(source.path.resolve().as_uri())  # type: ignore[attr-defined]
    schema = polars_dataset.infer_schema(pl.DataFrame(schema=columns))
    return Counted(place, source.source, source.sha256[:DIGEST_CHARS], schema)


def _flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
