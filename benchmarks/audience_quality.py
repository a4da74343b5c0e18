"""How well the audience model tells profiles apart, beside four baselines; and how fast it scores.

Within: cross-validation, near-duplicates in one fold. Across: one source left out at a time. Figures are at even shares
of fake and genuine profiles, with 95 % intervals over resampled profiles; the model three times, by seed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import polars as pl
from training.baselines import BASELINES, score_baseline
from training.card import show
from training.datasets import data_dir
from training.evaluate import EVEN, FIGURES, evaluate
from training.fit import ModelConfig, calibrate_apart, score_held_out
from training.profiles import AS_OF, SOURCES, load_profiles, mark_twins
from training.split import Mask, leave_sources_out, make_folds

from zhenfen.config import config_dir, models_dir, read_config
from zhenfen.estimators.profile_model import load_profile_model
from zhenfen.features.audience.profile import PROFILE_FEATURES, measure_profiles

Array = npt.NDArray[np.float64]
Parts = Callable[[], Iterator[tuple[str, Mask]]]
SEEDS = (7, 8, 9)
N_ROWS = 1_000_000
"""Profiles of the speed run."""


def model_probas(rows: pl.DataFrame, parts: Parts, config: ModelConfig, *, by_platform: bool) -> Array:
    """Calibrated probabilities of held-out rows by the model of `config`."""
    scores, names = score_held_out(rows, parts(), config)
    return calibrate_apart(rows, scores, names, config, by_platform=by_platform)


def print_figures(name: str, rows: pl.DataFrame, probas: Array, seed: int) -> None:
    """One line a source."""
    for source, found in evaluate(rows, probas, EVEN, seed).items():
        print(f"{name:<22}{source:<22}" + "".join(f"{show(found[one]):<24}" for one in FIGURES))


def print_quality(rows: pl.DataFrame, config: ModelConfig) -> None:
    """Both tables: every seed of the model, then the baselines."""
    tables: dict[str, Parts] = {
        "within": lambda: make_folds(rows, config.n_folds, config.seed),
        "across": lambda: leave_sources_out(rows),
    }
    for title, parts in tables.items():
        print(f"\n{title}\n{'':<44}" + "".join(f"{one.upper():<24}" for one in FIGURES))
        for seed in SEEDS:
            seeded = config.model_copy(update={"seed": seed})
            print_figures(
                f"audience, seed {seed}", rows, model_probas(rows, parts, seeded, by_platform=title == "within"), seed
            )
        for name, make in BASELINES.items():
            probas = score_baseline(rows, parts(), PROFILE_FEATURES, make, config.seed)
            print_figures(name, rows, probas, config.seed)


def print_speed() -> None:
    """Rows a second from canonical columns to probabilities, on a million profiles."""
    folder = data_dir()
    raw = pl.concat([source.load(folder) for source in SOURCES], how="diagonal_relaxed")
    profiles = raw.sample(N_ROWS, with_replacement=True, seed=1).rechunk()
    model = load_profile_model(models_dir() / "audience" / "1")
    start = time.perf_counter()
    features = measure_profiles(profiles, AS_OF)
    measured = time.perf_counter()
    model.predict_proba(features, profiles["platform"])
    done = time.perf_counter()
    print(f"\n{N_ROWS:,} profiles, {os.cpu_count()} cores: {N_ROWS / (done - start):,.0f} a second")
    print(f"features {measured - start:.1f} s, scores {done - measured:.1f} s")


def main() -> None:
    """Print quality and speed."""
    rows = mark_twins(load_profiles(data_dir(), SOURCES))
    print_quality(rows, read_config(config_dir() / "models" / "audience.yaml", ModelConfig))
    print_speed()


if __name__ == "__main__":
    main()
