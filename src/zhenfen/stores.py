"""Places on other machines: s3://, gs://, hdfs:// and what fsspec knows.

What is read there is copied to this machine first, what is written goes there when it is whole. What is said of such a
place never holds a key: an address is shown without the part before @ and without what stands behind the question mark.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from zhenfen.errors import DiskFullError, StoreError, StoreFault
from zhenfen.files import check_replaceable, is_disk_full, settle, temporary_folder
from zhenfen.s3 import CHECK, SECRETS, WORK, Patience, open_s3

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo, FileSystem

AT_ONCE = 8
"""Files on their way at once: of a file far away nearly all of the time is waiting."""
GCS_RETRY_SECONDS = 30
"""How long Google's client asks again where nobody answers; its own default is a quarter of an hour."""
FOLDERS_AROUND = 2
"""As many folders around a copy have the names they have there: crawlers put the platform into them."""
_BUCKETS = ("s3", "gcs")
"""Kinds of stores whose first part of a path must be there before anything is read or written; some servers make it."""
_REFUSED = re.compile(
    r"access.?denied|signature.?does.?not.?match|invalid.?access.?key|invalid.?client.?token|forbidden|unauthori[sz]ed"
    r"|permission denied|\b40[13]\b",
    re.IGNORECASE,
)
_NO_BUCKET = re.compile(r"no.?such.?bucket|bucket (?:does not exist|not found)", re.IGNORECASE)
_SILENT = re.compile(r"network.?connection|could.?n.t connect|connection refused|timed? ?out", re.IGNORECASE)
_STAGED = ".zhenfen-"
"""How the folder of a store is called that holds files on their way; readers leave out what begins with a point."""


def is_address(location: str) -> bool:
    """Whether it names another place than this machine's files: s3://, gs://, hdfs:// and the like."""
    return "://" in location


def name_place(location: str) -> str:
    """A path or address as it may be shown and written down: without keys and options."""
    if not is_address(location):
        return location
    scheme, _, rest = location.partition("://")
    authority, slash, path = rest.partition("?")[0].partition("/")
    # A key may hold a slash: what looks like the host is then a name and half of a key.
    if "@" in path and re.search(r":(?!\d+$)", authority):
        return f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}"
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


def join_address(location: str, name: str) -> str:
    """The address of a file within the place `location`, with the options that it has."""
    bare, mark, options = location.partition("?")
    if location.startswith("s3://"):
        # Such as Spark writes into the names of partitions.
        for character in "%?#":
            name = name.replace(character, f"%{ord(character):02X}")
    return f"{bare.rstrip('/')}/{name.lstrip('/')}{mark}{options}" if name else location


def open_place(location: str, patience: Patience = WORK) -> tuple[FileSystem, str]:
    """The file system of a path or address, and the path within it.

    Args:
        location: Path or address.
        patience: How long a store that speaks S3 is waited for.

    Raises:
        StoreError: The place cannot be reached, or the package that reads it is not installed.
    """
    import pyarrow as pa
    from pyarrow import fs

    if not is_address(location):
        return fs.LocalFileSystem(), str(Path(location).resolve())
    asked = location
    if location.startswith(("gs://", "gcs://")) and "retry_limit_seconds" not in location:
        asked += f"{'&' if '?' in location else '?'}retry_limit_seconds={GCS_RETRY_SECONDS}"
    try:
        if location.startswith("s3://"):
            return open_s3(location, patience)
        filesystem, path = fs.FileSystem.from_uri(asked)
    except pa.ArrowInvalid as error:
        if location.startswith(("s3://", "gs://", "gcs://", "hdfs://")):
            raise tell_fault(location, error) from None
        # What pyarrow does not know: fsspec has a package for nearly every place.
        try:
            from fsspec.core import url_to_fs

            known, path = url_to_fs(location)
        except (ImportError, ValueError, OSError) as other:
            raise tell_fault(location, other) from None
        return fs.PyFileSystem(fs.FSSpecHandler(known)), path
    except (OSError, ValueError) as error:
        raise tell_fault(location, error) from None
    return filesystem, path


