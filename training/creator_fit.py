"""From rows of creators to the creator model, and to held-out scores: by roster, and with one manipulation left out.

The evidence is read off creators who bought nothing, so it is the same whichever manipulation is left out; the
challenger, a classifier over the family evidence, is what has to do without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from training.baselines import forest_of_isolation
from training.creator_reals import Real, read_reals
from training.creators import RATIO, Z_SCORE, Cast
from training.fit import CalibrationRule, balance
from training.shelf import ShelfPlace
from training.split import Mask, make_folds
from zhenfen.config import Strict
from zhenfen.errors import ConfigError
from zhenfen.estimators.creator_evidence import (
    AUDIENCE_SHARE,
    PEER_PREFIX,
    SET_PREFIX,
    CreatorEvidence,
    Measurement,
    add_missing,
    fit_families,
)
from zhenfen.estimators.creator_model import Combination
from zhenfen.estimators.tail_scores import LEVELS, MOST, TailScore, fit_tail, tail_of_quantiles
from zhenfen.verdict.audience import FAMILY as AUDIENCE

Array = npt.NDArray[np.float64]

MIXTURE = Combination()
MODEL, CHALLENGER = "this model", "logistic over the families"
FALSE_ALARMS = 0.05
"""Part of the creators with an innocent shock that a line may reach: the issue's figure."""
BASELINES = {"z-score of a day's growth": Z_SCORE, "followers by interactions": RATIO}
FOREST = "isolation forest"
REAL_QUANTILES = (0.5, 0.75, 0.9, 0.95, 0.99)
FEWEST_REAL = 40
"""Real creators or people from which a quantile of .95 is more than a guess."""


class ChallengerRule(Strict):
    """How the challenger is fitted.

    Attributes:
        penalty: Ridge penalty of the logistic regression (1 / C).
    """

    penalty: float = Field(gt=0)


class CreatorConfig(ShelfPlace):
    """configs/models/creator.yaml.

    Attributes:
        evidence: Family of evidence → measurement → its suspicious side, 1 or -1.
        audience_share: Lower end of the audience's share → tail score, both rising.
        n_folds: Folds of rosters.
        calibration: How scores become probabilities.
        challenger: The classifier over the family evidence.
        cast: Who is simulated.
    """

    evidence: dict[str, dict[str, int]]
    audience_share: dict[float, float]
    n_folds: int = Field(ge=2)
    calibration: CalibrationRule
    challenger: ChallengerRule
    cast: Cast

    @property
    def measurements(self) -> dict[str, int]:
        """Measurement → its suspicious side."""
        return {name: sign for own in self.evidence.values() for name, sign in own.items()}


@dataclass(frozen=True)
class Floor:
    """What real data show of one measurement.

    Attributes:
        value: Knots of tail scores that its value may not exceed.
        place: The same of its place within a set; None where no set of real creators shows it.
        sources: Where they come from.
    """

    value: tuple[float, ...]
    place: tuple[float, ...] | None
    sources: tuple[str, ...]


Floors = Mapping[str, Floor]


def find_floors(signs: Mapping[str, int], folder: Path, lower_z: float) -> Floors:
    """The floor of every measurement: at each level the most suspicious of all real sources.

    Args:
        signs: Measurement → suspicious side.
        folder: The public data.
        lower_z: See `verdict.admission.lower_ends`.

    Raises:
        ConfigError: A measurement has none: it may not enter the score.
    """
    reals = list(read_reals(folder, lower_z))
    floors = {name: floor for name, sign in signs.items() if (floor := _find_floor(name, sign, reals)) is not None}
    missing = sorted(set(signs) - set(floors))
    if missing:
        raise ConfigError(f"creator: no real data show {', '.join(missing)}: they may not enter the score")
    return floors


