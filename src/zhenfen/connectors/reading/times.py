"""Times as platforms and people write them, turned into UTC.

A time without a zone is Chinese: UTC+8. China has had no summer time since 1992, before any of these platforms.
A day without a clock is the UTC day of that name: reports count in UTC days, and name the day that the sheet names.
"""

from __future__ import annotations

import polars as pl

from zhenfen.connectors.reading.counts import tidy_text

CHINA = pl.duration(hours=8)
NONE = pl.duration(hours=0)
UTC = pl.Datetime("us", "UTC")

_FIELDS = ("year", "month", "day", "hour", "minute", "second", "fraction", "zone")
_CALENDAR = (
    r"^(?<year>\d{4})[-/.年](?<month>\d{1,2})[-/.月](?<day>\d{1,2})日?"
    r"(?:[t\s]*(?<hour>\d{1,2})[:时](?<minute>\d{1,2})(?:[:分](?<second>\d{1,2})(?:\.(?<fraction>\d{1,9}))?秒?|分)?)?"
    r"\s*(?<zone>z|utc|[+-]\d{2}:?\d{2})?$"
)
_MONTH_DAY = r"^(\d{1,2})[-/月](\d{1,2})日?(?:\s*(\d{1,2}):(\d{1,2}))?$"
_DAYS_BACK = {"今天": 0, "昨天": 1, "前天": 2}
_DAY_WORD = rf"^({'|'.join(_DAYS_BACK)})\s*(?:(\d{{1,2}}):(\d{{2}}))?$"
_SECONDS = {"秒": 1, "秒钟": 1, "分钟": 60, "小时": 3600, "天": 86400, "周": 604800}
_AGO = rf"^(\d{{1,4}})\s*({'|'.join(sorted(_SECONDS, key=len, reverse=True))})前$"
LENGTHS = {"小时": 3600, "时": 3600, "h": 3600, "分钟": 60, "分": 60, "min": 60, "秒": 1, "s": 1}
"""Units of lengths of time, in seconds."""
_CLOCK = r"^(\d{1,3}):(\d{2})(?::(\d{2}))?$"
_RFC_2822 = ("%b %d %H:%M:%S %z %Y", "%d %b %Y %H:%M:%S %z")

# Epochs of the years 1973 to 5138 in seconds; the next digits up are milliseconds, then microseconds.
_EPOCHS = ((10**8, 10**11, 1_000_000), (10**11, 10**14, 1_000), (10**14, 10**17, 1))


def parse_epoch(column: str | pl.Expr) -> pl.Expr:
    """Integers, or texts of digits, as times: seconds, milliseconds or microseconds by their size; else null."""
    number = _column(column).cast(pl.Int64, strict=False)
    micros = pl.lit(None, dtype=pl.Int64)
    for low, high, factor in _EPOCHS:
        micros = pl.when(number.is_between(low, high, closed="left")).then(number * factor).otherwise(micros)
    return micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def parse_time(column: str | pl.Expr, captured: pl.Expr | None = None) -> pl.Expr:
    """Texts as UTC times; null where there is no time or where it cannot be read.

    Args:
        column: Epochs, ISO and Chinese dates, RFC 2822, "01-02", "昨天 10:21", "3天前", "刚刚".
        captured: UTC time at which the text stood on the screen. Without it the last four kinds are null:
            nobody can say which day they mean.
    """
    text = tidy_text(_column(column))
    # Of RFC 2822 the weekday adds nothing, and a wrong one would make the date unreadable.
    bare = text.str.replace(r"^[a-z]{3},?\s+", "")
    mails = (bare.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False) for form in _RFC_2822)
    readings = [parse_epoch(text.str.replace(r"\.0*$", "")), _calendar(text), pl.coalesce(mails)]
    if captured is not None:
        # "01-02": of the last twelve months before the capture.
        hour, minute = text.str.extract(_MONTH_DAY, 3), text.str.extract(_MONTH_DAY, 4)
        clock = pl.concat_str(hour.fill_null("0"), minute.fill_null("0"), separator=":")
        day = pl.concat_str(text.str.extract(_MONTH_DAY, 1), text.str.extract(_MONTH_DAY, 2), clock, separator="-")
        this_year, last_year = (
            pl.concat_str((captured + CHINA).dt.year() - back, day, separator="-")
            .str.to_datetime("%Y-%m-%d-%H:%M", time_unit="us", strict=False)
            .sub(_china(hour))
            .dt.replace_time_zone("UTC")
            for back in (0, 1)
        )
        month_day = pl.when(this_year <= captured).then(this_year).otherwise(last_year)
        # "昨天 10:21": so many days before the day of the capture in China.
        days_back = text.str.extract(_DAY_WORD, 1).replace_strict(_DAYS_BACK, default=None, return_dtype=pl.Int64)
        hours, minutes = (text.str.extract(_DAY_WORD, group).cast(pl.Int64) for group in (2, 3))
        midnight = (captured + CHINA).dt.truncate("1d") - _china(hours)
        day_word = (
            midnight - pl.duration(days=days_back) + pl.duration(hours=hours.fill_null(0), minutes=minutes.fill_null(0))
        )
        # "3天前", "刚刚": so long before the capture.
        unit = text.str.extract(_AGO, 2).replace_strict(_SECONDS, default=None, return_dtype=pl.Int64)
        distance = pl.duration(seconds=text.str.extract(_AGO, 1).cast(pl.Int64) * unit)
        ago = pl.when(text == "刚刚").then(captured).otherwise(captured - distance)
        readings += [month_day, day_word, ago]
    return pl.coalesce(readings)


