"""The audience model: train on the labelled sets of profiles, judge, track, and put on the shelf.

Run: python -m training.audience [--with-audits DIR] [--tune N] [--tracking-uri URI]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from training.audits import load_audits
from training.baselines import BASELINES, score_baseline
from training.card import Figures, make_card
from training.command import make_parser, show_trained
from training.datasets import data_dir, describe_sets
from training.evaluate import count_flagged, evaluate, mean_of, round_figures, take_points, worst_of
from training.fit import (
    ModelConfig,
    calibrate_apart,
    fit_calibrations,
    fit_classifier,
    score_held_out,
    write_calibrations,
)
from training.held_out import make_held_out
from training.inner import across_sources
from training.profiles import SOURCES, load_profiles, mark_twins
from training.publish import publish
from training.shelf import Trained, find_domain, hash_file
from training.split import leave_sources_out, make_folds
from training.tracking import track
from training.tune import Chooser, Tuner, add_option, keep, load_spaces, with_lines
from zhenfen.config import config_dir, models_dir, read_config
from zhenfen.features.audience import profile
from zhenfen.features.audience.profile import PROFILE_FEATURES
from zhenfen.shelf import TrainingSource

Array = npt.NDArray[np.float64]

EVEN = 0.5
FOLLOWERS = 10 ** pl.col("profile_followers_log10") - 1
NOTES = """\
P(a profile is not a real person's), from what anybody can see of it: counts, name, page, and its posts where they were
read. For the share of such profiles in a sample, corrected for the errors below; never for a decision about one person.

How it was chosen: features, signs and size were picked by the very tables below (docs/experiments/audience.md), so
these flatter it a little.

Within the sources a random forest on all features is better (Twitter AUC .81, fans .99); across sources it is worse,
and that is how this is used.

Known failures:
- On a platform it has not seen, the order is better than the level: all scores may be shifted, and at the threshold
  nearly everybody (Instagram) or nobody (Twitter) is flagged: MCC 0 below. Shares from there need audit labels.
- Twitter accounts with 1,000 followers and more (Gilani et al.): automated ones post more, not less. A model that has
  not seen them is hardly better than a coin there.
- Genuine newcomers and silent readers: few posts and few followers are what it goes by.
- Weibo fans are those of one celebrity, where the fakes look alike; the Weibo spammers were chosen by somebody unknown.
- Xiaohongshu, Douyin, Bilibili and Kuaishou have no labelled set: scores there are marked as out of its domain.
- Probabilities are calibrated to even shares; where fakes are rare they are too high (`expectation_maximised` moves
  them).
"""


@dataclass(frozen=True)
class Judged:
    """Held-out probabilities of all rows, and the figures they make.

    Attributes:
        within: By models that knew the source, shape (n,).
        across: By models that did not, shape (n,).
        figures_within: Source → figures.
        figures_across: Source → figures.
    """

    within: Array
    across: Array
    figures_within: Figures
    figures_across: Figures


def ingest(folder: Path, audits: Path | None) -> tuple[pl.DataFrame, list[TrainingSource]]:
    """Rows of all sources with near-duplicates marked, and what they are.

    Raises:
        InputError: The audits cannot be used.
    """
    rows = load_profiles(folder, SOURCES)
    sources = describe_sets(SOURCES, rows, folder)
    if audits is not None:
        labelled, source = load_audits(audits)
        rows, sources = pl.concat((rows, labelled)), [*sources, source]
    return mark_twins(rows), sources


def train(
    rows: pl.DataFrame,
    sources: Sequence[TrainingSource],
    config: ModelConfig,
    rivals: Mapping[str, Figures],
    choose: Chooser[ModelConfig] = keep,
) -> tuple[Trained, Judged]:
    """Split, fit, calibrate and evaluate.

    Args:
        rows: What `load_profiles` gives.
        sources: Where they come from.
        config: How to train.
        rivals: Figures of the baselines, for the card.
        choose: Gives the configuration of every fit, those that judge among them.
    """
    within, folds = score_held_out(rows, make_folds(rows, config.n_folds, config.seed), config, choose)
    across, names = score_held_out(rows, leave_sources_out(rows), config, choose)
    known = calibrate_apart(rows, within, folds, config, by_platform=True)
    unknown = calibrate_apart(rows, across, names, config, by_platform=False)
    figures = (evaluate(rows, probas, config.threshold, config.seed) for probas in (known, unknown))
    judged = Judged(known, unknown, *figures)
    title = f"{config.name} {config.version}"
    card = make_card(title, NOTES, sources, within=judged.figures_within, across=judged.figures_across, rivals=rivals)
    calibrations = fit_calibrations(rows, within, across, config)
    trained = Trained(
        {
            "model.txt": fit_classifier(rows, choose(rows, config)).save,
            "calibration.json": lambda path: write_calibrations(path, calibrations),
        },
        _describe(rows, sources, judged, config),
        card,
    )
    return trained, judged


def judge_across(rows: pl.DataFrame) -> Callable[[ModelConfig], float]:
    """What `--tune` goes by: AUC on sources left out of these rows."""

    def judge(config: ModelConfig) -> float:
        return across_sources(rows, lambda parts: score_held_out(rows, parts, config)[0], config.n_folds, config.seed)

    return judge


def make_tuner(n_trials: int, config: ModelConfig) -> Tuner[ModelConfig]:
    """The search of `--tune N`.

    Raises:
        ConfigError: See `tune.load_spaces`.
    """
    return Tuner(config.name, judge_across, load_spaces(n_trials).trees, n_trials, config.seed)


def judge_baselines(rows: pl.DataFrame, config: ModelConfig) -> dict[str, Figures]:
    """Figures of every baseline on sources left out; each reads all features there are."""
    return {
        name: evaluate(
            rows,
            score_baseline(rows, leave_sources_out(rows), PROFILE_FEATURES, make, config.seed),
            config.threshold,
            config.seed,
        )
        for name, make in BASELINES.items()
    }


def _describe(
    rows: pl.DataFrame, sources: Sequence[TrainingSource], judged: Judged, config: ModelConfig
) -> dict[str, Any]:
    """What model.yaml says, but for the files and where the code came from."""
    return {
        "name": config.name,
        "version": config.version,
        "trained_on": [one.model_dump() for one in sources],
        "features": config.features,
        "feature_code": hash_file(Path(profile.__file__)),
        "threshold": config.threshold,
        "training_share": EVEN,
        "platforms": sorted(rows["platform"].unique()),
        "domain": find_domain(rows, config.features),
        "validations": count_flagged(rows, judged.within, config.threshold),
        "validations_across": count_flagged(rows, judged.across, config.threshold),
        "metrics": {"within": round_figures(judged.figures_within), "across": round_figures(judged.figures_across)},
    }


def run(
    config: ModelConfig,
    folder: Path,
    shelf: Path,
    tracking_uri: str,
    audits: Path | None,
    *,
    tuner: Tuner[ModelConfig] | None = None,
) -> Path:
    """One tracked training from the data to the shelf; returns the shelf's folder.

    Raises:
        ConfigError: The tracking store does not answer, or a folder cannot be written.
        InputError: The audits cannot be used.
    """
    with track(config.name, tracking_uri) as tracked:
        rows, sources = ingest(folder, audits)
        tracked.log_params({**config.model_dump(exclude={"params"}), **asdict(config.params)})
        tracked.set_sources(sources)
        trained, judged = train(rows, sources, config, judge_baselines(rows, config), tuner or keep)
        if tuner is not None:
            tracked.log_params({"tuned": tuner.to_params()})
            trained = with_lines(trained, tuner)
        held = make_held_out(rows, ["profile_id"], FOLLOWERS, judged.within, judged.across)
        return publish(tracked, trained, held, _headline(judged), shelf=shelf, place=config)


def _headline(judged: Judged) -> dict[str, Any]:
    sets = {"within": judged.figures_within, "across": judged.figures_across}
    values = {kind: take_points(figures) for kind, figures in sets.items()}
    summary = {
        kind: {"mean_auc": mean_of(figures, "auc"), "worst_auc": worst_of(figures, "auc")}
        for kind, figures in sets.items()
    }
    return {kind: {**values[kind], **summary[kind]} for kind in sets}


def main() -> None:
    """Read the options and run."""
    parser = make_parser("audience", __doc__)
    parser.add_argument("--with-audits", type=Path, metavar="DIR", help="tables with audit_labels to learn from too")
    add_option(parser)
    options = parser.parse_args()
    config = read_config(config_dir() / "models" / "audience.yaml", ModelConfig)

    def train_asked() -> Path:
        tuner = make_tuner(options.tune, config) if options.tune else None
        return run(config, data_dir(), models_dir(), options.tracking_uri, options.with_audits, tuner=tuner)

    show_trained(parser, train_asked)


if __name__ == "__main__":
    main()
