"""How much memory there is, and holding a process to a part of it."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

CONTAINER_MEMORY = Path("/sys/fs/cgroup/memory.max")
UNKNOWN_BYTES = 8 * 2**30
"""Where the system does not say (Windows): half of it is what a reader may take there, which nothing holds it to."""


def find_memory() -> int:
    """Bytes of memory of the machine, or of the container."""
    if sys.platform == "win32":
        return UNKNOWN_BYTES
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):
        # "max" where a container has no limit of its own.
        there = min(there, int(CONTAINER_MEMORY.read_text(encoding="ascii")))
    return there


def limit_memory(n_bytes: int) -> None:
    """Hold this process to so many bytes, and to no image of them on the disk when it dies; nothing on Windows.

    Before anything is loaded: what an allocator has taken by then is not held to it.
    """
    if sys.platform == "win32":
        return
    import resource

    # Not the address space, which threads and allocators reserve without using it.
    resource.setrlimit(resource.RLIMIT_DATA, (n_bytes, n_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
