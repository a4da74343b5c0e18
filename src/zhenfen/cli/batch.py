"""What the commands of `zhenfen score` share: whether the work is a batch, and how one is run and reported."""

from __future__ import annotations

import os
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from zhenfen.cli.options import OUT_ADDRESS

if TYPE_CHECKING:
    from zhenfen.batch.manifest import BatchRecord
    from zhenfen.text.brands import BrandBook

SOME_SET_ASIDE = 3
"""Exit code when some parts could not be scored and the others were."""
MOST_NAMED = 20


class EngineName(StrEnum):
    """Who does a batch."""

    LOCAL = "local"
    SPARK = "spark"


def check_source(value: str) -> str:
    """A file or folder that is there, or an address."""
    if "://" not in value and not Path(value).exists():
        raise typer.BadParameter(f"Path '{value}' does not exist.")
    return value


EngineOption = Annotated[
    EngineName | None,
    typer.Option(help="Score in parts into a folder: with processes of this machine, or on Spark. See docs/batch.md."),
]
WorkersOption = Annotated[
    int | None, typer.Option(min=1, help="Processes or Spark cores of this machine; default one a core.")
]
ScoresOut = Annotated[
    str,
    typer.Option(
        metavar="PATH",
        help=f"Parquet file {OUT_ADDRESS} to write; in parts (see --engine, --workers), the folder {OUT_ADDRESS}.",
    ),
]


def is_batch(source: str, engine: EngineName | None, workers: int | None, *, takes_folders: bool = False) -> bool:
    """Whether the scores go into a folder, in parts.

    Args:
        source: File, folder or address.
        engine: As asked for.
        workers: As asked for.
        takes_folders: Whether a folder is what the command reads at once when nothing else is said.
    """
    is_asked = engine is not None or workers is not None
    return is_asked or "://" in source or (not takes_folders and Path(source).is_dir())


def run_batch(
    kind: Literal["profiles", "comments", "posts", "creators"],
    source: str,
    out: str,
    pool: tuple[EngineName | None, int | None],
    *,
    lang: str,
    platform: str | None = None,
    found_by: str | None = None,
    as_of: datetime | None = None,
    explain: bool = False,
    is_quick: bool = False,
    brands: BrandBook | None = None,
) -> None:
    """Score into a folder and say what came of it; ends with SOME_SET_ASIDE where parts could not be scored.

    Args:
        kind: What the rows are.
        source: File, folder or address.
        out: Folder to write to, or its address.
        pool: Engine and workers, as asked for.
        lang: Language of what is shown.
        platform: See `Order`.
        found_by: See `Order`.
        as_of: See `Order`.
        explain: See `Order`.
        is_quick: See `Order`.
        brands: See `Order`.

    Raises:
        InputError: There is nothing to score.
        ConfigError: An option, the input's place or `out` cannot be used.
    """
    from zhenfen.batch.run import open_engine, score_folder
    from zhenfen.batch.stages import Order
    from zhenfen.cli.terminal import StepDisplay, show_cluster, show_scored
    from zhenfen.stores import check_place, name_place

    engine, workers = pool
    for place in (source, out):
        check_place(place)
    order = Order(kind, source, out, platform, as_of, explain, found_by, is_quick, brands)
    opened = open_engine((engine or EngineName.LOCAL).value, workers or os.cpu_count() or 1)
    if opened.cluster:
        show_cluster(opened.cluster, lang)
    with StepDisplay(lang) as steps:
        manifest = score_folder(order, opened, steps.advance)
    show_scored(kind, manifest.n_rows, name_place(out), lang)
    if manifest.set_aside:
        _show_set_aside(manifest, lang)
        raise typer.Exit(SOME_SET_ASIDE)


def _show_set_aside(manifest: BatchRecord, lang: str) -> None:
    from rich.console import Console
    from rich.text import Text

    from zhenfen.messages import Catalogue
    from zhenfen.report.quote import clean

    catalogue, console = Catalogue(lang), Console(stderr=True, soft_wrap=True)
    errors = manifest.set_aside
    console.print(Text(catalogue.text("batch.set_aside", n=catalogue.number(len(errors), 0)), style="bold"))
    for name, error in list(errors.items())[:MOST_NAMED]:
        console.print(Text(clean(f"{name}: {error}"), style="red"))
    if len(errors) > MOST_NAMED:
        console.print(Text(catalogue.text("batch.more", n=catalogue.number(len(errors) - MOST_NAMED, 0))))
