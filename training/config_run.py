"""A training that writes a file of `configs/` in place of a model: tracked like the others as far as that goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from training.command import end_with_errors, make_parser
from training.datasets import data_dir
from training.shelf import hash_file
from training.tracking import Run, track
from zhenfen.estimators.manifest import TrainingSource

VTUBERS = "growth/bilibili_vtuber_followers.parquet"
TERMS: Mapping[str, str] = {
    VTUBERS: "public API readings; parameters only",
    "engagement/bilibili_popular_daily.parquet": "for study; parameters only",
    "engagement/weibo_repost_timelines.parquet": "thunlp/Chinese_Rumor_Dataset, citation asked",
    "engagement/creator_posts.parquet": "scraped, no terms; parameters only",
    "creators/panel.parquet": "vendor exports and scrapes, no terms; quantiles only",
    "creators/weibo_panel_users.parquet": "none stated; quantiles only",
    "engagement/weibo_panel_posts.parquet": "none stated; quantiles only",
}
"""Files of the public data and what may be done with them."""


@dataclass(frozen=True)
class Written:
    """What a script has written, and what its run keeps.

    Attributes:
        path: The file of `configs/`.
        params: What it was made with.
        metrics: Numbers that say what came out.
        texts: Tables to read, by file name.
    """

    path: Path
    params: Mapping[str, Any]
    metrics: Mapping[str, Any]
    texts: Mapping[str, str] = field(default_factory=dict)


def write_config(name: str, description: str | None, files: Sequence[str], write: Callable[[Path], Written]) -> None:
    """The command line of `python -m training.<name>`: read, write, track, print.

    Args:
        name: Of the script, and of the experiment.
        description: For `--help`.
        files: What is read of the public data, keys of TERMS.
        write: Called with the folder of the data.
    """
    parser = make_parser(name, description)
    uri = parser.parse_args().tracking_uri
    with end_with_errors(parser):
        folder = data_dir()
        with track(name, uri) as run:
            run.set_sources(_describe(folder, one) for one in files)
            written = write(folder)
            _log(run, written)
    for text in written.texts.values():
        print(text)
    print(f"{written.path}: written, {', '.join(f'{name} {value}' for name, value in written.metrics.items())}")


def _describe(folder: Path, name: str) -> TrainingSource:
    path = folder / name
    rows = pl.scan_parquet(path).select(pl.len()).collect().item()
    return TrainingSource(source=name, rows=rows, sha256=hash_file(path), terms=TERMS[name])


def _log(run: Run, written: Written) -> None:
    run.log_params(written.params)
    run.log_metrics(written.metrics)
    run.log_file(written.path, "configs")
    for name, text in written.texts.items():
        run.log_text(text, name)
