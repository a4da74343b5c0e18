"""Text from the outside, made fit to be quoted: no control characters, no third parties' names, not too long."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise

LONGEST_QUOTE_CHARS = 140
"""A Weibo post was 140 characters for years: enough to recognise a text, short enough to read ten of them."""
LEAD_CHARS = 30
"""Characters kept before the first matched word when an excerpt starts in the middle of a text."""
MASKED = "@***"
_JOINER = "\u200d"
"""Joins emoji into one; the other format characters (Cf) hide or turn text."""
_HOLDING = "\u00a0\u202f"
_NOT_SHOWN = ("Cc", "Cf", "Cs", "Co", "Cn")

# A name ends at white space or punctuation that none of the platforms allows in a name.
_MENTION = re.compile(r"[@＠][^\s@＠:：,，.。!！?？、#/()（）<>\"“”]{1,30}")


def clean(text: str | None) -> str:
    """`text` on one line without control, direction-changing and unassigned characters.

    Spaces that do not break stay: our own French sentences come through here too.
    """
    kept = (
        " " if char.isspace() and char not in _HOLDING else char
        for char in text or ""
        if char.isspace() or char == _JOINER or unicodedata.category(char) not in _NOT_SHOWN
    )
    return " ".join(part for part in "".join(kept).split(" ") if part.strip())


def mask_mentions(text: str) -> str:
    """`text` with every @-name replaced: people who are not the subject of a report stay unnamed."""
    return _MENTION.sub(MASKED, text)


def shorten(text: str, longest: int = LONGEST_QUOTE_CHARS) -> str:
    """`text` cut to `longest` characters, the last one an ellipsis where something was cut."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def quote(text: str | None, *, show_names: bool, longest: int = LONGEST_QUOTE_CHARS) -> str:
    """A comment as it may stand in a report."""
    cleaned = clean(text)
    return shorten(cleaned if show_names else mask_mentions(cleaned), longest)


def highlight(text: str | None, words: Iterable[str], *, show_names: bool) -> list[dict[str, str | bool]]:
    """An excerpt around the first of `words`, in parts: {"text", "is_match"}.

    Names are masked in the parts between the matches only: a matched brand is the reason for the excerpt.
    """
    cleaned = clean(text)
    found = sorted({one for word in words if (one := clean(word))}, key=lambda word: (-len(word), word))
    parts = [cleaned]
    if found:
        pattern = re.compile("(" + "|".join(map(re.escape, found)) + ")", re.IGNORECASE)
        first = pattern.search(cleaned)
        if first is not None and first.end() >= LONGEST_QUOTE_CHARS:
            cleaned = "…" + cleaned[max(0, first.start() - LEAD_CHARS) :]
        parts = pattern.split(cleaned)
    return _cut(parts, show_names=show_names)


def highlight_spans(
    text: str | None, spans: Iterable[tuple[int, int]], *, show_names: bool
) -> list[dict[str, str | bool]]:
    """An excerpt around the first of `spans` in parts, see `highlight`.

    Args:
        text: The whole text.
        spans: Start and end, in characters of `text`; they may overlap or lie outside.
        show_names: Whether @-names stay; a span that reaches into a name that is masked is left out.
    """
    whole = text or ""
    names = [] if show_names else [found.span() for found in _MENTION.finditer(whole)]
    apart = (span for span in spans if not any(span[0] < end and start < span[1] for start, end in names))
    # In order and inside the text, those that touch as one.
    merged: list[tuple[int, int]] = []
    for start, end in sorted((max(start, 0), min(end, len(whole))) for start, end in apart):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        elif start < end:
            merged.append((start, end))
    edges = [0, *(edge for span in merged for edge in span), len(whole)]
    parts = []
    for start, end in pairwise(edges):
        part, cleaned = whole[start:end], clean(whole[start:end])
        # A blank at the edge of a part keeps it apart from its neighbour.
        if cleaned:
            cleaned = f"{' ' * part[0].isspace()}{cleaned}{' ' * part[-1].isspace()}"
        elif part and part.isspace():
            cleaned = " "
        parts.append(cleaned)
    if len(parts[0]) + LEAD_CHARS > LONGEST_QUOTE_CHARS:
        parts[0] = "…" + parts[0][-LEAD_CHARS:]
    return _cut(parts, show_names=show_names)


def _cut(parts: Iterable[str], *, show_names: bool) -> list[dict[str, str | bool]]:
    """Parts that are matches in turn, the first is none, as far as there is room."""
    room = LONGEST_QUOTE_CHARS
    shown: list[dict[str, str | bool]] = []
    for index, part in enumerate(parts):
        is_match = index % 2 == 1
        text = part if is_match or show_names else mask_mentions(part)
        shown.append({"text": shorten(text, max(room, 1)), "is_match": is_match})
        if len(text) > room:
            break
        room -= len(text)
    return [part for part in shown if part["text"]]
