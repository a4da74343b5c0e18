"""The shelf folder of a registered version on this machine: the named files alone, checked every time."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from zhenfen.config import user_config_dir
from zhenfen.errors import ConfigError, DiskFullError
from zhenfen.estimators.manifest import Manifest, read_manifest
from zhenfen.files import is_disk_full, settle
from zhenfen.model_registry.reference import Registered
from zhenfen.shelf import FILE_NAME

SHELF = "shelf"
"""Folder of a version's artifacts that holds the shelf's files."""


def cache_dir() -> Path:
    """Where fetched models lie: below the user's own folder."""
    return user_config_dir() / "registry"


def keep_files(registered: Registered, download: Callable[[Path], Path]) -> Path:
    """The shelf folder of a version; `download` is asked once.

    Args:
        registered: The version.
        download: Given a folder to write into, returns where in it the shelf's files lie.

    Raises:
        ConfigError: A file was changed, or the folder cannot be written (a full disk).
    """
    folder = cache_dir() / f"{registered.name}-{registered.manifest_sha256[:32]}"
    if not folder.is_dir():
        try:
            _fill(folder, registered, download)
        except OSError as error:
            if is_disk_full(error):
                raise DiskFullError(str(folder)) from error
            raise ConfigError(f"{folder}: {registered} cannot be kept here ({error.strerror or error})") from error
    check_folder(folder, registered)
    return folder


def check_folder(folder: Path, registered: Registered) -> Manifest:
    """The manifest of a folder that holds what was registered, unchanged.

    Raises:
        ConfigError: It does not.
    """
    manifest = read_manifest(folder)
    found = hashlib.sha256((folder / FILE_NAME).read_bytes()).hexdigest()
    if found != registered.manifest_sha256:
        wanted = registered.manifest_sha256[:12]
        raise ConfigError(f"{folder / FILE_NAME}: expected SHA-256 {wanted}…, found {found[:12]}…: it was changed")
    if manifest.name != registered.name:
        raise ConfigError(f"{folder / FILE_NAME}: expected a model named {registered.name}, found {manifest.name!r}")
    return manifest


def _fill(folder: Path, registered: Registered, download: Callable[[Path], Path]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".part-") as partial:
        everything, taken = Path(partial) / "all", Path(partial) / SHELF
        everything.mkdir()
        came = download(everything)
        # model.yaml and the files it names, and nothing else that may lie there.
        manifest = check_folder(came, registered)
        taken.mkdir()
        for name in (FILE_NAME, *manifest.files):
            shutil.copyfile(came / name, taken / name)
        try:
            settle(taken, folder)
        except ConfigError:
            # Another process was faster with the same bytes.
            if not folder.is_dir():
                raise
