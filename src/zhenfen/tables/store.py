"""Tables on disk: a folder of Parquet files, or one SQLite or DuckDB file."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import polars as pl

from zhenfen.errors import ConfigError, MissingTableError, Problem, UnreadableFileError, is_panic
from zhenfen.files import replace_folder
from zhenfen.tables.bundle import Tables, make_frame
from zhenfen.tables.check import check_tables
from zhenfen.tables.foreign import take_table
from zhenfen.tables.specs import TABLES, TableSpec

DATABASE_SUFFIXES = (".sqlite", ".db", ".duckdb")
_CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "memory_limit": "4GB",
    "lock_configuration": True,
}
"""Nothing in a stranger's DuckDB file may reach another file, a network or an extension, nor take all of the memory."""

LARGEST_TEXT_BYTES = 4 * 2**30
"""Texts of a table, each written out: as much as an archive may unpack to (`Bounds`). A text that a file stores once
may stand in a million rows."""
LARGEST_CELL_BYTES = 16 * 2**20
"""One text of a SQLite file: as long as a line of JSON may be."""
_READING = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_PRAGMA)


def read_tables(
    path: Path, names: Collection[str] = TABLES.keys(), *, creators: Collection[str] | None = None
) -> Tables:
    """Read and check the tables of a folder or a database file.

    Args:
        path: Where they are.
        names: Tables to read; the others are absent.
        creators: Of these alone, as `Tables.for_creators`; of a folder no other row is brought into memory.

    Raises:
        MissingTableError: There is no table at `path`.
        UnreadableFileError: A file is no Parquet file or no database.
        InvalidTableError: The tables break the contract.
    """
    if not path.is_file():
        frames = _read_folder(path, names, creators)
    elif path.suffix in DATABASE_SUFFIXES:
        raw = _read_duckdb(path) if path.suffix == ".duckdb" else _read_sqlite(path)
        frames = {name: take_table(frame, TABLES[name], f"{path}:{name}") for name, frame in raw.items()}
    else:
        raise MissingTableError(Problem("a folder of Parquet files or " + ", ".join(DATABASE_SUFFIXES), str(path)))
    if not frames:
        raise MissingTableError(Problem("at least one of " + ", ".join(f"{n}.parquet" for n in TABLES), str(path)))
    check_tables(frames)
    frames = {name: frame for name, frame in frames.items() if name in names}
    return Tables(frames) if creators is None else Tables(frames).for_creators(creators)


def read_checked(folder: Path, names: Collection[str]) -> Tables:
    """Tables of a folder that `read_tables` has read as they stand: none of their rows is looked at again."""
    return Tables(_read_folder(folder, names, None))


def scan_table(folder: Path, name: str) -> pl.LazyFrame:
    """The rows of a table that `write_tables` wrote, to be filtered before they are read."""
    path = folder / f"{name}.parquet"
    return pl.scan_parquet(path) if path.exists() else make_frame(TABLES[name]).lazy()


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
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_CELL_BYTES)
        database.set_authorizer(_allow_reading)
        yield database


def _allow_reading(action: int, _one: str | None, _other: str | None, _database: str | None, inside: str | None) -> int:
    """SQLite's question before each step of a query; what a view or trigger (`inside`) would do is never allowed."""
    return sqlite3.SQLITE_OK if action in _READING and inside is None else sqlite3.SQLITE_DENY


