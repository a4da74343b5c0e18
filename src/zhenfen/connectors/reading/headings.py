"""Which table a sheet is, and which of its headings hold which column."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import polars as pl
from pydantic import Field

from zhenfen.config import Strict, config_dir, read_config
from zhenfen.connectors.reading.counts import UNITS
from zhenfen.connectors.reading.times import LENGTHS
from zhenfen.errors import ConfigError
from zhenfen.tables import TABLES

STATS = "creator_stats"
"""A table that is no sheet of its own: its columns stand in sheets of creators."""
UNKNOWN = "unknown"
"""Window or source that nothing names."""
_COUNTED = {"天": "d", "日": "d", "days": "d", "day": "d", "d": "d", "jours": "d", "jour": "d"}
_COUNTED |= {"条": "p", "篇": "p", "个": "p", "posts": "p", "videos": "p", "notes": "p"}
_WINDOW = re.compile(
    r"(?:最?近|过去|last|past)?(\d{1,3})(?:derniers)?(?:(天|日|days?|jours?|d)内?|(条|篇|个|posts|videos|notes)(?:作品|视频|笔记|内容)?)的?"
)
_MONTHS = {
    "近一个月": "近30天",
    "近1个月": "近30天",
    "近三个月": "近90天",
    "近3个月": "近90天",
    "近一周": "近7天",
    "近半年": "近180天",
}
_BRACKETS = re.compile(r"[(\[【].*?[)\]】]")
_SEPARATORS = re.compile(r"[\s_\-/:：·.#*]+")
_TRADITIONAL = str.maketrans(
    "絲數點贊評論轉發時間達標題內連結帳號報價暱稱瀏覽視頻筆記關註說簡介類’",
    "丝数点赞评论转发时间达标题内连结帐号报价昵称浏览视频笔记关注说简介类'",
)
"""Of the headings that there are; 暱 and 昵 are one character, and so are the two apostrophes."""
_OF_CREATOR = ("n_followers", "n_following", "bio", "category")
"""What a sheet of posts may say of whoever wrote them, in words that say nothing of a post."""


class Tool(Strict):
    """A sheet that only one tool writes.

    Attributes:
        headings: Headings that together tell it.
        without: Headings of which it has none.
        table: The table that it holds.
        platform: Where its rows come from, where they do not say it themselves.
        is_search: Whether the tool searches, so that whoever stands in the sheet was found by a search.
        is_own: Whether it is what a platform gives an account of its own posts, which name nobody.
        columns: Column → headings, before those that any sheet may have.
    """

    headings: tuple[str, ...]
    without: tuple[str, ...] = ()
    table: str
    platform: str | None = None
    is_search: bool = False
    is_own: bool = False
    columns: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class Clues(Strict):
    """Platform → words that say it.

    Attributes:
        headings: Parts of headings.
        links: Domains of addresses.
        names: Parts of the names of sheets, files and folders; latin ones stand alone.
    """

    headings: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    links: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class HeadingMap(Strict):
    """Content of configs/connectors/headings.yaml.

    Attributes:
        names: Table → words in sheet and file names.
        needs: Table → groups of columns of which one each must be there, for the table to be guessed.
        tools: Sheets of known tools; the first whose headings are all there counts.
        clues: What says the platform of a sheet that has no column of it.
        people: Parts of headings of columns that name people.
        notes: How cells begin that are remarks on a sheet, where they stand alone in their row.
        examples: How the creator's cell begins in rows that only show how one is filled in.
        columns: Table → column → headings, the surest first; a column with _ in front is for the connector alone.
        values: Column → value of the contract → words that stand for it.
    """

    names: dict[str, tuple[str, ...]]
    needs: dict[str, tuple[tuple[str, ...], ...]]
    tools: tuple[Tool, ...] = ()
    clues: Clues = Clues()
    people: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    columns: dict[str, dict[str, tuple[str, ...]]]
    values: dict[str, dict[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Layout:
    """What a sheet turned out to be.

    Attributes:
        table: Name of the table.
        headings: Column → headings of this sheet, the surest first.
        units: Heading → unit that its brackets name, as in 粉丝数（万）.
        platform: Where the rows come from, as far as the headings tell; None when they do not.
        is_search: Whether only tools that search write such headings.
        is_own: Whether a platform made it for an account, of that account's own posts.
        of_creator: Column of `creators` → headings of this sheet of posts that say it of whoever wrote the post.
        unclaimed: Headings that no column takes and that name people.
        window: What the averages of `creator_stats` cover; empty for any other table.
    """

    table: str
    headings: Mapping[str, tuple[str, ...]]
    units: Mapping[str, str]
    platform: str | None = None
    is_search: bool = False
    is_own: bool = False
    of_creator: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unclaimed: tuple[str, ...] = ()
    window: str = ""

    @property
    def names_creator(self) -> bool:
        """Whether the rows say whose they are."""
        return "creator_id" in self.headings or "_creator_name" in self.headings


def known_headings() -> frozenset[str]:
    """All headings of all tables, as `plain` gives them."""
    return _known_headings(str(config_dir() / "connectors" / "headings.yaml"))


def load_headings() -> HeadingMap:
    """The heading map of the configuration in force.

    Raises:
        ConfigError: The file is wrong, or names a table or column that there is not.
    """
    return _read_headings(str(config_dir() / "connectors" / "headings.yaml"))


def find_layout(name: str, columns: tuple[str, ...]) -> Layout | None:
    """The table that a sheet holds, and where; None when its headings fit none.

    The headings of a known tool decide, then a word in the sheet's name, if that table's columns are there. Else the
    table with the most headings found; of several, the one that stands first in the map.
    """
    known = load_headings()
    there = {plain(column) for column in columns}
    named = (tool for tool in known.tools if there.issuperset(map(plain_known, tool.headings)))
    if tool := next((one for one in named if there.isdisjoint(map(plain_known, one.without))), None):
        laid = _lay_out(tool.table, known, columns, tool.columns)
        # 关注量 of an account's own post is who came to follow it by that post, not whom the account follows.
        of_creator = {} if tool.is_own else laid.of_creator
        laid = replace(laid, platform=tool.platform, is_search=tool.is_search, is_own=tool.is_own)
        return replace(laid, of_creator=of_creator)
    layouts = {table: _lay_out(table, known, columns) for table in known.columns if table != STATS}
    possible = {
        table: layout
        for table, layout in layouts.items()
        if all(any(column in layout.headings for column in group) for group in known.needs.get(table, ()))
    }
    for table, words in known.names.items():
        if table in possible and any(plain_known(word) in plain(name) for word in words):
            return possible[table]
    best = max(possible.values(), key=lambda layout: len(layout.headings), default=None)
    # Averages belong to creators: dated counts beside them are a state, not a series.
    is_state = best is not None and best.table == "follower_counts" and "creators" in possible
    return possible["creators"] if is_state and lay_out_stats(columns) else best


def lay_out_stats(columns: tuple[str, ...]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Window → column of `creator_stats` → headings that hold it."""
    by_window: dict[str, dict[str, str]] = {}
    for column in columns:
        window, rest = read_window(column)
        by_window.setdefault(window, {})[rest] = column
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for window, names in by_window.items():
        laid = _lay_out(STATS, load_headings(), tuple(names))
        headings = {name: tuple(names[one] for one in ones) for name, ones in laid.headings.items()}
        if headings:
            found[window] = headings
    return found


