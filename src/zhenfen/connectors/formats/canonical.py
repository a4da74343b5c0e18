"""Our own tables: a folder of Parquet files, a single one, or a SQLite or DuckDB file.

They come from an import of ours, so ids and contacts are already pseudonymised and masked.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

import polars as pl

from zhenfen.connectors.base import Connector, Imported, Options
from zhenfen.connectors.export import Export
from zhenfen.errors import Problem, UnreadableFileError
from zhenfen.tables import TABLES, Tables, check_tables, read_tables

_DATABASES = (".duckdb", ".sqlite", ".db")


class Canonical(Connector, name="canonical"):
    """Checks the tables and passes them on as they are."""

    title = "tables written by zhenfen: Parquet, SQLite or DuckDB"
    certainty = 100

    def detect(self, export: Export) -> bool:
        """Table names of the contract, with the columns that such a table must have."""
        return bool(_tables_folders(export) or _database(export))

    def read(self, export: Export, options: Options) -> Imported:
        """Read and check every table."""
        database = _database(export)
        export.used.update([database] if database else _files_of_first_folder(export))
        tables = read_tables(export.path(database)) if database else _read_files(export)
        frames = {name: frame for name, frame in tables.frames.items() if name != "unusable"}
        return Imported(frames, tables["unusable"], is_canonical=True)


def _read_files(export: Export) -> Tables:
    files = list(_table_files(export))
    if len(files) == len(export.files) == 1 and PurePosixPath(files[0]).stem in TABLES:
        return _read_single(export, files[0])
    return read_tables(export.root / _tables_folders(export)[0])


def _read_single(export: Export, file: str) -> Tables:
    name = PurePosixPath(file).stem
    try:
        frame = pl.read_parquet(export.path(file))
    except pl.exceptions.PolarsError as error:
        raise UnreadableFileError(Problem("a whole Parquet file", file, value=str(error))) from error
    frames = {name: frame.select(column for column in frame.columns if column in TABLES[name].schema)}
    check_tables(frames)
    return Tables(frames)


def _tables_folders(export: Export) -> list[PurePosixPath]:
    """Folders that hold tables, sorted; a partitioned table is a folder of its own within."""
    return sorted({_folder_of(file) for file in _table_files(export)})


def _folder_of(file: str) -> PurePosixPath:
    path = PurePosixPath(file)
    tables = [place for place in path.parents if place.name in TABLES]
    return tables[-1].parent if tables else path.parent


def _files_of_first_folder(export: Export) -> Iterator[str]:
    """The files that are read; tables of other folders are not mixed in."""
    folder = _tables_folders(export)[0]
    return (file for file in _table_files(export) if _folder_of(file) == folder)


def _table_files(export: Export) -> Iterator[str]:
    for file in export.data_files:
        path = PurePosixPath(file)
        names = {path.stem, *path.parts[:-1]} & set(TABLES)
        columns = set(export.sheets(file).get("", ())) if path.suffix == ".parquet" and names else set()
        if any(columns.issuperset(TABLES[name].must_have) for name in names):
            yield file


def _database(export: Export) -> str | None:
    """The first file that is a database with a table of the contract."""
    return next(
        (file for file in export.files if file.lower().endswith(_DATABASES) and _holds_table(export, file)), None
    )


def _holds_table(export: Export, file: str) -> bool:
    # DuckDB files are opened with an optional package; no other tool's export comes in one.
    return file.endswith(".duckdb") or any(
        name in TABLES and set(columns).issuperset(TABLES[name].must_have)
        for name, columns in export.sheets(file).items()
    )
