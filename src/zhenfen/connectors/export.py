"""What somebody hands in: a file, a folder or an archive, opened safely and walked in one fixed order."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import polars as pl

from zhenfen.connectors.import_map import ImportMap
from zhenfen.connectors.reading.archive import Bounds, is_archive, unpack
from zhenfen.connectors.reading.binary_files import read_saved_at
from zhenfen.connectors.reading.files import DATA_SUFFIXES, OTHER_SUFFIXES, Sheets, peek, read
from zhenfen.connectors.reading.heading_rows import UNNAMED
from zhenfen.connectors.reading.tidy import FILE, ROW
from zhenfen.connectors.recognised import Recognised
from zhenfen.errors import InputError, Problem, UnreadableFileError
from zhenfen.files import temporary_folder

EMPTY_BYTES = 1_000
"""White space alone is never more."""
# What systems and editors leave beside the files of a person.
_LITTER = ("__MACOSX", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of one file, as texts.

    Attributes:
        label: The file, and the sheet or database table where it has several.
        columns: The columns that stand in the file; the frame may hold more, all null.
        frame: String columns, `_file` (the label) and `_row` (from 1).
        used: Column → what it was used as; grows with `pick`.
    """

    label: str
    columns: tuple[str, ...]
    frame: pl.DataFrame
    used: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Export:
    """The files of an export.

    Attributes:
        name: What the user calls it, for messages.
        root: Folder that the files lie in.
        files: Paths relative to the root, sorted.
        around: Names of the folders that the export lies in, the nearest first: it may be a part of another.
        import_map: How its sheets are to be read, where the user says so.
        used: Files that were read, and their sheets by label; grows with `read`.
        unreadable: What was wrong with files when they were peeked into, by file.
        heading_rows: File → sheet → row of the headings, from 1, where the map names it.
        columns_used: Label of a sheet that was read → its columns → what they were used as; grows with `pick`.
        recognised: File → its sheets as they were read, where that was not plain from the tool that wrote them.
    """

    name: str
    root: Path
    files: tuple[str, ...]
    around: tuple[str, ...] = ()
    import_map: ImportMap | None = None
    used: set[str] = field(default_factory=set)
    unreadable: dict[str, UnreadableFileError] = field(default_factory=dict)
    heading_rows: dict[str, dict[str, int]] = field(default_factory=dict)
    columns_used: dict[str, dict[str, str]] = field(default_factory=dict)
    recognised: dict[str, list[Recognised]] = field(default_factory=dict)
    _peeked: dict[str, Sheets] = field(default_factory=dict)

    @property
    def data_files(self) -> tuple[str, ...]:
        """The files of kinds that can hold data; pictures and logs are left alone."""
        return tuple(file for file in self.files if file.lower().endswith(DATA_SUFFIXES))

    def find_unread(self) -> list[str]:
        """What could have held data and was not read: files, and sheets of workbooks as "file:sheet"."""
        files = [file for file in self.files if file.lower().endswith((*DATA_SUFFIXES, *OTHER_SUFFIXES))]
        left = [file for file in files if file not in self.used]
        # Databases and JSON documents hold tables for a tool's own use; what people put on a sheet is meant to be read.
        books = [file for file in files if file in self.used and file.lower().endswith(".xlsx")]
        sheets = [label_sheet(book, name) for book in books for name, columns in self.sheets(book).items() if columns]
        return sorted([*left, *(sheet for sheet in sheets if sheet not in self.used)])

    def find_empty(self) -> list[str]:
        """The files that were read and hold nothing, not even headings: what a download that failed leaves."""
        small = (file for file in self.used.intersection(self.files) if self.path(file).stat().st_size < EMPTY_BYTES)
        return sorted(file for file in small if not self.path(file).read_bytes().strip(b"\xef\xbb\xbf \t\r\n"))

    def path(self, file: str) -> Path:
        """Where a file lies."""
        return self.root / file

    def sheets(self, file: str) -> Sheets:
        """The sheets of a file with their columns; empty, and noted in `unreadable`, if it cannot be opened."""
        if file not in self._peeked:
            try:
                self._peeked[file] = peek(self.path(file), file, self.heading_rows.get(file))
            except UnreadableFileError as error:
                self._peeked[file], self.unreadable[file] = {}, error
        return self._peeked[file]

    def check_opened(self) -> None:
        """Raise when files that were peeked into could not be opened.

        Raises:
            UnreadableFileError: With all of them.
        """
        problems = [problem for _, error in sorted(self.unreadable.items()) for problem in error.problems]
        if problems:
            raise UnreadableFileError(problems)

    def read(self, file: str, sheet: str, wanted: Mapping[str, pl.DataType]) -> Sheet:
        """One sheet of a file.

        Raises:
            UnreadableFileError: See `files.read`.
        """
        label = label_sheet(file, sheet)
        self.used.update((file, label))
        frame = read(self.path(file), file, sheet, wanted, self.heading_rows.get(file, {}).get(sheet))
        numbered = frame.with_columns(pl.lit(label).alias(FILE), pl.int_range(1, pl.len() + 1).alias(ROW))
        sheets = self.sheets(file)
        if sheet in sheets:
            # A column without a heading is one only where it holds something.
            held = (one for one in sheets[sheet] if not one.startswith(UNNAMED) or one in frame.columns)
            sheets[sheet] = tuple(held)
        return Sheet(label, sheets.get(sheet, ()), numbered, self.columns_used.setdefault(label, {}))

    def without(self, files: Collection[str]) -> Export:
        """The export as if these files were not there, with nothing of it read yet."""
        rest = tuple(file for file in self.files if file not in files)
        return Export(self.name, self.root, rest, self.around, self.import_map, heading_rows=self.heading_rows)

    def last_written(self, path: Path) -> datetime | None:
        """When the files that were read were last written: what workbooks say of themselves, else what the disk says.

        Args:
            path: What the user handed in; files of an archive are as old as the archive.
        """
        moments: list[datetime] = []
        for file in sorted(self.used.intersection(self.files)):
            said = read_saved_at(self.path(file)) if file.lower().endswith(".xlsx") else None
            own = self.path(file) if not is_archive(path) else path
            moments.append(said or datetime.fromtimestamp(int(own.stat().st_mtime), UTC))
        return max(moments, default=None)

    def names_of(self, file: str, sheet: str) -> list[str]:
        """Names of a sheet, its file and the folders around it, the nearest first; an archive stands for its folder."""
        inside = PurePosixPath(file)
        folders = [part.name for part in inside.parents if part.name]
        return [name for name in (sheet, inside.stem, *folders, self.name, *self.around) if name]

    def sha256(self, file: str) -> str:
        """Digest of a file's bytes."""
        with self.path(file).open("rb") as source:
            return hashlib.file_digest(source, "sha256").hexdigest()


