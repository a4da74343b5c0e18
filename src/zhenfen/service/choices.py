"""Options that take one of a few words: checked, and listed in the description of the service."""

from __future__ import annotations

from collections.abc import Callable, Collection

from pydantic import WithJsonSchema


def one_of(choices: Collection[str]) -> Callable[[str], str]:
    """A check that lets a word of `choices` through and raises ValueError, which lists them, for any other."""

    def check(word: str) -> str:
        if word not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}")
        return word

    return check


def list_choices(choices: Collection[str]) -> WithJsonSchema:
    """The words as the service's description lists them."""
    return WithJsonSchema({"type": "string", "enum": list(choices)})
