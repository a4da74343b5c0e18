"""Do the curves of the reference panel hold for creators they never saw, and what do engagement findings agree with?

Coverage: the panel is built from four fifths of each source; of the fifth held out, 5 % should lie below p5 at every
size. The kernel was chosen without the first fifth; the others repeat the test on what it was chosen on.
Weibo's accounts also by the sizes that are claimed, with Wilson intervals for as many values as there are accounts.
Outside check: rank correlation with a vendor's estimate of empty followers (灰豚, 水粉占比). The estimate is nobody's
truth: agreement says that two readings see the same thing, not that either is right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise, product

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import binomtest, rankdata
from training.datasets import data_dir
from training.panel import HUITUN, WEIBO, Part, read_parts
from training.split import FIFTHS

from benchmarks.false_alarms import make_panel, split
from zhenfen.model_store import load_models
from zhenfen.scoring import describe_features
from zhenfen.verdict.levels import LevelRules, weigh
from zhenfen.verdict.panel import Panel, match_peers
from zhenfen.verdict.panel_curves import QUANTILES

Array = npt.NDArray[np.float64]

SHOWN = ("p5", "p10", "p50", "p90", "p95")
N_SIZES = 5
MOST_TIES = 0.01
"""Features with more values than this equal to a quantile (most often 0) are shown apart: nobody can say how many of
them lie below."""
N_DRAWS = 2000
SEED = 11
VENDOR = "huitun_10w_plus_life"
CLAIMED = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
"""Edges of the sizes at which Weibo's bands are claimed."""
BEYOND = ("below p5", "above p95")
ALONE = "engagement_mean_interactions_by_followers_ratio"
INNER_FOLDS = 5


def held_out(parts: list[Part], fifths: Iterable[int] = (0,)) -> pl.DataFrame:
    """These fifths of every source beside the curves of the other four each, with `who` and `size` (fifths)."""
    found = []
    for part, fifth in product(parts, fifths):
        kept, held = split(part, fifth)
        matched = match_peers(held.values, held.creators, make_panel([kept])).filter(pl.col("scope") != "none")
        sizes = held.creators.select("creator_id", "n_followers")
        found.append(matched.join(sizes, on="creator_id"))
    rows = pl.concat(found).with_columns(who=pl.col("creator_id").str.split("@").list.first())
    size = (pl.col("n_followers").rank("dense") - 1) * N_SIZES // pl.col("n_followers").n_unique()
    return mark_ties(rows.with_columns(size=size.over("source").cast(pl.Int64)))


