"""Comments made from templates: solicitations as they stand under posts of any kind, and short praise.

The larger labelled sets are chats about games and grey trades; what is offered and sought under posts is more than
that, and of praise some forty comments are labelled.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from zhenfen.config import Strict, read_config

PATH = Path(__file__).with_suffix(".yaml")
PRAISES_PATH = PATH.with_stem("praises")
CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
N_LETTERS = 26
ID_FORMS = ((0, 0, 6, 11), (2, 6, 2, 7), (5, 11, 0, 0), (0, 0, 11, 11))
"""Fewest and most letters, then digits: a QQ number, two kinds of WeChat id, a mobile number."""
ADDRESSES = ("http://{}.com", "www.{}.cn", "t.cn/{}", "{}.com", "https://{}.top/a")
WITH_ACCOUNT, ACCOUNT_ONLY = 0.6, 0.2
"""Shares of the ways to write to somebody: "add account id", "account id"; the rest only asks."""
UNPUNCTUATED_SHARE = 0.3
MARKS = ("", " ", "!", "。", "~", ",")


class Templates(Strict):
    """What solicitations.yaml and praises.yaml hold.

    Attributes:
        dated: Day they were written, ISO.
        slots: Name → what may stand there.
        templates: Texts with {slots}.
    """

    dated: str
    slots: dict[str, tuple[str, ...]]
    templates: tuple[str, ...]


def make_solicitations(n: int, rng: np.random.Generator) -> pl.Series:
    """`n` made-up texts that sell, buy, recruit, seek company, or lead to an account, a group or an address."""
    return _fill_templates(read_config(PATH, Templates), n, rng)


def make_praises(n: int, rng: np.random.Generator) -> pl.Series:
    """`n` made-up texts of short praise that fits under any post."""
    return _fill_templates(read_config(PRAISES_PATH, Templates), n, rng)


def _fill_templates(words: Templates, n: int, rng: np.random.Generator) -> pl.Series:
    texts = _pick(words.templates, n, rng)
    for slot in ("contact", *words.slots, "link", "number", "id"):
        # A template may hold a slot twice.
        while texts.str.contains(f"{{{slot}}}", literal=True).any():
            texts = _put(texts, f"{{{slot}}}", _fill(slot, words, n, rng))
    is_changed = pl.Series(rng.random(n) < UNPUNCTUATED_SHARE)
    marks = _pick(MARKS, n, rng)
    changed = pl.DataFrame({"text": texts, "mark": marks}).select(pl.col("text").str.replace_all("，", pl.col("mark")))
    return texts.zip_with(~is_changed, changed.to_series())


def _fill(slot: str, words: Templates, n: int, rng: np.random.Generator) -> pl.Series:
    if slot == "contact":
        return _make_contacts(words, n, rng)
    if slot == "link":
        return _put(_pick(ADDRESSES, n, rng), "{}", _make_ids(n, rng))
    if slot == "number":
        return _draw_characters(np.zeros(n, np.int64), rng.integers(6, 11, n), rng)
    if slot == "id":
        return _make_ids(n, rng)
    return _pick(words.slots[slot], n, rng)


def _make_contacts(words: Templates, n: int, rng: np.random.Generator) -> pl.Series:
    add, account, ask = (_pick(words.slots[name], n, rng) for name in ("add", "account", "ask"))
    between, ids = _pick(("", ":", "：", "号", "号：", " "), n, rng), _make_ids(n, rng)
    way = rng.random(n)
    full, short = pl.Series(way < WITH_ACCOUNT), pl.Series(way < WITH_ACCOUNT + ACCOUNT_ONLY)
    return (add + account + between + ids).zip_with(full, (account + between + ids).zip_with(short, ask))


def _make_ids(n: int, rng: np.random.Generator) -> pl.Series:
    forms = np.array(ID_FORMS)[rng.integers(0, len(ID_FORMS), n)]
    letters, digits = (rng.integers(forms[:, at], forms[:, at + 1] + 1) for at in (0, 2))
    return _draw_characters(letters, digits, rng)


def _draw_characters(
    letters: np.ndarray[tuple[int], np.dtype[np.int64]],
    digits: np.ndarray[tuple[int], np.dtype[np.int64]],
    rng: np.random.Generator,
) -> pl.Series:
    """Texts of so many random letters and then so many random digits."""
    longest = int(max(letters.max(initial=0), digits.max(initial=0), 1))
    frame = pl.DataFrame({"letters": letters, "digits": digits})
    for name, low, high in (("a", 0, N_LETTERS), ("b", N_LETTERS, len(CHARACTERS))):
        drawn = rng.integers(low, high, (len(frame), longest))
        columns = [pl.Series(str(at), np.array(list(CHARACTERS))[drawn[:, at]]) for at in range(longest)]
        frame = frame.with_columns(pl.DataFrame(columns).select(pl.concat_str(pl.all()).alias(name))[name])
    a, b = pl.col("a").str.slice(0, pl.col("letters")), pl.col("b").str.slice(0, pl.col("digits"))
    return frame.select(a + b).to_series()


def _pick(choices: tuple[str, ...], n: int, rng: np.random.Generator) -> pl.Series:
    return pl.Series(choices).gather(rng.integers(0, len(choices), n))


def _put(texts: pl.Series, slot: str, values: pl.Series) -> pl.Series:
    frame = pl.DataFrame({"text": texts, "value": values})
    return frame.select(pl.col("text").str.replace(slot, pl.col("value"), literal=True)).to_series()
