"""How much memory there is for the processes of a service."""

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
