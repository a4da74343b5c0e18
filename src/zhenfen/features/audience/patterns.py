"""Patterns inside an audience sample, each read on its own: batches, alike names, mass-followers, inactive, same bio.

None of them says that a profile is not a person's; each has its own count, share and interval, over the profiles in
which it could be read, and none is added to another or to the estimated share of the audience model.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.config import Strict, config_dir, read_config
from zhenfen.features.audience.batches import BatchRule, find_batches
from zhenfen.features.audience.profile import DEFAULT_NAME
from zhenfen.text.contacts import mask_contacts
from zhenfen.text.normalise import normalise

FloatArray = npt.NDArray[np.float64]

PATTERNS = ("batch", "name_pattern", "mass_following", "inactive", "identical_bio")
CONFIDENCE_LEVEL = 0.95
N_EXAMPLES = 3
MASK = "***"
PATTERNS_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "pattern": pl.String(),
    "n_profiles": pl.Int64(),
    "n_in_pattern": pl.Int64(),
    "share": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "limit": pl.Float64(),
}
EXAMPLES_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "pattern": pl.String(),
    "cluster_id": pl.Int64(),
    "n_profiles": pl.Int64(),
    "shown": pl.String(),
    "first_position": pl.Int64(),
    "last_position": pl.Int64(),
    "first_created": pl.Datetime("us", "UTC"),
    "last_created": pl.Datetime("us", "UTC"),
    "first_followed": pl.Datetime("us", "UTC"),
    "last_followed": pl.Datetime("us", "UTC"),
    "examples": pl.List(pl.String()),
}
_MEMBERS = {"row": pl.UInt32(), "cluster": pl.String(), "shown": pl.String()}
_LIMITS = {"creator_id": pl.String(), "limit": pl.Float64()}
_RANGES = {"position": "follow_position", "created": "created_at", "followed": "followed_at"}
_DAY_US = 86_400e6


class MassFollowingRule(Strict):
    """Followings above which a profile is a mass-follower."""

    n_following_above: int


class InactiveRule(Strict):
    """Days without a post above which a profile is inactive."""

    days_above: int


class NamePatternRule(Strict):
    """Share of profiles that one shape or stem of names has among genuine accounts, at most."""

    shape_base_share: float
    stem_base_share: float
    fewest_stem_chars: int
    fewest_digits: int


class IdenticalBioRule(Strict):
    """Share of profiles that one description has among genuine accounts, at most, and the shortest that is read."""

    base_share: float
    fewest_chars: int


class ClusterRule(Strict):
    """When a cluster is large enough to be named."""

    false_alarm: float
    fewest: int


class PatternRules(Strict):
    """What stands in configs/features/audience.yaml, with reasons there."""

    mass_following: MassFollowingRule
    inactive: InactiveRule
    batch: BatchRule
    name_pattern: NamePatternRule
    identical_bio: IdenticalBioRule
    cluster: ClusterRule


@dataclass(frozen=True, slots=True)
class PatternReading:
    """One pattern in all samples.

    Attributes:
        known: Rows in which it can be read: row, creator_id.
        members: Rows that show it: row, cluster and what is shown of the cluster (null where there are no clusters).
        limits: creator_id and the number that had to be exceeded or reached.
    """

    known: pl.DataFrame
    members: pl.DataFrame
    limits: pl.DataFrame


@cache
def load_pattern_rules() -> PatternRules:
    """The rules of configs/features/audience.yaml.

    Raises:
        ConfigError: The file is absent or wrong.
    """
    return read_config(config_dir() / "features" / "audience.yaml", PatternRules)


def find_patterns(
    profiles: pl.DataFrame, as_of: datetime, rules: PatternRules, n_needed: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every pattern of every creator with profiles.

    Args:
        profiles: Rows of the table `audience`, one frame a creator.
        as_of: The moment inactivity is counted back from.
        rules: See configs/features/audience.yaml.
        n_needed: Profiles in which a pattern must be readable; with fewer it is null.

    Returns:
        `patterns`: creator_id, pattern (one of PATTERNS, in that order), n_profiles that could be read, n_in_pattern,
        share, low, high (Wilson, 95 %), limit (mass_following: followings; inactive: days, both to be exceeded; batch,
        name_pattern, identical_bio: size from which a cluster counts, of name_pattern that of a shape).
        `pattern_examples`: creator_id, pattern, cluster_id (1 = largest), n_profiles, shown (shape of the names, or
        the description with contacts masked; null for a batch), first and last of position, created and followed (null
        where unknown), examples (up to three names, the first character of each).
    """
    rows = profiles.with_row_index("row")
    bios = rows.select("row", "creator_id", "bio").drop_nulls("bio")
    long_bios = bios.with_columns(key=normalise(pl.col("bio"))).filter(
        pl.col("key").str.len_chars() >= rules.identical_bio.fewest_chars
    )
    readings = {
        "batch": _read_batches(rows, rules),
        "name_pattern": _read_names(rows, rules),
        "mass_following": _read_flag(
            rows, pl.col("n_following") > rules.mass_following.n_following_above, rules.mass_following.n_following_above
        ),
        "inactive": _read_flag(
            rows,
            pl.col("last_post_at") < pl.lit(as_of) - pl.duration(days=rules.inactive.days_above),
            rules.inactive.days_above,
        ),
        "identical_bio": _cluster(
            long_bios, bios, mask_contacts(pl.col("bio")), rules.identical_bio.base_share, rules.cluster
        ),
    }
    creators = rows.select("creator_id").unique().sort("creator_id")
    counted = pl.concat(_count(creators, name, readings[name], n_needed) for name in PATTERNS)
    shown = [_describe(rows, counted, name, readings[name]) for name in ("batch", "name_pattern", "identical_bio")]
    order = pl.col("pattern").cast(pl.Enum(PATTERNS)).to_physical()
    return counted.sort("creator_id", order), pl.concat(shown).sort("creator_id", order, "cluster_id")


