"""`zhenfen check`: whether tables keep the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zhenfen.cli.options import Lang, LangOption

app = typer.Typer(add_completion=False)


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(exists=True, help="Folder of tables, or a SQLite or DuckDB file.")],
    lang: LangOption = Lang.EN,
) -> None:
    """Say whether tables keep the contract; lists every problem."""
    from zhenfen.cli.terminal import show_tables
    from zhenfen.tables import read_tables

    show_tables(read_tables(folder), folder, lang)
