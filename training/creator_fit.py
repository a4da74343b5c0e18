"""From rows of creators to the creator model, and to held-out scores: by roster, and with one manipulation left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import polars as pl

from training.baselines import forest_of_isolation
from training.creators import RATIO, Z_SCORE, Cast
from training.evaluate import measure
from training.fit import ModelConfig, fit_classifier
from training.split import Mask, make_folds
from training.tune import Chooser, keep
from zhenfen.estimators.surprise import LEVELS, PEER_PREFIX, Surprise, add_missing, fit_surprise
from zhenfen.estimators.tabular import TabularClassifier
from zhenfen.verdict.panel import Panel
from zhenfen.verdict.panel_curves import QUANTILES

Array = npt.NDArray[np.float64]

Floors = Mapping[str, Array]

MODEL = "this model"
FALSE_ALARMS = 0.05
"""Part of the creators with an innocent shock that a line may reach: the issue's figure."""
BASELINES = {"z-score of a day's growth": Z_SCORE, "followers by interactions": RATIO}
FOREST = "isolation forest"


class CreatorConfig(ModelConfig):
    """configs/models/creator.yaml: as any model's; its features are made of measurements, and who is simulated.

    Attributes:
        measurements: Feature of a family → its suspicious side, 1 or -1.
        cast: Who is simulated.
    """

    measurements: dict[str, int]
    cast: Cast


@dataclass(frozen=True)
class Fitted:
    """A model before calibration: what innocent creators show, and trees over the surprises."""

    surprise: Surprise
    classifier: TabularClassifier

    def decision_function(self, rows: pl.DataFrame) -> Array:
        """Log-odds of each row, shape (n,)."""
        return self.classifier.decision_function(self.surprise.by_family(rows))


def find_floors(panel: Panel, signs: Mapping[str, int]) -> Floors:
    """What real creators show, feature by feature: the least value that may surprise at each of LEVELS.

    A simulation is cleaner than life. A value that one real creator in twenty shows, in any source of the panel, must
    not surprise by more than one in twenty does; beyond p99 the panel knows no more.

    Args:
        panel: Quantiles of real creators; those of all sizes together are taken.
        signs: Feature → suspicious side; values are given times the sign.

    Returns:
        Feature → array of shape (n_levels,), never falling; only features that the panel has, or that are places.
    """
    whole = panel.frame.filter(pl.col("n_followers").is_null())
    tails = 10.0**-LEVELS
    floors: dict[str, Array] = {}
    for name, sign in signs.items():
        known = whole.filter(feature=name)
        if name.startswith(PEER_PREFIX):
            floors[name] = np.array([NormalDist().inv_cdf(1 - tail) for tail in tails])
        elif known.height:
            floors[name] = np.array([_floor(known, sign, tail) for tail in tails])
    return floors


def _floor(known: pl.DataFrame, sign: int, tail: float) -> float:
    """The quantile beyond which at least `tail` lies, the most suspicious of all sources."""
    shares = {name: share if sign > 0 else 1 - share for name, share in QUANTILES.items()}
    column = max((name for name in shares if shares[name] <= 1 - tail), key=lambda name: shares[name], default=None)
    if column is None:
        return -np.inf
    return float((sign * known[column]).max())  # type: ignore[arg-type]


def fit_model(rows: pl.DataFrame, config: CreatorConfig, floors: Floors) -> Fitted:
    """The model of `config` on all of `rows`, without calibration; `floors` as `find_floors` makes them."""
    surprise = _raise_knots(fit_surprise(rows.filter(pl.col("is_fake") == 0), config.measurements), floors)
    made = pl.concat((rows.select("source", "is_fake"), surprise.by_family(rows)), how="horizontal")
    return Fitted(surprise, fit_classifier(made, config))


@dataclass(frozen=True)
class HeldOut:
    """Rows that judge, with the scores of detectors that have not seen them.

    Attributes:
        rows: With the columns of `creators.measure_rows`.
        scores: Detector → score of each row, shape (n,); higher is more suspicious, NaN where it has nothing to go by.
    """

    rows: pl.DataFrame
    scores: dict[str, Array]


