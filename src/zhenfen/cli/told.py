"""What the command line itself says, help and errors of usage, in the reader's language.

Typer writes English. Help texts stand in English in the code and are looked up in the message catalogue; the fixed
words of its pages are set anew; its errors are recognised by their sentences.
"""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Iterator
from typing import Any

from zhenfen.cli.options import Lang
from zhenfen.messages import Catalogue, load_entries

_FIXED = {
    "ARGUMENTS_PANEL_TITLE": "arguments",
    "OPTIONS_PANEL_TITLE": "options",
    "COMMANDS_PANEL_TITLE": "commands",
    "ERRORS_PANEL_TITLE": "error",
    "DEFAULT_STRING": "default",
    "ENVVAR_STRING": "envvar",
    "REQUIRED_LONG_STRING": "required",
    "ABORTED_TEXT": "aborted",
    "RICH_HELP": "try",
}
"""Word of Typer's pages → message."""

_NUMBER = r"(?P<n>-?[\d.]+)"
_SENTENCES = {
    r"No such command (?P<name>'.*')\. Did you mean (?P<alike>.*)\?": "no_command_alike",
    r"No such command (?P<name>'.*')\.": "no_command",
    r"Missing command\.": "missing_command",
    r"Missing argument (?P<name>'.*?')\..*": "missing_argument",
    r"Missing option (?P<name>'.*?').*?\. Choose from:\s*(?P<choices>.*)": "missing_choice",
    r"Missing option (?P<name>'.*?').*": "missing_option",
    r"No such option: (?P<name>\S+) \(Possible options: (?P<alike>.*)\)": "no_option_alike",
    r"No such option: (?P<name>.*)": "no_option",
    r"Option (?P<option>'.*?') requires an argument\.": "needs_value",
    r"Option (?P<option>'.*?') does not take a value\.": "takes_none",
    r"Got unexpected extra argument\(s\) \((?P<names>.*)\)": "extra",
    r"Invalid value for (?P<name>'.*?'(?: \(env var: '\w+'\))?): (?P<what>.*)": "invalid",
    r"(?:file|directory|path) (?P<path>'.*') does not exist\.": "not_there",
    r"(?:file|directory|path) (?P<path>'.*') is a file\.": "is_file",
    r"(?:file|directory|path) (?P<path>'.*') is a directory\.": "is_folder",
    r"(?:file|directory|path) (?P<path>'.*') is not readable\.": "unreadable",
    r"(?:Value error, )?(?P<value>'.*?') is not one of (?P<choices>.*)\.": "no_choice",
    r"Input should be a valid integer.*": "no_integer",
    r"Input should be a valid number.*": "no_number",
    rf"Input should be greater than or equal to {_NUMBER}": "at_least",
    rf"Input should be less than or equal to {_NUMBER}": "at_most",
    rf"Input should be greater than {_NUMBER}": "above",
    rf"Input should be less than {_NUMBER}": "below",
}
"""A sentence of Typer → message."""


@contextlib.contextmanager
def fixed_words(catalogue: Catalogue) -> Iterator[None]:
    """Let Typer's pages have the catalogue's words as long as the block lasts."""
    from rich.text import Text
    from typer import rich_utils

    highlight = rich_utils.highlighter

    def fold(text: str | Text) -> Text:
        """Chinese has no spaces to break a line at: what is too long goes on in the next line and is not cut."""
        highlighted = highlight(text)
        highlighted.overflow = "fold"
        return highlighted

    before = {name: getattr(rich_utils, name) for name in (*_FIXED, "highlighter")}
    for name, key in _FIXED.items():
        setattr(rich_utils, name, catalogue.text(f"usage.{key}"))
    setattr(rich_utils, "highlighter", fold)  # noqa: B010 (typed as a highlighter)
    try:
        yield
    finally:
        for name, word in before.items():
            setattr(rich_utils, name, word)


def translate_command(command: Any, catalogue: Catalogue) -> None:
    """Let a command, with its options and commands, show its help in the catalogue's language.

    Args:
        command: A command or group as Typer makes it from an app.
        catalogue: Messages of the language.
    """
    command.help = translate_help(command.help, catalogue)
    command.short_help = translate_help(command.short_help, catalogue)
    for param in command.params:
        # A group's own option for its help is made anew whenever it is asked for.
        param.help = translate_help(getattr(param, "help", None), catalogue)
    command.options_metavar = catalogue.text("usage.options_mark")
    if hasattr(command, "subcommand_metavar"):
        command.subcommand_metavar = catalogue.text("usage.command_mark")
    usage, help_option = command.get_usage, command.get_help_option

    def told_usage(context: Any) -> str:
        return str(usage(context)).replace("Usage: ", catalogue.text("usage.usage"), 1)

    def told_help_option(context: Any) -> Any:
        option = help_option(context)
        if option is not None:
            option.help = catalogue.text("help.help")
        return option

    command.get_usage, command.get_help_option = told_usage, told_help_option
    for inner in getattr(command, "commands", {}).values():
        translate_command(inner, catalogue)


def translate_help(text: str | None, catalogue: Catalogue) -> str | None:
    """A help text in the catalogue's language; as it is where no catalogue has it."""
    if not text:
        return text
    english = inspect.cleandoc(text)
    entries = (texts for key, texts in load_entries().items() if key.startswith("help."))
    return next((texts[catalogue.language] for texts in entries if texts["en"] == english), text)


def tell_usage(sentence: str, catalogue: Catalogue) -> str:
    """An error of usage in the catalogue's language; as it is where Typer said something that is not known here."""
    for pattern, key in _SENTENCES.items():
        if found := re.fullmatch(pattern, sentence, flags=re.S):
            parts = found.groupdict()
            if "what" in parts:
                parts["what"] = tell_usage(parts["what"], catalogue)
            return catalogue.text(f"usage.{key}", **parts)
    return sentence


def show_usage_error(error: Any, language: str) -> None:
    """An error of usage on standard error, below how the command is called.

    Args:
        error: As Typer raises it.
        language: The reader's.
    """
    from typer import rich_utils

    if language != Lang.EN:
        sentence = tell_usage(error.format_message(), Catalogue(language))
        error.format_message = lambda: sentence
    rich_utils.rich_format_error(error)
