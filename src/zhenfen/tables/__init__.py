"""The canonical tables: their contract, the bundle that travels through the house, and their form on disk."""

from zhenfen.tables.bundle import Tables, make_frame
from zhenfen.tables.check import check_tables, find_problems, latest_possible
from zhenfen.tables.specs import EVENT_KINDS, FOUND_BY, FRAMES, PLATFORMS, TABLES, Column, TableSpec
from zhenfen.tables.store import check_replaceable, find_table, read_tables, replace_folder, write_tables

__all__ = [
    "EVENT_KINDS",
    "FOUND_BY",
    "FRAMES",
    "PLATFORMS",
    "TABLES",
    "Column",
    "TableSpec",
    "Tables",
    "check_replaceable",
    "check_tables",
    "find_problems",
    "find_table",
    "latest_possible",
    "make_frame",
    "read_tables",
    "replace_folder",
    "write_tables",
]
