"""Live rooms: what each counted, what in it is beyond chance, and the oddest by the minute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import polars as pl

from zhenfen.report.case import Case, Reads
from zhenfen.report.section import ABOVE_LOW, FamilySection
from zhenfen.report.words import iso_day, list_names, p_text

MOST_ODD, MOST_ROOMS, MOST_DAYS = 10, 20, 5
FEWEST_MINUTES = 10
"""A shorter course is a few dots."""
_TESTS = {"comments": "p_comments", "arrivals": "p_arrivals", "likes": "p_likes", "step": "p_step"}
_REGULARS = {"n": "n_everywhere", "n_rooms": "n_rooms"}
_COUNTS = {
    "peak_above_views": ("n_peak_viewers", "n_views"),
    "mean_above_peak": ("mean_viewers", "n_peak_viewers"),
    "new_followers_above_views": ("n_new_followers", "n_views"),
}
"""Contradiction → the count that is too large and the one that bounds it."""
_CAUSES = {
    "data": ("comments", "arrivals", "likes", "contradictions"),
    "gift": ("step",),
    "raid": ("step",),
    "push": ("arrivals", "step"),
    "club": ("regulars", "comments"),
}
"""Innocent cause → the kinds of findings that it explains."""


class LiveSection(FamilySection, family="live", place=7):
    """Rooms out of line open, the others folded; how many speak everywhere; a chart of the oddest room."""

    reads: ClassVar[Reads] = {"live": ("rooms", "minutes", "regulars", "together")}
    absent = "live.no_rooms"

    def summarise(self, case: Case) -> dict[str, Any] | None:
        """Rooms, regulars, chart and `found`: kind, sentence and day of each finding, rarest first; else None."""
        rooms = case.detail("live", "rooms")
        if rooms is None:
            return None
        shown = [_describe(row, case) for row in rooms.iter_rows(named=True)]
        odd, others = ([row for row in shown if bool(row["said"]) is is_odd] for is_odd in (True, False))
        found = [finding for row in odd for finding in row["said"]] + list(_find_together(case))
        regulars = case.detail("live", "regulars")
        return {
            "n_rooms": rooms.height,
            "odd": odd[:MOST_ODD],
            "others": others[:MOST_ROOMS],
            "n_more": max(0, len(odd) - MOST_ODD) + max(0, len(others) - MOST_ROOMS),
            "found": sorted(found, key=lambda one: (one["p_value"], one["day"], one["kind"])),
            "regulars_text": _say_regulars(regulars, case),
            "chart": _draw(rooms, case),
            "has_minutes": bool(rooms["n_minutes"].count()),
        }

    def list_causes(self, case: Case, summary: Mapping[str, Any]) -> tuple[str, ...]:
        """Innocent causes of what is told, level or not; of a level alone a push and a giveaway."""
        kinds = {finding["kind"] for finding in (self.summarise(case) or {"found": ()})["found"]}
        causes = tuple(f"live_{name}" for name, explained in _CAUSES.items() if kinds.intersection(explained))
        return causes or (("live_push", "live_gift") if summary["level"] in ABOVE_LOW else ())

    def tell(self, case: Case, part: Mapping[str, Any]) -> Iterator[str]:
        """The rarest finding of each kind."""
        kinds: set[str] = set()
        for finding in part.get("found", ()):
            if finding["kind"] not in kinds:
                kinds.add(finding["kind"])
                yield finding["text"]

    def ask(self, case: Case, part: Mapping[str, Any], *, is_outside: bool) -> Iterator[str]:
        """A question a kind, with the days of the rooms; where all rooms are meant, those of the last."""
        text, found = case.catalogue.text, part.get("found", ())
        rooms = case.detail("live", "rooms")
        last = [] if rooms is None else sorted(map(iso_day, rooms["published_at"].drop_nulls()), reverse=True)
        for kind in dict.fromkeys(finding["kind"] for finding in found):
            if kind == "regulars":
                regulars = case.detail("live", "regulars")
                n = 0 if regulars is None else regulars["n_everywhere"][0]
                yield text("live.question.regulars", n=case.catalogue.number(n, 0))
                continue
            days = [one["day"] for one in found if one["kind"] == kind and one["day"]] or last
            named = list_names(list(dict.fromkeys(days))[:MOST_DAYS] or ["—"], case.catalogue)
            yield text(f"live.question.{kind}", days=named)


def _describe(row: Mapping[str, Any], case: Case) -> dict[str, Any]:
    """One room's cells, and `said`: its findings."""
    text, value, number = case.catalogue.text, case.catalogue.value, case.catalogue.number
    started = row["published_at"]
    day = "" if started is None else iso_day(started)
    said: list[dict[str, Any]] = []
    for name in row["contradictions"]:
        counts = {role: number(row[count], 0) for role, count in zip(("part", "whole"), _COUNTS[name], strict=True)}
        said.append(
            {"kind": "contradictions", "p_value": 0.0, "text": text(f"live.tell.{name}", day=day or "—", **counts)}
        )
    for kind, test in _TESTS.items():
        if test in row["marks"]:
            fields = {"day": day or "—", "p": p_text(case.catalogue, row[test])}
            if kind == "likes":
                fields |= {"n": number(row["n_packets"], 0), "size": number(row["packet_likes"], 0)}
            if kind == "step":
                fields |= {"minute": number(row["step_minute"], 0), "n": number(row["n_step"], 0)}
                fields["ratio"] = case.catalogue.share(row["staying_ratio"])
            said.append({"kind": kind, "p_value": row[test], "text": text(f"live.tell.{kind}", **fields)})
    return {
        "post_id": row["post_id"],
        "start_text": "—" if started is None else started.strftime("%Y-%m-%d %H:%M"),
        "length_text": value(row["minutes"], "minutes"),
        "views_text": value(row["n_views"], "count"),
        "peak_text": value(row["n_peak_viewers"], "count"),
        "stay_text": value(row["stay_minutes"], "minutes"),
        "talk_text": value(row["remarks_per_viewer_hour"], "ratio"),
        "followers_text": value(row["n_new_followers"], "count"),
        "sales_text": "—" if row["sales_cny"] is None else value(round(row["sales_cny"]), "cny"),
        "said": [{**finding, "day": day} for finding in said],
    }


