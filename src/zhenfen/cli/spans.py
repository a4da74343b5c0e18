"""`zhenfen spans`: the marked spans of follower series, as Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zhenfen.cli.options import ExportPath, Lang, LangOption, PlatformOption

app = typer.Typer(add_completion=False)


@app.command()
def spans(
    path: ExportPath,
    out: Annotated[Path, typer.Option(dir_okay=False, help="Parquet file to write.")],
    platform: PlatformOption = None,
    lang: LangOption = Lang.EN,
) -> None:
    """Marked spans of every follower series: when, how much, what explains it; profiles and platform may be absent."""
    from zhenfen.cli.terminal import StepDisplay, show_scored
    from zhenfen.vetting.spans import write_spans

    with StepDisplay(lang) as steps:
        n_spans = write_spans(path, out, platform=platform, on_progress=steps.advance)
    show_scored("spans", n_spans, out, lang)
