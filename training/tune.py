"""Search for parameters of trees: nested, so that the figure reported is not the one searched by; seeded; resumable.

Whatever is fitted asks a chooser for its configuration, with the rows it may see. Without tuning the chooser gives back
the configuration as it is. With tuning it searches on these very rows, by rows held out among them: the rows that judge
the fit have no part in the search. So a figure is that of the whole procedure, search included.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field, model_validator

from training.evaluate import measure
from training.fit import ModelConfig, balance, fit_classifier, score_held_out
from training.split import Mask, leave_sources_out, make_folds
from zhenfen.config import Strict, config_dir, read_config
from zhenfen.errors import ConfigError
from zhenfen.estimators.tabular import TabularParams

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

ROOT = Path(__file__).parents[1]
LOCAL_STORE = ROOT / "out" / "tuning.db"
EVEN = 0.5

Array = npt.NDArray[np.float64]
Config = TypeVar("Config", bound=ModelConfig)
Chooser = Callable[[pl.DataFrame, Config], Config]
"""Rows that may be seen, and the configuration of the model's file → the configuration to fit with."""
Quality = Callable[[pl.DataFrame, ModelConfig], float]
"""How well a configuration does on rows held out among these; higher is better."""


def keep(rows: pl.DataFrame, config: Config) -> Config:
    """The chooser that searches nothing."""
    return config


class Range(Strict):
    """Where one parameter may lie.

    Attributes:
        low: Lowest value.
        high: Highest value.
        is_log: Whether it is drawn on the log scale.
    """

    low: float = Field(gt=0)
    high: float = Field(gt=0)
    is_log: bool

    @model_validator(mode="after")
    def _is_range(self) -> Range:
        if self.low >= self.high:
            raise ValueError(f"expected low < high, found {self.low} and {self.high}")
        return self


class Space(Strict):
    """configs/tuning.yaml: the parameters that are searched."""

    n_trees: Range
    n_leaves: Range
    learning_rate: Range
    min_leaf_rows: Range
    l2: Range
    feature_share: Range
    row_share: Range

    def distributions(self) -> dict[str, BaseDistribution]:
        """The ranges in Optuna's words; whole numbers where the parameter is one."""
        from optuna.distributions import FloatDistribution, IntDistribution

        ranges = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            name: IntDistribution(int(one.low), int(one.high), log=one.is_log)
            if _is_whole(name)
            else FloatDistribution(one.low, one.high, log=one.is_log)
            for name, one in ranges.items()
        }


@dataclass(frozen=True)
class Search:
    """What one search found.

    Attributes:
        n_rows: Rows it could see.
        quality: Of the best configuration, on rows held out among them: chosen by it, so no figure to report.
        quality_before: Of the configuration of the model's file, the first that is tried.
        params: Parameter → value of the best.
    """

    n_rows: int
    quality: float
    quality_before: float
    params: Mapping[str, float]


@dataclass(frozen=True)
class Tuner:
    """A chooser that searches. The same rows, configuration, space and number of trials give the same answer.

    Attributes:
        quality: What the search maximises.
        space: Where it looks.
        n_trials: Configurations tried in each search, the file's own first.
        store: SQLite file of the trials; a search that was stopped goes on where it was.
        searches: What was found, in the order asked.
    """

    quality: Quality
    space: Space
    n_trials: int
    store: Path
    searches: list[Search] = field(default_factory=list)

    def __call__(self, rows: pl.DataFrame, config: Config) -> Config:
        """The best configuration found on `rows`.

        Raises:
            ConfigError: A parameter of `config` lies outside of the space, or the store cannot be used.
        """
        self._check_start(config)
        study = self._open(rows, config)
        for number in range(_count_done(study), self.n_trials):
            self._try_one(study, number, rows, config)
        tried = _done(study)[: self.n_trials]
        best = max(tried, key=_quality_of)
        self.searches.append(Search(rows.height, _quality_of(best), _quality_of(tried[0]), dict(best.params)))
        return _with_params(config, best.params)

    def to_params(self) -> dict[str, Any]:
        """What a tracking store shall know: trials, and what the last search, on all rows, chose."""
        last = self.searches[-1]
        return {"n_trials": self.n_trials, "n_searches": len(self.searches), **last.params}

    def _try_one(self, study: Study, number: int, rows: pl.DataFrame, config: Config) -> None:
        """One trial, whose draws hang on its number and on what was tried before, not on when the process started."""
        from optuna.samplers import TPESampler
        from optuna.trial import create_trial

        distributions = self.space.distributions()
        if number == 0:
            params = {name: getattr(config.params, name) for name in distributions}
            value = self.quality(rows, config)
            study.add_trial(create_trial(params=params, distributions=distributions, value=value))
            return
        study.sampler = TPESampler(seed=int(np.random.SeedSequence((config.seed, number)).generate_state(1)[0]))
        trial = study.ask(distributions)
        study.tell(trial, self.quality(rows, _with_params(config, trial.params)))

    def _open(self, rows: pl.DataFrame, config: ModelConfig) -> Study:
        import optuna
        from sqlalchemy.exc import SQLAlchemyError

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        try:
            self.store.parent.mkdir(parents=True, exist_ok=True)
            study = optuna.create_study(
                storage=f"sqlite:///{self.store}",
                study_name=self._name(rows, config),
                direction="maximize",
                load_if_exists=True,
            )
        except (OSError, SQLAlchemyError) as error:
            reason = str(error).partition("\n")[0]
            raise ConfigError(f"{self.store}: trials cannot be kept there ({reason})") from error
        _end_torn(study)
        return study

    def _name(self, rows: pl.DataFrame, config: ModelConfig) -> str:
        """Hash of everything that an answer hangs on, but for the code."""
        digest = hashlib.sha256(rows.hash_rows().to_numpy().tobytes())
        about = (config.model_dump_json(), self.space.model_dump_json(), self.quality.__name__, *rows.columns)
        digest.update("\n".join(about).encode())
        return f"{config.name} {digest.hexdigest()[:16]}"

    def _check_start(self, config: ModelConfig) -> None:
        ranges = {name: getattr(self.space, name) for name in type(self.space).model_fields}
        values = {name: getattr(config.params, name) for name in ranges}
        wrong = [
            f"{name} {values[name]:g} (expected {one.low:g} to {one.high:g})"
            for name, one in ranges.items()
            if not one.low <= values[name] <= one.high
        ]
        if wrong:
            raise ConfigError(f"models/{config.name}: outside of tuning.yaml: {', '.join(wrong)}")


