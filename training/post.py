"""The post model: train on the public sets of posts, judge, track, and put on the shelf.

Run: python -m training.post [--with-audits PATH] [--labels FILE.csv] [--map COLUMN=HEADING] [--tune N]
     [--tracking-uri URI]
"""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

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
from training.held_out import make_held_out
from training.labels import LabelForm, OwnLabels, add_labels_option, take_labels
from training.paid import BY_BOTH, MARKS, FittedPaid, fit_paid, load_marks
from training.post_fit import (
    BASELINES,
    THRESHOLD_SOURCES,
    PostConfig,
    calibrate,
    calibrate_shared,
    find_spreads,
    fit_kind_lines,
    fit_lines,
    is_organic,
    judge_across,
    leave_genres_out,
    score_baseline,
    score_left_out,
)
from training.post_lessons import Lessons, make_lessons
from training.post_truth import Table, agree, compare
from training.posts import SOURCES, UNDECIDED, load_posts
from training.recipe import Export, Recipe, run_command
from training.shelf import DOMAIN_QUANTILES, hash_file
from training.split import Mask, make_folds, outside
from training.text_audits import add_audits, read_text_audits, take_posts
from training.tune import Chooser, add_option, make_chooser
from zhenfen.config import config_dir, read_config
from zhenfen.estimators import post_text
from zhenfen.estimators.calibration import Calibration
from zhenfen.estimators.manifest import EncoderManifest
from zhenfen.estimators.post_classifier import KINDS, PostClassifier, round_weights
from zhenfen.estimators.post_heads import HEADS, SHARED, VectorHeads, choose_heads, pick_heads
from zhenfen.estimators.post_model import BOTH, CALIBRATION, LETTERS, PAID, PROBE, VECTORS, WEIGHTS, apply_maps
from zhenfen.estimators.post_text import LISTS
from zhenfen.estimators.post_windows import blend_neighbours
from zhenfen.estimators.text_encoder import EncoderConfig, TextEncoder
from zhenfen.shelf import TrainingSource

Array = npt.NDArray[np.float64]

LABELS = LabelForm("posts", "is_sponsored", ("text", "platform"))


@dataclass(frozen=True)
class PostData:
    """What the heads are taught by.

    Attributes:
        rows: As `load_posts` gives them.
        lessons: Of these.
        marks: As `load_marks` gives them.
        marked: The lessons of these.
        probe: The encoder's vector of PROBE.
    """

    rows: pl.DataFrame
    lessons: Lessons
    marks: pl.DataFrame
    marked: Lessons
    probe: Array


@dataclass(frozen=True)
class FittedPosts:
    """The model, and scores by models that had not seen the row.

    Attributes:
        classifier: Heads over letters, taught by all rows.
        vectors: Heads over vectors, taught by all rows.
        paid: The paid head and its figures.
        calibrations: Head → LETTERS or BOTH → from its scores to probabilities.
        within: Probabilities by heads that knew the genre, not the creator, as posts are read in use, shape (n,).
        letters: The same by the letters alone, shape (n,).
        across: By the shared head that did not know the genre, shape (n,).
        slices: y, twin, source and score of the windows of transcripts, creators left out.
        kinds: Result of `confuse_kinds`.
    """

    classifier: PostClassifier
    vectors: VectorHeads
    paid: FittedPaid
    calibrations: Mapping[str, Mapping[str, Calibration]]
    within: Array
    letters: Array
    across: Array
    slices: pl.DataFrame
    kinds: pl.DataFrame