def _find_together(case: Case) -> Iterator[dict[str, Any]]:
    """Findings over all rooms of the creator: evenness, and regulars who write alike."""
    together, regulars = case.detail("live", "together"), case.detail("live", "regulars")
    for row in () if together is None else together.iter_rows(named=True):
        for kind in ("comments", "arrivals"):
            if (test := _TESTS[kind]) in row["marks"]:
                said = case.catalogue.text(f"live.tell.{kind}_together", p=p_text(case.catalogue, row[test]))
                yield {"kind": kind, "p_value": row[test], "text": said, "day": ""}
    for row in () if regulars is None else regulars.iter_rows(named=True):
        if row["marks"]:
            fields = {name: case.catalogue.number(row[column], 0) for name, column in _REGULARS.items()}
            said = case.catalogue.text("live.tell.regulars", p=p_text(case.catalogue, row["p_value"]), **fields)
            yield {"kind": "regulars", "p_value": row["p_value"], "text": said, "day": ""}


def _say_regulars(regulars: pl.DataFrame | None, case: Case) -> str:
    """How many speak everywhere, beside chance; empty where nobody does."""
    row = {"n_everywhere": 0} if regulars is None else regulars.row(0, named=True)
    if not row["n_everywhere"]:
        return ""
    number = case.catalogue.number
    return case.catalogue.text(
        "live.regulars",
        n_rooms=number(row["n_rooms"], 0),
        n=number(row["n_everywhere"], 0),
        n_accounts=number(row["n_accounts"], 0),
        share=case.catalogue.share(row["everywhere_share"]),
        chance=number(row["n_by_chance"], 1),
    )


def _draw(rooms: pl.DataFrame, case: Case) -> dict[str, Any] | None:
    """The room with the least p, or else the last one, minute by minute; None where none is known so."""
    minutes = case.detail("live", "minutes")
    known = rooms.filter(pl.col("n_minutes") >= FEWEST_MINUTES)
    if minutes is None or known.is_empty():
        return None
    order = [pl.min_horizontal(_TESTS.values()).fill_null(1.0), "published_at", "post_id"]
    row = known.sort(order, descending=[False, True, True], nulls_last=True).row(0, named=True)
    mine = minutes.filter(post_id=row["post_id"])
    # Minutes that nobody read are a gap.
    whole = mine.select(pl.int_range(pl.col("minute").min(), pl.col("minute").max() + 1).alias("minute"))
    filled = whole.join(mine, on="minute", how="left", maintain_order="left")
    day = "—" if row["published_at"] is None else iso_day(row["published_at"])
    return {
        "title": case.catalogue.text("live.chart", day=day),
        "minutes": filled["minute"].to_list(),
        "n_viewers": filled["n_viewers"].to_list(),
        "n_comments": filled["n_comments"].to_list(),
        "step_minute": row["step_minute"] if _TESTS["step"] in row["marks"] else None,
    }
