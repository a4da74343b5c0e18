"""What the stages of a batch run share: the order, the outputs to make, the run under way, files of its work folder."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from zhenfen.batch.engine import NO_TRAFFIC, Engine, Outcome, Task, Traffic
from zhenfen.batch.input_files import InputFile
from zhenfen.batch.manifest import BatchRecord, hash_texts
from zhenfen.batch.scores_place import hash_file
from zhenfen.files import settle, unwritable, write_file
from zhenfen.progress import Progress, silent

if TYPE_CHECKING:
    from zhenfen.model_store import Models
    from zhenfen.text.brands import BrandBook

Kind = Literal["profiles", "comments", "posts", "creators"]
AROUND = "around"
"""Folder of the work folder that every output is scored beside: what all creators show together."""


@dataclass(frozen=True)
class Order:
    """What is to be scored, and how.

    Attributes:
        kind: profiles, comments, posts or creators.
        source: File, folder or address of the input.
        out: Folder of the scores, or its address.
        platform: Platform of profiles and posts that name none.
        as_of: Moment that the data are read at; None for the latest there is.
        explain: Whether to list contributions.
        found_by: How creators were found of whom the tables do not say it.
        is_quick: Posts by their letters alone: the encoder is not asked.
        brands: Dictionary of the brands to name in posts; None for no names.
    """

    kind: Kind
    source: str
    out: Path | str
    platform: str | None = None
    as_of: datetime | None = None
    explain: bool = False
    found_by: str | None = None
    is_quick: bool = False
    brands: BrandBook | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """A file of the result to make.

    Attributes:
        name: Its path within the folder of the scores.
        key: Hash of what it is made of.
        make: Called in another process with the path to write and the work folder; returns its number of rows.
        task: Name of the tasks whose files it is made of; default its own.
    """

    name: str
    key: str
    make: Callable[[Path, Path], int]
    task: str | None = None


@dataclass(frozen=True)
class BatchRun:
    """A run under way.

    Attributes:
        order: What is to be scored, and how.
        files: Those of the input.
        manifest: What is done.
        engine: Who does the tasks.
        work: Folder of what is made on the way.
        on_progress: Told of every task of every step.
    """

    order: Order
    files: Sequence[InputFile]
    manifest: BatchRecord
    engine: Engine
    work: Path
    on_progress: Progress = silent

    @property
    def input_key(self) -> str:
        """Hash of the whole input."""
        return hash_texts(*(f"{one.name} {one.fingerprint}" for one in self.files))

    def map(
        self, step: str, tasks: Sequence[Task], traffic: Traffic = NO_TRAFFIC, n_before: int = 0
    ) -> Iterator[Outcome]:
        """Do the tasks of a step, telling of each; outcomes as they come.

        Args:
            step: What it is called where progress is shown.
            tasks: Of different names.
            traffic: Which files go where.
            n_before: How many tasks of the step were done by an earlier run.
        """
        n_tasks = n_before + len(tasks)
        self.on_progress(step, n_before, n_tasks)
        for n_done, outcome in enumerate(self.engine.run(tasks, self.work, traffic), start=n_before + 1):
            yield outcome
            self.on_progress(step, n_done, n_tasks)

    def collect(
        self, step: str, tasks: Sequence[Task], traffic: Traffic = NO_TRAFFIC
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Do the tasks of a step: values by name, and errors by name."""
        values: dict[str, Any] = {}
        errors: dict[str, str] = {}
        for outcome in self.map(step, tasks, traffic):
            if outcome.error is None:
                values[outcome.name] = outcome.value
            else:
                errors[outcome.name] = outcome.error
        return values, errors

    def set_aside(self, name: str, key: str, error: str) -> None:
        """Enter an output that cannot be made; what an older input had there is gone."""
        self.manifest.scores.remove(name)
        self.manifest.record(name, key, error=error)


def place(make: Callable[[Path, Path], int], name: str, work: Path) -> tuple[int, str]:
    """Make a file of the work folder under a name of its own and give it its name when it is whole.

    Returns:
        Its rows and its hash.

    Raises:
        ConfigError: It cannot be written.
    """
    with scratch(work) as folder:
        made = folder / Path(name).name
        rows = make(made, work)
        sha256 = hash_file(made)
        settle(made, work / name)
    return rows, sha256


def write_whole(frame: pl.DataFrame, path: Path) -> None:
    """Write a Parquet file that takes its name when it is whole.

    Raises:
        ConfigError: It cannot be written.
    """
    # Written by Python, for polars has errors of its own for a full disk, which is to end the run.
    written = io.BytesIO()
    # To be read once or twice and removed: half the time of the default, for a fourth more room.
    frame.write_parquet(written, compression="lz4", statistics=False)
    write_file(path, written.getvalue())


@contextmanager
def scratch(work: Path) -> Iterator[Path]:
    """A folder for one task alone, gone afterwards.

    Raises:
        ConfigError: It cannot be made.
    """
    try:
        folder = Path(tempfile.mkdtemp(dir=work))
    except OSError as error:
        raise unwritable(work, error) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@cache
def models() -> Models:
    """The shelf, read once in a process."""
    from zhenfen.model_store import load_models

    return load_models()
