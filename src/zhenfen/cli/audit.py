"""`zhenfen audit`: labels by hand, and the estimate that they give."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zhenfen.cli.options import Lang, LangOption

app = typer.Typer(
    help="Label a sample of an audience by hand, and estimate again with the labels.",
    no_args_is_help=True,
    add_completion=False,
)


@app.command("sample")
def audit_sample(
    folder: Annotated[Path, typer.Argument(exists=True, help="Folder of tables that `zhenfen import` made.")],
    creator: Annotated[str, typer.Option(help="Whose audience; the platform's id or its pseudonym.")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="Workbook to write; never overwritten.")],
    n: Annotated[int, typer.Option(help="Profiles to label.")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of the draw.")] = 1,
    lang: LangOption = Lang.EN,
) -> None:
    """Draw profiles to label, stratified by score with known probabilities, into a workbook."""
    from zhenfen.audit.by_folder import draw
    from zhenfen.cli.terminal import show_sampled

    show_sampled(draw(folder, creator, n, out, seed=seed, language=lang), out, lang)


@app.command("apply")
def audit_apply(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The workbook, filled in.")],
    tables: Annotated[Path | None, typer.Option(exists=True, help="Folder of the tables, if it was moved.")] = None,
    lang: LangOption = Lang.EN,
) -> None:
    """Check and store the labels of a workbook; show the estimate before and after."""
    from zhenfen.audit.by_folder import apply
    from zhenfen.cli.terminal import show_applied

    show_applied(apply(file, tables), lang)
