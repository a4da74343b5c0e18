"""Which encoding a text file is in, decided from its bytes; and lines of bounded length."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zhenfen.errors import Problem, UnreadableFileError

Encoding = Literal["utf-8", "utf-8-sig", "gb18030"]

CHUNK_BYTES = 4 * 2**20
LONGEST_LINE_BYTES = 16 * 2**20
"""A record of the formats read here has at most some hundred kB (an article with its HTML); 16 MiB is no record."""

_EXPECTED = "text in UTF-8, UTF-8 with BOM, or GB18030"
# Each GB18030 character of common Chinese has about one chance in seven to look like UTF-8: ten in a row, one in 10⁸.
_SURELY_UTF8_CHARS = 10


@dataclass(frozen=True, slots=True)
class _Fault:
    """Where a file stops being text of an encoding, and how many characters beyond ASCII were fine before."""

    offset: int
    byte: int
    n_wide_before: int


def decide_encoding(path: Path, file: str, longest_line: int | None = LONGEST_LINE_BYTES) -> Encoding:
    """The encoding of a whole file, read in pieces.

    Args:
        path: Where it lies.
        file: Its name in messages.
        longest_line: Most bytes in a line; None where line ends mean nothing, or were looked at before.

    Raises:
        UnreadableFileError: It is in none of the encodings, or a line is longer.
    """
    if longest_line is not None:
        check_lines(path, file, longest_line)
    fault = _find_fault(path, "utf-8")
    if fault is None:
        return "utf-8-sig" if has_bom(path) else "utf-8"
    if fault.n_wide_before < _SURELY_UTF8_CHARS and _find_fault(path, "gb18030") is None:
        return "gb18030"
    with path.open("rb") as source:
        row = source.read(fault.offset).count(b"\n") + 1
    raise UnreadableFileError(
        Problem(_EXPECTED, file, row=row, value=f"byte 0x{fault.byte:02X} at {fault.offset}", key="expected.encoding")
    )


def check_zeros(data: bytes, file: str) -> None:
    """Refuse text with zero bytes: UTF-16, or what a disk left of a file when it lost power.

    Raises:
        UnreadableFileError: Naming the line.
    """
    place = data.find(b"\0")
    if place >= 0:
        row, value = data.count(b"\n", 0, place) + 1, f"byte 0x00 at {place}"
        raise UnreadableFileError(Problem(_EXPECTED, file, row=row, value=value, key="expected.encoding"))


def has_bom(path: Path) -> bool:
    """Whether a file begins with the byte-order mark of UTF-8."""
    with path.open("rb") as source:
        return source.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8


def read_utf8(path: Path, encoding: Encoding) -> bytes:
    """The bytes of a text file as UTF-8 without a byte-order mark."""
    data = path.read_bytes()
    if encoding == "gb18030":
        return data.decode("gb18030").encode()
    return data.removeprefix(codecs.BOM_UTF8)


def check_lines(path: Path, file: str, longest_line: int) -> None:
    """Refuse a file with a line of more than `longest_line` bytes, without ever holding that line.

    Raises:
        UnreadableFileError: Naming the line.
    """
    n_open, n_lines = 0, 0
    with path.open("rb") as source:
        while chunk := source.read(min(CHUNK_BYTES, longest_line)):
            first, last = chunk.find(b"\n"), chunk.rfind(b"\n")
            n_open += len(chunk) if first < 0 else first
            if n_open > longest_line:
                row = n_lines + 1
                expected, fields = f"lines of at most {longest_line} bytes", {"n": longest_line // 2**20}
                raise UnreadableFileError(Problem(expected, file, row=row, key="expected.short_lines", fields=fields))
            if first >= 0:
                n_open = len(chunk) - last - 1
                n_lines += chunk.count(b"\n")


def _find_fault(path: Path, encoding: Encoding) -> _Fault | None:
    decoder = codecs.getincrementaldecoder(encoding)()
    offset = n_wide = 0
    with path.open("rb") as source:
        while True:
            chunk = source.read(CHUNK_BYTES)
            n_pending = len(decoder.getstate()[0])
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                sound = error.object[: error.start]
                n_wide += _count_wide(len(sound), sound.decode(encoding))
                return _Fault(offset - n_pending + error.start, error.object[error.start], n_wide)
            n_wide += _count_wide(len(chunk), text)
            offset += len(chunk)
            if not chunk:
                return None


def _count_wide(n_bytes: int, text: str) -> int:
    """At least so many characters beyond ASCII: each takes one to three bytes more than one."""
    return (n_bytes - len(text)) // 3
