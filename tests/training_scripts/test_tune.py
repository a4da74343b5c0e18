"""The search for parameters: nested, seeded, resumable, and told of what it can't do."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from training import audience, comment, post
from training.evaluate import measure
from training.fit import SHARED, ModelConfig, score_held_out
from training.inner import across_sources
from training.profiles import mark_twins
from training.split import leave_sources_out
from training.tune import Range, Space, Spaces, Tuner, load_spaces

from zhenfen.config import Strict, config_dir, read_config
from zhenfen.errors import ConfigError
from zhenfen.estimators.mixture import Route
from zhenfen.estimators.text_encoder import EncoderConfig
from zhenfen.features.audience.profile import PROFILE_FEATURES

pytest.importorskip("optuna")

SHIPPED = read_config(config_dir() / "models" / "audience.yaml", ModelConfig)
TINY = SHIPPED.model_copy(
    update={
        "n_folds": 2,
        "params": replace(SHIPPED.params, n_trees=5, min_leaf_rows=5),
        "experts": {},
        "routes": (Route(weights={SHARED: 1}),),
    }
)
SPACE: Space = {
    "params.n_trees": Range(low=2, high=12, is_log=True, is_whole=True),
    "params.n_leaves": Range(low=2, high=31, is_log=True, is_whole=True),
    "params.learning_rate": Range(low=0.01, high=0.5, is_log=True),
    "params.min_leaf_rows": Range(low=2, high=40, is_log=True, is_whole=True),
    "params.l2": Range(low=0.1, high=100, is_log=True),
    "params.feature_share": Range(low=0.3, high=1.0),
}
N_TRIALS = 14
"""More than the ten that Optuna draws before it looks at what was tried."""


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


def quick(rows: pl.DataFrame) -> Callable[[ModelConfig], float]:
    """Costs nothing: best at 7 leaves and slow learning."""
    return lambda config: -abs(np.log(config.params.n_leaves / 7)) - config.params.learning_rate


def make_tuner(store: Path, n_trials: int = 4) -> Tuner[ModelConfig]:
    return Tuner("tiny", quick, SPACE, n_trials, TINY.seed, store / "trials.db")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


def test_the_answer_is_at_least_as_good_as_the_files_own(store: Path) -> None:
    tuner = make_tuner(store, N_TRIALS)
    chosen = tuner(ROWS, TINY)
    (search,) = tuner.searches
    assert search.quality_before == quick(ROWS)(TINY)
    assert search.quality == quick(ROWS)(chosen) > search.quality_before
    assert (chosen.features, chosen.params.signs, chosen.seed) == (TINY.features, TINY.params.signs, TINY.seed)
    assert {type(chosen.params.n_leaves), type(chosen.params.l2)} == {int, float}


def test_another_seed_is_another_search(store: Path) -> None:
    found = [replace(make_tuner(store), seed=seed, searches=[])(ROWS, TINY).params for seed in (1, 2)]
    assert found[0] != found[1]


def test_a_search_that_was_stopped_goes_on_and_ends_as_if_it_had_not_been(tmp_path: Path, store: Path) -> None:
    whole = make_tuner(store, N_TRIALS)
    whole(ROWS, TINY)
    calls: list[int] = []

    def dies(rows: pl.DataFrame) -> Callable[[ModelConfig], float]:
        def judge(config: ModelConfig) -> float:
            calls.append(1)
            if len(calls) == 12:
                raise KeyboardInterrupt
            return quick(rows)(config)

        return judge

    with pytest.raises(KeyboardInterrupt):
        replace(make_tuner(tmp_path, N_TRIALS), judge=dies)(ROWS, TINY)
    resumed = replace(make_tuner(tmp_path, N_TRIALS), judge=dies, searches=[])
    resumed(ROWS, TINY)
    assert len(calls) == 12 + 3, "eleven trials were kept, one was torn, three were left"
    assert resumed.searches == whole.searches


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import test_tune as tests
done = []
def judge(rows):
    def quality(config):
        done.append(1)
        if len(done) == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return tests.quick(rows)(config)
    return quality
tests.replace(tests.make_tuner(Path(sys.argv[2]), tests.N_TRIALS), judge=judge)(tests.ROWS, tests.TINY)
"""


