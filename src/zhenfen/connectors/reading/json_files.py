"""JSON documents and JSON lines as frames of texts."""

from __future__ import annotations

import codecs
import io
import json
import mmap
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from zhenfen.connectors.reading.encoding import LONGEST_LINE_BYTES, check_lines, decide_encoding, has_bom, read_utf8
from zhenfen.errors import MOST_PROBLEMS_SHOWN, Problem, UnreadableFileError

Wanted = Mapping[str, pl.DataType]

LARGEST_DOCUMENT_BYTES = 256 * 2**20
"""A document is parsed whole, at five to eight times its size in memory. Larger exports come as JSON lines."""

HEAD_BYTES = 2**20
PEEKED_ROWS = 100
MOST_DIGITS = 4_300
"""Longer integers Python does not turn into numbers unasked, for the time grows with the square; no count has ten."""
_HALF_CHARACTERS = re.compile(
    rb"\\(?:\\|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
"""Escapes that are halves of a character: crawlers that cut texts to a length cut emoji in two."""


def peek_lines(path: Path, file: str) -> dict[str, tuple[str, ...]]:
    """Field names in the first lines of a JSON-lines file, under the name ""."""
    keys: dict[str, None] = {}
    for line in decode_head(path, file).splitlines()[:PEEKED_ROWS]:
        keys.update(dict.fromkeys(_keys_of(line)))
    return {"": tuple(keys)}


def peek_document(path: Path, file: str) -> dict[str, tuple[str, ...]]:
    """Fields of the rows in a JSON document: "" names the rows of a list; an object has one table a key."""
    text = decode_head(path, file).lstrip("\ufeff \t\r\n")
    if not text.startswith("{"):
        return {"": tuple(_keys_of(text[1:].lstrip()))} if text.startswith("[") else {}
    # Top-level keys of an object, as far as the head goes, each with the fields of its first row.
    decoder, found, place = json.JSONDecoder(), {}, 1
    while (start := text.find('"', place)) >= 0:
        try:
            key, end = decoder.raw_decode(text, start)
            place = text.index(":", end) + 1
            inner = text[place:].lstrip()
            found[str(key)] = tuple(_keys_of(inner.lstrip("[ \t\r\n")))
            _, place = decoder.raw_decode(text, len(text) - len(inner))
        except (ValueError, RecursionError):
            break
    return found


def read_lines(path: Path, file: str, wanted: Wanted) -> pl.DataFrame:
    """The wanted fields of every line; a field that a line lacks is null, other fields are kept out.

    Raises:
        UnreadableFileError: With every line that is no JSON object.
    """
    check_lines(path, file, LONGEST_LINE_BYTES)
    try:
        # The parser checks UTF-8 by itself: to decode a large file twice would take as long as to parse it.
        is_plain = not has_bom(path) and not _file_holds_halves(path)
        return _parse_lines(path if is_plain else _replace_halves(read_utf8(path, "utf-8-sig")), wanted)
    except pl.exceptions.PolarsError as error:
        encoding = decide_encoding(path, file, longest_line=None)
        if encoding != "gb18030":
            raise UnreadableFileError(_bad_lines(path.read_bytes(), file, str(error))) from error
    data = _replace_halves(read_utf8(path, encoding))
    try:
        return _parse_lines(data, wanted)
    except pl.exceptions.PolarsError as error:
        raise UnreadableFileError(_bad_lines(data, file, str(error))) from error


def _file_holds_halves(path: Path) -> bool:
    if not path.stat().st_size:
        return False
    with path.open("rb") as source, mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return _holds_halves(content)


def _parse_lines(source: Path | bytes, wanted: Wanted) -> pl.DataFrame:
    return pl.read_ndjson(source, schema=dict(wanted))


def read_document(path: Path, file: str, name: str, wanted: Wanted) -> pl.DataFrame:
    """The wanted fields of the rows of a JSON document; see `peek_document` for `name`.

    Raises:
        UnreadableFileError: It is torn, too large or nested too deep, naming line and column.
    """
    if path.stat().st_size > LARGEST_DOCUMENT_BYTES:
        expected = f"a JSON document of at most {LARGEST_DOCUMENT_BYTES} bytes"
        fields = {"n": LARGEST_DOCUMENT_BYTES // 2**20}
        raise UnreadableFileError(Problem(expected, file, key="expected.small_document", fields=fields))
    data = _replace_halves(read_utf8(path, decide_encoding(path, file, longest_line=None)))
    if name == "":
        try:
            return pl.read_json(data, schema=dict(wanted)) if data.strip() != b"[]" else pl.DataFrame(schema=wanted)
        except pl.exceptions.PolarsError:
            pass  # the slower reader says where it is wrong, or copes
    document = parse_document(data, file)
    value = document if name == "" else document[name]
    rows = value if isinstance(value, list) else [value]
    strange = [
        Problem("a JSON object", file, row=number, value=json.dumps(row, ensure_ascii=False), key="expected.object")
        for number, row in enumerate(rows, 1)
        if not isinstance(row, dict)
    ]
    if strange:
        raise UnreadableFileError(strange)
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    try:
        return _parse_lines(lines, wanted) if rows else pl.DataFrame(schema=wanted)
    except pl.exceptions.PolarsError as error:
        raise UnreadableFileError(_wrong_types(file, str(error))) from error


def parse_document(data: bytes, file: str) -> Any:
    """A JSON document as Python values.

    Raises:
        UnreadableFileError: Naming line and column.
    """
    try:
        return json.loads(data)
    except json.JSONDecodeError as error:
        place = f"{error.msg} (column {error.colno})"
        raise UnreadableFileError(
            Problem("whole JSON", file, row=error.lineno, value=place, key="expected.json")
        ) from error
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(_beyond_bounds(data, file, error)) from error


def _replace_halves(data: bytes) -> bytes:
    """JSON with the mark of an unreadable character where half of one stood: parsers refuse it, or read a zero."""
    if not _holds_halves(data):
        return data
    return _HALF_CHARACTERS.sub(lambda found: rb"\ufffd" if found[1] else found[0], data)


def _holds_halves(data: bytes | mmap.mmap) -> bool:
    """Whether there may be one: whole characters are mostly written as themselves."""
    return data.find(b"\\ud") >= 0 or data.find(b"\\uD") >= 0


def _beyond_bounds(data: bytes, file: str, error: Exception, row: int | None = None) -> Problem:
    """The problem of JSON that is sound, but holds what nobody's parser takes."""
    long = re.search(rb"\d{%d}" % (MOST_DIGITS + 1), data)
    if isinstance(error, ValueError) and long:
        expected, value = f"numbers of at most {MOST_DIGITS} digits", f"{long[0][:10].decode()}…"
        row = row or data.count(b"\n", 0, long.start()) + 1
        return Problem(expected, file, row, value=value, key="expected.digits", fields={"n": MOST_DIGITS})
    return Problem("JSON that is not nested hundreds of levels deep", file, row, key="expected.shallow")


def _bad_lines(data: bytes, file: str, reason: str) -> list[Problem]:
    expected, key = "one JSON object", "expected.object"
    problems = []
    for number, line in enumerate(io.BytesIO(data), 1):
        fault = ""
        try:
            value = json.loads(line) if line.strip() else {}
            if not isinstance(value, dict):
                fault = json.dumps(value, ensure_ascii=False)
        except json.JSONDecodeError as error:
            fault = f"{error.msg} (column {error.colno})"
        except UnicodeDecodeError as error:
            fault = str(error)
        except (ValueError, RecursionError) as error:
            problems.append(_beyond_bounds(line, file, error, number))
        if fault:
            problems.append(Problem(expected, file, row=number, value=fault, key=key))
        if len(problems) > MOST_PROBLEMS_SHOWN:
            break
    return problems or [_wrong_types(file, reason)]


def _wrong_types(file: str, reason: str) -> Problem:
    expected = "fields of the types that this format has"
    return Problem(expected, file, value=" ".join(reason.split()), key="expected.types")


def decode_head(path: Path, file: str) -> str:
    """The first MiB of a text file, enough to see its headings.

    Raises:
        UnreadableFileError: In no known encoding.
    """
    with path.open("rb") as source:
        head = source.read(HEAD_BYTES)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            # Not final: the head may end within a character.
            return codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
    # Neither: this says where.
    return head.decode(decide_encoding(path, file, longest_line=None))


def _keys_of(text: str) -> Iterable[str]:
    """Keys of the JSON object that `text` begins with; none if it is cut short or something else."""
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return ()
    return value if isinstance(value, dict) else ()