def _raise_knots(surprise: Surprise, floors: Floors) -> Surprise:
    raised = {name: tuple(np.maximum(surprise.knots[name], floor).tolist()) for name, floor in floors.items()}
    return replace(surprise, knots={**surprise.knots, **raised})


def score_by_roster(
    rows: pl.DataFrame, config: CreatorConfig, floors: Floors, choose: Chooser[CreatorConfig] = keep
) -> HeldOut:
    """Every row scored by detectors fitted without its roster.

    Args:
        rows: With the columns of `creators.measure_rows`.
        config: How to train.
        floors: As `find_floors` makes them.
        choose: Gives the configuration of each model, from the rows that train it.
    """
    folds = make_folds(rows, config.n_folds, config.seed)
    return _join(
        [
            _score_part(rows.filter(pl.Series(~held)), rows.filter(pl.Series(held)), config, floors, choose)
            for _, held in folds
        ]
    )


def score_left_out(
    rows: pl.DataFrame, config: CreatorConfig, floors: Floors, choose: Chooser[CreatorConfig] = keep
) -> dict[str, HeldOut]:
    """Manipulation → its rows beside creators who bought nothing, scored by detectors that knew neither.

    The rosters of a fold judge; of the others all rows but those of the manipulation train. `choose` as above.
    """
    kinds = rows["manipulation"].drop_nulls().unique().sort()
    folds = list(make_folds(rows, config.n_folds, config.seed))
    return {kind: _leave_out(rows, kind, folds, config, floors, choose=choose) for kind in kinds}


def _leave_out(
    rows: pl.DataFrame,
    kind: str,
    folds: list[tuple[str, Mask]],
    config: CreatorConfig,
    floors: Floors,
    *,
    choose: Chooser[CreatorConfig],
) -> HeldOut:
    is_kind = (rows["manipulation"] == kind).fill_null(value=False).to_numpy()
    judged = is_kind | (rows["is_fake"] == 0).to_numpy()
    parts = [
        _score_part(
            rows.filter(pl.Series(~held & ~is_kind)), rows.filter(pl.Series(held & judged)), config, floors, choose
        )
        for _, held in folds
    ]
    return _join(parts)


def judge_unknown(rows: pl.DataFrame, floors: Floors) -> Callable[[CreatorConfig], float]:
    """What `--tune` goes by: AUC on rosters and manipulations left out of these rows together, mean over the folds.

    Every manipulation is unknown in one fold: one fit a fold instead of one a fold and manipulation.
    """
    kinds = rows["manipulation"].drop_nulls().unique().sort().to_list()

    def judge(config: CreatorConfig) -> float:
        folds = enumerate(make_folds(rows, config.n_folds, config.seed))
        parts = ((held, kinds[at :: config.n_folds]) for at, (_, held) in folds)
        return float(np.nanmean([_auc_unknown(rows, held, unknown, config, floors) for held, unknown in parts]))

    return judge


def _auc_unknown(rows: pl.DataFrame, held: Mask, unknown: list[str], config: CreatorConfig, floors: Floors) -> float:
    is_unknown = rows["manipulation"].is_in(unknown).fill_null(value=False).to_numpy()
    innocent = (rows["is_fake"] == 0).to_numpy()
    model = fit_model(rows.filter(pl.Series(~held & ~is_unknown)), config, floors)
    judged = rows.filter(pl.Series(held & (is_unknown | innocent)))
    labels, scores = judged["is_fake"].to_numpy().astype(np.float64), model.decision_function(judged)
    return measure(labels, scores, np.ones(judged.height), 0.0)[0]


def _score_part(
    train: pl.DataFrame, held: pl.DataFrame, config: CreatorConfig, floors: Floors, choose: Chooser[CreatorConfig]
) -> HeldOut:
    model = fit_model(train, choose(train, config), floors)
    plain = {
        name: held[column].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name, column in BASELINES.items()
    }
    names = tuple(config.measurements)
    innocent = add_missing(train.filter(pl.col("is_fake") == 0), names)
    forest = forest_of_isolation(innocent, add_missing(held, names), config.seed)
    return HeldOut(held, {MODEL: model.decision_function(held), **plain, FOREST: forest})


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
