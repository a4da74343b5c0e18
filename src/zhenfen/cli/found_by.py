"""The option --found-by: a value that is none of the known ones is refused in the reader's language."""

from __future__ import annotations

from typing import Annotated

import typer

from zhenfen.errors import ConfigError

FOUND_BY = ("search", "list", "roster", "own", "unknown")
"""Those of `tables.FOUND_BY`, which would load Polars for every --help."""
LANGUAGE = "lang"
"""Name of the option and of its place among what the commands share with `main`, which shows the errors."""


def note_language(context: typer.Context, language: str) -> str:
    """Callback of --lang: keep it for whoever has something to say before or after the command."""
    context.ensure_object(dict)[LANGUAGE] = str(language)
    return language


def check_choice(context: typer.Context, given: str | None) -> str | None:
    """Callback of --found-by; --lang is read before it.

    Raises:
        ConfigError: It is none of the known values; lists them with what they mean.
    """
    if given is not None and given not in FOUND_BY:
        from zhenfen.messages import Catalogue

        catalogue = Catalogue(context.ensure_object(dict)[LANGUAGE])
        words = {one: catalogue.text(f"report.found_by.{one}") for one in FOUND_BY}
        known = ", ".join(one if word == one else f"{one} ({word})" for one, word in words.items())
        raise ConfigError(catalogue.text("cli.found_by.bad", given=given, known=known))
    return given


FoundByOption = Annotated[
    str | None,
    typer.Option(
        help="How the creators were found, where the export does not say. What a search selects gives no level.",
        metavar="|".join(FOUND_BY),
        callback=check_choice,
    ),
]
