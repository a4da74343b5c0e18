"""What a batch run is asked for, and how a part is scored once everything it needs is there."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from zhenfen.batch.engine import NO_TRAFFIC, Engine, Task, Traffic
from zhenfen.batch.manifest import BatchRecord, hash_file, hash_texts
from zhenfen.batch.parts import Partition, fetched
from zhenfen.errors import InputError, Problem, UnreadableFileError
from zhenfen.files import settle, unwritable, write_file
from zhenfen.progress import Progress, silent

if TYPE_CHECKING:
    from zhenfen.model_store import Models

Kind = Literal["profiles", "comments", "posts", "creators"]
SCORE, SCORES = "score", "scores"


@dataclass(frozen=True)
class Order:
    """What is to be scored, and how.

    Attributes:
        kind: profiles, comments, posts or creators.
        source: File, folder or address of the input.
        out: Folder of the scores.
        platform: Platform of profiles that name none.
        as_of: Moment that the data are read at; None for the latest there is.
        explain: Whether to list contributions.
        found_by: How creators were found of whom the tables do not say it.
    """

    kind: Kind
    source: str
    out: Path
    platform: str | None = None
    as_of: datetime | None = None
    explain: bool = False
    found_by: str | None = None


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
        parts: The files of the input.
        manifest: What is done.
        engine: Who does the tasks.
        work: Folder of what is made on the way.
        on_progress: Told of every task of every step.
    """

    order: Order
    parts: Sequence[Partition]
    manifest: BatchRecord
    engine: Engine
    work: Path
    on_progress: Progress = silent

    @property
    def input_key(self) -> str:
        """Hash of the whole input."""
        return hash_texts(*(f"{part.name} {part.fingerprint}" for part in self.parts))

    def prepare(
        self, step: str, tasks: Sequence[Task], traffic: Traffic = NO_TRAFFIC
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Do the tasks of a step before scoring: values by name, and errors by name."""
        values: dict[str, Any] = {}
        errors: dict[str, str] = {}
        self.on_progress(step, 0, len(tasks))
        for n_done, outcome in enumerate(self.engine.run(tasks, self.work, traffic), start=1):
            if outcome.error is None:
                values[outcome.name] = outcome.value
            else:
                errors[outcome.name] = outcome.error
            self.on_progress(step, n_done, len(tasks))
        return values, errors

    def make(self, outputs: Sequence[Output], broadcast: tuple[str, ...] = ()) -> None:
        """Make the outputs that are missing, and enter each in the manifest as it is done.

        Args:
            outputs: Of different tasks.
            broadcast: See `Traffic`.
        """
        missing = {one.task or one.name: one for one in outputs if not self.manifest.is_done(one.name, one.key)}
        tasks = [Task(name, partial(place, one.make, f"{SCORES}/{one.name}")) for name, one in missing.items()]
        n_done = len(outputs) - len(missing)
        self.on_progress(SCORE, n_done, len(outputs))
        for outcome in self.engine.run(tasks, self.work, Traffic(collected=(SCORES,), broadcast=broadcast)):
            output = missing[outcome.name]
            if outcome.error is not None:
                self.set_aside(output.name, output.key, outcome.error)
            else:
                rows, sha256 = outcome.value
                settle(self.work / SCORES / output.name, self.manifest.folder / output.name)
                self.manifest.record(output.name, output.key, rows=rows, sha256=sha256)
            n_done += 1
            self.on_progress(SCORE, n_done, len(outputs))

    def set_aside(self, name: str, key: str, error: str) -> None:
        """Enter an output that cannot be made; what an older input had there is gone."""
        (self.manifest.folder / name).unlink(missing_ok=True)
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
    frame.write_parquet(written)
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


@contextmanager
def readable(part: Partition, work: Path) -> Iterator[Path]:
    """The part as a local file; what is wrong with it is said of its own place, not of the copy's."""
    with fetched(part, work) as path:
        try:
            yield path
        except InputError as error:
            problems = [replace(one, file=part.location) if one.file == str(path) else one for one in error.problems]
            raise type(error)(problems) from error
        except OSError as error:
            raise UnreadableFileError(Problem("a file that can be read", part.location, value=str(error))) from error


@cache
def models() -> Models:
    """The shelf, read once in a process."""
    from zhenfen.model_store import load_models

    return load_models()
