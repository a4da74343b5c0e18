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

WidthOption = Annotated[
    float | None, typer.Option(help="Go on until the interval is no wider than this share, such as 0.15.")
]
LineOption = Annotated[
    float | None,
    typer.Option(help="Go on until the interval lies on one side of this share; the levels' are 0.15, 0.3."),
]


@app.command("sample")
def audit_sample(
    folder: Annotated[Path, typer.Argument(exists=True, help="Folder of tables that `zhenfen import` made.")],
    creator: Annotated[str, typer.Option(help="Whose audience; the platform's id or its pseudonym.")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="Workbook to write; never overwritten.")],
    n: Annotated[
        int | None, typer.Option(help="Profiles to label. Default: 100; with --width or --line as many as that needs.")
    ] = None,
    width: WidthOption = None,
    line: LineOption = None,
    seed: Annotated[int, typer.Option(help="Seed of the draw.")] = 1,
    lang: LangOption = Lang.EN,
) -> None:
    """Draw profiles to label, stratified by score with known probabilities, into a workbook.

    With --width or --line the next batch of an audit that stops when its interval answers the question.
    """
    from zhenfen.audit.by_folder import draw, draw_next
    from zhenfen.audit.loop import N_OF_ONE_DRAW
    from zhenfen.cli.terminal import show_sampled
    from zhenfen.cli.terminal_audit import show_state
    from zhenfen.estimators.audit_plan import Goal

    if width is None and line is None:
        n_drawn = N_OF_ONE_DRAW if n is None else n
        show_sampled(draw(folder, creator, n_drawn, out, seed=seed, language=lang), out, lang)
        return
    state, sampled = draw_next(folder, creator, n, out, Goal(width, line), seed=seed, language=lang)
    show_state(state, lang)
    if sampled is not None:
        show_sampled(sampled, out, lang)


@app.command("status")
def audit_status(
    folder: Annotated[Path, typer.Argument(exists=True, help="Folder of tables that `zhenfen import` made.")],
    creator: Annotated[str, typer.Option(help="Whose audience; the platform's id or its pseudonym.")],
    width: WidthOption = None,
    line: LineOption = None,
    lang: LangOption = Lang.EN,
) -> None:
    """Say whether the labels answer the question of an audit, and how many more are suggested."""
    from zhenfen.audit.by_folder import state_of
    from zhenfen.cli.terminal_audit import show_state
    from zhenfen.estimators.audit_plan import Goal

    show_state(state_of(folder, creator, Goal(width, line)), lang)


@app.command("reuse")
def audit_reuse(
    folder: Annotated[Path, typer.Argument(exists=True, help="Folder of tables with the audience to audit.")],
    creator: Annotated[str, typer.Option(help="Whose audience; the platform's id or its pseudonym.")],
    earlier: Annotated[
        list[Path], typer.Option("--from", exists=True, help="Tables with audits of that platform; may be repeated.")
    ],
    lang: LangOption = Lang.EN,
) -> None:
    """Let an audit learn from earlier ones of the same platform: how far the model's scores were off there."""
    from zhenfen.audit.by_folder import reuse
    from zhenfen.cli.terminal_audit import show_reused

    show_reused(reuse(folder, creator, earlier), lang)


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