@dataclass(frozen=True)
class PostRecipe(Recipe[PostConfig, PostData, FittedPosts, Judged]):
    """Lines over letters and over the vectors of an encoder, one for each genre.

    Attributes:
        reading: The encoder.
        n_trials: `--tune N`.
        audits: Posts labelled at the desk, a file or a folder of them.
        labels: Labels of a file to learn from too.
    """

    reading: EncoderConfig
    n_trials: int = 0
    audits: Path | None = None
    labels: OwnLabels | None = None

    @cached_property
    def choosers(self) -> Sequence[Chooser[PostConfig]]:
        """One search, of the penalty."""
        return (make_chooser(self.config.name, judge_across, "post", self.n_trials, self.config.seed),)

    def data(self, folder: Path) -> tuple[PostData, list[TrainingSource]]:
        """Rows of all sources, read by the encoder."""
        labelled, more, own = None, [], self.labels
        if self.audits is not None:
            labelled, source = take_posts(read_text_audits(self.audits, "post"))
            more = [source]
        more += [own.source] if own else []
        rows = load_posts(folder, labelled, own.rows if own else None)
        marks, encoder = load_marks(folder), TextEncoder.load(self.reading)
        sources = [*describe_sets(SOURCES, rows, folder), *describe_sets([MARKS], marks, folder), *more]
        lessons, marked = (make_lessons(one["text"], encoder) for one in (rows, marks))
        probe = encoder.embed(pl.Series([PROBE]))[0][0].astype(np.float64)
        return PostData(rows, lessons, marks, marked, probe), sources

    def fit(self, data: PostData) -> FittedPosts:
        """Scores over folds and over genres left out, maps fitted on both, and the heads of all rows."""
        rows, lessons, config = data.rows, data.lessons, self.config

        def choose(taught: pl.DataFrame) -> PostConfig:
            return self.choosers[0](taught, config)

        folds = make_folds(rows.with_columns(source="genre"), config.n_folds, config.seed)
        within = score_left_out(rows, lessons, folds, HEADS, choose)
        across = score_left_out(rows, lessons, leave_genres_out(rows), (SHARED,), choose)
        spreads = find_spreads(rows, within)
        within, across = within / spreads, across / spreads[:, :1]
        n, heads = rows.height, choose_heads(rows["platform"], rows["text"])
        maps = {LETTERS: calibrate(rows, within[:n, 0], across[:n, 0, 0], config)}
        both, both_across = within.sum(axis=1), across.sum(axis=1)[:n, 0]
        maps[BOTH] = calibrate(rows, both[:n], both_across, config)
        calibrations = {head: {name: found[head] for name, found in maps.items()} for head in HEADS}
        slices = (rows["genre"] == "transcripts").to_numpy()[lessons.owner[n:]]
        lines = fit_lines(rows, lessons, np.ones(n, dtype=bool), choose(rows), HEADS)
        letters, vectors = (spread[:, None] for spread in spreads)
        kinds, kind_bases = fit_kind_lines(rows, lessons, np.ones(n, dtype=bool), config)
        return FittedPosts(
            PostClassifier(round_weights(lines.letters / letters), lines.letter_bases / spreads[0], kinds, kind_bases),
            VectorHeads(round_weights(lines.vectors / vectors), lines.vector_bases / spreads[1], data.probe),
            fit_paid(data.marks, data.marked, config),
            calibrations,
            apply_maps(calibrations, BOTH, pick_heads(both[:n], heads), heads),
            apply_maps(calibrations, LETTERS, pick_heads(within[:n, 0], heads), heads),
            calibrate_across(rows, both[:n, 0], both_across, config),
            take_slices(rows, lessons, both[n:, HEADS.index("transcripts")], slices, maps[BOTH]["transcripts"]),
            confuse_kinds(rows, lessons, config),
        )

    def evaluate(self, data: PostData, fitted: FittedPosts) -> Judged:
        """Figures on the rows about which the readers agree, at the threshold that the organic posts allow."""
        organic = is_organic(data.rows)
        most = self.config.most_false_alarms
        threshold = choose_threshold(data.rows.filter(pl.Series(organic)), fitted.within[organic], most)
        rows = data.rows.with_columns(is_fake="y", within=pl.Series(fitted.within), across=pl.Series(fitted.across))
        return judge(rows.filter(pl.col("y") != UNDECIDED), threshold, self.config.seed)

    def export(self, data: PostData, fitted: FittedPosts, judged: Judged, sources: Sequence[TrainingSource]) -> Export:
        """Weights and maps; the card holds baselines and what the platforms say beside it."""
        n_chars = data.rows["text"].str.len_chars()
        low, high = self.config.band
        reading = EncoderManifest(config=self.reading, low=low, high=high)
        return Export(
            files={
                WEIGHTS: fitted.classifier.save,
                VECTORS: fitted.vectors.save,
                PAID: fitted.paid.head.save,
                CALIBRATION: lambda path: path.write_text(to_json(fitted.calibrations), encoding="utf-8"),
            },
            manifest={
                "features": ("character 1-3-grams", *(f"words of {name}" for name in LISTS), "encoder"),
                "feature_code": hash_file(Path(post_text.__file__)),
                "platforms": sorted(data.rows["platform"].unique()),
                "domain": {"text_chars": tuple(float(n_chars.quantile(share) or 0) for share in DOMAIN_QUANTILES)},
                "encoder": reading.model_dump(mode="json"),
                **judged.to_manifest(),
            },
            sections=[*sources_section(sources), *self._show(data, fitted, judged)],
            held=make_held_out(
                judged.rows, ["text"], pl.col("text").str.len_chars(), *(judged.rows[view].to_numpy() for view in VIEWS)
            ),
            metrics={**judged.to_metrics(), "paid": {"auc": fitted.paid.figures[BY_BOTH][0]}},
        )

    def _show(self, data: PostData, fitted: FittedPosts, judged: Judged) -> Sequence[str]:
        rows, seed = data.rows, self.config.seed
        inputs = (rows, fitted.within, judged.threshold, seed)
        folds = list(make_folds(rows.with_columns(source="genre"), self.config.n_folds, seed))
        views = {"within": folds, "across": list(leave_genres_out(rows))}
        rivals = {view: judge_baselines(rows, parts, seed) for view, parts in views.items()}
        slices = evaluate(fitted.slices, fitted.slices["score"].to_numpy(), EVEN, seed)
        banded = {
            "letters alone": fitted.letters,
            "the encoder asked in the band": np.where(
                is_between(fitted.letters, self.config.band), fitted.within, fitted.letters
            ),
            "the encoder asked always": fitted.within,
        }
        asked = is_between(fitted.letters, self.config.band).mean()
        return (
            "## On creators it had not seen, of genres it knew",
            figures_table(judged.figures["within"]),
            "Windows of 80 characters of transcripts:",
            figures_table(slices),
            "## On genres it had never seen",
            figures_table(judged.figures["across"]),
            "## Beside plain baselines, on creators never seen (AUC)",
            rivals_table({"this model": judged.figures["within"], **rivals["within"]}),
            "## Beside plain baselines, on genres never seen (AUC)",
            rivals_table({"this model": judged.figures["across"], **rivals["across"]}),
            "Against the labels of the readers or annotators where they agree, at even shares, with 95 % intervals over"
            " resampled creators (near-duplicates together).",
            "## What the encoder adds, creators never seen (AUC)",
            rivals_table({name: evaluate_decided(rows, one, EVEN, seed) for name, one in banded.items()}),
            f"In the band of {self.config.band[0]} to {self.config.band[1]} lie {asked:.0%} of these texts.",
            "## Against the readers: what sounds paid (AUC, creators never seen; reader against reader is the ceiling)",
            show_table(agree(*inputs)),
            "## Against the platform: what was paid (AUC, creators never seen; taught by readers only)",
            show_table(compare(*inputs)),
            "## The paid head: taught by the marks of Douyin (AUC, creators never seen)",
            show_table({f"{data.marks.height:,} posts, {data.marks['is_fake'].sum()} marked": fitted.paid.figures}),
            f"## At the threshold {judged.threshold}",
            f"At most {self.config.most_false_alarms:.0%} of the organic posts of {', '.join(THRESHOLD_SOURCES)} are"
            " flagged, by models that had not seen the creator.",
            show_flagged(judged),
            "## Kind of what sounds sponsored (rows: first reader; columns: out of fold)",
            show_kinds(fitted.kinds),
        )


