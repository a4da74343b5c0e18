"""The lines of a roster's page: pairs, steps of the order, size classes; a number, its ends, and what it is of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zhenfen.messages import Catalogue
from zhenfen.report.case import Setting
from zhenfen.report.filename import page_stem
from zhenfen.report.roster_sentences import COMMENTERS, count_text, ends_text, link_creator, say_list
from zhenfen.verdict.roster import Reach, Shared
from zhenfen.verdict.size_classes import Median, SizeClass

FEWEST_ACCOUNTS = 30
"""Of the smaller side: of fewer one account sways the share, and none is given."""
HEATS = 5
"""Shades of a matrix cell, from nothing shared to all; the number stands in it as well."""


def tell_pair(setting: Setting, reach: Reach, pair: Shared) -> dict[str, Any]:
    """What two creators share, as accounts and as a share of the smaller audience."""
    catalogue = setting.catalogue
    n_smaller = min(reach.listings[one].n_total for one in pair.creators)
    share, ends = None, []
    if pair.value is not None and n_smaller >= FEWEST_ACCOUNTS:
        share = min(pair.value / n_smaller, 1.0)
        if reach.basis != COMMENTERS:
            # As many posts again may show more commenters than there are now: their share has no such ends.
            ends = [catalogue.share(min(end / n_smaller, 1.0)) for end in (pair.low, pair.high) if end is not None]
    share_text = "" if share is None else catalogue.share(share)
    links = [link_creator(setting, one) for one in pair.creators]
    listings = [reach.listings[one] for one in pair.creators]
    return {
        "creators": links,
        "n_seen": pair.n_seen,
        "seen_text": count_text(catalogue, pair.n_seen),
        "value": pair.value,
        "low": pair.low,
        "high": pair.high,
        "value_text": "" if pair.value is None else count_text(catalogue, pair.value),
        "ends_text": ends_text(catalogue, None if pair.low is None or pair.high is None else (pair.low, pair.high)),
        "least": pair.least,
        "least_text": "" if pair.least is None else count_text(catalogue, pair.least),
        "share": share,
        "share_text": share_text,
        "share_ends_text": " – ".join(ends),
        "frame_text": " × ".join(say_list(setting, listing) for listing in listings),
        "fields": {
            "a": links[0]["name"],
            "b": links[1]["name"],
            "n": count_text(catalogue, pair.n_seen if pair.value is None else pair.value),
            "share": share_text,
            "ends": " – ".join(ends),
        },
    }


def tell_step(setting: Setting, reach: Reach, place: int) -> dict[str, Any]:
    """One line of the order."""
    catalogue, step = setting.catalogue, reach.steps[place]
    listing = reach.listings[step.creator_id]
    # Commenters were counted; of followers there are only ends.
    total = ends_text(catalogue, step.total)
    if reach.n_union is not None:
        total = count_text(catalogue, sum(one.added for one in reach.steps[: place + 1]))
    # What a new account costs, a genuine one where that is known; no upper end where none may be new.
    cost: tuple[float, float | None] | None = None
    ends = step.genuine or step.interval
    if step.fee_cny is not None and ends is not None and ends[1] > 0:
        cost = (step.fee_cny / ends[1], step.fee_cny / ends[0] if ends[0] > 0 else None)
    added_text = count_text(catalogue, step.added)
    return {
        **link_creator(setting, step.creator_id),
        "creator_id": step.creator_id,
        "n_total": listing.n_total,
        "size_text": count_text(catalogue, listing.n_total),
        "added": step.added,
        "added_low": None if step.interval is None else step.interval[0],
        "added_high": None if step.interval is None else step.interval[1],
        "added_text": added_text,
        "ends_text": ends_text(catalogue, step.interval) or catalogue.text("roster.few_posts"),
        "genuine": None if step.genuine is None else list(step.genuine),
        "genuine_text": ends_text(catalogue, step.genuine),
        "fee_cny": step.fee_cny,
        "fee_text": "" if step.fee_cny is None else catalogue.value(step.fee_cny, "cny"),
        "cost": None if cost is None else list(cost),
        "cost_text": "" if cost is None else _price_text(catalogue, cost),
        "total_text": total,
        "is_settled": step.is_settled,
        "settled_text": "" if step.is_settled is None else catalogue.text(f"roster.settled.{step.is_settled}".lower()),
        "fields": {
            "name": link_creator(setting, step.creator_id)["name"],
            "n": added_text,
            "ends": ends_text(catalogue, step.interval),
        },
    }


def _price_text(catalogue: Catalogue, cost: tuple[float, float | None]) -> str:
    low = catalogue.value(cost[0], "cny")
    if cost[1] is None:
        return catalogue.text("roster.from", low=low)
    return catalogue.text("money.range", low=low, high=catalogue.value(cost[1], "cny"))


def draw_matrix(setting: Setting, reach: Reach, pairs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Every pair of few creators: the share of the smaller audience in a cell, on the diagonal everybody's own."""
    ids = list(reach.listings)
    by_pair = {frozenset(one["file"] for one in line["creators"]): line for line in pairs}
    rows = []
    for one in ids:
        cells = []
        for other in ids:
            line = by_pair.get(frozenset((page_stem(one), page_stem(other))))
            if one == other:
                cells.append(
                    {"kind": "own", "heat": 0, "text": count_text(setting.catalogue, reach.listings[one].n_total)}
                )
            elif line is None or line["share"] is None:
                cells.append({"kind": "none", "heat": 0, "text": "—"})
            else:
                heat = min(HEATS, int(line["share"] * HEATS) + 1) if line["share"] > 0 else 0
                cells.append({"kind": "pair", "heat": heat, "text": line["share_text"]})
        rows.append({**link_creator(setting, one), "cells": cells})
    return {"rows": rows}


