"""A registry in a SQLite file with two versions of an audience model that differ in their version number only."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import yaml
from training.held_out import SCHEMA, log_held_out
from training.packaging import log_shelf
from training.shelf import hash_file
from training.tracking import track

from zhenfen.config import models_dir
from zhenfen.estimators.manifest import read_manifest
from zhenfen.estimators.shelved import load_folder
from zhenfen.model_registry import HASH_TAG, LABEL_TAG, Registry, keep_quiet
from zhenfen.shelf import FILE_NAME

SHIPPED = models_dir() / "audience" / "2"


@dataclass(frozen=True)
class Store:
    """A store, and the shelf folders of its versions 1 and 2.

    Attributes:
        uri: Of the store.
        folders: Shelf folders, oldest first.
        files: Folder of all artifacts.
    """

    uri: str
    folders: tuple[Path, ...]
    files: Path

    def registry(self) -> Registry:
        return Registry(self.uri)


def make_variant(folder: Path, version: int) -> Path:
    """A copy of the shipped audience model with another version number."""
    target = folder / "audience" / str(version)
    shutil.copytree(SHIPPED, target)
    said = yaml.safe_load((target / FILE_NAME).read_text("utf-8"))
    (target / FILE_NAME).write_text(yaml.safe_dump({**said, "version": version}), "utf-8")
    return target


def make_held(n: int = 400, noise: float = 0.25, seed: int = 1) -> pl.DataFrame:
    """Held-out scores of rows on two platforms: the label and noise; calibrated only by chance."""
    rng = np.random.default_rng(seed)
    fake = np.arange(n) % 2
    scores = np.clip(0.5 + 0.35 * (2 * fake - 1) + rng.normal(0, noise, n), 0.01, 0.99)
    rows = pl.DataFrame({"row": [f"r{number}" for number in range(n)], "is_fake": fake})
    rows = rows.with_columns(
        pl.Series("within", scores),
        source=pl.when(pl.int_range(pl.len()) < n // 2).then(pl.lit("one")).otherwise(pl.lit("two")),
        size=pl.Series(rng.integers(1, 100_000, n)),
        twin="row",
    )
    rows = rows.with_columns(platform=pl.when(pl.col("source") == "one").then(pl.lit("weibo")).otherwise(pl.lit("x")))
    return rows.with_columns(across="within").select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())


def add_run(store: Path, folder: Path, held: pl.DataFrame | None) -> str:
    """A run of the experiment audience that made `folder`; returns its id."""
    with track("audience", f"sqlite:///{store}") as run:
        run.log_folder(folder, "shelf")
        if held is not None:
            log_held_out(run, held)
        return str(run.mlflow.active_run().info.run_id)


def build_store(place: Path) -> Store:
    """Two registered versions, none champion; each with its run."""
    keep_quiet()
    import mlflow

    path = place / "mlflow.db"
    folders = (make_variant(place / "shelf", 1), make_variant(place / "shelf", 2))
    for folder in folders:
        run_id = add_run(path, folder, make_held())
        with mlflow.start_run(run_id=run_id):
            model_uri = log_shelf(mlflow, folder)
        tags = {HASH_TAG: hash_file(folder / FILE_NAME), LABEL_TAG: load_folder(folder).version}
        mlflow.register_model(model_uri, f"zhenfen-{read_manifest(folder).name}", tags=tags)
    return Store(f"sqlite:///{path}", folders, place / "mlruns")


def copy_store(store: Store, place: Path) -> Store:
    """The same with a database of its own; the artifacts are shared."""
    path = place / "mlflow.db"
    shutil.copyfile(store.uri.removeprefix("sqlite:///"), path)
    return Store(f"sqlite:///{path}", store.folders, store.files)