def list_sqlite_tables(database: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    """The tables that a SQLite file stores, each with the columns that it stores.

    Views, virtual tables and generated columns are a stranger's programs, and would run here.
    """
    stored = "select name from sqlite_master where type = 'table' and rootpage > 0 order by 1"
    names = [name for (name,) in database.execute(stored)]
    # This pragma leaves generated columns out.
    return {name: tuple(row[1] for row in database.execute(f"pragma table_info({quote_name(name)})")) for name in names}


def quote_name(name: str) -> str:
    """A name as SQL takes it, whatever stands in it."""
    return '"' + name.replace('"', '""') + '"'


def check_texts(frame: pl.DataFrame, file: str) -> pl.DataFrame:
    """The frame itself, where its texts are not more than LARGEST_TEXT_BYTES, each written out.

    Raises:
        UnreadableFileError: They are.
    """
    n_bytes = sum(
        int(texts.cast(pl.String).str.len_bytes().cast(pl.Int64).sum() or 0)
        for texts in frame.get_columns()
        if isinstance(texts.dtype, pl.String | pl.Categorical | pl.Enum)
    )
    _check_text_bytes(n_bytes, file)
    return frame


def _check_text_bytes(n_bytes: int, file: str) -> None:
    if n_bytes > LARGEST_TEXT_BYTES:
        expected, fields = f"at most {LARGEST_TEXT_BYTES} bytes of text", {"n": LARGEST_TEXT_BYTES >> 20}
        problem = Problem(expected, file, value=f"{n_bytes >> 20} MiB", key="expected.unpacked", fields=fields)
        raise UnreadableFileError(problem)


def is_table_file(path: Path) -> bool:
    """Whether a file bears a name that `write_tables` gives."""
    return path.suffix == ".parquet" and path.stem in TABLES


def _read_folder(folder: Path, names: Collection[str], creators: Collection[str] | None) -> dict[str, pl.DataFrame]:
    found = {name: find_table(folder, name) for name in TABLES if name in names}
    return {name: _read_parquet(TABLES[name], file, creators) for name, file in found.items() if file is not None}


@contextlib.contextmanager
def reading_parquet(file: str) -> Iterator[None]:
    """What polars says of a Parquet file that it cannot read, as an error that names `file`.

    Raises:
        UnreadableFileError: It is none, or damaged.
    """
    try:
        yield
    except BaseException as error:
        # A page that was damaged can end the parser's thread, which is no Exception.
        if not isinstance(error, pl.exceptions.PolarsError | OSError) and not is_panic(error):
            raise
        raise _unreadable("a whole Parquet file", "expected.parquet", file, error) from error


def _read_parquet(spec: TableSpec, path: Path, creators: Collection[str] | None) -> pl.DataFrame:
    pattern = path / "**/*.parquet" if path.is_dir() else path
    with reading_parquet(str(path)):
        # Extra columns are kept out; a column missing from one part of several is null there.
        frame = pl.scan_parquet(pattern, missing_columns="insert", extra_columns="ignore", hive_partitioning=False)
        names = frame.collect_schema().names()
        if creators is not None and "creator_id" in names:
            frame = frame.filter(pl.col("creator_id").is_in(list(creators)))
        return check_texts(frame.select(name for name in names if name in spec.schema).collect(), str(path))


def _read_sqlite(path: Path) -> dict[str, pl.DataFrame]:
    try:
        with open_sqlite(path) as database:
            return {
                name: pl.read_database(_select(name, columns), database, infer_schema_length=None)
                for name, columns in list_sqlite_tables(database).items()
                if name in TABLES
            }
    except sqlite3.DatabaseError as error:
        raise _unreadable("a SQLite database", "expected.database", str(path), error) from error


def _read_duckdb(path: Path) -> dict[str, pl.DataFrame]:
    try:
        import duckdb
    except ImportError as error:
        raise ConfigError("reading a .duckdb file needs the package duckdb: pip install duckdb") from error
    try:
        with duckdb.connect(str(path), read_only=True, config=_CLOSED) as database:
            # Tables and what they store alone: views and generated columns are queries of a stranger's, and would run.
            listed = database.execute(
                "select table_name, column_name from duckdb_tables() join information_schema.columns using (table_name)"
                " where schema_name = 'main' and table_schema = 'main' and not temporary and is_generated = 'NEVER'"
                " order by ordinal_position"
            )
            stored: dict[str, list[str]] = {}
            for table, column in listed.fetchall():
                stored.setdefault(table, []).append(column)
            frames: dict[str, pl.DataFrame] = {}
            for name in (one for one in stored if one in TABLES):
                # A text that is stored once is written out for every row: counted before.
                sizes = " + ".join(f"coalesce(sum(strlen({quote_name(one)}::varchar)), 0)" for one in stored[name])
                counted = database.execute(f"select {sizes} from {quote_name(name)}").fetchall()  # noqa: S608 (quoted names)
                _check_text_bytes(int(counted[0][0]), f"{path}:{name}")
                frames[name] = database.sql(_select(name, stored[name])).pl()
            return frames
    # A torn file also makes it stumble: std::bad_cast comes as a RuntimeError.
    except (duckdb.Error, RuntimeError) as error:
        raise _unreadable("a DuckDB database", "expected.duckdb", str(path), error) from error


def _select(table: str, columns: Iterable[str]) -> str:
    """The query for the contract's columns of a table, among those that it stores."""
    # Both are our own names.
    wanted = ", ".join(quote_name(name) for name in columns if name in TABLES[table].schema)
    return f"select {wanted or 'null'} from {quote_name(table)}"  # noqa: S608


def _unreadable(expected: str, key: str, file: str, error: BaseException) -> UnreadableFileError:
    return UnreadableFileError(Problem(expected, file, value=str(error).partition("\n")[0], key=key))
