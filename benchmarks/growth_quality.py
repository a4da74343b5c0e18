"""How well growth is read: false spans on organic channels, recall of added purchases.

Every VTuber channel is judged by cards that have not seen it (five folds by channel; no posts, no events), beside all
other channels and alone, with all readings and with one a day. The purchases (training/growth_purchases.py) are drawn
with other seeds than those the cards were fitted with. Beside it: a day's growth more than three standard deviations
above the creator's mean, and an isolation forest of the same measurements of the same candidates, cut where it gives
as many false spans on the training channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl
from scipy.stats import binomtest, chi2
from training.baselines import forest_of_isolation
from training.datasets import data_dir
from training.growth import SIGNS, find_candidates, fit_rules, folds_of, match, read_vtubers, watched_years
from training.growth_purchases import buy

from zhenfen.features.growth.days import make_daily
from zhenfen.features.growth.family import read_growth
from zhenfen.features.growth.scores import GrowthRules
from zhenfen.tables import Tables

SEED = 500
N_DRAWS = 4
DOSES = ((0.01, 0.02), (0.02, 0.05), (0.05, 0.1), (0.1, 0.2), (0.2, 0.6))
Z_SCORE = 3.0
NOON = 12
AIM_PER_YEAR = 0.2
QUICK_DAYS = 4
"""Purchases of up to three days touch four calendar days."""


@dataclass(frozen=True)
class Held:
    """Channels held out, and the rules of the others."""

    channels: list[str]
    rules: GrowthRules


def hold_out(series: pl.DataFrame) -> list[Held]:
    """The folds, each with rules from the other channels."""
    fold = folds_of(series["creator_id"])
    parts = []
    for number in sorted(set(fold.values())):
        mine = [name for name, place in fold.items() if place == number]
        others = series.filter(~pl.col("creator_id").is_in(mine))
        parts.append(Held(mine, fit_rules(others)))
    return parts


def tables_of(series: pl.DataFrame) -> Tables:
    """The series alone, as channels of one platform."""
    creators = series.select("creator_id").unique().with_columns(platform=pl.lit("bilibili"))
    return Tables({"creators": creators, "follower_counts": series})


def thin(series: pl.DataFrame) -> pl.DataFrame:
    """The first reading of every day at or after noon, as one look a day would give; else the day's last."""
    day, noon = pl.col("observed_at").dt.date(), pl.col("observed_at").dt.hour() >= NOON
    order = pl.when(noon).then(pl.col("observed_at").dt.epoch("s")).otherwise(2**60)
    return series.sort("creator_id", order, "observed_at").unique(
        ["creator_id", day], keep="first", maintain_order=True
    )


def read_held(series: pl.DataFrame, parts: list[Held]) -> pl.DataFrame:
    """Spans of every channel by the rules that have not seen it, all channels beside each other."""
    channel = pl.col("creator_id").str.split("#").list.first()
    tables = tables_of(series)
    return pl.concat(read_growth(tables, part.rules).spans.filter(channel.is_in(part.channels)) for part in parts)


def read_alone(series: pl.DataFrame, parts: list[Held]) -> pl.DataFrame:
    """The same, each channel without any other."""
    return pl.concat(
        read_growth(tables_of(series.filter(creator_id=name)), part.rules).spans
        for part in parts
        for name in part.channels
    )


def z_spans(series: pl.DataFrame) -> pl.DataFrame:
    """Days of growth more than three standard deviations above the creator's mean, runs of them as one span."""
    gained = pl.col("n_gained")
    high = ((gained - gained.mean()) / gained.std()).over("creator_id") > Z_SCORE
    days = make_daily(series).with_columns(high=high.fill_null(False))
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift() for name in ("creator_id", "high"))
    runs = days.with_columns(run=(~same).fill_null(True).cum_sum()).filter("high")
    at = {"starts_at": pl.col("day").min(), "ends_at": pl.col("day").max()}
    return runs.group_by("creator_id", "run").agg(**at).with_columns(is_unexplained=True)


def rate_row(name: str, n: int, years: float) -> str:
    """A rate a channel-year with its 95 % interval (exact, Poisson)."""
    low = chi2.ppf(0.025, 2 * n) / 2 / years if n else 0.0
    return f"{name:<44}{n:>6}{n / years:>8.3f}   [{low:.3f}, {chi2.ppf(0.975, 2 * n + 2) / 2 / years:.3f}]"


