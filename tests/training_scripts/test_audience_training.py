"""The training of the audience model: one real run on tiny simulated sources, and the shelf it left."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from training import audience as script
from training.audits import FEWEST_LABELS, load_audits
from training.evaluate import mean_of, measure
from training.fit import ModelConfig, balance, fit_mixture, score_held_out
from training.profiles import UNREAD, add_unread, mark_twins
from training.recipe import run, train
from training.shelf import hash_file, write_shelf
from training.split import outside
from training.tracking import track

from zhenfen.config import config_dir, models_dir, read_config
from zhenfen.errors import ConfigError, InputError, InvalidTableError, MissingTableError
from zhenfen.estimators.manifest import read_manifest
from zhenfen.estimators.profile_model import load_profile_model
from zhenfen.features.audience import profile
from zhenfen.features.audience.profile import PROFILE_FEATURES
from zhenfen.shelf import TrainingSource
from zhenfen.simulate import simulate
from zhenfen.tables import Tables, write_tables

SHIPPED = read_config(config_dir() / "models" / "audience.yaml", ModelConfig)
TINY = SHIPPED.model_copy(
    update={
        "n_folds": 2,
        "params": replace(SHIPPED.params, n_trees=5, min_leaf_rows=5),
        "experts": {
            name: expert.model_copy(update={"params": replace(expert.params, n_trees=5, min_leaf_rows=5)})
            for name, expert in SHIPPED.experts.items()
        },
        "calibration": SHIPPED.calibration.model_copy(update={"fewest_rows": 30}),
    }
)
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
SOURCES = [TrainingSource(source=name, rows=100, sha256="0" * 64, terms="simulated") for name in ("one", "two")]


def make_rows(n: int = 100) -> pl.DataFrame:
    """Two sources in which few followers and many digits mean fake."""
    rng = np.random.default_rng(1)
    frames = []
    for source, platform in (("one", "weibo"), ("two", "instagram")):
        fake = (np.arange(n) % 2).astype(np.int8)
        known = {
            "profile_followers_log10": rng.normal(2 - fake, 0.5).clip(0),
            "profile_name_digit_share": rng.uniform(0, 0.3, n) + 0.3 * fake,
        }
        columns = {name: known.get(name) for name in PROFILE_FEATURES}
        about = {
            "source": source,
            "platform": platform,
            "is_fake": fake,
            "profile_id": [str(number) for number in range(n)],
        }
        types = dict.fromkeys(PROFILE_FEATURES, pl.Float64)
        frames.append(pl.DataFrame({**about, **columns}, schema_overrides=types))
    return mark_twins(pl.concat(frames))


ROWS = make_rows()


def train_without_rivals(config: ModelConfig, rows: pl.DataFrame, sources: list[TrainingSource]) -> tuple[Any, Any]:
    """What is shelved and what was found; the baselines beside it take longer than the model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(script, "BASELINES", {})
        trained, _, judged = train(script.AudienceRecipe(config), rows, sources)
    return trained, judged


@pytest.fixture(scope="module")
def trained() -> tuple[Any, Any]:
    return train_without_rivals(TINY, ROWS, SOURCES)


def test_one_run_from_rows_to_a_shelf_that_loads(trained: tuple[Any, Any], tmp_path: Path) -> None:
    result, judged = trained
    folder = write_shelf(result, tmp_path, TINY)
    model = load_profile_model(folder)
    probas = model.predict_proba(ROWS, ROWS["platform"])
    fake = ROWS["is_fake"].to_numpy() == 1
    assert probas[fake].mean() > probas[~fake].mean() + 0.2
    assert mean_of(judged.figures["across"], "auc") > 0.8
    assert {one.source for one in model.manifest.validations_across} == {"one", "two"}
    assert sum(one.n_fake + one.n_genuine for one in model.manifest.validations) == ROWS.height


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
        for name, write in fit_mixture(ROWS, TINY).writers.items():
            write(folder / name)
    first, second = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert first == second
    # No row is of X: its expert learned nothing, and its rows are judged by what is shared.
    assert first.keys() == {"weibo.txt", "weibo_drawn.txt", "shared.txt", "routes.json"}


def test_an_expert_learns_from_its_platform_alone() -> None:
    turned = ROWS.with_columns(is_fake=pl.when(platform="instagram").then(1 - pl.col("is_fake")).otherwise("is_fake"))
    before, after = (fit_mixture(rows, TINY).members for rows in (ROWS, turned))
    X = ROWS.filter(platform="weibo")
    for name, same in (("weibo", True), ("shared", False)):
        scores = [members[name].decision_function(X) for members in (before, after)]
        assert np.array_equal(*scores) == same