def read_window(heading: str) -> tuple[str, str]:
    """The window that a heading names ("30d", "10p", UNKNOWN) and the heading without it.

    A bare number is none: 1-20s报价 is a length. Only a number of days or posts before a statistic is a window.
    """
    text = unicodedata.normalize("NFKC", heading).lower().replace(" ", "")
    for words, days in _MONTHS.items():
        text = text.replace(words, days)
    found = _WINDOW.search(text)
    if not found:
        return UNKNOWN, heading
    rest = text[: found.start()] + text[found.end() :]
    return f"{int(found[1])}{_COUNTED[found[2] or found[3]]}", rest.strip("-_:：·()[]【】")


def own_name(name: str) -> str | None:
    """The name of a sheet as that of a creator; None when it is a word for a table, or a program's own "Sheet1"."""
    words = [word for words in load_headings().names.values() for word in words]
    bare = plain(name)
    is_table = any(plain(word) in bare for word in words) or re.fullmatch(r"(sheet|工作表)\d*", bare)
    return None if is_table else name


def find_value(column: str, word: str) -> str:
    """As `translate`, of one word."""
    return str(pl.select(translate(column, pl.lit(word))).item())


def translate(column: str, cell: pl.Expr) -> pl.Expr:
    """The contract's word for a cell of `column`: 小红书 is xiaohongshu. What no map knows stays as it is."""
    known = load_headings().values.get(column, {})
    words = {plain(word): value for value, words in known.items() for word in (value, *words)}
    text = cell.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"[\s_\-]+", "")
    return pl.coalesce(text.replace_strict(words, default=None, return_dtype=pl.String), cell)


