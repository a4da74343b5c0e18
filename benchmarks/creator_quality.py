"""How many simulated creators who buy something are found, by what and how much, beside three plain baselines.

Rosters of a seed that no choice was made on. First with the manipulation left out of training, then by the model on the
shelf; then the days that were bought, and the spans that mark days on which nothing was.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from training.creator import LARGE, LARGE_DOSES, simulate_creators
from training.creator_fit import (
    FALSE_ALARMS,
    MODEL,
    CreatorConfig,
    Floors,
    HeldOut,
    find_floors,
    find_line,
    is_shocked,
    score_by_roster,
    score_left_out,
)
from training.creator_judge import DOSES, auc_table, count_found, detector_table, recall_table, show_share
from training.creators import draw_roles
from training.datasets import data_dir

from zhenfen.config import config_dir, read_config
from zhenfen.estimators.creator_model import CREATOR
from zhenfen.features.growth.family import read_growth
from zhenfen.model_store import load_models
from zhenfen.simulate import Simulated, draw_world, simulate_roles
from zhenfen.simulate.roles import FOLLOWER_MANIPULATIONS

SEED = 2027
N_BATCHES = 145
N_DAYS = 120
DAYS_PER_YEAR = 365.25


def print_left_out(rows: pl.DataFrame, config: CreatorConfig, floors: Floors) -> None:
    """AUC and recall with the manipulation never seen, by dose, by cover, and beside the baselines."""
    parts = score_left_out(rows, config, floors)
    print("\nAUC over all manipulations, none ever seen\n")
    print(auc_table(score_by_roster(rows, config, floors), config.seed))
    by_dose = count_found(parts, "dose", DOSES)
    covers = (*config.cast.camouflages, np.inf)
    by_cover = count_found(parts, "camouflage", covers, LARGE_DOSES)
    print("\nmanipulation left out of training; found at 5 % of the creators with an innocent shock, by dose\n")
    print(recall_table(by_dose, MODEL))
    print("\ndoses of .1 to .5 by real growth in the same days, times what was bought\n")
    print(recall_table(by_cover, MODEL))
    print("\nbeside baselines, doses of .1 to .5\n")
    print(detector_table(by_dose, LARGE))


def print_shelved(rows: pl.DataFrame) -> None:
    """Recall and false alarms of the model on the shelf."""
    model = load_models().need(CREATOR)
    p = model.predict(rows)["p_manipulated"].to_numpy()
    held = HeldOut(rows, {MODEL: p})
    kinds = rows["manipulation"].drop_nulls().unique().sort()
    print("\nmodel on the shelf, which knows all manipulations, by dose\n")
    print(recall_table(count_found(dict.fromkeys(kinds, held), "dose", DOSES), MODEL))
    line = find_line(p[is_shocked(rows)], FALSE_ALARMS)
    print(f"\n5 % line on these rosters {line:.3f}, shelved line {model.manifest.threshold:.3f}")
    print("\ncreators who bought nothing above the shelved line, by shock\n")
    innocent = rows.with_columns(p=pl.Series(p)).filter(pl.col("is_fake") == 0)
    for (shock,), group in innocent.group_by(pl.col("shock").fill_null("none"), maintain_order=True):
        n_above = int((group["p"] > model.manifest.threshold).sum())
        print(f"{shock:<18}{show_share(n_above, group.height)}  of {group.height}")


def simulate_rosters(config: CreatorConfig) -> Iterator[Simulated]:
    """Rosters without texts: readings, posts and events are what days are judged by."""
    for batch in range(N_BATCHES):
        rng = np.random.default_rng((SEED + 1, batch))
        world = draw_world(rng, is_search=False)
        roles = draw_roles(config.cast, rng, with_audience=False)
        yield simulate_roles(roles, int(rng.integers(2**31)), N_DAYS, with_texts=False, world=world)


def judge_days(made: Simulated) -> pl.DataFrame:
    """One row a creator: the truth, n_bought_days, n_found_days (in unexplained spans) and n_false_spans."""
    spans = read_growth(made.tables).spans.filter("is_unexplained")
    bought = made.truth.select("creator_id", day="bought_days").explode("day").drop_nulls()
    marked = spans.select(
        "creator_id",
        "starts_at",
        day=pl.date_ranges(pl.col("starts_at").dt.date(), pl.col("ends_at").dt.date()),
    ).explode("day")
    hits = marked.join(bought, on=["creator_id", "day"], how="semi")
    found = hits.unique(["creator_id", "day"]).group_by("creator_id").agg(n_found_days=pl.len())
    false = (
        spans.join(hits, on=["creator_id", "starts_at"], how="anti").group_by("creator_id").agg(n_false_spans=pl.len())
    )
    truth = made.truth.with_columns(n_bought_days=pl.col("bought_days").list.len())
    joined = truth.join(found, on="creator_id", how="left").join(false, on="creator_id", how="left")
    return joined.with_columns(pl.col("n_found_days", "n_false_spans").fill_null(0))


def print_days(config: CreatorConfig) -> None:
    """Part of the bought days inside unexplained spans, and unexplained spans a year where nothing was bought."""
    rows = pl.concat([judge_days(made) for made in simulate_rosters(config)], how="diagonal_relaxed")
    large = rows.filter(pl.col("dose").is_between(*LARGE_DOSES), pl.col("n_bought_days") > 0)
    print("\nbought days inside unexplained spans, doses of .1 to .5: all covers, and without real growth\n")
    for kind in FOLLOWER_MANIPULATIONS:
        mine = large.filter(manipulation=kind)
        parts = (mine, mine.filter(pl.col("camouflage") == 0))
        print(f"{kind:<24}" + "   ".join(_days_found(part) for part in parts))
    print("\nunexplained spans a creator-year where no follower was bought, by shock\n")
    innocent = rows.filter(pl.col("n_bought_days") == 0)
    for (shock,), group in innocent.group_by(pl.col("shock").fill_null("none"), maintain_order=True):
        n_years = group.height * N_DAYS / DAYS_PER_YEAR
        n_false = int(group["n_false_spans"].sum())
        print(f"{shock:<18}{n_false / n_years:.2f}  in {n_years:.0f} creator-years")


def _days_found(rows: pl.DataFrame) -> str:
    """The mean over the creators, each counting alike, and how many they are."""
    share = (rows["n_found_days"] / rows["n_bought_days"]).to_numpy()
    return f"{share.mean():.2f} of {rows.height} creators" if len(share) else "–"


def main() -> None:
    """Print all tables."""
    shipped = read_config(config_dir() / "models" / "creator.yaml", CreatorConfig)
    config = shipped.model_copy(update={"seed": SEED, "cast": shipped.cast.model_copy(update={"n_batches": N_BATCHES})})
    models = load_models()
    floors = find_floors(config.measurements, data_dir(), models.levels.rules.lower_z)
    rows = simulate_creators(config, models, report=lambda *_, **__: None)
    print(f"{rows.height:,} creators in {N_BATCHES} rosters, seed {SEED}")
    print_left_out(rows, config, floors)
    print_shelved(rows)
    print_days(config)


if __name__ == "__main__":
    main()