def parse_length(column: str | pl.Expr) -> pl.Expr:
    """Texts as seconds: "2:30:15", "2:30" (hours, minutes), "2小时30分", "150分钟", "2.5h"; null without a unit."""
    text = tidy_text(_column(column)).str.replace_all(r"\s|钟", "")
    hours, minutes, seconds = (text.str.extract(_CLOCK, group).cast(pl.Float64) for group in (1, 2, 3))
    clock = hours * 3600 + minutes * 60 + seconds.fill_null(0)
    parts = [
        text.str.extract(pattern, 1).cast(pl.Float64) * length
        for pattern, length in (
            (r"(\d+(?:\.\d+)?)(?:小时|时|h)", 3600),
            (r"(\d+(?:\.\d+)?)(?:分|min)", 60),
            (r"(\d+(?:\.\d+)?)(?:秒|s)", 1),
        )
    ]
    is_told = text.str.contains(r"^(?:\d+(?:\.\d+)?(?:小时|时|hours?|h|分|minutes?|min|m|秒|s))+$")
    return pl.coalesce(clock, pl.when(is_told).then(pl.sum_horizontal(parts))).round().cast(pl.Int64)


def _calendar(text: pl.Expr) -> pl.Expr:
    found = text.str.extract_groups(_CALENDAR).struct
    part = {name: found.field(name) for name in _FIELDS}
    date = pl.concat_str(part["year"], part["month"].str.zfill(2), part["day"].str.zfill(2), separator="-")
    clock = pl.concat_str(
        *(part[name].str.zfill(2).fill_null("00") for name in ("hour", "minute", "second")), separator=":"
    )
    fraction = part["fraction"].fill_null("").str.pad_end(6, "0").str.head(6)
    local = pl.concat_str(date, pl.lit(" "), clock, pl.lit("."), fraction).str.to_datetime(
        "%Y-%m-%d %H:%M:%S%.6f", time_unit="us", strict=False
    )
    # How far ahead of UTC: as the zone says ("z", "utc", "+0800", "+08:00"), else as China is.
    zone = part["zone"]
    ahead = pl.duration(
        hours=zone.str.extract(r"^[+-](\d{2})").cast(pl.Int64), minutes=zone.str.extract(r"(\d{2})$").cast(pl.Int64)
    )
    named = pl.when(zone.str.starts_with("-")).then(-ahead).otherwise(ahead)
    offset = (
        pl.when(zone.is_null()).then(_china(part["hour"])).when(zone.is_in(["z", "utc"])).then(NONE).otherwise(named)
    )
    return (local - offset).dt.replace_time_zone("UTC")


def _china(hour: pl.Expr) -> pl.Expr:
    return pl.when(hour.is_null()).then(NONE).otherwise(CHINA)


def _column(column: str | pl.Expr) -> pl.Expr:
    return pl.col(column) if isinstance(column, str) else column
