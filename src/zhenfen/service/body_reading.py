"""What a process of `readers.Readers` does: an order a line on standard input, an answer a line on standard output."""

from __future__ import annotations

import errno
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

STATM = Path("/proc/self/statm")
N_DATA = 5
"""Place of the pages of data in STATM."""
LARGEST_SHARE = 0.75
"""Of its memory: a process that is left with more is not kept, for allocators do not give all of it back."""


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
        return Answer(tuple(frames), is_last=has_grown(memory_bytes))
    except BaseException as error:
        if is_disk_full(error):
            found = disk_full()
        elif isinstance(error, ServiceError):
            found = error
        elif isinstance(error, InputError):
            found = from_input_error(error)
        elif is_panic(error):
            found = from_input_error(not_whole(error))
        elif isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
            found = from_input_error(too_much(packed.known_as, Room(memory_bytes, wall_s=packed.limits.answer_s)))
        else:
            raise
        said = found.reply.error
        refusal = Refusal(
            found.status, found.code, found.text, tuple(found.problems)[: len(said.problems)], said.n_problems
        )
        return Answer(refusal=refusal, is_last=has_grown(memory_bytes))


def has_grown(memory_bytes: int) -> bool:
    """Whether this process holds more than LARGEST_SHARE of its memory, where the system says so."""
    try:
        pages = int(STATM.read_text(encoding="ascii").split()[N_DATA])
    except OSError:
        return False
    return pages * os.sysconf("SC_PAGE_SIZE") > LARGEST_SHARE * memory_bytes


def serve(memory_bytes: int) -> None:
    """Answer until the input ends, or this process has grown.

    Args:
        memory_bytes: What it was given.
    """
    # What a library prints is no answer.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    for line in sys.stdin.buffer:
        packed = ORDERS.validate_json(line)
        tempfile.tempdir = str(Path(packed.path).parent)
        if sys.platform != "win32":
            # The system ends a process that does not come to an end.
            signal.alarm(math.ceil(packed.limits.answer_s))
        answer = answer_to(packed, memory_bytes)
        if sys.platform != "win32":
            signal.alarm(0)
        answers.write(ANSWERS.dump_json(answer) + b"\n")
        answers.flush()
        if answer.is_last:
            return
