"""Search for parameters: nested, so that the figure reported is not the one searched by; seeded; resumable.

Whatever is fitted asks a chooser for its configuration, with the rows it may see. Without tuning the chooser gives back
the configuration as it is. With tuning it searches on these very rows, by rows held out among them: the rows that judge
the fit have no part in the search. So a figure is that of the whole procedure, search included.
"""

from __future__ import annotations

import hashlib
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from training.shelf import ROOT
from zhenfen.config import Strict, config_dir, read_config
from zhenfen.errors import ConfigError

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

LOCAL_STORE = ROOT / "out" / "tuning.db"

Config = TypeVar("Config", bound=Strict)
Chooser = Callable[[pl.DataFrame, Config], Config]
"""Rows that may be seen, and the configuration of the model's file → the configuration to fit with."""
Judge = Callable[[pl.DataFrame], Callable[[Config], float]]
"""Rows → how well a configuration does on rows held out among them; higher is better."""


def keep(rows: pl.DataFrame, config: Config) -> Config:
    """The chooser that searches nothing."""
    return config


class Range(Strict):
    """Where one parameter may lie, ends included.

    Attributes:
        low: Lowest value.
        high: Highest value.
        is_log: Whether it is drawn on the log scale.
        is_whole: Whether only whole numbers are.
    """

    low: float = Field(gt=0)
    high: float = Field(gt=0)
    is_log: bool = False
    is_whole: bool = False

    @model_validator(mode="after")
    def _is_range(self) -> Range:
        if self.low >= self.high:
            raise ValueError(f"expected low < high, found {self.low} and {self.high}")
        return self

    def to_distribution(self) -> BaseDistribution:
        """The range in Optuna's words."""
        from optuna.distributions import FloatDistribution, IntDistribution

        if self.is_whole:
            return IntDistribution(int(self.low), int(self.high), log=self.is_log)
        return FloatDistribution(self.low, self.high, log=self.is_log)


Space = Mapping[str, Range]
"""Path of a parameter in the configuration (`penalty`, `params.n_trees`) → where it may lie."""


class Spaces(Strict):
    """configs/tuning.yaml."""

    trees: dict[str, Range]
    comment: dict[str, Range]
    post: dict[str, Range]


@dataclass(frozen=True)
class Search:
    """What one search found.

    Attributes:
        n_rows: Rows it could see.
        quality: Of the best configuration, on rows held out among them: chosen by it, so no figure to report.
        quality_before: Of the configuration of the model's file, the first that is tried.
        params: Path → value of the best.
    """

    n_rows: int
    quality: float
    quality_before: float
    params: Mapping[str, float]


