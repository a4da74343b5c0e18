"""One creator in the terminal: levels, spans with the causes tested, and what would lower a level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from zhenfen.cli.terminal import LEVEL_MARKS, LEVEL_STYLES
from zhenfen.messages import Catalogue
from zhenfen.report.quote import clean

INDENT = (0, 0, 0, 2)
CAUSE_STYLES = {"for": "green", "against": "yellow", "unknown": "dim"}


def show_creator(summary: Mapping[str, Any], language: str) -> None:
    """What a creator's page says, as text."""
    catalogue = Catalogue(language)
    console = Console()
    creator = summary["creator"]
    facts = (creator["platform_name"], *(one["text"] for one in creator["facts"] if one["fact"] == "followers"))
    console.print(Text(" · ".join(map(clean, (creator["name"], *facts, summary["as_of_day"]))), style="bold"))
    _show_overall(summary["overall"], console, catalogue)
    # Every family with its level and the strongest evidence or the reason why there is none.
    levels = Table()
    for key in ("report.col.family", "report.col.level", "report.col.point"):
        levels.add_column(catalogue.text(key))
    for family in summary["families"]:
        levels.add_row(Text(family["label"]), _level(family), Text(clean(family["sentence"])))
    console.print(levels)
    # Families of which the data cover a part only.
    uncovered = [one for one in summary["families"] if one["coverage_text"]]
    if uncovered:
        console.print(Text(catalogue.text("cli.coverage"), style="bold"))
    for one in uncovered:
        text = clean(one["coverage_text"].replace("`", ""))
        console.print(Padding(Text(f"{one['label']} — {text}"), INDENT))
    _show_growth(summary["growth"], console, catalogue)
    if (then := summary["then"]) is not None:
        console.print(Text(catalogue.text("report.then"), style="bold"))
        for text in (*(line["sentence"] for line in then["lines"]), then["none_text"]):
            if text:
                console.print(Padding(Text(f"– {clean(text)}"), INDENT))
    console.print(Text(catalogue.text("report.advisory")))


def _show_overall(overall: Mapping[str, Any] | None, console: Console, catalogue: Catalogue) -> None:
    if overall is None:
        return
    console.print(Text(catalogue.text("cli.overall")).append(_level(overall)))
    for text in (overall["sentence"], overall["assessed_text"], overall["also_text"], overall["missing_text"]):
        if text:
            console.print(Padding(Text(text), INDENT))
    if overall["raising"]:
        console.print(Padding(Text(catalogue.text("report.overall.raises")), INDENT))
        shown = Table.grid(padding=(0, 2))
        for item in overall["raising"]:
            cells = (item["contribution_text"], item["label"], item["value_text"], item["range_text"])
            shown.add_row(*map(Text, cells))
        console.print(Padding(shown, INDENT))


def _level(one: Mapping[str, Any]) -> Text:
    return Text(f"{LEVEL_MARKS[one['level']]} {one['level_text']}", style=LEVEL_STYLES[one["level"]])


def _show_growth(growth: Mapping[str, Any] | None, console: Console, catalogue: Catalogue) -> None:
    if growth is None or not growth["spans"]:
        return
    console.print(Text(catalogue.text("report.causes"), style="bold"))
    for span in growth["spans"]:
        style = "bold yellow" if span["is_unexplained"] else ""
        parts = (f"#{span['number']}", span["days_text"], span["gained_text"], span["shape_text"])
        told = (*parts, span["explanation_text"], span["shared_text"], span["chance_text"])
        console.print(Text(" · ".join(part for part in told if part), style=style))
        causes = Table.grid(padding=(0, 2))
        for cause in span["causes"]:
            verdict = Text(f"{cause['mark']} {cause['verdict_text']}", style=CAUSE_STYLES[cause["verdict"]])
            causes.add_row(Text(cause["label"]), verdict, Text(clean(cause["note"])))
        if span["causes"]:
            console.print(Padding(causes, INDENT))
    n_more = growth["n_spans"] - len(growth["spans"])
    if n_more > 0:
        console.print(Text(catalogue.text("report.more.spans", n=catalogue.number(n_more, 0))))
