"""The comment model: train on the public sets of comments, judge, track, and put on the shelf.

Run: python -m training.comment [--tracking-uri URI] [--encoder FILE] [--tune N]
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from training.card import Figures, figures_table, make_table
from training.command import make_parser, show_trained
from training.comment_fit import (
    AdvertConfig,
    CommentConfig,
    EncoderConfig,
    FillerConfig,
    calibrate,
    choose_threshold,
    fit_advert,
    fit_filler,
    judge_adverts,
    judge_fillers,
    score_fillers_left_out,
    score_left_out,
    with_encoder,
)
from training.comments import JD, SOURCES, load_comments
from training.datasets import data_dir, describe_sets
from training.evaluate import count_flagged, evaluate, round_figures, take_points
from training.fillers import load_fillers
from training.fit import write_calibrations
from training.held_out import make_held_out
from training.publish import publish
from training.shelf import Trained, hash_file
from training.split import leave_sources_out, make_folds
from training.tracking import track
from training.tune import Chooser, Tuner, add_option, keep, load_spaces, with_lines
from zhenfen.config import config_dir, models_dir, read_config
from zhenfen.estimators.calibration import Calibration
from zhenfen.estimators.cascade import CascadeClassifier
from zhenfen.estimators.comment_model import CALIBRATION, file_name
from zhenfen.estimators.manifest import ValidationCounts
from zhenfen.estimators.text_encoder import FILES as ENCODER_FILES
from zhenfen.estimators.text_encoder import TextEncoder
from zhenfen.estimators.text_linear import LinearTextClassifier
from zhenfen.shelf import TrainingSource
from zhenfen.text import ngrams

Array = npt.NDArray[np.float64]

EVEN = 0.5
NOISY = "gamechat"
"""Its genuine rows choose no threshold: most of those that are flagged are adverts, and were looked at."""
NOTES = """\
p_advert: a comment solicits (sells, buys, recruits, lends, leads to an account, a group or an address). p_filler: it
says nothing that could not stand anywhere. Two models, two probabilities, neither of which says who wrote it or why.

