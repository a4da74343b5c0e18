"""How far off the share of fakes is, and how often its 95 % interval holds the truth.

An audience of 200 profiles (no labels) or 500 (some labelled) is drawn at a known share from the fake and the genuine
profiles of a source; the detector scores them. In domain: the model was trained on other rows of the source, and its
validation is a draw of as many rows as the source has. Across: the model never saw the source, and its validations are
the other sources, each judged by a model that saw neither of the two. All draws are with replacement, so that the
source is the truth that both audience and validation are drawn from.

Scores are those of the audience model on the public data; where either is not there, of simulated detectors whose
name says their AUC. A row holds, for each true share, the mean absolute error, the coverage and the mean width.
"500 labels" labels everybody: what is left is the error of having 500 profiles, which no method can beat.

    python benchmarks/prevalence.py [n_repeats]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import norm
from training.datasets import data_dir
from training.fit import DEFAULT, ModelConfig, calibrate_apart, fit_calibrations, fit_mixture, score_held_out
from training.profiles import SOURCES, load_profiles, mark_twins
from training.split import make_folds

from zhenfen.config import config_dir, read_config
from zhenfen.estimators.audit_sample import draw_sample
from zhenfen.estimators.prevalence import Prevalence, Validation, classify_and_count
from zhenfen.estimators.share import AuditLabels, ScoredAudience, estimate_share

FloatArray = NDArray[np.float64]

SHARES = (0.02, 0.05, 0.1, 0.3, 0.5, 0.7)
N_PROFILES = 200
N_PROFILES_AUDITED = 500
N_LABELS = (30, 50, 100, 500)
N_REPEATS = 200
EVEN = 0.5
"""Share of fakes that the scores are calibrated to: training weighs both kinds alike."""
SIMULATED_AUC = (0.6, 0.8, 0.9, 0.97, 0.99)
N_SIMULATED = 600
"""Profiles of either kind, about as many as the sources have."""
SEED = 3


@dataclass(frozen=True)
class Detector:
    """A detector on one source: calibrated scores of its fake and genuine profiles, and how it did elsewhere.

    `across` is empty in domain, where each repeat draws a validation of its own.
    """

    setting: str
    source: str
    fake: FloatArray
    genuine: FloatArray
    threshold: float
    across: tuple[Validation, ...] = ()


def main() -> None:
    """Run every detector, print the table and what the worst of each setting is."""
    n_repeats = int(sys.argv[1]) if len(sys.argv) > 1 else N_REPEATS
    detectors = _real_detectors() if _has_real() else list(_simulated_detectors())
    print(f"MAE / coverage / width of 95 % intervals, {n_repeats} audiences a cell; true share:")
    print(f"{'':<44}" + "".join(f"{share:>18.0%}" for share in SHARES))
    rows = [row for detector in detectors for row in _rows(detector, n_repeats)]
    print("\nover shares and sources:")
    frame = pl.DataFrame(rows, schema=["setting", "method", "error", "coverage", "width"], orient="row")
    worst = frame.group_by("setting", "method", maintain_order=True).agg(
        pl.col("error").mean().round(4).alias("mean MAE"),
        pl.col("error").max().round(4).alias("largest MAE"),
        pl.col("coverage").mean().round(3).alias("mean coverage"),
        pl.col("coverage").min().round(3).alias("worst coverage"),
        pl.col("width").mean().round(3).alias("mean width"),
    )
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
        print(worst)


def _rows(detector: Detector, n_repeats: int) -> Iterator[tuple[str, str, float, float, float]]:
    for method in ("naive", "no labels", *(f"{n} labels" for n in N_LABELS)):
        cells = [_measure(detector, method, share, n_repeats) for share in SHARES]
        shown = "".join(f"  {error:.3f}/{coverage:.2f}/{width:.2f}" for error, coverage, width in cells)
        print(f"{detector.setting:<10} {detector.source:<21} {method:<11}{shown}", flush=True)
        yield from ((detector.setting, method, *cell) for cell in cells)


def _measure(detector: Detector, method: str, share: float, n_repeats: int) -> tuple[float, float, float]:
    rng = np.random.default_rng(SEED)
    found = [_estimate(detector, method, share, rng) for _ in range(n_repeats)]
    error = np.mean([abs(one.share - share) for one in found])
    coverage = np.mean([one.low <= share <= one.high for one in found])
    return float(error), float(coverage), float(np.mean([one.high - one.low for one in found]))


def _estimate(detector: Detector, method: str, share: float, rng: np.random.Generator) -> Prevalence:
    n_labels = int(method.split(maxsplit=1)[0]) if method[0].isdigit() else 0
    n = N_PROFILES_AUDITED if n_labels else N_PROFILES
    is_fake = rng.random(n) < share
    probas = np.where(is_fake, rng.choice(detector.fake, n), rng.choice(detector.genuine, n))
    is_flagged = probas >= detector.threshold
    if method == "naive":
        return classify_and_count(int(is_flagged.sum()), n)
    in_domain = () if detector.across else (_revalidate(detector, rng),)
    audit = _label(probas, is_fake, n_labels, int(rng.integers(2**31))) if n_labels else None
    audience = ScoredAudience(probas, is_flagged, EVEN, in_domain, detector.across, audit)
    made = estimate_share(audience, widest_interval=1.0).prevalence
    assert made is not None
    return made


def _revalidate(detector: Detector, rng: np.random.Generator) -> Validation:
    fake, genuine = (rng.choice(scores, len(scores)) for scores in (detector.fake, detector.genuine))
    return _validate("", "", fake, genuine, detector.threshold)


def _label(probas: FloatArray, is_fake: NDArray[np.bool_], n_labels: int, seed: int) -> AuditLabels:
    drawn = draw_sample(probas, n_labels, seed)
    is_labelled = np.isin(np.arange(len(probas)), drawn.indices)
    return AuditLabels(is_labelled, np.where(is_labelled, is_fake, np.nan), drawn.inclusion, drawn.strata)


def _validate(source: str, platform: str, fake: FloatArray, genuine: FloatArray, threshold: float) -> Validation:
    flagged = [int((scores >= threshold).sum()) for scores in (fake, genuine)]
    return Validation(source, platform, len(fake), flagged[0], len(genuine), flagged[1])


def _simulated_detectors() -> Iterator[Detector]:
    rng = np.random.default_rng(SEED)
    for auc in SIMULATED_AUC:
        yield Detector("in domain", f"simulated AUC {auc}", *_simulate(auc, rng), EVEN)


def _simulate(auc: float, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Two normal scores apart by what gives the AUC, as probabilities calibrated at even shares."""
    distance = np.sqrt(2) * norm.ppf(auc)
    fake, genuine = rng.normal(distance / 2, 1, N_SIMULATED), rng.normal(-distance / 2, 1, N_SIMULATED)
    return 1 / (1 + np.exp(-distance * fake)), 1 / (1 + np.exp(-distance * genuine))


