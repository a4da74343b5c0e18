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

# A name ends at white space or punctuation that none of the platforms allows in a name.
_MENTION = re.compile(r"[@＠][^\s@＠:：,，.。!！?？、#/()（）<>\"“”]{1,30}")


def clean(text: str | None) -> str:
    """`text` on one line without control, direction-changing and unassigned characters."""
    kept = (" " if char.isspace() else char for char in text or "" if char.isspace() or _is_shown(char))
    return " ".join("".join(kept).split())


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
    pattern = _any_of(words)
    parts = [cleaned] if pattern is None else pattern.split(_window(cleaned, pattern))
    shown = (_part(part, is_match=index % 2 == 1, show_names=show_names) for index, part in enumerate(parts))
    return [part for part in _cut(shown) if part["text"]]


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
    merged = _merge(apart, len(whole))
    edges = [0, *(edge for span in merged for edge in span), len(whole)]
    parts = [_clean_part(whole[start:end]) for start, end in pairwise(edges)]
    if len(parts[0]) + LEAD_CHARS > LONGEST_QUOTE_CHARS:
        parts[0] = "…" + parts[0][-LEAD_CHARS:]
    shown = (_part(part, is_match=index % 2 == 1, show_names=show_names) for index, part in enumerate(parts))
    return [part for part in _cut(shown) if part["text"]]


def _merge(spans: Iterable[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    """The spans in order, inside the text, those that touch as one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted((max(start, 0), min(end, length)) for start, end in spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        elif start < end:
            merged.append((start, end))
    return merged


def _clean_part(text: str) -> str:
    """`clean` for a part of a text: a blank at its edge parts it from its neighbour."""
    cleaned = clean(text)
    if not cleaned:
        return " " if text and text.isspace() else ""
    return f"{' ' * text[0].isspace()}{cleaned}{' ' * text[-1].isspace()}"


def _is_shown(char: str) -> bool:
    # U+200D joins emoji into one; the other format characters (Cf) hide or turn text.
    return char == "\u200d" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def _any_of(words: Iterable[str]) -> re.Pattern[str] | None:
    found = sorted({cleaned for word in words if (cleaned := clean(word))}, key=lambda word: (-len(word), word))
    return re.compile("(" + "|".join(map(re.escape, found)) + ")", re.IGNORECASE) if found else None


def _window(text: str, pattern: re.Pattern[str]) -> str:
    first = pattern.search(text)
    if first is None or first.end() < LONGEST_QUOTE_CHARS:
        return text
    return "…" + text[max(0, first.start() - LEAD_CHARS) :]


def _part(text: str, *, is_match: bool, show_names: bool) -> dict[str, str | bool]:
    return {"text": text if is_match or show_names else mask_mentions(text), "is_match": is_match}


def _cut(parts: Iterable[dict[str, str | bool]]) -> Iterable[dict[str, str | bool]]:
    room = LONGEST_QUOTE_CHARS
    for part in parts:
        text = str(part["text"])
        if len(text) > room:
            yield {**part, "text": shorten(text, max(room, 1))}
            return
        room -= len(text)
        yield part
