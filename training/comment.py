"""The comment model: train on the public sets of comments, judge, track, and put on the shelf.

Run: python -m training.comment [--tracking-uri URI] [--tune N]
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from training.card import figures_table, make_table, sources_section
from training.command import make_parser
from training.comment_fit import (
    CommentConfig,
    calibrate,
    fit_advert,
    fit_filler,
    judge_adverts,
    judge_fillers,
    score_fillers_left_out,
    score_left_out,
)
from training.comments import JD, SOURCES, load_comments
from training.datasets import describe_sets
from training.evaluate import (
    EVEN,
    Figures,
    Judged,
    choose_threshold,
    count_flagged,
    evaluate,
    judge,
    round_figures,
    with_both_labels,
)
from training.fillers import load_fillers
from training.fit import write_calibrations
from training.held_out import make_held_out
from training.recipe import Export, Recipe, run_command
from training.shelf import hash_file
from training.split import Parts, leave_sources_out, make_folds
from training.tune import Chooser, add_option, make_chooser
from zhenfen.config import config_dir, read_config
from zhenfen.estimators.calibration import Calibration
from zhenfen.estimators.comment_model import CALIBRATION, file_name
from zhenfen.estimators.manifest import ValidationCounts
from zhenfen.estimators.text_linear import LinearTextClassifier
from zhenfen.shelf import TrainingSource
from zhenfen.text import ngrams

NOISY = "gamechat"
"""Its genuine rows choose no threshold: most of those that are flagged are adverts, and were looked at."""


@dataclass(frozen=True)
class CommentData:
    """What the two classifiers learn from.

    Attributes:
        comments: What `load_comments` gives, with is_fake (1 for an advert).
        fillers: What `load_fillers` gives.
    """

    comments: pl.DataFrame
    fillers: pl.DataFrame


@dataclass(frozen=True)
class FittedComments:
    """The two classifiers, and rows with probabilities by models that had not seen them.

    Attributes:
        advert: Trained on all comments that ship.
        filler: Trained on all texts weakly labelled.
        calibrations: Kind → map from scores to probabilities.
        comments: All comments with within and across; within is null where the source has no adverts.
        fillers: source, platform, is_fake, twin, across; jd among them.
    """

    advert: LinearTextClassifier
    filler: LinearTextClassifier
    calibrations: Mapping[str, Calibration]
    comments: pl.DataFrame
    fillers: pl.DataFrame


@dataclass(frozen=True)
class JudgedComments:
    """What the probabilities show.

    Attributes:
        adverts: Of the sources that hold both labels.
        fillers: Source → figures, by models that did not know it.
        thresholds: Kind → probability from which a comment is flagged.
    """

    adverts: Judged
    fillers: Figures
    thresholds: Mapping[str, float]


@dataclass(frozen=True)
class CommentRecipe(Recipe[CommentConfig, CommentData, FittedComments, JudgedComments]):
    """Two lines over character n-grams: adverts and fillers.

    Attributes:
        n_trials: `--tune N`.
    """

    n_trials: int = 0

    @cached_property
    def choosers(self) -> Sequence[Chooser[Any]]:
        """The search for adverts and that for fillers."""
        folds, seed = self.config.n_folds, self.config.seed
        advert, filler = (partial(judge, n_folds=folds, seed=seed) for judge in (judge_adverts, judge_fillers))
        return (
            make_chooser("comment advert", advert, "comment", self.n_trials, seed),
            make_chooser("comment filler", filler, "comment", self.n_trials, seed),
        )

    def data(self, folder: Path) -> tuple[CommentData, list[TrainingSource]]:
        """Comments, and texts weakly labelled as fillers."""
        is_fake = (pl.col("label") == "advert").cast(pl.Int8)
        comments = load_comments(folder, with_judges=True).with_columns(is_fake=is_fake)
        sources = describe_sets((one for one in SOURCES if one.ships), comments, folder)
        return CommentData(comments, load_fillers(folder)), sources

    def fit(self, data: CommentData) -> FittedComments:
        """Of either classifier: scores over sources left out, a map fitted on them, and the classifier of all rows."""
        choose_advert, choose_filler = self.choosers
        advert, advert_map, comments = fit_adverts(data.comments, self.config, choose_advert)
        filler, filler_map, fillers = fit_fillers(data, self.config, choose_filler)
        return FittedComments(advert, filler, {"advert": advert_map, "filler": filler_map}, comments, fillers)

    def evaluate(self, data: CommentData, fitted: FittedComments) -> JudgedComments:
        """Thresholds that the genuine rows of sources never seen allow, and figures of the sources with both labels."""
        config, comments, fillers = self.config, fitted.comments, fitted.fillers
        genuine = comments.filter(pl.col("ships") & (pl.col("is_fake") == 0) & (pl.col("source") != NOISY))
        single = fillers.filter((pl.col("is_fake") == 0) & (pl.col("source") != JD.name))
        thresholds = {
            "advert": choose_threshold(genuine, genuine["across"].to_numpy(), config.advert.most_false_alarms),
            "filler": choose_threshold(single, single["across"].to_numpy(), config.filler.most_false_alarms),
        }
        judging = with_both_labels(fillers)
        found = evaluate(judging, judging["across"].to_numpy(), thresholds["filler"], config.seed)
        return JudgedComments(judge(with_both_labels(comments), thresholds["advert"], config.seed), found, thresholds)

    def export(
        self, data: CommentData, fitted: FittedComments, judged: JudgedComments, sources: Sequence[TrainingSource]
    ) -> Export:
        """The files; the card says what is flagged and what is found of every source."""
        threshold = judged.thresholds["advert"]
        about = judged.adverts.to_manifest()
        jd = with_both_labels(fitted.fillers.filter(source=JD.name))
        jd_counts = count_flagged(jd, jd["across"].to_numpy(), judged.thresholds["filler"])
        flagged = flagged_shares(fitted.comments, threshold, "source")
        rows = fitted.comments
        return Export(
            files={
                file_name("advert"): fitted.advert.save,
                file_name("filler"): fitted.filler.save,
                CALIBRATION: lambda path: write_calibrations(path, fitted.calibrations),
            },
            manifest={
                **about,
                "features": (),
                "feature_code": hash_file(Path(ngrams.__file__)),
                "platforms": sorted(rows["platform"].unique()),
                "domain": {},
                "kinds": {
                    "advert": _describe_kind(threshold, about["validations"], about["validations_across"]),
                    "filler": _describe_kind(judged.thresholds["filler"], (), jd_counts),
                },
                "metrics": {
                    **about["metrics"],
                    "filler": round_figures(judged.fillers),
                    "flagged": {source: round(share, 5) for source, _, share in flagged.iter_rows()},
                },
            },
            sections=[*sources_section(sources), *_show(fitted, judged)],
            held=make_held_out(
                rows,
                ["normalised", "label"],
                pl.col("text").str.len_chars(),
                *(rows[view].to_numpy() for view in ("within", "across")),
            ),
            metrics={
                "threshold": threshold,
                **judged.adverts.to_metrics(),
                "recall": {source: unseen for source, _, _, unseen in recalls(rows, threshold).iter_rows()},
            },
        )


def fit_adverts(
    comments: pl.DataFrame, config: CommentConfig, choose: Chooser[Any]
) -> tuple[LinearTextClassifier, Calibration, pl.DataFrame]:
    """The classifier, its map, and all rows with probabilities by models that had not seen them."""
    shipped, judges = comments.filter("ships"), comments.filter(~pl.col("ships"))
    scores = score_left_out(shipped, leave_sources_out(shipped), config.advert, config.seed, choose)
    calibration = calibrate(shipped, scores, config.advert.calibration)
    folded = score_left_out(shipped, fold_sources(shipped, config), config.advert, config.seed, choose)
    classifier = fit_advert(shipped, choose(shipped, config.advert), config.seed)
    asked = calibration.apply(classifier.decision_function(judges["normalised"]))
    across, within = pl.Series(calibration.apply(scores)), pl.Series(calibration.apply(folded)).fill_nan(None)
    rows = pl.concat(
        (
            shipped.with_columns(across=across, within=within),
            judges.with_columns(across=pl.Series(asked), within=pl.lit(None, pl.Float64)),
        )
    )
    return classifier, calibration, rows


def fold_sources(shipped: pl.DataFrame, config: CommentConfig) -> Parts:
    """Folds of the sources with both labels, as masks over all shipped rows."""
    is_both = shipped.select(pl.col("label").n_unique().over("source") > 1).to_series()
    for name, held in make_folds(shipped.filter(is_both), config.n_folds, config.seed):
        mask = np.zeros(shipped.height, dtype=np.bool_)
        mask[is_both.to_numpy()] = held
        yield name, mask


def fit_fillers(
    data: CommentData, config: CommentConfig, choose: Chooser[Any]
) -> tuple[LinearTextClassifier, Calibration, pl.DataFrame]:
    """The classifier, its map, and the weakly labelled rows and jd's with probabilities by models unaware of them."""
    fillers = data.fillers
    scores = score_fillers_left_out(fillers, leave_sources_out(fillers), config.filler, config.seed, choose)
    calibration = calibrate(fillers, scores, config.filler.calibration)
    classifier = fit_filler(fillers, choose(fillers, config.filler), config.seed)
    jd = data.comments.filter(source=JD.name).with_columns(is_fake=pl.col("part").cast(pl.Int8))
    own = classifier.decision_function(jd["normalised"])
    rows = pl.concat((fillers, jd.select(fillers.columns))).with_columns(
        platform=pl.col("source").replace({one.name: one.platform for one in SOURCES}),
        across=pl.Series(calibration.apply(np.concatenate((scores, own)))),
    )
    return classifier, calibration, rows


