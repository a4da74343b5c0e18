"""Exports as they arrive when something went wrong: cut, re-encoded, renamed, torn, nested. Seeded: a number, a mutant.

A mutation changes the files of a folder and says what to hand in; it does nothing where the folder holds no file of its
kind. `MUTATIONS` names them all.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from benchmarks.export_seeds import hand_in

Mutation = Callable[[Random, Path], "Path | None"]
"""Damages the export in a folder; the path to hand in, None where the folder holds no file of its kind."""
Damage = Callable[[Random, bytes], bytes]

FARTHEST_DIGITS = 5_000
"""More than Python turns into a number unasked (4,300)."""
DEEPEST = 100_000
"""Levels of nesting: far beyond what a recursive parser has of stack."""

_TEXTS = (".csv", ".json", ".jsonl")
_ARCHIVES = (".zip", ".tar", ".gz")


def _files(folder: Path, *suffixes: str) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in (suffixes or (path.suffix,)))


def _damage(*suffixes: str) -> Callable[[Damage], Mutation]:
    """A mutation out of what is done to the bytes of one file, chosen among those with the suffixes."""

    def make(change: Damage) -> Mutation:
        def mutate(rng: Random, folder: Path) -> Path | None:
            files = _files(folder, *suffixes)
            if not files:
                return None
            path = rng.choice(files)
            path.write_bytes(change(rng, path.read_bytes()))
            return hand_in(folder)

        return mutate

    return make


# Bytes.


def _place(rng: Random, data: bytes) -> int:
    return rng.randrange(len(data) or 1)


@_damage()
def flip_bytes(rng: Random, data: bytes) -> bytes:
    """One to twenty bytes are others."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 20)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


@_damage()
def cut_end(rng: Random, data: bytes) -> bytes:
    """The download broke off."""
    return data[: _place(rng, data)]


@_damage()
def cut_out(rng: Random, data: bytes) -> bytes:
    """A piece is missing."""
    start = _place(rng, data)
    return data[:start] + data[start + rng.randint(1, 200) :]


@_damage()
def insert_bytes(rng: Random, data: bytes) -> bytes:
    """Bytes of something else stand between."""
    start = _place(rng, data)
    return data[:start] + rng.randbytes(rng.randint(1, 50)) + data[start:]


@_damage()
def blank_out(rng: Random, data: bytes) -> bytes:
    """A piece is zeros, as on a disk that lost power."""
    start = _place(rng, data)
    length = rng.randint(1, 512)
    return data[:start] + bytes(len(data[start : start + length])) + data[start + length :]


@_damage()
def empty(rng: Random, data: bytes) -> bytes:
    """Nothing was written, or white space alone."""
    return rng.choice([b"", b" \n\t\n", b"\0" * 4096])


# Encodings.


def _text(data: bytes) -> str:
    return data.decode("utf-8-sig", errors="replace")


@_damage(*_TEXTS)
def encode_otherwise(rng: Random, data: bytes) -> bytes:
    """Saved by a program with other habits."""
    encoding = rng.choice(["gb18030", "gbk", "big5", "utf-16", "utf-16-le", "utf-32", "utf-7", "latin-1", "utf-8"])
    return _text(data).encode(encoding, errors="replace")


@_damage(*_TEXTS)
def mix_encodings(rng: Random, data: bytes) -> bytes:
    """Half of it is in another encoding: files that were appended to on another machine."""
    lines = _text(data).splitlines(keepends=True)
    middle = rng.randrange(len(lines) or 1)
    first, second = rng.choice([("utf-8-sig", "gb18030"), ("gb18030", "utf-8"), ("utf-8", "utf-16-le")])
    return "".join(lines[:middle]).encode(first, "replace") + "".join(lines[middle:]).encode(second, "replace")


@_damage(*_TEXTS)
def add_marks(rng: Random, data: bytes) -> bytes:
    """Byte-order marks at the start, twice, or in the middle."""
    start = rng.choice([0, 0, _place(rng, data)])
    mark = rng.choice([b"\xef\xbb\xbf", b"\xef\xbb\xbf" * 2, b"\xff\xfe", b"\xfe\xff"])
    return data[:start] + mark + data[start:]


