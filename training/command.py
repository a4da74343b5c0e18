"""The command line of a training script: where it is tracked, what an error looks like, what it prints at the end."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@contextmanager
def end_with_errors(parser: argparse.ArgumentParser) -> Iterator[None]:
    """Our own errors, and data that are not there or a disk that is full, end with their text and exit code 2."""
    try:
        yield
    except (ZhenfenError, OSError) as error:
        parser.exit(2, f"{error}\n")


def show_trained(parser: argparse.ArgumentParser, train: Callable[[], Path]) -> None:
    """Train and print the card and where it lies; errors as in `end_with_errors`."""
    with end_with_errors(parser):
        written = train()
        print((written / "card.md").read_text(encoding="utf-8"))
        print(f"{written}: written")
