"""`zhenfen demo`: the reports of simulated creators, and the desk on them."""

from __future__ import annotations

import sys
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
    desk: Annotated[bool, typer.Option("--desk", help="On a terminal, open the desk on them as well.")] = False,
) -> None:
    """Vet a shortlist of twelve simulated creators whose truth is known."""
    from zhenfen.cli.terminal import StepDisplay, show_demo
    from zhenfen.model_store import load_models
    from zhenfen.vetting.demo import write_demo

    with StepDisplay(lang) as steps:
        made = write_demo(out, load_models(), lang, seed, steps.advance)
    show_demo(made, out, steps)
    if desk:
        show_desk(out.with_name(f"{out.name}-desk"), lang)


def show_desk(data: Path, lang: str) -> None:
    """Serve a desk with the demonstration until Ctrl+C; where nobody sits at a terminal, say how to.

    Args:
        data: Folder of the desk.
        lang: Of what is printed, and of the project.
    """
    from zhenfen.cli.serve import needs_serve, run
    from zhenfen.service.keys import default_path
    from zhenfen.service.settings import Settings

    needs_serve()
    if not sys.stdout.isatty():
        from rich.console import Console
        from rich.text import Text

        from zhenfen.messages import Catalogue

        command = f"zhenfen serve --demo --data {data}"
        Console(soft_wrap=True).print(Text(Catalogue(lang).text("cli.demo.desk", command=command)))
        return
    run(Settings(data, default_path()), "127.0.0.1", 0, lang, with_demo=True)
