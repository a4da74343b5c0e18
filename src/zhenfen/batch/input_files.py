"""Where the input lies: a folder, or a place that pyarrow or fsspec can read, and the Parquet files in it."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from zhenfen.batch.scores_place import hash_file
from zhenfen.errors import InputError, MissingTableError, Problem, UnreadableFileError
from zhenfen.stores import AT_ONCE, check_bucket, is_address, join_address, name_place, open_place, tell_fault

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

FOOTER_BYTES = 2**16
"""The end of a Parquet file says where each column's bytes lie, how many they are and what range they span. Of a file
far away, that would have to be fetched whole, it stands for the content, with size and time of the last change."""
HASH_CHARS = 16


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file of the input.

    Attributes:
        name: Path within the input, with slashes; the file's own name where the input is one file.
        location: Path or address of the file.
        fingerprint: Hash of its content; of one at an address, of its size, end and time of the last change.
    """

    name: str
    location: str
    fingerprint: str


def count_rows(file: InputFile) -> int:
    """Rows that a file says it has; nothing else of it is read.

    Raises:
        StoreError: The place cannot be reached.
        UnreadableFileError: No Parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    filesystem, path = open_place(file.location)
    try:
        with filesystem.open_input_file(path) as opened:
            return int(pq.ParquetFile(opened).metadata.num_rows)
    except pa.ArrowInvalid as error:
        raise UnreadableFileError(
            Problem("a whole Parquet file", name_place(file.location), value=str(error))
        ) from error
    except OSError as error:
        raise tell_fault(file.location, error) from None


def list_files(location: str) -> list[InputFile]:
    """The Parquet files of a folder or of an address, by name; hidden ones and those of other programs are left out.

    Raises:
        StoreError: The place cannot be reached, or the package that reads it is not installed.
        MissingTableError: There is no Parquet file.
        UnreadableFileError: Links lead nowhere; all of them.
    """
    import pyarrow as pa
    from pyarrow.fs import FileSelector, FileType

    filesystem, root = open_place(location)
    is_far = is_address(location)
    try:
        check_bucket(location, filesystem, root)
        if filesystem.get_file_info(root).type == FileType.File:
            found = {root.rpartition("/")[2]: root}
        else:
            infos = filesystem.get_file_info(FileSelector(root, recursive=True, allow_not_found=True))
            files = {one.path.removeprefix(root).lstrip("/"): one.path for one in infos if one.type == FileType.File}
            found = {
                name: files[name]
                for name in sorted(files)
                if name.endswith(".parquet") and not any(one.startswith((".", "_")) for one in name.split("/"))
            }
        # A link that leads nowhere is not among them, and its rows would be missing in silence.
        broken = [] if is_far else sorted(one for one in Path(root).rglob("*.parquet") if not one.exists())
        if broken:
            expected, key = "a file that can be opened", "expected.opened"
            raise UnreadableFileError([Problem(expected, str(one), value="link", key=key) for one in broken])
        with ThreadPoolExecutor(AT_ONCE) as pool:
            if is_far:
                hashes = list(pool.map(partial(_hash_end, filesystem), found.values()))
            else:
                hashes = list(pool.map(hash_file, map(Path, found.values())))
        listed = [
            InputFile(name, join_address(location, path.removeprefix(root)) if is_far else path, one[:HASH_CHARS])
            for (name, path), one in zip(found.items(), hashes, strict=True)
        ]
    except (OSError, pa.ArrowException) as error:
        raise tell_fault(location, error) from None
    if not listed:
        raise MissingTableError(Problem("at least one Parquet file", name_place(location)))
    return listed


@contextmanager
def readable(file: InputFile, work: Path) -> Iterator[Path]:
    """The file as a local one: itself, or a copy in the work folder that is gone afterwards.

    What is wrong with it is said of its own place, not of the copy's.

    Raises:
        InputError: What is read of it cannot be used.
        StoreError: The place cannot be reached.
    """
    path = Path(file.location)
    with ExitStack() as copies:
        if is_address(file.location):
            filesystem, far = open_place(file.location)
            path = Path(copies.enter_context(tempfile.TemporaryDirectory(dir=work))) / Path(file.name).name
            try:
                with filesystem.open_input_stream(far) as source, path.open("wb") as target:
                    shutil.copyfileobj(source, target)
            except OSError as error:
                raise tell_fault(file.location, error) from None
        try:
            yield path
        except InputError as error:
            problems = [
                replace(one, file=name_place(file.location)) if one.file == str(path) else one for one in error.problems
            ]
            raise type(error)(problems) from error
        except OSError as error:
            raise UnreadableFileError(
                Problem("a file that can be read", name_place(file.location), value=str(error))
            ) from error


def _hash_end(filesystem: FileSystem, path: str) -> str:
    info = filesystem.get_file_info(path)
    with filesystem.open_input_file(path) as file:
        size = file.size()
        start = max(0, size - FOOTER_BYTES)
        end = file.read_at(size - start, start)
    return hashlib.sha256(f"{size} {info.mtime_ns} ".encode() + end).hexdigest()
