"""`zhenfen demo`: the reports of simulated creators."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zhenfen.cli.options import Lang, LangOption

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the demonstration.")] = Path("out/demo"),
    lang: LangOption = Lang.EN,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 2026,
) -> None:
    """Vet a shortlist of twelve simulated creators whose truth is known."""
    from zhenfen.cli.terminal import StepDisplay, show_demo
    from zhenfen.model_store import load_models
    from zhenfen.vetting.demo import write_demo

    with StepDisplay(lang) as steps:
        made = write_demo(out, load_models(), lang, seed, steps.advance)
    show_demo(made, out, steps)
