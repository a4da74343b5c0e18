"""models/growth: how unusual a rise, a drip and a drop are among organic channels.

The 69 VTuber channels are presumed to have bought nothing. Their candidate spans are set against those of copies with
purchases (growth_purchases.py): boosted trees of one split each, monotone, become points of each measurement. Each
channel is scored by cards that have not seen it, and these scores make the tables of how often an organic channel
shows as much. Platform-wide days train nothing, but count in the tables: a channel looked at alone has no others.

Run: make growth
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import yaml

from training.artefact_run import VTUBERS, Made, write_artefact
from training.growth_purchases import buy
from zhenfen.features.growth.days import OFF_Z, add_expectation, make_daily
from zhenfen.features.growth.drips import find_drips
from zhenfen.features.growth.explanations import LEAST_MOVED_SHARE, LEAST_OTHERS
from zhenfen.features.growth.scores import GrowthRules, Scorecard, Steps, add_scores
from zhenfen.features.growth.spans import find_jumps, mark_runs
from zhenfen.shelf import GROWTH

Floats = npt.NDArray[np.float64]

N_FOLDS = 5
FOLD_SEED = 20_261
ABOUT = """\
How unusual a rise, a drip and a drop of followers are among organic channels: points of each measurement, and how many
spans of at least each score an organic channel shows in a year. docs/experiments/growth.md says how it was chosen."""
COPIES = {"rise": 20, "drip": 16}
PARTS = {"rise": 0.75, "drip": 0.15, "drop": 0.1}
"""Of the false alarms: most for what is bought most."""
LEVEL = 0.16
SHOWN = 0.4
"""Chance a year that an organic channel is asked about a span nothing explains. At .20 channels that the fit has not
seen showed .24 false spans a year beside each other; with .16 fewer than the .2 aimed at. Spans half as unusual are
listed too, with what explains them."""
SIGNS: Mapping[str, Mapping[str, int]] = {
    "rise": {
        "gained": 1,
        "share": 1,
        "above_tail": 1,
        "peak_z": 1,
        "above_pace": 1,
        "above_unrest": 1,
        "density": 1,
        "steadiness": 0,
        "pace": -1,
        "unrest": -1,
        "size": 0,
        "length": 0,
        "last": 0,
        "soft_1": 0,
        "soft_3": 0,
        "soft_7": 0,
        "soft_before": 0,
        "aftermath": 0,
        "shift": 0,
    },
    "drip": {
        "share": 1,
        "length": 0,
        "unevenness": -1,
        "skew": -1,
        "least": 1,
        "low_days": 1,
        "best_day": -1,
        "lift": 1,
        "lift_z": 1,
        "before": -1,
        "after": -1,
        "pace": -1,
        "size": 0,
    },
    "drop": {"lost_share": 1},
}
"""What each card weighs; +1: more of it is never less unusual, -1: never more, 0: as it is. Signs for the days after a
rise cost .06 of the recall, see docs/experiments/growth.md."""
LEAST_DOSE = {"rise": 0.03, "drip": 0.05}
"""Smaller purchases look like any other day and would teach the cards nothing but noise."""
LEAST_SHARE = 0.01
N_TREES = 600
LEARNING_RATE = 0.05
LEAST_LEAF = 20
MOST_STEPS = 16
TABLE_PER_YEAR = (3.0, 2.0, 1.0, 0.7, 0.5, 0.35, 0.25, 0.18, 0.12, 0.08, 0.05, 0.03)


@dataclass(frozen=True)
class Sample:
    """Organic candidates and those of purchases of one kind: columns of the card, channel; dose of the purchases."""

    kind: str
    organic: pl.DataFrame
    bought: pl.DataFrame


def read_vtubers(folder: Path) -> pl.DataFrame:
    """creator_id, observed_at, n_followers of the VTuber channels of Bilibili."""
    rows = pl.read_parquet(folder / VTUBERS)
    return rows.select(
        creator_id="channel",
        observed_at=pl.col("observed_at").dt.replace_time_zone("UTC"),
        n_followers="followers",
    )


def watched_years(series: pl.DataFrame) -> float:
    """Channel-years of readings without gaps."""
    days = add_expectation(make_daily(series)).filter(pl.col("per_day").is_not_null())["n_days"].sum()
    return float(days) / 365


def find_candidates(series: pl.DataFrame, kind: str) -> pl.DataFrame:
    """The candidate spans of `kind`."""
    steps = mark_runs(add_expectation(make_daily(series)))
    if kind == "drip":
        return find_drips(steps)
    up = pl.col("direction") > 0 if kind == "rise" else pl.col("direction") < 0
    return find_jumps(steps).filter(up, pl.col("shape") != "gap")


def shared_days(series: pl.DataFrame) -> pl.Series:
    """Days on which a quarter of the channels rose at once, as the family's test for the platform counts them."""
    steps = mark_runs(add_expectation(make_daily(series))).filter(pl.col("z").is_not_null(), ~pl.col("is_gap"))
    rose = (pl.col("z") >= OFF_Z).sum()
    days = steps.group_by("day").agg(n=pl.len(), rose=rose)
    return days.filter(pl.col("n") > LEAST_OTHERS, pl.col("rose") > pl.col("n") * LEAST_MOVED_SHARE)["day"]


