"""The comment model: train on the public sets of comments, judge, track, and put on the shelf.

Run: python -m training.comment [--with-audits PATH] [--labels FILE.csv] [--map COLUMN=HEADING] [--tune N]
     [--tracking-uri URI]
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
    AdvertConfig,
    CommentConfig,
    calibrate,
    fit_advert,
    fit_talk,
    judge_adverts,
    judge_talk,
    mark_kind,
    score_left_out,
    score_talk_left_out,
)
from training.comments import JD, SOURCES, load_comments
from training.datasets import describe_sets
from training.evaluate import (
    EVEN,
    VIEWS,
    Figure,
    Figures,
    Judged,
    choose_threshold,
    count_flagged,
    evaluate,
    judge,
    round_figures,
    with_both_labels,
)
from training.fillers import KINDS as TALK_KINDS
from training.fillers import load_fillers
from training.fit import write_calibrations
from training.held_out import make_held_out
from training.labels import LabelForm, OwnLabels, add_labels_option, take_labels
from training.recipe import Export, Recipe, run_command
from training.shelf import hash_file
from training.split import Parts, leave_sources_out, make_folds
from training.text_audits import AUDITS, add_audits, read_text_audits, take_comments
from training.tune import Chooser, add_option, make_chooser
from training.under_posts import UNDER_POSTS
from zhenfen.config import config_dir, read_config
from zhenfen.estimators.calibration import Calibration
from zhenfen.estimators.comment_model import CALIBRATION, file_name
from zhenfen.estimators.manifest import ValidationCounts
from zhenfen.estimators.text_linear import LinearTextClassifier
from zhenfen.shelf import TrainingSource
from zhenfen.text import ngrams

NOISY = "gamechat"
"""Its genuine rows choose no threshold: most of those that are flagged are adverts, and were looked at."""
POOLED = "under posts"
FEWEST_ADVERTS = 10
"""Of a source that judges: with fewer, of which Douyin holds one, a figure is about single comments."""

LABELS = LabelForm("comments", "is_advert", ("text", "platform"))


@dataclass(frozen=True)
class CommentData:
    """What the classifiers learn from.

    Attributes:
        comments: What `load_comments` gives, with is_fake (1 for an advert).
        fillers: What `load_fillers` gives.
    """

    comments: pl.DataFrame
    fillers: pl.DataFrame


@dataclass(frozen=True)
class FittedComments:
    """The classifiers, and rows with probabilities by models that had not seen them.

    Attributes:
        classifiers: Kind → classifier, of adverts trained on all comments that ship, of talk on all of `fillers`.
        calibrations: Kind → map from scores to probabilities.
        comments: All comments with within and across; within is null where the source has no adverts.
        talk: Kind of talk → source, platform, is_fake, twin, across; jd among them.
    """

    classifiers: Mapping[str, LinearTextClassifier]
    calibrations: Mapping[str, Calibration]
    comments: pl.DataFrame
    talk: Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class JudgedComments:
    """What the probabilities show.

    Attributes:
        adverts: Of the sources that hold enough of both labels.
        under_posts: View → figures of the labelled comments under posts, all together.
        talk: Kind of talk → source → figures, by models that did not know the source.
        thresholds: Kind → probability from which a comment is flagged.
    """

    adverts: Judged
    under_posts: Mapping[str, Mapping[str, Figure]]
    talk: Mapping[str, Figures]
    thresholds: Mapping[str, float]


@dataclass(frozen=True)
class CommentRecipe(Recipe[CommentConfig, CommentData, FittedComments, JudgedComments]):
    """Three lines over character n-grams: adverts, fillers and short praise.

    Attributes:
        n_trials: `--tune N`.
        audits: Comments labelled at the desk, a file or a folder of them.
        labels: Labels of a file to learn from too.
    """

    n_trials: int = 0
    audits: Path | None = None
    labels: OwnLabels | None = None

    @cached_property
    def choosers(self) -> Sequence[Chooser[Any]]:
        """The search for adverts, that for fillers and that for praise."""
        folds, seed = self.config.n_folds, self.config.seed
        searches: dict[str, Any] = {"advert": partial(judge_adverts, n_folds=folds, seed=seed)}
        searches |= {kind: partial(judge_talk, n_folds=folds, seed=seed, kind=kind) for kind in TALK_KINDS}
        return [
            make_chooser(f"comment {kind}", search, "comment", self.n_trials, seed) for kind, search in searches.items()
        ]

    def data(self, folder: Path) -> tuple[CommentData, list[TrainingSource]]:
        """Comments, and texts labelled as fillers and praise, most of them weakly."""
        is_fake = (pl.col("label") == "advert").cast(pl.Int8)
        labelled, more, own = None, [], self.labels
        if self.audits is not None:
            labelled, source = take_comments(read_text_audits(self.audits, "comment"))
            more = [source]
        more += [own.source] if own else []
        comments = load_comments(folder, labelled, with_judges=True, own=own.rows if own else None)
        comments = comments.with_columns(is_fake=is_fake)
        sources = describe_sets((one for one in SOURCES if one.ships), comments, folder)
        return CommentData(comments, load_fillers(folder, labelled)), [*sources, *more]

    def fit(self, data: CommentData) -> FittedComments:
        """Of either classifier: scores over sources left out, a map fitted on them, and the classifier of all rows."""
        choose_advert, *choosers = self.choosers
        advert, advert_map, comments = fit_adverts(data.comments, self.config, choose_advert)
        classifiers, maps, talk = {"advert": advert}, {"advert": advert_map}, {}
        for kind, choose in zip(TALK_KINDS, choosers, strict=True):
            classifiers[kind], maps[kind], talk[kind] = fit_kind(data, kind, self.config, choose)
        return FittedComments(classifiers, maps, comments, talk)

    def evaluate(self, data: CommentData, fitted: FittedComments) -> JudgedComments:
        """Thresholds that genuine rows allow, and figures of the sources with enough of both labels."""
        config, comments = self.config, fitted.comments
        thresholds, talk = {"advert": choose_advert_threshold(comments, config.advert)}, {}
        for kind, rows in fitted.talk.items():
            others = rows.filter((pl.col("is_fake") == 0) & ~pl.col("source").is_in((JD.name, AUDITS)))
            most = getattr(config, kind).most_false_alarms
            thresholds[kind] = choose_threshold(others, others["across"].to_numpy(), most)
            judging = with_both_labels(pool_under_posts(rows))
            talk[kind] = evaluate(judging, judging["across"].to_numpy(), thresholds[kind], config.seed)
        judged = judge(with_enough_adverts(comments), thresholds["advert"], config.seed)
        pooled = pool_under_posts(comments.filter(pl.col("source").is_in(UNDER_POSTS)))
        under_posts = {
            view: evaluate(pooled, pooled[view].to_numpy(), thresholds["advert"], config.seed)[POOLED]
            for view in VIEWS
            if pooled.height
        }
        return JudgedComments(judged, under_posts, talk, thresholds)

    def export(
        self, data: CommentData, fitted: FittedComments, judged: JudgedComments, sources: Sequence[TrainingSource]
    ) -> Export:
        """Both lines; the card says what is flagged and what is found of every source."""
        threshold = judged.thresholds["advert"]
        about = judged.adverts.to_manifest()
        kinds = {"advert": _describe_kind(threshold, about["validations"], about["validations_across"])}
        for kind, rows in fitted.talk.items():
            # Two readers' labels alone: weak ones say how a kind was taught, not how well it is found.
            labelled = with_both_labels(
                pool_under_posts(rows).filter(source=POOLED).with_columns(platform=pl.lit("all"))
            )
            counts = count_flagged(labelled, labelled["across"].to_numpy(), judged.thresholds[kind])
            kinds[kind] = _describe_kind(judged.thresholds[kind], (), counts)
        flagged = flagged_shares(fitted.comments, threshold, "source")
        rows = fitted.comments
        return Export(
            files={
                **{file_name(kind): classifier.save for kind, classifier in fitted.classifiers.items()},
                CALIBRATION: lambda path: write_calibrations(path, fitted.calibrations),
            },
            manifest={
                **about,
                "features": (),
                "feature_code": hash_file(Path(ngrams.__file__)),
                "platforms": sorted(rows["platform"].unique()),
                "domain": {},
                "kinds": kinds,
                "metrics": {
                    **about["metrics"],
                    "under_posts": round_figures(judged.under_posts),
                    **{kind: round_figures(figures) for kind, figures in judged.talk.items()},
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


def fit_kind(
    data: CommentData, kind: str, config: CommentConfig, choose: Chooser[Any]
) -> tuple[LinearTextClassifier, Calibration, pl.DataFrame]:
    """The classifier of a kind of talk, its map, and all rows and jd's with probabilities by models unaware of them."""
    rows, own = mark_kind(data.fillers, kind), getattr(config, kind)
    scores = score_talk_left_out(rows, leave_sources_out(rows), own, config.seed, kind=kind, choose=choose)
    calibration = calibrate(rows, scores, own.calibration)
    classifier = fit_talk(rows, kind, choose(rows, own), config.seed)
    # jd's own label, short empty praise, only judges.
    jd = data.comments.filter(source=JD.name).with_columns(is_fake=pl.col("part").cast(pl.Int8))
    on_jd = classifier.decision_function(jd["normalised"])
    columns = ("source", "normalised", "is_fake", "twin")
    judged = pl.concat((rows.select(columns), jd.select(columns))).with_columns(
        platform=pl.col("source").replace({one.name: one.platform for one in SOURCES}),
        across=pl.Series(calibration.apply(np.concatenate((scores, on_jd)))),
    )
    return classifier, calibration, judged


