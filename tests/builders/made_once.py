"""What takes seconds to make, made by the first process of a run that needs it; the others copy it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import pytest

from zhenfen.files import alone_in

if TYPE_CHECKING:
    import polars as pl

    from zhenfen.estimators.text_encoder import Int, TextEncoder, Vectors


def make_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder of this process with what `make` puts into the folder that it is given."""
    run = factory.getbasetemp()
    # The folders of pytest-xdist's processes lie in that of the run. Where locks let everybody in, each makes its own.
    if "PYTEST_XDIST_WORKER" in os.environ and sys.platform != "win32":
        run = run.parent
    place = run / f"once-{name}"
    made, whole = place / "made", place / "whole"
    place.mkdir(exist_ok=True)
    with alone_in(place):
        if not whole.exists():
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir()
            make(made)
            whole.touch()
    return Path(shutil.copytree(made, factory.mktemp(name) / name))


def keep_first(call: Callable[..., Any], kept: list[Any]) -> Callable[..., Any]:
    """What `call` gave the first time, kept in a list: for tests of what is made of it, in several languages."""

    def give(*arguments: Any, **options: Any) -> Any:
        if not kept:
            kept.append(call(*arguments, **options))
        return kept[0]

    return give


def read_once(embed: Callable[[TextEncoder, pl.Series], tuple[Vectors, Int]]) -> Callable[..., tuple[Vectors, Int]]:
    """`TextEncoder.embed`, which asks an encoder for the vectors of the same texts in the same order once.

    Of other texts or another order the vectors may differ in their last bits: these are computed.
    """
    known: WeakKeyDictionary[TextEncoder, dict[tuple[str, ...], tuple[Vectors, Int]]] = WeakKeyDictionary()

    def give(encoder: TextEncoder, texts: pl.Series) -> tuple[Vectors, Int]:
        mine, asked = known.setdefault(encoder, {}), tuple(texts)
        if asked not in mine:
            mine[asked] = embed(encoder, texts)
        vectors, n_tokens = mine[asked]
        return vectors.copy(), n_tokens.copy()

    return give
