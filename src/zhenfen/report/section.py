"""What a family's section of a report is: everything that a page, a question or a spreadsheet says of one family."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from zhenfen.discovery import import_modules
from zhenfen.messages import Catalogue
from zhenfen.report.case import Case, Reads, Setting

Heading = tuple[str, str]
"""Message key of a column's heading, and kind of its values: text, wide, id, count, real, share, money."""
Line = dict[str, Any]
"""One row of a sheet, by column."""
ABOVE_LOW = ("elevated", "high")
"""The levels that ask for a look."""


@dataclass(frozen=True)
class FamilySheet:
    """The sheet of the spreadsheet that holds a family's lines.

    Attributes:
        title: Message key of its name.
        columns: Value of a line → its heading.
    """

    title: str
    columns: Mapping[str, Heading]


class FamilySection(ABC):
    """What a report says of one family; subclasses register themselves under the family's name.

    A creator's summary holds what `summarise` returns under that name, and templates/sections/<family>.html shows it.
    Every method that takes a case gets one that refuses detail frames not named in `reads`.

    Attributes:
        family: The family's name.
        place: Where it stands among the others, ascending: on the page, in the questions, in the spreadsheet.
        reads: The detail frames it is made from, by the family that measures them.
        causes: What may lie behind a level above low, in the order to ask: texts `report.possible.<cause>`.
        sheet: The family's sheet of the spreadsheet, None for a family without one.
        is_always_listed: Whether a shortlist has its column even where nobody was assessed.
        absent: Reason of creators whose data hold nothing of the family; where all of a set have it, no page names the
            family.
    """

    registry: ClassVar[dict[str, FamilySection]] = {}
    family: ClassVar[str]
    place: ClassVar[int]
    reads: ClassVar[Reads]
    causes: ClassVar[tuple[str, ...]] = ()
    sheet: ClassVar[FamilySheet | None] = None
    is_always_listed: ClassVar[bool] = False
    absent: ClassVar[str | None] = None

    def __init_subclass__(cls, family: str, place: int) -> None:
        cls.family, cls.place = family, place
        FamilySection.registry[family] = cls()

    @abstractmethod
    def summarise(self, case: Case) -> dict[str, Any] | None:
        """The rows behind the family's values, raw and readable; None where its frames are absent."""

    def estimate(self, case: Case) -> str | None:
        """The sentence that a model's estimate gives the family; None where there is none."""
        return None

    def note(self, case: Case) -> str:
        """What a reader has to know before the level: on whose word it rests; empty where it rests on the data."""
        return ""

    def list_causes(self, case: Case, summary: Mapping[str, Any]) -> tuple[str, ...]:
        """The causes to ask for, given what `summarise_family` returns; empty where nothing asks for a look."""
        return self.causes if summary["level"] in ABOVE_LOW else ()

    def tell(self, case: Case, part: Mapping[str, Any]) -> Iterable[str]:
        """What was found in one sentence each, strongest first, where it is more than a measurement beside its peers.

        Args:
            case: Whose page.
            part: What `summarise` returned, empty for None.
        """
        return ()

    def ask(self, case: Case, part: Mapping[str, Any], *, is_outside: bool) -> Iterable[str]:
        """Questions to the creator about what was found, most specific first.

        Args:
            case: Whose page.
            part: What `summarise` returned, empty for None.
            is_outside: Whether the family's level is above low.
        """
        return ()

    def list_lines(self, part: Mapping[str, Any], catalogue: Catalogue) -> Iterable[Line]:
        """The lines of the family's sheet, from what `summarise` returned; empty for None."""
        return ()

    def list_spark(self, case: Case) -> list[list[float]]:
        """Points of a small curve for the shortlist, [days since the first, value]; empty for none."""
        return []

    def summarise_ties(self, setting: Setting) -> dict[str, Any]:
        """What spans several creators of a shortlist, for its page."""
        return {}


def load_sections() -> dict[str, FamilySection]:
    """Every section by family, in the page's order; a new file of sections/ is found by itself."""
    import_modules("zhenfen.report.sections")
    return dict(sorted(FamilySection.registry.items(), key=lambda entry: entry[1].place))


def family_rank(family: str) -> tuple[float, str]:
    """Sort key of a family's place on a page; families without a section follow those that have one."""
    import_modules("zhenfen.report.sections")
    section = FamilySection.registry.get(family)
    return (math.inf if section is None else section.place, family)