def _find_floor(name: str, sign: int, reals: Iterable[Real]) -> Floor | None:
    if name.startswith(PEER_PREFIX):
        # A place among peers is in normal scores by its making; it is cut at the fourth.
        return Floor(
            tuple(NormalDist().inv_cdf(1 - 10.0**-level) if level else -np.inf for level in LEVELS), None, ("peers",)
        )
    values = {real.source: _known(real.rows, name, sign) for real in reals}
    places = {real.source: _known(real.places, name, sign) for real in reals}
    by_value = [_quantile_knots(one) for one in values.values() if len(one) >= FEWEST_REAL]
    by_place = [_quantile_knots(one) for one in places.values() if len(one) >= FEWEST_REAL]
    if not by_value:
        return None
    sources = tuple(source for source, one in values.items() if len(one) >= FEWEST_REAL)
    return Floor(_highest(by_value), _highest(by_place) if by_place else None, sources)


def _known(rows: pl.DataFrame, name: str, sign: int) -> Array:
    if name not in rows.columns:
        return np.empty(0)
    found = sign * rows[name].cast(pl.Float64).drop_nulls().to_numpy()
    return np.asarray(found[np.isfinite(found)], dtype=np.float64)


def _quantile_knots(values: Array) -> tuple[float, ...]:
    return tail_of_quantiles({share: float(np.quantile(values, share)) for share in REAL_QUANTILES})


def _highest(knots: list[tuple[float, ...]]) -> tuple[float, ...]:
    return tuple(np.maximum.accumulate(np.max(knots, axis=0)).tolist())


def fit_evidence(rows: pl.DataFrame, config: CreatorConfig, floors: Floors) -> CreatorEvidence:
    """The evidence read off the creators of `rows` who bought nothing, with floors of real ones."""
    innocent = rows.filter(pl.col("is_fake") == 0)
    measurements = {}
    for family, own in config.evidence.items():
        for name, sign in own.items():
            floor = floors[name]
            value = fit_tail(_column(innocent, name, sign)).raised_to(floor.value)
            place = None
            if floor.place is not None:
                place = fit_tail(_column(innocent, SET_PREFIX + name, sign)).raised_to(floor.place)
            measurements[name] = Measurement(family, sign, value, place)
    # The knots of a rule that people wrote: share → tail score.
    lines, tails = np.array(list(config.audience_share)), np.array(list(config.audience_share.values()))
    knots = np.interp(np.minimum(LEVELS, MOST), tails, lines)
    shares = Measurement(AUDIENCE, 1, TailScore(tuple(knots.tolist())), None)
    return fit_families({**measurements, AUDIENCE_SHARE: shares}, innocent)


def _column(rows: pl.DataFrame, name: str, sign: int) -> Array:
    return sign * add_missing(rows, (name,))[name].fill_null(float("nan")).to_numpy()


def read_families(evidence: CreatorEvidence, rows: pl.DataFrame) -> dict[str, Array]:
    """Family of evidence → tail score of each row, shape (n,); NaN where nothing is known."""
    return evidence.by_family(evidence.score(rows))


def sum_parts(combination: Combination, families: Mapping[str, Array]) -> Array:
    """Score of each row, shape (n,), before calibration."""
    return np.asarray(np.sum(list(combination.weigh(families).values()), axis=0), dtype=np.float64)


@dataclass(frozen=True)
class HeldOut:
    """Rows that judge, with the scores of detectors that have not seen them.

    Attributes:
        rows: With the columns of `creators.measure_rows`.
        scores: Detector → score of each row, shape (n,); higher is more suspicious, NaN where it has nothing to go by.
    """

    rows: pl.DataFrame
    scores: dict[str, Array]


def score_by_roster(rows: pl.DataFrame, config: CreatorConfig, floors: Floors) -> HeldOut:
    """Every row scored by detectors fitted without its roster; the challenger knows all manipulations.

    Args:
        rows: With the columns of `creators.measure_rows`.
        config: How to train.
        floors: As `find_floors` makes them.
    """
    return _join(
        [_Fold(rows, held, config, floors).score(None) for _, held in make_folds(rows, config.n_folds, config.seed)]
    )


