"""Where the scores of a run come to lie: a folder of this machine, or a store, in which nothing can be renamed.

In both a file counts once the manifest names it with its hash, and the manifest is written after it: whatever broke off
on the way there is made again.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from zhenfen.errors import ConfigError, StoreError, StoreFault
from zhenfen.files import settle, temporary_folder, unwritable, write_file
from zhenfen.stores import check_bucket, is_address, list_place, name_place, open_place, put_file, tell_fault

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

MANIFEST = "_manifest.json"
WORK = "_work"
"""Programs that read a folder of Parquet files pass over names that begin with an underscore."""
SAVED_EVERY_S = 5.0
"""A manifest is sent whole: of ten thousand files, each time, it would be more than all their scores. What a run that
is killed has not entered, it makes again."""


class ScoresPlace(ABC):
    """Files of scores by name.

    Attributes:
        work: Folder of this machine for what is made on the way.
    """

    work: Path

    @abstractmethod
    def __str__(self) -> str:
        """As it may be shown."""

    @abstractmethod
    def read_manifest(self) -> str | None:
        """Its text; None where there is none."""

    @abstractmethod
    def write_manifest(self, text: str, *, is_last: bool) -> None:
        """Write it, at the latest when it `is_last`."""

    @abstractmethod
    def keep(self, made: Path, name: str, sha256: str) -> None:
        """Give a file of the work folder its name here."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove a file if it is there."""

    @abstractmethod
    def is_there(self, name: str, sha256: str) -> bool:
        """Whether a file of this hash lies there under that name."""


class ScoresFolder(ScoresPlace):
    """A folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / WORK

    def __str__(self) -> str:
        return str(self.folder)

    def read_manifest(self) -> str | None:
        """See `ScoresPlace`."""
        path = self.folder / MANIFEST
        return path.read_text(encoding="utf-8") if path.exists() else None

    def write_manifest(self, text: str, *, is_last: bool) -> None:
        """See `ScoresPlace`; each time."""
        write_file(self.folder / MANIFEST, text)

    def keep(self, made: Path, name: str, sha256: str) -> None:
        """See `ScoresPlace`."""
        settle(made, self.folder / name)

    def remove(self, name: str) -> None:
        """See `ScoresPlace`."""
        (self.folder / name).unlink(missing_ok=True)

    def is_there(self, name: str, sha256: str) -> bool:
        """See `ScoresPlace`."""
        path = self.folder / name
        return path.is_file() and hash_file(path) == sha256


class ScoresStore(ScoresPlace):
    """A place in a store.

    Args:
        location: Its address.
        filesystem: The store.
        root: The path within it.
        work: Empty folder of this machine.
    """

    def __init__(self, location: str, filesystem: FileSystem, root: str, work: Path) -> None:
        self.location, self.filesystem, self.root, self.work = location, filesystem, root, work
        self._hashes: dict[str, str] = {}
        self._saved_at = float("-inf")

    def __str__(self) -> str:
        return name_place(self.location)

    def read_manifest(self) -> str | None:
        """See `ScoresPlace`."""
        try:
            with self._reached(), self.filesystem.open_input_stream(f"{self.root}/{MANIFEST}") as source:
                return bytes(source.read()).decode()
        except FileNotFoundError:
            return None

    def write_manifest(self, text: str, *, is_last: bool) -> None:
        """See `ScoresPlace`; now and then."""
        if is_last or time.monotonic() - self._saved_at >= SAVED_EVERY_S:
            path = self.work / MANIFEST
            write_file(path, text)
            with self._reached():
                put_file(self.filesystem, path, self.root, MANIFEST)
            self._saved_at = time.monotonic()

    def keep(self, made: Path, name: str, sha256: str) -> None:
        """See `ScoresPlace`."""
        with self._reached():
            put_file(self.filesystem, made, self.root, name)
        self._hashes[name] = sha256
        made.unlink()

    def remove(self, name: str) -> None:
        """See `ScoresPlace`."""
        self._hashes.pop(name, None)
        with self._reached(), suppress(FileNotFoundError):
            self.filesystem.delete_file(f"{self.root}/{name}")

    def is_there(self, name: str, sha256: str) -> bool:
        """See `ScoresPlace`; a file is read once in a run."""
        if name not in self._hashes:
            with self._reached(), suppress(FileNotFoundError):
                with self.filesystem.open_input_stream(f"{self.root}/{name}") as source:
                    hashed = hashlib.sha256()
                    while block := source.read(2**20):
                        hashed.update(block)
                self._hashes[name] = hashed.hexdigest()
        return self._hashes.get(name) == sha256

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except (OSError, ValueError) as error:
            fault = tell_fault(self.location, error, writing=True)
            if isinstance(fault, StoreError) and fault.fault in (StoreFault.WRITE, StoreFault.UNREACHABLE):
                fault = StoreError(fault.place, StoreFault.HALTED, fault.said)
            raise fault from None


@contextmanager
def open_scores(out: Path | str) -> Iterator[ScoresPlace]:
    """The place of the scores, with a folder to work in; a folder for one process at a time.

    Nothing locks a store: two runs of the same there write the same bytes, one of another kind is refused.

    Args:
        out: Folder or address.

    Raises:
        ConfigError: It holds files of somebody else, cannot be written, or another run works in it.
        StoreError: The same of a store.
    """
    if not is_address(str(out)):
        folder = Path(out)
        with closing(_lock(folder)):
            yield ScoresFolder(folder)
        return
    location = str(out)
    filesystem, root = open_place(location)
    try:
        check_bucket(location, filesystem, root)
        found = sorted(one.path.removeprefix(root).lstrip("/") for one in list_place(filesystem, root))
    except (OSError, ValueError) as error:
        raise tell_fault(location, error, writing=True) from None
    if found and MANIFEST not in found:
        raise StoreError(name_place(location), StoreFault.STRANGERS, found[0])
    with temporary_folder() as work:
        yield ScoresStore(location, filesystem, root, work)


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lock(folder: Path) -> sqlite3.Connection:
    """A lock that the system lets go of when the process ends, however it ends."""
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder}: expected a folder to write to, found a file")
    work = folder / WORK
    try:
        strangers = [] if not folder.exists() or work.exists() else sorted(one.name for one in folder.iterdir())
        if strangers and MANIFEST not in strangers:
            raise ConfigError(f"{folder}: expected an empty folder or one of a batch run, found {strangers[0]!r}")
        work.mkdir(parents=True, exist_ok=True)
        lock = sqlite3.connect(work / "lock", timeout=0, isolation_level=None)
        lock.execute("begin exclusive")
    except (OSError, sqlite3.DatabaseError) as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            raise ConfigError(f"{folder}: another run works in this folder") from error
        raise unwritable(folder, error) from error
    return lock