def tell_fault(location: str, error: BaseException, *, writing: bool = False) -> StoreError | DiskFullError:
    """The error to raise where a place cannot be read or written; it says why, as far as the place does."""
    if is_disk_full(error):
        # What is read goes through a copy here.
        return DiskFullError(name_place(location) if writing else tempfile.gettempdir())
    said = str(error).partition("\n")[0].replace(location, name_place(location))
    before, options = location.partition("://")[2].rpartition("@")[0], location.partition("?")[2].split("&")
    keys = [os.environ.get(name, "") for name in SECRETS] + [before, *before.partition(":")[::2]]
    keys += [option.partition("=")[2] for option in options if "secret" in option.lower()]
    for key in sorted(filter(None, keys), key=len, reverse=True):
        said = said.replace(key, "…")
    fault = StoreFault.WRITE if writing else StoreFault.READ
    if _NO_BUCKET.search(said):
        fault = StoreFault.BUCKET
    elif isinstance(error, PermissionError) or _REFUSED.search(said):
        fault = StoreFault.REFUSED
    elif _SILENT.search(said):
        fault = StoreFault.UNREACHABLE
    return StoreError(name_place(location), fault, said)


def check_place(location: str) -> None:
    """Raise where an address does not answer, refuses the key or has no such bucket: asked once, before hours of work.

    Raises:
        StoreError: What is wrong with it.
    """
    if is_address(location):
        filesystem, root = open_place(location, CHECK)
        try:
            check_bucket(location, filesystem, root)
            filesystem.get_file_info(root)
        except (OSError, ValueError) as error:
            raise tell_fault(location, error) from None


def check_bucket(location: str, filesystem: FileSystem, root: str) -> None:
    """Raise where a store has no bucket of the name that `root` begins with.

    Raises:
        StoreError: There is none.
        OSError: The store does not say.
    """
    from pyarrow.fs import FileType

    if filesystem.type_name in _BUCKETS:
        # The first thing that is asked of a store: one that does not answer is given up soon.
        asked, bucket = open_place(location, CHECK)[0], root.partition("/")[0]
        if asked.get_file_info(bucket).type == FileType.NotFound:
            raise StoreError(name_place(location), StoreFault.BUCKET, bucket)


@contextlib.contextmanager
def at_hand(location: str) -> Iterator[Path]:
    """A file or folder as a local one: itself, or a copy that is gone when the block ends.

    The copy has the names, times and nearest folders of the original.

    Raises:
        StoreError: The place cannot be reached, nothing is there, or a name there is none for a file.
    """
    if not is_address(location):
        yield Path(location)
        return
    with temporary_folder() as folder:
        yield _fetch(location, Path(folder, *["copy"] * FOLDERS_AROUND))


@contextlib.contextmanager
def delivered(location: str, is_ours: Callable[[Path], bool] | None = None) -> Iterator[Path]:
    """A path to write to: `location` itself, or a local one that is sent there when the block ends well.

    What lies there is replaced when all is there; a block that fails changes nothing there.

    Args:
        location: Path or address of a file or a folder.
        is_ours: Which files a folder there may hold; None where the block goes on with what lies there, which is
            fetched first.

    Raises:
        StoreError: The place cannot be reached or written to.
        ConfigError: It holds files that this program did not write.
    """
    if not is_address(location):
        yield Path(location)
        return
    filesystem, root = _open_target(location, is_ours)
    with temporary_folder() as folder:
        local = folder / PurePosixPath(root).name
        if is_ours is None and filesystem.get_file_info(root).is_file is False and list_place(filesystem, root):
            settle(_fetch(location, Path(folder, "before")), local)
        yield local
        if local.exists():
            _send(location, filesystem, root, local)


def check_target(location: str, is_ours: Callable[[Path], bool]) -> None:
    """What `delivered` asks of a folder first: worth knowing before hours of work.

    Raises:
        StoreError: The place cannot be reached.
        ConfigError: It holds files that this program did not write.
    """
    if is_address(location):
        _open_target(location, is_ours)
    else:
        check_replaceable(Path(location), is_ours)


def _open_target(location: str, is_ours: Callable[[Path], bool] | None) -> tuple[FileSystem, str]:
    filesystem, root = open_place(location)
    try:
        check_bucket(location, filesystem, root)
        if is_ours is not None:
            # Names alone: what is a folder of ours there is none of its files here.
            names = sorted({one.path.removeprefix(root).lstrip("/") for one in list_place(filesystem, root)})
            strange = [name for name in names if not is_ours(Path(name))]
            if strange:
                raise StoreError(name_place(location), StoreFault.STRANGERS, strange[0])
    except (OSError, ValueError) as error:
        raise tell_fault(location, error, writing=True) from None
    return filesystem, root


