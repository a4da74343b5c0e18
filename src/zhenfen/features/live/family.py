"""Live rooms: viewers, remarks, likes, followers and sales of the rooms, and what in them is beyond chance.

Two kinds of measurements that are never mixed. Ratios of counts ask for peers, and no public set has any: without a
panel of the user's own they give no level. What goes by a clock or in packets is set against chance, which needs no
peers (`chance`): it is told and asked about and gives no level, for nobody knows yet how often innocent rooms show it.
"""

from __future__ import annotations

from typing import ClassVar

import polars as pl

from zhenfen.features.base import Family, Measured, Schema, make_reasons
from zhenfen.features.engagement.family import find_followers
from zhenfen.features.inputs import Inputs, own_posts
from zhenfen.features.live.minutes import MINUTES_SCHEMA, read_minutes
from zhenfen.features.live.ratios import N_ROOMS_NEEDED, correct_for_tests, find_rarest, measure_ratios, measure_returns
from zhenfen.features.live.regulars import REGULARS_SCHEMA, find_regulars
from zhenfen.features.live.rooms import (
    EVEN,
    ROOMS_SCHEMA,
    TESTS,
    TOGETHER_SCHEMA,
    bound_together,
    describe_rooms,
    mark,
    pair_rooms,
    set_against_chance,
)
from zhenfen.features.specs import Concern, FeatureSpec, Unit

ROOM = "live"
"""Media kind of a post that is a room."""


def _ratio(name: str, meaning: str, source: str, concern: Concern, unit: Unit = "quotient") -> FeatureSpec:
    return FeatureSpec(f"live_{name}", unit, meaning, source, concern=concern)


def _rarity(name: str, meaning: str, source: str) -> FeatureSpec:
    return FeatureSpec(f"live_{name}_rarity", "rarity", meaning, f"{source}; set against chance, not peers")


_BOUGHT = "padded viewers are counted as people and do nothing that people do"
_SPECS = (
    FeatureSpec("live_n_rooms", "count", "Live rooms.", "context: sample size"),
    FeatureSpec("live_n_timed_comments", "count", "Remarks in rooms with a time.", "context: sample size"),
    FeatureSpec("live_n_named_comments", "count", "Remarks in rooms whose author is known.", "context: sample size"),
    FeatureSpec("live_n_orders", "count", "Orders of the rooms that state them with returns.", "context: sample size"),
    _ratio(
        "views_by_followers_ratio", "Median visits of a room by followers.", "context: platforms push rooms", "none"
    ),
    _ratio("peak_by_followers_ratio", "Median peak of viewers by followers.", _BOUGHT, "high"),
    _ratio("peak_by_views_ratio", "Median peak of viewers by visits: how many were there at once.", _BOUGHT, "high"),
    _ratio(
        "stay_minutes",
        "Median minutes of a visit: mean viewers by visits.",
        "padding stays for hours",
        "high",
        "minutes",
    ),
    _ratio("comments_by_views_ratio", "Median remarks by visits.", _BOUGHT, "low"),
    _ratio("comments_per_viewer_hour_ratio", "Median remarks of a viewer in an hour.", _BOUGHT, "low", "ratio"),
    _ratio("likes_by_views_ratio", "Median likes by visits.", "bought likes need no visitor", "high", "ratio"),
    _ratio("new_followers_by_views_ratio", "Median new followers by visits.", _BOUGHT, "low"),
    _ratio("orders_by_views_ratio", "Median orders by visits, of rooms that sell.", _BOUGHT, "low"),
    _ratio(
        "sales_per_mille_views_cny",
        "Median sales by thousand visits (GPM).",
        "context: depends on prices",
        "none",
        "cny",
    ),
    FeatureSpec(
        "live_returned_share",
        "share",
        "Orders given back, over the rooms that state both.",
        "orders placed for show are given back",
        concern="high",
        high=1.0,
        sample="live_n_orders",
    ),
    FeatureSpec(
        "live_everywhere_comment_share",
        "share",
        "Remarks of accounts that speak in every room, of three rooms or more.",
        "a paid pool is in every room; loyal fans are, too",
        concern="high",
        high=1.0,
        sample="live_n_named_comments",
    ),
    _rarity("even_comments", "How improbable the most even room's remarks a minute are.", "a script goes by a clock"),
    _rarity(
        "even_arrivals", "How improbable the most even room's arrivals a minute are.", "viewers are delivered evenly"
    ),
    _rarity("like_packets", "How improbable it is that so many minutes have the same number of likes.", "packets"),
    _rarity(
        "held_step", "How improbable it is that so few leave after the most sudden arrival.", "padding never leaves"
    ),
    _rarity("even_regulars", "How improbable it is that those in every room share the talk so evenly.", "a rota"),
    FeatureSpec("live_contradicting_rooms", "count", "Rooms with counts that cannot both be right.", "arithmetic"),
)


