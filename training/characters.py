"""Writes configs/text/simplified.txt: traditional characters and their simplified forms, from OpenCC's dictionaries.

    python -m training.characters

One character at a time: where OpenCC's phrases decide (乾隆 keeps its 乾), the table follows the character alone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

TABLE = Path(__file__).parents[1] / "configs" / "text" / "simplified.txt"
HAN = ((0x3400, 0x9FFF), (0x20000, 0x323AF))
"""CJK ideographs with extensions A to H. Compatibility ideographs have gone with NFKC."""

KEPT = "吒"
"""哪吒 keeps its name: OpenCC says so in its phrases, and nothing else is written with it."""


def main() -> None:
    """Write the table anew."""
    import opencc

    head = (
        "# Traditional characters and their simplified forms, a pair a line; comparison only, see text/characters.py.",
        f"# Source: OpenCC {opencc.__version__} (t2s), https://github.com/BYVoid/OpenCC, by Carbo Kuo and others.",
        "# Licence: Apache-2.0. Made by `python -m training.characters` on 2026-11-21.",
    )
    TABLE.write_text("\n".join((*head, *_pairs(), "")), encoding="utf-8")


def _pairs() -> Iterator[str]:
    from opencc import OpenCC

    convert = OpenCC("t2s").convert
    for first, last in HAN:
        for character in map(chr, range(first, last + 1)):
            simplified = convert(character)
            # What NFKC would change never reaches the table.
            if simplified != character not in KEPT and unicodedata.normalize("NFKC", character) == character:
                yield character + simplified


if __name__ == "__main__":
    main()
