"""From an export to tables: the one way in, for every user of the package."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import polars as pl

from zhenfen.connectors.base import UNSAID, Connector, Options, choose_connector
from zhenfen.connectors.export import Export, open_export
from zhenfen.connectors.found_by import check_found_by, settle_found_by
from zhenfen.connectors.privacy import load_key, mask, pseudonymise
from zhenfen.connectors.reading.tidy import list_unusable, unusable_files
from zhenfen.errors import ConfigError
from zhenfen.progress import Progress, silent
from zhenfen.tables import FRAMES, PLATFORMS, TABLES, Tables, check_tables, make_frame


def import_export(
    path: Path,
    *,
    obtained_how: str,
    frame: str | None = None,
    found_by: str | None = None,
    platform: str | None = None,
    needs_platform: bool = True,
    obtained_at: datetime | None = None,
    keep_ids: bool = False,
    keep_contacts: bool = False,
    on_progress: Progress = silent,
) -> Tables:
    """Read an export of any known format into checked tables.

    The same bytes give the same tables; only the order of columns and rows is ours, never the clock's.

    Args:
        path: File, folder or archive.
        obtained_how: How the user came by the export, in words, for the provenance.
        frame: How an audience sample was drawn, where the export does not say; see FRAMES, default "unknown".
        found_by: How creators were found of whom the export does not say it, see FOUND_BY and `settle_found_by`.
        platform: Platform of rows that name none.
        needs_platform: Whether a platform must be known of every creator; without, those of whom none is known have
            follower counts but no row in `creators`.
        obtained_at: When the export was made; default the latest capture time in the data, null if it has none.
        keep_ids: Leave the platform's ids of persons as they are.
        keep_contacts: Leave contact details in texts and names.
        on_progress: Told about every file and step: what, how many are done, how many there are.

    Returns:
        Tables with `provenance` (one row a file that was read) and `unusable` (what was left out or merged).
        Tables written by an earlier import come back as they are.

    Raises:
        InputError: The export cannot be used; with every problem found.
        FoundBySearchError: The export says that a search found all creators, `found_by` something else.
        ConfigError: An option is none of the known values, or the key for ids cannot be read.
    """
    check_found_by(found_by)
    options = _check_options(frame, platform, needs_platform, on_progress)
    with open_export(path) as export:
        connector = choose_connector(export)
        imported = connector.read(export, options)
        # A file that cannot be opened may well belong to the export: better no tables than tables with a hole.
        export.check_opened()
        frames = dict(imported.frames)
        if "creators" in frames:
            frames["creators"] = settle_found_by(frames["creators"], found_by, imported.found)
        if not frames.get("provenance", pl.DataFrame()).height:
            captured_at = obtained_at or imported.captured_at
            frames["provenance"] = _provenance(export, connector, obtained_how, captured_at)
        frames["unusable"] = list_unusable([imported.unusable, unusable_files(export.find_unread(), "unusable.file")])
    if not imported.is_canonical:
        frames = _protect(frames, keep_ids, keep_contacts, options.on_progress)
    # Tables of ours were checked as they were read; of them only what was filled in since is new.
    checked = imported.frames if imported.is_canonical else {}
    check_tables({name: table for name, table in frames.items() if table is not checked.get(name)})
    return Tables(frames)


def _check_options(frame: str | None, platform: str | None, needs_platform: bool, on_progress: Progress) -> Options:
    if frame is not None and frame not in FRAMES:
        raise ConfigError(f"frame {frame!r}: expected one of {', '.join(FRAMES)}")
    if platform is not None and platform not in PLATFORMS:
        raise ConfigError(f"platform {platform!r}: expected one of {', '.join(PLATFORMS)}")
    return Options(platform, needs_platform, frame or UNSAID, on_progress)


def _protect(
    frames: Mapping[str, pl.DataFrame], keep_ids: bool, keep_contacts: bool, on_progress: Progress
) -> dict[str, pl.DataFrame]:
    safe = dict(frames)
    if not keep_ids:
        on_progress("ids", 0, 1)
        safe = pseudonymise(safe, load_key())
    if not keep_contacts:
        on_progress("contacts", 0, 1)
        safe = mask(safe)
    return safe


def _provenance(export: Export, connector: Connector, obtained_how: str, obtained_at: datetime | None) -> pl.DataFrame:
    files = sorted(export.used.intersection(export.files))
    rows = {
        "source": [connector.name] * len(files),
        "obtained_how": [obtained_how] * len(files),
        "obtained_at": pl.Series([obtained_at] * len(files), dtype=TABLES["provenance"].schema["obtained_at"]),
        "file": files,
        "sha256": [export.sha256(file) for file in files],
    }
    return make_frame(TABLES["provenance"], pl.DataFrame(rows))