def found(spans: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """`truth` with is_found: an unexplained span overlaps the purchase."""
    marked = spans.filter("is_unexplained").select(
        "creator_id", first=pl.col("starts_at").cast(pl.Date), last=pl.col("ends_at").cast(pl.Date)
    )
    both = marked.join(truth, on="creator_id")
    hit = both.filter(pl.col("first") <= pl.col("ends_on"), pl.col("last") >= pl.col("starts_on"))
    return truth.with_columns(is_found=pl.col("creator_id").is_in(hit["creator_id"].unique().implode()))


def shares(rows: pl.DataFrame) -> Iterator[str]:
    """Found share by dose, with its 95 % interval (Wilson)."""
    for low, high in DOSES:
        part = rows.filter(pl.col("dose").is_between(low, high))["is_found"]
        if part.len():
            interval = binomtest(int(part.sum()), part.len()).proportion_ci(method="wilson")
            yield f"{part.cast(pl.Float64).sum() / part.len():.2f} [{interval.low:.2f},{interval.high:.2f}]"
        else:
            yield "-"


def show_false(series: pl.DataFrame, parts: list[Held]) -> None:
    """False spans a channel-year."""
    years = watched_years(series)
    print(f"\nFalse spans on {len(folds_of(series['creator_id']))} organic channels, {years:.0f} channel-years")
    print(f"{'':<44}{'spans':>6}{'a year':>8}   [95 %]   (aim {AIM_PER_YEAR})")
    for name, spans in (
        ("all channels beside each other", read_held(series, parts)),
        ("one reading a day", read_held(thin(series), parts)),
        ("each channel alone", read_alone(series, parts)),
    ):
        wrong = spans.filter("is_unexplained")
        print(rate_row(name, wrong.height, years))
        for shape, n in sorted(wrong["shape"].value_counts().iter_rows()):
            print(rate_row(f"  {shape}", n, years))
    print(rate_row("day's growth > 3 standard deviations", z_spans(series).height, years))


def show_recall(series: pl.DataFrame, parts: list[Held]) -> None:
    """Found purchases by kind, dose and variant."""
    heading = "".join(f"{f'{low:.0%}-{high:.0%}':>18}" for low, high in DOSES)
    print(f"\nFound purchases, by followers bought by followers\n{'':<34}{heading}")
    for kind in SIGNS:
        names = ("all readings", "one reading a day", "> 3 standard deviations")
        rows: dict[str, list[pl.DataFrame]] = {name: [] for name in names}
        for draw in range(N_DRAWS):
            copies, truth = buy(series, kind, 1, SEED + draw)
            rows["all readings"].append(found(read_held(copies, parts), truth))
            rows["one reading a day"].append(found(read_held(thin(copies), parts), truth))
            rows["> 3 standard deviations"].append(found(z_spans(copies), truth))
        for name, parts_of in rows.items():
            show_kind(f"{kind}, {name}", pl.concat(parts_of))
        judged = pl.concat(rows["all readings"])
        quick = judged.filter((pl.col("ends_on") - pl.col("starts_on")).dt.total_days() < QUICK_DAYS)
        if kind == "rise":
            show_kind("  within 1-3 days", quick)
        for (variant,), part in sorted(judged.partition_by("variant", as_dict=True).items()):
            show_kind(f"  {variant}", part)


def show_kind(name: str, rows: pl.DataFrame) -> None:
    """One row of recall."""
    print(f"{name:<34}" + "".join(f"{share:>18}" for share in shares(rows)))


def show_forest(series: pl.DataFrame, parts: list[Held]) -> None:
    """The isolation forest on the candidates of rises, at the same false spans a year as the cards' part."""
    columns = list(SIGNS["rise"])
    organic = find_candidates(series, "rise")
    copies, truth = buy(series, "rise", N_DRAWS, SEED)
    bought = match(find_candidates(copies, "rise"), truth)
    hits = []
    for part in parts:
        mine = pl.col("creator_id").is_in(part.channels)
        kept, asked = organic.filter(~mine), bought.filter(pl.col("channel").is_in(part.channels))
        allowed = AIM_PER_YEAR * watched_years(series.filter(~mine))
        usual = forest_of_isolation(kept.select(columns), kept.select(columns), SEED)
        cut = sorted(usual, reverse=True)[round(allowed)]
        hits.append(
            asked.filter(pl.Series(forest_of_isolation(kept.select(columns), asked.select(columns), SEED)) > cut)
        )
    caught = pl.concat(hits)["creator_id"].implode()
    show_kind(
        f"rise, isolation forest at {AIM_PER_YEAR}/year",
        truth.with_columns(is_found=pl.col("creator_id").is_in(caught)),
    )


def main() -> None:
    """Print all tables."""
    series = read_vtubers(data_dir())
    parts = hold_out(series)
    show_false(series, parts)
    show_recall(series, parts)
    show_forest(series, parts)


if __name__ == "__main__":
    main()