def make_sample(series: pl.DataFrame, kind: str, seed: int) -> Sample:
    """Candidates of the channels as they are, and the largest one that overlaps each purchase."""
    shared = pl.col("peak_on").is_in(shared_days(series).implode())
    organic = find_candidates(series, kind).with_columns(channel="creator_id", is_shared=shared)
    if kind not in COPIES:
        return Sample(kind, organic, organic.clear())
    copies, truth = buy(series, kind, COPIES[kind], seed)
    return Sample(kind, organic, match(find_candidates(copies, kind), truth))


def match(candidates: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """The largest candidate that overlaps each purchase, with the truth beside it."""
    both = candidates.join(
        truth.rename({"starts_on": "true_start", "ends_on": "true_end", "kind": "bought"}), on="creator_id"
    )
    over = both.filter(pl.col("starts_on") <= pl.col("true_end"), pl.col("ends_on") >= pl.col("true_start"))
    return over.sort("creator_id", -pl.col("excess").abs()).unique("creator_id", keep="first", maintain_order=True)


def folds_of(channels: pl.Series) -> dict[str, int]:
    """Fold of each channel."""
    names = channels.unique().sort().to_list()
    order = np.random.default_rng(FOLD_SEED).permutation(len(names))
    return {names[place]: turn % N_FOLDS for turn, place in enumerate(order)}


def fit_points(sample: Sample) -> dict[str, Steps]:
    """Points of each measurement: additive, from trees of one split."""
    signs = SIGNS[sample.kind]
    if sample.bought.is_empty():
        # A fine staircase along the value itself: one measurement needs no fit.
        at = np.unique(np.round(np.linspace(np.log(0.001), np.log(0.5), 60), 3))
        points = np.round(np.concatenate(([at[0]], at)), 3)
        return {"lost_share": Steps(above=tuple(at.tolist()), points=tuple(points.tolist()))}
    import lightgbm

    organic = sample.organic.filter(pl.col("share") > np.log(LEAST_SHARE), ~pl.col("is_shared"))
    bought = sample.bought.filter(pl.col("dose") >= LEAST_DOSE[sample.kind])
    rows = pl.concat((organic.select(list(signs)), bought.select(list(signs))))
    labels = np.repeat((0, 1), (organic.height, bought.height))
    model = lightgbm.LGBMClassifier(
        n_estimators=N_TREES,
        num_leaves=2,
        learning_rate=LEARNING_RATE,
        min_child_samples=LEAST_LEAF,
        colsample_bytree=0.6,
        subsample=0.8,
        subsample_freq=1,
        monotone_constraints=list(signs.values()),
        random_state=FOLD_SEED,
        n_jobs=1,
        verbose=-1,
    ).fit(rows.to_numpy(), labels)
    return _read_stumps(model.booster_.dump_model(), tuple(signs))


def _read_stumps(dumped: dict[str, Any], names: tuple[str, ...]) -> dict[str, Steps]:
    """The trees of one split added up, measurement by measurement."""
    splits: dict[str, list[tuple[float, float, float]]] = {name: [] for name in names}
    for tree in dumped["tree_info"]:
        node = tree["tree_structure"]
        if "split_feature" in node:
            left, right = node["left_child"]["leaf_value"], node["right_child"]["leaf_value"]
            splits[names[node["split_feature"]]].append((node["threshold"], left, right))
    return {name: _condense(found) for name, found in splits.items() if found}


def _condense(splits: list[tuple[float, float, float]]) -> Steps:
    """At most MOST_STEPS changes: the smallest are merged into their neighbours."""
    at = sorted({threshold for threshold, _, _ in splits})
    centres = np.array([at[0] - 1, *((a + b) / 2 for a, b in itertools.pairwise(at)), at[-1] + 1])
    points = np.sum([np.where(centres <= t, left, right) for t, left, right in splits], axis=0)
    while len(at) > MOST_STEPS:
        least = int(np.argmin(np.abs(np.diff(points))))
        points[least] = points[least + 1] = (points[least] + points[least + 1]) / 2
        points = np.delete(points, least + 1)
        at.pop(least)
    points -= points[0]
    return Steps(above=tuple(round(value, 4) for value in at), points=tuple(np.round(points, 3).tolist()))


def hold_out(sample: Sample, fold: dict[str, int]) -> Iterator[tuple[Sample, Sample]]:
    """Each fold's training and held-out part."""
    for held in range(N_FOLDS):
        mine = pl.col("channel").replace_strict(fold, return_dtype=pl.Int64) == held
        yield (
            Sample(sample.kind, sample.organic.filter(~mine), sample.bought.filter(~mine)),
            Sample(sample.kind, sample.organic.filter(mine), sample.bought.filter(mine)),
        )


def draw_card(kind: str, points: dict[str, Steps], scores: Floats, years: float) -> Scorecard:
    """The card with its table: the score that `per_year` organic spans a channel-year reach."""
    falling = np.sort(scores)[::-1]
    ranks = [max(round(rate * years), 1) for rate in TABLE_PER_YEAR]
    table = {round(float(falling[rank - 1]), 3): round(rank / years, 4) for rank in ranks if rank <= len(falling)}
    rising = dict(sorted(table.items()))
    return Scorecard(part=PARTS[kind], measurements=points, scores=tuple(rising), per_year=tuple(rising.values()))


def fit_card(sample: Sample, fold: dict[str, int], years: float) -> Scorecard:
    """The card of all channels, with a table from scores of channels held out."""
    scores = []
    for train, held in hold_out(sample, fold):
        bare = Scorecard(
            part=PARTS[sample.kind], measurements=fit_points(train), scores=(0.0, 1.0), per_year=(1.0, 0.5)
        )
        scores.append(add_scores(held.organic, bare))
    return draw_card(sample.kind, fit_points(sample), np.concatenate(scores), years)


def fit_rules(series: pl.DataFrame, seed: int = FOLD_SEED) -> GrowthRules:
    """The rules that these organic channels give; every table from channels that its points have not seen."""
    fold = folds_of(series["creator_id"])
    years = watched_years(series)
    cards = {}
    for place, kind in enumerate(SIGNS):
        sample = make_sample(series, kind, seed=seed + place)
        cards[kind] = fit_card(sample, fold, years)
    until = str(series["observed_at"].dt.strftime("%Y-%m").max())
    source = f"{len(fold)} VTuber channels of Bilibili until {until}, presumed organic"
    return GrowthRules(dated=datetime.now(UTC).date().isoformat(), source=source, level=LEVEL, shown=SHOWN, cards=cards)


def make_rules(folder: Path) -> Made:
    """Fit the three cards."""
    rules = fit_rules(read_vtubers(folder))
    head = "# Written by training/growth.py; see docs/experiments/growth.md.\n"
    text = yaml.safe_dump(rules.model_dump(mode="json"), sort_keys=False, width=120, default_flow_style=None)
    params = {"n_folds": N_FOLDS, "seed": FOLD_SEED, "level": LEVEL, "shown": SHOWN, "parts": PARTS, "copies": COPIES}
    trees = {"n_trees": N_TREES, "learning_rate": LEARNING_RATE, "least_leaf": LEAST_LEAF}
    metrics = {f"{kind}_measurements": len(card.measurements) for kind, card in rules.cards.items()}

    def write(path: Path) -> None:
        path.write_text(head + text, encoding="utf-8")

    return Made(GROWTH, write, FOLD_SEED, ABOUT, {**params, **trees}, metrics)


def main() -> None:
    """Fit and track."""
    write_artefact("growth", __doc__, [VTUBERS], make_rules)


if __name__ == "__main__":
    main()
