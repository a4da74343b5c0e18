"""What a reference panel covers, in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from zhenfen.config import load_platforms
from zhenfen.messages import Catalogue
from zhenfen.report.quote import clean
from zhenfen.verdict.panel import PLATFORM

INDENT = (0, 0, 0, 2)
WIDE_COLUMNS = 120
"""From this width on the sources have a column of their own."""
COLUMNS = ("family", "platform", "followers", "peers", "features", "reach")
COUNTS = ("peers", "features")


def show_coverage(coverage: pl.DataFrame, language: str) -> None:
    """One row a family, platform, source and reach; below, the platforms that each family has no peers on.

    Args:
        coverage: `coverage.COVERAGE_SCHEMA`.
        language: zh, en or fr.
    """
    catalogue = Catalogue(language)
    console = Console()
    rows = [describe_row(row, catalogue) for row in coverage.iter_rows(named=True)]
    if console.width < WIDE_COLUMNS:
        # The sources below the table, by number: in a column they would make a word a line.
        sources = dict.fromkeys(row["source"] for row in rows)
        numbers = {source: f"[{number}]" for number, source in enumerate(sources, 1)}
        numbered = [{**row, "number": numbers[row["source"]]} for row in rows]
        console.print(_coverage_table(numbered, ("number", *COLUMNS), catalogue))
        for source, number in numbers.items():
            console.print(Padding(Text(f"{number} {clean(source)}", style="dim"), INDENT))
    else:
        console.print(_coverage_table(rows, (*COLUMNS, "source"), catalogue))
    console.print(Text(catalogue.text("cli.panel.gaps"), style="bold"))
    for family, platforms in list_gaps(coverage, catalogue):
        console.print(Padding(Text(f"{family} — {platforms}"), INDENT))
    console.print(Text(catalogue.text("cli.panel.help")))


def _coverage_table(rows: list[dict[str, str]], columns: Sequence[str], catalogue: Catalogue) -> Table:
    shown = Table()
    for name in columns:
        head = "" if name == "number" else catalogue.text(f"cli.panel.{name}")
        shown.add_column(head, justify="right" if name in COUNTS else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(Text(clean(row[name])) for name in columns))
    return shown


def describe_row(row: Mapping[str, Any], catalogue: Catalogue) -> dict[str, str]:
    """A row of COVERAGE_SCHEMA in words: family, platform, followers, peers, features, reach, source."""
    low, high = row["followers_from"], row["followers_to"]
    unknown = catalogue.text("cli.panel.sizes_unknown")
    return {
        "family": name_family(row["family"], catalogue),
        "platform": name_platform(row["platform"], catalogue),
        "followers": unknown if low is None else f"{catalogue.number(low, 0)} – {catalogue.number(high, 0)}",
        "peers": catalogue.number(row["n_peers"], 0),
        "features": catalogue.number(row["n_features"], 0),
        "reach": catalogue.text(f"cli.panel.reach.{row['scope']}"),
        "source": " · ".join((row["source"], row["window"], row["observed_on"].isoformat())),
    }


def list_gaps(coverage: pl.DataFrame, catalogue: Catalogue) -> list[tuple[str, str]]:
    """Families in words, and the platforms on which the panel has no peers that give them a level."""
    own = coverage.filter(pl.col("scope") == PLATFORM)
    have = set(own.select("family", "platform").iter_rows())
    separator = "、" if catalogue.language == "zh" else ", "
    gaps = {
        family: [name_platform(one, catalogue) for one in load_platforms() if (family, one) not in have]
        for family in coverage["family"].unique().sort()
    }
    return [(name_family(family, catalogue), separator.join(names)) for family, names in gaps.items() if names]


def name_family(family: str, catalogue: Catalogue) -> str:
    """The family in the reader's language, its id where no catalogue has it."""
    key = f"family.{family}"
    return catalogue.text(key) if catalogue.has(key) else family


def name_platform(platform: str, catalogue: Catalogue) -> str:
    """The platform's name in the reader's language, its id where configs/platforms/ has none."""
    known = load_platforms().get(platform)
    return platform if known is None else known.name[catalogue.language]
