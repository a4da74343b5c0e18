"""Pieces as files of this machine: a step writes one file a piece, with a block for each piece that reads it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self, TypeAlias

from zhenfen.batch.engine import Engine, Task
from zhenfen.batch.pieces import Block, Pieces, Step, do
from zhenfen.errors import ConfigError
from zhenfen.files import unwritable

FOLDER = "pieces"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A block within a file of the work folder."""

    path: str
    start: int
    size: int
    name: str

    def read(self, work: Path) -> tuple[str, bytes]:
        """Name and content."""
        with (work / self.path).open("rb") as file:
            file.seek(self.start)
            return self.name, file.read(self.size)


Placed: TypeAlias = tuple[int, Stretch]
"""Number of the piece that reads it, and where it stands."""


class LocalPieces(Pieces):
    """Blocks in files of a work folder, that an engine's tasks read and write.

    Args:
        engine: Does the tasks.
        work: Work folder.
        stretches: The blocks of each piece.
        spent: Folders that nobody reads once these pieces were worked on.
    """

    def __init__(
        self, engine: Engine, work: Path, stretches: Sequence[Sequence[Stretch]], spent: tuple[Path, ...] = ()
    ) -> None:
        self.engine = engine
        self.work = work
        self.stretches = stretches
        self.spent = spent

    @classmethod
    def open(cls, engine: Engine, work: Path, steps: Sequence[Step]) -> Self:
        """What a step for each piece makes of nothing, for this very piece; what an older run has left is gone."""
        clear(work)
        none = cls(engine, work, [()] * len(steps))
        return none._with(_sort(none._run(_new_folder(work), steps), len(steps)))

    def shuffle(self, step: Step, n_pieces: int) -> Self:
        """See `Pieces.shuffle`."""
        folder, placed = self._do(step)
        return self._with(_sort(placed, n_pieces), (folder,))

    def map(self, step: Step) -> Self:
        """See `Pieces.map`."""
        _, placed = self._do(step)
        return self._with(_sort(placed, len(self.stretches)))

    def union(self, other: Self) -> Self:
        """See `Pieces.union`."""
        together = [[*one, *two] for one, two in zip(self.stretches, other.stretches, strict=True)]
        return self._with(together, (*self.spent, *other.spent))

    def scatter(self, blocks: Iterable[Block]) -> Self:
        """See `Pieces.scatter`."""
        folder = _new_folder(self.work)
        placed = _write(self.work, folder / "spread", blocks)
        return self._with(_sort(placed, len(self.stretches)), (folder,))

    def collect(self, step: Step) -> Iterator[Block]:
        """See `Pieces.collect`; a block at a time is in memory."""
        folder, placed = self._do(step)
        for piece, stretch in placed:
            yield piece, stretch.read(self.work)
        shutil.rmtree(folder, ignore_errors=True)

    def _with(self, stretches: Sequence[Sequence[Stretch]], spent: tuple[Path, ...] = ()) -> Self:
        return type(self)(self.engine, self.work, stretches, spent)

    def _do(self, step: Step) -> tuple[Path, list[Placed]]:
        folder = _new_folder(self.work)
        placed = self._run(folder, [step] * len(self.stretches))
        for one in self.spent:
            shutil.rmtree(one, ignore_errors=True)
        return folder, placed

    def _run(self, folder: Path, steps: Sequence[Step]) -> list[Placed]:
        tasks = [
            Task(f"{piece}", partial(_work_on, piece=piece, stretches=stretches, step=step, target=folder / f"{piece}"))
            for piece, (stretches, step) in enumerate(zip(self.stretches, steps, strict=True))
        ]
        placed: list[Placed] = []
        for outcome in self.engine.run(tasks, self.work):
            if outcome.error is not None:
                raise ConfigError(f"the comments could not be grouped ({outcome.error})")
            placed += outcome.value
        return placed


def clear(work: Path) -> None:
    """Remove what is there; where a killed run's blocks stand only it knew."""
    shutil.rmtree(work / FOLDER, ignore_errors=True)


def _new_folder(work: Path) -> Path:
    try:
        (work / FOLDER).mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=work / FOLDER))
    except OSError as error:
        raise unwritable(work / FOLDER, error) from error


def _sort(placed: Iterable[Placed], n_pieces: int) -> list[list[Stretch]]:
    met: list[list[Stretch]] = [[] for _ in range(n_pieces)]
    for piece, stretch in placed:
        met[piece].append(stretch)
    return met


def _work_on(work: Path, *, piece: int, stretches: Sequence[Stretch], step: Step, target: Path) -> list[Placed]:
    """In another process: a step at a piece."""
    return _write(work, target, do(step, piece, (one.read(work) for one in stretches)))


def _write(work: Path, target: Path, blocks: Iterable[Block]) -> list[Placed]:
    path = target.relative_to(work).as_posix()
    placed = []
    try:
        with target.open("wb") as file:
            for piece, (name, content) in blocks:
                placed.append((piece, Stretch(path, file.tell(), len(content), name)))
                file.write(content)
    except OSError as error:
        # Only opening a file names it: the step's input, or the target.
        raise ConfigError(
            f"{error.filename or target}: cannot be read or written ({error.strerror or error})"
        ) from error
    return placed