def flagged_shares(rows: pl.DataFrame, threshold: float, *keys: str) -> pl.DataFrame:
    """Share of genuine rows at or above the threshold, by models that had not seen the source."""
    flagged = (pl.col("across") >= threshold).mean()
    genuine = rows.filter(pl.col("is_fake") == 0)
    return genuine.group_by(*keys, maintain_order=True).agg(n=pl.len(), flagged=flagged)


def recalls(rows: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """Share of adverts at or above the threshold: of sources known, and of sources never seen."""
    adverts = rows.filter(pl.col("is_fake") == 1)
    shares = {name: (pl.col(name) >= threshold).mean() for name in ("within", "across")}
    return adverts.group_by("source", maintain_order=True).agg(n=pl.len(), **shares)


def _describe_kind(
    threshold: float, within: Sequence[ValidationCounts], across: Sequence[ValidationCounts]
) -> dict[str, Any]:
    return {
        "threshold": threshold,
        "training_share": EVEN,
        "validations": [one.model_dump() for one in within],
        "validations_across": [one.model_dump() for one in across],
    }


def _show(fitted: FittedComments, judged: JudgedComments) -> Sequence[str]:
    rows, threshold = fitted.comments, judged.thresholds["advert"]
    shares = flagged_shares(rows, threshold, "source", "part").iter_rows()
    found = recalls(rows, threshold).iter_rows()
    return (
        "## Adverts: rows it had not seen, of sources it knew",
        figures_table(judged.adverts.figures["within"]),
        "## Adverts: sources it had never seen",
        figures_table(judged.adverts.figures["across"]),
        f"## Presumed-genuine comments flagged at {threshold:.4f}, by models that had not seen the source",
        make_table(
            ("source", "part", "comments", "flagged"),
            ((one, part, f"{n:,}", f"{share:.2%}") for one, part, n, share in shares),
        ),
        "## Adverts found at that threshold",
        make_table(
            ("source", "adverts", "source known", "source never seen"),
            ((one, f"{n:,}", f"{known:.1%}", f"{unseen:.1%}") for one, n, known, unseen in found),
        ),
        "## Fillers: sources it had never seen (weak labels; jd's own labels, which only judge)",
        figures_table(judged.fillers),
        "Figures are at even shares of both labels, with 95 % intervals over resampled comments (near-duplicates"
        " together).",
    )


def make_recipe(options: Namespace) -> CommentRecipe:
    """The recipe that was asked for."""
    config = read_config(config_dir() / "models" / "comment.yaml", CommentConfig)
    return CommentRecipe(config, options.tune)


def main() -> None:
    """Read the options and run."""
    parser = make_parser("comment", __doc__)
    add_option(parser)
    run_command(parser, make_recipe)


if __name__ == "__main__":
    main()
