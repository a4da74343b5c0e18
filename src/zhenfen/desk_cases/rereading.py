"""A creator read again at once with what was declared, beside the reading without it; what was read is remembered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from zhenfen.desk_cases.declaration import add_declared, list_declarations
from zhenfen.desk_cases.project import TABLES, Project, Projects
from zhenfen.model_store import Models
from zhenfen.scoring import keep_without_events, known_at, latest_moment, measure, score
from zhenfen.tables import read_tables
from zhenfen.verdict.evidence import Findings

Facts = Mapping[tuple[str, str | None], Any]
"""Family and measurement, None for its level → value."""
MOST_KEPT = 256
"""Readings kept: those of every creator of a large shortlist."""


@dataclass(frozen=True, slots=True)
class Reread:
    """A measurement or level before and after something was declared.

    Attributes:
        family: Whose.
        feature: Name of the measurement; None for the family's level.
        before: Value, or level, as it stood.
        after: With what was declared.
    """

    family: str
    feature: str | None
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Read:
    """A set of creators as its tables stand.

    Attributes:
        facts: By creator.
        known: Family → what it measures, of those that no event changes.
    """

    facts: Mapping[str, Facts]
    known: Mapping[str, Any]


class Rereads:
    """Reads creators again; the same question over the same tables is answered from memory.

    Every creator of a set is the surroundings of the others, so that one reading costs as much as all: a page that is
    only looked at must not cost it.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, Any] = {}
        # One at a time: what several ask at once is read once, and memory holds one set.
        self._lock = threading.Lock()

    def read(self, projects: Projects, project: Project, models: Models, creator_id: str) -> list[Reread]:
        """What changes of one creator with everything declared by now, beside the reading without any of it.

        Levels come first, then measurements; what is the same is left out.
        """
        folder = projects.place(project.project_id) / TABLES
        declared = list_declarations(projects.database, project.project_id, creator_id)
        as_of = project.options.to_vet("en", None).as_of
        # Tables are only ever written whole, as new files.
        written = tuple(sorted((path.name, path.stat().st_mtime_ns) for path in folder.iterdir()))
        key = (folder, written, as_of, tuple(sorted(models.versions.items())))

        def read_once() -> Read:
            tables = read_tables(folder)
            moment = as_of or latest_moment(tables)
            measured = measure(known_at(tables, moment), moment)
            facts = _tell_facts(score(tables, models, as_of=moment, with_details=False, known=measured))
            return Read(facts, keep_without_events(measured))

        def read_declared() -> Facts:
            tables = add_declared(read_tables(folder), declared)
            asked = [creator_id]
            found = score(tables, models, as_of=as_of, creators=asked, with_details=False, known=first.known)
            return _tell_facts(found)[creator_id]

        first: Read = self._recall(key, read_once)
        events = tuple((one.kind, one.starts_on, one.note) for one in declared)
        before, after = first.facts[creator_id], self._recall((*key, creator_id, events), read_declared)
        changed = [
            Reread(family, feature, before.get((family, feature)), value)
            for (family, feature), value in after.items()
            if before.get((family, feature)) != value
        ]
        return sorted(changed, key=lambda one: one.feature is not None)

    def _recall(self, key: Hashable, make: Callable[[], Any]) -> Any:
        # Whoever only looks does not wait for those who read.
        if (found := self._kept.get(key)) is not None:
            return found
        with self._lock:
            if (found := self._kept.get(key)) is None:
                self._kept[key] = found = make()
                if len(self._kept) > MOST_KEPT:
                    del self._kept[next(iter(self._kept))]
            return found


def _tell_facts(findings: Findings) -> dict[str, Facts]:
    facts: dict[str, Any] = {}
    for row in findings.findings.iter_rows(named=True):
        facts.setdefault(row["creator_id"], {})[row["family"], None] = f"{row['basis']}.{row['level']}"
    for row in findings.evidence.iter_rows(named=True):
        facts.setdefault(row["creator_id"], {})[row["family"], row["feature"]] = row["value"]
    return facts
