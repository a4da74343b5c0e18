"""What vendors state of a creator beside a name: averages with a window in the heading, shares, prices, distributions.

Such columns stand in sheets of creators ("近30天平均点赞", "水粉占比", "CPE"); their rows are rows of the table
`creator_stats` too, one a window.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

import polars as pl

from zhenfen.connectors.reading.counts import BLANKS, tidy_text
from zhenfen.connectors.reading.headings import STATS, Layout, lay_out, load_headings
from zhenfen.connectors.reading.tidy import FILE, Tidied, list_unusable, unusable_rows
from zhenfen.tables import TABLES

UNKNOWN = "unknown"
"""Window or source that nothing names."""
CONTRADICTION = "unusable.contradiction"
_COUNTED = {"天": "d", "日": "d", "days": "d", "day": "d", "d": "d"}
_COUNTED |= {"条": "p", "篇": "p", "个": "p", "posts": "p", "videos": "p", "notes": "p"}
_WINDOW = re.compile(
    r"(?:最?近|过去|last|past)?(\d{1,3})(?:(天|日|days?|d)内?|(条|篇|个|posts|videos|notes)(?:作品|视频|笔记|内容)?)的?"
)
_MONTHS = {
    "近一个月": "近30天",
    "近1个月": "近30天",
    "近三个月": "近90天",
    "近3个月": "近90天",
    "近一周": "近7天",
    "近半年": "近180天",
}
_PERCENT = re.compile(r"[(（\[【]\s*[%％]\s*[)）\]】]")
_WHO = ("creator_id", "_creator_name", "platform")
_SHARES = tuple(one.name for one in TABLES[STATS].columns if one.unit == "share")
_STATED = tuple(name for name in TABLES[STATS].schema if name not in ("creator_id", "window", "source", "observed_at"))
_RATES = (*_SHARES, "interaction_rate")
_BESIDE = {"water_follower_share": "n_water_followers", "active_follower_share": "n_active_followers"}
"""Share → the count that stands in the same cell, as in "42.64% | 192745"."""
_SPREADS = ("follower_regions", "follower_genders", "follower_ages")
_NAME = r"[^\s|:：,，;；、%\d][^\s|:：,，;；、%]{0,19}|\d[\d\-~]{0,6}岁?(?:以上|以下)?\+?"
_PAIR = rf"({_NAME})\s*[|:：\s]\s*(\d{{1,3}}(?:\.\d+)?)\s*%"
"""One part of a distribution: 上海|17.4%, 18-24岁：30%."""
_SLACK = 0.02
"""A share beside its count may be off by so much: counts are rounded to 万, and followers change between readings."""
_ROUNDING = 1.01
"""Rounded parts may sum to a little more than the whole."""


def find_stats(layout: Layout, columns: tuple[str, ...]) -> list[Layout]:
    """The layouts of `creator_stats` in a sheet of creators, one a window; none in any other sheet.

    Columns without a window of their own (prices, 水粉占比) go with the only window there is, else with one unknown.
    """
    if layout.table != "creators":
        return []
    by_window: dict[str, dict[str, str]] = {}
    for column in columns:
        window, rest = read_window(column)
        by_window.setdefault(window, {})[rest] = column
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for window, names in by_window.items():
        laid = lay_out(STATS, tuple(names))
        headings = {name: tuple(names[one] for one in ones) for name, ones in laid.headings.items()}
        if headings:
            found[window] = headings
    windows = [window for window in found if window != UNKNOWN]
    if len(windows) == 1 and UNKNOWN in found:
        found[windows[0]] = {**found.pop(UNKNOWN), **found[windows[0]]}
    who = {name: layout.headings[name] for name in _WHO if name in layout.headings}
    if seen := layout.headings.get("snapshot_at"):
        who["observed_at"] = seen
    # Numbers under 互动率(%) carry the sign themselves, as those under 粉丝数（万） carry their unit.
    units = {**layout.units, **{column: "%" for column in columns if _PERCENT.search(column)}}
    return [
        replace(layout, table=STATS, headings={**who, **found[one]}, units=units, window=one) for one in sorted(found)
    ]


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


def read_source(*names: str) -> str:
    """The vendor that the name of a file or sheet names, UNKNOWN for none."""
    said = " ".join(unicodedata.normalize("NFKC", name).lower() for name in names)
    vendors = load_headings().values.get("source", {})
    return next((vendor for vendor, words in vendors.items() if any(word in said for word in words)), UNKNOWN)


def take_apart(raw: pl.DataFrame) -> pl.DataFrame:
    """The rows with their cells as the contract has them: shares of 1, counts in columns of their own.

    "42.64% | 192745" is a share and a count; "上海|17.4% 北京|15.2%" becomes "上海 17.4%; 北京 15.2%". A column of bare
    numbers of which one is above 1 holds percentages: no share is. What cannot be read stays, and is listed by `tidy`.

    Args:
        raw: Strings under the names of `creator_stats`.
    """
    made: dict[str, pl.Expr] = {}
    for name in (one for one in _RATES if one in raw.columns):
        text = tidy_text(pl.col(name)).str.replace_all("％", "%")
        number = text.str.extract(r"^(\d+(?:\.\d+)?)\s*%?\s*(?:[|/(].*)?$").cast(pl.Float64, strict=False)
        bare = text.str.extract(r"^(\d+(?:\.\d+)?)$").cast(pl.Float64, strict=False)
        is_percent = text.str.contains("%", literal=True) | (bare.max() > 1).over(FILE).fill_null(value=False)
        share = pl.when(is_percent).then(number / 100).otherwise(number)
        made[name] = pl.coalesce(share.cast(pl.String), pl.col(name))
        if name in _BESIDE:
            count = text.str.extract(r"[|/(]\s*([\d.,]+(?:万|w)?)\s*\)?$")
            own = [pl.col(_BESIDE[name])] if _BESIDE[name] in raw.columns else []
            made[_BESIDE[name]] = pl.coalesce(*own, count)
    for name in (one for one in _SPREADS if one in raw.columns):
        parts = pl.col(name).str.extract_all(_PAIR).list.eval(pl.element().str.replace(_PAIR, "$1 $2%")).list.join("; ")
        made[name] = (
            pl.when(parts != "")
            .then(parts)
            .when(tidy_text(pl.col(name)).is_in(list(BLANKS)))
            .then(None)
            .otherwise(pl.col(name))
        )
    return raw.with_columns(**made)


def drop_contradictions(stats: Tidied, creators: pl.DataFrame) -> Tidied:
    """The rows that state anything, without values that contradict each other; each of those is listed.

    A share that is not its count by the followers; a part above its whole (natural views above all, likes above
    interactions, parts of a distribution above 100 %). Of two values neither is known to be right: both go.

    Args:
        stats: Tidied rows of `creator_stats`.
        creators: Rows of `creators`: creator_id and n_followers.
    """
    frame = stats.frame.join(
        creators.select("creator_id", _n="n_followers"), on="creator_id", how="left", maintain_order="left"
    )
    wrong: list[tuple[tuple[str, ...], pl.Expr]] = [
        ((share, count), (pl.col(count) / pl.col("_n") - pl.col(share)).abs() > _SLACK)
        for share, count in _BESIDE.items()
    ]
    wrong += [
        ((part, whole), pl.col(part) > _ROUNDING * pl.col(whole))
        for part, whole in (
            ("mean_natural_views", "mean_views"),
            ("mean_paid_views", "mean_views"),
            ("mean_likes", "mean_interactions"),
            ("median_likes", "median_interactions"),
        )
    ]
    wrong += [
        (
            (name,),
            pl.col(name)
            .str.extract_all(r"[\d.]+%")
            .list.eval(pl.element().str.strip_chars("%").cast(pl.Float64, strict=False))
            .list.sum()
            > 100 * _ROUNDING,
        )
        for name in _SPREADS
    ]
    listed: list[pl.DataFrame] = []
    for names, is_wrong in wrong:
        if not set(names) <= set(frame.columns):
            continue
        rows = frame.filter(is_wrong)
        listed += [
            unusable_rows(STATS, rows, name, pl.col(name), expected=CONTRADICTION, action="value_left_out")
            for name in names
        ]
        frame = frame.with_columns(pl.when(is_wrong.not_().fill_null(value=True)).then(pl.col(names)))
    stated = pl.any_horizontal(pl.col(name).is_not_null() for name in _STATED if name in frame.columns)
    frame = frame.filter(stated).drop("_n")
    return replace(stats, frame=frame, unusable=list_unusable([stats.unusable, *listed]))