@cache
def _known_headings(path: str) -> frozenset[str]:
    known = _read_headings(path)
    maps = [*known.columns.values(), *(tool.columns for tool in known.tools)]
    own = {heading for tool in known.tools for heading in tool.headings}
    return frozenset(map(plain, own.union(*(headings for columns in maps for headings in columns.values()))))


@cache
def _read_headings(path: str) -> HeadingMap:
    known = read_config(Path(path), HeadingMap)
    named = [*known.columns.items(), *((tool.table, tool.columns) for tool in known.tools)]
    unknown = [
        f"{table}.{column}"
        for table, columns in named
        for column in columns
        if table not in TABLES
        or (column not in TABLES[table].schema and not column.startswith("_") and column != "platform")
    ]
    tables = [*known.names, *known.needs, *(tool.table for tool in known.tools)]
    unknown += [table for table in tables if table not in known.columns]
    if unknown:
        raise ConfigError(f"{path}: no such tables or columns: {', '.join(unknown)}")
    return known


def _lay_out(
    table: str, known: HeadingMap, columns: tuple[str, ...], surer: Mapping[str, tuple[str, ...]] | None = None
) -> Layout:
    """Where the columns of `table` stand; `surer`: headings that count before those of the map."""
    wanted = {name: (*(surer or {}).get(name, ()), *headings) for name, headings in known.columns[table].items()}
    wanted |= {name: headings for name, headings in (surer or {}).items() if name not in wanted}
    there: dict[str, list[str]] = {}
    for column in columns:
        there.setdefault(plain(column), []).append(column)
    found = {
        name: tuple(dict.fromkeys(column for heading in headings for column in there.get(plain_known(heading), ())))
        for name, headings in wanted.items()
    }
    units: dict[str, str] = {}
    for column in columns:
        bracket = _BRACKETS.search(unicodedata.normalize("NFKC", column).lower())
        if bracket and bracket[0][1:-1].strip() in (*UNITS, *LENGTHS):
            units[column] = bracket[0][1:-1].strip()
    headings = {name: names for name, names in found.items() if names}
    taken = {one for names in headings.values() for one in names}
    of_creator: dict[str, tuple[str, ...]] = {}
    if table == "posts":
        theirs = {name: {plain_known(one) for one in known.columns["creators"].get(name, ())} for name in _OF_CREATOR}
        for name, words in theirs.items():
            if there_too := tuple(one for one in columns if one not in taken and plain(one) in words):
                of_creator[name] = there_too
                taken.update(there_too)
    people = [plain_known(word) for word in known.people]
    unclaimed = tuple(one for one in columns if one not in taken and any(word in plain(one) for word in people))
    return Layout(table, headings, units, of_creator=of_creator, unclaimed=unclaimed)


def plain(heading: str) -> str:
    """A heading as it is compared: narrow, lower case, simplified, without spaces, separators and brackets."""
    text = unicodedata.normalize("NFKC", heading).lower().translate(_TRADITIONAL)
    return _SEPARATORS.sub("", _BRACKETS.sub("", text))


plain_known = cache(plain)
"""Of a heading of the maps: each sheet is set against thousands of them, always the same. Never of one of an export."""
