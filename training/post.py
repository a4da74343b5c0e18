"""The post model: train on the public sets of posts, judge, track, and put on the shelf.

Run: python -m training.post [--tracking-uri URI] [--tune N]
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from training.card import figures_table, make_table, rivals_table, show, sources_section
from training.command import make_parser
from training.datasets import describe_sets
from training.evaluate import (
    EVEN,
    VIEWS,
    Figures,
    Judged,
    choose_threshold,
    count_flagged,
    evaluate,
    judge,
)
from training.fit import write_calibrations
from training.held_out import make_held_out
from training.post_fit import (
    BASELINES,
    PostConfig,
    calibrate,
    calibrate_apart,
    fit_classifier,
    is_organic,
    judge_across,
    score_baseline,
    score_left_out,
)
from training.post_truth import Table, agree, compare
from training.posts import SOURCES, UNDECIDED, load_posts
from training.recipe import Export, Recipe, run_command
from training.shelf import DOMAIN_QUANTILES, hash_file
from training.split import leave_sources_out, make_folds
from training.tune import Chooser, add_option, keep, make_chooser
from zhenfen.config import config_dir, read_config
from zhenfen.estimators import post_text
from zhenfen.estimators.calibration import Calibration
from zhenfen.estimators.post_classifier import KINDS, PostClassifier
from zhenfen.estimators.post_model import CALIBRATION, DEFAULT, WEIGHTS
from zhenfen.estimators.post_text import LISTS, make_matrix
from zhenfen.shelf import TrainingSource

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FittedPosts:
    """The model, and probabilities by models that had not seen the row.

    Attributes:
        classifier: Trained on all rows.
        calibration: From its scores to probabilities.
        within: By models that knew the source, not the creator, shape (n,).
        across: By models that did not know the source, shape (n,).
        kinds: Result of `confuse_kinds`.
    """

    classifier: PostClassifier
    calibration: Calibration
    within: Array
    across: Array
    kinds: pl.DataFrame


@dataclass(frozen=True)
class PostRecipe(Recipe[PostConfig, pl.DataFrame, FittedPosts, Judged]):
    """A line over character n-grams and words.

    Attributes:
        n_trials: `--tune N`.
    """

    n_trials: int = 0

    @cached_property
    def choosers(self) -> Sequence[Chooser[PostConfig]]:
        """One search, of the penalty."""
        return (make_chooser(self.config.name, judge_across, "post", self.n_trials, self.config.seed),)

    def data(self, folder: Path) -> tuple[pl.DataFrame, list[TrainingSource]]:
        """Rows of all sources."""
        rows = load_posts(folder)
        return rows, describe_sets(SOURCES, rows, folder)

    def fit(self, data: pl.DataFrame) -> FittedPosts:
        """Scores over sources left out and over folds, one map fitted on both, and the classifier of all rows."""
        config, (choose,) = self.config, self.choosers
        X = make_matrix(data["text"])
        across, parts = score_left_out(data, X, leave_sources_out(data), config, choose)
        within, _ = score_left_out(data, X, make_folds(data, config.n_folds, config.seed), config, choose)
        calibration = calibrate(data, within, across, config)
        return FittedPosts(
            fit_classifier(data, X, choose(data, config)),
            calibration,
            calibration.apply(within),
            calibrate_apart(data, within, across, parts, config),
            confuse_kinds(data, X, config, choose),
        )

    def evaluate(self, data: pl.DataFrame, fitted: FittedPosts) -> Judged:
        """Figures on the rows about which the readers agree, at the threshold that the organic posts allow."""
        organic = is_organic(data)
        most = self.config.most_false_alarms
        threshold = choose_threshold(data.filter(pl.Series(organic)), fitted.within[organic], most)
        rows = data.with_columns(is_fake="y", within=pl.Series(fitted.within), across=pl.Series(fitted.across))
        return judge(rows.filter(pl.col("y") != UNDECIDED), threshold, self.config.seed)

    def export(
        self, data: pl.DataFrame, fitted: FittedPosts, judged: Judged, sources: Sequence[TrainingSource]
    ) -> Export:
        """Weights and map; the card holds baselines and what the platforms say beside it."""
        n_chars = data["text"].str.len_chars()
        return Export(
            files={
                WEIGHTS: fitted.classifier.save,
                CALIBRATION: lambda path: write_calibrations(path, {DEFAULT: fitted.calibration}),
            },
            manifest={
                "features": ("character 1-3-grams", *(f"words of {name}" for name in LISTS)),
                "feature_code": hash_file(Path(post_text.__file__)),
                "platforms": sorted(data["platform"].unique()),
                "domain": {"text_chars": tuple(float(n_chars.quantile(share) or 0) for share in DOMAIN_QUANTILES)},
                **judged.to_manifest(),
            },
            sections=[*sources_section(sources), *self._show(data, fitted, judged)],
            held=make_held_out(
                judged.rows, ["text"], pl.col("text").str.len_chars(), *(judged.rows[view].to_numpy() for view in VIEWS)
            ),
            metrics=judged.to_metrics(),
        )

    def _show(self, data: pl.DataFrame, fitted: FittedPosts, judged: Judged) -> Sequence[str]:
        inputs = (data, fitted.within, judged.threshold, self.config.seed)
        across = judged.figures["across"]
        return (
            "## On creators it had not seen, of sources it knew",
            figures_table(judged.figures["within"]),
            "## On sources it had never seen; each is a genre",
            figures_table(across),
            "## Beside plain baselines, on sources never seen (AUC)",
            rivals_table({"this model": across, **judge_baselines(data, self.config.seed)}),
            "Against the labels of the readers or annotators where they agree, at even shares, with 95 % intervals over"
            " resampled creators (near-duplicates together).",
            "## Against the readers: what sounds paid (AUC, creators never seen; reader against reader is the ceiling)",
            show_table(agree(*inputs)),
            "## Against the platform: what was paid (AUC, creators never seen; taught by readers only)",
            show_table(compare(*inputs)),
            f"## At the threshold {judged.threshold}",
            f"At most {self.config.most_false_alarms:.0%} of the organic product posts and of the organic notes are"
            " flagged, by models that had not seen the creator.",
            show_flagged(judged),
            "## Kind of what sounds sponsored (rows: first reader; columns: out of fold)",
            show_kinds(fitted.kinds),
        )


def judge_baselines(rows: pl.DataFrame, seed: int) -> dict[str, Figures]:
    """Figures of every baseline on sources left out."""
    return {
        name: evaluate_decided(rows, score_baseline(rows, leave_sources_out(rows), score), EVEN, seed)
        for name, score in BASELINES.items()
    }


def evaluate_decided(rows: pl.DataFrame, probas: Array, threshold: float, seed: int) -> Figures:
    """Figures of each source on the rows about which the readers agree."""
    decided = (rows["y"] != UNDECIDED).to_numpy()
    return evaluate(rows.filter(pl.Series(decided)), probas[decided], threshold, seed)


def confuse_kinds(
    rows: pl.DataFrame, X: csr_matrix, config: PostConfig, choose: Chooser[PostConfig] = keep
) -> pl.DataFrame:
    """kind (the first reader's), found (out of fold), source and n, of posts that sound sponsored to both readers."""
    found = np.full(rows.height, "", dtype="<U16")
    for _, held in make_folds(rows, config.n_folds, config.seed):
        rest = rows.filter(pl.Series(~held))
        classifier = fit_classifier(rest, X[~held], choose(rest, config))
        found[held] = classifier.predict_kind(X[held]).to_numpy()
    sure = rows.with_columns(found=pl.Series(found)).filter(pl.col("y") == 1, pl.col("kind").is_not_null())
    return sure.group_by("source", "kind", "found").agg(n=pl.len()).sort("source", "kind", "found")


def show_flagged(judged: Judged) -> str:
    """How many are flagged at the threshold, one row a source, platform and view, as Markdown."""
    lines = (
        (
            one.source,
            one.platform,
            never_seen,
            f"{one.n_fake_flagged}/{one.n_fake}",
            f"{one.n_genuine_flagged}/{one.n_genuine}",
        )
        for view, never_seen in zip(VIEWS, ("creator", "source"), strict=True)
        for one in count_flagged(judged.rows, judged.rows[view].to_numpy(), judged.threshold)
    )
    return make_table(("source", "platform", "never seen", "sponsored flagged", "organic flagged"), lines)


def show_table(table: Table) -> str:
    """One row a set and judge, as Markdown."""
    rows = ((title, judge, show(figure)) for title, judges in table.items() for judge, figure in judges.items())
    return make_table(("set", "judge", "AUC"), rows)


def show_kinds(confused: pl.DataFrame) -> str:
    """Kinds by the first reader and by the model, as Markdown.

    Args:
        confused: Result of `confuse_kinds`.
    """
    table = confused.pivot("found", index=["source", "kind"], values="n").fill_null(0)
    lines = (
        (*map(str, (row["source"], row["kind"])), *(str(row.get(kind, 0)) for kind in KINDS))
        for row in table.rows(named=True)
    )
    return make_table(("source", "kind", *KINDS), lines)


def make_recipe(options: Namespace) -> PostRecipe:
    """The recipe that was asked for."""
    return PostRecipe(read_config(config_dir() / "models" / "post.yaml", PostConfig), options.tune)


def main() -> None:
    """Read the options and run."""
    parser = make_parser("post", __doc__)
    add_option(parser)
    run_command(parser, make_recipe)


if __name__ == "__main__":
    main()
