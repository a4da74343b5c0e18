"""Creators judged by everything their tables say."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

import polars as pl

from zhenfen.errors import MissingTableError, Problem, UnknownCreatorError
from zhenfen.features.base import Measured, load_families
from zhenfen.features.comments.family import Comments
from zhenfen.features.inputs import Inputs
from zhenfen.features.posts.family import Sponsorship
from zhenfen.model_store import SHORT_HASH_CHARS, Models
from zhenfen.progress import Progress, silent
from zhenfen.scoring.audience_readings import read_audience
from zhenfen.scoring.estimates import estimate_audiences
from zhenfen.scoring.identity import SCORE, hash_configs, identify
from zhenfen.scoring.readings import read_comments, read_posts
from zhenfen.tables import OBSERVED, Tables, latest_time
from zhenfen.verdict.audience import FAMILY as AUDIENCE
from zhenfen.verdict.changes import OVERALL
from zhenfen.verdict.coverage import find_uncovered
from zhenfen.verdict.evidence import Findings
from zhenfen.verdict.judge import judge, summarise
from zhenfen.verdict.levels import rank
from zhenfen.verdict.what_if import find_counterfactuals
from zhenfen.version import __version__

NO_MOMENT = "a time of observation somewhere, or the option --as-of"
"""What was expected of tables that date nothing."""

READING = "read"


def score(
    tables: Tables,
    models: Models,
    *,
    as_of: datetime | None = None,
    creators: Collection[str] | None = None,
    with_details: bool = True,
    on_progress: Progress = silent,
) -> Findings:
    """Findings for the creators of `tables`.

    Args:
        tables: The canonical tables; `creators` must have rows.
        models: Panel, rules and models to judge with.
        as_of: Moment to read the data at; later rows are left out. Default: the latest observation there is.
        creators: Ids to report on. The others still serve as their surroundings (platform-wide moves, overlaps).
        with_details: Also return the frames behind the values, and read comments and posts with their models: no level
            depends on either, and a batch run goes without.
        on_progress: Told of every family.

    Raises:
        MissingTableError: There is no creator.
        UnknownCreatorError: An id of `creators` is not in the data.
    """
    if not tables.has("creators"):
        raise MissingTableError(Problem("at least one creator", "creators"))
    wanted = tables["creators"]["creator_id"]
    if creators is not None:
        unknown = sorted(set(creators) - set(wanted.to_list()))
        if unknown:
            raise UnknownCreatorError(
                [Problem("an id of the creators in the data", "creators", value=one) for one in unknown]
            )
        wanted = pl.Series("creator_id", sorted(set(creators)), dtype=pl.String)
    moment = as_of or latest_moment(tables)
    inputs = Inputs(known_at(tables, moment), moment, with_details)
    measured = measure_inputs(inputs, on_progress)
    read = _read(inputs, models, wanted, on_progress) if with_details else {}
    return _conclude(measured, read, inputs, models, wanted)


def measure(
    tables: Tables, as_of: datetime, *, with_details: bool = False, on_progress: Progress = silent
) -> dict[str, Measured]:
    """What every family measures of every creator, by family name. `tables` hold nothing later than `as_of`."""
    return measure_inputs(Inputs(tables, as_of, with_details), on_progress)


def measure_inputs(inputs: Inputs, on_progress: Progress = silent) -> dict[str, Measured]:
    """What every family measures of every creator, by family name."""
    families = load_families()
    measured: dict[str, Measured] = {}
    for done, (name, family) in enumerate(families.items()):
        on_progress(name, done, len(families))
        measured[name] = family.measure(inputs)
    return measured


def _read(
    inputs: Inputs, models: Models, wanted: pl.Series, on_progress: Progress
) -> dict[str, dict[str, pl.DataFrame]]:
    """Family → frames that the text models add to its details."""
    readers = {Comments.name: read_comments, Sponsorship.name: read_posts, AUDIENCE: read_audience}
    read: dict[str, dict[str, pl.DataFrame]] = {}
    for done, (family, reader) in enumerate(readers.items()):
        on_progress(READING, done, len(readers))
        read[family] = reader(inputs, models, wanted)
    return read


def latest_moment(tables: Tables) -> datetime:
    """The latest observation in the tables: what "now" means for data at rest.

    Raises:
        MissingTableError: Nothing in the tables says when it was seen.
    """
    moments = (latest_time(tables[name], columns) for name, columns in OBSERVED.items())
    seen = [moment for moment in moments if moment is not None]
    if not seen:
        raise MissingTableError(Problem(NO_MOMENT, "tables", key="problem.as_of"))
    return max(seen)


def known_at(tables: Tables, moment: datetime) -> Tables:
    """The tables as somebody who read them at `moment` would have had them.

    Later rows are gone. Counts of a creator that were seen later, or not with the profile, are those of the latest
    reading in `follower_counts`; null where there is none.
    """
    earlier = leave_out_later(tables, moment)
    creators, follower_counts = earlier["creators"], earlier["follower_counts"]
    counts = [name for name in follower_counts.columns if name.startswith("n_")]
    latest = follower_counts.sort("observed_at").group_by("creator_id").agg(pl.col(counts).drop_nulls().last())
    is_past = (pl.col("snapshot_at") <= moment).fill_null(value=True)
    own = creators.with_columns(pl.when(is_past).then(pl.col(name)).alias(name) for name in (*counts, "snapshot_at"))
    joined = own.join(latest, on="creator_id", how="left", suffix="_latest", maintain_order="left")
    standing = joined.with_columns(pl.coalesce(name, f"{name}_latest") for name in counts)
    return earlier.replace(creators=standing.select(creators.columns))


def leave_out_later(tables: Tables, moment: datetime) -> Tables:
    """The tables without what happened later; who the creators were is left as it stands."""
    happened = {
        "follower_counts": "observed_at",
        "creator_stats": "observed_at",
        "post_counts": "observed_at",
        "posts": "published_at",
        "comments": "created_at",
        "events": "starts_at",
    }
    return tables.filter({name: (pl.col(at) <= moment).fill_null(value=True) for name, at in happened.items()})


def _conclude(
    measured: Mapping[str, Measured],
    read: Mapping[str, Mapping[str, pl.DataFrame]],
    inputs: Inputs,
    models: Models,
    wanted: pl.Series,
) -> Findings:
    tables, moment = inputs.tables, inputs.as_of
    mine = pl.col("creator_id").is_in(wanted.implode())
    shares = estimate_audiences(tables.replace(audience=tables["audience"].filter(mine)), models, moment)
    in_set = summarise(measured, models)
    judged = judge(measured, tables["creators"].filter(mine), shares, models, in_set=in_set)
    details = {
        name: {**{what: frame.filter(mine) for what, frame in one.details.items()}, **read.get(name, {})}
        for name, one in measured.items()
    }
    details[AUDIENCE]["shares"] = shares
    details[OVERALL] = {"contributions": judged.contributions}
    if inputs.with_details:
        if models.creator is not None:
            # A page prints the probabilities between which the levels lie.
            ends = models.creator.lines
            lines = {"elevated_from": ends.elevated_from, "high_from": ends.high_from}
            lines["low_below"] = models.creator_levels.rules.low_below
            named = {name: pl.lit(line) for name, line in lines.items()}
            details[OVERALL]["lines"] = judged.creators.select("creator_id", **named)
        details[OVERALL]["uncovered"] = find_uncovered(judged.evidence, tables["creators"], models.panel)
        details[OVERALL]["counterfactuals"] = find_counterfactuals(
            inputs, measured, judged, shares, models, in_set=in_set
        )
    # Of all files that the tables were read from; "unknown" where none has a hash.
    hashes = tables["provenance"].filter(pl.col("sha256") != "")["sha256"].unique().sort()
    read_from = hashlib.sha256("\n".join(hashes).encode()).hexdigest()[:SHORT_HASH_CHARS] if len(hashes) else "unknown"
    made_with = {"configs": hash_configs()[:SHORT_HASH_CHARS], "input": read_from}
    versions = {"zhenfen": __version__, **models.versions, **made_with}
    ranked = rank(judged.findings, judged.creators)
    found = Findings(ranked, judged.findings, judged.evidence, details, moment, versions)
    return replace(found, versions={**versions, SCORE: identify(found)})