def calibrate_across(rows: pl.DataFrame, scores: Array, shared: Array, config: PostConfig) -> Array:
    """Probabilities of the scores `shared`, shape (n,), each genre's by a map that was fitted without it."""
    probas = np.full(rows.height, np.nan)
    for _, held in leave_genres_out(rows):
        rest = rows.filter(pl.Series(~held))
        probas[held] = calibrate_shared(rest, scores[~held], shared[~held], config).apply(shared[held])
    return probas


def take_slices(
    rows: pl.DataFrame, lessons: Lessons, scores: Array, is_slice: Mask, calibration: Calibration
) -> pl.DataFrame:
    """source, y, is_fake, twin and score (a probability, neighbours blended in) of windows.

    Args:
        rows: Texts.
        lessons: Of these.
        scores: Of all windows, shape (n_windows,).
        is_slice: Which are taken.
        calibration: From scores to probabilities.
    """
    owner = lessons.owner[lessons.n_texts :][is_slice]
    taken = rows.select("y", "is_fake", "twin")[owner]
    blended = blend_neighbours(scores[is_slice], owner)
    return taken.with_columns(source=pl.lit("slices"), score=pl.Series(calibration.apply(blended)))


def is_between(values: Array, ends: tuple[float, float]) -> Mask:
    """Which values lie between the ends, these included."""
    return np.asarray((values >= ends[0]) & (values <= ends[1]), dtype=np.bool_)