def list_place(filesystem: FileSystem, root: str) -> list[FileInfo]:
    """The files below a path of a store, without those on their way."""
    from pyarrow.fs import FileSelector, FileType

    infos = filesystem.get_file_info(FileSelector(root, recursive=True, allow_not_found=True))
    return [one for one in infos if one.type == FileType.File and f"/{_STAGED}" not in one.path]


def _fetch(location: str, folder: Path) -> Path:
    from pyarrow.fs import FileType

    filesystem, root = open_place(location)
    try:
        check_bucket(location, filesystem, root)
        info = filesystem.get_file_info(root)
        files = [info] if info.type == FileType.File else list_place(filesystem, root)
        if not files:
            raise StoreError(name_place(location), StoreFault.NOTHING, root)
        parts = [part for part in root.split("/") if part]
        target = folder.joinpath(*parts[-1 - FOLDERS_AROUND :]) if parts else folder / "root"

        def copy(info: FileInfo) -> None:
            inside = info.path.removeprefix(root).lstrip("/")
            if any(part in ("", ".", "..") or "\\" in part for part in inside.split("/") if inside):
                raise StoreError(name_place(location), StoreFault.NAME, inside)
            path = target / inside if inside else target
            path.parent.mkdir(parents=True, exist_ok=True)
            with filesystem.open_input_stream(info.path) as source, path.open("wb") as sink:
                shutil.copyfileobj(source, sink)
            if info.mtime_ns:
                os.utime(path, ns=(info.mtime_ns, info.mtime_ns))

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(copy, files))
    except (OSError, ValueError) as error:
        raise tell_fault(location, error) from None
    return target


def _send(location: str, filesystem: FileSystem, root: str, local: Path) -> None:
    """Send a file or a folder: under another name first, then, when all is there, each under its own."""
    paths = [local] if local.is_file() else sorted(one for one in local.rglob("*") if one.is_file())
    names = [path.relative_to(local).as_posix() if local.is_dir() else PurePosixPath(root).name for path in paths]
    above = root if local.is_dir() else str(PurePosixPath(root).parent)
    staged = f"{above}/{_STAGED}{secrets.token_hex(4)}"
    is_whole = False
    try:
        old = list_place(filesystem, root) if local.is_dir() else []

        def send(path: Path, name: str) -> None:
            _write(filesystem, path, f"{staged}/{name}")

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(send, paths, names))
        is_whole = True
        for name in names:
            _make_parent(filesystem, f"{above}/{name}")
            filesystem.copy_file(f"{staged}/{name}", f"{above}/{name}")
        kept = {f"{above}/{name}" for name in names}
        for one in old:
            if one.path not in kept:
                filesystem.delete_file(one.path)
    except (OSError, ValueError) as error:
        if is_whole:
            raise StoreError(
                name_place(location), StoreFault.HALFWAY, f"{location.partition('://')[0]}://{staged}"
            ) from None
        _remove(filesystem, staged)
        raise tell_fault(location, error, writing=True) from None
    _remove(filesystem, staged)


def put_file(filesystem: FileSystem, path: Path, folder: str, name: str) -> None:
    """Write a file of this machine into a folder of a store, where it is seen when it is whole.

    Raises:
        OSError: The store does not take it.
    """
    target = f"{folder}/{name}"
    # A bucket shows nothing of a file before its end; elsewhere one that is being written is seen.
    on_its_way = target if filesystem.type_name in _BUCKETS else f"{folder}/{_STAGED}{secrets.token_hex(4)}/{name}"
    _write(filesystem, path, on_its_way)
    if on_its_way != target:
        _make_parent(filesystem, target)
        with contextlib.suppress(FileNotFoundError):
            filesystem.delete_file(target)
        filesystem.move(on_its_way, target)
        _remove(filesystem, on_its_way.removesuffix(f"/{name}"))


def _write(filesystem: FileSystem, path: Path, target: str) -> None:
    _make_parent(filesystem, target)
    with filesystem.open_output_stream(target) as sink, path.open("rb") as source:
        shutil.copyfileobj(source, sink)
    if filesystem.get_file_info(target).size != path.stat().st_size:
        raise OSError(f"{target}: fewer bytes arrived than were sent")


def _make_parent(filesystem: FileSystem, path: str) -> None:
    # Buckets have no folders: one would lie there as an empty file.
    if filesystem.type_name not in _BUCKETS:
        filesystem.create_dir(path.rpartition("/")[0], recursive=True)


def _remove(filesystem: FileSystem, folder: str) -> None:
    # Nobody reads it: that it stays is no reason to say that nothing was done, or to hide why.
    with contextlib.suppress(OSError):
        filesystem.delete_dir(folder)
