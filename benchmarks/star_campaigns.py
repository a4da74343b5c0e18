"""Which months of a GitHub repository were bought? StarScout's attribution answers, where it says so clearly.

Asked: months of which at least 50 stars and at least half are attributed to campaigns. One attributed star says
nothing: half of all months have one. Judged: repositories with three months or more, in five folds of whole
repositories; what is fitted never saw the repository it judges. Stars, not followers, and months, not days: nothing
that ships is fitted here. Intervals are of a bootstrap over repositories.

Without labels, a hierarchical model of the logarithm of a month's stars. What the other months of a repository say of
the month in question weighs exp(-distance / reach); their mean is drawn to the mean of all repositories as by
`level_months` more months, their variance to the variance usual within repositories as by `spread_months` more. The
month's stars without a purchase then follow Student's t about that level, and the score asks the question itself: how
little chance they had to exceed what is left of the month when 50 stars, or half of it, are taken away. The prior is
the one under which months of other repositories were likeliest, each seen from the months around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import t as student_t
from training.datasets import data_dir
from training.evaluate import evaluate
from training.split import Mask, make_folds

from zhenfen.estimators.tabular import TabularClassifier, TabularParams

Array = npt.NDArray[np.float64]

LEAST_MONTHS = 3
LEAST_ATTRIBUTED = 50
LEAST_SHARE = 0.5
N_FOLDS, SEED = 5, 13
N_RESAMPLES = 500
REACHES = (2.0, 4.0, 8.0, 16.0)
LEVEL_MONTHS = (0.01, 0.03, 0.1, 0.3, 1.0)
SPREAD_MONTHS = (0.25, 0.5, 1.0, 2.0, 4.0)
CANNOT_BE = -1.0
"""Score of a month too small for the question: below the least of -log of a probability."""
ALL, LARGE = "all months", f"of {LEAST_ATTRIBUTED} stars and more"
TREES = TabularParams(
    n_trees=300, n_leaves=15, learning_rate=0.05, min_leaf_rows=20, l2=0.0, feature_share=0.8, row_share=1.0, seed=SEED
)


@dataclass(frozen=True)
class Prior:
    """What is known of a repository before its months are seen; all in logarithms of stars.

    Attributes:
        level: Mean over repositories' months.
        variance: Usual variance within a repository.
        reach: Distance in months at which another month weighs 1/e.
        level_months: Weight of `level`, in months.
        spread_months: Weight of `variance`, in months.
    """

    level: float
    variance: float
    reach: float
    level_months: float
    spread_months: float


def read_months(folder: Path) -> pl.DataFrame:
    """repo, number (of the month), n_stars, stars (log(1 + n_stars)), is_bought; by repository and month."""
    return mark_months(pl.read_parquet(folder / "growth" / "github_star_campaigns.parquet"))


def mark_months(rows: pl.DataFrame) -> pl.DataFrame:
    """The same, of the raw columns repo, month (YYYY-MM), n_stars and n_stars_clustered."""
    attributed = pl.col("n_stars_clustered")
    is_bought = (attributed >= LEAST_ATTRIBUTED) & (attributed >= LEAST_SHARE * pl.col("n_stars"))
    months = rows.filter(pl.len().over("repo") >= LEAST_MONTHS).select(
        "repo",
        "n_stars",
        number=pl.col("month").str.slice(0, 4).cast(pl.Int64) * 12 + pl.col("month").str.slice(5).cast(pl.Int64),
        stars=pl.col("n_stars").cast(pl.Float64).log1p(),
        is_bought=is_bought,
    )
    return months.sort("repo", "number")


def sum_neighbours(months: pl.DataFrame, reach: float) -> pl.DataFrame:
    """weight, level_sum and square_sum of the repository's other months, as seen from each month; row order kept."""
    rows = months.select("repo", "number", "stars").with_row_index("row")
    pairs = rows.join(rows, on="repo", suffix="_other").filter(pl.col("row") != pl.col("row_other"))
    weight = (-(pl.col("number") - pl.col("number_other")).abs() / reach).exp()
    other = pl.col("stars_other")
    sums = pairs.group_by("row").agg(
        weight=weight.sum(), level_sum=(weight * other).sum(), square_sum=(weight * other**2).sum()
    )
    return sums.sort("row").drop("row")


def predict_stars(neighbours: pl.DataFrame, prior: Prior) -> tuple[Array, Array, Array]:
    """Student's t of each month's stars without a purchase: degrees of freedom, level and scale, each of shape (n,)."""
    weight, level_sum, square_sum = (neighbours[name].to_numpy() for name in ("weight", "level_sum", "square_sum"))
    level = (level_sum + prior.level_months * prior.level) / (weight + prior.level_months)
    squares = np.maximum(square_sum - 2 * level * level_sum + weight * level**2, 0.0)
    freedom = weight + prior.spread_months
    variance = (squares + prior.spread_months * prior.variance) / freedom
    return freedom, level, np.sqrt(variance * (1 + 1 / (weight + prior.level_months)))


def fit_prior(months: pl.DataFrame, neighbours: Mapping[float, pl.DataFrame]) -> Prior:
    """The prior under which these months were likeliest; no label is read.

    Args:
        months: Of `read_months`.
        neighbours: Reach → `sum_neighbours` of the same rows.
    """
    stars = months["stars"].to_numpy()
    variance = months.group_by("repo", maintain_order=True).agg(pl.col("stars").var())["stars"].to_numpy()
    usual = float(stars.mean()), float(variance.mean())
    priors = [Prior(*usual, *one) for one in product(REACHES, LEVEL_MONTHS, SPREAD_MONTHS)]
    return max(priors, key=lambda prior: _mean_log_density(stars, neighbours[prior.reach], prior))


