"""Numbers, days and names as several parts of a report write them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from zhenfen.messages import Catalogue

SMALLEST_SHOWN = 0.0001


def signed(catalogue: Catalogue, value: float | None) -> str:
    """A gain or loss with its sign; a dash when unknown."""
    if value is None:
        return "—"
    return ("+" if value > 0 else "") + catalogue.number(value, 0)


def p_text(catalogue: Catalogue, p_value: float) -> str:
    """A p-value with its sign: none is ever shown as zero."""
    if p_value < SMALLEST_SHOWN:
        return f"< {catalogue.number(SMALLEST_SHOWN, 4)}"
    return f"= {catalogue.number(p_value, 4)}"


def p_cell(catalogue: Catalogue, p_value: float | None) -> str:
    """A p-value below a heading that says what it is: no sign but "<"; a dash when unknown."""
    return "—" if p_value is None else p_text(catalogue, p_value).removeprefix("= ")


def iso_day(value: date | datetime) -> str:
    """The day of a date or time, ISO."""
    return value.strftime("%Y-%m-%d")


def days_text(first: date, last: date) -> str:
    """The days from first to last; one day alone as itself."""
    starts, ends = iso_day(first), iso_day(last)
    return starts if starts == ends else f"{starts} – {ends}"


def list_names(names: Iterable[str], catalogue: Catalogue) -> str:
    """Names one after the other, as the language separates them."""
    return ("、" if catalogue.language == "zh" else ", ").join(names)
