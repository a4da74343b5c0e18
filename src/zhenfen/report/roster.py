"""A chosen set of creators as one audience: the page's dict, with what two share, all reach, each adds, sizes cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from zhenfen.errors import Problem, UnknownCreatorError
from zhenfen.report.case import Setting, open_cases
from zhenfen.report.money import money_section
from zhenfen.report.roster_lines import draw_matrix, tell_class, tell_pair, tell_step
from zhenfen.report.roster_sentences import (
    COMMENTERS,
    count_text,
    ends_text,
    say_classes,
    say_frame,
    say_union,
    say_unseen,
)
from zhenfen.verdict.roster import MOST_SIDE_BY_SIDE, Interval, Reach
from zhenfen.verdict.roster_commenters import measure_commenters
from zhenfen.verdict.roster_followers import measure_followers
from zhenfen.verdict.size_classes import RosterMember, compare_classes

FEWEST = 2
ENGAGEMENT = "engagement_median_interactions_by_followers_ratio"
ALL_FOLLOWERS_FRAMES = ("authorised_export", "random")
"""Frames whose share of fakes is one of all followers; the newest are no sample of the others."""


def summarise_roster(setting: Setting, creator_ids: Sequence[str] | None = None) -> dict[str, Any]:
    """Everything that the page of a roster says, as str, int, float, bool, None, list and dict.

    Args:
        setting: Findings and tables of at least the chosen creators.
        creator_ids: The chosen creators, two or more; nobody else counts. None: all that were reported on.

    Raises:
        UnknownCreatorError: The findings hold no such creator, or fewer than two were chosen.
    """
    ids = list(dict.fromkeys(setting.findings.creators["creator_id"] if creator_ids is None else creator_ids))
    unknown = [one for one in ids if one not in setting.reported]
    if unknown or len(ids) < FEWEST:
        raise UnknownCreatorError(Problem("two creators of the data or more", "creators", value=", ".join(unknown)))
    shares = _list_shares(setting)
    found = {case.creator_id: money_section(case, []) or {} for case in open_cases(setting) if case.creator_id in ids}
    money = {one: found[one] for one in ids}
    fees = {one: money[one]["fee_cny"] for one in ids if money[one]}
    bases = [
        _tell_reach(setting, reach)
        for reach in (
            measure_followers(setting.tables, ids, shares["followers"], fees),
            measure_commenters(setting.tables, ids, shares["commenters"], fees),
        )
        if reach is not None
    ]
    # What answers comes first: estimated overlaps of followers, else commenters, else bounds alone.
    bases.sort(key=lambda told: (not told["is_estimated"], told["basis"] == COMMENTERS))
    classes = compare_classes(setting.tables, _list_members(setting, money), shares["followers"])
    told = [tell_class(setting, one) for one in classes]
    text = setting.catalogue.text
    return {
        "kind": "roster",
        "language": setting.catalogue.language,
        "as_of": setting.findings.as_of.isoformat(),
        "as_of_day": setting.catalogue.day(setting.findings.as_of),
        "n_creators": len(ids),
        "creator_ids": ids,
        "sentences": bases[0]["sentences"] if bases else [text("roster.nothing")],
        "bases": bases,
        "classes": told,
        "class_columns": {
            "engagement": any(one["engagement"] is not None for one in told),
            "genuine": any(one["genuine_text"] for one in told),
            "cost": any(one["cost"][0] is not None for one in told),
        },
        "classes_sentence": say_classes(setting, classes),
    }


def _list_shares(setting: Setting) -> dict[str, dict[str, Interval]]:
    """Least and largest share of fakes by basis and creator, of the frames that speak of the whole basis."""
    found = setting.detail("audience", "shares")
    shares: dict[str, dict[str, Interval]] = {"followers": {}, "commenters": {}}
    if found is not None:
        assessed = found.filter(pl.col("reason").is_null()).drop_nulls(["low", "high"])
        for row in assessed.iter_rows(named=True):
            if row["frame"] in ALL_FOLLOWERS_FRAMES:
                shares["followers"][row["creator_id"]] = (row["low"], row["high"])
            elif row["frame"] == COMMENTERS:
                shares["commenters"][row["creator_id"]] = (row["low"], row["high"])
    return shares


def _list_members(setting: Setting, money: Mapping[str, Mapping[str, Any]]) -> list[RosterMember]:
    """The creators whose followers are known, with what they engage and cost."""
    evidence = setting.findings.evidence.filter(pl.col("feature") == ENGAGEMENT)
    engagement = dict(evidence.select("creator_id", "value").iter_rows())
    return [
        RosterMember(
            one,
            row["platform"] or "",
            row["n_followers"],
            engagement.get(one),
            money[one].get("cost_cny"),
            money[one].get("genuine_cost_high_cny"),
        )
        for one in money
        if (row := setting.creators[one])["n_followers"] is not None
    ]


def _tell_reach(setting: Setting, reach: Reach) -> dict[str, Any]:
    """One basis: who is counted, the pairs, all together, and the order."""
    catalogue, text = setting.catalogue, setting.catalogue.text
    is_estimated = any(pair.value is not None for pair in reach.pairs)
    # A list without a second one of a known draw says nothing where nobody was seen on both.
    told = [pair for pair in reach.pairs if pair.value is not None or pair.n_seen]
    pairs = [tell_pair(setting, reach, pair) for pair in told]
    steps = [tell_step(setting, reach, place) for place in range(len(reach.steps))] if is_estimated else []
    has_matrix = is_estimated and len(reach.listings) <= MOST_SIDE_BY_SIDE
    names = {"basis": text(f"roster.{reach.basis}")}
    union = f"{count_text(catalogue, reach.n_union)}" if reach.n_union is not None else ""
    facts = [
        ("summed", count_text(catalogue, reach.n_summed)),
        ("union", union or ends_text(catalogue, reach.union)),
        ("again", ends_text(catalogue, reach.union) if union and reach.union else ""),
        ("genuine", ends_text(catalogue, reach.genuine)),
    ]
    by = "by_fee" if reach.is_by_fee else "by_count"
    what = "genuine" if reach.n_genuine_known == len(reach.listings) else "all"
    sentences = [say_union(setting, reach)]
    if is_estimated:
        # A pair of whom hardly anybody was seen is no headline, however large its share.
        most = next((pair for pair in pairs if pair["share"] is not None and pair["ends_text"]), None)
        key = "thin" if most is None else "most"
        sentences.append(text(f"roster.{key}.{reach.basis}", **(most or {"fields": {}})["fields"]))
    if len(steps) == len(reach.listings) > FEWEST and steps[-1]["added_low"] is not None:
        sentences.append(text(f"roster.least.{reach.basis}", **steps[-1]["fields"]))
    return {
        "basis": reach.basis,
        "label": text(f"roster.{reach.basis}.title"),
        "is_estimated": is_estimated,
        "frame_text": say_frame(setting, reach),
        "sentences": sentences,
        "n_summed": reach.n_summed,
        "n_union": reach.n_union,
        "union": None if reach.union is None else list(reach.union),
        "genuine": None if reach.genuine is None else list(reach.genuine),
        "genuine_text": ""
        if reach.genuine is not None
        else text("roster.genuine.unknown", n=catalogue.number(reach.n_genuine_known, 0), of=len(reach.listings)),
        "facts": [{"label": text(f"roster.fact.{name}", **names), "text": said} for name, said in facts if said],
        "matrix": draw_matrix(setting, reach, pairs) if has_matrix else None,
        "pairs": pairs,
        "unseen_text": say_unseen(setting, reach, [pair for pair in told if not pair.n_seen]),
        "order_text": text(f"roster.order.{by}", what=text(f"roster.what.{what}")) if steps else "",
        "steps": steps,
        "n_more": len(reach.listings) - len(steps) if steps else 0,
        "columns": {
            "least": any(pair["least_text"] for pair in pairs),
            "genuine": any(step["genuine_text"] for step in steps),
            "fee": any(step["fee_text"] for step in steps),
            "settled": any(step["settled_text"] for step in steps),
        },
    }