How it was chosen: variants were compared by the very table of left-out sources below (docs/experiments/comment.md), so
it flatters the model a little. The threshold flags at most 1 % of the genuine rows of each source that a model had not
seen (but gamechat's); jd and douyin_xhs, from which nothing was learned, only check it.

Known failures:
- The labelled adverts are from chats (grey trades, games, cheats); what is sold under posts is known from made-up
  solicitations and a list of words alone. No labelled advert from under a post was at hand.
- Part of the game lines labelled genuine are adverts: figures on that source are too low, its false alarms too many.
- Adverts without a word of trade ("look at my name", coded words) are missed.
- Requests for help with a telephone number, people who resell one thing, and fans who gather votes are flagged.
- p_filler was taught by what many people write word for word; nobody labelled it. Short praise counts as filler, as it
  should; short answers in a talk do too, as they should not.
- Probabilities are calibrated to even shares; adverts are rarer than that, and `expectation_maximised` moves them.
"""


@dataclass(frozen=True)
class Judged:
    """Probabilities of rows that a model had not seen, and what they show.

    Attributes:
        rows: source, part, platform, label, is_fake (1 for an advert), twin, within and across (probabilities; within
            is null where the source has no adverts).
        fillers: source, platform, is_fake, twin, across; jd among them.
        thresholds: Kind → probability from which a comment is flagged.
    """

    rows: pl.DataFrame
    fillers: pl.DataFrame
    thresholds: Mapping[str, float]


class Choosers(NamedTuple):
    """Where the configuration of every fit comes from, those that judge among them."""

    advert: Chooser[AdvertConfig] = keep
    filler: Chooser[FillerConfig] = keep


KEEP = Choosers()


class Tuners(NamedTuple):
    """The searches of `--tune N`; either classifier has its own."""

    advert: Tuner[AdvertConfig]
    filler: Tuner[FillerConfig]


def make_tuners(n_trials: int, config: CommentConfig) -> Tuners:
    """The searches of `--tune N`.

    Raises:
        ConfigError: See `tune.load_spaces`.
    """
    space = load_spaces(n_trials).comment
    folds, seed = config.n_folds, config.seed
    return Tuners(
        Tuner("comment advert", partial(judge_adverts, n_folds=folds, seed=seed), space, n_trials, seed),
        Tuner("comment filler", partial(judge_fillers, n_folds=folds, seed=seed), space, n_trials, seed),
    )


def ingest(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame, list[TrainingSource]]:
    """Comments, texts weakly labelled as fillers, and what they come from."""
    comments = load_comments(folder, with_judges=True).with_columns(is_fake=(pl.col("label") == "advert").cast(pl.Int8))
    sources = describe_sets((one for one in SOURCES if one.ships), comments, folder)
    return comments, load_fillers(folder), sources


def train(
    comments: pl.DataFrame,
    fillers: pl.DataFrame,
    sources: Sequence[TrainingSource],
    config: CommentConfig,
    choosers: Choosers | Tuners = KEEP,
) -> tuple[Trained, Judged]:
    """Split, fit, calibrate and evaluate.

    Args:
        comments: What `load_comments` gives, with is_fake.
        fillers: What `load_fillers` gives.
        sources: Where they come from.
        config: How to train.
        choosers: Give the configuration of every fit.
    """
    advert, advert_map, rows = _train_advert(comments, config, choosers.advert)
    filler, filler_map, judged_fillers = _train_filler(fillers, comments, config, choosers.filler)
    genuine = rows.filter(pl.col("ships") & (pl.col("is_fake") == 0) & (pl.col("source") != NOISY))
    single = judged_fillers.filter((pl.col("is_fake") == 0) & (pl.col("source") != JD.name))
    thresholds = {
        "advert": choose_threshold(genuine, genuine["across"].to_numpy(), config.advert.most_false_alarms),
        "filler": choose_threshold(single, single["across"].to_numpy(), config.filler.most_false_alarms),
    }
    judged = Judged(rows, judged_fillers, thresholds)
    maps = {"advert": advert_map, "filler": filler_map}
    files = {
        **_advert_files(advert),
        file_name("filler"): filler.save,
        CALIBRATION: lambda path: write_calibrations(path, maps),
    }
    return Trained(files, _describe(judged, sources, config), _make_card(judged, sources, config)), judged


def _advert_files(advert: LinearTextClassifier | CascadeClassifier) -> dict[str, Callable[[Path], object]]:
    """File name → what writes it, of one stage or two."""
    if isinstance(advert, LinearTextClassifier):
        return {file_name("advert"): advert.save}
    encoder = {name: partial(_write_encoder_file, advert.encoder) for name in ENCODER_FILES}
    return {file_name("advert"): advert.line.save, **encoder}


def _write_encoder_file(encoder: TextEncoder, path: Path) -> None:
    # transformers writes a folder; the shelf takes one file after the other.
    with TemporaryDirectory() as folder:
        encoder.save(Path(folder))
        shutil.copyfile(Path(folder) / path.name, path)


def _train_advert(
    comments: pl.DataFrame, config: CommentConfig, choose: Chooser[AdvertConfig]
) -> tuple[LinearTextClassifier | CascadeClassifier, Calibration, pl.DataFrame]:
    """The classifier, its map, and all rows with probabilities by models that had not seen them."""
    shipped = comments.filter("ships")
    scores = score_left_out(shipped, leave_sources_out(shipped), config.advert, config.seed, choose)
    calibration = calibrate(shipped, scores, config.advert.calibration)
    across = calibration.apply(scores)
    both = shipped.filter(pl.col("label").n_unique().over("source") > 1)
    folded = score_left_out(shipped, _fold_sources(shipped, both, config), config.advert, config.seed, choose)
    classifier = fit_advert(shipped, choose(shipped, config.advert), config.seed)
    judges = comments.filter(~pl.col("ships"))
    asked = calibration.apply(classifier.decision_function(judges["normalised"]))
    rows = pl.concat(
        (
            shipped.with_columns(across=pl.Series(across), within=pl.Series(calibration.apply(folded)).fill_nan(None)),
            judges.with_columns(across=pl.Series(asked), within=pl.lit(None, pl.Float64)),
        )
    )
    return classifier, calibration, rows


def _fold_sources(shipped: pl.DataFrame, both: pl.DataFrame, config: CommentConfig) -> Any:
    """Folds of the sources with both labels, as masks over all shipped rows."""
    is_both = shipped["source"].is_in(both["source"].unique().implode()).to_numpy()
    for name, held in make_folds(both, config.n_folds, config.seed):
        mask = np.zeros(shipped.height, dtype=bool)
        mask[is_both] = held
        yield name, mask


def _train_filler(
    fillers: pl.DataFrame, comments: pl.DataFrame, config: CommentConfig, choose: Chooser[FillerConfig]
) -> tuple[LinearTextClassifier, Calibration, pl.DataFrame]:
    """The classifier, its map, and the weakly labelled rows and jd's with probabilities by models unaware of them."""
    scores = score_fillers_left_out(fillers, leave_sources_out(fillers), config.filler, config.seed, choose)
    calibration = calibrate(fillers, scores, config.filler.calibration)
    classifier = fit_filler(fillers, choose(fillers, config.filler), config.seed)
    jd = comments.filter(source=JD.name).with_columns(is_fake=pl.col("part").cast(pl.Int8))
    together = pl.concat((fillers, jd.select(fillers.columns)))
    own = classifier.decision_function(jd["normalised"])
    probas = calibration.apply(np.concatenate((scores, own)))
    platform = pl.col("source").replace({one.name: one.platform for one in SOURCES})
    return classifier, calibration, together.with_columns(platform=platform, across=pl.Series(probas))


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


def judge(rows: pl.DataFrame, column: str, threshold: float, seed: int) -> Figures:
    """Figures of the sources that hold both labels, from the probabilities in `column`."""
    both = rows.filter(pl.col("is_fake").n_unique().over("source") > 1)
    return evaluate(both, both[column].to_numpy(), threshold, seed)


def _describe(judged: Judged, sources: Sequence[TrainingSource], config: CommentConfig) -> dict[str, Any]:
    """What model.yaml says, but for the files and where the code came from."""
    encoder = config.advert.encoder
    within = _count(judged.rows, "within", judged.thresholds["advert"])
    across = _count(judged.rows, "across", judged.thresholds["advert"])
    jd = _count(judged.fillers.filter(source=JD.name), "across", judged.thresholds["filler"])
    figures = {
        name: judge(judged.rows, name, judged.thresholds["advert"], config.seed) for name in ("within", "across")
    }
    return {
        "name": config.name,
        "version": config.version,
        "trained_on": [one.model_dump() for one in sources],
        "features": (),
        "feature_code": hash_file(Path(ngrams.__file__)),
        "threshold": judged.thresholds["advert"],
        "training_share": EVEN,
        "cascade": None if encoder is None else {"low": encoder.low, "blend": encoder.blend},
        "platforms": sorted(judged.rows["platform"].unique()),
        "domain": {},
        "validations": within,
        "validations_across": across,
        "kinds": {
            "advert": _kind(judged.thresholds["advert"], within, across),
            "filler": _kind(judged.thresholds["filler"], (), jd),
        },
        "metrics": {
            **{name: round_figures(found) for name, found in figures.items()},
            "filler": round_figures(judge(judged.fillers, "across", judged.thresholds["filler"], config.seed)),
            "flagged": {
                source: round(share, 5)
                for source, _, share in flagged_shares(judged.rows, judged.thresholds["advert"], "source").iter_rows()
            },
        },
    }


def _kind(threshold: float, within: Sequence[ValidationCounts], across: Sequence[ValidationCounts]) -> dict[str, Any]:
    return {
        "threshold": threshold,
        "training_share": EVEN,
        "validations": [one.model_dump() for one in within],
        "validations_across": [one.model_dump() for one in across],
    }


def _count(rows: pl.DataFrame, column: str, threshold: float) -> tuple[ValidationCounts, ...]:
    both = rows.filter(pl.col("is_fake").n_unique().over("source") > 1)
    return count_flagged(both, both[column].to_numpy(), threshold)


def _make_card(judged: Judged, sources: Sequence[TrainingSource], config: CommentConfig) -> str:
    rows, threshold = judged.rows, judged.thresholds["advert"]
    shares = [*flagged_shares(rows, threshold, "source", "part").iter_rows()]
    found = [*recalls(rows, threshold).iter_rows()]
    parts = (
        f"# {config.name} {config.version}",
        NOTES.strip(),
        "## Sources and terms",
        make_table(("source", "rows", "terms"), ((one.source, f"{one.rows:,}", one.terms) for one in sources)),
        "## Adverts: rows it had not seen, of sources it knew",
        figures_table(judge(rows, "within", threshold, config.seed)),
        "## Adverts: sources it had never seen",
        figures_table(judge(rows, "across", threshold, config.seed)),
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
        figures_table(judge(judged.fillers, "across", judged.thresholds["filler"], config.seed)),
        "Figures are at even shares of both labels, with 95 % intervals over resampled comments (near-duplicates"
        " together).",
    )
    return "\n\n".join(parts) + "\n"


def run(config: CommentConfig, folder: Path, shelf: Path, tracking_uri: str, *, tuners: Tuners | None = None) -> Path:
    """One tracked training from the data to the shelf; returns the shelf's folder.

    Raises:
        ConfigError: The tracking store does not answer, or a folder cannot be written.
    """
    with track(config.name, tracking_uri) as tracked:
        comments, fillers, sources = ingest(folder)
        tracked.log_params(config.model_dump())
        tracked.set_sources(sources)
        trained, judged = train(comments, fillers, sources, config, tuners or KEEP)
        if tuners is not None:
            tracked.log_params({"tuned": {one.name: one.to_params() for one in tuners}})
            trained = with_lines(trained, *tuners)
        probas = (judged.rows[name].to_numpy() for name in ("within", "across"))
        held = make_held_out(judged.rows, ["normalised", "label"], pl.col("text").str.len_chars(), *probas)
        return publish(tracked, trained, held, _headline(judged, config.seed), shelf=shelf, place=config)


def _headline(judged: Judged, seed: int) -> Mapping[str, Any]:
    names = ("within", "across")
    return {
        "threshold": judged.thresholds["advert"],
        **{name: take_points(judge(judged.rows, name, judged.thresholds["advert"], seed)) for name in names},
        "recall": {
            source: unseen for source, _, _, unseen in recalls(judged.rows, judged.thresholds["advert"]).iter_rows()
        },
    }


def main() -> None:
    """Read the options and run."""
    parser = make_parser("comment", __doc__)
    parser.add_argument("--encoder", type=Path, metavar="FILE", help="with a second stage, configs/models/cascade.yaml")
    add_option(parser)
    options = parser.parse_args()
    config = read_config(config_dir() / "models" / "comment.yaml", CommentConfig)

    def train_asked() -> Path:
        asked = with_encoder(config, read_config(options.encoder, EncoderConfig)) if options.encoder else config
        tuners = make_tuners(options.tune, asked) if options.tune else None
        return run(asked, data_dir(), models_dir(), options.tracking_uri, tuners=tuners)

    show_trained(parser, train_asked)


if __name__ == "__main__":
    main()
