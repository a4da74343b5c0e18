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
from zhenfen.connectors.reading.headings import STATS, UNKNOWN, Layout, lay_out_stats, load_headings
from zhenfen.connectors.reading.tidy import FILE, Tidied, list_unusable, unusable_rows
from zhenfen.tables import TABLES

CONTRADICTION = "unusable.contradiction"
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
    found = lay_out_stats(columns)
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
        made[name] = read_share(name)
        if name in _BESIDE:
            count = tidy_text(pl.col(name)).str.extract(r"[|/(]\s*([\d.,]+(?:万|w)?)\s*\)?$")
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


def read_share(name: str) -> pl.Expr:
    """The cells of a column as shares of 1, as texts; what cannot be read stays.

    A column of bare numbers of which one is above 1 holds percentages.
    """
    text = tidy_text(pl.col(name)).str.replace_all("％", "%")
    number = text.str.extract(r"^(\d+(?:\.\d+)?)\s*%?\s*(?:[|/(].*)?$").cast(pl.Float64, strict=False)
    bare = text.str.extract(r"^(\d+(?:\.\d+)?)$").cast(pl.Float64, strict=False)
    is_percent = text.str.contains("%", literal=True) | (bare.max() > 1).over(FILE).fill_null(value=False)
    share = pl.when(is_percent).then(number / 100).otherwise(number)
    return pl.coalesce(share.cast(pl.String), pl.col(name))


def drop_contradictions(stats: Tidied, creators: Tidied) -> Tidied:
    """The rows that state anything, without values that contradict each other; each of those is listed.

    A share that is not its count by the followers; a part above its whole (natural views above all, likes above
    interactions, parts of a distribution above 100 %). Of two values neither is known to be right: both go.

    Args:
        stats: Tidied rows of `creator_stats`.
        creators: Tidied rows of `creators` from the same sheets: followers, and cells that are listed already.
    """
    frame = stats.frame.join(
        creators.frame.select("creator_id", _n="n_followers"), on="creator_id", how="left", maintain_order="left"
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
    # One cell may be a price of either table; it is listed once.
    place = ["file", "row", "value"]
    own = stats.unusable.join(creators.unusable.select(place), on=place, how="anti", nulls_equal=True)
    return replace(stats, frame=frame, unusable=list_unusable([own, *listed]))
