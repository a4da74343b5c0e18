"""Places: which one a cell or an option names, and what it is called in a reader's language.

A place is an ISO 3166 code: a province of China (CN-GD), a country (US), or ABROAD where nothing more is said.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache

import polars as pl

from zhenfen.config import Strict, config_dir, read_config
from zhenfen.errors import UnknownPlaceError

CHINA, MAINLAND, ABROAD = "CN", "mainland", "abroad"
N_SUGGESTED = 3
WRITTEN_AS = {
    "Hans": "zh",
    "Hant": "zh",
    "Jpan": "ja",
    "Kore": "ko",
    "Latn": "latin",
    "Cyrl": "cyrillic",
    "Arab": "arabic",
    "Thai": "thai",
}
"""Script of a language (ISO 15924) → what texts in it are counted as, see `people.LANGUAGES`."""
_COUNTRY = re.compile(r"[A-Z]{2}")
_NO_COUNTRY = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
"""Codes of CLDR that are unions, outlying oceans or pseudo-places."""


class PlaceNames(Strict):
    """Names of a province or a group of places, by language, and other spellings of it."""

    zh: str
    en: str
    fr: str
    also: tuple[str, ...] = ()


class PlaceGroup(PlaceNames):
    """Names that stand for the provinces of the mainland and the places `besides_mainland`."""

    besides_mainland: tuple[str, ...] = ()


class Gazetteer(Strict):
    """Content of configs/features/places.yaml."""

    source: str
    dated: str
    provinces: dict[str, PlaceNames]
    groups: dict[str, PlaceGroup]
    countries: dict[str, tuple[str, ...]]
    before: tuple[str, ...]
    abroad: tuple[str, ...]


@cache
def load_gazetteer() -> Gazetteer:
    """The places of configs/features/places.yaml.

    Raises:
        ConfigError: The file is absent or wrong.
    """
    return read_config(config_dir() / "features" / "places.yaml", Gazetteer)


def find_place(text: str) -> str | None:
    """The place that a cell begins with: "广东", "广东省深圳市", "中国香港", "海外 美国", "Guangdong, Shenzhen".

    Returns:
        An ISO 3166 code, CHINA where only the country is said, ABROAD, or None where no place is recognised.
    """
    plain = _plain(text)
    for word in load_gazetteer().before:
        if plain.startswith(word) and len(plain) > len(word):
            rest = find_place(plain.removeprefix(word))
            if rest is not None:
                return rest
    codes, pattern = _spellings()
    found = pattern.match(plain)
    code = codes[found[0]] if found else None
    return CHINA if code == MAINLAND else code


def read_places(cells: pl.Series) -> pl.Series:
    """The code of every cell; null where nothing stands or no place is recognised."""
    different = cells.drop_nulls().unique()
    codes = pl.Series([find_place(cell) for cell in different.to_list()], dtype=pl.String)
    return cells.replace_strict(different, codes, default=None, return_dtype=pl.String)


def parse_targets(names: Iterable[str]) -> tuple[str, ...]:
    """Codes of all places that the names stand for, sorted; a name of a group stands for every place in it.

    Raises:
        UnknownPlaceError: A name is known to nobody; with those that are spelled most like it.
    """
    codes: set[str] = set()
    for name in names:
        # Where nothing was asked, not even the countries' names are read.
        known, _ = _spellings()
        code = known.get(_plain(name))
        if code is None or code == ABROAD:
            places = [spelling for spelling, place in known.items() if place != ABROAD]
            raise UnknownPlaceError(name, get_close_matches(_plain(name), places, N_SUGGESTED))
        codes |= _held(code)
    return tuple(sorted(codes))


def is_outside(place: str | None, targets: Sequence[str]) -> bool | None:
    """Whether a place lies outside all targets; None where what is known of it does not say.

    Args:
        place: Code of `find_place`.
        targets: Codes of `parse_targets`.
    """
    if place is None or place in targets:
        return None if place is None else False
    in_china = _held(CHINA)
    if place == CHINA:
        return None if in_china.intersection(targets) else True
    if place == ABROAD:
        return None if set(targets) - in_china else True
    return True


def find_languages(codes: Iterable[str]) -> frozenset[str]:
    """What is written in these places, as WRITTEN_AS counts it: their official languages, in law or in fact (CLDR).

    Args:
        codes: Codes of `parse_targets`; a province writes what its country does. Empty where nothing is known of them.
    """
    from babel.core import get_global
    from babel.languages import get_official_languages

    countries = {code.split("-")[0] for code in codes}
    if CHINA in countries:
        # Who wants China wants Chinese: English in Hong Kong and Portuguese in Macau are not what is asked for.
        countries -= set(load_gazetteer().groups[CHINA].besides_mainland)
    spoken = (one for code in countries for one in get_official_languages(code, de_facto=True))
    full = (get_global("likely_subtags").get(one, one).split("_") for one in spoken)
    return frozenset(WRITTEN_AS[part] for parts in full for part in parts if part in WRITTEN_AS)


def name_place(code: str, language: str) -> str:
    """What a place is called in a language (zh, en, fr); ABROAD and unknown codes as they are."""
    provinces = load_gazetteer().provinces
    if code in provinces:
        return str(getattr(provinces[code], language))
    return _territories(language).get(code, code)


def name_targets(codes: Sequence[str], language: str) -> list[str]:
    """Names of target places, the whole of China or its mainland by one name."""
    left, named = set(codes), []
    for group in (CHINA, MAINLAND):
        if _held(group) <= left:
            left -= _held(group)
            named.append(str(getattr(load_gazetteer().groups[group], language)))
    return [*named, *sorted(name_place(code, language) for code in left)]


def _held(code: str) -> set[str]:
    gazetteer = load_gazetteer()
    mainland = {name for name in gazetteer.provinces if name.startswith("CN-")}
    if code == CHINA:
        return {CHINA, *mainland, *gazetteer.groups[CHINA].besides_mainland}
    return mainland if code == MAINLAND else {code}


@cache
def _spellings() -> tuple[Mapping[str, str], re.Pattern[str]]:
    """Every spelling → its place, and a pattern of all of them, the longest first; a Latin word ends where it ends."""
    gazetteer = load_gazetteer()
    codes: dict[str, str] = {}
    for language in ("zh", "en", "fr"):
        codes |= {_plain(name): code for code, name in _territories(language).items()}
    for code, names in gazetteer.countries.items():
        codes |= dict.fromkeys(map(_plain, names), code)
    for code, place in (*gazetteer.provinces.items(), *gazetteer.groups.items()):
        codes |= dict.fromkeys(map(_plain, (place.zh, place.en, place.fr, *place.also)), code)
    codes |= dict.fromkeys(map(_plain, gazetteer.abroad), ABROAD)
    longest_first = sorted(codes, key=lambda name: (-len(name), name))
    parts = (re.escape(name) + (r"(?![a-z])" if name[-1].isascii() else "") for name in longest_first)
    return codes, re.compile("|".join(parts))


@cache
def _territories(language: str) -> Mapping[str, str]:
    """Code → name of every country, China's parts left to the gazetteer."""
    from babel import Locale

    own, territories = load_gazetteer().provinces, Locale.parse(language).territories
    return {
        code: name
        for code, name in territories.items()
        if _COUNTRY.fullmatch(code) and code not in _NO_COUNTRY and code not in own
    }


def _plain(text: str) -> str:
    """Without accents, width and case, single spaces."""
    letters = unicodedata.normalize("NFKD", text.strip()).casefold()
    return " ".join("".join(one for one in letters if not unicodedata.combining(one)).split())
