"""What a contact costs at the fee asked: per interaction, per thousand views, per genuine interaction and follower."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import polars as pl

from zhenfen.report.case import Case, Reads

READS: Reads = {"engagement": ("posts", "averages"), "audience": ("shares", "frames")}
FEWEST_POSTS = 3
"""Of one kind; fewer have no typical post, and all kinds together stand for it."""
PRICES = {
    "price_image_cny": "image",
    "price_video_cny": "video",
    "price_1_20s_cny": "video_short",
    "price_21_60s_cny": "video_middle",
    "price_60s_plus_cny": "video_long",
    "price_live_cny": "live",
}
"""Column of creator_stats → the kind of post it is the price of; the kinds of a platform's own price list."""
_MEDIA = {"image": "image", "video": "video", "video_short": "video", "video_middle": "video", "video_long": "video"}
FOLLOWER_FRAMES = ("authorised_export", "random", "newest")
COST = "engagement_cost_per_interaction_cny"
THOUSAND = 1000


class Typical(NamedTuple):
    """Medians of a creator's posts of one kind, or means that a vendor states; None where unknown."""

    interactions: float | None
    views: float | None
    basis: str


def money_section(case: Case, families: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Fees by kind with what each buys; None without any fee.

    What is genuine is carried through as an interval: from the plain cost, if accounts that are not real never
    interact, to the cost over the part that is real at the upper end of the share's interval, if they interact like the
    others.

    Args:
        case: Whose page.
        families: The families' part of the summary: where peers have prices, the cost stands beside theirs.
    """
    case = case.reading(READS)
    row, known = case.setting.creators.get(case.creator_id, {}), list_fees(case)
    if not known:
        return None
    shares, n_followers = case.detail("audience", "shares"), row.get("n_followers")
    named = None if shares is None else shares.filter(pl.col("reason").is_null()).drop_nulls(["low", "high"])
    share = None if named is None or named.is_empty() else (float(named["low"][0]), float(named["high"][0]))
    # Whoever comments or likes stands for those who do, not for the followers.
    if share is not None and named is not None and named["frame"][0] not in FOLLOWER_FRAMES:
        n_followers = None
    lines = [_cost(case, kind, fee, share, n_followers) for kind, fee in known.items()]
    measured = next((item for one in families for item in one["evidence"] if item["feature"] == COST), None)
    first, text = lines[0], case.catalogue.text
    has_sample = case.detail("audience", "frames") is not None
    said = "known" if first["genuine_text"] else "unbounded" if share else "unlabelled" if has_sample else "unknown"
    if first["fee_cny"] == 0:
        said = "free"
    elif not first["cost_text"]:
        said = "no_interactions"
    # Two creators' fees may be of different kinds of post.
    kind_text = "" if first["kind"] == "asked" else text("money.of_kind", kind=first["label"])
    fields = {name: first[name] for name in ("fee_text", "cost_text", "genuine_text", "carried_text")}
    return {
        "lines": lines,
        "sentence": " ".join(filter(None, (text(f"money.{said}", **fields), kind_text))),
        "kind_text": kind_text,
        "fee_text": first["fee_text"],
        "cost_text": first["cost_text"],
        "genuine_text": first["genuine_text"],
        "carried_text": text("money.carried", **fields) if first["carried_text"] and n_followers else "",
        "assumption_text": text("money.assumption") if first["genuine_text"] else "",
        "peers_text": ""
        if measured is None or not measured["range_text"]
        else text("money.peers", range=measured["range_text"], median=measured["median_text"]),
        "fee_cny": first["fee_cny"],
        "cost_cny": first["cost_cny"],
        "genuine_cost_high_cny": first["genuine_cost_high_cny"],
        "columns": {name: any(line[f"{name}_text"] for line in lines) for name in ("mille", "genuine", "reached")},
    }


def list_fees(case: Case) -> dict[str, float]:
    """What is asked by kind of post ("asked" where nobody says of which), the fee of the creators row first.

    A price list gives the newest price of each kind. A row's fee that is one of them is the price of that kind: a sheet
    without a fee of its own has that of its first price.
    """
    asked = case.setting.creators.get(case.creator_id, {}).get("fee_cny")
    prices: dict[str, float] = {}
    stated = case.detail("engagement", "averages")
    if stated is not None:
        newest = stated.sort("observed_at").select(pl.col(column).drop_nulls().last() for column in PRICES)
        prices = {kind: newest[column][0] for column, kind in PRICES.items() if newest[column][0] is not None}
    if asked is None:
        return prices
    kind = next((kind for kind, price in prices.items() if price == asked), "asked")
    return {kind: asked, **prices}


def _cost(
    case: Case, kind: str, fee: float, share: tuple[float, float] | None, n_followers: int | None
) -> dict[str, Any]:
    """One fee and what it buys; texts are empty where a part of the quotient is unknown."""
    show, typical = case.catalogue.value, _find_typical(case, kind)
    # Where no money is asked there is no cost to compare: goods may have been.
    cost, mille = _by(fee or None, typical.interactions), _by(fee * THOUSAND or None, typical.views)
    lines: dict[str, Any] = {
        "kind": kind,
        "label": case.catalogue.text(f"money.kind.{kind}"),
        "fee_cny": fee,
        "fee_text": show(fee, "cny"),
        "interactions_text": show(typical.interactions, "count"),
        "basis_text": case.catalogue.text(f"money.basis.{typical.basis}"),
        "cost_cny": cost,
        "cost_text": "" if cost is None else show(cost, "cny"),
        "mille_cny": mille,
        "mille_text": "" if mille is None else show(mille, "cny"),
    }
    blank = {"genuine_cost_high_cny": None, "genuine_text": "", "reached_text": "", "carried_text": ""}
    if share is None:
        return {**lines, **blank}
    low, high = (1 - end for end in reversed(share))
    genuine = _by(cost, low)
    reached = [_by(fee * THOUSAND, n_followers and n_followers * end) for end in (high, low)]
    return {
        **lines,
        "genuine_cost_high_cny": genuine,
        "genuine_text": _range(case, cost, genuine),
        "reached_text": _range(case, *reached),
        "carried_text": _range(case, fee * low or None, fee * high),
    }


def _find_typical(case: Case, kind: str) -> Typical:
    """Medians of the measured posts of a kind, else of all, else a vendor's averages; of live rooms nothing."""
    if kind == "live":
        return Typical(None, None, "none")
    posts = case.detail("engagement", "posts")
    measured = None if posts is None else posts.filter("is_measured")
    if measured is not None and not measured.is_empty():
        of_kind = case.posts.filter(pl.col("media_kind") == _MEDIA.get(kind, "")).select("post_id")
        alike = measured.join(of_kind, on="post_id", how="semi")
        taken, basis = (alike, "kind") if alike.height >= FEWEST_POSTS else (measured, "all")
        views, interactions = (taken.select(pl.col(f"n_{name}").median()).item() for name in ("views", "interactions"))
        return Typical(interactions, views, basis)
    stated = case.detail("engagement", "averages")
    if stated is not None:
        platform = case.setting.platform_config(case.setting.platform_of(case.creator_id)[0])
        parts = () if platform is None else platform.interactions
        for row in stated.sort("is_used", descending=True).iter_rows(named=True):
            known = [row[f"mean_{name[2:]}"] for name in parts if row.get(f"mean_{name[2:]}") is not None]
            # A vendor that states some of the kinds gives at least their sum.
            interactions = row["median_interactions"] or row["mean_interactions"] or (sum(known) if known else None)
            views = row["median_views"] or row["mean_views"]
            if interactions or views:
                return Typical(interactions, views, "vendor" if len(known) in (0, len(parts)) else "vendor_part")
    return Typical(None, None, "none")


def _by(value: float | None, other: float | None) -> float | None:
    return None if value is None or not other else value / other


def _range(case: Case, low: float | None, high: float | None) -> str:
    """An interval of amounts; empty where an end is unknown."""
    if low is None or high is None:
        return ""
    ends: Mapping[str, str] = {name: case.catalogue.value(end, "cny") for name, end in (("low", low), ("high", high))}
    return case.catalogue.text("money.range", **ends)
