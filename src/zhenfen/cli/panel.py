"""`zhenfen panel`: reference panels, made and shown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zhenfen.cli.options import Lang, LangOption, PanelOption, PlatformOption

app = typer.Typer(help="Reference panels: what is usual among peers.", no_args_is_help=True, add_completion=False)


@app.command("build")
def panel_build(
    folder: Annotated[Path, typer.Argument(exists=True, help="Your own tables or export, of creators you trust.")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="Panel file to write.")] = Path("panel.csv"),
    source: Annotated[str, typer.Option(help="Name of the source, printed beside every range.")] = "own",
    window: Annotated[str, typer.Option(help="What the values cover, in words.")] = "as exported",
    platform: PlatformOption = None,
    lang: LangOption = Lang.EN,
) -> None:
    """Make a reference panel: quantiles of every feature by platform and size. Use it with `vet --panel`."""
    from zhenfen.cli.terminal import StepDisplay, show_panel
    from zhenfen.vetting.panels import build_own_panel

    with StepDisplay(lang) as steps:
        rows = build_own_panel(folder, out, source, window, platform=platform, on_progress=steps.advance)
    show_panel(rows, out, lang)


@app.command("show")
def panel_show(panel: PanelOption = None, lang: LangOption = Lang.EN) -> None:
    """What a reference panel covers: families by platform and size, with peers, source and day, and what is missing."""
    from zhenfen.cli.terminal_panel import show_coverage
    from zhenfen.shelf import PANEL, find_file
    from zhenfen.verdict.coverage import find_coverage
    from zhenfen.verdict.panel import read_panel

    show_coverage(find_coverage(read_panel(panel or find_file(PANEL))), lang)