def test_a_killed_process_is_gone_on_from(tmp_path: Path, store: Path) -> None:
    here = str(Path(__file__).parent)
    died = subprocess.run((sys.executable, "-c", KILLED, here, str(tmp_path)), cwd=Path(here).parents[1], check=False)
    assert died.returncode == -signal.SIGKILL
    resumed, whole = make_tuner(tmp_path, N_TRIALS), make_tuner(store, N_TRIALS)
    assert resumed(ROWS, TINY) == whole(ROWS, TINY)
    assert resumed.searches == whole.searches


def test_a_finished_search_is_read_not_repeated(store: Path) -> None:
    first = make_tuner(store, 3)(ROWS, TINY)

    def never(rows: pl.DataFrame) -> Callable[[ModelConfig], float]:
        pytest.fail("everything has been tried")

    assert replace(make_tuner(store, 3), judge=never)(ROWS, TINY).params == first.params


def test_other_rows_are_another_search(store: Path) -> None:
    asked: list[int] = []

    def counts(rows: pl.DataFrame) -> Callable[[ModelConfig], float]:
        asked.append(rows.height)
        return lambda _: 0.5

    tuner = replace(make_tuner(store, 1), name="counted", judge=counts)
    tuner(ROWS, TINY)
    tuner(ROWS.with_columns(pl.col("profile_followers_log10") + 1), TINY)
    tuner(ROWS.rechunk(), TINY)
    assert asked == [ROWS.height] * 2, "the third is the first"


class Guess(Strict):
    """A model without a clue: every value of x orders the rows in another way by chance."""

    x: float


def guess(rows: pl.DataFrame, config: Guess) -> np.ndarray:
    return np.random.default_rng(abs(hash(config.x))).random(1200)[rows["row"].to_numpy()]


def judge_guess(rows: pl.DataFrame) -> Callable[[Guess], float]:
    return lambda config: across_sources(rows, lambda _: guess(rows, config), 2, 0)


def report(tuner: Tuner[Guess], rows: pl.DataFrame, *, nested: bool) -> float:
    """Mean AUC of sources whose configuration was chosen without them, or with a look at them."""
    found = []
    for _, held in leave_sources_out(rows):
        mine = rows.filter(pl.Series(held))
        chosen = tuner(rows.filter(pl.Series(~held)) if nested else mine, Guess(x=0.5))
        labels = mine["is_fake"].to_numpy().astype(float)
        found.append(measure(labels, guess(mine, chosen), np.ones(len(labels)), 0.5)[0])
    return float(np.mean(found))


@pytest.mark.parametrize("n_trials", [2, 16])
def test_of_noise_the_nested_figure_is_chance_however_long_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_trials: int
) -> None:
    """The same figure with a look at the rows that judge rises with the search: so the test can tell them apart."""
    import optuna

    # Keeping a trial in a file takes longer than all else of it.
    monkeypatch.setattr(Tuner, "_open", lambda *_: optuna.create_study(direction="maximize"))
    rng = np.random.default_rng(3)
    sources = np.repeat([f"s{i}" for i in range(4)], 300)
    rows = pl.DataFrame({"row": np.arange(1200), "source": sources, "is_fake": rng.permutation(1200) % 2, "twin": 0})
    space: Space = {"x": Range(low=0.001, high=1)}
    tuner = Tuner("guess", judge_guess, space, n_trials, 1, tmp_path / "trials.db")
    nested = report(tuner, rows, nested=True)
    assert abs(nested - 0.5) < 0.05
    if n_trials > 2:
        assert np.mean([one.quality for one in tuner.searches]) > 0.515
        assert report(tuner, rows, nested=False) > 0.54


