"""The reference panel: what is usual among creators of the same platform and size, as quantiles."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

import polars as pl

from zhenfen.errors import ConfigError

QUANTILES: dict[str, float] = {
    "p1": 0.01,
    "p5": 0.05,
    "p10": 0.10,
    "p25": 0.25,
    "p50": 0.50,
    "p75": 0.75,
    "p90": 0.90,
    "p95": 0.95,
    "p99": 0.99,
}
FEWEST_PEERS = 30
"""Below this a 5 % quantile rests on one or two creators; such a size class gets no row of its own."""

SCHEMA: dict[str, pl.DataType] = {
    "feature": pl.String(),
    "platform": pl.String(),
    "followers_from": pl.Int64(),
    "followers_below": pl.Int64(),
    "is_size_class": pl.Boolean(),
    "n_peers": pl.Int64(),
    **{name: pl.Float64() for name in QUANTILES},
    "source": pl.String(),
    "window": pl.String(),
    "observed_on": pl.Date(),
    "is_any_platform": pl.Boolean(),
}


@dataclass(frozen=True, slots=True)
class PanelSource:
    """Where quantiles come from.

    Attributes:
        source: Short id, printed beside every range.
        window: What each value covers: "last 10 posts", "60 days".
        observed_on: Day of the youngest observation.
        is_any_platform: Whether other platforms may be compared with it, for want of their own.
    """

    source: str
    window: str
    observed_on: date
    is_any_platform: bool = False


@dataclass(frozen=True)
class Panel:
    """Quantiles by feature, platform and size; `sha256` names this very file."""

    frame: pl.DataFrame
    sha256: str


def read_panel(path: Path) -> Panel:
    """A panel written by `write_panel`.

    Raises:
        ConfigError: The file cannot be read, lacks a column, or its quantiles do not rise.
    """
    try:
        content = path.read_bytes()
        frame = pl.read_csv(content, schema_overrides=SCHEMA).select(SCHEMA.keys())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except pl.exceptions.PolarsError as error:
        raise ConfigError(f"{path}: not a reference panel: {str(error).partition(chr(10))[0]}") from error
    _check_rising(frame, path)
    return Panel(frame, hashlib.sha256(content).hexdigest())


def write_panel(frame: pl.DataFrame, path: Path) -> None:
    """Write a panel as CSV, complete or not at all; it takes the place of an older panel only.

    Raises:
        ConfigError: Another file stands there, or none can be written.
    """
    if path.exists():
        read_panel(path)
    partial = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.select(SCHEMA.keys()).write_csv(partial)
        partial.replace(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror or error})") from error


def build_panel(
    values: pl.DataFrame,
    creators: pl.DataFrame,
    source: PanelSource,
    size_edges: Mapping[str, Sequence[int]],
) -> pl.DataFrame:
    """Quantiles of every feature, by platform: of all sizes together, and of each size class with enough creators.

    Args:
        values: creator_id and one column a feature.
        creators: creator_id, platform, n_followers (null: counts for all sizes only).
        source: Where the values come from.
        size_edges: Platform → rising lower bounds of its size classes, in followers.
    """
    peers = values.unpivot(index="creator_id", variable_name="feature").join(
        creators.select("creator_id", "platform", "n_followers"), on="creator_id"
    )
    peers = peers.filter(pl.col("value").cast(pl.Float64).is_finite())
    covered = peers.group_by("platform").agg(smallest=pl.col("n_followers").min(), largest=pl.col("n_followers").max())
    whole = _quantiles(peers, ["feature", "platform"]).join(covered, on="platform", how="left")
    whole = whole.with_columns(
        is_size_class=False, followers_from=pl.col("smallest"), followers_below=pl.col("largest") + 1
    )
    sized = _quantiles(
        _with_class(peers, covered, size_edges), ["feature", "platform", "followers_from", "followers_below"]
    )
    sized = sized.with_columns(is_size_class=True)
    rows = pl.concat([whole, sized], how="diagonal_relaxed").filter(pl.col("n_peers") >= FEWEST_PEERS)
    return (
        rows.with_columns(
            source=pl.lit(source.source),
            window=pl.lit(source.window),
            observed_on=pl.lit(source.observed_on),
            is_any_platform=pl.lit(source.is_any_platform),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
        .sort("feature", "platform", "followers_from", "followers_below")
    )


def match_peers(values: pl.DataFrame, creators: pl.DataFrame, panel: Panel) -> pl.DataFrame:
    """Every measurement beside its references: those of its platform and size, else of its platform, else of any.

    A creator of known size is never compared with a range that does not cover that size. Where several sources cover a
    creator equally well, each stands in a row of its own: sources are never pooled.

    Returns:
        creator_id, feature, value, the quantiles, source, window, observed_on, n_peers and scope (size, platform,
        other_platform, none); at least one row a measured value.
    """
    measured = (
        values.unpivot(index="creator_id", variable_name="feature")
        .with_columns(pl.col("value").cast(pl.Float64))
        .filter(pl.col("value").is_finite())
        .join(creators.select("creator_id", own_platform="platform", size="n_followers"), on="creator_id", how="left")
    )
    candidates = (
        measured.join(panel.frame, on="feature").filter(_covers_size(), _covers_platform()).with_columns(scope=_scope())
    )
    nearness = pl.col("scope").replace_strict({"size": 0, "platform": 1, "other_platform": 2}, return_dtype=pl.Int8)
    nearest = candidates.filter(nearness == nearness.min().over("creator_id", "feature"))
    return (
        measured.select("creator_id", "feature", "value")
        .join(
            nearest.select("creator_id", "feature", *QUANTILES, "source", "window", "observed_on", "n_peers", "scope"),
            on=["creator_id", "feature"],
            how="left",
        )
        .with_columns(pl.col("scope").fill_null("none"))
    )


def _quantiles(peers: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    return peers.group_by(by).agg(
        pl.len().cast(pl.Int64).alias("n_peers"),
        *(pl.col("value").quantile(share, "linear").alias(name) for name, share in QUANTILES.items()),
    )


def _with_class(peers: pl.DataFrame, covered: pl.DataFrame, size_edges: Mapping[str, Sequence[int]]) -> pl.DataFrame:
    """Each peer's size class, cut to the sizes that the peers span: a class is not stretched over sizes unseen."""
    classes = pl.DataFrame(
        [
            {"platform": platform, "from": low, "below": high}
            for platform, edges in size_edges.items()
            for low, high in zip(edges, [*edges[1:], None], strict=True)
        ],
        schema={"platform": pl.String, "from": pl.Int64, "below": pl.Int64},
    ).join(covered, on="platform")
    classes = classes.select(
        "platform",
        followers_from=pl.max_horizontal("from", "smallest"),
        followers_below=pl.min_horizontal("below", pl.col("largest") + 1),
    )
    size = pl.col("n_followers")
    inside = (size >= pl.col("followers_from")) & (size < pl.col("followers_below"))
    return peers.join(classes, on="platform").filter(inside)


def _covers_size() -> pl.Expr:
    """Known size: inside the row's sizes. Unknown size: rows for all sizes together only."""
    size, low, high = pl.col("size"), pl.col("followers_from"), pl.col("followers_below")
    inside = (low.is_null() | (size >= low)) & (high.is_null() | (size < high))
    return pl.when(size.is_null()).then(~pl.col("is_size_class")).otherwise(inside)


def _covers_platform() -> pl.Expr:
    return (pl.col("platform") == pl.col("own_platform")) | pl.col("is_any_platform")


def _scope() -> pl.Expr:
    return (
        pl.when(pl.col("platform") != pl.col("own_platform"))
        .then(pl.lit("other_platform"))
        .when("is_size_class")
        .then(pl.lit("size"))
        .otherwise(pl.lit("platform"))
    )


def _check_rising(frame: pl.DataFrame, path: Path) -> None:
    names = list(QUANTILES)
    falling = frame.filter(pl.any_horizontal(pl.col(a) > pl.col(b) for a, b in pairwise(names)))
    if not falling.is_empty():
        raise ConfigError(f"{path}: quantiles of {falling['feature'][0]} do not rise")
