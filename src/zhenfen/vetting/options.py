"""What a reader says of an export and wants of its report, and the reading that every use case begins with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from zhenfen.connectors.import_map import ImportMap
from zhenfen.connectors.importing import import_export
from zhenfen.progress import Progress, silent
from zhenfen.tables import Tables

NOT_STATED = "obtained.not_stated"
"""What the provenance says of an export that was vetted without an import: a message, for readers of any language."""


class Said(Protocol):
    """What was said of an export, where it does not say it itself; None where nothing was.

    Attributes:
        frame: Sampling frame of an audience sample.
        found_by: How creators were found.
        platform: Platform of rows that name none.
        creator_name: Whose posts and comments those are that name nobody.
        import_map: How sheets are to be read.
    """

    @property
    def frame(self) -> str | None: ...  # noqa: D102
    @property
    def found_by(self) -> str | None: ...  # noqa: D102
    @property
    def platform(self) -> str | None: ...  # noqa: D102
    @property
    def creator_name(self) -> str | None: ...  # noqa: D102
    @property
    def import_map(self) -> ImportMap | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class VetOptions:
    """How a reader wants the report.

    Attributes:
        language: zh, en or fr.
        creators: Ids to limit the report to, as the platform or as the tables spell them; empty for all.
        as_of: Moment to read the data at; None for the latest observation.
        show_names: Name commenters and followers; creators are always named.
        frame: Sampling frame of an audience sample that does not say.
        platform: Platform of rows that name none.
        found_by: How creators were found of whom the export does not say it.
        target_regions: Names of the places that the audience is wanted from; empty for anywhere.
        creator_name: Whose posts and comments those are that name nobody.
        import_map: How sheets are to be read, where the reader says so.
    """

    language: str = "en"
    creators: tuple[str, ...] = ()
    as_of: datetime | None = None
    show_names: bool = False
    frame: str | None = None
    platform: str | None = None
    found_by: str | None = None
    target_regions: tuple[str, ...] = ()
    creator_name: str | None = None
    import_map: ImportMap | None = None


def read_export(path: Path, said: Said, on_progress: Progress = silent) -> Tables:
    """The tables of an export that nobody imported, read as was said of it.

    Raises:
        InputError: It cannot be used.
    """
    return import_export(
        path,
        obtained_how=NOT_STATED,
        frame=said.frame,
        found_by=said.found_by,
        platform=said.platform,
        creator_name=said.creator_name,
        import_map=said.import_map,
        on_progress=on_progress,
    )
