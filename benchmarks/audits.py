"""How many labels an audit takes that stops when it has its answer, beside one of 100 labels, and the tenth audit of a
platform beside its first.

Audiences of 500 profiles: shares of 2 to 70 %, normal scores with an AUC of .6 to .99, calibrated or shifted by 1.5 in
log-odds. The fixed audit labels 100. The audit in batches is asked for the width that 95 % of those keep, for .15, or
on which side of a line the share lies (audiences on the line left out, at most 400 labels). "Any look" is how often the
intervals of looks at 30, 45, 68, 100, 150 and 225 labels hold all together: whoever stops there, for whatever reason.

A platform: audiences whose scores are off by a common amount and, between audiences, by a normal one of the given
spread. Nine audits of 60 labels precede the tenth, which asks for an interval of .15.

    python -m benchmarks.audits [n_repeats]
"""

from __future__ import annotations

import sys
from itertools import product

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import norm

from zhenfen.estimators.audit_plan import Goal, Progress, plan_audit
from zhenfen.estimators.audit_sample import cut_strata, draw_batch, draw_sample
from zhenfen.estimators.pooled import CalibrationOffset, SharePrior, find_offset, make_prior
from zhenfen.estimators.prevalence import Prevalence, prediction_powered
from zhenfen.estimators.stratified import make_draw

FloatArray = NDArray[np.float64]

SHARES = (0.02, 0.05, 0.1, 0.3, 0.5, 0.7)
AUCS = (0.6, 0.8, 0.9, 0.97, 0.99)
SHIFTS = (0.0, 1.5)
SPREADS = (0.0, 0.3, 0.6, 1.0)
N_PROFILES = 500
N_FIXED = 100
LOOKS = (30, 45, 68, 100, 150, 225)
MOST_LABELS = 400
N_EARLIER, N_EARLIER_LABELS = 9, 60
N_REPEATS = 20
EVEN = 0.5
USUAL = 0.3
"""Shares up to here are what an agency mostly meets."""
SEED = 3


def main() -> None:
    """Print the tables."""
    n_repeats = int(sys.argv[1]) if len(sys.argv) > 1 else N_REPEATS
    rng = np.random.default_rng(SEED)
    kinds = list(product(AUCS, SHIFTS, SHARES))
    fixed = [_label_fixed(*kind, rng) for kind in kinds for _ in range(n_repeats)]
    whole = pl.DataFrame(fixed, schema=["auc", "shift", "share", "error", "width", "holds", "any_look"], orient="row")
    promised = round(float(np.quantile(whole["width"], 0.95)), 3)
    print(f"{whole.height} audiences. Fixed {N_FIXED} labels; 95 % of the intervals are no wider than {promised}")
    _show(whole.group_by("share", maintain_order=True), "error", "width", "holds", "any_look")
    by_kind = whole.group_by("auc", "shift", "share").agg(pl.col("holds", "any_look").mean())
    print("worst kind of audience:", by_kind.select(pl.col("holds", "any_look").min()).row(0, named=True))
    print(f"mean error up to 30 %: {float(whole.filter(pl.col('share') <= USUAL)['error'].to_numpy().mean()):.4f}")
    goals = {"width": Goal(width=promised), "width .15": Goal(width=0.15)}
    goals |= {f"line {line}": Goal(line=line) for line in (0.15, 0.3)}
    rows = []
    for name, goal in goals.items():
        asked = [kind for kind in kinds if kind[2] != goal.line]
        rows += [(name, *_audit(goal, *kind, rng)) for kind in asked for _ in range(n_repeats)]
    stopped = pl.DataFrame(
        rows, schema=["asked", "n_labels", "n_looks", "error", "width", "holds", "met"], orient="row"
    )
    print("\nAudit in batches:")
    _show(stopped.group_by("asked", maintain_order=True), "n_labels", "n_looks", "error", "width", "holds", "met")
    print("\nTenth audit of a platform beside its first, asked for a width of .15:")
    tenth = [
        (auc, spread, *_tenth(auc, spread, share, rng))
        for auc, spread, share in product((0.8, 0.9, 0.97), SPREADS, SHARES)
        for _ in range(n_repeats)
    ]
    names = ["auc", "spread", "first", "tenth", "first_holds", "tenth_holds"]
    _show(pl.DataFrame(tenth, schema=names, orient="row").group_by("auc", "spread", maintain_order=True), *names[2:])