def choose_advert_threshold(comments: pl.DataFrame, config: AdvertConfig) -> float:
    """The lowest probability from which genuine comments are flagged no more often than the configuration allows.

    Of the comments under posts that two readers called genuine, each scored by a model without its post, author and
    near-duplicates, `most_false_alarms` together and `most_of_a_source` of each platform; of the genuine rows of every
    other source that ships, scored by a model without that source, `most_of_a_source`.
    """
    # Of the few of the desk one alone would be the limit.
    unfit = pl.col("source").is_in((NOISY, AUDITS))
    genuine = comments.filter(pl.col("ships") & (pl.col("is_fake") == 0) & ~unfit)
    labelled = pl.col("source").is_in(UNDER_POSTS)
    under, others = genuine.filter(labelled, pl.col("part") == "genuine"), genuine.filter(~labelled)
    asked = [(others, "across", config.most_of_a_source)]
    if under.height:
        asked += [
            (under, "within", config.most_of_a_source),
            (pool_under_posts(under), "within", config.most_false_alarms),
        ]
    return max(choose_threshold(rows, rows[view].to_numpy(), most) for rows, view, most in asked)


def pool_under_posts(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with one source for the labelled comments under posts of all platforms."""
    return rows.with_columns(
        source=pl.when(pl.col("source").is_in(UNDER_POSTS)).then(pl.lit(POOLED)).otherwise("source")
    )


def with_enough_adverts(comments: pl.DataFrame) -> pl.DataFrame:
    """Rows of the sources that hold genuine comments and FEWEST_ADVERTS adverts."""
    n_adverts = pl.col("is_fake").cast(pl.Int64).sum().over("source")
    return with_both_labels(comments).filter(n_adverts >= FEWEST_ADVERTS)


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
        "## Adverts under posts, all platforms together: post, author and near-duplicates unseen; platform unseen",
        figures_table(judged.under_posts),
        *(
            part
            for kind, figures in judged.talk.items()
            for part in (
                f"## {kind.capitalize()}: sources it had never seen (weak labels; under posts, two readers';"
                " of jd its own, short empty praise, which only judges)",
                figures_table(figures),
            )
        ),
        "Figures are at even shares of both labels, with 95 % intervals over resampled comments (near-duplicates"
        " together).",
    )


def make_recipe(options: Namespace) -> CommentRecipe:
    """The recipe that was asked for."""
    config = read_config(config_dir() / "models" / "comment.yaml", CommentConfig)
    return CommentRecipe(config, options.tune, options.with_audits, take_labels(options, LABELS))


def main() -> None:
    """Read the options and run."""
    parser = make_parser("comment", __doc__)
    add_audits(parser)
    add_labels_option(parser)
    add_option(parser)
    run_command(parser, make_recipe)


if __name__ == "__main__":
    main()