def test_nothing_is_learned_from_a_set_that_only_judges() -> None:
    judge = ROWS.filter(source="two").with_columns(source=pl.lit("judge"), twin=pl.col("twin") + ROWS.height)
    config = TINY.model_copy(update={"judges": ("judge",)})
    rows = pl.concat((ROWS, judge.with_columns(is_fake=1 - pl.col("is_fake"))))
    with_judge, without = (fit_mixture(one, config).decision_function(ROWS, ROWS["platform"]) for one in (rows, ROWS))
    assert np.array_equal(with_judge, without)
    trained, judged = train_without_rivals(config, rows, SOURCES)
    assert set(judged.figures["within"]) == {"one", "two"}
    assert judged.figures["across"]["judge"]["auc"][0] < 0.3
    assert {one.source for one in trained.manifest["validations_across"]} == {"one", "two"}


def test_profiles_with_posts_stand_again_without() -> None:
    posts = ROWS.with_columns(profile_repost_share=pl.when(source="one").then(0.5))
    rows = add_unread(posts)
    unread = rows.filter(source="one_unread")
    assert rows.head(ROWS.height).equals(posts)
    assert unread.height == ROWS.filter(source="one").height
    assert unread["profile_repost_share"].null_count() == unread.height
    assert unread["twin"].to_list() == ROWS.filter(source="one")["twin"].to_list()
    # Left out, a source takes its second self along; its errors are counted as most samples come, unread.
    for held, name in ((rows["source"] == "one", "one_unread"), (rows["source"] == "one_unread", "one")):
        assert name not in rows.filter(pl.Series(outside(rows, held.to_numpy())))["source"]
    trained, _ = train_without_rivals(TINY, rows, SOURCES)
    assert {one.source for one in trained.manifest["validations"]} == {"one_unread", "two"}


def test_a_feature_that_the_rows_lack_is_named() -> None:
    wrong = TINY.model_copy(update={"features": ("profile_shoe_size",)})
    with pytest.raises(ConfigError, match="profile_shoe_size"):
        fit_mixture(ROWS, wrong)


def test_a_shelf_with_a_strangers_file_is_kept(trained: tuple[Any, Any], tmp_path: Path) -> None:
    folder = write_shelf(trained[0], tmp_path, TINY)
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    assert write_shelf(trained[0], tmp_path, TINY) == folder
    assert (folder / "notes.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("uri", ["http://127.0.0.1:9", "sqlite:////proc/nowhere/mlflow.db"])
@pytest.mark.filterwarnings("ignore")
def test_a_store_that_fails_is_told_of_before_training(uri: str) -> None:
    pytest.importorskip("mlflow")
    with pytest.raises(ConfigError, match="nothing was trained"), track("audience", uri):
        pytest.fail("the block must not be entered")


@pytest.mark.filterwarnings("ignore")
def test_a_run_leaves_parameters_figures_and_files(
    tmp_path: Path, store_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    monkeypatch.setattr(script.AudienceRecipe, "data", lambda recipe, folder: (ROWS, SOURCES))
    monkeypatch.setattr(script, "BASELINES", {})
    written = run(script.AudienceRecipe(TINY), tmp_path, tmp_path / "models", store_uri)
    (tracked,) = mlflow.MlflowClient(store_uri).search_runs([mlflow.get_experiment_by_name("audience").experiment_id])
    assert tracked.data.params["n_trees"] == "5"
    assert tracked.data.tags["data.one.sha256"] == "0" * 64
    assert tracked.data.metrics["across.mean_auc"] > 0.8
    logged = {path.name for path in (tmp_path / "mlruns").rglob("*") if path.is_file()}
    figures = {f"{view}_{curve}.png" for view in ("within", "across") for curve in ("calibration", "precision_recall")}
    assert logged >= {*(path.name for path in written.iterdir()), *figures}
    assert set(tracked.data.metrics) >= {"calibration_error.within", "calibration_error.across"}
    assert tracked.data.params["features"] == json.dumps(TINY.features)
    assert tracked.data.params["seed"] == str(TINY.seed)


def relabel(labels: pl.DataFrame) -> pl.DataFrame:
    """One profile gets a second label, the other way round."""
    return pl.concat((labels, labels.head(1).with_columns(is_fake=~pl.col("is_fake"), labelled_by=pl.lit("you"))))


def write_audited(folder: Path, change: Callable[[pl.DataFrame], pl.DataFrame] = lambda labels: labels) -> Path:
    """Tables with labels on the followers of a simulated creator, changed by `change`."""
    tables = simulate(["burst_buyer"], seed=3).tables
    followers = tables["audience"].head(FEWEST_LABELS + 10).select("creator_id", "profile_id")
    labels = followers.with_columns(
        is_fake=pl.int_range(pl.len()) % 2 == 0, labelled_by=pl.lit("me"), labelled_at=pl.lit(AS_OF)
    )
    write_tables(Tables({**tables.frames, "audit_labels": change(labels)}), folder)
    return folder


def test_audits_are_one_more_source(tmp_path: Path) -> None:
    rows, source = load_audits(write_audited(tmp_path))
    assert rows.height == source.rows == FEWEST_LABELS + 10
    assert rows["is_fake"].sum() == rows.height / 2
    assert rows["platform"].null_count() == 0
    assert rows["profile_followers_log10"].null_count() == 0


@pytest.mark.data
def test_audits_join_the_public_sets(tmp_path: Path, data_dir: Path) -> None:
    rows, sources = script.AudienceRecipe(SHIPPED, write_audited(tmp_path)).data(data_dir)
    learned = rows.filter(~pl.col("source").str.ends_with(UNREAD) & ~pl.col("source").is_in(SHIPPED.judges))
    assert learned.height == sum(one.rows for one in sources)
    assert learned.group_by("twin").agg(pl.col("source").n_unique())["source"].max() == 1


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda labels: labels.head(5), MissingTableError, "found '5 labels'"),
        (lambda labels: labels.with_columns(pl.col("profile_id") + "?"), InvalidTableError, "table audience"),
        (lambda labels: labels.with_columns(is_fake=pl.lit(value=True)), InvalidTableError, "both kinds"),
        (relabel, InvalidTableError, "one label"),
    ],
)
def test_audits_that_cannot_be_used(
    tmp_path: Path, change: Callable[[pl.DataFrame], pl.DataFrame], error: type[InputError], words: str
) -> None:
    with pytest.raises(error, match=words):
        load_audits(write_audited(tmp_path, change))