def _show(groups: pl.dataframe.group_by.GroupBy, *columns: str) -> None:
    with pl.Config(tbl_rows=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
        print(groups.agg(pl.col(columns).cast(pl.Float64).mean().round(4)))


def _draw_audience(auc: float, shift: float, share: float, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Scores and truth: two normal scores apart by what gives the AUC, calibrated at even shares and then shifted."""
    distance = 2**0.5 * norm.ppf(auc)
    is_fake = rng.random(N_PROFILES) < share
    scores = rng.normal(np.where(is_fake, distance / 2, -distance / 2), 1)
    return 1 / (1 + np.exp(-(distance * scores + shift))), is_fake.astype(np.float64)


def _label_fixed(
    auc: float, shift: float, share: float, rng: np.random.Generator
) -> tuple[float, float, float, float, float, bool, bool]:
    probas, truth = _draw_audience(auc, shift, share, rng)
    seed = int(rng.integers(2**31))
    is_labelled = _mark(draw_sample(probas, N_FIXED, seed).indices)
    one = _estimate(probas, truth, is_labelled, ())
    is_labelled, holds = _mark(draw_sample(probas, LOOKS[0], seed).indices), True
    for at, n in enumerate(LOOKS):
        if at:
            is_labelled[draw_batch(probas, is_labelled, truth, n - LOOKS[at - 1], (seed, at))] = True
        look = _estimate(probas, truth, is_labelled, LOOKS[: at + 1])
        holds &= look.low <= share <= look.high
    return auc, shift, share, abs(one.share - share), one.high - one.low, one.low <= share <= one.high, holds


def _mark(indices: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.isin(np.arange(N_PROFILES), indices)


def _estimate(
    probas: FloatArray, truth: FloatArray, is_labelled: NDArray[np.bool_], looks: tuple[int, ...]
) -> Prevalence:
    strata = cut_strata(probas)
    inclusion = (np.bincount(strata, is_labelled) / np.bincount(strata))[strata]
    return prediction_powered(probas, is_labelled, truth, inclusion, strata, looks=looks)


def _run(
    goal: Goal, probas: FloatArray, truth: FloatArray, prior: SharePrior | None, rng: np.random.Generator
) -> tuple[Progress, int]:
    """Label batch after batch until the question is answered."""
    seed = int(rng.integers(2**31))
    is_labelled, looks = _mark(draw_sample(probas, LOOKS[0], seed).indices), [LOOKS[0]]
    while True:
        found = plan_audit(probas, is_labelled, truth, tuple(looks), goal, prior=prior)
        n_more = min(found.n_more, MOST_LABELS - found.n_labels)
        if n_more <= 0:
            return found, len(looks)
        is_labelled[draw_batch(probas, is_labelled, truth, n_more, (seed, len(looks)))] = True
        looks.append(int(is_labelled.sum()))


def _audit(
    goal: Goal, auc: float, shift: float, share: float, rng: np.random.Generator
) -> tuple[int, int, float, float, bool, bool]:
    found, n_looks = _run(goal, *_draw_audience(auc, shift, share, rng), None, rng)
    assert found.share is not None and found.low is not None and found.high is not None
    holds = found.low <= share <= found.high
    return found.n_labels, n_looks, abs(found.share - share), found.high - found.low, holds, found.is_enough


def _tenth(auc: float, spread: float, share: float, rng: np.random.Generator) -> tuple[int, int, bool, bool]:
    platform = rng.normal(0, 1)
    earlier = [
        _find_earlier(auc, platform + spread * rng.normal(), float(rng.choice(SHARES)), rng) for _ in range(N_EARLIER)
    ]
    probas, truth = _draw_audience(auc, platform + spread * rng.normal(), share, rng)
    found = [
        _run(Goal(width=0.15), probas, truth, prior, rng)[0] for prior in (None, make_prior(probas, EVEN, earlier))
    ]
    holds = [one.low is not None and one.high is not None and one.low <= share <= one.high for one in found]
    return found[0].n_labels, found[1].n_labels, holds[0], holds[1]


def _find_earlier(auc: float, shift: float, share: float, rng: np.random.Generator) -> CalibrationOffset:
    probas, truth = _draw_audience(auc, shift, share, rng)
    sample = draw_sample(probas, N_EARLIER_LABELS, int(rng.integers(2**31)))
    estimate = make_draw(probas, _mark(sample.indices), truth, sample.inclusion, sample.strata).estimate()
    return find_offset(probas, EVEN, estimate.smooth_share, estimate.variance)


if __name__ == "__main__":
    main()
