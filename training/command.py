"""The command line of a training script: where it is tracked, what an error looks like, what it prints at the end."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from training.tracking import default_uri
from zhenfen.errors import ZhenfenError


def make_parser(name: str, description: str | None) -> argparse.ArgumentParser:
    """A parser of `python -m training.<name>` with the option that every training has."""
    parser = argparse.ArgumentParser(prog=f"python -m training.{name}", description=description)
    parser.add_argument(
        "--tracking-uri",
        default=default_uri(),
        metavar="URI",
        help="default: MLFLOW_TRACKING_URI, else mlflow.db of the checkout",
    )
    return parser


def refuse_options(name: str, description: str | None) -> None:
    """For scripts that take none: `--help` explains, anything else ends with exit code 2 before files are written."""
    argparse.ArgumentParser(prog=f"python -m training.{name}", description=description).parse_args()


def show_trained(parser: argparse.ArgumentParser, train: Callable[[], Path]) -> None:
    """Train and print the card and where it lies.

    Our own errors, and data that are not there or a disk that is full, end with their text and exit code 2.
    """
    try:
        written = train()
    except (ZhenfenError, OSError) as error:
        parser.exit(2, f"{error}\n")
    print((written / "card.md").read_text(encoding="utf-8"))
    print(f"{written}: written")
