"""How well the audience model tells profiles apart, beside plain baselines; and how fast it scores.

Within: cross-validation, near-duplicates in one fold. Across: one source left out at a time. Figures are at even shares
of fake and genuine profiles, with 95 % intervals over resampled profiles; the model three times, by seed. Small Weibo
accounts apart: most genuine ones of the set of bots are famous.
"""

from __future__ import annotations

import os
import time

import polars as pl
from training.audience import FOLLOWERS, AudienceRecipe, judge_baselines
from training.card import make_table, rivals_table, show
from training.datasets import data_dir
from training.evaluate import VIEWS, evaluate
from training.fit import ModelConfig
from training.profiles import AS_OF, SOURCES

from zhenfen.config import config_dir, models_dir, read_config
from zhenfen.estimators.profile_model import load_profile_model
from zhenfen.features.audience.profile import measure_profiles

SEEDS = (7, 8, 9)
BOTS = "weibo_bots"
SMALL = 20_000
"""Followers below which a Weibo account is small."""
N_ROWS = 1_000_000
"""Profiles of the speed run."""


def print_quality(rows: pl.DataFrame, config: ModelConfig) -> None:
    """Both tables, and the small accounts of the set of bots."""
    tables = {view: dict(found) for view, found in judge_baselines(rows, config).items()}
    small = []
    for seed in SEEDS:
        recipe = AudienceRecipe(config.model_copy(update={"seed": seed}))
        judged = recipe.evaluate(rows, recipe.fit(rows))
        for view in VIEWS:
            tables[view] = {f"audience, seed {seed}": judged.figures[view], **tables[view]}
        mine = judged.rows.filter(pl.col("source").str.starts_with(BOTS), FOLLOWERS < SMALL)
        for source, figures in evaluate(mine, mine["within"].to_numpy(), config.threshold, seed).items():
            genuine = mine.filter(source=source, is_fake=0)["within"]
            small.append(
                (
                    f"{source}, seed {seed}",
                    show(figures["auc"]),
                    f"{(genuine >= config.threshold).sum() / len(genuine):.3f}",
                )
            )
    for view, found in tables.items():
        print(f"\n{view} (AUC)\n{rivals_table(found)}")
    print(f"\nWeibo below {SMALL:,} followers, within")
    print(make_table(("source", "AUC", "genuine flagged"), small))


def print_speed() -> None:
    """Rows a second from canonical columns to probabilities, on a million profiles."""
    folder = data_dir()
    raw = pl.concat([source.load(folder) for source in SOURCES], how="diagonal_relaxed")
    profiles = raw.sample(N_ROWS, with_replacement=True, seed=1).rechunk()
    model = load_profile_model(models_dir() / "audience" / "2")
    start = time.perf_counter()
    features = measure_profiles(profiles, AS_OF)
    measured = time.perf_counter()
    model.predict_proba(features, profiles["platform"])
    done = time.perf_counter()
    print(f"\n{N_ROWS:,} profiles, {os.cpu_count()} cores: {N_ROWS / (done - start):,.0f} a second")
    print(f"features {measured - start:.1f} s, scores {done - measured:.1f} s")


def main() -> None:
    """Print quality and speed."""
    config = read_config(config_dir() / "models" / "audience.yaml", ModelConfig)
    rows, _ = AudienceRecipe(config).data(data_dir())
    print_quality(rows, config)
    print_speed()


if __name__ == "__main__":
    main()
