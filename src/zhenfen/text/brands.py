"""Brands, shops and names in texts, by the dictionary of configs/features/brands.yaml and the user's own beside it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from pydantic import Field, model_validator

from zhenfen.config import Strict, config_dir, read_config, user_config_dir
from zhenfen.errors import ConfigError
from zhenfen.text.lexicons import WordList
from zhenfen.text.segment import segment
from zhenfen.text.spelling import spell, spell_word

OWN_FILE = "brands.yaml"
SHORTEST_CHARS = 2
"""A single character stands in too many words to be a name by itself."""
NAMED_SCHEMA: dict[str, pl.DataType] = {"row": pl.Int64(), "name": pl.String(), "category": pl.String()}
_HAN_ONLY = re.compile(r"[\u3400-\u9fff]+")
_SHORT_HASH_CHARS = 12


class BrandCategory(Strict):
    """The brands of one category of product.

    Attributes:
        source: Where they come from.
        dated: Day they were gathered, ISO.
        brands: Name → its other spellings.
        beside: Spelling that is an everyday word too → words of which one must stand in the same text.
    """

    source: str
    dated: str
    brands: dict[str, tuple[str, ...]]
    beside: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_spellings(self) -> BrandCategory:
        spelled: dict[str, str] = {}
        for name, also in self.brands.items():
            for spelling in dict.fromkeys(map(_plain, (name, *also))):
                if len(spelling) < SHORTEST_CHARS:
                    raise ValueError(
                        f"{name}: expected spellings of {SHORTEST_CHARS} characters and more: {spelling!r}"
                    )
                if spelling in spelled:
                    raise ValueError(f"{spelling!r} is a spelling of {spelled[spelling]} and of {name}")
                spelled[spelling] = name
        for word, context in self.beside.items():
            if _plain(word) not in spelled or not all(context) or not context:
                raise ValueError(f"beside {word!r}: expected a spelling of these brands and words to stand beside it")
        return self


class BrandFile(Strict):
    """A dictionary of brands; what a file does not say of shops and forms of naming is as in the one before it."""

    categories: dict[str, BrandCategory]
    shops: WordList | None = None
    namings: WordList | None = None
    ordinary: WordList | None = None


@dataclass(frozen=True)
class BrandBook:
    """What is known of brands: plain values, so that it travels to other processes.

    Attributes:
        spellings: Spelling → name, category, and words of which one must stand beside it (empty: none need).
        shops: Pattern of a shop's name.
        namings: Pattern of the forms in which names that nobody knows stand.
        ordinary: What stands in those forms and names nothing, in small letters.
        version: Short hash of the files that it was read from.
    """

    spellings: Mapping[str, tuple[str, str, tuple[str, ...]]]
    shops: str
    namings: str
    ordinary: frozenset[str]
    version: str

    @property
    def han(self) -> tuple[str, ...]:
        """Spellings of Han characters alone: jieba says where they are words."""
        return tuple(sorted(one for one in self.spellings if _HAN_ONLY.fullmatch(one)))

    @property
    def others(self) -> str:
        """A pattern of all other spellings, longest first; a Latin letter at either end stands beside no other."""
        others = sorted(
            (one for one in self.spellings if not _HAN_ONLY.fullmatch(one)), key=lambda one: (-len(one), one)
        )
        return "|".join(map(_bound, others))


def load_brands(own: Path | None = None) -> BrandBook:
    """The dictionary that is shipped, and the user's own on top of it.

    Args:
        own: The user's file; default brands.yaml in the user's own folder, if it is there.

    Raises:
        ConfigError: A file is missing or wrong, or a category of one spells two brands alike.
    """
    paths = [config_dir() / "features" / "brands.yaml"]
    if own is not None or (user_config_dir() / OWN_FILE).is_file():
        paths.append(own or user_config_dir() / OWN_FILE)
    spellings: dict[str, tuple[str, str, tuple[str, ...]]] = {}
    lists: dict[str, WordList] = {}
    for path in paths:
        file = read_config(path, BrandFile)
        spellings |= _spellings_of(file, path)
        lists |= {name: found for name in ("shops", "namings", "ordinary") if (found := getattr(file, name))}
    if missing := sorted({"shops", "namings", "ordinary"} - lists.keys()):
        raise ConfigError(f"{paths[0]}: expected lists {', '.join(missing)}")
    version = hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:_SHORT_HASH_CHARS]
    ordinary = frozenset(map(_plain, lists["ordinary"].words))
    return BrandBook(spellings, lists["shops"].regex, lists["namings"].regex, ordinary, version)


def find_brands(texts: pl.Series, book: BrandBook) -> pl.DataFrame:
    """The brands of the dictionary that each text names.

    Only texts that hold the letters of a spelling somewhere are cut into words.

    Args:
        texts: Raw texts; a null one names nothing.
        book: The dictionary.

    Returns:
        NAMED_SCHEMA, a brand once a text: by row and name.
    """
    plain = pl.DataFrame({"text": spell(texts.cast(pl.String)).str.to_lowercase()}).with_row_index("row")
    holding = plain.filter(pl.col("text").str.contains_any(list(book.spellings)))
    # Han spellings are words as jieba cuts them, so that no brand is read across two words; others have ends of theirs.
    words = segment(pl.col("text"), book.han).list.set_intersection(pl.lit(list(book.han), dtype=pl.List(pl.String)))
    others = pl.col("text").str.extract_all(f"(?:{book.others})")
    spelled = holding.with_columns(spelling=pl.concat_list(words, others)).explode("spelling").drop_nulls("spelling")
    # A number right behind a Latin name is its model's: vivo100.
    numberless = pl.col("spelling").str.strip_chars_end("0123456789")
    is_known = pl.col("spelling").is_in(list(book.spellings))
    known = [(one, *told) for one, told in book.spellings.items()]
    schema = {"spelling": pl.String(), "name": pl.String(), "category": pl.String(), "beside": pl.List(pl.String())}
    named = spelled.with_columns(pl.when(is_known).then("spelling").otherwise(numberless)).join(
        pl.DataFrame(known, schema=schema, orient="row"), on="spelling"
    )
    alone = named.filter(pl.col("beside").list.len() == 0)
    together = named.filter(pl.col("beside").list.len() > 0).explode("beside")
    together = together.filter(pl.col("text").str.contains(pl.col("beside"), literal=True))
    columns = [pl.col(name).cast(dtype) for name, dtype in NAMED_SCHEMA.items()]
    return pl.concat([alone.select(columns), together.select(columns)]).unique().sort("row", "name", "category")


def find_shops(texts: pl.Series, book: BrandBook) -> pl.DataFrame:
    """The shops that each text names, as it names them without @: row and name, a shop once a text."""
    shop = pl.col("name").str.strip_prefix("@").str.replace("^(?:天猫|淘宝|京东|抖音|小红书)", "")
    return _find(spell(texts.cast(pl.String)), book.shops).with_columns(shop).unique().sort("row", "name")


def find_unknown_names(texts: pl.Series, book: BrandBook) -> pl.DataFrame:
    """What stands in a form of naming, and is no brand of the dictionary, no shop and no ordinary word.

    Nothing says that it is a brand: a person behind @ and a title in corner brackets are named alike.

    Returns:
        row and name (brackets left out, @ kept, Latin letters small), a name once a text.
    """
    spelled = spell(texts.cast(pl.String))
    name = pl.col("name").str.strip_chars("「」『』 '’").str.to_lowercase()
    found = _find(spelled, book.namings).with_columns(name).unique().sort("row", "name")
    bare = found["name"].str.strip_prefix("@")
    is_brand = pl.Series(range(found.height)).is_in(find_brands(bare, book)["row"].implode())
    is_shop = bare.str.contains(f"(?:{book.shops})") | found["name"].str.contains(f"(?:{book.shops})")
    parts = pl.DataFrame({"at": range(found.height), "part": bare.str.split(" ")}).explode("part")
    telling = parts.filter(~pl.col("part").is_in(sorted(book.ordinary)))["at"].unique()
    is_telling = pl.Series(range(found.height)).is_in(telling.implode())
    return found.filter(~is_brand & ~is_shop & is_telling)


def name_brands(posts: pl.DataFrame, book: BrandBook) -> pl.DataFrame:
    """The names in each post by that post alone, in the order given.

    Args:
        posts: text.
        book: The dictionary.

    Returns:
        brands and shops (lists of names), brand_candidates (see `find_unknown_names`); empty lists for a null text.
    """
    rows = pl.DataFrame({"row": range(posts.height)}, schema={"row": pl.Int64})
    finders = {"brands": find_brands, "shops": find_shops, "brand_candidates": find_unknown_names}
    for column, find in finders.items():
        listed = find(posts["text"], book).group_by("row", maintain_order=True).agg(pl.col("name").alias(column))
        rows = rows.join(listed, on="row", how="left", maintain_order="left")
    empty = pl.lit([], dtype=pl.List(pl.String))
    return rows.select(pl.col(column).fill_null(empty).list.unique(maintain_order=True) for column in finders)


def _find(texts: pl.Series, regex: str) -> pl.DataFrame:
    frame = pl.DataFrame({"row": range(len(texts)), "name": texts}, schema={"row": pl.Int64, "name": pl.String})
    return frame.with_columns(pl.col("name").str.extract_all(regex)).explode("name").drop_nulls("name")


def _spellings_of(file: BrandFile, path: Path) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    spelled: dict[str, tuple[str, str, tuple[str, ...]]] = {}
    for category, entries in file.categories.items():
        beside = {_plain(word): tuple(map(_plain, context)) for word, context in entries.beside.items()}
        for name, also in entries.brands.items():
            for spelling in dict.fromkeys(map(_plain, (name, *also))):
                if spelling in spelled:
                    raise ConfigError(f"{path}: {spelling!r} is a spelling of {spelled[spelling][0]} and of {name}")
                spelled[spelling] = (name, category, beside.get(spelling, ()))
    return spelled


def _plain(word: str) -> str:
    return spell_word(word).lower().strip()


def _bound(spelling: str) -> str:
    """The pattern of a spelling that is no part of a longer Latin word; digits may follow."""
    before = r"(?-u:\b)" if spelling[0].isascii() and spelling[0].isalnum() else ""
    after = r"[0-9]*(?-u:\b)" if spelling[-1].isascii() and spelling[-1].isalnum() else ""
    return f"{before}{re.escape(spelling)}{after}"
