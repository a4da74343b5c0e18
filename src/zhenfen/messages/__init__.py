"""Every sentence that a person reads, in Chinese, English and French.

The catalogues are the YAML files beside this one, one a family or surface: key → language → template.
Templates use `str.format` fields; numbers arrive formatted for the language. A count chooses the form of the words that
follow it: `{n:account comments|accounts comment}`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal, get_args

from zhenfen.config import read_yaml
from zhenfen.errors import ConfigError

Language = Literal["zh", "en", "fr"]
LANGUAGES: tuple[str, ...] = get_args(Language)
_LOCALES = {"zh": "zh_Hans_CN", "en": "en_GB", "fr": "fr_FR"}


@cache
def load_entries() -> dict[str, dict[str, str]]:
    """All entries of all catalogue files, by key.

    Raises:
        ConfigError: A key stands in two files.
    """
    entries: dict[str, dict[str, str]] = {}
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        for key, texts in read_yaml(path).items():
            if key in entries:
                raise ConfigError(f"{path}: {key} is already in another catalogue")
            entries[key] = texts
    return entries


class Count(str):
    """A count as the language writes it, which a template may set before one form or the other of its words."""

    is_one: bool

    def __format__(self, forms: str) -> str:
        """The count, and behind it the form for one or for several; the count alone where the template has none."""
        if not forms:
            return str(self)
        one, several = forms.split("|")
        return f"{self} {one if self.is_one else several}"


_MOST_TICK_DIGITS = 2
"""2.615万 is longer than 26,150."""
_RARE_FROM = math.log10(2)
"""What is seen in one of one is no rarity."""


class Catalogue:
    """The sentences and number formats of one language."""

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise ConfigError(f"language {language!r}: expected one of {', '.join(LANGUAGES)}")
        self.language = language
        self.locale = _LOCALES[language]

    def text(self, key: str, **fields: object) -> str:
        """The sentence `key` with its fields filled in.

        Raises:
            ConfigError: No catalogue has the key.
        """
        try:
            template = load_entries()[key][self.language]
        except KeyError:
            raise ConfigError(f"message {key!r} is in no {self.language} catalogue") from None
        return template.format(**fields)

    def has(self, key: str) -> bool:
        """Whether the catalogues hold `key`."""
        return key in load_entries()

    def number(self, value: float, digits: int = 2) -> str:
        """A number with the language's separators and at most `digits` decimals."""
        return _number(value, digits, self.locale)

    def count(self, value: int) -> Count:
        """A count that chooses the form of the words behind it, as the language does: 0 is singular in French."""
        from babel import Locale

        count = Count(self.number(value, 0))
        count.is_one = Locale.parse(self.locale).plural_form(value) == "one"
        return count

    def share(self, value: float, digits: int = 0) -> str:
        """A share in [0, 1] as per cent, with at least `digits` decimals."""
        return _share(value, self.locale, digits)

    def compact(self, value: float) -> str:
        """A large count in the language's short form: 1.2万, 12K."""
        from babel.numbers import format_compact_decimal

        return str(format_compact_decimal(value, fraction_digits=1, locale=self.locale))

    def ticks(self, values: Sequence[float]) -> list[str]:
        """Labels of an axis in the short form, with as many decimals as keep them apart; in full where none do."""
        from babel.numbers import format_compact_decimal

        for digits in range(1, _MOST_TICK_DIGITS + 1):
            labels = [str(format_compact_decimal(one, fraction_digits=digits, locale=self.locale)) for one in values]
            if len(set(labels)) == len(labels):
                return labels
        return [self.number(value) for value in values]

    def day(self, value: date | datetime) -> str:
        """A day, ISO: the one spelling that all readers share."""
        return value.strftime("%Y-%m-%d")

    def value(self, value: float | None, unit: str) -> str:
        """A measurement in its unit; an em dash when unknown."""
        if value is None:
            return "—"
        if unit == "share":
            return self.share(value)
        if unit == "quotient":
            return _percent(value, self.locale)
        if unit == "rarity":
            if value < _RARE_FROM:
                return self.text("unit.rarity.usual")
            return self.text("unit.rarity", value=self.number(float(f"{10**value:.1e}"), 0))
        shown = self.number(value, 0) if unit == "count" else self.number(_three_digits(value), 6)
        key = f"unit.{unit}"
        return self.text(key, value=shown) if self.has(key) else shown


# A report says the same few thousand numbers tens of thousands of times, and babel is slow.
@lru_cache(maxsize=10_000)
def _number(value: float, digits: int, locale: str) -> str:
    from babel.numbers import format_decimal

    return str(format_decimal(value, format="#,##0." + "#" * digits if digits else "#,##0", locale=locale))


@lru_cache(maxsize=10_000)
def _share(value: float, locale: str, least_digits: int) -> str:
    from babel import Locale
    from babel.numbers import format_percent

    # Enough decimals that a share near 0 or 1 is not shown as 0 % or 100 %.
    distance = min(abs(value), abs(1 - value))
    digits = next((digits for digits, above in ((0, 0.1), (1, 0.001), (2, 0.00005)) if distance >= above), 0)
    digits = max(digits, least_digits)
    # A loss of next to nothing is 0 %, not -0 %.
    value = round(value, digits + 2) + 0.0
    # The language's own pattern with decimals in it: French sets a space before the sign.
    pattern = Locale.parse(locale).percent_formats[None].pattern
    decimals = "0." + "0" * digits if digits else "0"
    return str(format_percent(value, format=pattern.replace("0", decimals), locale=locale))


@lru_cache(maxsize=10_000)
def _percent(value: float, locale: str) -> str:
    """Three significant digits whatever the size: engagement rates of large creators lie far below 1 %."""
    from babel import Locale
    from babel.numbers import format_percent

    pattern = Locale.parse(locale).percent_formats[None].pattern
    return str(format_percent(_three_digits(value), format=pattern.replace("0", "0.######"), locale=locale))


def _three_digits(value: float) -> float:
    thousand = 1000
    return float(f"{value:.3g}") if abs(value) < thousand else round(value)
