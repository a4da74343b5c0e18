"""Which platform a sheet comes from, and which day it was made, where no column says so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from zhenfen.connectors.reading.headings import load_headings, plain
from zhenfen.tables.contract import possible_times

_LATIN = re.compile(r"[a-z0-9]+")
_ADDRESS = re.compile(r"链接|主页|地址|url|link|lien|href|网址")
_HOST = r"(?i)^\s*(?:https?:)?//(?:www\.|m\.)?([a-z0-9.\-]+)"
_DAY = re.compile(
    r"(?<!\d)(20[0-3]\d)[-_.年]?(0[1-9]|1[0-2]|[1-9](?!\d))[-_.月]?(0[1-9]|[12]\d|3[01]|[1-9](?!\d))日?(?!\d)"
)
_NAMED_BY_PATH = ("xiaohongshu", "douyin", "weibo", "bilibili", "kuaishou", "instagram", "tiktok", "x")
_NAMED_BY_QUERY = r"[?&#](?:modal_id|note_id|item_id|photoId|bvid|aid|id)="


@dataclass(frozen=True, slots=True)
class Clue:
    """What was made out, and by what.

    Attributes:
        value: A platform.
        said: The word itself, as it stands in the sheet.
    """

    value: str
    said: str


def read_headings_for_platform(columns: Sequence[str]) -> list[Clue]:
    """One clue a platform that a part of a heading names."""
    found: dict[str, Clue] = {}
    for platform, words in load_headings().clues.headings.items():
        for column in columns:
            if any(plain(word) in plain(column) for word in words):
                found.setdefault(platform, Clue(platform, column))
    return list(found.values())


def read_names_for_platform(names: Sequence[str]) -> Clue | None:
    """The platform that the first of the names says which says just one; None where none does.

    Args:
        names: Of the sheet, its file and the folders, the nearest first.
    """
    known = load_headings().clues.names
    for name in names:
        low = name.lower()
        latin = set(_LATIN.findall(low))
        said: dict[str, str] = {}
        for platform, words in known.items():
            for word in words:
                if word.lower() in latin or (not word.isascii() and word.lower() in low):
                    said.setdefault(platform, name)
        if len(said) == 1:
            platform, where = next(iter(said.items()))
            return Clue(platform, where)
    return None


def is_address(heading: str) -> bool:
    """Whether a heading announces addresses of the web."""
    return _ADDRESS.search(plain(heading)) is not None


def platform_of_link(cell: pl.Expr) -> pl.Expr:
    """The platform whose address a cell is; null where it is none of a platform that is known."""
    domains = {domain: platform for platform, known in load_headings().clues.links.items() for domain in known}
    host = cell.str.extract(_HOST, 1).str.to_lowercase()
    # "www.xiaohongshu.com" and "edith.xiaohongshu.com" alike: what a host ends with.
    ends = [
        pl.when(host.str.contains(rf"(?:^|\.){re.escape(one)}$")).then(pl.lit(name)) for one, name in domains.items()
    ]
    return pl.coalesce(ends)


def trim_link(cell: pl.Expr, platform: pl.Expr) -> pl.Expr:
    """A cell, of an address the part that names the post or account: what stands behind it is another one next week.

    Xiaohongshu hands out `?xsec_token=…` with each visit. Where the name itself stands in the query (YouTube's `v`,
    WeChat's `sn`, Douyin's `modal_id`), the address stays whole.

    Args:
        cell: Texts, some of them addresses.
        platform: Where they lead, as `platform_of_link` says.
    """
    is_by_path = platform.is_in(_NAMED_BY_PATH) & cell.str.starts_with("http") & ~cell.str.contains(_NAMED_BY_QUERY)
    return pl.when(is_by_path.fill_null(value=False)).then(cell.str.replace(r"/*(?:[?#].*)?$", "")).otherwise(cell)


def read_names_for_day(names: Sequence[str]) -> datetime | None:
    """The last day that the first of the names says which says one, at its beginning in UTC; None where none does.

    Args:
        names: Of the sheet and its file, the nearest first; "2026-08-01_2026-08-31" was made on its last day.
    """
    earliest, latest = possible_times()
    for name in names:
        days = []
        for year, month, day in _DAY.findall(name):
            try:
                days.append(datetime(int(year), int(month), int(day), tzinfo=UTC))
            except ValueError:
                continue  # the 31st of February is part of some number
        possible = [one for one in days if earliest <= one <= latest]
        if possible:
            return max(possible)
    return None
