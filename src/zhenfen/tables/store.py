"""Tables on disk: a folder of Parquet files, or one SQLite or DuckDB file."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from zhenfen.errors import ConfigError, MissingTableError, Problem, UnreadableFileError
from zhenfen.files import replace_folder
from zhenfen.tables.bundle import Tables
from zhenfen.tables.check import check_tables
from zhenfen.tables.foreign import take_table
from zhenfen.tables.specs import TABLES, TableSpec

DATABASE_SUFFIXES = (".sqlite", ".db", ".duckdb")
_CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "lock_configuration": True,
}
"""Nothing in a stranger's DuckDB file may reach another file, a network or an extension."""


def read_tables(path: Path) -> Tables:
    """Read and check the tables of a folder or a database file.

    Raises:
        MissingTableError: There is no table at `path`.
        UnreadableFileError: A file is no Parquet file or no database.
        InvalidTableError: The tables break the contract.
    """
    if not path.is_file():
        found = {name: find_table(path, name) for name in TABLES}
        frames = {name: _read_parquet(TABLES[name], file) for name, file in found.items() if file is not None}
    elif path.suffix in DATABASE_SUFFIXES:
        raw = _read_duckdb(path) if path.suffix == ".duckdb" else _read_sqlite(path)
        frames = {name: take_table(frame, TABLES[name], f"{path}:{name}") for name, frame in raw.items()}
    else:
        raise MissingTableError(Problem("a folder of Parquet files or " + ", ".join(DATABASE_SUFFIXES), str(path)))
    if not frames:
        raise MissingTableError(Problem("at least one of " + ", ".join(f"{n}.parquet" for n in TABLES), str(path)))
    check_tables(frames)
    return Tables(frames)


def find_table(folder: Path, name: str) -> Path | None:
    """The table's file, or its folder when it is partitioned; None when it is not there."""
    for candidate in (folder / f"{name}.parquet", folder / name):
        if candidate.exists():
            return candidate
    return None


def write_tables(tables: Tables, folder: Path) -> None:
    """Write every table that has rows; all of them or none.

    The files are made in a folder beside the target and moved when complete.

    Raises:
        ConfigError: `folder` exists and holds something other than tables.
    """
    with replace_folder(folder, is_table_file) as partial:
        for name, frame in tables.frames.items():
            if not frame.is_empty():
                frame.write_parquet(partial / f"{name}.parquet")


@contextlib.contextmanager
def open_sqlite(path: Path) -> Iterator[sqlite3.Connection]:
    """A stranger's SQLite file, to be read and nothing else.

    Raises:
        sqlite3.Error: It is none, as far as that shows before the first query.
    """
    # as_uri() escapes what has a meaning in an address.
    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        # Functions that a stranger's schema calls (defaults, generated columns) are none of ours.
        database.execute("pragma trusted_schema = off")
        yield database


def is_table_file(path: Path) -> bool:
    """Whether a file bears a name that `write_tables` gives."""
    return path.suffix == ".parquet" and path.stem in TABLES


def _read_parquet(spec: TableSpec, path: Path) -> pl.DataFrame:
    pattern = path / "**/*.parquet" if path.is_dir() else path
    try:
        # Extra columns are kept out; a column missing from one part of several is null there.
        frame = pl.scan_parquet(pattern, missing_columns="insert", extra_columns="ignore", hive_partitioning=False)
        names = frame.collect_schema().names()
        return frame.select(name for name in names if name in spec.schema).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable("a whole Parquet file", "expected.parquet", path, error) from error


def _read_sqlite(path: Path) -> dict[str, pl.DataFrame]:
    try:
        with open_sqlite(path) as database:
            have = {name for (name,) in database.execute("select name from sqlite_master where type = 'table'")}
            return {
                name: pl.read_database(f'select * from "{name}"', database, infer_schema_length=None)  # noqa: S608 (our own names)
                for name in TABLES
                if name in have
            }
    except sqlite3.DatabaseError as error:
        raise _unreadable("a SQLite database", "expected.database", path, error) from error


def _read_duckdb(path: Path) -> dict[str, pl.DataFrame]:
    try:
        import duckdb
    except ImportError as error:
        raise ConfigError("reading a .duckdb file needs the package duckdb: pip install duckdb") from error
    try:
        with duckdb.connect(str(path), read_only=True, config=_CLOSED) as database:
            # Tables alone: a view is a query of a stranger's, and would run here.
            listed = database.execute(
                "select table_name from duckdb_tables() where schema_name = 'main' and not temporary"
            )
            have = {name for (name,) in listed.fetchall()}
            return {name: database.table(f"main.{name}").pl() for name in TABLES if name in have}
    # A torn file also makes it stumble: std::bad_cast comes as a RuntimeError.
    except (duckdb.Error, RuntimeError) as error:
        raise _unreadable("a DuckDB database", "expected.duckdb", path, error) from error


def _unreadable(expected: str, key: str, path: Path, error: Exception) -> UnreadableFileError:
    value = str(error).partition("\n")[0]
    return UnreadableFileError(Problem(expected, str(path), value=value, key=key))
