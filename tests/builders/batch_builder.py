"""Inputs of batch runs, and an engine that does everything in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from zhenfen.batch.engine import NO_TRAFFIC, Outcome, Task, Traffic, attempt, check
from zhenfen.batch.local_engine import LocalEngine
from zhenfen.batch.manifest import BatchRecord
from zhenfen.batch.run import score_folder
from zhenfen.batch.stages import Order
from zhenfen.simulate import texts
from zhenfen.simulate.sellers import bought_comments


class Here(LocalEngine):
    """No process is started; remembers the tasks."""

    def __init__(self) -> None:
        super().__init__(1)
        self.done: list[str] = []

    def run(self, tasks: Sequence[Task], work: Path, traffic: Traffic = NO_TRAFFIC) -> Iterator[Outcome]:
        for task in tasks:
            self.done.append(task.name)
            yield check(attempt(task, work))


def write_profiles(folder: Path, n_parts: int = 3, n_rows: int = 40) -> Path:
    rng = np.random.default_rng(5)
    folder.mkdir(parents=True)
    for part in range(n_parts):
        frame = pl.DataFrame(
            {
                "profile_id": [f"{part}-{row}" for row in range(n_rows)],
                "platform": "weibo",
                "n_followers": rng.integers(0, 3_000, n_rows),
                "n_following": rng.integers(0, 3_000, n_rows),
                "n_posts": rng.integers(0, 300, n_rows),
            }
        )
        created = pl.datetime(2020 + part, 1, 1, time_zone="UTC") + pl.duration(days=pl.int_range(n_rows))
        frame.with_columns(created_at=created.cast(pl.Datetime("us", "UTC"))).write_parquet(folder / f"{part}.parquet")
    return folder


def write_comments(folder: Path, n_parts: int = 3, n_rows: int = 60) -> Path:
    """Templates stand in all parts, one id comes twice, one text is null; the parts lie in folders of their own."""
    rng = np.random.default_rng(6)
    for part in range(n_parts):
        written = pl.concat(
            [texts.organic_comments(rng, n_rows).alias("t"), bought_comments("template", 0, 0, 20, rng).alias("t")]
        )
        ids = [f"{part}-{row}" for row in range(len(written))]
        ids[0] = "again"
        rows = pl.DataFrame({"comment_id": ids, "text": written})
        rows = rows.with_columns(pl.when(pl.int_range(pl.len()) != 1).then("text").alias("text"))
        (folder / f"day={part}").mkdir(parents=True)
        rows.write_parquet(folder / f"day={part}" / "comments.parquet")
    rows.clear().write_parquet(folder / "empty.parquet")
    return folder


def write_posts(folder: Path) -> Path:
    folder.mkdir()
    for part, text in enumerate(("好物分享，点击链接下单", "今天去爬山了")):
        pl.DataFrame({"post_id": [f"p{part}"], "text": [text]}).write_parquet(folder / f"{part}.parquet")
    return folder


def run_here(kind: str, source: object, out: Path, **options: object) -> BatchRecord:
    return score_folder(Order(kind, str(source), out, **options), Here())  # type: ignore[arg-type]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a result by its name."""
    files = (path for path in folder.rglob("*") if path.is_file() and "_work" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(files)}
