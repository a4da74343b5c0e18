"""Every door finds the same moment in the same rows, in a time column of tomorrow as well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from batch_builder import run_here

from zhenfen.batch.row_files import latest_in_profiles, score_profiles_file
from zhenfen.config import models_dir
from zhenfen.estimators import profile_model
from zhenfen.estimators.profile_model import PROFILE
from zhenfen.features.audience.profile import measure_profiles
from zhenfen.model_store import load_models
from zhenfen.scoring.frames import open_scorer
from zhenfen.service.rows import ProfileOptions, score_audience
from zhenfen.tables import TABLES, Column, make_frame

NEW = "seen_by_somebody_at"
LATEST = datetime(2026, 10, 31, tzinfo=UTC)
models = cache(load_models)


def by_file(path: Path, folder: Path) -> pl.DataFrame:
    score_profiles_file(path, folder / "scores.parquet", models().need(PROFILE))
    return pl.read_parquet(folder / "scores.parquet")


def by_batch(path: Path, folder: Path) -> pl.DataFrame:
    run_here("profiles", path, folder / "batch")
    return pl.read_parquet(sorted((folder / "batch").rglob("*.parquet")), hive_partitioning=False)


def by_service(path: Path, folder: Path) -> pl.DataFrame:
    return score_audience(make_frame(TABLES["audience"], pl.read_parquet(path)), models(), ProfileOptions())


def by_model(path: Path, folder: Path) -> pl.DataFrame:
    label = models().need(PROFILE).manifest.label
    return open_scorer(models_dir() / label)(pl.read_parquet(path), None)


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Profiles whose latest time stands in a column that the contract has only just got."""
    spec = TABLES["audience"]
    monkeypatch.setitem(TABLES, "audience", replace(spec, columns=(*spec.columns, Column(NEW, "time"))))
    rows = pl.DataFrame(
        {
            "creator_id": "c",
            "profile_id": [f"p{at}" for at in range(40)],
            "platform": "weibo",
            "frame": "newest",
            "n_posts": pl.Series(range(40)) * 20,
            "n_followers": 5,
            "n_following": 300,
            "created_at": [LATEST - timedelta(days=400 + 10 * at) for at in range(40)],
            NEW: LATEST,
        }
    )
    path = tmp_path / "profiles.parquet"
    make_frame(TABLES["audience"], rows).write_parquet(path)
    return path


@pytest.mark.parametrize("door", [by_file, by_batch, by_service, by_model])
def test_a_new_time_column_gives_the_same_scores_at_every_door(
    profiles: Path, tmp_path: Path, door: Callable[[Path, Path], pl.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The model reads no age, so its features are made to show the moment.
    def measure(audience: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
        days = (as_of - LATEST).total_seconds() / 86_400
        return measure_profiles(audience, as_of).with_columns(profile_followers_log10=pl.lit(3.0 + days / 200))

    monkeypatch.setattr(profile_model, "measure_profiles", measure)
    score = open_scorer(models_dir() / models().need(PROFILE).manifest.label)
    at_the_latest, earlier = (
        score(pl.read_parquet(profiles), moment.isoformat()).sort("profile_id")["p_fake"]
        for moment in (LATEST, LATEST - timedelta(days=400))
    )
    assert not at_the_latest.equals(earlier)
    assert door(profiles, tmp_path).sort("profile_id")["p_fake"].to_list() == at_the_latest.to_list()


def test_a_file_of_profiles_names_its_moment(profiles: Path) -> None:
    assert latest_in_profiles(profiles) == LATEST
