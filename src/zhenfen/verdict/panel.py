"""The reference panel: what is usual among creators of the same platform and size, as quantiles.

Peers are of the creator's platform. Only what travels (`FeatureSpec.travels`: copied text, and days set against a
creator's own) may be set beside another's, and only what travels is compared with peers of long ago.

Quantiles move with size without steps: they are kernel-weighted at a few sizes, "knots", and in between run straight in
the logarithm of the followers (`panel_curves` says how, and why so).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.errors import ConfigError
from zhenfen.features.base import load_families
from zhenfen.files import whole_file
from zhenfen.verdict.panel_curves import FEWEST_PEERS, QUANTILES, make_curve

Array = npt.NDArray[np.float64]

SCHEMA: dict[str, pl.DataType] = {
    "feature": pl.String(),
    "platform": pl.String(),
    "n_followers": pl.Int64(),
    "followers_from": pl.Int64(),
    "followers_to": pl.Int64(),
    "n_peers": pl.Int64(),
    **{name: pl.Float64() for name in QUANTILES},
    "source": pl.String(),
    "window": pl.String(),
    "observed_on": pl.Date(),
}
"""A row is a knot at n_followers, or, where that is null, the peers of all sizes together. The peers span
followers_from to followers_to (null: sizes unknown); n_peers counts those that weigh at this knot."""

SIZE, PLATFORM, TRAVELS, UNSIZED, DATED, NONE = "size", "platform", "travels", "unsized", "dated", "none"
SCOPES = (SIZE, PLATFORM, TRAVELS, UNSIZED, DATED, NONE)
"""How near the peers are, nearest first: of the platform and size; of the platform; of another platform, for what
travels; of the platform, but large ones beside a creator of unknown size; of the platform, but of long ago; none."""
COMPARED = (SIZE, PLATFORM, TRAVELS)
"""Scopes that may give a level; peers of long ago, or of sizes that may be others, are shown and give none."""
LARGE_FROM = 20_000
"""Peers who all have so many followers are no yardstick for a creator of unknown size: 58 % of 1,220 Weibo accounts met
in topic searches have fewer, and other ratios (views by followers fall with the square root of the size, 新红)."""
DATED_YEARS = 5
"""Habits of peers seen this long before the panel's youngest give no level: in between platforms change what is shown
and how people write (Weibo's limit of 140 characters fell in 2016). Measured from the panel's own youngest day, so
that the same panel judges the same way at any time."""
DAYS_A_YEAR = 365.25
_RANKS = {scope: rank for rank, scope in enumerate(SCOPES)}
_KEYS = ("feature", "platform", "source", "window", "observed_on")
_REFERENCE = (*QUANTILES, "source", "window", "observed_on", "n_peers", "scope")


@dataclass(frozen=True, slots=True)
class PanelSource:
    """Where quantiles come from.

    Attributes:
        source: Short id, printed beside every range.
        window: What each value covers: "last 10 posts", "60 days".
        observed_on: Day of the youngest observation.
    """

    source: str
    window: str
    observed_on: date


@dataclass(frozen=True)
class Reference:
    """The peers of one feature, platform and source.

    Attributes:
        about: Where they come from.
        platform: Platform they are on.
        span: Smallest and largest number of followers among them; None where sizes are unknown.
        whole: n_peers and the quantiles of all sizes together, shape (1 + n_quantiles,).
        knots: Logs of followers, rising, shape (n_knots,); empty where the peers are too few for a curve.
        curve: n_peers and quantiles at the knots, shape (n_knots, 1 + n_quantiles).
        travels: Whether creators of other platforms may stand beside them.
        is_dated: Whether they are too old for a level, see DATED_YEARS.
    """

    about: PanelSource
    platform: str
    span: tuple[int, int] | None
    whole: Array
    knots: Array
    curve: Array
    travels: bool
    is_dated: bool

    def rank(self, platforms: npt.NDArray[np.object_], n_followers: Array) -> npt.NDArray[np.int8]:
        """Place in SCOPES of this reference for creators of these platforms and sizes (NaN: unknown), shape (n,)."""
        is_own = platforms == self.platform
        is_sized = ~np.isnan(n_followers)
        are_large = self.span is not None and self.span[0] >= LARGE_FROM and not self.travels
        unsized = _RANKS[UNSIZED if are_large else PLATFORM]
        own = np.where(is_sized, _RANKS[SIZE if len(self.knots) else PLATFORM], unsized)
        nearest = np.where(is_own, _RANKS[DATED] if self.is_dated else own, _RANKS[TRAVELS])
        usable = is_own | self.travels
        if self.span:
            usable &= ~is_sized | ((n_followers >= self.span[0]) & (n_followers <= self.span[1]))
        return np.where(usable, nearest, _RANKS[NONE]).astype(np.int8)

    def at(self, n_followers: Array) -> Array:
        """n_peers and quantiles for creators of these sizes (NaN: of all sizes), shape (n_rows, 1 + n_quantiles)."""
        found = np.tile(self.whole, (len(n_followers), 1))
        known = ~np.isnan(n_followers)
        if len(self.knots):
            logs = np.log(np.maximum(n_followers[known], 1))
            found[known] = np.column_stack([np.interp(logs, self.knots, column) for column in self.curve.T])
        return found


@dataclass(frozen=True)
class Panel:
    """Quantiles by feature, platform, source and size; `sha256` names this very file."""

    frame: pl.DataFrame
    sha256: str

    @cached_property
    def references(self) -> dict[str, list[Reference]]:
        """Feature → its references, in the order of the file."""
        found: dict[str, list[Reference]] = {}
        numbers = ["n_peers", *QUANTILES]
        for rows in self.frame.partition_by(_KEYS, maintain_order=True):
            first = rows.row(0, named=True)
            travels = first["feature"] in travelling_features()
            knots = rows.drop_nulls("n_followers").sort("n_followers")
            reference = Reference(
                PanelSource(first["source"], first["window"], first["observed_on"]),
                first["platform"],
                None if first["followers_from"] is None else (first["followers_from"], first["followers_to"]),
                rows.filter(pl.col("n_followers").is_null()).select(numbers).to_numpy()[0].astype(np.float64),
                np.log(np.maximum(knots["n_followers"].to_numpy(), 1)),
                knots.select(numbers).to_numpy().astype(np.float64),
                travels,
                not travels and first["observed_on"] < self.fresh_since,
            )
            found.setdefault(first["feature"], []).append(reference)
        return found

    @cached_property
    def fresh_since(self) -> date:
        """Peers seen before this day are of long ago (DATED_YEARS before the youngest of the panel)."""
        youngest = self.frame["observed_on"].max()
        return youngest - timedelta(days=DAYS_A_YEAR * DATED_YEARS) if isinstance(youngest, date) else date.min


@cache
def travelling_features() -> frozenset[str]:
    """Names of the features whose peers may be of another platform, see `FeatureSpec.travels`."""
    return frozenset(spec.name for family in load_families().values() for spec in family.specs if spec.travels)


def read_panel(path: Path) -> Panel:
    """A panel written by `write_panel`.

    Raises:
        ConfigError: The file cannot be read, lacks a column, its quantiles do not rise, or a feature has no row for
            all sizes together, or a row lacks a value.
    """
    try:
        content = path.read_bytes()
        frame = pl.read_csv(content, schema_overrides=SCHEMA).select(SCHEMA.keys())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except pl.exceptions.PolarsError as error:
        raise ConfigError(f"{path}: not a reference panel: {str(error).partition(chr(10))[0]}") from error
    falling = frame.filter(pl.any_horizontal(pl.col(low) > pl.col(high) for low, high in pairwise(QUANTILES)))
    if not falling.is_empty():
        raise ConfigError(f"{path}: quantiles of {falling['feature'][0]} do not rise")
    # Sizes may be unknown, all else is needed.
    lacking = pl.any_horizontal(pl.exclude("n_followers", "followers_from", "followers_to").is_null())
    unsized = pl.col("followers_from").is_null() != pl.col("followers_to").is_null()
    incomplete = frame.filter(lacking | unsized | ~pl.all_horizontal(pl.col(*QUANTILES).is_finite()))
    if not incomplete.is_empty():
        raise ConfigError(f"{path}: a row of {incomplete['feature'][0]} lacks a value")
    # Creators of unknown size need the row of all sizes.
    counted = frame.group_by(_KEYS, maintain_order=True).agg(n=pl.col("n_followers").is_null().sum())
    without = counted.filter(pl.col("n") != 1)
    if not without.is_empty():
        raise ConfigError(f"{path}: {without['feature'][0]} needs one row without n_followers for each source")
    return Panel(frame, hashlib.sha256(content).hexdigest())


def write_panel(frame: pl.DataFrame, path: Path) -> None:
    """Write a panel as CSV, complete or not at all; it takes the place of an older panel only.

    Raises:
        ConfigError: Another file stands there, or none can be written.
    """
    if path.exists():
        read_panel(path)
    with whole_file(path) as partial:
        frame.select(SCHEMA.keys()).write_csv(partial)


def build_panel(values: pl.DataFrame, creators: pl.DataFrame, source: PanelSource) -> pl.DataFrame:
    """Quantiles of every feature with enough creators, by platform: of all sizes together, and along the size.

    Args:
        values: creator_id and one column a feature.
        creators: creator_id, platform, n_followers (null: counts for all sizes only).
        source: Where the values come from.

    Returns:
        SCHEMA, sorted.
    """
    known = values.join(creators.select("creator_id", "platform", "n_followers"), on="creator_id")
    features = [name for name in values.columns if name != "creator_id"]
    rows = [pl.DataFrame(schema=SCHEMA).drop("source", "window", "observed_on")]
    for (platform,), peers in known.partition_by("platform", as_dict=True).items():
        for feature in features:
            value = pl.col(feature).cast(pl.Float64)
            measured = peers.select("n_followers", value=value).filter(pl.col("value").is_finite())
            if measured.height < FEWEST_PEERS:
                continue
            sized = measured.drop_nulls("n_followers").sort("n_followers", "value")
            shares = list(QUANTILES.values())
            quantiles = np.quantile(measured["value"].to_numpy(), shares, method="weibull").tolist()
            whole = {"n_followers": None, "n_peers": measured.height, **dict(zip(QUANTILES, quantiles, strict=True))}
            curve = make_curve(sized["n_followers"].to_numpy(), sized["value"].to_numpy())
            knots = pl.DataFrame([whole, *curve], schema={name: SCHEMA[name] for name in whole})
            rows.append(
                knots.select(
                    "n_followers",
                    "n_peers",
                    *QUANTILES,
                    feature=pl.lit(feature),
                    platform=pl.lit(str(platform)),
                    followers_from=pl.lit(sized["n_followers"].min(), dtype=pl.Int64),
                    followers_to=pl.lit(sized["n_followers"].max(), dtype=pl.Int64),
                ).select(rows[0].columns)
            )
    about = {name: pl.lit(getattr(source, name)) for name in ("source", "window", "observed_on")}
    panel = pl.concat(rows).with_columns(**about)
    # All digits are kept: many peers have one and the same value (a third of their posts), which a rounded quantile
    # would set below or above itself.
    return panel.select(SCHEMA.keys()).sort("feature", "platform", "n_followers")


@dataclass(frozen=True, slots=True)
class _Match:
    """Creators with one reference of a feature, or with none: rows, shape (n,), what was measured, places and peers.

    Attributes:
        measured: Columns by name, value first; n rows.
    """

    feature: str
    rows: npt.NDArray[np.int64]
    measured: pl.DataFrame
    ranks: npt.NDArray[np.int8]
    found: Array
    about: PanelSource | None


def match_peers(
    values: pl.DataFrame, creators: pl.DataFrame, panel: Panel, admitted: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Every measurement beside its references: the nearest of SCOPES that there are.

    A creator of known size is never compared with peers that do not span that size. Where several sources cover a
    creator equally well, each stands in a row of its own: sources are never pooled.

    Args:
        values: creator_id and one column a feature.
        creators: creator_id, platform, n_followers (null: unknown).
        panel: The references.
        admitted: What of `values` may be judged (`admission.Admitted`): the same rows and columns.

    Returns:
        creator_id, feature, value, the quantiles, source, window, observed_on, n_peers and scope (SCOPES), and with
        `admitted` judged: what may be judged of the value; at least one row a measured value.
    """
    sizes = creators.select("creator_id", "platform", pl.col("n_followers").cast(pl.Float64))
    known = values.select("creator_id").join(sizes, on="creator_id", how="left", maintain_order="left")
    all_platforms, all_followers = known["platform"].to_numpy(), known["n_followers"].to_numpy()
    frames = {"value": values} if admitted is None else {"value": values, "judged": admitted}
    matches: list[_Match] = []
    for feature in (name for name in values.columns if name != "creator_id"):
        measured = pl.DataFrame({name: frame[feature].cast(pl.Float64) for name, frame in frames.items()})
        rows = np.flatnonzero(np.isfinite(measured["value"].to_numpy()))
        platforms, n_followers = all_platforms[rows], all_followers[rows]
        references = panel.references.get(feature, [])
        ranks = [one.rank(platforms, n_followers) for one in references]
        none = _RANKS[NONE]
        nearest = np.min([np.full(len(rows), none, dtype=np.int8), *ranks], axis=0)
        for one, rank in zip(references, ranks, strict=True):
            at = np.flatnonzero((rank == nearest) & (rank < none))
            if len(at):
                found = one.at(n_followers[at])
                matches.append(_Match(feature, rows[at], measured[rows[at]], rank[at], found, one.about))
        alone = np.flatnonzero(nearest == none)
        lacking = np.full((len(alone), 1 + len(QUANTILES)), np.nan)
        matches.append(_Match(feature, rows[alone], measured[rows[alone]], nearest[alone], lacking, None))
    return _stand_beside(known["creator_id"], matches, tuple(frames))


def _stand_beside(ids: pl.Series, matches: list[_Match], columns: tuple[str, ...]) -> pl.DataFrame:
    """The frame of `match_peers`: built once, for a feature's own would take longer than all the rest."""
    _, *others = columns
    if not matches:
        first = {"creator_id": pl.String, "feature": pl.String, "value": pl.Float64}
        return pl.DataFrame(schema={**first, **_BESIDE, **dict.fromkeys(others, pl.Float64)})
    measured = pl.concat([one.measured for one in matches])
    counts = [len(one.rows) for one in matches]
    found = pl.DataFrame(np.concatenate([one.found for one in matches]), ["n_peers", *QUANTILES]).fill_nan(None)
    abouts = [one.about for one in matches]
    named = {
        "feature": [one.feature for one in matches],
        **{name: [about and getattr(about, name) for about in abouts] for name in ("source", "window", "observed_on")},
    }
    which = np.repeat(np.arange(len(matches)), counts)
    repeated = pl.DataFrame(named, {"feature": pl.String, **{name: _BESIDE[name] for name in list(named)[1:]}})[which]
    ranks = pl.Series(np.concatenate([one.ranks for one in matches]))
    return repeated.select(
        ids.gather(np.concatenate([one.rows for one in matches])).alias("creator_id"),
        "feature",
        measured["value"],
        *(found[name] for name in QUANTILES),
        "source",
        "window",
        "observed_on",
        found["n_peers"].round().cast(pl.Int64),
        ranks.replace_strict(range(len(SCOPES)), SCOPES, return_dtype=pl.String).alias("scope"),
        *(measured[name] for name in others),
    )


_BESIDE = {name: SCHEMA.get(name, pl.String()) for name in _REFERENCE}
