"""The audience model: train on the labelled sets of profiles, judge, track, and put on the shelf.

Run: python -m training.audience [--with-audits DIR] [--labels FILE.csv] [--map COLUMN=HEADING] [--tune N]
     [--tracking-uri URI]
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from training.audits import load_audits
from training.baselines import BASELINES, score_baseline
from training.card import make_sections
from training.command import make_parser
from training.datasets import describe_sets
from training.evaluate import Figures, Judged, judge, mean_of, worst_of
from training.fit import (
    ModelConfig,
    calibrate_apart,
    fit_calibrations,
    fit_mixture,
    score_held_out,
    write_calibrations,
)
from training.held_out import make_held_out
from training.inner import across_sources
from training.labels import LabelForm, OwnLabels, add_labels_option, take_labels
from training.profiles import JUDGES, SOURCES, UNREAD, add_unread, load_profiles, mark_twins
from training.recipe import Export, Recipe, run_command
from training.shelf import find_domain, hash_file
from training.split import Mask, leave_sources_out, make_folds
from training.tune import Chooser, add_option, make_chooser
from zhenfen.config import config_dir, read_config
from zhenfen.estimators.calibration import Calibration
from zhenfen.estimators.mixture import Mixture
from zhenfen.features.audience import profile
from zhenfen.features.audience.profile import measure_profiles
from zhenfen.shelf import TrainingSource
from zhenfen.tables import EPOCH, latest_time, time_columns

Array = npt.NDArray[np.float64]

LABELS = LabelForm("audience", "is_fake", ("profile_id", "platform"))
FOLLOWERS = 10 ** pl.col("profile_followers_log10") - 1


@dataclass(frozen=True)
class FittedAudience:
    """The model, and calibrated probabilities by models that had not seen the row.

    Attributes:
        mixture: Trained on all rows.
        calibrations: Platform → map from its scores to probabilities.
        within: By models that knew the source, shape (n,).
        across: By models that did not, shape (n,).
    """

    mixture: Mixture
    calibrations: Mapping[str, Calibration]
    within: Array
    across: Array


@dataclass(frozen=True)
class AudienceRecipe(Recipe[ModelConfig, pl.DataFrame, FittedAudience, Judged]):
    """Trees over the features of a profile.

    Attributes:
        audits: Tables with audit_labels to learn from too.
        labels: Labels of a file to learn from too.
        n_trials: `--tune N`.
    """

    audits: Path | None = None
    n_trials: int = 0
    labels: OwnLabels | None = None

    @cached_property
    def choosers(self) -> Sequence[Chooser[ModelConfig]]:
        """One search, of the trees."""
        return (make_chooser(self.config.name, judge_across, "trees", self.n_trials, self.config.seed),)

    def params(self) -> Mapping[str, Any]:
        """The configuration as it is used: the shared trees' parameters by their own names, every seed the model's."""
        config = self.config
        said = config.model_dump(exclude={"params"})
        for name, expert in config.experts.items():
            said["experts"][name]["params"] = asdict(replace(expert.params, seed=config.seed))
        return {**said, **asdict(replace(config.params, seed=config.seed))}

    def data(self, folder: Path) -> tuple[pl.DataFrame, list[TrainingSource]]:
        """Rows of all sources with near-duplicates marked."""
        rows = load_profiles(folder, (*SOURCES, *JUDGES))
        sources = describe_sets(SOURCES, rows, folder)
        if self.audits is not None:
            labelled, source = load_audits(self.audits)
            rows, sources = pl.concat((rows, labelled)), [*sources, source]
        if self.labels is not None:
            own = self.labels.rows
            measured = measure_profiles(own, latest_time(own, time_columns("audience")) or EPOCH)
            about = own.select("source", "platform", pl.col("is_fake").cast(pl.Int8))
            rows = pl.concat((rows, pl.concat((about, measured), how="horizontal")))
            sources = [*sources, self.labels.source]
        return add_unread(mark_twins(rows)), sources

    def fit(self, data: pl.DataFrame) -> FittedAudience:
        """Scores over folds and over sources left out, maps fitted on them, and the mixture of all rows."""
        config, (choose,) = self.config, self.choosers
        within, folds = score_held_out(data, make_known_parts(data, config), config, choose)
        across, names = score_held_out(data, leave_sources_out(data), config, choose)
        return FittedAudience(
            fit_mixture(data, choose(data, config)),
            fit_calibrations(data, within, across, config),
            calibrate_apart(data, within, folds, config, by_platform=True),
            calibrate_apart(data, across, names, config, by_platform=False),
        )

    def evaluate(self, data: pl.DataFrame, fitted: FittedAudience) -> Judged:
        """Figures of every source, known and never seen."""
        rows = data.with_columns(within=pl.Series(fitted.within), across=pl.Series(fitted.across))
        return judge(rows, self.config.threshold, self.config.seed)

    def export(
        self, data: pl.DataFrame, fitted: FittedAudience, judged: Judged, sources: Sequence[TrainingSource]
    ) -> Export:
        """The members, routes and maps; the card holds baselines beside it.

        A share in a sample is corrected by the errors on profiles as most samples have them, whose posts nobody read.
        """
        teaching = pl.Series(find_teaching(data, self.config))
        is_read = (data["source"] + UNREAD).is_in(data["source"].unique().to_list())
        summary = {
            view: {"mean_auc": mean_of(found, "auc"), "worst_auc": worst_of(found, "auc")}
            for view, found in judged.figures.items()
        }
        return Export(
            files={
                **fitted.mixture.writers,
                "calibration.json": lambda path: write_calibrations(path, fitted.calibrations),
            },
            manifest={
                "features": fitted.mixture.feature_names_,
                "feature_code": hash_file(Path(profile.__file__)),
                "platforms": sorted(data.filter(teaching)["platform"].unique()),
                "domain": find_domain(data.filter(teaching), fitted.mixture.feature_names_),
                **replace(judged, rows=judged.rows.filter(teaching & ~is_read)).to_manifest(),
            },
            sections=make_sections(sources, judged, judge_baselines(data, self.config)),
            held=make_held_out(data, ["profile_id"], FOLLOWERS, fitted.within, fitted.across),
            metrics={view: {**found, **summary[view]} for view, found in judged.to_metrics().items()},
        )


def judge_across(rows: pl.DataFrame) -> Callable[[ModelConfig], float]:
    """What `--tune` goes by: AUC on sources left out of these rows."""

    def quality(config: ModelConfig) -> float:
        return across_sources(rows, lambda parts: score_held_out(rows, parts, config)[0], config.n_folds, config.seed)

    return quality


def judge_baselines(rows: pl.DataFrame, config: ModelConfig) -> dict[str, dict[str, Figures]]:
    """View → figures of every baseline, on the rows that judge the model."""
    parts = {"within": list(make_known_parts(rows, config)), "across": list(leave_sources_out(rows))}
    teaching = find_teaching(rows, config)
    found: dict[str, dict[str, Figures]] = {view: {} for view in parts}
    for name in BASELINES:
        scores = {view: score_baseline(name, rows, held, teaching, config.seed) for view, held in parts.items()}
        judged = judge(
            rows.with_columns(**{view: pl.Series(one) for view, one in scores.items()}), config.threshold, config.seed
        )
        for view, figures in judged.figures.items():
            found[view][name] = figures
    return found


def find_teaching(rows: pl.DataFrame, config: ModelConfig) -> Mask:
    """Rows that something may be learned from, shape (n,)."""
    return np.asarray(~rows["source"].is_in(config.judges).to_numpy(), dtype=np.bool_)


def make_known_parts(rows: pl.DataFrame, config: ModelConfig) -> Iterator[tuple[str, Mask]]:
    """Folds of the sources that teach: within them nothing judges that taught nothing."""
    teaching = find_teaching(rows, config)
    return ((name, held & teaching) for name, held in make_folds(rows, config.n_folds, config.seed))


def make_recipe(options: Namespace) -> AudienceRecipe:
    """The recipe that was asked for."""
    config = read_config(config_dir() / "models" / "audience.yaml", ModelConfig)
    return AudienceRecipe(config, options.with_audits, options.tune, take_labels(options, LABELS))


def main() -> None:
    """Read the options and run."""
    parser = make_parser("audience", __doc__)
    parser.add_argument("--with-audits", type=Path, metavar="DIR", help="tables with audit_labels to learn from too")
    add_labels_option(parser)
    add_option(parser)
    run_command(parser, make_recipe)


if __name__ == "__main__":
    main()
