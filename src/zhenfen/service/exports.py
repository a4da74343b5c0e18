"""An export that came in to be scored at once, as tables: what the process that reads bodies does with one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zhenfen.errors import InputError
from zhenfen.service.errors import rename
from zhenfen.service.settings import Limits
from zhenfen.tables import Tables

UPLOAD = "upload"
"""What clients know their upload by."""


@dataclass(frozen=True, slots=True)
class PackedExport:
    """An upload that waits to be read.

    Attributes:
        path: The one file, or the folder when there are several; an archive is unpacked beside it.
        found_by: How the creators were found, if the export is silent.
        platform: Platform of rows that name none.
        limits: How much.
    """

    path: str
    found_by: str | None
    platform: str | None
    limits: Limits

    @property
    def known_as(self) -> str:
        """What clients know it by."""
        return UPLOAD


def unpack_export(packed: PackedExport) -> Tables:
    """The tables of an upload, read as the command line reads an export; an archive is unpacked within bounds.

    Raises:
        InputError: With every problem found; files are named as the client named them.
    """
    from zhenfen.connectors.importing import import_export
    from zhenfen.connectors.reading.archive import Bounds, is_archive, unpack
    from zhenfen.vetting.options import NOT_STATED

    path = Path(packed.path)
    try:
        export = path
        if is_archive(path):
            # The folder's name stands in what clients are told about an archive as a whole.
            export = path.with_name(UPLOAD)
            unpack(path, export, Bounds(packed.limits.expanded_bytes, packed.limits.n_files))
        return import_export(
            export, obtained_how=NOT_STATED, found_by=packed.found_by, platform=packed.platform, keep_ids=True
        )
    except InputError as error:
        raise rename(error, UPLOAD, path.with_name(UPLOAD), path, path.parent) from error
