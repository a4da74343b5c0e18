"""`zhenfen monitor`; everything heavy is imported inside the command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zhenfen.cli.options import Lang, LangOption

app = typer.Typer(add_completion=False)

DRIFT_FOUND = 4
"""Exit code for schedulers: the new rows differ from the reference. 0: they do not; 2: the input cannot be used."""


@app.command()
def monitor(
    reference: Annotated[
        Path, typer.Argument(exists=True, help="Parquet file, or folder of them: rows or scores to compare with.")
    ],
    new: Annotated[Path, typer.Argument(exists=True, help="New ones of that sort.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for monitor.html and monitor.json; replaced if it holds them.")
    ] = None,
    lang: LangOption = Lang.EN,
) -> None:
    """Say whether new rows are like a reference: profiles, comments or posts, or scores of these or of creators.

    Exit code 0: no change worth a look; 4: changed; 2: the input cannot be used.
    """
    from rich.console import Console
    from rich.text import Text

    from zhenfen.cli.terminal import StepDisplay
    from zhenfen.files import check_replaceable
    from zhenfen.messages import Catalogue
    from zhenfen.model_store import load_models
    from zhenfen.monitoring.files import watch
    from zhenfen.monitoring.page import is_summary_file, write_summary
    from zhenfen.monitoring.summary import summarise

    if out is not None:
        check_replaceable(out, is_summary_file)
    with StepDisplay(lang) as steps:
        summary = summarise(watch(reference, new, load_models(), on_progress=steps.advance), lang)
    page = None if out is None else write_summary(summary, out)
    # The verdict, what moved most, what to do, and where the page is.
    console = Console()
    console.print(Text(summary["verdict"], style="bold"))
    causes = (line for one in summary["causes"] for line in (f"  {one['text']}", *(f"    {of}" for of in one["under"])))
    found = (f"  {one}" for one in summary["findings"])
    for line in (summary["headline"], *causes, *found, *summary["notes"], *summary["advice"]):
        console.print(Text(line))
    if page is not None:
        console.print(Text(Catalogue(lang).text("monitor.written", path=page)))
    if summary["is_drift"]:
        raise typer.Exit(DRIFT_FOUND)
