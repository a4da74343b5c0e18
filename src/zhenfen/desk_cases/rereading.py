"""A creator read again at once with what was declared, beside the reading without it; what was read is remembered."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from zhenfen.desk_cases.declaration import add_declared, list_declarations
from zhenfen.desk_cases.kept import Kept
from zhenfen.desk_cases.project import TABLES, Project, Projects
from zhenfen.model_store import Models
from zhenfen.scoring.declared import READ_BESIDE_EVENTS, Around, read_around, read_declared
from zhenfen.tables import read_tables

MOST_BYTES_OF_SETS = 16 * 2**20
"""What 200 creators show together takes 18 kB: sets are few and large ones cost most to read."""
MOST_BYTES_OF_CHANGES = 8 * 2**20
BYTES_A_CHANGE, BYTES_A_LIST = 400, 600
"""Of a `Reread` with its names and numbers; of an empty list with its key (sys.getsizeof of all that they hold)."""


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


class Rereads:
    """Reads creators again; the same question over the same tables is answered from memory.

    Every creator of a set is the surroundings of the others: what they show together is read once, and then the one
    creator of whom something was declared.
    """

    def __init__(self) -> None:
        self.sets: Kept[Around] = Kept(MOST_BYTES_OF_SETS, lambda one: one.n_bytes)
        self.changes: Kept[list[Reread]] = Kept(
            MOST_BYTES_OF_CHANGES, lambda all_: BYTES_A_LIST + BYTES_A_CHANGE * len(all_)
        )

    def read(self, projects: Projects, project: Project, models: Models, creator_id: str) -> list[Reread]:
        """What changes of one creator with everything declared by now, beside the reading without any of it.

        Levels come first, then measurements; what is the same is left out.
        """
        folder = projects.place(project.project_id) / TABLES
        declared = list_declarations(projects.database, project.project_id, creator_id)
        if not declared:
            return []
        as_of = project.options.to_vet("en", None).as_of
        # Tables are only ever written whole, as new files.
        written = sorted((path.name, path.stat().st_mtime_ns) for path in folder.iterdir())
        asked = (str(folder), written, as_of, sorted(models.versions.items()))
        events = [(one.kind, one.starts_on, one.note) for one in declared]

        def read_once() -> list[Reread]:
            around = self.sets.recall(_digest(asked), lambda: read_around(read_tables(folder), as_of))
            own = read_tables(folder, READ_BESIDE_EVENTS, creators=[creator_id])
            before, after = read_declared(own, add_declared(own, declared), around, models)
            changed = [
                Reread(family, feature, before.get((family, feature)), value)
                for (family, feature), value in after.items()
                if before.get((family, feature)) != value
            ]
            return sorted(changed, key=lambda one: one.feature is not None)

        return self.changes.recall(_digest((asked, creator_id, events)), read_once)


def _digest(asked: object) -> str:
    # A key of one size, however much was declared.
    return hashlib.sha256(repr(asked).encode()).hexdigest()
