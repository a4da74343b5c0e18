"""The steps of the post model's training: weights, groups, what is left out, and the threshold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from encoder_builder import LoudEncoder
from training.evaluate import choose_threshold, count_flagged
from training.paid import MARKS, fit_paid
from training.post_fit import (
    PostConfig,
    calibrate,
    find_spreads,
    is_organic,
    leave_genres_out,
    score_baseline,
    score_left_out,
)
from training.post_lessons import Lessons, make_lessons
from training.posts import SOURCES, UNDECIDED, load_posts, weigh
from training.split import leave_sources_out, make_folds

from zhenfen.config import config_dir, models_dir, read_config
from zhenfen.estimators.manifest import read_manifest
from zhenfen.estimators.post_heads import GENRES, HEADS, SHARED

CONFIG = read_config(config_dir() / "models" / "post.yaml", PostConfig)


@pytest.fixture
def rows() -> pl.DataFrame:
    """Sixty made-up posts of two sources; y of every tenth is undecided."""
    n = 60
    sold, told = "赶紧下单，链接在评论区{}", "今天去散步了，感觉还行{}"
    y = [UNDECIDED if at % 10 == 9 else float(at % 2) for at in range(n)]
    return pl.DataFrame(
        {
            "source": ["product_posts" if at < n / 2 else "notes" for at in range(n)],
            "genre": ["products" if at < n / 2 else "notes" for at in range(n)],
            "platform": "xiaohongshu",
            "text": [(sold if value > 0 else told).format("啊" * (at % 7)) for at, value in enumerate(y)],
            "y": y,
            "is_fake": [int(value > UNDECIDED) for value in y],
            "twin": [at // 2 for at in range(n)],
        }
    )


def test_weights_are_even_by_label_and_follow_the_sources(rows: pl.DataFrame) -> None:
    weighed = rows.with_columns(weight=pl.Series(weigh(rows)), label=pl.col("y") >= UNDECIDED)
    assert weighed["weight"].mean() == pytest.approx(1)
    sums = weighed.group_by("source", "label").agg(pl.col("weight").sum())["weight"]
    np.testing.assert_allclose(sums, sums[0])
    half = weighed.filter((pl.col("source") == "notes") | (pl.int_range(pl.len()) % 3 == 0))
    reweighed = half.with_columns(weight=pl.Series(weigh(half)))
    sums = reweighed.group_by("source", "label").agg(pl.col("weight").sum())["weight"]
    np.testing.assert_allclose(sums, sums[0])


def test_lengths_are_matched_where_they_tell_the_label() -> None:
    lengths = [20, 20, 20, 300, 20, 300, 300, 300, 5_000]
    rows = pl.DataFrame({"genre": "products", "y": [1.0] * 4 + [0.0] * 5, "text": ["字" * one for one in lengths]})
    weight = weigh(rows)
    assert weight[:3].sum() == pytest.approx(weight[4])
    assert weight[3] == pytest.approx(weight[5:8].sum())
    assert weight[8] == 0


def test_what_is_held_out_teaches_nothing_and_its_twins_neither(rows: pl.DataFrame) -> None:
    taught: list[set[str]] = []

    def spy(others: pl.DataFrame, held: pl.DataFrame) -> np.ndarray:
        assert not set(others["twin"]) & set(held["twin"])
        taught.append(set(others["source"]))
        return np.zeros(held.height)

    score_baseline(rows.with_columns(twin=pl.int_range(pl.len()) % 9), make_folds(rows, 3, 0), spy)
    score_baseline(rows, leave_sources_out(rows), spy)
    assert taught[-2:] == [{"notes"}, {"product_posts"}]


@pytest.fixture
def lessons(rows: pl.DataFrame) -> Lessons:
    return make_lessons(rows["text"], LoudEncoder())


def test_a_text_teaches_whole_and_in_windows(rows: pl.DataFrame, lessons: Lessons) -> None:
    n = rows.height
    assert lessons.X.shape[0] == len(lessons.vectors) == len(lessons.owner)
    assert set(lessons.owner[n:]) == set(range(n))
    long = make_lessons(pl.Series(["好" * 200, "好"]), LoudEncoder())
    assert long.owner.tolist() == [0, 1, 0, 0, 0, 1]
    few = rows.tail(2).with_columns(y=pl.Series([0.0, 1.0]))
    weight = long.weigh(few, np.array([True, True]), SHARED, 1.0)
    assert weight[2:5].sum() == pytest.approx(weight[0])
    boosted = long.weigh(few.with_columns(genre=pl.Series(["weibo", "notes"])), np.array([True, True]), "notes", 5.0)
    assert boosted[1] / boosted[0] == pytest.approx(5 * weight[1] / weight[0])
    assert len(long.weigh(few, np.array([False, True]), SHARED, 1.0)) == 2


def test_scores_of_what_was_left_out_tell_selling_apart(rows: pl.DataFrame, lessons: Lessons) -> None:
    y = rows["y"].to_numpy()
    scores = score_left_out(rows, lessons, leave_genres_out(rows), (SHARED,), lambda _: CONFIG)
    assert scores.shape == (len(lessons.owner), 2, 1)
    shared = scores[: rows.height].sum(axis=1)[:, 0]
    assert shared[y == 1].min() > shared[y == 0].max()
    folds = make_folds(rows, 3, 0)
    every = score_left_out(rows, lessons, folds, HEADS, lambda _: CONFIG)[: rows.height]
    assert np.isfinite(every).all()
    held = rows.with_columns(genre=pl.Series([GENRES[at // 2 % len(GENRES)] for at in range(rows.height)]))
    assert find_spreads(held, every).shape == (2, len(HEADS))
    maps = calibrate(held, every.sum(axis=1), shared, CONFIG)
    assert maps.keys() == set(HEADS)
    probas = maps[SHARED].apply(shared)
    mine = is_organic(rows)
    threshold = choose_threshold(rows.filter(pl.Series(mine)), probas[mine], CONFIG.most_false_alarms)
    organic = probas[y == 0]
    assert (organic >= threshold).mean() <= CONFIG.most_false_alarms
    decided = (rows["y"] != UNDECIDED).to_numpy()
    counts = count_flagged(rows.filter(pl.Series(decided)), probas[decided], threshold)
    assert sum(one.n_fake + one.n_genuine for one in counts) == rows.filter(pl.col("y") != UNDECIDED).height


def test_the_paid_head_is_judged_on_creators_it_had_not_seen(rows: pl.DataFrame, lessons: Lessons) -> None:
    marks = rows.with_columns(
        source=pl.lit(MARKS.name),
        y=pl.col("is_fake").cast(pl.Float64),
        truth=pl.when(pl.col("is_fake") == 1).then(pl.lit("sponsored_platform")).otherwise(pl.lit("none")),
    )
    fitted = fit_paid(marks, lessons, CONFIG)
    assert fitted.figures["letters and encoder"][0] > 0.85
    assert fitted.head.by_both.n_posts.sum() == fitted.head.by_letters.n_posts.sum() == rows.height
    assert fitted.head.by_both.n_marked.sum() == rows["is_fake"].sum()


@pytest.mark.data
def test_the_public_sets_are_read(data_dir: Path) -> None:
    rows = load_posts(data_dir)
    assert set(rows["source"]) == {one.name for one in SOURCES}
    assert rows["y"].is_in([0.0, UNDECIDED, 1.0]).all()
    assert rows["text"].null_count() == 0
    labelled = rows.filter(pl.col("source").is_in(["product_posts", "notes"]), pl.col("y") == 1)
    assert labelled["kind"].null_count() == 0
    series = rows.filter(source="transcripts")
    assert series["twin"].n_unique() < series["part"].n_unique()


@pytest.mark.data
def test_the_shelf_names_the_data_it_was_trained_on(data_dir: Path) -> None:
    manifest = read_manifest(models_dir() / "post" / "2")
    assert {one.source: one.sha256 for one in manifest.trained_on} == {
        one.name: one.sha256(data_dir) for one in (*SOURCES, MARKS)
    }
    by_source = {one.source for one in manifest.validations_across}
    assert by_source == {one.name for one in SOURCES}
