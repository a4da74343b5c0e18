"""Clusters of like comments over many files, in the memory of one process; `spark_clusters.py` does without."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from zhenfen.errors import ConfigError
from zhenfen.scoring.rows import group_comments
from zhenfen.serving.batching.run import move


def group_here(names: Sequence[str], work: Path) -> None:
    """See `Engine.group`; nothing is done where a run that was stopped had done it."""
    texts, grouped = work / "texts", work / "grouped"
    if all((grouped / name).exists() for name in names):
        return
    frames = [pl.read_parquet(texts / name, glob=False) for name in names]
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
    partial = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(partial)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror or error})") from error
    move(partial, path)