def to_json(maps: Mapping[str, Mapping[str, Calibration]]) -> str:
    """The maps as the shelf holds them."""
    held = {head: {name: one.to_dict() for name, one in found.items()} for head, found in maps.items()}
    return json.dumps(held, indent=1) + "\n"


def judge_baselines(rows: pl.DataFrame, parts: Sequence[tuple[str, Mask]], seed: int) -> dict[str, Figures]:
    """Figures of every baseline on rows left out."""
    return {
        name: evaluate_decided(rows, score_baseline(rows, parts, score), EVEN, seed)
        for name, score in BASELINES.items()
    }


def evaluate_decided(rows: pl.DataFrame, probas: Array, threshold: float, seed: int) -> Figures:
    """Figures of each source on the rows about which the readers agree."""
    decided = (rows["y"] != UNDECIDED).to_numpy()
    return evaluate(rows.filter(pl.Series(decided)), probas[decided], threshold, seed)


def confuse_kinds(rows: pl.DataFrame, lessons: Lessons, config: PostConfig) -> pl.DataFrame:
    """kind (the first reader's), found (out of fold), source and n, of posts that sound sponsored to both readers."""
    found = np.full(rows.height, "", dtype="<U16")
    X = lessons.X[: rows.height]
    for _, held in make_folds(rows.with_columns(source="genre"), config.n_folds, config.seed):
        weights, bases = fit_kind_lines(rows, lessons, outside(rows, held), config)
        found[held] = np.array(KINDS)[np.asarray(X[held] @ weights.T + bases).argmax(axis=1)]
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
    config = read_config(config_dir() / "models" / "post.yaml", PostConfig)
    reading = read_config(config_dir() / "models" / "encoder.yaml", EncoderConfig)
    return PostRecipe(config, reading, options.tune, options.with_audits, take_labels(options, LABELS))


def main() -> None:
    """Read the options and run."""
    parser = make_parser("post", __doc__)
    add_audits(parser)
    add_labels_option(parser)
    add_option(parser)
    run_command(parser, make_recipe)


if __name__ == "__main__":
    main()
