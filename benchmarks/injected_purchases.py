"""Purchases of followers added onto real series: found at the overall line, and as a span, beside a z-score.

VTuber channels in windows of 120 days, presumed to have bought nothing; followers are known of them and nothing else.
In turn a fifth of the channels buys while the others stay as they are, and is judged beside a reference panel of the
other four fifths. The cards of growth have seen the channels (benchmarks/growth_quality.py judges them held out). Doses
are followers bought by followers at the end, .1 to .5; the cover is real growth added in the same days, by what is
bought.

A level asks for two families, so of followers alone nobody is called: that p_manipulated reaches the line from which
the model calls a creator elevated is what is counted, and whether an unexplained span marks a day that was bought. The
z-score is that of the best day's growth in the window, cut where it calls as many of the untouched windows as the model
does. Intervals take windows as independent; those of one channel are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise, product

import numpy as np
import polars as pl
from training.creators import Z_SCORE, measure_baselines
from training.datasets import data_dir
from training.growth import watched_years
from training.panel import read_parts
from training.split import fifth_of

from benchmarks.board_of_false_alarms import CALLED, hold_out_panels
from benchmarks.false_alarms import rate
from benchmarks.growth_quality import rate_row
from benchmarks.unsuspected import SERIES_DAYS, read_series
from zhenfen.estimators.creator_model import CREATOR
from zhenfen.features.growth.family import read_growth
from zhenfen.model_store import Models, load_models
from zhenfen.scoring import score
from zhenfen.simulate import Campaign, Simulated, inject
from zhenfen.simulate.roles import FOLLOWER_MANIPULATIONS
from zhenfen.tables import Tables

SEED = 2031
N_DRAWS = 2
"""Purchases a window and cover; each of another kind."""
DOSES = (0.1, 0.2, 0.5)
"""Bounds of the bands that are shown."""
COVERS = (0.0, 1.0)
AIM, AIM_FALSE_PER_YEAR = 0.9, 0.15
JUDGED_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "manipulation": pl.String(),
    "dose": pl.Float64(),
    "camouflage": pl.Float64(),
    "level": pl.String(),
    "p_manipulated": pl.Float64(),
    "z_score": pl.Float64(),
    "n_spans": pl.Int64(),
    "has_bought_span": pl.Boolean(),
}
"""One row a window. manipulation, dose and camouflage are null where nothing was bought; n_spans: unexplained ones."""


def judge_windows(
    rosters: Sequence[Tables], held_out: Sequence[Models], buy: Callable[[Tables, list[str]], Simulated]
) -> pl.DataFrame:
    """JUDGED_SCHEMA of every window to which something could be added, or of all where nothing was meant to be.

    Args:
        rosters: Windows of the same days.
        held_out: For each fifth of the channels the models that never saw it.
        buy: A roster and the ids of the fifth that is judged → what becomes of them.
    """
    found = []
    for roster, (fifth, models) in product(rosters, enumerate(held_out)):
        mine = roster["creators"].filter(fifth_of(pl.col("creator_id")) == fifth)["creator_id"].sort().to_list()
        if mine:
            made = buy(roster, mine)
            found.append(_judge(made, made.truth.filter(pl.col("creator_id").is_in(mine)), models))
    return pl.concat(found)


def _judge(made: Simulated, truth: pl.DataFrame, models: Models) -> pl.DataFrame:
    levels = score(made.tables, models, creators=truth["creator_id"].to_list(), with_details=False).creators
    spans = read_growth(made.tables).spans.filter("is_unexplained")
    days = spans.select(
        "creator_id", day=pl.date_ranges(pl.col("starts_at").dt.date(), pl.col("ends_at").dt.date())
    ).explode("day")
    bought = truth.select("creator_id", day="bought_days").explode("day").drop_nulls()
    hit = days.join(bought, on=["creator_id", "day"], how="semi")["creator_id"].unique()
    counted = spans.group_by("creator_id").agg(n_spans=pl.len())
    zs = measure_baselines(made.tables).select("creator_id", z_score=Z_SCORE)
    rows = truth.select("creator_id", "manipulation", "dose", "camouflage", "is_manipulated")
    for more in (levels.select("creator_id", "level", "p_manipulated"), zs, counted):
        rows = rows.join(more, on="creator_id", how="left", maintain_order="left")
    # A campaign that found no place in the readings was no purchase.
    kept = rows.filter(pl.col("manipulation").is_null() | pl.col("is_manipulated")).with_columns(
        pl.col("n_spans").fill_null(0), has_bought_span=pl.col("creator_id").is_in(hit.implode())
    )
    return kept.select(pl.col(name).cast(dtype) for name, dtype in JUDGED_SCHEMA.items())


def leave_alone(tables: Tables, _: list[str]) -> Simulated:
    """Nothing is bought."""
    return inject(tables, {}, seed=SEED)


def buy_with(cover: float, draw: int) -> Callable[[Tables, list[str]], Simulated]:
    """Each window buys once; the kinds take turns, from one draw to the next too."""

    def buy(tables: Tables, ids: list[str]) -> Simulated:
        return inject(tables, draw_campaigns(ids, cover, draw), seed=SEED + draw)

    return buy


def draw_campaigns(ids: Sequence[str], cover: float, draw: int) -> Mapping[str, Campaign]:
    """A campaign for every id, its dose drawn evenly on the log scale."""
    rng = np.random.default_rng((SEED, draw, int(cover * 10), len(ids)))
    doses = np.exp(rng.uniform(np.log(DOSES[0]), np.log(DOSES[-1]), len(ids)))
    first = int(rng.integers(len(FOLLOWER_MANIPULATIONS)))
    kinds = [FOLLOWER_MANIPULATIONS[(first + place) % len(FOLLOWER_MANIPULATIONS)] for place in range(len(ids))]
    return {one: Campaign(kind, float(dose), cover) for one, kind, dose in zip(ids, kinds, doses, strict=True)}


def cut_at(untouched: pl.Series, n_false: int) -> float:
    """The score that at most `n_false` of the untouched exceed: the cut of a baseline with as many false alarms."""
    falling = untouched.fill_null(-np.inf).sort(descending=True)
    return float(falling[n_false]) if n_false < len(falling) else -np.inf


def split_rows(bought: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """The rows of the table: all without cover, its kinds and doses, and those with cover."""
    bare = bought.filter(camouflage=0.0)
    yield "all, no cover", bare
    for low, high in pairwise(DOSES):
        yield f"  dose {low:g} to {high:g}", bare.filter(pl.col("dose").is_between(low, high, closed="left"))
    for kind in FOLLOWER_MANIPULATIONS:
        yield f"  {kind}", bare.filter(manipulation=kind)
    for cover in COVERS[1:]:
        yield f"all, {cover:g} times as much real growth", bought.filter(camouflage=cover)


def count_hits(rows: pl.DataFrame, line: float, z_cut: float) -> dict[str, int]:
    """How many reach the line, are called, have a span, and exceed the cut of the z-score; unknown is no hit."""
    hits = {
        "at the overall line": pl.col("p_manipulated") >= line,
        "elevated or high": pl.col("level").is_in(CALLED),
        "span on a bought day": pl.col("has_bought_span"),
        "z-score": pl.col("z_score") > z_cut,
    }
    return rows.select(hit.fill_null(False).sum().alias(name) for name, hit in hits.items()).row(0, named=True)


def main() -> None:
    """Print recall and false alarms."""
    models, folder = load_models(), data_dir()
    rosters = read_series(folder).rosters
    held_out = hold_out_panels(models, list(read_parts(folder)))
    line = models.need(CREATOR).lines.elevated_from
    untouched = judge_windows(rosters, held_out, leave_alone)
    bought = pl.concat(
        judge_windows(rosters, held_out, buy_with(cover, draw)) for cover, draw in product(COVERS, range(N_DRAWS))
    )
    n_false = count_hits(untouched, line, np.inf)["at the overall line"]
    z_cut = cut_at(untouched["z_score"], n_false)
    print(
        f"Followers bought on real windows of {SERIES_DAYS} days, doses {DOSES[0]:g} to {DOSES[-1]:g}; aim {AIM:.2f}\n"
    )
    print(f"{'':<40}{'n':>6}" + "".join(f"{name:>25}" for name in count_hits(bought, line, z_cut)))
    for name, rows in [
        *split_rows(bought),
        ("untouched", untouched.with_columns(has_bought_span=pl.col("n_spans") > 0)),
    ]:
        hits = count_hits(rows, line, z_cut).values()
        print(f"{name:<40}{rows.height:>6}" + "".join(f"{rate(n, rows.height):>25}" for n in hits))
    years = watched_years(pl.concat(roster["follower_counts"] for roster in rosters))
    print(f"\nThe overall line is {line:.3f}. False spans a channel-year, {years:.0f} years; aim {AIM_FALSE_PER_YEAR}")
    print(rate_row("unexplained spans of untouched windows", int(untouched["n_spans"].sum()), years))


if __name__ == "__main__":
    main()