def _has_real() -> bool:
    try:
        return data_dir().is_dir() and (config_dir() / "models" / "audience.yaml").is_file()
    except FileNotFoundError:
        return False


def _real_detectors() -> list[Detector]:
    config = read_config(config_dir() / "models" / "audience.yaml", ModelConfig)
    rows = mark_twins(load_profiles(data_dir(), SOURCES))
    return [*_in_domain(rows, config), *_across(rows, config)]


def _in_domain(rows: pl.DataFrame, config: ModelConfig) -> Iterator[Detector]:
    scores, parts = score_held_out(rows, make_folds(rows, config.n_folds, config.seed), config)
    scored = rows.with_columns(proba=pl.Series(calibrate_apart(rows, scores, parts, config, by_platform=True)))
    for source in SOURCES:
        yield Detector("in domain", source.name, *_split(scored.filter(source=source.name)), config.threshold)


def _across(rows: pl.DataFrame, config: ModelConfig) -> Iterator[Detector]:
    names = [source.name for source in SOURCES]
    scored: dict[tuple[str, str], pl.DataFrame] = {}
    for unseen in combinations_with_replacement(names, 2):
        mixture = fit_mixture(rows.filter(~pl.col("source").is_in(unseen)), config)
        for one, other in {unseen, unseen[::-1]}:
            own = rows.filter(source=other)
            scored[one, other] = own.with_columns(score=pl.Series(mixture.decision_function(own, own["platform"])))
    for name in names:
        rest = pl.concat([scored[name, other] for other in names if other != name])
        scores = rest["score"].to_numpy()
        default = fit_calibrations(rest, scores, scores, config)[DEFAULT]
        probas = {
            other: scored[name, other].with_columns(
                proba=pl.Series(default.apply(scored[name, other]["score"].to_numpy()))
            )
            for other in names
        }
        validations = tuple(
            _validate(source.name, str(source.platform), *_split(probas[source.name]), config.threshold)
            for source in SOURCES
            if source.name != name
        )
        yield Detector("across", name, *_split(probas[name]), config.threshold, validations)


def _split(rows: pl.DataFrame) -> tuple[FloatArray, FloatArray]:
    fake, genuine = (rows.filter(pl.col("is_fake") == one)["proba"].to_numpy() for one in (1, 0))
    return fake, genuine


if __name__ == "__main__":
    main()
