"""A sheet as it was read: which table it holds, of which platform, and by what sign."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Recognised:
    """A sheet as it was read.

    Attributes:
        sheet: Its name; empty where the file has only one table.
        table: The table that it holds.
        platform: Where its rows come from that do not say it; None where a column says it.
        by: What told the platform: headings, links, names, option.
        dated_by: What told when its rows were read that do not say it: name (of the sheet or file), file (the day a
            workbook says it was saved); None where rows say it, or nothing does.
    """

    sheet: str
    table: str
    platform: str | None
    by: str | None
    dated_by: str | None = None


def write_recognised(sheets: Iterable[Recognised]) -> str:
    """As it stands in the provenance: JSON."""
    told = [{name: value for name, value in asdict(one).items() if value or name != "dated_by"} for one in sheets]
    return json.dumps(told, ensure_ascii=False)


def read_recognised(text: str | None) -> list[Recognised]:
    """What `write_recognised` wrote; nothing for null."""
    return [Recognised(**one) for one in json.loads(text)] if text else []