def wilson(n_in: pl.Expr, n: pl.Expr, confidence_level: float = CONFIDENCE_LEVEL) -> tuple[pl.Expr, pl.Expr]:
    """Lower and upper end of Wilson's score interval for a share (Wilson 1927); NaN where n is 0."""
    z2 = NormalDist().inv_cdf((1 + confidence_level) / 2) ** 2
    middle = n_in + z2 / 2
    half = (z2 * (n_in * (n - n_in) / n + z2 / 4)).sqrt()
    low, high = (middle - half) / (n + z2), (middle + half) / (n + z2)
    return low.clip(0, 1), high.clip(0, 1)


def _count(creators: pl.DataFrame, pattern: str, reading: PatternReading, n_needed: int) -> pl.DataFrame:
    in_pattern = reading.known.join(reading.members.select("row").unique(), on="row", how="semi")
    counts = [
        frame.group_by("creator_id").agg(pl.len().cast(pl.Int64).alias(name))
        for name, frame in (("n_profiles", reading.known), ("n_in_pattern", in_pattern))
    ]
    joined = creators
    for part in (*counts, reading.limits):
        joined = joined.join(part, on="creator_id", how="left", maintain_order="left")
    joined = joined.with_columns(pl.col("n_profiles", "n_in_pattern").fill_null(0), pattern=pl.lit(pattern))
    n, n_in = pl.col("n_profiles"), pl.col("n_in_pattern")
    low, high = wilson(n_in, n)
    counted = {"n_in_pattern": n_in, "share": n_in / n, "low": low, "high": high, "limit": pl.col("limit")}
    shown = {name: pl.when(n >= n_needed).then(value) for name, value in counted.items()}
    return joined.with_columns(**shown).select(PATTERNS_SCHEMA.keys())


def _read_flag(rows: pl.DataFrame, flag: pl.Expr, limit: int) -> PatternReading:
    known = rows.select("row", "creator_id", flag=flag).drop_nulls("flag")
    members = known.filter("flag").select("row", cluster=pl.lit(None, pl.String), shown=pl.lit(None, pl.String))
    limits = known.select("creator_id", limit=pl.lit(float(limit))).unique()
    return PatternReading(known.select("row", "creator_id"), members, limits)


def _read_names(rows: pl.DataFrame, rules: PatternRules) -> PatternReading:
    """Names with enough digits by their shape (scripts and lengths), and by the stem before their last number."""
    name = pl.col("display_name").str.normalize("NFKC").str.strip_chars()
    known = rows.select("row", "creator_id", name=name).filter(pl.col("name") != "")
    is_numbered = pl.col("name").str.count_matches(r"\d") >= rules.name_pattern.fewest_digits
    numbered = known.filter(is_numbered & ~pl.col("name").str.contains(DEFAULT_NAME))
    stem = pl.col("name").str.to_lowercase().str.extract(r"^(.*?\D)[\s_.-]*\d+$")
    is_long_enough = stem.str.len_chars() >= rules.name_pattern.fewest_stem_chars
    # No shape has an s in it, so that no shape and no stem are taken for one another.
    stemmed = numbered.filter(is_long_enough).with_columns(key="stem " + stem)
    shown_stem = pl.col("name").str.to_lowercase().str.head(1) + MASK + "0"
    # Every letter as a, every Chinese character as 文, every digit as 0.
    digits_alike = pl.col("name").str.replace_all(r"\d", "0").str.replace_all(r"\p{Han}", "文")
    shaped = numbered.with_columns(key=digits_alike.str.replace_all(r"[\p{L}--\p{Han}]", "a"))
    shapes = _cluster(shaped, known, pl.col("key"), rules.name_pattern.shape_base_share, rules.cluster)
    stems = _cluster(stemmed, known, shown_stem, rules.name_pattern.stem_base_share, rules.cluster)
    return PatternReading(shapes.known, pl.concat((shapes.members, stems.members)), shapes.limits)


