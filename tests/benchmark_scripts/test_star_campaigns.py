"""Bought months of stars: the question, and that nothing judges what it was fitted on."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from benchmarks.star_campaigns import (
    CANNOT_BE,
    N_FOLDS,
    REACHES,
    SEED,
    Prior,
    as_rows,
    describe_months,
    fit_prior,
    mark_months,
    predict_stars,
    score_shift,
    score_with_labels,
    score_without_labels,
    score_z,
    score_z_of_others,
    sum_neighbours,
)
from training.split import make_folds

PRIOR = Prior(level=4.0, variance=0.5, reach=4.0, level_months=0.1, spread_months=0.5)


def made(counts: dict[str, list[int]], attributed: dict[tuple[str, int], int] | None = None) -> pl.DataFrame:
    rows = [
        (repo, f"2024-{place + 1:02}", n_stars, (attributed or {}).get((repo, place), 0))
        for repo, months in counts.items()
        for place, n_stars in enumerate(months)
    ]
    return mark_months(pl.DataFrame(rows, schema=["repo", "month", "n_stars", "n_stars_clustered"], orient="row"))


def drawn(n_repos: int = 60) -> pl.DataFrame:
    """Repositories of eight months about a level of their own; every third has one month bought."""
    rng = np.random.default_rng(3)
    counts, attributed = {}, {}
    for number in range(n_repos):
        repo = f"repo{number:02}"
        counts[repo] = [int(n) for n in rng.poisson(np.exp(rng.normal(4, 1)), 8) + 1]
        if number % 3 == 0:
            attributed[repo, 4] = 3 * max(counts[repo]) + 100
            counts[repo][4] += attributed[repo, 4]
    return made(counts, attributed)


@pytest.mark.parametrize(
    ("n_stars", "n_attributed", "is_bought"),
    [(100, 50, True), (101, 50, False), (50, 50, True), (49, 49, False), (1000, 1, False), (1000, 499, False)],
)
def test_a_month_is_bought_from_fifty_attributed_stars_and_half_on(
    n_stars: int, n_attributed: int, is_bought: bool
) -> None:
    months = made({"one": [n_stars, 5, 5]}, {("one", 0): n_attributed})
    assert months["is_bought"].to_list() == [is_bought, False, False]


def test_repositories_below_three_months_are_not_asked_about() -> None:
    assert made({"two": [5, 500], "three": [5, 500, 5]})["repo"].unique().to_list() == ["three"]


def test_what_is_expected_of_a_month_does_not_depend_on_it() -> None:
    quiet, loud = made({"one": [60, 60, 60, 60]}), made({"one": [60, 6000, 60, 60]})
    seen = [predict_stars(sum_neighbours(months, 4.0), PRIOR) for months in (quiet, loud)]
    for before, after in zip(*seen, strict=True):
        assert before[1] == after[1]
    assert seen[0][1][0] < seen[1][1][0]


def test_near_months_count_for_more_and_a_lone_prior_for_less_than_months() -> None:
    months = made({"one": [10, 10, 500, 500, 500, 500]})
    _, level, _ = predict_stars(sum_neighbours(months, 2.0), PRIOR)
    assert level[0] < level[1] < level[5]
    far = Prior(**{**vars(PRIOR), "level_months": 1000.0})
    _, drawn_to_prior, _ = predict_stars(sum_neighbours(months, 2.0), far)
    assert drawn_to_prior == pytest.approx(PRIOR.level, abs=0.05)


def test_the_score_asks_the_question_itself() -> None:
    months = made({"one": [49, 60, 400, 55], "two": [300, 320, 310, 400]})
    found = score_shift(months, sum_neighbours(months, 4.0), PRIOR)
    scores = dict(zip(months.select("repo", "number").rows(), found, strict=True))
    first = months["number"].min()
    assert scores["one", first] == CANNOT_BE
    assert scores["one", first + 2] == max(scores.values())
    assert scores["two", first + 3] < scores["one", first + 2]
    assert all(score >= 0 for key, score in scores.items() if key != ("one", first))


def test_the_prior_reads_no_label() -> None:
    months = drawn()
    neighbours = {reach: sum_neighbours(months, reach) for reach in REACHES}
    turned = months.with_columns(~pl.col("is_bought"))
    assert fit_prior(months, neighbours) == fit_prior(turned, neighbours)


def test_no_repository_judges_itself() -> None:
    """Turning the labels of one fold around changes nothing about the scores of that fold."""
    months = drawn()
    folds = list(make_folds(as_rows(months), N_FOLDS, SEED))
    held = pl.Series(folds[0][1])
    assert months.filter(held)["repo"].is_in(months.filter(~held)["repo"].implode()).sum() == 0
    turned = months.with_columns(is_bought=pl.col("is_bought") ^ held)
    same = [score_with_labels(one, iter(folds))[folds[0][1]] for one in (months, turned)]
    assert np.array_equal(*same)


@pytest.mark.parametrize("score", [score_without_labels, score_with_labels])
def test_planted_campaigns_come_first(score) -> None:
    months = drawn()
    scores = score(months, make_folds(as_rows(months), N_FOLDS, SEED))
    assert not np.isnan(scores).any()
    bought = months["is_bought"].to_numpy()
    assert np.median(scores[bought]) > np.quantile(scores[~bought], 0.95)


def test_z_scores_of_months_that_are_all_equal_say_nothing() -> None:
    months = made({"one": [7, 7, 7]})
    assert score_z(months).tolist() == [0, 0, 0]
    assert score_z_of_others(months) == pytest.approx([0, 0, 0])


def test_trees_see_no_date_and_no_other_repository() -> None:
    months = drawn(4)
    alone = describe_months(months.filter(repo="repo01"))
    assert alone.equals(describe_months(months).filter(months["repo"] == "repo01"))
    later = months.with_columns(pl.col("number") + 24)
    assert describe_months(later).equals(describe_months(months))