def tell_class(setting: Setting, size: SizeClass) -> dict[str, Any]:
    """One size class as a line."""
    catalogue, text = setting.catalogue, setting.catalogue.text
    cost_high = size.cost_high if size.cost_high.n == size.cost.n else Median(0, None, None, None)
    low = size.cost.value if size.cost.low is None else size.cost.low
    high = cost_high.value if cost_high.high is None else cost_high.high
    return {
        "platform": size.platform,
        "platform_name": setting.platform_name(size.platform),
        "name": size.name,
        "label": text(f"tier.{size.name}"),
        "n": len(size.creator_ids),
        "creators": [link_creator(setting, one) for one in size.creator_ids],
        "n_followers": size.n_followers,
        "followers_text": count_text(catalogue, size.n_followers),
        "engagement": size.engagement.value,
        "engagement_ends": [size.engagement.low, size.engagement.high],
        "engagement_text": catalogue.value(size.engagement.value, "quotient"),
        "engagement_note": _note(catalogue, size.engagement, "quotient"),
        "genuine": None if size.reach is None or size.reach.genuine is None else list(size.reach.genuine),
        "genuine_text": "" if size.reach is None else ends_text(catalogue, size.reach.genuine),
        "reach_text": "" if size.reach is None else ends_text(catalogue, size.reach.union),
        "cost": [low, high],
        "cost_text": "—" if low is None else _price_text(catalogue, (low, high)),
        "cost_note": "" if size.cost.value is None else _note(catalogue, size.cost, ""),
    }


def _note(catalogue: Catalogue, median: Median, unit: str) -> str:
    """The ends of a median, or that there are too few creators for any."""
    if median.value is None:
        return ""
    if median.low is None or median.high is None:
        return catalogue.text("roster.too_few", n=catalogue.count(median.n))
    if not unit:
        return catalogue.text("roster.of", n=catalogue.count(median.n))
    return " – ".join(catalogue.value(end, unit) for end in (median.low, median.high))