def _mean_log_density(stars: Array, neighbours: pl.DataFrame, prior: Prior) -> float:
    return float(np.mean(student_t.logpdf(stars, *predict_stars(neighbours, prior))))


def score_shift(months: pl.DataFrame, neighbours: pl.DataFrame, prior: Prior) -> Array:
    """-log of the chance that the month had as many stars left without what would have to be bought, shape (n,)."""
    n_stars = months["n_stars"].to_numpy().astype(np.float64)
    left = np.minimum(n_stars - LEAST_ATTRIBUTED, n_stars * (1 - LEAST_SHARE))
    chance = student_t.logsf(np.log1p(np.maximum(left, 0.0)), *predict_stars(neighbours, prior))
    return np.where(left >= 0, -chance, CANNOT_BE)


def score_without_labels(months: pl.DataFrame, folds: Iterator[tuple[str, Mask]]) -> Array:
    """The hierarchical model, its prior fitted on the other folds, shape (n,)."""
    neighbours = {reach: sum_neighbours(months, reach) for reach in REACHES}
    scores = np.full(months.height, np.nan)
    for _, held in folds:
        others = pl.Series(~held)
        prior = fit_prior(months.filter(others), {reach: one.filter(others) for reach, one in neighbours.items()})
        scores[held] = score_shift(months, neighbours[prior.reach], prior)[held]
    return scores


def describe_months(months: pl.DataFrame) -> pl.DataFrame:
    """What trees read of a month: its stars, those around it and its place in the repository; no date.

    All in logarithms of stars, months, or parts of all stars; null where there is no such month.
    """
    stars, n_stars, number = pl.col("stars"), pl.col("n_stars"), pl.col("number")
    around = {f"month_{step:+d}": stars.shift(-step) for step in (-2, -1, 1, 2)}
    columns = {
        **around,
        "median": stars.median(),
        "largest": stars.max(),
        "least": stars.min(),
        "rank": stars.rank("min", descending=True),
        "share": n_stars / n_stars.sum(),
        "so_far": (n_stars.cum_sum() - n_stars).cast(pl.Float64).log1p(),
        "n_months": pl.len(),
        "months_before": number - number.min(),
        "months_after": number.max() - number,
        "since_last": number.diff(),
        "until_next": number.shift(-1) - number,
    }
    beside = {name: one.over("repo").cast(pl.Float64) for name, one in columns.items()}
    return months.select(stars, **beside)


def score_with_labels(months: pl.DataFrame, folds: Iterator[tuple[str, Mask]]) -> Array:
    """Boosted trees trained on the labels of the other folds, log-odds, shape (n,)."""
    X, y = describe_months(months), months["is_bought"].cast(pl.Int8).to_numpy()
    scores = np.full(months.height, np.nan)
    for _, held in folds:
        trees = TabularClassifier.fit(X.filter(pl.Series(~held)), y[~held], np.ones(int((~held).sum())), TREES)
        scores[held] = trees.decision_function(X.filter(pl.Series(held)))
    return scores


def score_z(months: pl.DataFrame) -> Array:
    """Stars of a month by mean and standard deviation of its repository's months, shape (n,); 0 where all are equal."""
    n_stars = pl.col("n_stars")
    z = months.select(((n_stars - n_stars.mean()) / n_stars.std()).over("repo").fill_nan(0.0).fill_null(0.0))
    return z.to_series().to_numpy()


def score_z_of_others(months: pl.DataFrame) -> Array:
    """The same of logarithms, mean and deviation those of the repository's other months alone; shape (n,)."""
    stars, n = pl.col("stars"), pl.len() - 1
    mean = (stars.sum() - stars) / n
    variance = (((stars**2).sum() - stars**2) / n - mean**2).clip(0)
    # Two other months may be equal: a tenth of a logarithm is the least deviation.
    z = months.select(((stars - mean) / (variance + 0.01).sqrt()).over("repo"))
    return z.to_series().to_numpy()


def as_rows(months: pl.DataFrame) -> pl.DataFrame:
    """source, is_fake and twin, as folds and figures want them: a repository stays together."""
    return months.select(source=pl.lit(ALL), is_fake=pl.col("is_bought").cast(pl.Int64), twin="repo")


def main() -> None:
    """Print the AUC of each."""
    months = read_months(data_dir())
    rows, n_repos = as_rows(months), months["repo"].n_unique()
    n_bought, is_large = months["is_bought"].sum(), (months["n_stars"] >= LEAST_ATTRIBUTED).to_numpy()
    print(f"Bought months of GitHub stars: {n_bought} of {months.height} months, {n_repos} repositories; AUC [95 %]")
    print(f"{'':<52}{ALL:<28}{LARGE} ({is_large.sum()})")
    scores = {
        "z-score of the month": score_z(months),
        "z-score of its logarithm, itself left out": score_z_of_others(months),
        "hierarchical shift, no labels": score_without_labels(months, make_folds(rows, N_FOLDS, SEED)),
        "boosted trees, labels of other repositories": score_with_labels(months, make_folds(rows, N_FOLDS, SEED)),
    }
    for name, one in scores.items():
        shown = [
            evaluate(rows.filter(pl.Series(part)), one[part], 0.0, SEED, N_RESAMPLES)[ALL]["auc"]
            for part in (np.ones(months.height, dtype=np.bool_), is_large)
        ]
        print(f"{name:<52}" + "".join(f"{f'{value:.3f} [{low:.3f}, {high:.3f}]':<28}" for value, low, high in shown))


if __name__ == "__main__":
    main()
