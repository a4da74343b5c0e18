"""The canonical tables: their contract, the bundle that travels through the house, and their form on disk."""

from zhenfen.tables.bundle import Tables, make_frame
from zhenfen.tables.check import check_tables, find_problems
from zhenfen.tables.merging import list_readings, merge_tables
from zhenfen.tables.moments import EPOCH, OBSERVED, date_of_files, latest_time, time_columns
from zhenfen.tables.specs import EVENT_KINDS, FOUND_BY, FRAMES, PLATFORMS, TABLES, Column, TableSpec
from zhenfen.tables.store import find_table, is_table_file, read_checked, read_tables, scan_table, write_tables

__all__ = [
    "EPOCH",
    "EVENT_KINDS",
    "FOUND_BY",
    "FRAMES",
    "OBSERVED",
    "PLATFORMS",
    "TABLES",
    "Column",
    "TableSpec",
    "Tables",
    "check_tables",
    "date_of_files",
    "find_problems",
    "find_table",
    "is_table_file",
    "latest_time",
    "list_readings",
    "make_frame",
    "merge_tables",
    "read_checked",
    "read_tables",
    "scan_table",
    "time_columns",
    "write_tables",
]
