"""Lines of the spreadsheet from the creators' dicts: measurements, what the families show, what would lower a level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zhenfen.messages import Catalogue
from zhenfen.report.section import Line, load_sections
from zhenfen.report.source import say_reference


@dataclass
class SheetLines:
    """Collected over the creators, in the shortlist's order.

    Attributes:
        evidence: A line per measurement, or one for the reason of a family without.
        then: A line per change that would lower a level.
        families: The lines of the families that have a sheet.
    """

    evidence: list[Line] = field(default_factory=list)
    then: list[Line] = field(default_factory=list)
    families: dict[str, list[Line]] = field(default_factory=dict)

    def add(self, creator: Mapping[str, Any]) -> None:
        """The lines of one creator, from what `summarise_creator` returns."""
        catalogue = Catalogue(creator["language"])
        head = {name: creator["creator"][name] for name in ("creator_id", "name")}
        for family in creator["families"]:
            about = {
                "family_label": family["label"],
                "level_text": family["level_text"],
                "reason_text": family["reason_text"],
            }
            for item in family["evidence"] or [{}]:
                reference = say_reference(item.get("reference") or "", catalogue)
                self.evidence.append({**head, **about, **item, "reference": reference})
        for name, section in load_sections().items():
            lines = section.list_lines(creator[name] or {}, catalogue)
            self.families.setdefault(name, []).extend({**head, **line} for line in lines)
        self.then.extend({**head, "text": line["sentence"]} for line in (creator["then"] or {}).get("lines", ()))