def make_chooser(n_trials: int, quality: Quality, store: Path = LOCAL_STORE) -> Tuner | None:
    """The tuner behind `--tune N`; None for 0, where `keep` serves.

    Raises:
        ConfigError: `n_trials` is negative, optuna is not installed, or configs/tuning.yaml is wrong.
    """
    if n_trials == 0:
        return None
    if n_trials < 0:
        raise ConfigError(f"--tune {n_trials}: expected a number of trials")
    try:
        import optuna  # noqa: F401
    except ImportError as error:
        raise ConfigError("tuning needs optuna: pip install 'zhenfen[tracking]'") from error
    return Tuner(quality, read_config(config_dir() / "tuning.yaml", Space), n_trials, store)


def score_chosen(
    rows: pl.DataFrame, parts: Iterable[tuple[str, Mask]], config: Config, choose: Chooser[Config]
) -> tuple[Array, npt.NDArray[np.str_]]:
    """`fit.score_held_out` with a configuration for each part, chosen without it."""
    scores, names = np.full(rows.height, np.nan), np.full(rows.height, "", dtype="<U64")
    for name, held in parts:
        rest = rows.filter(pl.Series(~held))
        classifier = fit_classifier(rest, choose(rest, config))
        scores[held] = classifier.decision_function(rows.filter(pl.Series(held)))
        names[held] = name
    return scores, names


def across_sources(rows: pl.DataFrame, config: ModelConfig) -> float:
    """Mean AUC over the sources, each by a model that has not seen it; of one source alone over folds.

    Raises:
        ConfigError: No source has rows of both labels.
    """
    is_alone = rows["source"].n_unique() == 1
    parts = make_folds(rows, config.n_folds, config.seed) if is_alone else leave_sources_out(rows)
    scores, _ = score_held_out(rows, parts, config)
    found = np.array([_auc(rows, scores, here.to_numpy()) for here in _each(rows["source"])])
    if np.isnan(found).all():
        raise ConfigError("--tune: expected a source with rows of both labels, found none")
    return float(np.nanmean(found))


def _auc(rows: pl.DataFrame, scores: Array, here: Mask) -> float:
    """At even shares; NaN where one label is absent."""
    mine = rows.filter(pl.Series(here))
    return measure(mine["is_fake"].to_numpy().astype(np.float64), scores[here], balance(mine), EVEN)[0]


def _each(values: pl.Series) -> Iterator[pl.Series]:
    yield from (values == one for one in values.unique(maintain_order=True))


def _with_params(config: Config, params: Mapping[str, Any]) -> Config:
    return config.model_copy(update={"params": replace(config.params, **params)})


def _is_whole(name: str) -> bool:
    return next(one.type for one in fields(TabularParams) if one.name == name) in (int, "int")


def _done(study: Study) -> list[FrozenTrial]:
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _quality_of(trial: FrozenTrial) -> float:
    return float(trial.values[0])


def _count_done(study: Study) -> int:
    return len(_done(study))


def _end_torn(study: Study) -> None:
    """A trial that a killed process left open would be taken for one that somebody still works on."""
    from optuna.trial import TrialState

    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
