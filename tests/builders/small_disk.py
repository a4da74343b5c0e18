"""A disk of some MiB that a test may fill: a file system in memory, where one may be mounted."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

FILLER = ".filler"


class SmallDisk:
    """A disk of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def fill(self, n_free: int = 0) -> None:
        """Leave `n_free` bytes, in whole pages of 4 KiB."""
        filler = self.root / FILLER
        filler.unlink(missing_ok=True)
        filler.write_bytes(bytes(shutil.disk_usage(self.root).free - n_free))

    def names(self) -> list[str]:
        """What lies on it, but for what fills it."""
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.name != FILLER)


@contextmanager
def mount_disk(root: Path, n_mib: int = 8) -> Iterator[SmallDisk]:
    """A disk at `root`; skips the test where none may be mounted."""
    root.mkdir()
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    command = [mount or "", "-t", "tmpfs", "-o", f"size={n_mib}m,mode=700", "tmpfs", root]
    if mount is None or unmount is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a disk in memory")
    try:
        yield SmallDisk(root)
    finally:
        subprocess.run([unmount, "--lazy", root], check=True)
