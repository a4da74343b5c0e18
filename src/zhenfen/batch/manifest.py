"""What a folder of scores holds, and what is still missing: the file that a restart continues from."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zhenfen.errors import ConfigError
from zhenfen.files import unwritable, write_file

MANIFEST = "_manifest.json"
WORK = "_work"
"""Programs that read a folder of Parquet files pass over names that begin with an underscore."""


@dataclass
class BatchRecord:
    """The parts of a run: done, with rows and hash, or set aside, with the error. The file is written anew each time.

    Attributes:
        folder: Folder of the scores.
        made_by: What the scores depend on beside the input: kind, model, options, version.
        parts: Name → key (what the part was made of) with rows and sha256, or with error.
    """

    folder: Path
    made_by: Mapping[str, Any]
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def is_done(self, name: str, key: str) -> bool:
        """Whether the part was made of the same input and lies there whole."""
        entry = self.parts.get(name, {})
        path = self.folder / name
        return entry.get("key") == key and "sha256" in entry and path.is_file() and hash_file(path) == entry["sha256"]

    def record(self, name: str, key: str, **facts: Any) -> None:
        """Enter a part: `rows` and `sha256`, or `error`."""
        self.parts[name] = {"key": key, **facts}
        self.save()

    def keep_only(self, names: set[str]) -> None:
        """Forget parts that the input no longer has, with their scores."""
        for name in self.parts.keys() - names:
            (self.folder / name).unlink(missing_ok=True)
            del self.parts[name]

    @property
    def set_aside(self) -> dict[str, str]:
        """Name → error of the parts that could not be scored, by name."""
        return {name: entry["error"] for name, entry in sorted(self.parts.items()) if "error" in entry}

    @property
    def n_rows(self) -> int:
        """Rows that were scored."""
        return sum(entry.get("rows", 0) for entry in self.parts.values())

    def save(self) -> None:
        """Write the file whole or not at all.

        Raises:
            ConfigError: It cannot be written.
        """
        content = {"made_by": dict(self.made_by), "parts": dict(sorted(self.parts.items()))}
        write_file(self.folder / MANIFEST, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


@contextmanager
def open_manifest(folder: Path, made_by: Mapping[str, Any]) -> Iterator[BatchRecord]:
    """The manifest of a folder, begun or continued, for one process at a time.

    Raises:
        ConfigError: The folder holds files of somebody else or scores that were made otherwise, cannot be written, or
            another run works in it.
    """
    path = folder / MANIFEST
    parts: dict[str, dict[str, Any]] = {}
    with closing(_lock(folder)):
        if path.exists():
            try:
                content = json.loads(path.read_text(encoding="utf-8"))
                before, parts = content["made_by"], content["parts"]
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise ConfigError(f"{path}: expected the manifest of a batch run ({error})") from error
            for name in sorted(before.keys() | made_by.keys()):
                found, wanted = before.get(name), made_by.get(name)
                if found != wanted:
                    raise ConfigError(
                        f"{folder}: holds scores with {name} {found!r}, expected {wanted!r}; choose another folder"
                    )
        yield BatchRecord(folder, made_by, parts)


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_texts(*texts: str) -> str:
    """A short hash of texts in their order."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


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
