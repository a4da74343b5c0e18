"""From an export to tables: the one way in, for every user of the package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from zhenfen.connectors.base import UNSAID, Connector, Imported, Options, choose_connector
from zhenfen.connectors.export import Export, open_export
from zhenfen.connectors.found_by import check_found_by, settle_found_by
from zhenfen.connectors.import_map import ImportMap
from zhenfen.connectors.privacy import KEPT, load_key, mask, name_key, pseudonymise
from zhenfen.connectors.reading.headings import find_value
from zhenfen.connectors.reading.tidy import list_unusable, unusable_files
from zhenfen.connectors.recognised import write_recognised
from zhenfen.connectors.recognition import list_ignored
from zhenfen.errors import ConfigError, FoundBySearchError, InputError, Problem, QuestionError
from zhenfen.files import is_disk_full
from zhenfen.progress import Progress, silent
from zhenfen.tables import FRAMES, OBSERVED, PLATFORMS, TABLES, Tables, check_tables, latest_time, make_frame


def import_export(
    path: Path,
    *,
    obtained_how: str,
    frame: str | None = None,
    found_by: str | None = None,
    platform: str | None = None,
    creator_name: str | None = None,
    import_map: ImportMap | None = None,
    needs_platform: bool = True,
    obtained_at: datetime | None = None,
    keep_ids: bool = False,
    keep_contacts: bool = False,
    on_progress: Progress = silent,
) -> Tables:
    """Read an export of any known format into checked tables.

    The same bytes give the same tables, never the clock; an export that holds no time at all is dated by its files.

    Args:
        path: File, folder or archive.
        obtained_how: How the user came by the export, in words, for the provenance.
        frame: How an audience sample was drawn, where the export does not say; see FRAMES, default "unknown".
        found_by: How creators were found of whom the export does not say it, see FOUND_BY and `settle_found_by`.
        platform: Platform of rows that name none, by any of its names.
        creator_name: Whose posts and comments those are that name nobody.
        import_map: How sheets are to be read, where the user says so.
        needs_platform: Whether a platform must be known of every creator; without, those of whom none is known have
            follower counts but no row in `creators`.
        obtained_at: When the export was made; default the latest capture time in the data, null if it has none.
        keep_ids: Leave the platform's ids of persons as they are.
        keep_contacts: Leave contact details in texts and names.
        on_progress: Told about every file and step: what, how many are done, how many there are.

    Returns:
        Tables with `provenance` (one row a file that was read) and `unusable` (what was left out, merged or not used).
        Tables written by an earlier import come back as they are.

    Raises:
        InputError: The export cannot be used; with every problem found.
        FoundBySearchError: The export says that a search found all creators, `found_by` something else.
        ConfigError: An option is none of the known values, or the key for ids cannot be read.
    """
    check_found_by(found_by)
    options = check_options(frame, platform, needs_platform, creator_name, on_progress)
    with open_export(path, import_map=import_map) as opened:
        taken = take_in(opened, options)
        imported, frames = taken.imported, dict(taken.imported.frames)
        if "creators" in frames:
            frames["creators"] = settle_found_by(frames["creators"], found_by, imported.found)
        if not frames.get("provenance", pl.DataFrame()).height:
            captured_at = obtained_at or imported.captured_at or _date_by_files(taken.export, path, frames)
            frames["provenance"] = _provenance(taken.export, taken.connector, obtained_how, captured_at)
        frames["unusable"] = taken.list_unused()
    if not imported.is_canonical:
        frames = _protect(frames, keep_ids, keep_contacts, options.on_progress)
    # Tables of ours were checked as they were read; of them only what was filled in since is new.
    checked = imported.frames if imported.is_canonical else {}
    check_tables({name: table for name, table in frames.items() if table is not checked.get(name)})
    return Tables(frames)


@dataclass(frozen=True)
class TakenIn:
    """What could be read of an export.

    Attributes:
        export: The export without the files that could not be used.
        connector: Who read it.
        imported: What it read.
        left_out: Files that could not be used, entries of the table `unusable`.
        problems: Why not.
    """

    export: Export
    connector: Connector
    imported: Imported
    left_out: list[pl.DataFrame]
    problems: list[Problem]

    def list_unused(self) -> pl.DataFrame:
        """The table `unusable`: rows, values, files, sheets and columns that were left out."""
        ignored = [] if self.imported.is_canonical else [list_ignored(self.export)]
        unread = unusable_files(self.export.find_unread(), "unusable.file")
        empty = unusable_files(self.export.find_empty(), "unusable.empty")
        return list_unusable([self.imported.unusable, *self.left_out, unread, empty, *ignored])


def take_in(export: Export, options: Options) -> TakenIn:
    """Read an export; where some of its files cannot be used, the others, and list those.

    Raises:
        InputError: None of its files can be used, or what is wrong is wrong with all of it.
    """
    left_out: list[pl.DataFrame] = []
    problems: list[Problem] = []
    first: InputError | None = None
    while True:
        connector = None
        try:
            connector = choose_connector(export)
            imported = connector.read(export, options)
            export.check_opened()
        except (QuestionError, FoundBySearchError):
            raise
        except InputError as error:
            if is_disk_full(error):
                # Of what could not be unpacked nothing is known: no file of it is left out as if it were torn.
                raise
            first = first or error
            faulty = {_file_of(problem, export) for problem in error.problems}
            bad = sorted(file for file in faulty if file is not None)
            rest = export.without(bad)
            is_whole = None in faulty or (connector is not None and connector.is_one_whole)
            if is_whole or not bad or not rest.data_files:
                raise first from None
            problems += error.problems
            left_out.append(unusable_files(bad, "unusable.unreadable"))
            export = rest
        else:
            return TakenIn(export, connector, imported, left_out, problems)


def _file_of(problem: Problem, export: Export) -> str | None:
    """The file of the export that a problem is in; None where it is in all of them."""
    known = (file for file in export.files if problem.file == file or problem.file.startswith(f"{file}:"))
    return next(known, None)


def check_options(
    frame: str | None,
    platform: str | None,
    needs_platform: bool,
    creator_name: str | None,
    on_progress: Progress = silent,
) -> Options:
    """What the user says of an export, with the platform in the contract's word.

    Raises:
        ConfigError: A frame or a platform that there is not.
    """
    if frame is not None and frame not in FRAMES:
        raise ConfigError(f"frame {frame!r}: expected one of {', '.join(FRAMES)}")
    named = None if platform is None else find_value("platform", platform)
    if named is not None and named not in PLATFORMS:
        raise ConfigError(f"platform {platform!r}: expected one of {', '.join(PLATFORMS)}")
    return Options(named, needs_platform, frame or UNSAID, creator_name, on_progress)


def _date_by_files(export: Export, path: Path, frames: Mapping[str, pl.DataFrame]) -> datetime | None:
    """When the files of an export that holds no time say that they were last written; None where it holds one."""
    if any(latest_time(frames[name], columns) for name, columns in OBSERVED.items() if name in frames):
        return None
    return export.last_written(path)


def _protect(
    frames: Mapping[str, pl.DataFrame], keep_ids: bool, keep_contacts: bool, on_progress: Progress
) -> dict[str, pl.DataFrame]:
    safe, key_name = dict(frames), KEPT
    if not keep_ids:
        on_progress("ids", 0, 1)
        key = load_key()
        safe, key_name = pseudonymise(safe, key), name_key(key)
    safe["provenance"] = safe["provenance"].with_columns(id_key=pl.lit(key_name))
    if not keep_contacts:
        on_progress("contacts", 0, 1)
        safe = mask(safe)
    return safe


def _provenance(export: Export, connector: Connector, obtained_how: str, obtained_at: datetime | None) -> pl.DataFrame:
    files = sorted(export.used.intersection(export.files))
    known = (export.recognised.get(file) for file in files)
    rows = {
        "source": [connector.name] * len(files),
        "obtained_how": [obtained_how] * len(files),
        "obtained_at": pl.Series([obtained_at] * len(files), dtype=TABLES["provenance"].schema["obtained_at"]),
        "file": files,
        "sha256": [export.sha256(file) for file in files],
        "read_as": pl.Series([write_recognised(one) if one else None for one in known], dtype=pl.String),
    }
    return make_frame(TABLES["provenance"], pl.DataFrame(rows))
