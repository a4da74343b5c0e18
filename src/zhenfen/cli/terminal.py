"""What the command line shows: progress, tables, errors. Outside text is made harmless before it is printed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import polars as pl
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from zhenfen.cli.terminal_import import forget_problems, print_recognised, tell_problems
from zhenfen.errors import DiskFullError, FoundBySearchError, InputError, StoreError, UnknownPlaceError, ZhenfenError
from zhenfen.messages import Catalogue
from zhenfen.report.quote import clean

if TYPE_CHECKING:
    from zhenfen.audit.loop import Applied, Sampled
    from zhenfen.connectors.joining import Joined
    from zhenfen.tables import Tables
    from zhenfen.vetting.demo import Demo
    from zhenfen.vetting.vet import Vetted

MOST_ROWS = 20
"""Creators listed in the terminal; the page has them all."""
FEWEST_OF_A_NAME = 8
"""Columns of a terminal that a creator's name has at least; it goes on in the next line."""
LEVEL_STYLES = {"low": "green", "elevated": "bold yellow", "high": "bold red", "not_assessed": "dim"}
LEVEL_MARKS = {"low": "○", "elevated": "▲", "high": "■", "not_assessed": "·"}
PRIORITY_MARKS = {"question": "?", "no_clear_answer": "~", "nothing_found": "✓", "too_little": "…"}
PRIORITY_STYLES = {"question": "bold red", "no_clear_answer": "yellow", "nothing_found": "green", "too_little": "dim"}
"""Of review priorities: signs that no level has."""


class StepDisplay:
    """A progress bar a step; remembers how long each took."""

    def __init__(self, language: str) -> None:
        self.catalogue = Catalogue(language)
        self.seconds: dict[str, float] = {}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task: TaskID | None = None
        self._name = ""
        self._since = 0.0

    def __enter__(self) -> StepDisplay:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_step()
        self._progress.stop()

    def advance(self, name: str, done: int, total: int) -> None:
        """Show that `done` of `total` of the step `name` is complete."""
        if name != self._name:
            self._close_step()
            self._name, self._since = name, time.perf_counter()
            self._task = self._progress.add_task(self.label(name), total=total)
        if self._task is not None:
            self._progress.update(self._task, completed=done, total=total)

    def _close_step(self) -> None:
        if self._name:
            self.seconds[self._name] = self.seconds.get(self._name, 0.0) + time.perf_counter() - self._since
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._name, self._task = "", None

    def label(self, name: str) -> str:
        """The step in the reader's language."""
        keys = [key for key in (f"family.{name}", f"step.{name}") if self.catalogue.has(key)]
        # Anything else is a file's name.
        return self.catalogue.text(keys[0]) if keys else clean(name)


def show_shortlist(vetted: Vetted, out: Path | str, language: str) -> None:
    """The shortlist in the order to work it, and where the pages are."""
    catalogue = Catalogue(language)
    console = Console()
    table = _shortlist_table(vetted.shortlist, catalogue, is_narrow=False)
    if is_narrow := not _fits(table, console):
        table = _shortlist_table(vetted.shortlist, catalogue, is_narrow=True)
    console.print(Text(catalogue.text("cli.shortlist", day=vetted.shortlist["as_of_day"]), style="bold"))
    console.print(Text(vetted.shortlist["sentence"]))
    console.print(Text(vetted.shortlist["found_by"]["line"]))
    console.print(table)
    if is_narrow:
        console.print(_legend(vetted.shortlist))
    n_more = vetted.shortlist["n_creators"] - MOST_ROWS
    if n_more > 0:
        console.print(catalogue.text("cli.more_creators", n=n_more))
    _print_unusable(vetted.tables, console, catalogue)
    console.print(Text(catalogue.text("report.advisory")))
    console.print(
        Text(catalogue.text("cli.pages", path=f"{str(out).rstrip('/')}/index.html", n=vetted.shortlist["n_creators"]))
    )
    if ask := vetted.shortlist["found_by"]["ask"]:
        Console(stderr=True, soft_wrap=True).print(Text(ask), style="bold")


def show_demo(made: Demo, out: Path, steps: StepDisplay) -> None:
    """The shortlist of the demonstration, what was simulated, and how long each step took."""
    catalogue = steps.catalogue
    show_shortlist(made.vetted, out, catalogue.language)
    console = Console()
    console.print(Text(catalogue.text("cli.truth"), style="bold"))
    truth = Table()
    for key in ("cli.creator", "cli.kind", "cli.manipulated"):
        truth.add_column(catalogue.text(key))
    names = dict(made.vetted.tables["creators"].select("creator_id", "display_name").iter_rows())
    for creator_id, kind, is_manipulated in made.truth.select("creator_id", "kind", "is_manipulated").iter_rows():
        truth.add_row(
            names[creator_id], catalogue.text(f"kind.{kind}"), catalogue.text("cli.yes" if is_manipulated else "cli.no")
        )
    console.print(truth)
    console.print(Text(catalogue.text("cli.times"), style="bold"))
    times = Table()
    times.add_column(catalogue.text("cli.step"))
    times.add_column(catalogue.text("cli.seconds"), justify="right")
    for name, seconds in steps.seconds.items():
        times.add_row(steps.label(name), catalogue.number(seconds))
    console.print(times)


