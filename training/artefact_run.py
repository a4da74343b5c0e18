"""A training that writes what is no model: onto the shelf, tracked like the others as far as that goes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from training.card import make_table
from training.command import end_with_errors, make_parser
from training.datasets import data_dir
from training.shelf import ShelfPlace, Trained, TrainingFile, hash_file, write_shelf
from training.tracking import track
from zhenfen.config import models_dir
from zhenfen.shelf import Artefact, ShelfManifest, TrainingSource, list_versions

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
class Made:
    """What a script has made, and what its run keeps.

    Attributes:
        artefact: What it is.
        write: Writes its file to a path.
        seed: Of every draw.
        about: What it is for, the card's first paragraph.
        params: What it was made with.
        metrics: Numbers that say what came out.
        texts: Tables to read, by file name.
    """

    artefact: Artefact
    write: Callable[[Path], object]
    seed: int
    about: str
    params: Mapping[str, Any]
    metrics: Mapping[str, Any]
    texts: Mapping[str, str] = field(default_factory=dict)


def write_artefact(name: str, description: str | None, files: Sequence[str], make: Callable[[Path], Made]) -> None:
    """The command line of `python -m training.<name>`: read, make, shelve, track, print.

    Args:
        name: Of the script, and of the experiment.
        description: For `--help`.
        files: What is read of the public data, keys of TERMS.
        make: Called with the folder of the data.
    """
    parser = make_parser(name, description)
    uri = parser.parse_args().tracking_uri
    with end_with_errors(parser):
        folder = data_dir()
        with track(name, uri) as run:
            sources = [describe_source(folder, one) for one in files]
            run.set_sources(sources)
            made = make(folder)
            shelved = shelve(made, sources, models_dir())
            run.log_params(made.params)
            run.log_metrics(made.metrics)
            for path in sorted(shelved.iterdir()):
                run.log_file(path, "shelf")
            for text_name, text in made.texts.items():
                run.log_text(text, text_name)
    for text in made.texts.values():
        print(text)
    print(f"{shelved}: on the shelf, {', '.join(f'{one} {value}' for one, value in made.metrics.items())}")


def describe_source(folder: Path, name: str) -> TrainingSource:
    """One file of the public data, as a manifest names it."""
    path = folder / name
    rows = pl.scan_parquet(path).select(pl.len()).collect().item()
    return TrainingFile(source=name, rows=rows, sha256=hash_file(path), terms=TERMS[name], path=path)


def shelve(made: Made, sources: Sequence[TrainingSource], shelf: Path) -> Path:
    """Write the next version of an artefact, and return its folder; the newest where it holds these very bytes.

    No version is written over: going back is choosing the one before (ZHENFEN_MODELS=panel/1).

    Raises:
        ConfigError: The folder cannot be written.
    """
    name, file = made.artefact.name, made.artefact.file
    versions = list_versions(shelf / name)
    with TemporaryDirectory() as place:
        path = Path(place) / file
        made.write(path)
        if versions and (versions[-1] / file).is_file() and hash_file(versions[-1] / file) == hash_file(path):
            return versions[-1]
        version = int(versions[-1].name) + 1 if versions else 1
        said = {
            "name": name,
            "version": version,
            "trained_on": [one.model_dump() for one in sources],
            "metrics": dict(made.metrics),
        }
        card = make_artefact_card(made, version, sources)
        trained = Trained({file: lambda target: shutil.copyfile(path, target)}, said, card)
        return write_shelf(trained, shelf, ShelfPlace(name=name, version=version, seed=made.seed), ShelfManifest)


def make_artefact_card(made: Made, version: int, sources: Sequence[TrainingSource]) -> str:
    """card.md: what it is, what it was made from, with what, and what came out."""
    data = make_table(("source", "rows", "terms"), ((one.source, f"{one.rows:,}", one.terms) for one in sources))
    numbers = {**made.params, **made.metrics}
    parts = (
        f"# {made.artefact.name} {version}",
        made.about,
        "## Made from",
        data,
        "## Made with, and what came out",
        make_table(("what", "value"), ((str(one), str(value)) for one, value in numbers.items())),
    )
    return "\n\n".join(parts) + "\n"
