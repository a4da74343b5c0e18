"""The search for parameters: nested, seeded, resumable, and told of what it can't do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from training.fit import ModelConfig, score_held_out
from training.profiles import mark_twins
from training.split import leave_sources_out
from training.tune import Range, Space, Tuner, across_sources, keep, make_chooser, score_chosen

from zhenfen.config import config_dir, read_config
from zhenfen.errors import ConfigError
from zhenfen.features.profile import PROFILE_FEATURES

pytest.importorskip("optuna")

SHIPPED = read_config(config_dir() / "models" / "audience.yaml", ModelConfig)
TINY = SHIPPED.model_copy(update={"n_folds": 2, "params": replace(SHIPPED.params, n_trees=5, min_leaf_rows=5)})
SPACE = Space(
    n_trees=Range(low=2, high=12, is_log=True),
    n_leaves=Range(low=2, high=31, is_log=True),
    learning_rate=Range(low=0.01, high=0.5, is_log=True),
    min_leaf_rows=Range(low=2, high=40, is_log=True),
    l2=Range(low=0.1, high=100, is_log=True),
    feature_share=Range(low=0.3, high=1.0, is_log=False),
    row_share=Range(low=0.3, high=1.0, is_log=False),
)


def make_rows(n: int = 60, n_sources: int = 3) -> pl.DataFrame:
    """Sources in which few followers mean 1, with noise."""
    rng = np.random.default_rng(5)
    frames = []
    for source in range(n_sources):
        label = (np.arange(n) % 2).astype(np.int8)
        columns = dict.fromkeys(PROFILE_FEATURES)
        columns["profile_followers_log10"] = rng.normal(2 - 0.7 * label, 0.6).clip(0)
        about = {"source": f"s{source}", "platform": "weibo", "is_fake": label}
        types = dict.fromkeys(PROFILE_FEATURES, pl.Float64)
        frames.append(pl.DataFrame({**about, **columns}, schema_overrides=types))
    return mark_twins(pl.concat(frames))


ROWS = make_rows()


def quick(rows: pl.DataFrame, config: ModelConfig) -> float:
    """A quality that costs nothing: best at 7 leaves and slow learning."""
    return -abs(np.log(config.params.n_leaves / 7)) - config.params.learning_rate


def make_tuner(store: Path, n_trials: int = 4) -> Tuner:
    return Tuner(quick, SPACE, n_trials, store / "trials.db")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


def test_the_answer_is_at_least_as_good_as_the_files_own(store: Path) -> None:
    tuner = make_tuner(store, 12)
    chosen = tuner(ROWS, TINY)
    (search,) = tuner.searches
    assert search.quality_before == quick(ROWS, TINY)
    assert search.quality == quick(ROWS, chosen) > search.quality_before
    assert (chosen.features, chosen.params.signs, chosen.seed) == (TINY.features, TINY.params.signs, TINY.seed)


def test_another_seed_is_another_search(store: Path) -> None:
    found = [make_tuner(store)(ROWS, TINY.model_copy(update={"seed": seed})).params for seed in (1, 2)]
    assert found[0] != found[1]


def test_a_search_that_was_killed_goes_on_and_ends_as_if_it_had_not_been(tmp_path: Path, store: Path) -> None:
    whole = make_tuner(store, 8)
    whole(ROWS, TINY)
    calls: list[int] = []

    def dies(rows: pl.DataFrame, config: ModelConfig) -> float:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return quick(rows, config)

    dies.__name__ = quick.__name__
    killed = replace(make_tuner(tmp_path, 8), quality=dies)
    with pytest.raises(KeyboardInterrupt):
        killed(ROWS, TINY)
    resumed = replace(make_tuner(tmp_path, 8), quality=dies, searches=[])
    resumed(ROWS, TINY)
    assert len(calls) == 4 + 5, "three trials were kept, one was torn, five were left"
    assert resumed.searches == whole.searches


def test_a_finished_search_is_read_not_repeated(store: Path) -> None:
    first = make_tuner(store, 3)(ROWS, TINY)

    def never(rows: pl.DataFrame, config: ModelConfig) -> float:
        pytest.fail("everything has been tried")

    never.__name__ = quick.__name__
    assert replace(make_tuner(store, 3), quality=never)(ROWS, TINY).params == first.params


def test_other_rows_are_another_search(store: Path) -> None:
    asked: list[int] = []

    def counts(rows: pl.DataFrame, config: ModelConfig) -> float:
        asked.append(rows.height)
        return 0.5

    tuner = replace(make_tuner(store, 1), quality=counts)
    tuner(ROWS, TINY)
    tuner(ROWS.with_columns(pl.col("profile_followers_log10") + 1), TINY)
    tuner(ROWS.rechunk(), TINY)
    assert asked == [ROWS.height] * 2, "the third is the first"


def test_the_rows_that_judge_are_never_searched_on() -> None:
    seen: list[tuple[str, ...]] = []

    def choose(rows: pl.DataFrame, config: ModelConfig) -> ModelConfig:
        seen.append(tuple(rows["source"].unique().sort()))
        return config

    score_chosen(ROWS, leave_sources_out(ROWS), TINY, choose)
    assert seen == [("s1", "s2"), ("s0", "s2"), ("s0", "s1")]


def test_the_nested_figure_does_not_rise_with_the_search(store: Path) -> None:
    """Labels are noise: the best of several trials looks better than a coin, the rows held out show that it is not."""
    rows = make_rows(24)
    noise = rows.with_columns(is_fake=pl.Series(np.random.default_rng(0).permutation(rows["is_fake"].to_numpy())))
    tuner = replace(make_tuner(store), quality=across_sources)
    scores, _ = score_chosen(noise, leave_sources_out(noise), TINY, tuner)
    fake = noise["is_fake"].to_numpy() == 1
    pairs = np.sign(scores[fake][:, None] - scores[~fake])
    assert 0.5 + pairs.mean() / 2 < np.mean([one.quality for one in tuner.searches]) - 0.02


def test_without_tuning_nothing_changes() -> None:
    straight, names = score_held_out(ROWS, leave_sources_out(ROWS), TINY)
    chosen, same_names = score_chosen(ROWS, leave_sources_out(ROWS), TINY, keep)
    assert np.array_equal(straight, chosen)
    assert np.array_equal(names, same_names)


def test_one_source_alone_is_searched_by_folds() -> None:
    assert 0.5 < across_sources(make_rows(n_sources=1), TINY) <= 1


@pytest.mark.parametrize(
    ("change", "words"),
    [({"n_trees": 500}, r"n_trees 500 \(expected 2 to 12\)"), ({"l2": 0.0, "row_share": 0.1}, "l2 0.*row_share 0.1")],
)
def test_a_start_outside_of_the_space_is_named(store: Path, change: dict[str, float], words: str) -> None:
    config = TINY.model_copy(update={"params": replace(TINY.params, **change)})
    with pytest.raises(ConfigError, match=words):
        make_tuner(store)(ROWS, config)


def test_a_store_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="trials cannot be kept"):
        make_tuner(tmp_path / "file")(ROWS, TINY)


def test_a_store_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "trials.db").write_text("no database, but long enough to look like a torn one" * 40, encoding="utf-8")
    with pytest.raises(ConfigError, match="trials cannot be kept"):
        make_tuner(tmp_path)(ROWS, TINY)


def test_the_option() -> None:
    assert make_chooser(0, across_sources) is None
    with pytest.raises(ConfigError, match="--tune -1"):
        make_chooser(-1, across_sources)
    tuner = make_chooser(3, across_sources)
    assert tuner is not None
    assert (tuner.n_trials, tuner.space) == (3, read_config(config_dir() / "tuning.yaml", Space))


def test_the_shipped_model_starts_inside_of_the_shipped_space(store: Path) -> None:
    tuner = make_chooser(1, quick, store / "trials.db")
    assert tuner is not None
    assert tuner(ROWS, SHIPPED).params == SHIPPED.params
