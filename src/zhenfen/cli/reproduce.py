"""`zhenfen reproduce`; everything heavy is imported inside the command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zhenfen.cli.options import Lang, PrintLangOption

if TYPE_CHECKING:
    from zhenfen.reproducing import Reproduced

app = typer.Typer(add_completion=False)
OTHER_SCORES, OTHER_PARTS = 1, 2
"""Exit codes: the same parts gave other scores, which is our own mistake; a model, a rule or the input is another."""


@app.command()
def reproduce(
    score_id: Annotated[str, typer.Argument(help="From the footer of a report made on this machine.")],
    path: Annotated[
        Path | None, typer.Option("--input", exists=True, help="The export, if it is not where it was.")
    ] = None,
    panel: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Reference panel it was made with.")
    ] = None,
    lang: PrintLangOption = Lang.EN,
) -> None:
    """Say which models, rules and input made a report, and score again.

    Exit code 0: the same scores, every bit; 2: a part is another by now; 1: other scores from the same parts.
    """
    from zhenfen.cli.terminal import StepDisplay
    from zhenfen.model_store import load_models
    from zhenfen.reproducing import reproduce

    with StepDisplay(lang) as steps:
        reproduced = reproduce(score_id, load_models(panel), path, steps.advance)
    _show(reproduced, lang)
    if not reproduced.is_same:
        has_same_parts = all(part.is_same for part in reproduced.parts)
        raise typer.Exit(OTHER_SCORES if has_same_parts else OTHER_PARTS)


def _show(reproduced: Reproduced, language: str) -> None:
    """Every part then and now, and what came of it."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from zhenfen.messages import Catalogue
    from zhenfen.report.quote import clean

    catalogue, console = Catalogue(language), Console()
    record = reproduced.record
    console.print(Text(catalogue.text("reproduce.made", path=clean(record.path), day=catalogue.day(record.as_of))))
    shown = Table()
    for key in ("reproduce.part", "reproduce.then", "reproduce.now", "reproduce.verdict"):
        shown.add_column(catalogue.text(key))
    for part in reproduced.parts:
        key = f"report.version.{part.name}"
        name = catalogue.text(key) if catalogue.has(key) else part.name
        outcome = "unread" if part.now is None else "same" if part.is_same else "other"
        verdict = catalogue.text(f"reproduce.{outcome}")
        shown.add_row(*map(Text, (name, part.then or "—", part.now or "—", verdict)))
    console.print(shown)
    outcome = "not_scored" if reproduced.score_id is None else "is_same" if reproduced.is_same else "is_other"
    ids = {"score_id": record.score_id, "now": reproduced.score_id or ""}
    console.print(Text(catalogue.text(f"reproduce.{outcome}", **ids)))
