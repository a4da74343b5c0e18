"""A process of `readers.Readers`: `python -m zhenfen.service.read_process BYTES`, an order a line on standard input.

It has so many bytes of memory, and for each body as long as an answer may take; the system ends it where it wants more.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
import tempfile
from pathlib import Path

import polars as pl
import pyarrow.parquet  # noqa: F401 (loaded for what follows)

from zhenfen.connectors.preview_process import Room, too_much
from zhenfen.errors import InputError, is_panic
from zhenfen.files import is_disk_full
from zhenfen.service.errors import ServiceError, disk_full, from_input_error
from zhenfen.service.exports import PackedExport, unpack_export
from zhenfen.service.packed_rows import PackedRows, not_whole, read_packed
from zhenfen.service.readers import ANSWERS, ORDERS, READ, Answer, Refusal

LARGEST_BYTES = 2**30
"""A process that once held more is not kept: not all of it is given back."""
FIRST_TO_GO = "1000"
"""Where a machine runs out of memory its system ends this process, not the service."""


def read(packed: PackedRows | PackedExport) -> dict[str, pl.DataFrame]:
    """The tables of a body, by name.

    Raises:
        InputError: It cannot be used.
        ServiceError: It holds too much, or values that cannot be used.
    """
    if isinstance(packed, PackedRows):
        return {packed.table: read_packed(packed)}
    return dict(unpack_export(packed).frames)


def answer_to(packed: PackedRows | PackedExport, memory_bytes: int) -> Answer:
    """Read a body; its tables lie in READ beside it afterwards."""
    folder = Path(packed.path).parent / READ
    try:
        frames = read(packed)
        folder.mkdir()
        for name, frame in frames.items():
            frame.write_ipc(folder / name)
        return Answer(tuple(frames), is_last=has_grown())
    except BaseException as error:
        if is_disk_full(error):
            found = disk_full()
        elif isinstance(error, ServiceError):
            found = error
        elif isinstance(error, InputError):
            found = from_input_error(error)
        elif is_panic(error):
            found = from_input_error(not_whole(error))
        elif isinstance(error, MemoryError):
            found = from_input_error(too_much(packed.known_as, Room(memory_bytes, wall_s=packed.limits.answer_s)))
        else:
            raise
        said = found.reply.error
        refusal = Refusal(
            found.status, found.code, found.text, tuple(found.problems)[: len(said.problems)], said.n_problems
        )
        return Answer(refusal=refusal, is_last=has_grown())


def has_grown() -> bool:
    """Whether this process once held more than LARGEST_BYTES."""
    if sys.platform == "win32":
        return False
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most * (1 if sys.platform == "darwin" else 1024) > LARGEST_BYTES


def main() -> None:
    """Entry point."""
    memory_bytes = int(sys.argv[1])
    if sys.platform != "win32":
        import resource

        # Not the address space, which threads and allocators reserve without using it.
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO, encoding="ascii")
    # What a library prints is no answer.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    for line in sys.stdin.buffer:
        packed = ORDERS.validate_json(line)
        tempfile.tempdir = str(Path(packed.path).parent)
        if sys.platform != "win32":
            signal.alarm(math.ceil(packed.limits.answer_s))
        answer = answer_to(packed, memory_bytes)
        if sys.platform != "win32":
            signal.alarm(0)
        answers.write(ANSWERS.dump_json(answer) + b"\n")
        answers.flush()
        if answer.is_last:
            return


if __name__ == "__main__":
    main()
