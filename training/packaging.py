"""A shelf folder as an MLflow model: signature, example, requirements, the shelf's files, and no pickle."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from training.shelf import CARD
from training.tracking import MOST_NOTE_CHARS, NOTE_TAG, ROOT
from zhenfen.errors import ConfigError
from zhenfen.estimators.manifest import Manifest, read_manifest
from zhenfen.estimators.shelved import load_kinds
from zhenfen.scoring.frames import input_columns, open_scorer
from zhenfen.simulate import simulate
from zhenfen.tables.foreign import is_needed

SERVED = Path(__file__).parent / "served_model.py"
SHELF = "shelf"
N_EXAMPLES = 3
SEED = 1
_OUTPUTS = {pl.String: "string", pl.Float64: "double", pl.Boolean: "boolean", pl.Int64: "long"}


def log_shelf(mlflow: Any, folder: Path) -> str:
    """Log a shelf folder as a model of the open run, with the wheel that scores it; returns its URI.

    Raises:
        ConfigError: A file of it was changed, or no wheel can be built.
    """
    manifest = read_manifest(folder)
    example = make_example(manifest)
    with TemporaryDirectory() as place:
        wheel = build_wheel(Path(place))
        # MLflow names the artifact's folder after this one.
        shelf = Path(place) / SHELF
        shutil.copytree(folder, shelf)
        logged = mlflow.pyfunc.log_model(
            name=f"{manifest.name}-{manifest.version}",
            model_type=f"classifier of {load_kinds()[manifest.name].rows}",
            tags={NOTE_TAG: read_card(folder)},
            python_model=str(SERVED),
            artifacts={SHELF: str(shelf)},
            signature=make_signature(manifest, open_scorer(folder)(example, None)),
            input_example=example.to_pandas(),
            # `zhenfen` is on no package index: every environment manager installs it from the model itself.
            code_paths=[str(wheel)],
            pip_requirements=[f"code/{wheel.name}", "pandas", f"mlflow=={mlflow.__version__}"],
        )
    return str(logged.model_uri)


def build_wheel(target: Path) -> Path:
    """A wheel of the checkout in `target`: code, configs and shelf.

    Raises:
        ConfigError: hatchling is not installed, or it cannot build.
    """
    if importlib.util.find_spec("hatchling") is None:
        raise ConfigError("the wheel that serves a model is built by hatchling: pip install 'zhenfen[tracking]'")
    build = (sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(target))
    made = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    if made.returncode:
        raise ConfigError(f"{ROOT}: no wheel can be built ({made.stderr.strip().rpartition(chr(10))[2]})")
    (wheel,) = target.glob("*.whl")
    return wheel


def read_card(folder: Path) -> str:
    """The card of a shelf folder as a description; of a longer one the head, whole lines."""
    card = (folder / CARD).read_text(encoding="utf-8")
    return card if len(card) <= MOST_NOTE_CHARS else card[:MOST_NOTE_CHARS].rpartition("\n")[0]


def make_example(manifest: Manifest) -> pl.DataFrame:
    """A few rows with the columns that all of them know: MLflow writes a missing time as the text "NaT"."""
    rows = make_rows(manifest, N_EXAMPLES)
    known = [name for name in rows.columns if rows[name].null_count() == 0]
    return rows.select(known)


def make_rows(manifest: Manifest, n_rows: int) -> pl.DataFrame:
    """Rows of simulated creators with the columns that a model reads, repeated until there are `n_rows`."""
    columns = [column.name for column in input_columns(manifest)]
    if table := load_kinds()[manifest.name].table:
        rows = simulate(["burst_buyer", "comment_farm", "sponsored_heavy"], seed=SEED).tables[table].select(columns)
    else:
        ids = pl.DataFrame({columns[0]: [f"creator {number}" for number in range(N_EXAMPLES)]})
        rows = ids.with_columns(pl.lit(None, dtype=pl.Float64).alias(name) for name in columns[1:])
    return pl.concat([rows] * (n_rows // rows.height + 1)).head(n_rows)


def make_signature(manifest: Manifest, scores: pl.DataFrame) -> Any:
    """What the model reads and gives.

    Counts, flags and times are of any type: where some are unknown, pandas makes floats of counts and objects of flags,
    and MLflow's own types would refuse one or the other. `tables.foreign` checks them.
    """
    from mlflow.models import ModelSignature
    from mlflow.types.schema import AnyType, ColSpec, ParamSchema, ParamSpec, Schema

    columns = input_columns(manifest)
    kinds = {
        column.name: "string" if column.dtype == pl.String else AnyType()  # type: ignore[no-untyped-call]
        for column in columns
    }
    return ModelSignature(
        Schema([ColSpec(kinds[column.name], column.name, required=is_needed(column, columns)) for column in columns]),
        Schema([ColSpec(_OUTPUTS[type(dtype)], name) for name, dtype in scores.schema.items()]),
        ParamSchema([ParamSpec("as_of", "string", "")]),
    )