@_damage(*_TEXTS)
def end_lines_otherwise(rng: Random, data: bytes) -> bytes:
    """Lines end with CR, with CR LF twice, with line separators of Unicode, or not at all."""
    lines = _text(data).split("\n")
    return rng.choice(["\r", "\r\r\n", "\u2028", "\n\n", "\0\n", " "]).join(lines).encode()


# Headings and cells.


def _in_lines(change: Callable[[Random, list[str], str], list[str]]) -> Mutation:
    """A mutation of CSV out of what is done to its lines; the separator is the one of the headings."""

    def lines(rng: Random, data: bytes) -> bytes:
        text = _text(data)
        rows = text.split("\n")
        separator = max(",\t;", key=rows[0].count)
        return "\n".join(change(rng, rows, separator)).encode("utf-8-sig")

    return _damage(".csv")(lines)


@_in_lines
def change_headings(rng: Random, rows: list[str], separator: str) -> list[str]:
    """A heading is misspelt, missing, repeated, another's, or blank."""
    names = rows[0].rstrip("\r").split(separator)
    place = rng.randrange(len(names))
    name = names[place]
    kind = rng.randrange(7)
    if kind == 0:
        names[place] = name[:-1] + rng.choice("量目数x ")
    elif kind == 1:
        del names[place]
    elif kind == 2:  # noqa: PLR2004
        names[place] = rng.choice(names)
    elif kind == 3:  # noqa: PLR2004
        names.insert(place, rng.choice(["", "序号", name]))
    elif kind == 4:  # noqa: PLR2004
        names[place] = ""
    elif kind == 5:  # noqa: PLR2004
        names[place] = rng.choice([f'"{name}', f"{name}\0", f" {name}\u200b", f"{name}（万）", name * 500])
    else:
        rng.shuffle(names)
    return [separator.join(names), *rows[1:]]


@_in_lines
def add_lines_above(rng: Random, rows: list[str], separator: str) -> list[str]:
    """Titles and notes stand above the headings."""
    above = [rng.choice(["数据导出", "", "时间：2024-01-01 至 2024-01-31", '"标题' + separator, separator * 3])]
    return above * rng.randint(1, 12) + rows


@_in_lines
def tear_quotes(rng: Random, rows: list[str], separator: str) -> list[str]:
    """A quotation mark too many or too few."""
    place = rng.randrange(len(rows))
    row = rows[place]
    if '"' in row and rng.random() < 0.5:  # noqa: PLR2004
        rows[place] = row.replace('"', "", 1)
    else:
        middle = rng.randrange(len(row) + 1)
        rows[place] = row[:middle] + '"' + row[middle:]
    return rows


@_in_lines
def tear_rows(rng: Random, rows: list[str], separator: str) -> list[str]:
    """Rows are broken in two, joined, given a cell more or less, or another separator; headings stand again."""
    place = rng.randrange(len(rows))
    row = rows[place]
    middle = rng.randrange(len(row) + 1)
    rows[place] = rng.choice(
        [
            row[:middle] + "\n" + row[middle:],
            row + separator + "x",
            row.rpartition(separator)[0],
            row.replace(separator, ";" if separator == "," else ","),
            rows[0],
            row + row,
            separator * row.count(separator),
            "小计" + separator + "12",
        ]
    )
    return rows


@_in_lines
def fill_cells(rng: Random, rows: list[str], separator: str) -> list[str]:
    """A cell holds what none should: huge numbers, formulas, controls, a text without end."""
    place = rng.randrange(1, max(2, len(rows)))
    if place < len(rows):
        cells = rows[place].split(separator)
        cells[rng.randrange(len(cells))] = rng.choice(
            [
                "9" * FARTHEST_DIGITS,
                "1e309",
                "-1",
                "NaN",
                "=HYPERLINK(1)",
                "\x00\x1b[31m",
                "\u202e倒",
                "长" * 2**18,
                "9999-99-99",
                "#REF!",
            ]
        )
        rows[place] = separator.join(cells)
    return rows


