"""`zhenfen template`: a workbook to fill in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zhenfen.cli.options import Lang, LangOption
from zhenfen.errors import ConfigError

app = typer.Typer(add_completion=False)


@app.command()
def template(
    out: Annotated[Path, typer.Option(dir_okay=False, help="Workbook to write, .xlsx; one that is there is kept.")],
    lang: LangOption = Lang.EN,
) -> None:
    """Write a workbook to fill in by hand, which imports without an option."""
    from rich.console import Console
    from rich.text import Text

    from zhenfen.messages import Catalogue
    from zhenfen.template import write_template

    catalogue = Catalogue(lang)
    if out.suffix.lower() != ".xlsx":
        raise ConfigError(catalogue.text("cli.template.suffix", path=out))
    # Whoever asks for another one must not lose what they filled in.
    if out.exists():
        raise ConfigError(catalogue.text("cli.template.exists", path=out))
    write_template(out, lang)
    Console(soft_wrap=True).print(Text(catalogue.text("cli.template", path=out)))
