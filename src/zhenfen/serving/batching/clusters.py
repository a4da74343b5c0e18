"""Clusters of like comments over many files, in the memory of one process; `spark_clusters.py` does without."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from zhenfen.errors import ConfigError
from zhenfen.scoring.rows import group_comments
from zhenfen.serving.batching.run import move


def group_here(names: Sequence[str], texts: Path, grouped: Path) -> None:
    """See `Engine.group`."""
    if not names:
        return
    frames = [pl.read_parquet(texts / name) for name in names]
    together = group_comments(pl.concat(frames))
    start = 0
    for name, frame in zip(names, frames, strict=True):
        write_whole(together.slice(start, frame.height), grouped / name)
        start += frame.height


def write_whole(frame: pl.DataFrame, path: Path) -> None:
    """Write a file that takes its name when it is whole.

    Raises:
        ConfigError: It cannot be written.
    """
    # Two processes may make the same file at once, where Spark has lost sight of one: each has a name of its own.
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(partial)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror or error})") from error
    move(partial, path)