@dataclass(frozen=True)
class Tuner(Generic[Config]):
    """A chooser that searches. The same rows, configuration, space, seed and number of trials give the same answer.

    Attributes:
        name: Of what is fitted; searches of different names share nothing.
        judge: What the search maximises.
        space: Where it looks.
        n_trials: Configurations tried in each search, the file's own first.
        seed: Of the draws.
        store: SQLite file of the trials; a search that was stopped goes on where it was.
        searches: What was found, in the order asked.
    """

    name: str
    judge: Judge[Config]
    space: Space
    n_trials: int
    seed: int
    store: Path = LOCAL_STORE
    searches: list[Search] = field(default_factory=list)

    def __call__(self, rows: pl.DataFrame, config: Config) -> Config:
        """The best configuration found on `rows`.

        Raises:
            ConfigError: A parameter of `config` lies outside of the space, or the store cannot be used.
        """
        values = {path: _value_of(config, path) for path in self.space}
        wrong = [
            f"{path} {values[path]:g} (expected {one.low:g} to {one.high:g})"
            for path, one in self.space.items()
            if not one.low <= values[path] <= one.high
        ]
        if wrong:
            raise ConfigError(f"{self.name}: outside of tuning.yaml: {', '.join(wrong)}")
        study = self._open(rows, config)
        n_done = len(_done(study))
        if n_done < self.n_trials:
            quality = self.judge(rows)
            for number in range(n_done, self.n_trials):
                self._try_one(study, number, config, quality)
        tried = _done(study)[: self.n_trials]
        best = max(tried, key=_quality_of)
        self.searches.append(Search(rows.height, _quality_of(best), _quality_of(tried[0]), dict(best.params)))
        return _with_params(config, best.params)

    def to_params(self) -> dict[str, Any]:
        """What a tracking store shall know: trials, and what the last search, on all rows, chose."""
        return {"n_trials": self.n_trials, "n_searches": len(self.searches), **self.searches[-1].params}

    def to_line(self) -> str:
        """What a card shall say."""
        chosen = ", ".join(f"{path} {value:.4g}" for path, value in self.searches[-1].params.items())
        return (
            f"{self.name}: parameters searched on the rows of each fit alone, {self.n_trials} trials a search, so the"
            f" figures above are those of search and fit together; on all rows it chose {chosen}."
        )

    def _try_one(self, study: Study, number: int, config: Config, quality: Callable[[Config], float]) -> None:
        """One trial, whose draws hang on its number and on what was tried before, not on when the process started."""
        from optuna.samplers import TPESampler
        from optuna.trial import create_trial

        distributions = {path: one.to_distribution() for path, one in self.space.items()}
        if number == 0:
            params = {path: _value_of(config, path) for path in self.space}
            study.add_trial(create_trial(params=params, distributions=distributions, value=quality(config)))
            return
        study.sampler = TPESampler(seed=int(np.random.SeedSequence((self.seed, number)).generate_state(1)[0]))
        trial = study.ask(distributions)
        study.tell(trial, quality(_with_params(config, trial.params)))

    def _open(self, rows: pl.DataFrame, config: Config) -> Study:
        import optuna
        from optuna.trial import TrialState
        from sqlalchemy.exc import SQLAlchemyError

        # The study's name: a hash of everything that an answer hangs on, but for the code.
        digest = hashlib.sha256(rows.hash_rows().to_numpy().tobytes())
        space = (f"{path} {one.model_dump_json()}" for path, one in self.space.items())
        digest.update("\n".join((config.model_dump_json(), str(self.seed), *space, *rows.columns)).encode())
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        try:
            self.store.parent.mkdir(parents=True, exist_ok=True)
            study = optuna.create_study(
                storage=f"sqlite:///{self.store}",
                study_name=f"{self.name} {digest.hexdigest()[:16]}",
                direction="maximize",
                load_if_exists=True,
            )
        except (OSError, SQLAlchemyError) as error:
            reason = str(error).partition("\n")[0]
            raise ConfigError(f"{self.store}: trials cannot be kept there ({reason})") from error
        # A trial that a killed process left open would be taken for one that somebody still works on.
        for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            study.tell(trial.number, state=TrialState.FAIL)
        return study


def add_option(parser: ArgumentParser) -> None:
    """`--tune N`."""
    parser.add_argument("--tune", type=int, default=0, metavar="N", help="search parameters, N trials a search")


def load_spaces(n_trials: int) -> Spaces:
    """Where `--tune N` looks.

    Raises:
        ConfigError: `n_trials` is no number of trials, optuna is not installed, or configs/tuning.yaml is wrong.
    """
    if n_trials < 1:
        raise ConfigError(f"--tune {n_trials}: expected a number of trials")
    try:
        import optuna  # noqa: F401
    except ImportError as error:
        raise ConfigError("tuning needs optuna: pip install 'zhenfen[tracking]'") from error
    return read_config(config_dir() / "tuning.yaml", Spaces)


def make_chooser(name: str, judge: Judge[Config], space: str, n_trials: int, seed: int) -> Chooser[Config]:
    """The search of `--tune N`; with N = 0 the configuration stays as it is.

    Args:
        name: Of what is fitted.
        judge: What the search maximises.
        space: Where it looks, a name of configs/tuning.yaml.
        n_trials: N.
        seed: Of the draws.

    Raises:
        ConfigError: See `load_spaces`.
    """
    if n_trials == 0:
        return keep
    return Tuner(name, judge, getattr(load_spaces(n_trials), space), n_trials, seed)


def _value_of(config: Any, path: str) -> float:
    for name in path.split("."):
        config = getattr(config, name)
    return config  # type: ignore[no-any-return]


def _with_params(config: Config, params: Mapping[str, Any]) -> Config:
    for path, value in params.items():
        config = _with_value(config, path, value)
    return config


def _with_value(config: Any, path: str, value: float) -> Any:
    name, _, rest = path.partition(".")
    changed = {name: _with_value(getattr(config, name), rest, value) if rest else value}
    return config.model_copy(update=changed) if isinstance(config, Strict) else replace(config, **changed)


def _done(study: Study) -> list[FrozenTrial]:
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _quality_of(trial: FrozenTrial) -> float:
    return float(trial.values[0])
