"""Arguments and options that several commands share; light, since every --help loads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from zhenfen.errors import ConfigError
from zhenfen.moment import read_moment

FOUND_BY = ("search", "list", "roster", "own", "unknown")
"""Those of `tables.FOUND_BY`, which would load Polars for every --help."""
LANGUAGE = "lang"
"""Name of the option and of its place among what the commands share with `main`, which shows the errors."""
LANGUAGE_VARIABLE = "ZHENFEN_LANG"


class Lang(StrEnum):
    """Languages of reports and tables."""

    ZH = "zh"
    EN = "en"
    FR = "fr"


class Frame(StrEnum):
    """How an audience sample was drawn."""

    NEWEST = "newest"
    COMMENTERS = "commenters"
    LIKERS = "likers"
    AUTHORISED_EXPORT = "authorised_export"
    RANDOM = "random"
    UNKNOWN = "unknown"


def take_language(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[str, list[str]]:
    """The language of the reader, and the arguments without it.

    Taken before anything else is read, so that what is wrong with the rest, and the help of any command, is told in it.

    Args:
        arguments: Of the command line; the last --lang counts. One that names no language is left, to be refused.
        environment: Its ZHENFEN_LANG counts where no argument names a language.
    """
    language, rest = environment.get(LANGUAGE_VARIABLE, ""), list(arguments)
    place = 0
    while place < len(rest) and rest[place] != "--":
        name, is_joined, value = rest[place].partition("=")
        width = 1 if is_joined else 2
        value = value if is_joined else "".join(rest[place + 1 : place + 2])
        if name == f"--{LANGUAGE}" and value in tuple(Lang):
            language = value
            del rest[place : place + width]
        else:
            place += 1
    return (language if language in tuple(Lang) else str(Lang.EN)), rest


def note_language(context: typer.Context, language: str) -> str:
    """Callback of --lang: what `main` took already, else what is given here, kept for whoever shows something."""
    shared = context.ensure_object(dict)
    source = context.get_parameter_source(LANGUAGE)
    if source is None or source.name != "COMMANDLINE":
        language = shared.get(LANGUAGE, language)
    shared[LANGUAGE] = str(language)
    return language


def check_choice(context: typer.Context, given: str | None) -> str | None:
    """Callback of --found-by; --lang is read before it.

    Raises:
        ConfigError: It is none of the known values; lists them with what they mean, in the reader's language.
    """
    if given is not None and given not in FOUND_BY:
        from zhenfen.messages import Catalogue

        catalogue = Catalogue(context.ensure_object(dict)[LANGUAGE])
        words = {one: catalogue.text(f"report.found_by.{one}") for one in FOUND_BY}
        known = ", ".join(one if word == one else f"{one} ({word})" for one, word in words.items())
        raise ConfigError(catalogue.text("cli.found_by.bad", given=given, known=known))
    return given


def take_moment(context: typer.Context, given: str | None) -> datetime | None:
    """Callback of --as-of; --lang is read before it.

    Raises:
        ConfigError: It is neither a day nor a moment; says so in the reader's language.
    """
    try:
        return None if given is None else read_moment(given)
    except ValueError as error:
        from zhenfen.messages import Catalogue

        catalogue = Catalogue(context.ensure_object(dict)[LANGUAGE])
        raise ConfigError(catalogue.text("cli.as_of.bad", given=given)) from error


def take_export(context: typer.Context, given: str) -> Path:
    """Callback of the export's argument: where it lies on this machine; of one at an address a copy, until the end.

    Raises:
        StoreError: The place cannot be read.
    """
    from zhenfen.stores import at_hand, is_address

    if not is_address(given) and not Path(given).exists():
        raise typer.BadParameter(f"path {given!r} does not exist.")
    return context.with_resource(at_hand(given))


ExportPath = Annotated[
    Path,
    typer.Argument(
        parser=str,
        metavar="PATH",
        callback=take_export,
        help="Export to read: a file, a folder or an archive, or an address such as s3://bucket/folder.",
    ),
]
OUT_ADDRESS = "or address (s3://, gs://, hdfs://)"
"""What the help of every --out says that takes one."""
FrameOption = Annotated[
    Frame | None, typer.Option(help="How the audience sample was drawn, where the export does not say.")
]
FoundByOption = Annotated[
    str | None,
    typer.Option(
        help="How the creators were found, where the export does not say. What a search selects gives no level.",
        metavar="|".join(FOUND_BY),
        callback=check_choice,
    ),
]
PlatformOption = Annotated[
    str | None,
    typer.Option(help="Platform of rows that name none, by any name: weibo, 小红书, xhs, RED, …"),
]
CreatorNameOption = Annotated[
    str | None, typer.Option("--creator-name", help="Whose posts and comments those are that name nobody.")
]
MapOption = Annotated[
    Path | None,
    typer.Option("--map", exists=True, dir_okay=False, help="Read the sheets as this map says; see import --save-map."),
]
AsOfOption = Annotated[
    datetime | None,
    typer.Option(
        parser=str,
        metavar="DAY|MOMENT",
        callback=take_moment,
        help="Read the data as they stood at the end of this day, or at this moment (2026-01-31T18:00), UTC.",
    ),
]
PanelOption = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Reference panel to use.")]
LangOption = Annotated[
    Lang,
    typer.Option(
        help="Language of reports and of what is printed.",
        envvar=LANGUAGE_VARIABLE,
        callback=note_language,
        is_eager=True,
    ),
]
PrintLangOption = Annotated[
    Lang,
    typer.Option(help="Language of what is printed.", envvar=LANGUAGE_VARIABLE, callback=note_language, is_eager=True),
]
"""Of commands that make no report."""
KeysOption = Annotated[
    Path | None, typer.Option("--keys", dir_okay=False, help="File of API keys; default in your own folder.")
]