# JSON.

_NUMBER = re.compile(r"(?<=: )\d+")
_STRING = re.compile(r'(?<=: )"[^"\\]*"')


def _replace_one(rng: Random, text: str, pattern: re.Pattern[str], new: str) -> str:
    found = list(pattern.finditer(text))
    if not found:
        return text
    one = rng.choice(found)
    return text[: one.start()] + new + text[one.end() :]


@_damage(".json", ".jsonl")
def change_values(rng: Random, data: bytes) -> bytes:
    """A value is a number of 5,000 digits, half a character, of another type, or none that JSON knows."""
    text = _text(data)
    pattern = rng.choice([_NUMBER, _STRING])
    new = rng.choice(
        [
            "9" * FARTHEST_DIGITS,
            r'"\ud800"',
            r'"\udc00\ud800x"',
            r'"\u0000"',
            "NaN",
            "-Infinity",
            "1e400",
            "1.5",
            "true",
            "null",
            "[1, [2]]",
            '{"a": {"b": 1}}',
            '"\x01"',
            "'x'",
            "0123",
            '"' + "长" * 2**18 + '"',
        ]
    )
    return _replace_one(rng, text, pattern, new).encode()


@_damage(".json", ".jsonl")
def nest(rng: Random, data: bytes) -> bytes:
    """A value, or all of it, lies many levels deep, or in a list or an object more."""
    text = _text(data)
    depth = rng.choice([1, 2, 300, 2_000, DEEPEST])
    opening, closing = rng.choice([("[", "]"), ('{"data":', "}")])
    closed = closing * depth if rng.random() < 0.8 else ""  # noqa: PLR2004
    if rng.random() < 0.5:  # noqa: PLR2004
        return (opening * depth + text + closed).encode()
    return _replace_one(rng, text, rng.choice([_NUMBER, _STRING]), opening * depth + "1" + closed).encode()


@_damage(".json", ".jsonl")
def break_structure(rng: Random, data: bytes) -> bytes:
    """A mark of JSON is missing or there twice; a line is none of JSON; keys are repeated or misspelt."""
    text = _text(data)
    kind = rng.randrange(5)
    if kind == 0:
        places = [place for place, char in enumerate(text) if char in '{}[],:"']
        place = rng.choice(places or [0])
        return (text[:place] + rng.choice(["", text[place : place + 1] * 2]) + text[place + 1 :]).encode()
    if kind == 1:
        lines = text.split("\n")
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(["[1]", "7", "null", '"x"', "<html>", "#"]))
        return "\n".join(lines).encode()
    if kind == 2:  # noqa: PLR2004
        return rng.choice(["[" + text, text + text, text.replace('"', "'"), "var x = " + text, "{}", "[[]]"]).encode()
    if kind == 3:  # noqa: PLR2004
        return json.dumps(rng.choice([None, 7, "x", [7], {"code": 403, "msg": "denied"}, {"data": None}])).encode()
    names = sorted(set(re.findall(r'"(\w+)":', text)))
    if not names:
        return data
    return text.replace(f'"{rng.choice(names)}":', f'"{rng.choice([*names, "x", ""])}":').encode()


# Workbooks.


