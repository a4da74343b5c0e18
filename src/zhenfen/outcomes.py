"""Whether creators who would have been flagged before a campaign brought less afterwards, with intervals.

Every creator is scored with what was known at the end of the day before the campaign. What a campaign brought is
counted by yuan of its fee; a creator counts once, with all that its campaigns brought by all of their fees. The two
groups are compared by the Hodges–Lehmann ratio, the median of all quotients of a flagged creator's figure by another's,
with the interval that the Mann–Whitney test leaves (Hodges and Lehmann 1963; Bauer 1972). It asks for no distribution,
and a single big seller cannot turn it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.config import config_dir, read_yaml
from zhenfen.connectors.reading.binary_files import peek_workbook, read_workbook
from zhenfen.connectors.reading.counts import is_blank, parse_amount
from zhenfen.connectors.reading.csv_files import read_csv
from zhenfen.connectors.reading.headings import plain
from zhenfen.connectors.reading.times import parse_time
from zhenfen.errors import InputError, Problem
from zhenfen.model_store import Models
from zhenfen.progress import Progress, silent
from zhenfen.scoring import score
from zhenfen.tables import Tables
from zhenfen.vetting.vet import find_creators

OUTCOMES = ("sales_cny", "n_conversions", "n_clicks")
NEEDED = ("creator", "started_on", "fee_cny")
FEWEST = 5
"""Creators of each group: with fewer the interval is nearly everything."""
LEVEL = 0.95
STEP = "outcomes"
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ComparedOutcome:
    """What flagged creators brought by yuan of fee, beside the others.

    Attributes:
        outcome: Of OUTCOMES.
        n_flagged: Creators that were elevated or high before.
        n_others: Creators that were low before.
        ratio: Typical quotient of the flagged by the others; None where a group has fewer than FEWEST.
        low: Lower end of its interval, 0 where the data exclude nothing.
        high: Upper end, infinity where the data exclude nothing.
    """

    outcome: str
    n_flagged: int
    n_others: int
    ratio: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Outcomes:
    """The comparison, and what of the campaigns went into it.

    Attributes:
        compared: One entry an outcome that the sheet has.
        n_campaigns: Rows of the sheet.
        unknown: Names and ids that no creator of the tables has, sorted.
        n_no_level: Campaigns before which their creator had no level.
    """

    compared: tuple[ComparedOutcome, ...]
    n_campaigns: int
    unknown: tuple[str, ...]
    n_no_level: int


def check_outcomes(
    tables: Tables, campaigns: pl.DataFrame, load: Callable[[], Models], on_progress: Progress = silent
) -> Outcomes:
    """Score the creators before their campaigns and compare what flagged ones and others brought.

    Args:
        tables: The canonical tables, with data from before the campaigns.
        campaigns: What `read_campaigns` returned.
        load: Loads panel, rules and models, once it is known that somebody is to be scored.
        on_progress: Told of every day that is scored.
    """
    named = _match(campaigns, tables)
    known = named.drop_nulls("creator_id")
    levels = []
    days = known["started_on"].unique().sort().to_list()
    models: Models | None = None
    for done, day in enumerate(days):
        on_progress(STEP, done, len(days))
        asked = known.filter(pl.col("started_on") == day)["creator_id"].unique()
        # The campaign's own day is not known before it.
        as_of = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(microseconds=1)
        models = models or load()
        found = score(tables, models, as_of=as_of, creators=asked.to_list(), with_details=False)
        levels.append(found.creators.select("creator_id", "level", started_on=pl.lit(day)))
    on_progress(STEP, len(days), len(days))
    empty = pl.DataFrame(schema={"creator_id": pl.String, "level": pl.String, "started_on": pl.Date})
    joined = known.join(pl.concat([empty, *levels]), on=["creator_id", "started_on"], how="left")
    levelled = joined.filter(pl.col("level") != "not_assessed").with_columns(
        is_flagged=pl.col("level").is_in(["elevated", "high"])
    )
    unknown = named.filter(pl.col("creator_id").is_null())["creator"].unique().sort()
    return Outcomes(
        tuple(_compare(levelled, outcome) for outcome in OUTCOMES if outcome in campaigns.columns),
        campaigns.height,
        tuple(unknown),
        known.height - levelled.height,
    )


def read_campaigns(path: Path) -> pl.DataFrame:
    """A sheet of campaigns: creator, started_on, fee_cny and those of OUTCOMES that it has; a row a campaign.

    Raises:
        InputError: A column is missing, or a cell cannot be read; all of them at once.
    """
    if path.suffix.lower() == ".xlsx":
        sheet = next(iter(peek_workbook(path, path.name)))
        raw = read_workbook(path, path.name, sheet)
    else:
        raw = read_csv(path, path.name)
    known_words = read_yaml(config_dir() / "connectors" / "outcomes.yaml")
    words = {name: [plain(word) for word in known] for name, known in known_words.items()}
    there = {plain(column): column for column in reversed(raw.columns)}
    columns = {
        name: there[next(word for word in known if word in there)]
        for name, known in words.items()
        if any(word in there for word in known)
    }
    problems = [
        Problem(f"a column such as {known_words[name][0]}", path.name, column=name, key="expected.outcomes.column")
        for name in NEEDED
        if name not in columns
    ]
    outcomes = [name for name in OUTCOMES if name in columns]
    if not problems and not outcomes:
        expected = "a column of sales, conversions or clicks"
        problems.append(Problem(expected, path.name, column=OUTCOMES[0], key="expected.outcomes.any"))
    if problems:
        raise InputError(problems)
    named = raw.select(pl.col(column).alias(name) for name, column in columns.items()).with_row_index("row", 1)
    cells = named.filter(~is_blank(pl.col("creator")))
    read = {
        "started_on": parse_time("started_on").dt.convert_time_zone("Asia/Shanghai").dt.date(),
        **{name: parse_amount(name) for name in ("fee_cny", *outcomes)},
    }
    parsed = cells.with_columns(pl.col("creator").str.strip_chars(), **read)
    # A fee of nothing has no yuan to count by, and a creator without a day cannot be scored before it.
    wanted = {"started_on": ("a day such as 2026-01-31", "day"), "fee_cny": ("an amount above 0", "amount")}
    for name in read:
        said, key = wanted.get(name, ("a number", "number"))
        raw_cell, value = cells[name], parsed[name]
        is_wrong = value.is_null() | (value <= 0).fill_null(value=True) if name == "fee_cny" else value.is_null()
        if name in outcomes:
            is_wrong = is_wrong & ~cells.select(is_blank(pl.col(name))).to_series()
        problems += [
            Problem(said, path.name, row=row, column=columns[name], value=given, key=f"expected.outcomes.{key}")
            for row, given in zip(cells["row"].filter(is_wrong), raw_cell.filter(is_wrong), strict=True)
        ]
    if problems:
        raise InputError(problems)
    return parsed.select("creator", *read)


def compare_groups(flagged: Array, others: Array, level: float = LEVEL) -> tuple[float, float, float]:
    """Hodges–Lehmann ratio of two samples of positive figures, and its interval by the Mann–Whitney test.

    Args:
        flagged: Figures of one group, shape (n,), above 0.
        others: Figures of the other, shape (m,), above 0.
        level: Of the interval.

    Returns:
        Ratio, lower and upper end; 0 and infinity where so few figures exclude nothing.
    """
    quotients = np.sort((np.log(flagged)[:, None] - np.log(others)[None, :]).ravel())
    n, m = len(flagged), len(others)
    reach = NormalDist().inv_cdf((1 + level) / 2) * np.sqrt(n * m * (n + m + 1) / 12)
    place = int(np.floor(n * m / 2 - reach))
    if place < 1:
        return float(np.exp(np.median(quotients))), 0.0, float("inf")
    low, high = quotients[place - 1], quotients[n * m - place]
    return float(np.exp(np.median(quotients))), float(np.exp(low)), float(np.exp(high))


def _compare(campaigns: pl.DataFrame, outcome: str) -> ComparedOutcome:
    """One outcome by yuan of fee; nothing at all counts as half of the least that anybody brought."""
    by_creator = (
        campaigns.drop_nulls(outcome)
        .group_by("creator_id", "is_flagged")
        .agg(rate=pl.col(outcome).sum() / pl.col("fee_cny").sum())
    )
    # Who was flagged before one campaign and not before another is on both sides: left out.
    once = by_creator.filter(pl.len().over("creator_id") == 1).sort("creator_id")
    rates, is_flagged = once["rate"].to_numpy(), once["is_flagged"].to_numpy()
    n_flagged, n_others = int(is_flagged.sum()), int((~is_flagged).sum())
    if min(n_flagged, n_others) < FEWEST or not (rates > 0).any():
        return ComparedOutcome(outcome, n_flagged, n_others, None, 0.0, float("inf"))
    positive = np.maximum(rates, rates[rates > 0].min() / 2)
    return ComparedOutcome(outcome, n_flagged, n_others, *compare_groups(positive[is_flagged], positive[~is_flagged]))


def _match(campaigns: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """`campaigns` with creator_id: of an id of the platform, its pseudonym, or a name that one creator alone has."""
    asked = campaigns["creator"].unique().sort()
    known = tables["creators"].select("creator_id", "display_name")
    by_id = pl.DataFrame({"creator": asked, "id": list(find_creators(asked.to_list(), tables))})
    by_id = by_id.filter(pl.col("id").is_in(known["creator_id"].implode()))
    by_name = known.drop_nulls("display_name").filter(pl.len().over("display_name") == 1)
    named = campaigns.join(by_id, on="creator", how="left", maintain_order="left").join(
        by_name.select(creator="display_name", named="creator_id"), on="creator", how="left", maintain_order="left"
    )
    return named.with_columns(creator_id=pl.coalesce("id", "named")).drop("id", "named")