def most_by_chance(expected: FloatArray, false_alarm: float) -> FloatArray:
    """How many of so many expected chance alone exceeds with at most `false_alarm`, shape (n,).

    The bits of `scipy.stats.poisson.isf`: importing that package takes longer than measuring an audience.

    Args:
        expected: Means, shape (n,).
        false_alarm: In (0, 1).
    """
    from scipy.special import pdtr, pdtrik

    kept = 1 - false_alarm
    above = np.ceil(pdtrik(kept, expected))
    below = np.maximum(above - 1, 0)
    return np.asarray(np.where(pdtr(below, expected) >= kept, below, above), dtype=np.float64)


def _cluster(
    keyed: pl.DataFrame, known: pl.DataFrame, shown: pl.Expr, base_share: float, rule: ClusterRule
) -> PatternReading:
    """Rows of one creator with the same key, where they are more than the base share explains."""
    sizes = known.group_by("creator_id").agg(n=pl.len())
    by_chance = most_by_chance(base_share * sizes["n"].to_numpy(), rule.false_alarm)
    limits = sizes.select("creator_id", limit=(pl.Series(by_chance, dtype=pl.Float64) + 1).clip(rule.fewest))
    members = (
        keyed.join(limits, on="creator_id")
        .filter(pl.len().over("creator_id", "key") >= pl.col("limit"))
        .select("row", cluster="key", shown=shown)
    )
    return PatternReading(known.select("row", "creator_id"), members, limits)


def _read_batches(rows: pl.DataFrame, rules: PatternRules) -> PatternReading:
    """Runs along the follow order: by position, or by the time of following where that is known of more profiles."""
    day = {name: pl.col(f"{name}_at").dt.epoch("us") / _DAY_US for name in ("created", "followed")}
    by_position = pl.col("follow_position").count() >= pl.col("followed_at").count()
    place = pl.when(by_position.over("creator_id")).then(pl.col("follow_position").cast(pl.Float64))
    ordered = rows.select("row", "creator_id", **day).with_columns(
        rows.select(place=place.otherwise(pl.col("followed_at").dt.epoch("us").cast(pl.Float64))).to_series()
    )
    known = ordered.drop_nulls(["place", "created"])
    members, limits = [pl.DataFrame(schema=_MEMBERS)], [pl.DataFrame(schema=_LIMITS)]
    for sample in known.partition_by("creator_id", maintain_order=True):
        at, made, came = (sample[name].cast(pl.Float64).to_numpy() for name in ("place", "created", "followed"))
        found = find_batches(at, made, came, rules.batch, rules.cluster.fewest)
        runs = sample.select("row", cluster=pl.Series(found.runs), shown=pl.lit(None, pl.String))
        members.append(runs.filter(pl.col("cluster") >= 0).cast({"cluster": pl.String}))
        limits.append(sample.head(1).select("creator_id", limit=pl.lit(float(found.limit))))
    return PatternReading(known.select("row", "creator_id"), pl.concat(members), pl.concat(limits))


def _describe(rows: pl.DataFrame, counted: pl.DataFrame, pattern: str, reading: PatternReading) -> pl.DataFrame:
    """The clusters of the creators in whom the pattern was read."""
    read = counted.filter(pattern=pattern).drop_nulls("n_in_pattern").select("creator_id")
    members = reading.members.join(rows, on="row").join(read, on="creator_id", how="semi")
    name = pl.col("display_name").str.strip_chars()
    masked = pl.when(name != "").then(name.str.head(1) + MASK)
    described = members.group_by("creator_id", "cluster").agg(
        n_profiles=pl.len().cast(pl.Int64),
        shown=pl.col("shown").mode().min(),
        **{f"first_{what}": pl.col(column).min() for what, column in _RANGES.items()},
        **{f"last_{what}": pl.col(column).max() for what, column in _RANGES.items()},
        examples=masked.drop_nulls().unique().sort().head(N_EXAMPLES),
    )
    order = ("creator_id", "n_profiles", "shown", "first_position", "first_created", "first_followed")
    ranked = described.sort(order, descending=[False, True, *(False,) * 4])
    cluster_id = pl.int_range(1, pl.len() + 1).over("creator_id")
    return ranked.with_columns(pattern=pl.lit(pattern), cluster_id=cluster_id).select(EXAMPLES_SCHEMA.keys())