def _in_members(data: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """A zip archive with changed members."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), content)
    return sink.getvalue()


@_damage(".xlsx")
def change_sheets(rng: Random, data: bytes) -> bytes:
    """Sheets are renamed, in another order, empty, hidden, or named twice."""
    kind = rng.randrange(4)

    def change(members: dict[str, bytes]) -> None:
        book = members["xl/workbook.xml"].decode()
        sheets = re.findall(r"<sheet [^>]*/>", book)
        one = rng.choice(sheets)
        if kind == 0:
            other = rng.choice(["Sheet1", "", "数据" * 40, "a/b:c", "作品", "&#x1;"])
            book = book.replace(one, re.sub(r'name="[^"]*"', f'name="{other}"', one))
        elif kind == 1:
            mixed = rng.sample(sheets, len(sheets))
            book = re.sub(r"<sheets>.*</sheets>", f"<sheets>{''.join(mixed)}</sheets>", book)
        elif kind == 2:  # noqa: PLR2004
            book = book.replace(one, "")
        else:
            name = rng.choice([name for name in members if "worksheets/sheet" in name])
            content = members[name].decode()
            members[name] = re.sub(r"<sheetData>.*</sheetData>", "<sheetData/>", content, flags=re.S).encode()
        members["xl/workbook.xml"] = book.encode()

    return _in_members(data, change)


@_damage(".xlsx")
def change_cells_of_sheets(rng: Random, data: bytes) -> bytes:
    """Cells that Excel would not write: far away, of no known kind, of a text that is not there, of no date."""

    def change(members: dict[str, bytes]) -> None:
        name = rng.choice([name for name in members if "worksheets/sheet" in name])
        content = members[name].decode()
        cells = re.findall(r"<c [^>]*>.*?</c>", content)
        if not cells:
            return
        new = rng.choice(
            [
                '<c r="XFD1048576"><v>1</v></c>',
                '<c r="ZZZZZ9"><v>1</v></c>',
                '<c r="A99999999999"><v>1</v></c>',
                '<c r="A0"><v>1</v></c>',
                '<c r="A1" t="s"><v>999999</v></c>',
                '<c r="A1" t="s"><v>-1</v></c>',
                '<c r="A2" t="e"><v>#REF!</v></c>',
                '<c r="A2" t="d"><v>never</v></c>',
                '<c r="A2" s="99999"><v>1e308</v></c>',
                '<c r="A2" t="b"><v>7</v></c>',
                '<c r="A2" t="str"><f>cmd()</f><v>x</v></c>',
                '<c r="A2" t="inlineStr"><is><t>x</t></is></c>',
                "<c><v>1</v></c>",
                "<c",
            ]
        )
        members[name] = content.replace(rng.choice(cells), new).encode()

    return _in_members(data, change)


@_damage(".xlsx")
def damage_members(rng: Random, data: bytes) -> bytes:
    """A part of a workbook is gone, cut, or no XML."""

    def change(members: dict[str, bytes]) -> None:
        name = rng.choice(sorted(members))
        kind = rng.randrange(4)
        content = members[name]
        if kind == 0:
            del members[name]
        elif kind == 1:
            members[name] = content[: rng.randrange(len(content))]
        elif kind == 2:  # noqa: PLR2004
            place = rng.randrange(len(content))
            members[name] = content[:place] + rng.randbytes(8) + content[place + 8 :]
        else:
            members[name] = b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + content

    return _in_members(data, change)


# Archives.


@_damage(".zip")
def change_zip(rng: Random, data: bytes) -> bytes:
    """Equal names, an archive in the archive, encryption, names in no encoding."""
    kind = rng.randrange(5)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    if kind == 0:
        members.append((members[0][0], members[1][1]))
    elif kind == 1:
        members.append(("more.zip", data))
    elif kind == 2:  # noqa: PLR2004
        return data.replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01")
    elif kind == 3:  # noqa: PLR2004
        members.append((rng.choice(["../x.csv", "/x.csv", "C:\\x.csv", "a\\b.csv", "x/" * 300 + "y.csv"]), b"a,b\n"))
    sink = io.BytesIO()
    method = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    with zipfile.ZipFile(sink, "w", method) as archive, warnings.catch_warnings(action="ignore"):
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), content)
    made = sink.getvalue()
    if kind == 4:  # noqa: PLR2004
        place = made.find(b"xhs/")
        return made[:place] + b"\xff\xfe\x80" + made[place + 3 :]
    return made


@_damage(".tar")
def tear_header(rng: Random, data: bytes) -> bytes:
    """The header of one member is damaged: what follows is still there."""
    headers = [place for place in range(0, len(data), 512) if data[place + 257 : place + 262] == b"ustar"]
    place = rng.choice(headers) + rng.choice([0, 100, 124, 148, 156, 257])
    return data[:place] + rng.randbytes(8) + data[place + 8 :]


@_damage(*_ARCHIVES)
def tear_in_stream(rng: Random, data: bytes) -> bytes:
    """Within what is compressed a few bytes are others."""
    place = rng.randrange(20, max(21, len(data) - 20))
    return data[:place] + rng.randbytes(rng.randint(1, 6)) + data[place + 6 :]


def compress_once_more(rng: Random, folder: Path) -> Path | None:
    """A file, or all of it, is packed as people pack: .csv.gz, an archive in an archive, another's suffix."""
    files = _files(folder)
    path = rng.choice(files)
    kind = rng.randrange(3)
    if kind == 0:
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
        path.unlink()
        return folder
    packed = folder.with_name("packed.zip")
    with zipfile.ZipFile(packed, "w") as archive:
        for one in files:
            archive.write(one, one.relative_to(folder).as_posix() if kind == 1 else f"a/b/c/{one.name}")
    return packed


# Names and folders.


def rename_files(rng: Random, folder: Path) -> Path | None:
    """A file has another suffix, a name that is no UTF-8 or very long, or was copied as "… (1)"."""
    path = rng.choice(_files(folder))
    name = rng.choice(
        [
            os.fsdecode(b"\xb4\xef\xc8\xcb" + os.fsencode(path.suffix)),
            path.stem + rng.choice([".txt", ".CSV", ".json", ".xlsx", ".parquet", ".db", ""]),
            f"{path.stem} (1){path.suffix}",
            "长" * 80 + path.suffix,
            "换\n行" + path.suffix,
            os.fsdecode(b"search_contents_\xff" + os.fsencode(path.suffix)),
            "search_contents_2025-09-05" + path.suffix,
            "creators" + path.suffix,
        ]
    )
    path.rename(path.with_name(name))
    return hand_in(folder)


def move_files(rng: Random, folder: Path) -> Path | None:
    """Pointed at a level too deep or too high, folders around, all in one folder, something else among it."""
    files = _files(folder)
    kind = rng.randrange(4)
    if kind == 0:
        return rng.choice(files).parent
    if kind == 1:
        return folder.parent
    if kind == 2:  # noqa: PLR2004
        for number, path in enumerate(files):
            path.rename(folder / f"{number}-{path.name}" if (folder / path.name).exists() else folder / path.name)
        return folder
    other = rng.choice(["notes.txt", "holiday.csv", "data.json", "old.xls", "deep/" * 40 + "x.csv", "link.csv"])
    target = folder / other
    target.parent.mkdir(parents=True, exist_ok=True)
    if other == "link.csv":
        target.symlink_to(folder / "nowhere.csv")
    else:
        target.write_bytes(rng.choice([b"", b"colour,taste\nred,sweet\n", b"{}", b'[{"a": 1}]', b"\xff\xfe\0"]))
    return folder


MUTATIONS: dict[str, dict[str, Mutation]] = {
    "bytes": {
        "flip": flip_bytes,
        "cut end": cut_end,
        "cut out": cut_out,
        "insert": insert_bytes,
        "blank": blank_out,
        "empty": empty,
    },
    "encodings": {"other": encode_otherwise, "mixed": mix_encodings, "marks": add_marks, "lines": end_lines_otherwise},
    "headings": {"headings": change_headings, "above": add_lines_above},
    "cells": {"quotes": tear_quotes, "rows": tear_rows, "cells": fill_cells},
    "nesting": {"values": change_values, "nesting": nest, "structure": break_structure},
    "sheets": {"sheets": change_sheets, "cells": change_cells_of_sheets, "members": damage_members},
    "archives": {"zip": change_zip, "tar": tear_header, "stream": tear_in_stream, "packed": compress_once_more},
    "names": {"rename": rename_files, "move": move_files},
}
"""Group → name → mutation; of those that fit an export each is as likely."""


def find_fitting(rng: Random) -> Iterator[tuple[str, Mutation]]:
    """All mutations in a random order, each with its group and name."""
    each = [(f"{group}: {name}", mutate) for group, some in MUTATIONS.items() for name, mutate in some.items()]
    rng.shuffle(each)
    yield from each
