"""Changes by which adverts dodge filters, made on raw texts: for training copies, and to measure what they cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.config import Strict, read_config
from zhenfen.text.characters import to_characters, to_texts

PATH = Path(__file__).with_suffix(".yaml")
CHANGED_SHARE = 0.5
"""Of the characters that a change can touch: half, so that some of each word stays."""
Disguise = Callable[[pl.Series, np.random.Generator], pl.Series]


class Tables(Strict):
    """What disguises.yaml holds.

    Attributes:
        dated: Day it was written, ISO.
        source: Where the tables come from.
        sound_alike: Character → characters that sound the same.
        look_alike: Character → characters that look the same.
        inserted: Signs set between characters.
        emoji: The same with emoji.
        traditional: Simplified characters and their traditional forms, two texts of one length.
    """

    dated: str
    source: str
    sound_alike: dict[str, str]
    look_alike: dict[str, str]
    inserted: str
    emoji: str
    traditional: tuple[str, str]


def load_disguises() -> Mapping[str, Disguise]:
    """Name of a change → the function that makes it; null stays null."""
    tables = read_config(PATH, Tables)
    simplified, traditional = tables.traditional
    to_traditional = dict(zip(simplified, traditional, strict=True))
    return {
        "look_alike": lambda texts, rng: replace_characters(texts, tables.look_alike, CHANGED_SHARE, rng),
        "spacing": lambda texts, rng: insert_characters(texts, tables.inserted, CHANGED_SHARE, rng),
        "emoji": lambda texts, rng: insert_characters(texts, tables.emoji, CHANGED_SHARE / 2, rng),
        "sound_alike": lambda texts, rng: replace_characters(texts, tables.sound_alike, CHANGED_SHARE, rng),
        "traditional": lambda texts, rng: replace_characters(texts, to_traditional, 1, rng),
    }


def disguise(texts: pl.Series, rng: np.random.Generator) -> pl.Series:
    """Each text with one of the changes, drawn at random."""
    kinds = load_disguises()
    drawn = rng.integers(0, len(kinds), len(texts))
    changed = texts.clone()
    for number, change in enumerate(kinds.values()):
        rows = np.flatnonzero(drawn == number)
        changed = changed.scatter(rows, change(texts.gather(rows), rng))
    return changed


def replace_characters(texts: pl.Series, table: Mapping[str, str], share: float, rng: np.random.Generator) -> pl.Series:
    """`texts` in which `share` of the characters of `table` gave way to one of those it names, drawn evenly."""
    characters, offsets = to_characters(texts)
    characters = characters.copy()
    for old, new in table.items():
        places = np.flatnonzero(characters == ord(old))
        places = places[rng.random(len(places)) < share]
        characters[places] = _codes(new)[rng.integers(0, len(new), len(places))]
    changed = to_texts(characters, offsets, np.ones(len(characters), dtype=bool))
    return _keep_null(changed, texts)


def insert_characters(texts: pl.Series, signs: str, share: float, rng: np.random.Generator) -> pl.Series:
    """`texts` with one of `signs` behind `share` of the characters."""
    characters, offsets = to_characters(texts)
    spaced = np.empty(2 * len(characters), dtype=np.uint32)
    spaced[::2] = characters
    spaced[1::2] = _codes(signs)[rng.integers(0, len(signs), len(characters))]
    kept = np.ones(len(spaced), dtype=bool)
    kept[1::2] = rng.random(len(characters)) < share
    return _keep_null(to_texts(spaced, 2 * offsets, kept), texts)


def _codes(text: str) -> npt.NDArray[np.uint32]:
    return np.array([ord(character) for character in text], dtype=np.uint32)


def _keep_null(changed: pl.Series, texts: pl.Series) -> pl.Series:
    masked = pl.DataFrame({"changed": changed, "text": texts})
    return masked.select(pl.when(pl.col("text").is_not_null()).then("changed")).to_series().alias(texts.name)
