"""Growth of the followers: what came in jumps or drips, what of it nothing in the tables explains, what was lost.

days.py makes daily steps with an expectation, spans.py and drips.py find candidates,
scores.py says how unusual each is, explanations.py what may explain it; falls.py finds the days on
which a platform took followers away, drops.py what each lost then, shared.py makes spans of it;
window.py measures the last 90 days.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from zhenfen.features.base import Family, Measured, Schema, make_reasons
from zhenfen.features.growth.days import DAILY_SCHEMA, N_STEPS_NEEDED, show_daily
from zhenfen.features.growth.drips import find_drips
from zhenfen.features.growth.drops import DROPS_SCHEMA, find_drops
from zhenfen.features.growth.explanations import count_moves, explain_spans, weigh_causes
from zhenfen.features.growth.jumps import measure_jumps
from zhenfen.features.growth.scores import GrowthRules, add_q_values, judge, load_growth_rules, watched_years
from zhenfen.features.growth.shared import share_spans
from zhenfen.features.growth.spans import find_jumps, mark_days
from zhenfen.features.growth.what_ifs import ConfirmedEvents
from zhenfen.features.growth.window import SPECS, measure_window
from zhenfen.features.inputs import Inputs, Surroundings
from zhenfen.tables import Tables

_TIME = pl.Datetime("us", "UTC")
SPANS_SCHEMA: Schema = {
    "creator_id": pl.String(),
    "starts_at": _TIME,
    "ends_at": _TIME,
    "n_gained": pl.Int64(),
    "n_expected": pl.Float64(),
    "shape": pl.String(),
    "is_round": pl.Boolean(),
    "explanation": pl.String(),
    "explained_by": pl.String(),
    "p_value": pl.Float64(),
    "q_value": pl.Float64(),
    "is_unexplained": pl.Boolean(),
}
CAUSES_SCHEMA: Schema = {
    "creator_id": pl.String(),
    "starts_at": _TIME,
    "cause": pl.String(),
    "verdict": pl.String(),
    "value": pl.Float64(),
    "needed": pl.Float64(),
    "evidence": pl.String(),
    "note": pl.String(),
}


@dataclass(frozen=True, slots=True)
class GrowthReading:
    """What follower series show; days are UTC, frames are sorted by creator and time.

    Attributes:
        daily: creator_id, day (Date), n_followers, n_gained (null over gaps), n_expected (gain a day; null where
            nothing can be expected), low and high (range of nine in ten gains expected).
        spans: creator_id, starts_at, ends_at (00:00 UTC of the first and last day, both included), n_gained,
            n_expected, shape (burst | burst_decay | step | drip | drop | gap), is_round, explanation (post | event |
            platform | gap | none), explained_by, p_value, q_value, is_unexplained.
        causes: creator_id, starts_at, cause (gap, a kind of event, platform, post), verdict (for | against | unknown),
            value and needed (days for gaps and events, share of the others for the platform, followers for posts),
            evidence (post_id, kind of event), note (key of the catalogue).
        drops: see `drops.find_drops`.
    """

    daily: pl.DataFrame
    spans: pl.DataFrame
    causes: pl.DataFrame
    drops: pl.DataFrame


@dataclass(frozen=True, slots=True)
class _Found:
    steps: pl.DataFrame
    spans: pl.DataFrame
    causes: pl.DataFrame
    drops: pl.DataFrame


class Growth(Family, name="growth"):
    """Follower growth from the readings in `follower_counts`; details are the frames of `GrowthReading`."""

    specs = SPECS
    details: ClassVar = {"daily": DAILY_SCHEMA, "spans": SPANS_SCHEMA, "causes": CAUSES_SCHEMA, "drops": DROPS_SCHEMA}
    what_ifs = (ConfirmedEvents(),)
    again_from = ("creators", "follower_counts", "posts", "events")

    def measure(self, inputs: Inputs) -> Measured:
        """Features of the last 90 days of each creator's readings; spans of the whole series as details."""
        creators = inputs.tables["creators"].select("creator_id")
        rules = load_growth_rules()
        found = _find(inputs.marked_days, inputs.tables, rules, inputs.around)
        measured = measure_window(found.steps, found.spans, found.drops, rules.level)
        jumps = measure_jumps(found.steps, inputs.tables)
        measured = measured.join(jumps, on="creator_id", how="left", maintain_order="left")
        is_enough = pl.col("n_steps") >= N_STEPS_NEEDED
        values = creators.join(measured.filter(is_enough), on="creator_id", how="left", maintain_order="left")
        counted = creators.join(
            measured.select("creator_id", "n_steps"), on="creator_id", how="left", maintain_order="left"
        )
        without, thin = counted.filter(pl.col("n_steps").is_null()), counted.filter(~is_enough)
        reasons = (
            make_reasons(without, "growth.no_follower_counts", N_STEPS_NEEDED),
            make_reasons(thin, "growth.too_few_days", N_STEPS_NEEDED, "n_steps"),
        )
        return Measured(
            values.select("creator_id", *(spec.name for spec in SPECS)),
            pl.concat(reasons),
            _show(found) if inputs.with_details else {},
        )

    def surround(self, inputs: Inputs) -> Surroundings:
        """What the platforms of all creators did, and what each creator lost in it."""
        marked, creators = inputs.marked_days, inputs.tables["creators"]
        return Surroundings(creators.height, count_moves(marked, creators), find_drops(marked, creators))


def read_growth(tables: Tables, rules: GrowthRules | None = None) -> GrowthReading:
    """The daily series, spans, causes and drops of every creator with follower counts.

    Args:
        tables: `follower_counts`; `creators`, `posts` and `events` where they are known. Creators without a row in
            `creators` are set beside nobody.
        rules: Other rules than those of the shelf.
    """
    return GrowthReading(**_show(_find(mark_days(tables["follower_counts"]), tables, rules or load_growth_rules())))


def _find(steps: pl.DataFrame, tables: Tables, rules: GrowthRules, around: Surroundings | None = None) -> _Found:
    jumps = find_jumps(steps)
    candidates = {
        "rise": jumps.filter(pl.col("direction") > 0),
        "drip": find_drips(steps),
        "drop": jumps.filter(pl.col("direction") < 0),
    }
    drops = around.drops if around else find_drops(steps, tables["creators"])
    spans = share_spans(judge(candidates, rules), drops, steps, rules)
    causes = weigh_causes(spans, steps, tables, rules, around.moves if around else None)
    explained = add_q_values(explain_spans(spans, causes), watched_years(steps), rules.shown)
    is_unexplained = (pl.col("explanation") == "none") & (pl.col("p_value") <= rules.level)
    return _Found(steps, explained.with_columns(is_unexplained=is_unexplained), causes, drops)


def _show(found: _Found) -> dict[str, pl.DataFrame]:
    """The frames of `GrowthReading` by name."""
    spans = found.spans.with_columns(starts_at=_midnight("starts_on"), ends_at=_midnight("ends_on"))
    spans = spans.select(pl.col(name).cast(dtype) for name, dtype in SPANS_SCHEMA.items())
    causes = found.causes.with_columns(starts_at=_midnight("starts_on")).select(CAUSES_SCHEMA.keys())
    return {
        "daily": show_daily(found.steps),
        "spans": spans.sort("creator_id", "starts_at", "ends_at"),
        "causes": causes,
        "drops": found.drops,
    }


def _midnight(day: str) -> pl.Expr:
    return pl.col(day).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
