"""The command line: a table of the commands, each in a file of its own that is imported when it is asked for.

Everything heavy is imported inside the commands, so that --help answers at once.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from importlib import import_module
from tempfile import gettempdir
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from zhenfen.cli.options import LANGUAGE, Lang, PrintLangOption, take_language
from zhenfen.errors import DiskFullError, ZhenfenError

BAD_INPUT = 2
"""Exit code for input or options that cannot be used; 1 is left for our own mistakes."""

COMMANDS = {
    "vet": ("zhenfen.cli.vet", "Read an export and write one report a creator, a shortlist page and a spreadsheet."),
    "import": (
        "zhenfen.cli.import_",
        "Turn an export into canonical tables: ids pseudonymised, contact details masked, provenance kept.",
    ),
    "template": ("zhenfen.cli.template", "Write a workbook to fill in by hand, which imports without an option."),
    "check": ("zhenfen.cli.check", "Say whether tables keep the contract; lists every problem."),
    "demo": ("zhenfen.cli.demo", "Vet a shortlist of twelve simulated creators whose truth is known."),
    "explain": (
        "zhenfen.cli.explain",
        "One creator: levels with reasons, spans with the causes tested, and what would lower a level.",
    ),
    "spans": (
        "zhenfen.cli.spans",
        "Marked spans of every follower series: when, how much, what explains it; profiles and platform may be absent.",
    ),
    "monitor": (
        "zhenfen.cli.monitor",
        "Say whether new rows are like a reference: profiles, comments or posts, or scores of these or of creators.",
    ),
    "outcomes": (
        "zhenfen.cli.outcomes",
        "Say whether creators flagged before a campaign brought less afterwards, with intervals.",
    ),
    "reproduce": ("zhenfen.cli.reproduce", "Say which models, rules and input made a report, and score again."),
    "serve": (
        "zhenfen.cli.serve",
        "Open the desk, and answer over HTTP: scores of rows and creators, vetting as jobs. See docs/desk.md.",
    ),
    "panel": ("zhenfen.cli.panel", "Reference panels: what is usual among peers."),
    "score": ("zhenfen.cli.score", "Scores of profiles, comments, posts and creators, as Parquet."),
    "audit": ("zhenfen.cli.audit", "Label a sample of an audience by hand, and estimate again with the labels."),
    "models": ("zhenfen.cli.models", "Models of the shelf and of the registry: list, show, verify, roll back."),
    "keys": ("zhenfen.cli.keys", "API keys of the service: hashed in a file, each shown once."),
}
"""Command → the module whose `app` it is, and its line in `zhenfen --help`: how the command's own help begins."""


class LazyCommands(TyperGroup):
    """Lists the commands as COMMANDS does; a command's module is imported when it is run or its own help is asked."""

    # Typer keeps the types of contexts and formatters to itself.

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {name: TyperCommand(name, help=line) for name, (_, line) in COMMANDS.items()}
        self.language: str = Lang.EN

    @contextlib.contextmanager
    def speak(self, language: str) -> Iterator[None]:
        """Show help and errors of usage in a language, as long as the block lasts; English needs no catalogue."""
        from zhenfen.cli.told import fixed_words, translate_command
        from zhenfen.messages import Catalogue

        self.language = language
        translate_command(self, Catalogue(language))
        with fixed_words(Catalogue(language)):
            yield

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command itself, its module imported; None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        command = typer.main.get_command(import_module(module).app)
        command.name = cmd_name
        if self.language != Lang.EN:
            from zhenfen.cli.told import translate_command
            from zhenfen.messages import Catalogue

            translate_command(command, Catalogue(self.language))
        return command

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the page of a group whose commands are their names and lines alone."""
        listing = TyperGroup(name=self.name, help=self.help, params=self.params, commands=dict(self.commands))
        listing.get_usage, listing.get_help_option = self.get_usage, self.get_help_option  # type: ignore[method-assign]
        listing.format_help(ctx, formatter)


app = typer.Typer(
    name="zhenfen",
    cls=LazyCommands,
    help="How much of an influencer's audience and engagement is real, with evidence a person can check. "
    "Advice only: a person decides.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def start(lang: PrintLangOption = Lang.EN) -> None:
    """Do nothing before the command but note the language, in which the list of commands is shown too."""


def main() -> None:
    """Entry point: our own errors become a clear text and exit code 2, those of usage are told in the same language."""
    language, arguments = take_language(sys.argv[1:], os.environ)
    reader = {LANGUAGE: language}
    command: Any = typer.main.get_command(app)
    with contextlib.ExitStack() as stack:
        if language != Lang.EN:
            stack.enter_context(command.speak(language))
        try:
            sys.exit(command(args=arguments, obj=reader, standalone_mode=False))
        except TyperException as error:
            from zhenfen.cli.told import show_usage_error

            show_usage_error(error, language)
            sys.exit(error.exit_code)
        except typer.Abort:
            sys.exit(1)
        except Exception as error:
            from zhenfen.files import is_disk_full

            if is_disk_full(error) and not isinstance(error, DiskFullError):
                # It filled up where nothing is kept: temporary files.
                error = DiskFullError(gettempdir())
            if not isinstance(error, ZhenfenError):
                raise
            from zhenfen.cli.terminal import show_error

            show_error(error, reader[LANGUAGE])
            sys.exit(BAD_INPUT)