class Live(Family, name="live"):
    """Rooms by their counts, minute by minute, and by who speaks in them.

    Details: `rooms`; `minutes` of the rooms that are known by the minute; `regulars`, a row a
    creator.
    """

    specs = _SPECS
    details: ClassVar[dict[str, Schema]] = {
        "rooms": ROOMS_SCHEMA,
        "minutes": MINUTES_SCHEMA,
        "regulars": REGULARS_SCHEMA,
        "together": TOGETHER_SCHEMA,
    }
    is_alone = True

    def measure(self, inputs: Inputs) -> Measured:
        """Measure the rooms of every creator."""
        creators = inputs.tables["creators"]
        ids = creators.select("creator_id").sort("creator_id")
        rooms = describe_rooms(own_posts(inputs.tables).filter(media_kind=ROOM))
        if rooms.is_empty():
            # Most sets: what tests by chance takes half a second to import.
            unknown = ids.with_columns(pl.lit(None, pl.Float64).alias(spec.name) for spec in _SPECS)
            frames = {name: pl.DataFrame(schema=schema) for name, schema in self.details.items()}
            reasons = make_reasons(ids, "live.no_rooms", N_ROOMS_NEEDED)
            return Measured(unknown, reasons, frames if inputs.with_details else {})
        spoken = inputs.tables["comments"].join(rooms.select("post_id"), on="post_id", how="semi")
        comments = spoken.filter(pl.col("author_id").ne_missing(pl.col("creator_id")))
        minutes = read_minutes(rooms, comments, inputs.tables["post_counts"])
        pairs = pair_rooms(minutes)
        together = bound_together(pairs)
        tests = (set_against_chance(minutes, pairs), together, find_regulars(comments))
        tested, together, regulars = correct_for_tests(tests)
        known = mark(rooms.join(tested, on=["creator_id", "post_id"], how="left"), TESTS)
        counted = ids.join(rooms.group_by("creator_id").agg(n_found=pl.len()), on="creator_id", how="left")
        few = counted.with_columns(pl.col("n_found").fill_null(0)).filter(pl.col("n_found") < N_ROOMS_NEEDED)
        without = make_reasons(few.filter(pl.col("n_found") == 0), "live.no_rooms", N_ROOMS_NEEDED)
        thin = make_reasons(few.filter(pl.col("n_found") > 0), "live.too_few_rooms", N_ROOMS_NEEDED, "n_found")
        enough = rooms.join(few, on="creator_id", how="anti")
        values = ids
        for part in (
            rooms.group_by("creator_id").agg(live_n_rooms=pl.len()),
            minutes.group_by("creator_id").agg(live_n_timed_comments=pl.col("n_comments").sum()),
            measure_ratios(enough, find_followers(creators, inputs.tables["follower_counts"])),
            measure_returns(enough),
            regulars.select(
                "creator_id", live_n_named_comments="n_remarks", live_everywhere_comment_share="everywhere_share"
            ),
            find_rarest(known, together, regulars),
        ):
            values = values.join(part, on="creator_id", how="left", maintain_order="left")
        columns = (pl.col(spec.name).cast(pl.Float64) for spec in _SPECS)
        details = {}
        if inputs.with_details:
            shown = {"rooms": known.sort("creator_id", "published_at", "post_id"), "minutes": minutes}
            shown |= {"regulars": mark(regulars, ["p_value"]), "together": mark(together, EVEN)}
            details = {
                name: frame.select(pl.col(column).cast(dtype) for column, dtype in self.details[name].items())
                for name, frame in shown.items()
            }
        return Measured(values.select("creator_id", *columns), pl.concat((without, thin)), details)
