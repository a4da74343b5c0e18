"""A process of `readers.Readers`: `python -m zhenfen.service.read_process BYTES`.

It has so many bytes of memory, and for each body as long as an answer may take; the system ends it where it wants more.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from pathlib import Path

from zhenfen.memory import limit_memory

FIRST_TO_GO = "1000"
"""Where a machine runs out of memory its system ends this process, not the service."""


def main() -> None:
    """Entry point."""
    memory_bytes = int(sys.argv[1])
    # Schedulers stop all processes of a service at once; this one ends with its input.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    limit_memory(memory_bytes)
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO, encoding="ascii")
    from zhenfen.service.body_reading import serve

    serve(memory_bytes)


if __name__ == "__main__":
    main()