def show_tables(tables: Tables, folder: Path | str, language: str) -> None:
    """How many rows each table has, what could not be used, and where the tables are."""
    catalogue = Catalogue(language)
    console = Console()
    shown = Table()
    shown.add_column(catalogue.text("cli.table"))
    shown.add_column(catalogue.text("cli.rows"), justify="right")
    for name, frame in tables.frames.items():
        if name != "unusable" and not frame.is_empty():
            shown.add_row(name, catalogue.number(frame.height, 0))
    console.print(shown)
    _print_unusable(tables, console, catalogue)
    console.print(Text(catalogue.text("cli.tables", path=folder)))


def show_joined(added: Tables, joined: Joined, folder: str, language: str) -> None:
    """What an import added to tables and what of it was there before, what could not be used, and where they are."""
    catalogue = Catalogue(language)
    console = Console()
    shown = Table()
    for key in ("cli.joined.what", "cli.joined.new", "cli.joined.known"):
        shown.add_column(catalogue.text(key), justify="left" if key == "cli.joined.what" else "right")
    for table, counts in joined.counts.items():
        if any(counts):
            shown.add_row(catalogue.text(f"cli.joined.{table}"), *(catalogue.number(n, 0) for n in counts))
    console.print(shown)
    _print_unusable(added, console, catalogue)
    if joined.n_undated:
        console.print(Text(catalogue.text("cli.joined.undated", n=catalogue.number(joined.n_undated, 0))))
    if joined.by_name:
        console.print(Text(catalogue.text("cli.joined.by_name", names=clean(", ".join(joined.by_name)))), style="bold")
    if not joined.is_changed:
        console.print(Text(catalogue.text("cli.joined.unchanged")))
    console.print(Text(catalogue.text("cli.tables", path=folder)))


def show_cluster(cluster: str, language: str) -> None:
    """Where a batch runs: whoever meant a cluster sees at once whether it is that one."""
    Console().print(Text(Catalogue(language).text("batch.cluster", cluster=cluster)))


def show_scored(what: str, n_rows: int, out: Path | str, language: str) -> None:
    """How many rows of `what` (profiles, comments, posts) were scored and where the scores are."""
    catalogue = Catalogue(language)
    Console().print(Text(catalogue.text(f"cli.scored.{what}", n=catalogue.number(n_rows, 0), path=out)))


def show_sampled(sampled: Sampled, out: Path, language: str) -> None:
    """How many profiles are to be labelled and where the workbook is."""
    catalogue = Catalogue(language)
    numbers = {name: catalogue.number(getattr(sampled, name), 0) for name in ("n_drawn", "n_profiles")}
    frame = catalogue.text(f"report.frame.{sampled.frame}")
    Console().print(Text(catalogue.text("cli.audit.sampled", frame=frame, path=out, **numbers)))


def show_applied(applied: Applied[pl.DataFrame], language: str) -> None:
    """The estimate before and after the labels, and with the undecided counted either way."""
    catalogue = Catalogue(language)
    shown = Table()
    for key in ("cli.audit.estimate", "cli.audit.share", "cli.audit.interval"):
        shown.add_column(catalogue.text(key))
    for name in ("before", "after", "if_real", "if_fake"):
        estimate = getattr(applied, name)
        if estimate is None:
            continue
        row = estimate.row(0, named=True)
        if row["share"] is None:
            cells = ("—", catalogue.text(f"reason.{row['reason']}"))
        else:
            cells = (catalogue.share(row["share"]), f"{catalogue.share(row['low'])} – {catalogue.share(row['high'])}")
        shown.add_row(catalogue.text(f"cli.audit.{name}"), *cells)
    console = Console()
    console.print(shown)
    counts = (applied.labels.height, applied.cannot_say.height, applied.n_unlabelled)
    names = ("n_labels", "n_cannot_say", "n_unlabelled")
    texts = {name: catalogue.number(n, 0) for name, n in zip(names, counts, strict=True)}
    console.print(Text(catalogue.text("cli.audit.applied", **texts)))
    for row, profile, name in applied.contradicted.iter_rows():
        where = {"row": catalogue.number(row, 0), "profile": profile, "name": name}
        console.print(Text(catalogue.text("cli.audit.contradicted", **where)))


def show_panel(rows: pl.DataFrame, out: Path, language: str) -> None:
    """What a panel holds and where it is."""
    catalogue = Catalogue(language)
    shown = Table()
    for key in ("cli.platform", "cli.features", "cli.curves", "cli.peers"):
        shown.add_column(catalogue.text(key), justify="left" if key == "cli.platform" else "right")
    by_platform = rows.group_by("platform").agg(
        pl.col("feature").n_unique(),
        pl.col("feature").filter(pl.col("n_followers").is_not_null()).n_unique().alias("curves"),
        pl.col("n_peers").max(),
    )
    for platform, *counts in by_platform.sort("platform").iter_rows():
        shown.add_row(platform, *(catalogue.number(count, 0) for count in counts))
    console = Console()
    console.print(shown)
    console.print(Text(catalogue.text("cli.panel", path=out)))