def mark_ties(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with has_ties: the feature's values often equal a quantile."""
    equal = pl.any_horizontal(pl.col("value") == pl.col(name) for name in SHOWN)
    return rows.with_columns(has_ties=(equal.mean() > MOST_TIES).over("source", "feature"))


def coverage_rows(rows: pl.DataFrame) -> Iterator[tuple[str, ...]]:
    """Source, size, creators, features, and the share below each quantile with a 95 % interval over creators."""
    for (source, _), cell in _cells(rows.filter(~pl.col("has_ties")), ["source", "size"]):
        low, high = cell["n_followers"].min(), cell["n_followers"].max()
        sizes = "unknown" if low is None else f"{int(str(low)):>9} – {int(str(high))}"
        counts = (f"{cell['who'].n_unique():>5}", f"{cell['feature'].n_unique():>4}")
        yield (source, sizes, *counts, *(below(cell, name) for name in SHOWN))


def claimed_rows(rows: pl.DataFrame) -> Iterator[tuple[str, ...]]:
    """Weibo's accounts by size: followers, accounts, and the share below p5 and above p95 with its Wilson interval.

    Once over the features without ties, once over all of them: where many accounts have one and the same lowest value
    (no interaction at all), fewer than 5 % can lie below p5.
    """
    weibo = rows.filter(pl.col("source").is_in([about.source for about in WEIBO.values()]))
    for low, high in pairwise(CLAIMED):
        cell = weibo.filter(pl.col("n_followers").is_between(low, high, closed="left"))
        untied = cell.filter(~pl.col("has_ties"))
        counts = (f"{low:>9} – {high}", f"{cell['who'].n_unique():>5}")
        yield (*counts, *map(_wilson, _beyond(untied)), *map(_wilson, _beyond(cell)))


def _beyond(cell: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Of each account the share of its values below p5, and above p95."""
    value = pl.col("value")
    shares = cell.group_by("who").agg(below=(value < pl.col("p5")).mean(), above=(value > pl.col("p95")).mean())
    return shares["below"], shares["above"]


def _wilson(shares: pl.Series) -> str:
    """The mean share, with the interval of as many independent values as there are accounts."""
    n, mean = len(shares), float(shares.mean())  # type: ignore[arg-type]
    low, high = proportion_interval(mean * n, n)
    return f"{mean:5.3f} [{low:.3f}, {high:.3f}]"


def proportion_interval(n_hits: float, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval; n_hits need not be whole (E B Wilson 1927, J Am Stat Assoc 22:209-212)."""
    z = 1.959964
    share, reach = n_hits / n, z * z / n
    middle = (share + reach / 2) / (1 + reach)
    half = z / (1 + reach) * np.sqrt(share * (1 - share) / n + reach / (4 * n))
    return middle - half, middle + half


def _cells(rows: pl.DataFrame, by: list[str]) -> Iterator[tuple[list[str], pl.DataFrame]]:
    cells = sorted(rows.partition_by(by, as_dict=True).items(), key=lambda item: str(item[0]))
    yield from (([str(one) for one in key], cell) for key, cell in cells)


def below(cell: pl.DataFrame, name: str) -> str:
    """Share of values below a quantile: mean over creators, ± 1.96 standard errors of creators (not of values)."""
    shares = cell.group_by("who").agg(share=(pl.col("value") < pl.col(name)).mean())["share"].to_numpy()
    error = 1.96 * shares.std(ddof=1) / np.sqrt(len(shares)) if len(shares) > 1 else float("nan")
    return f"{shares.mean():5.3f} ± {error:.3f}"


def feature_rows(rows: pl.DataFrame) -> Iterator[tuple[str, ...]]:
    """Source, feature, values, and the share below each quantile; "*": its 95 % interval leaves the nominal out."""
    for (source, feature), cell in _cells(rows.filter(~pl.col("has_ties")), ["source", "feature"]):
        yield (source, feature, f"{cell.height:>5}", *(_starred(cell, name) for name in SHOWN))


def _starred(cell: pl.DataFrame, name: str) -> str:
    n_below = int((cell["value"] < cell[name]).sum())
    low, high = binomtest(n_below, cell.height).proportion_ci(method="wilson")
    holds = low <= QUANTILES[name] <= high
    return f"{n_below / cell.height:5.3f}{' ' if holds else '*'}"


def tied_rows(rows: pl.DataFrame) -> Iterator[tuple[str, ...]]:
    """Source, feature, values, and for each quantile the share below and the share at or below it."""
    for (source, feature), cell in _cells(rows.filter("has_ties"), ["source", "feature"]):
        pairs = ((cell["value"] < cell[name], cell["value"] <= cell[name]) for name in SHOWN)
        shares = (f"{under.sum() / cell.height:5.3f} – {upto.sum() / cell.height:5.3f}" for under, upto in pairs)
        yield (source, feature, f"{cell.height:>5}", *shares)


def find_concern(values: pl.DataFrame, creators: pl.DataFrame, panel: Panel, rules: LevelRules) -> pl.DataFrame:
    """creator_id; score: the rule's points; distance: how far out the values lie on the sides that ask for a look."""
    evidence = weigh(match_peers(values, creators, panel), describe_features(), rules)
    return (
        evidence.group_by("creator_id")
        .agg(score=pl.col("contribution").sum())
        .join(_distance(values, creators, panel), on="creator_id")
    )


def _distance(values: pl.DataFrame, creators: pl.DataFrame, panel: Panel) -> pl.DataFrame:
    """Mean over the features of the share of peers that are less remarkable; of several sources the mildest."""
    matched = (
        match_peers(values, creators, panel).filter(pl.col("scope") != "none").join(describe_features(), "feature")
    )
    passed = (pl.when(pl.col("value") >= pl.col(name)).then(step).otherwise(0.0) for name, step in _steps().items())
    share = pl.sum_horizontal(passed)
    concern = pl.col("concern")
    remarkable = (
        pl.when(concern == "low").then(1 - share).when(concern == "high").then(share).otherwise(2 * (share - 0.5).abs())
    )
    mildest = matched.filter(concern != "none").group_by("creator_id", "feature").agg(distance=remarkable.min())
    return mildest.group_by("creator_id").agg(pl.col("distance").mean())


def _steps() -> dict[str, float]:
    """What passing each quantile adds to the share of peers below."""
    shares = [0.0, *QUANTILES.values()]
    return {name: high - low for name, low, high in zip(QUANTILES, shares, shares[1:], strict=False)}


def outside_rows(parts: list[Part], rules: LevelRules) -> Iterator[tuple[str, ...]]:
    """What is correlated with the vendor's share, Spearman's rho with its bootstrap interval, and rho less the ratio's.

    Every creator is judged by a panel that did not see him: five folds.
    """
    vendor = next(part for part in parts if part.source == HUITUN)
    fold = pl.col("creator_id").hash(SEED) % INNER_FOLDS
    judged = []
    for held in range(INNER_FOLDS):
        kept = [_only(part, fold != held) if part.source == HUITUN else part for part in parts]
        mine = _only(vendor, fold == held)
        judged.append(find_concern(mine.values, mine.creators, make_panel(kept), rules))
    truth = pl.read_parquet(data_dir() / "creators" / "panel.parquet").filter(source=VENDOR)
    truth = truth.select("creator_id", "share_water_fans").unique("creator_id", keep="first", maintain_order=True)
    rows = (
        pl.concat(judged)
        .join(vendor.values, on="creator_id")
        .join(truth, on="creator_id")
        .drop_nulls("share_water_fans")
    )
    readings = {
        "interactions by followers, turned round": -rows[ALONE].to_numpy(),
        "our engagement score (rule)": rows["score"].to_numpy(),
        "our mean distance from peers of the size": rows["distance"].to_numpy(),
    }
    yield from correlate(readings, rows["share_water_fans"].to_numpy())


def _only(part: Part, keep: pl.Expr) -> Part:
    return Part(part.values.filter(keep), part.creators, part.source)


def correlate(readings: dict[str, Array], truth: Array) -> Iterator[tuple[str, ...]]:
    """Spearman's rho of each reading and its difference from the first, with percentile intervals over creators."""
    rng = np.random.default_rng(SEED)
    draws = rng.integers(0, len(truth), (N_DRAWS, len(truth)))
    drawn = {name: np.array([spearman(values[at], truth[at]) for at in draws]) for name, values in readings.items()}
    first = next(iter(drawn.values()))
    for name, values in readings.items():
        gap = "" if drawn[name] is first else _interval(drawn[name] - first)
        yield (name, f"{len(truth):>5}", f"{spearman(values, truth):+.3f} {_interval(drawn[name])}", gap)


def _interval(drawn: Array) -> str:
    low, high = np.quantile(drawn, (0.025, 0.975))
    return f"[{low:+.3f}, {high:+.3f}]"


def spearman(one: Array, other: Array) -> float:
    """Rank correlation."""
    return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])


def show(title: str, heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> None:
    """One table."""
    print(f"\n## {title}\n\n| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def main() -> None:
    """Print all tables."""
    parts = list(read_parts(data_dir()))
    last, each = held_out(parts), held_out(parts, range(FIFTHS))
    columns = tuple(f"below {name}" for name in SHOWN)
    by_size = ("source", "followers", "creators", "features", *columns)
    by_feature = ("source", "feature", "n", *columns)
    show("Held-out fifth, by size", by_size, coverage_rows(last))
    show("Every fifth held out in its turn, by size", by_size, coverage_rows(each))
    claims = ("followers", "accounts", *(f"{what}, {which}" for which in ("untied", "all") for what in BEYOND))
    show("Weibo, every fifth in its turn, by the sizes claimed", claims, claimed_rows(each))
    show("The same by feature (* interval leaves out the nominal)", by_feature, feature_rows(each))
    show("Features with ties: below – at or below", by_feature, tied_rows(each))
    heads = ("reading", "n", "Spearman's rho", "less the first")
    rules = load_models().levels.rules
    show("Beside the vendor's 水粉占比, 灰豚 creators above 100k", heads, outside_rows(parts, rules))


if __name__ == "__main__":
    main()
