"""The one way to write: a file or folder takes its name when it is whole, and leaves nothing behind when it is not."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from zhenfen.errors import ConfigError, DiskFullError, ZhenfenError

FULL = (errno.ENOSPC, errno.EDQUOT)
_FULL_IN_SQLITE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
"""The second comes even of reading: a database with a log beside it first needs 32 KiB for an index of that log."""
_FULL_IN_RUST = tuple(f"(os error {number})" for number in FULL)
"""How polars ends its texts about a full disk: the errors that it raises carry no number."""

OLD = "-old"
"""End of the name of a folder that was moved aside for a newer one."""

_TEMPORARY = "zhenfen-"
_MARK = ".made-by-zhenfen"
"""In every temporary folder of ours: a user's own may be called zhenfen-anything."""


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to, which takes its name when the block ends well and vanishes when it does not.

    One writer at a time: a second one would write to the same place. What a killed process left is written over.
    Nothing else belongs into the block: an OSError of a reading there would be told as one of `path`.

    Raises:
        ConfigError: `path` cannot be written.
    """
    partial = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(path)
    except Exception as error:
        # Spreadsheets and polars have errors of their own for a full disk.
        if isinstance(error, OSError) or is_disk_full(error):
            raise unwritable(path, error) from error
        raise
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def write_file(path: Path, content: bytes | str) -> None:
    """Write a whole file; text is UTF-8.

    Raises:
        ConfigError: It cannot be written.
    """
    with whole_file(path) as partial:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Within the block no other process that asks changes `folder`: a second one waits until the first is done.

    For what is read, changed and written again. The lock is the system's on the folder itself: it leaves no file, and
    is let go of when the process ends, however it ends. Windows, and file systems without locks, let everybody in.

    Raises:
        ConfigError: `folder` cannot be opened.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    try:
        held = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


@contextlib.contextmanager
def held_if_free(folder: Path) -> Iterator[bool]:
    """`alone_in` that waits for nobody: whether no process is within such a block, and none comes in within this one.

    Where that cannot be known one is.
    """
    if sys.platform == "win32":
        yield False
        return
    import fcntl

    try:
        asked = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
    except OSError:
        yield False
        return
    try:
        fcntl.flock(asked, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        yield False
    else:
        yield True
    finally:
        os.close(asked)


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """An empty folder in the system's temporary one, gone when the block ends.

    What killed processes left there is cleared first: of this user's folders those that carry our mark and that no
    living process holds.
    """
    around = Path(tempfile.gettempdir())
    for path in around.glob(f"{_TEMPORARY}*"):
        with contextlib.suppress(OSError), held_if_free(path) as is_free:
            if is_free and (path / _MARK).is_file() and path.stat().st_uid == os.getuid():
                shutil.rmtree(path, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_TEMPORARY, ignore_cleanup_errors=True) as name, alone_in(Path(name)):
        # After the lock: what carries the mark and is not held has outlived its process.
        (Path(name) / _MARK).touch()
        folder = Path(name) / "in"
        folder.mkdir()
        yield folder


def write_secret(path: Path, text: str) -> None:
    """Write a whole file of text that its owner alone may read; several writers are no danger to each other.

    Raises:
        ConfigError: It cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        draft.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def settle(made: Path, target: Path) -> None:
    """Give a file or folder that is whole its name, in one step.

    Raises:
        ConfigError: It cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        made.replace(target)
    except OSError as error:
        raise unwritable(target, error) from error


@contextlib.contextmanager
def replace_folder(folder: Path, is_ours: Callable[[Path], bool]) -> Iterator[Path]:
    """A fresh folder that takes the place of `folder` when the block ends well, and vanishes when it does not.

    What a killed process left beside it is cleared first.

    Args:
        folder: Where the result shall lie.
        is_ours: Which files an older result may hold; anything else in `folder` is somebody's and is kept.

    Raises:
        ConfigError: `folder` cannot be written, or is not empty and holds files that this program did not write.
        DiskFullError: The disk was full before the block ended.
    """
    # "." has no name, and a link is not the folder that it leads to.
    target = folder.resolve()
    check_replaceable(target, is_ours)
    with contextlib.ExitStack() as held:
        partial = _make_beside(target, held)
        try:
            yield partial
            partial.chmod(0o755)
            _replace(target, partial)
        except Exception as error:
            # Whoever writes a folder has many ways to say it: spreadsheets, polars, Python.
            if is_disk_full(error):
                raise DiskFullError(str(folder)) from error
            raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def clear_killed(folder: Path, is_ours: Callable[[Path], bool]) -> None:
    """Remove what killed processes left beside `folder`; what one had moved aside for its own gets its name back.

    Args:
        folder: Where a result lies or shall lie.
        is_ours: Which files such leftovers may hold; one that holds others is somebody's and is kept.
    """
    beside = re.compile(rf"\.{re.escape(folder.name)}-[a-z0-9_]{{8}}({OLD})?")
    found = [path for path in folder.parent.glob(".*") if beside.fullmatch(path.name)]
    # Those moved aside come last, when the folder that was made is known to be there or not.
    for path in sorted(found, key=lambda one: one.name.endswith(OLD)):
        made = path.with_name(path.name.removesuffix(OLD))
        with held_if_free(path) as is_free, held_if_free(made) as is_made_free:
            # Another may have cleared it just before.
            if not is_free or not path.exists() or (path != made and made.exists() and not is_made_free):
                continue
            if all(is_ours(one) for one in path.iterdir()):
                if path != made and not folder.exists():
                    settle(path, folder)
                shutil.rmtree(path, ignore_errors=True)


def _make_beside(folder: Path, held: contextlib.ExitStack) -> Path:
    """A new folder, held as long as `held` is: who finds it later and can have it knows that its maker was killed."""
    while True:
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        except OSError as error:
            raise unwritable(folder, error) from error
        try:
            held.enter_context(alone_in(made))
        except ConfigError:
            if made.exists():
                raise
        # Another process may have found it before it was held, and cleared it.
        if made.exists():
            return made


def _replace(folder: Path, partial: Path) -> None:
    # What was there is moved aside, not deleted, until the new one has its name: months of readings may lie in it.
    aside = partial.with_name(f"{partial.name}{OLD}")
    try:
        if folder.exists():
            folder.replace(aside)
        partial.replace(folder)
    except OSError as error:
        if aside.exists():
            aside.replace(folder)
        raise unwritable(folder, error) from error
    shutil.rmtree(aside, ignore_errors=True)


def unwritable(path: Path, error: Exception) -> ZhenfenError:
    """The error to raise where the system, or a database of ours, will not let us write."""
    if is_disk_full(error):
        return DiskFullError(str(path))
    return ConfigError(f"{path}: cannot be written ({getattr(error, 'strerror', None) or error})")


def is_disk_full(error: BaseException) -> bool:
    """Whether an error, or one that it was made from, says that there is no room left to write to."""
    if isinstance(error, DiskFullError) or (isinstance(error, OSError) and error.errno in FULL):
        return True
    if isinstance(error, sqlite3.OperationalError):
        return getattr(error, "sqlite_errorcode", None) in _FULL_IN_SQLITE
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return str(error).endswith(_FULL_IN_RUST) or (before is not None and is_disk_full(before))


def check_replaceable(folder: Path, is_ours: Callable[[Path], bool]) -> None:
    """What `replace_folder` checks first: worth knowing before hours of work, and before what is there is read.

    What a killed process left beside it is cleared, see `clear_killed`.

    Raises:
        ConfigError: It is a file, or holds files that this program did not write.
    """
    clear_killed(folder.resolve(), is_ours)
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder}: expected a folder to write to, found a file")
    strangers = [] if not folder.exists() else [p.name for p in folder.iterdir() if not is_ours(p)]
    if strangers:
        raise ConfigError(
            f"{folder}: expected an empty folder or one written by zhenfen, found {sorted(strangers)[0]!r}"
        )