def show_error(error: ZhenfenError, language: str) -> None:
    """The error's text on standard error, one line a problem, without markup or control characters."""
    catalogue, text = Catalogue(language), str(error)
    if isinstance(error, FoundBySearchError):
        # A line a file, and what to do.
        given = error.problems[0].value or ""
        word = catalogue.text(f"report.found_by.{given}")
        about = [catalogue.text("cli.found_by.says_search", file=one.file) for one in error.problems[:MOST_ROWS]]
        text = "\n".join([*about, catalogue.text("cli.found_by.contradicted", given=given, word=word)])
    elif isinstance(error, UnknownPlaceError):
        text = catalogue.text("cli.place.unknown", name=error.name)
        if error.alike:
            text += catalogue.text("cli.place.alike", names=", ".join(error.alike))
    elif isinstance(error, DiskFullError):
        text = catalogue.text("cli.disk_full", place=error.place)
    elif isinstance(error, StoreError):
        text = catalogue.text(f"store.{error.fault}", place=error.place, said=error.said)
    elif isinstance(error, InputError):
        text = "\n".join(tell_problems(error.problems, catalogue))
    console = Console(stderr=True, soft_wrap=True)
    for line in text.splitlines():
        console.print(Text(clean(line)), style="red")


def _shortlist_table(shortlist: Mapping[str, Any], catalogue: Catalogue, *, is_narrow: bool) -> Table:
    """Creators by families; a family that assessed nobody has no column.

    Narrow: marks alone (see `_legend`) under short headings, without lines between the columns.
    """
    shown = Table(box=box.SIMPLE_HEAD, padding=(0, 0), show_edge=False) if is_narrow else Table()
    shown.add_column(catalogue.text("cli.creator"), overflow="fold", min_width=FEWEST_OF_A_NAME)
    if not is_narrow:
        shown.add_column(catalogue.text("cli.platform"), no_wrap=True)
    shown.add_column(catalogue.text("cli.followers"), justify="right", no_wrap=True)
    shown.add_column(catalogue.text("cli.short.priority"), justify="center", no_wrap=True)
    families = [column["family"] for column in shortlist["columns"]["families"]]
    for column in shortlist["columns"]["families"]:
        key = f"cli.short.{column['family']}"
        heading = catalogue.text(key) if is_narrow and catalogue.has(key) else str(column["label"])
        shown.add_column(Text(heading), justify="center", no_wrap=True)
    for creator in shortlist["creators"][:MOST_ROWS]:
        platform = () if is_narrow else (creator["platform_name"],)
        about = (clean(creator["name"]), *platform, creator["followers_text"])
        levels = {family["family"]: family for family in creator["families"]}
        kind = creator["priority"]["kind"]
        cells = [Text(f"{PRIORITY_MARKS[kind]} {creator['priority']['short']}", style=PRIORITY_STYLES[kind])]
        for one in (levels[name] for name in families):
            words = "" if is_narrow else f" {one['level_short']}"
            cells.append(Text(f"{LEVEL_MARKS[one['level']]}{words}", style=LEVEL_STYLES[one["level"]]))
        shown.add_row(*map(Text, about), *cells)
    return shown


def _fits(table: Table, console: Console) -> bool:
    """Whether the terminal has room for everything but the whole of the names."""
    names = table.columns[0]
    names.width = FEWEST_OF_A_NAME
    needed = console.measure(table, options=console.options.update(width=10 * console.width)).maximum
    names.width = None
    return needed <= console.width


def _legend(shortlist: Mapping[str, Any]) -> Text:
    """What the marks of this shortlist mean, in the words of its levels; described and modelled ones may differ."""
    cells = [one for row in shortlist["creators"] for one in row["families"]]
    words = {level: sorted({one["level_short"] for one in cells if one["level"] == level}) for level in LEVEL_MARKS}
    return Text("   ").join(
        Text(f"{mark} {' / '.join(words[level])}", style=LEVEL_STYLES[level])
        for level, mark in LEVEL_MARKS.items()
        if words[level]
    )


def _print_unusable(tables: Tables, console: Console, catalogue: Catalogue) -> None:
    forget_problems()
    print_recognised(tables, console, catalogue)
    # A file that was not read and a row that only shows how one is filled in are told apart from faults.
    own_words = {"unusable.file": "file", "unusable.example": "example"}
    own = pl.col("expected").replace_strict(own_words, default=None, return_dtype=pl.String)
    what = pl.coalesce(own, "action")
    by_action = (
        tables["unusable"]
        .filter(pl.col("action") != "column_ignored")
        .group_by(what.alias("action"))
        .len()
        .sort("action")
    )
    for action, n_rows in by_action.iter_rows():
        console.print(Text(catalogue.text(f"cli.unusable.{action}", n=catalogue.number(n_rows, 0))))
