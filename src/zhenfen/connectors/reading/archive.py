"""Unpacking what a stranger packed: bounded in size and number, and never outside its own folder."""

from __future__ import annotations

import lzma
import stat
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, NoReturn

from zhenfen.errors import Problem, UnreadableFileError

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")

# zipfile reports encryption as RuntimeError, unknown compression as NotImplementedError, and numbers in headers that
# lead nowhere as ValueError.
_TORN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much an archive may unpack to.

    Attributes:
        total_bytes: 4 GiB holds some ten million comments of 400 bytes, far more than one export.
        n_files: Crawlers write a few files a creator and platform; 20,000 covers a year of daily runs.
    """

    total_bytes: int = 4 * 2**30
    n_files: int = 20_000


def is_archive(path: Path) -> bool:
    """Whether the name says that `path` is an archive."""
    return path.name.lower().endswith(ARCHIVE_SUFFIXES)


def unpack(path: Path, folder: Path, bounds: Bounds) -> None:
    """Unpack the archive `path` into the empty folder `folder`.

    Raises:
        UnreadableFileError: It is torn, encrypted or no archive, holds links or paths that lead outside,
            or unpacks to more than `bounds` allow.
    """
    unpack_kind = _unpack_zip if path.name.lower().endswith(".zip") else _unpack_tar
    try:
        unpack_kind(path, folder, _Budget(path.name, bounds))
    except _TORN as error:
        value = getattr(error, "strerror", None) or str(error)
        problem = Problem("a whole zip or tar archive", path.name, value=value, key="expected.archive")
        raise UnreadableFileError(problem) from error


class _Budget:
    """Counts what has been unpacked and stops at the bounds; declared sizes are not believed."""

    def __init__(self, archive: str, bounds: Bounds) -> None:
        self.archive, self.bounds = archive, bounds
        self.n_bytes = self.n_files = 0
        self.taken: set[Path] = set()

    def place(self, folder: Path, member: str) -> Path:
        """Where the member goes, once its name is found safe."""
        self.n_files += 1
        if self.n_files > self.bounds.n_files:
            self.refuse(f"at most {self.bounds.n_files} files", member, "expected.few_files", n=self.bounds.n_files)
        # Windows programs write backslashes, and "C:" is absolute there.
        parts = PurePosixPath(member.replace("\\", "/"))
        if not parts.parts or parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0] or "\0" in member:
            self.refuse("paths inside the archive", member, "expected.inside")
        target = folder / parts
        if target in self.taken:
            # The later of two would take the place of the other.
            self.refuse("each name once", member, "expected.names_once")
        self.taken.add(target)
        return target

    def write(self, source: IO[bytes], target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as sink:
            while chunk := source.read(2**20):
                self.n_bytes += len(chunk)
                if self.n_bytes > self.bounds.total_bytes:
                    expected, n_mib = f"at most {self.bounds.total_bytes} bytes unpacked", self.bounds.total_bytes >> 20
                    self.refuse(expected, target.name, "expected.unpacked", n=n_mib)
                sink.write(chunk)

    def refuse(self, expected: str, member: str, key: str, **fields: object) -> NoReturn:
        raise UnreadableFileError(Problem(expected, self.archive, value=member, key=key, fields=fields))


def _unpack_zip(path: Path, folder: Path, budget: _Budget) -> None:
    # Chinese Windows writes names in GBK without saying so; Python would read them as code page 437.
    try:
        opened = zipfile.ZipFile(path, metadata_encoding="gb18030")
    except UnicodeDecodeError:
        opened = zipfile.ZipFile(path)
    with opened as archive:
        for member in archive.infolist():
            if member.is_dir():
                continue
            target = budget.place(folder, member.filename)
            # The upper half of external_attr is the Unix mode.
            if stat.S_ISLNK(member.external_attr >> 16):
                budget.refuse("files only, no links", member.filename, "expected.no_links")
            with archive.open(member) as source:
                budget.write(source, target)


def _unpack_tar(path: Path, folder: Path, budget: _Budget) -> None:
    with tarfile.open(path, "r:*") as archive:
        for member in archive:
            if member.isdir():
                continue
            target = budget.place(folder, member.name)
            source = archive.extractfile(member) if member.isreg() else None
            if source is None:
                budget.refuse("files only, no links or devices", member.name, "expected.no_links")
            with source:
                budget.write(source, target)
        # A torn header ends the list of members as the end of the archive does; behind that there is nothing.
        stream: Any = archive.fileobj
        stream.seek(archive.offset)
        while chunk := stream.read(2**20):
            if chunk.strip(b"\0"):
                last = archive.getnames()[-1:]
                expected, key = "nothing behind this last file; the archive is torn after it", "expected.archive_end"
                raise UnreadableFileError(Problem(expected, path.name, value="".join(last), key=key))
