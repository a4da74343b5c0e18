"""Write docs/reference/ (tables, features, coverage, commands) from the code; tests/test_docs.py keeps them current.

Run: make docs
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from zhenfen.cli.terminal_panel import describe_row, list_gaps
from zhenfen.features.base import Family, load_families
from zhenfen.features.specs import FeatureSpec
from zhenfen.messages import Catalogue
from zhenfen.shelf import PANEL, find_file
from zhenfen.tables import TABLES, Column, TableSpec
from zhenfen.verdict.coverage import find_coverage
from zhenfen.verdict.panel import read_panel

FOLDER = Path(__file__).parent / "reference"
_HEADS = "| feature | unit | concern | travels | meaning | source |"


def tables_page() -> str:
    """The tables contract."""
    lines = [
        "# Tables",
        "",
        "Times are UTC, ids are strings, counts are integers or null. Null is unknown, never zero.",
        "On disk: a folder of Parquet files with these names, or one SQLite or DuckDB file.",
    ]
    return "\n".join([*lines, *(line for spec in TABLES.values() for line in _table_lines(spec))]) + "\n"


def _table_lines(spec: TableSpec) -> Iterator[str]:
    yield from ("", f"## {spec.name}", "", f"Key: {', '.join(f'`{name}`' for name in spec.key)}.", "")
    yield from ("| column | type | needed | allowed |", "|---|---|---|---|")
    for column in spec.columns:
        needed = "yes" if column.name in spec.must_have else ""
        yield f"| `{column.name}` | {column.kind} | {needed} | {_allowed(column)} |"


def _allowed(column: Column) -> str:
    if column.choices:
        return ", ".join(column.choices)
    return f"0 to {column.high:g} {column.unit}" if column.high is not None else ""


def features_page() -> str:
    """Every feature of every family."""
    lines = [
        "# Features",
        "",
        "`concern` is the side of the peers' range that asks for a look; `none` is context and never counts.",
        "`travels`: peers of another platform, or of long ago, may stand beside it; all others need the creator's own.",
    ]
    return "\n".join([*lines, *(line for family in load_families().values() for line in _family_lines(family))]) + "\n"


def _family_lines(family: Family) -> Iterator[str]:
    yield from ("", f"## {family.name}", "", _HEADS, "|---|---|---|---|---|---|")
    yield from map(_feature_line, family.specs)


def _feature_line(spec: FeatureSpec) -> str:
    travels = "yes" if spec.travels else ""
    return f"| `{spec.name}` | {spec.unit} | {spec.concern} | {travels} | {spec.meaning} | {spec.source} |"


def coverage_page() -> str:
    """What the shipped panel covers, as `zhenfen panel show` says it."""
    catalogue = Catalogue("en")
    coverage = find_coverage(read_panel(find_file(PANEL)))
    lines = [
        "# Coverage of the shipped panel",
        "",
        "Peers of a creator's platform and size. `zhenfen panel show` prints this table of any panel.",
        "",
        "| family | platform | followers | peers | measurements | serves | source · window · day |",
        "|---|---|---|---|---|---|---|",
    ]
    rows = (describe_row(row, catalogue) for row in coverage.iter_rows(named=True))
    gaps = (f"- {family}: {platforms}" for family, platforms in list_gaps(coverage, catalogue))
    head = ["", f"{catalogue.text('cli.panel.gaps')}:", ""]
    return "\n".join([*lines, *(f"| {' | '.join(row.values())} |" for row in rows), *head, *gaps]) + "\n"


def commands_page() -> str:
    """The command line's own help."""
    command = [sys.executable, "-m", "typer", "zhenfen.cli.main", "utils", "docs", "--name", "zhenfen"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.rstrip() + "\n"


PAGES = {
    "tables.md": tables_page,
    "features.md": features_page,
    "coverage.md": coverage_page,
    "commands.md": commands_page,
}


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(exist_ok=True)
    for name, make_page in PAGES.items():
        (FOLDER / name).write_text(make_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