class TestShelf:
    FOLDER = models_dir() / "audience" / "2"

    def test_it_is_whole_small_and_made_by_this_code(self) -> None:
        manifest = read_manifest(self.FOLDER)
        experts = (name for expert in SHIPPED.experts.values() for name in expert.features)
        assert set(manifest.features) == {*SHIPPED.features, *experts}
        assert manifest.feature_code == hash_file(Path(profile.__file__)), "retrain: python -m training.audience"
        assert (self.FOLDER / "model.yaml").stat().st_size < 20_000
        assert sum(path.stat().st_size for path in self.FOLDER.iterdir()) < 4_000_000

    @pytest.mark.parametrize(
        ("columns", "low", "high"),
        [
            ({}, 0.4, 0.6),
            ({"n_followers": 1, "n_following": 800, "n_posts": 0}, 0.8, 1.0),
            ({"n_followers": 900, "n_following": 300, "n_posts": 700}, 0.0, 0.3),
            ({"display_name": "小王爱吃瓜"}, 0.25, 0.6),
            ({"display_name": "abkdjq83746291"}, 0.5, 0.9),
        ],
    )
    @pytest.mark.parametrize("platform", ["weibo", "instagram"])
    def test_little_known_gives_a_sane_score(
        self, columns: dict[str, Any], low: float, high: float, platform: str
    ) -> None:
        frame = pl.DataFrame({"profile_id": ["a"], "platform": [platform], **{k: [v] for k, v in columns.items()}})
        features = profile.measure_profiles(frame, AS_OF)
        (proba,) = load_profile_model(self.FOLDER).predict_proba(features, frame["platform"])
        assert low <= proba <= high

    @pytest.mark.data
    def test_training_anew_gives_the_shelf(self, data_dir: Path, tmp_path: Path) -> None:
        rows, sources = script.AudienceRecipe(SHIPPED).data(data_dir)
        manifest = read_manifest(self.FOLDER)
        assert [one.model_dump() for one in sources] == [one.model_dump() for one in manifest.trained_on]
        for name, write in fit_mixture(rows, SHIPPED).writers.items():
            write(tmp_path / name)
            assert (tmp_path / name).read_bytes() == (self.FOLDER / name).read_bytes()
        # One source for all: each takes a fit of its own.
        unseen = "instagram_seraphim2019"
        held = (rows["source"] == unseen).to_numpy()
        scores, _ = score_held_out(rows, [(unseen, held)], SHIPPED)
        mine = rows.filter(pl.Series(held))
        auc, *_ = measure(mine["is_fake"].to_numpy().astype(float), scores[held], balance(mine), 0)
        assert auc == pytest.approx(manifest.metrics["across"][unseen]["auc"][0], abs=0.02)
