"""`zhenfen outcomes`; everything heavy is imported inside the command."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from zhenfen.cli.options import Lang, PanelOption, PrintLangOption

app = typer.Typer(add_completion=False)


@app.command()
def outcomes(
    tables: Annotated[Path, typer.Argument(exists=True, help="Folder of tables, with data from before the campaigns.")],
    campaigns: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, help="Sheet of campaigns, XLSX or CSV: creator, day, fee, and what came of it."
        ),
    ],
    panel: PanelOption = None,
    lang: PrintLangOption = Lang.EN,
) -> None:
    """Say whether creators flagged before a campaign brought less afterwards, with intervals."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from zhenfen.cli.terminal import StepDisplay
    from zhenfen.messages import Catalogue
    from zhenfen.model_store import load_models
    from zhenfen.outcomes import check_outcomes, read_campaigns
    from zhenfen.report.quote import clean
    from zhenfen.tables import read_tables

    sheet = read_campaigns(campaigns)
    with StepDisplay(lang) as steps:
        found = check_outcomes(read_tables(tables), sheet, lambda: load_models(panel), steps.advance)
    catalogue, console = Catalogue(lang), Console()
    text, number = catalogue.text, catalogue.number
    shown = Table()
    for key in ("what", "flagged", "others", "ratio"):
        shown.add_column(text(f"outcomes.col.{key}"), justify="left" if key == "what" else "right")
    sentences = []
    for one in found.compared:
        high = "∞" if math.isinf(one.high) else number(one.high)
        interval = "—" if one.ratio is None else f"{number(one.ratio)} ({number(one.low)} – {high})"
        shown.add_row(text(f"outcomes.{one.outcome}"), number(one.n_flagged, 0), number(one.n_others, 0), interval)
        key = "few" if one.ratio is None else "less" if one.high < 1 else "more" if one.low > 1 else "same"
        fields = {} if one.ratio is None else {"ratio": number(one.ratio), "low": number(one.low), "high": high}
        sentences.append(text(f"outcomes.said.{key}", what=text(f"outcomes.{one.outcome}"), **fields))
    console.print(shown)
    for sentence in (*sentences, text("outcomes.how")):
        console.print(Text(sentence))
    console.print(Text(text("outcomes.left", n=number(found.n_campaigns, 0), n_no_level=number(found.n_no_level, 0))))
    if found.unknown:
        console.print(Text(text("outcomes.unknown", names=clean(", ".join(found.unknown)))))
