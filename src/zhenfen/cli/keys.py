"""`zhenfen keys`: API keys of the service."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from zhenfen.cli.options import KeysOption, Lang, PrintLangOption

app = typer.Typer(
    help="API keys of the service: hashed in a file, each shown once.", no_args_is_help=True, add_completion=False
)


class KeyRole(StrEnum):
    """The roles of `service.keys`, which would load it for every --help."""

    LEAD = "lead"
    ANALYST = "analyst"
    READER = "reader"


NameArgument = Annotated[str, typer.Argument(help="Whose key; jobs belong to this name.")]


@app.command("add")
def keys_add(
    name: NameArgument,
    *,
    role: Annotated[KeyRole, typer.Option(help="What its owner may do at the desk.")] = KeyRole.ANALYST,
    keys: KeysOption = None,
    lang: PrintLangOption = Lang.EN,
) -> None:
    """Make a key; it is shown this once."""
    from zhenfen.messages import Catalogue
    from zhenfen.service.keys import add_key, default_path

    catalogue = Catalogue(lang)
    secret = add_key(keys or default_path(), name, role.value)
    _say(catalogue.text("service.key_made", name=name))
    _say(secret)


@app.command("list")
def keys_list(*, keys: KeysOption = None, lang: PrintLangOption = Lang.EN) -> None:
    """Who has a key, and since when."""
    from rich.console import Console
    from rich.table import Table

    from zhenfen.messages import Catalogue
    from zhenfen.service.keys import default_path, read_keys

    catalogue = Catalogue(lang)
    path = keys or default_path()
    known = read_keys(path)
    if not known:
        _say(catalogue.text("service.no_keys", path=path))
        return
    headings = ("service.key_name", "service.key_role", "service.key_created")
    shown = Table(*(catalogue.text(one) for one in headings))
    for one in known:
        shown.add_row(one.name, catalogue.text(f"service.role.{one.role}"), one.created_at)
    Console().print(shown)


@app.command("remove")
def keys_remove(name: NameArgument, *, keys: KeysOption = None, lang: PrintLangOption = Lang.EN) -> None:
    """Take a key back; a running service refuses it at once."""
    from zhenfen.messages import Catalogue
    from zhenfen.service.keys import default_path, remove_key

    catalogue = Catalogue(lang)
    remove_key(keys or default_path(), name)
    _say(catalogue.text("service.key_removed", name=name))


def _say(text: str) -> None:
    from rich.console import Console
    from rich.text import Text

    Console(soft_wrap=True).print(Text(text))