def score_left_out(rows: pl.DataFrame, config: CreatorConfig, floors: Floors) -> dict[str, HeldOut]:
    """Manipulation → its rows beside creators who bought nothing, scored by detectors that knew neither.

    The rosters of a fold judge; of the others all rows but those of the manipulation train.
    """
    kinds = rows["manipulation"].drop_nulls().unique().sort()
    folds = [_Fold(rows, held, config, floors) for _, held in make_folds(rows, config.n_folds, config.seed)]
    return {kind: _join([fold.score(kind) for fold in folds]) for kind in kinds}


class _Fold:
    """One fold of rosters: what does not depend on the manipulation left out is fitted once."""

    def __init__(self, rows: pl.DataFrame, held: Mask, config: CreatorConfig, floors: Floors) -> None:
        self.train, self.held, self.config = rows.filter(pl.Series(~held)), rows.filter(pl.Series(held)), config
        evidence = fit_evidence(self.train, config, floors)
        self.known = read_families(evidence, self.train)
        asked = read_families(evidence, self.held)
        self.asked = asked
        names = tuple(config.measurements)
        innocent = add_missing(self.train.filter(pl.col("is_fake") == 0), names)
        plain = {
            name: self.held[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
            for name, column in BASELINES.items()
        }
        self.scores = {
            MODEL: sum_parts(MIXTURE, asked),
            **plain,
            FOREST: forest_of_isolation(innocent, add_missing(self.held, names), config.seed),
        }

    def score(self, unknown: str | None) -> HeldOut:
        """The rows held out, with a challenger that has not seen the manipulation `unknown`, all where it is None."""
        # A kind of purchase that is none is of nobody.
        is_unknown = (self.train["manipulation"] == (unknown or "")).fill_null(value=False).to_numpy()
        challenger = fit_challenger(self.known, self.train, ~is_unknown, self.config.challenger)
        scores = {**self.scores, CHALLENGER: sum_parts(challenger, self.asked)}
        if unknown is None:
            return HeldOut(self.held, scores)
        judged = (
            (self.held["manipulation"] == unknown).fill_null(value=False) | (self.held["is_fake"] == 0)
        ).to_numpy()
        return HeldOut(self.held.filter(pl.Series(judged)), {name: one[judged] for name, one in scores.items()})


def fit_challenger(families: Mapping[str, Array], rows: pl.DataFrame, kept: Mask, rule: ChallengerRule) -> Combination:
    """Logistic regression over the tail scores of the families, on the rows kept, either label weighing the same.

    What is not known is 0, as a clean family is. A weight below 0, by which more evidence would clear, is set to 0.

    Args:
        families: Result of `read_families` of `rows`.
        rows: source and is_fake.
        kept: Which rows train, shape (n,).
        rule: How strongly it is held to zero.
    """
    from sklearn.linear_model import LogisticRegression

    mine = rows.filter(pl.Series(kept))
    X = np.nan_to_num(np.column_stack([one[kept] for one in families.values()]))
    fitted = LogisticRegression(C=1 / rule.penalty, max_iter=1000).fit(X, mine["is_fake"].to_numpy(), balance(mine))
    weights = np.clip(fitted.coef_[0], 0, None).round(6).tolist()
    return Combination(kind="linear", weights=dict(zip(families, weights, strict=True)))


def _join(parts: list[HeldOut]) -> HeldOut:
    names = parts[0].scores
    return HeldOut(
        pl.concat([part.rows for part in parts]),
        {name: np.concatenate([part.scores[name] for part in parts]) for name in names},
    )


def find_line(innocent: Array, false_alarms: float = FALSE_ALARMS) -> float:
    """The score that at most `false_alarms` of these scores exceed; nothing to go by counts as no alarm.

    Args:
        innocent: Scores of creators who bought nothing, shape (n,).
        false_alarms: Share, 0 to 1.
    """
    known = np.sort(np.where(np.isnan(innocent), -np.inf, innocent))
    return float(known[int(np.ceil((1 - false_alarms) * len(known))) - 1])


def is_shocked(rows: pl.DataFrame) -> Mask:
    """Creators who bought nothing and had an innocent shock, shape (n,)."""
    mask = (pl.col("is_fake") == 0) & pl.col("shock").is_not_null()
    return np.asarray(rows.select(mask).to_series().to_numpy(), dtype=np.bool_)
