"""A preview made in a process of its own: `python -m zhenfen.connectors.preview_process`, an order on standard input.

A parser that takes all memory, never ends or aborts ends that process, and is an error of the file; whoever asked goes
on. The process has no more than `ROOM`, which the system holds it to (Windows only to the time).
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from zhenfen import errors
from zhenfen.connectors.base import Options
from zhenfen.connectors.import_map import ImportMap
from zhenfen.connectors.preview import Preview, preview_export
from zhenfen.errors import DiskFullError, InputError, Problem, UnreadableFileError
from zhenfen.files import is_disk_full, temporary_folder
from zhenfen.memory import limit_memory


@dataclass(frozen=True, slots=True)
class Room:
    """What a process that reads a file may take.

    Attributes:
        memory_bytes: The largest sheet that is read at all, 50 million cells, takes 2.7 GB; threads and the package
            itself take the rest.
        cpu_s: Of all its threads together.
        wall_s: From its start to its end.
        answer_bytes: A thousand sheets of a hundred columns with five rows are some 10 MB.
    """

    memory_bytes: int = 4 * 2**30
    cpu_s: int = 300
    wall_s: float = 300
    answer_bytes: int = 32 * 2**20


ROOM = Room()


@dataclass(frozen=True, slots=True)
class _Order:
    path: str
    room: Room
    platform: str | None
    needs_platform: bool
    frame: str
    creator_name: str | None
    import_map: ImportMap | None


@dataclass(frozen=True, slots=True)
class _Answer:
    preview: Preview | None = None
    error: str = ""
    problems: tuple[Problem, ...] = ()


_ORDERS, _ANSWERS = TypeAdapter(_Order), TypeAdapter(_Answer)


def preview_apart(path: Path, options: Options, import_map: ImportMap | None = None, room: Room = ROOM) -> Preview:
    """`preview_export` in a process of its own; `options.on_progress` is not told.

    Raises:
        InputError: As `preview_export`.
        DiskFullError: There was no room to unpack the files.
        UnreadableFileError: The process ended over the files, or took more than `room`.
    """
    said = (options.platform, options.needs_platform, options.frame, options.creator_name)
    order = _ORDERS.dump_json(_Order(str(path.absolute()), room, *said, import_map))
    # What it unpacks lies in a folder that is gone afterwards, even where the process is killed.
    with temporary_folder() as scratch:
        said_to = scratch / "answer"
        command = [sys.executable, "-m", "zhenfen.connectors.preview_process"]
        try:
            with said_to.open("wb") as sink:
                done = subprocess.run(  # noqa: S603 (our own program)
                    command,
                    input=order,
                    stdout=sink,
                    # What it says on standard error stands in the caller's log: it may be an error of ours.
                    timeout=room.wall_s,
                    check=False,
                    env={**os.environ, "TMPDIR": str(scratch)},
                )
        except subprocess.TimeoutExpired as error:
            raise too_much(path.name, room) from error
        if done.returncode == errno.ENOSPC:
            raise DiskFullError(str(scratch))
        if done.returncode != 0 or not 0 < said_to.stat().st_size <= room.answer_bytes:
            raise too_much(path.name, room)
        answer = _ANSWERS.validate_json(said_to.read_bytes())
    if answer.preview is None:
        raise getattr(errors, answer.error)(answer.problems)
    return answer.preview


def too_much(name: str, room: Room) -> UnreadableFileError:
    """What is said of a file whose process took more than `room`, or was ended by a parser."""
    fields = {"mib": room.memory_bytes >> 20, "s": int(room.wall_s)}
    expected = f"files that can be read with {fields['mib']} MiB of memory within {fields['s']} s"
    return UnreadableFileError(Problem(expected, name, key="expected.room", fields=fields))


def main() -> None:
    """Entry point."""
    order = _ORDERS.validate_json(sys.stdin.buffer.read())
    limit_memory(order.room.memory_bytes)
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (order.room.cpu_s,) * 2)
    options = Options(order.platform, order.needs_platform, order.frame, order.creator_name)
    try:
        answer = _Answer(preview_export(Path(order.path), options, order.import_map))
    except Exception as error:
        if is_disk_full(error):
            sys.exit(errno.ENOSPC)
        if not isinstance(error, InputError):
            raise
        answer = _Answer(error=type(error).__name__, problems=error.problems)
    sys.stdout.buffer.write(_ANSWERS.dump_json(answer))


if __name__ == "__main__":
    main()
