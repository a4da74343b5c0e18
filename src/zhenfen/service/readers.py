"""Processes that read what clients send and that is no JSON: a parser that gives up takes none of the service with it.

They stay warm, so that a body costs its own reading alone. Arrow's, Parquet's, spreadsheets' and databases' parsers run
there; JSON is read in the service, within `Limits.json_bytes`.
"""

from __future__ import annotations

import contextlib
import queue
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from pydantic import TypeAdapter

from zhenfen.connectors.preview_process import ROOM, Room, too_much
from zhenfen.errors import Problem
from zhenfen.memory import find_memory
from zhenfen.service.errors import ServiceError
from zhenfen.service.exports import PackedExport
from zhenfen.service.packed_rows import PackedRows

MOST_READERS = 4
"""Reading takes a fraction of the time that scoring takes: more would wait for work."""
READ = "read"
"""Folder of what was read, beside the body."""
PROGRAM = (sys.executable, "-m", "zhenfen.service.read_process")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A `ServiceError` that travels."""

    status: int
    code: str
    text: str
    problems: tuple[Problem, ...]
    n_problems: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a body: names of the frames that lie in READ, or why there are none.

    `is_last` says that the process ends: it has grown.
    """

    names: tuple[str, ...] = ()
    refusal: Refusal | None = None
    is_last: bool = False


ORDERS: TypeAdapter[PackedRows | PackedExport] = TypeAdapter(PackedRows | PackedExport)
ANSWERS = TypeAdapter(Answer)


class Readers:
    """The processes of one service, as many as threads wait for one at once; they start when they are first needed."""

    def __init__(self) -> None:
        self.memory_bytes = min(ROOM.memory_bytes, find_memory() // 2)
        self._idle: queue.SimpleQueue[subprocess.Popen[bytes]] = queue.SimpleQueue()

    def read(self, packed: PackedRows | PackedExport) -> dict[str, pl.DataFrame]:
        """The tables that a body holds.

        Raises:
            UnreadableFileError: The process died over it, for want of memory or time, or because a parser aborted.
            ServiceError: It cannot be used.
        """
        process = self._take()
        assert process.stdin is not None
        assert process.stdout is not None
        answer: Answer | None = None
        try:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(ORDERS.dump_json(packed) + b"\n")
                process.stdin.flush()
                said = process.stdout.readline()
                answer = ANSWERS.validate_json(said) if said.endswith(b"\n") else None
        finally:
            if answer is not None and not answer.is_last:
                self._idle.put(process)
            else:
                _end(process)
        if answer is None:
            if process.returncode > 0:
                raise RuntimeError(f"a process that reads bodies ended with {process.returncode}")
            raise too_much(packed.known_as, Room(self.memory_bytes, wall_s=packed.limits.answer_s))
        if (refusal := answer.refusal) is not None:
            raise ServiceError(
                refusal.status, refusal.code, refusal.text, refusal.problems, n_problems=refusal.n_problems
            )
        folder = Path(packed.path).parent / READ
        return {name: pl.read_ipc(folder / name) for name in answer.names}

    def close(self) -> None:
        """End those that wait; one that reads ends when it is done."""
        with contextlib.suppress(queue.Empty):
            while True:
                process = self._idle.get_nowait()
                process.kill()
                _end(process)

    def _take(self) -> subprocess.Popen[bytes]:
        with contextlib.suppress(queue.Empty):
            # One that ended while it waited is no loss: another begins.
            while (process := self._idle.get_nowait()).poll() is not None:
                _end(process)
            return process
        # In a session of its own it does not hear a Ctrl+C that is meant for the service; it ends with its input.
        command = [*PROGRAM, str(self.memory_bytes)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)  # noqa: S603 (our own program)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close what leads to a process and wait for its end."""
    for pipe in (process.stdin, process.stdout):
        # What was not written to one that died is still to be flushed.
        with contextlib.suppress(BrokenPipeError):
            if pipe is not None:
                pipe.close()
    process.wait()
