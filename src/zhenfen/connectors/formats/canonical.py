"""Our own tables: a folder of Parquet files, a single one, or a SQLite or DuckDB file.

They come from an import of ours, so ids and contacts are already pseudonymised and masked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

import polars as pl

from zhenfen.connectors.base import Connector, Imported, Options
from zhenfen.connectors.export import Export
from zhenfen.errors import InputError
from zhenfen.tables import TABLES, Tables, check_tables, read_tables
from zhenfen.tables.store import DATABASE_SUFFIXES, check_texts, reading_parquet


class Canonical(Connector, name="canonical"):
    """Checks the tables and passes them on as they are."""

    title = "tables written by zhenfen: Parquet, SQLite or DuckDB"
    certainty = 100
    is_one_whole = True

    def detect(self, export: Export) -> bool:
        """Table names of the contract, with the columns that such a table must have."""
        return bool(_tables_folders(export) or _database(export))

    def read(self, export: Export, options: Options) -> Imported:
        """Read and check every table."""
        files = list(_table_files(export))
        if database := _database(export):
            export.used.add(database)
            tables = _read(export, database)
        elif len(files) == len(export.files) == 1 and PurePosixPath(files[0]).stem in TABLES:
            export.used.add(files[0])
            name = PurePosixPath(files[0]).stem
            with reading_parquet(files[0]):
                frame = check_texts(pl.read_parquet(export.path(files[0])), files[0])
            single = {name: frame.select(one for one in frame.columns if one in TABLES[name].schema)}
            check_tables(single)
            tables = Tables(single)
        else:
            # Tables of other folders are not mixed in.
            folder = _tables_folders(export)[0]
            export.used.update(file for file in files if _folder_of(file) == folder)
            tables = _read(export, folder)
        frames = {name: frame for name, frame in tables.frames.items() if name != "unusable"}
        return Imported(frames, tables["unusable"], is_canonical=True)


def _read(export: Export, place: str | PurePosixPath) -> Tables:
    """The tables there; errors name files as the user knows them, not where an archive was unpacked to."""
    try:
        return read_tables(export.root / place)
    except InputError as error:
        inside = f"{export.root}/"
        raise type(error)([replace(one, file=one.file.removeprefix(inside)) for one in error.problems]) from error


def _tables_folders(export: Export) -> list[PurePosixPath]:
    """Folders that hold tables, sorted; a partitioned table is a folder of its own within."""
    return sorted({_folder_of(file) for file in _table_files(export)})


def _folder_of(file: str) -> PurePosixPath:
    path = PurePosixPath(file)
    tables = [place for place in path.parents if place.name in TABLES]
    return tables[-1].parent if tables else path.parent


def _table_files(export: Export) -> Iterator[str]:
    for file in export.data_files:
        path = PurePosixPath(file)
        names = {path.stem, *path.parts[:-1]} & set(TABLES)
        columns = set(export.sheets(file).get("", ())) if path.suffix == ".parquet" and names else set()
        if any(columns.issuperset(TABLES[name].must_have) for name in names):
            yield file


def _database(export: Export) -> str | None:
    """The first file that is a database with a table of the contract."""
    for file in export.files:
        # DuckDB files are opened with an optional package; no other tool's export comes in one.
        if file.lower().endswith(DATABASE_SUFFIXES) and (
            file.endswith(".duckdb")
            or any(
                name in TABLES and set(columns).issuperset(TABLES[name].must_have)
                for name, columns in export.sheets(file).items()
            )
        ):
            return file
    return None