def test_of_permuted_labels_trees_report_chance_too(store: Path) -> None:
    rows = make_rows(24)
    noise = rows.with_columns(is_fake=pl.Series(np.random.default_rng(0).permutation(rows["is_fake"].to_numpy())))
    tuner = replace(make_tuner(store), name="noise", judge=audience.judge_across)
    scores, _ = score_held_out(noise, leave_sources_out(noise), TINY, tuner)
    fake = noise["is_fake"].to_numpy() == 1
    pairs = np.sign(scores[fake][:, None] - scores[~fake])
    reported = 0.5 + pairs.mean() / 2
    assert reported < np.mean([one.quality for one in tuner.searches]) - 0.02
    assert reported < 0.6


def test_the_rows_that_judge_are_never_searched_on() -> None:
    seen: list[tuple[str, ...]] = []

    def choose(rows: pl.DataFrame, config: ModelConfig) -> ModelConfig:
        seen.append(tuple(rows["source"].unique().sort()))
        return config

    score_held_out(ROWS, leave_sources_out(ROWS), TINY, choose)
    assert seen == [("s1", "s2"), ("s0", "s2"), ("s0", "s1")]


def test_one_source_alone_is_searched_by_folds() -> None:
    assert 0.5 < audience.judge_across(make_rows(n_sources=1))(TINY) <= 1


def test_only_the_sources_that_judge_are_left_out_and_rows_without_a_score_judge_nothing() -> None:
    left_out: list[str] = []

    def score(parts: object) -> np.ndarray:
        left_out.extend(name for name, _ in parts)  # type: ignore[attr-defined]
        even = np.arange(ROWS.height) % 4 > 1
        return np.where(even, ROWS["is_fake"].to_numpy(), np.nan)

    assert across_sources(ROWS, score, 2, 0, judging=("s1", "elsewhere")) == 1
    assert left_out == ["s1"]


def test_rows_of_one_label_cannot_be_searched_on() -> None:
    with pytest.raises(ConfigError, match="both labels"):
        audience.judge_across(ROWS.filter(is_fake=1))(TINY)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n_trees": 500}, r"params.n_trees 500 \(expected 2 to 12\)"),
        ({"l2": 0.0, "feature_share": 0.1}, "params.l2 0.*params.feature_share 0.1"),
    ],
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


@pytest.mark.parametrize("n_trials", [0, -1])
def test_no_number_of_trials_is_named(n_trials: int) -> None:
    with pytest.raises(ConfigError, match=f"--tune {n_trials}"):
        load_spaces(n_trials)


@pytest.mark.parametrize(
    ("file", "model", "tuners"),
    [
        ("audience", ModelConfig, lambda config: [(*audience.AudienceRecipe(config, n_trials=1).choosers, config)]),
        (
            "post",
            post.PostConfig,
            lambda config: [(*post.PostRecipe(config, EncoderConfig(source="none"), n_trials=1).choosers, config)],
        ),
        (
            "comment",
            comment.CommentConfig,
            lambda config: list(
                zip(
                    comment.CommentRecipe(config, n_trials=1).choosers,
                    (config.advert, config.filler, config.praise),
                    strict=True,
                )
            ),
        ),
    ],
)
def test_every_shipped_model_starts_inside_of_the_shipped_space(
    store: Path, file: str, model: type[Strict], tuners: Callable[[Strict], list[tuple[Tuner[Strict], Strict]]]
) -> None:
    for tuner, config in tuners(read_config(config_dir() / "models" / f"{file}.yaml", model)):
        here = replace(tuner, judge=lambda _: lambda _: 0.5, store=store / "shipped.db", searches=[])
        assert here(ROWS, config) == config
        assert tuner.name in here.to_line()
        assert here.to_params()["n_searches"] == 1


def test_the_ranges_are_read_strictly(tmp_path: Path) -> None:
    text = (config_dir() / "tuning.yaml").read_text(encoding="utf-8")
    for bad in (
        text.replace("low: 50", "low: 500"),
        text.replace("post:", "posts:"),
        text.replace("low: 50", "low: 0"),
    ):
        (tmp_path / "tuning.yaml").write_text(bad, encoding="utf-8")
        with pytest.raises(ConfigError, match=r"tuning\.yaml"):
            read_config(tmp_path / "tuning.yaml", Spaces)