def label_sheet(file: str, sheet: str) -> str:
    """What the rows of a sheet are listed by: its file, and the sheet where the file has several."""
    return f"{file}:{sheet}" if sheet else file


@contextlib.contextmanager
def open_export(path: Path, bounds: Bounds | None = None, import_map: ImportMap | None = None) -> Iterator[Export]:
    """Open a file, a folder, or an archive, which is unpacked to a folder that lives as long as the block.

    Args:
        path: Where it is.
        bounds: How much an archive may unpack to; default `Bounds()`.
        import_map: How its sheets are to be read, where the user says so.

    Raises:
        InputError: Nothing is there, or a folder without files.
        UnreadableFileError: The archive is unsafe, too large or torn.
    """
    if not path.exists():
        given = _readable(str(path))
        raise InputError(Problem("a file, a folder or an archive", given, key="problem.nothing_there"))
    with contextlib.ExitStack() as stack:
        root, name = path, _readable(path.name)
        if not path.is_dir() and is_archive(path):
            root = stack.enter_context(temporary_folder())
            unpack(path, root, bounds or Bounds())
        files = _list_files(root)
        if not files:
            raise InputError(
                Problem("an export with files in it", name, value="an empty folder", key="problem.empty_folder")
            )
        root = root.parent if root.is_file() else root
        if any(_readable(file) != file for file in files):
            files, root = _link(files, root, stack.enter_context(temporary_folder()))
        rows: dict[str, dict[str, int]] = {}
        for one in import_map.sheets if import_map else ():
            if one.heading_row is not None:
                rows.setdefault(one.file, {})[one.sheet] = one.heading_row
        around = tuple(_readable(folder.name) for folder in path.resolve().parents[:FOLDERS_AROUND])
        yield Export(name, root, tuple(sorted(files)), around, import_map, heading_rows=rows)


FOLDERS_AROUND = 2
"""Crawlers put a platform and a kind of file around their files; further up are the user's own folders."""


def _list_files(path: Path) -> list[str]:
    """Paths of the files in a folder, relative to it; of a file its name."""
    if path.is_file():
        return [path.name]
    found: list[str] = []
    for folder, names, files in os.walk(path):
        # What is taken out here is not walked into.
        names[:] = [one for one in names if not _is_litter(one)]
        found += [(Path(folder) / one).relative_to(path).as_posix() for one in files if not _is_litter(one)]
    return found


def _readable(name: str) -> str:
    """A file's name as text: where its bytes are no UTF-8, as Chinese Windows writes names, else with marks."""
    raw = os.fsencode(name)
    for encoding in ("utf-8", "gb18030"):
        with contextlib.suppress(UnicodeDecodeError):
            return raw.decode(encoding)
    return raw.decode(errors="replace")


def _link(files: list[str], root: Path, folder: Path) -> tuple[list[str], Path]:
    """Links in `folder` to the files under `root`, under names that are text: what reads files takes no others.

    Raises:
        UnreadableFileError: Two names would be one.
    """
    names = [_readable(file) for file in files]
    for name, file in zip(names, files, strict=True):
        link = folder / name
        link.parent.mkdir(parents=True, exist_ok=True)
        if link.is_symlink():
            raise UnreadableFileError(Problem("each name once", name, key="expected.names_once"))
        link.symlink_to((root / file).absolute())
    return names, folder


def _is_litter(name: str) -> bool:
    return name.startswith((".", "~$")) or name in _LITTER
