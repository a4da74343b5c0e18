"""The growth page: the follower curve, its marked spans with every cause tested, and drops shared with others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar

import polars as pl

from zhenfen.messages import Catalogue
from zhenfen.report.case import Case, Reads
from zhenfen.report.quote import clean, shorten
from zhenfen.report.section import FamilySection, FamilySheet, Line
from zhenfen.report.sections.growth_marks import mark_days
from zhenfen.report.words import days_text, iso_day, list_names, p_cell, p_text, signed

LONGEST_SERIES_FOR_BARS = 400
"""Days; beyond it a day's bar is thinner than a hair, and daily gains are not drawn."""
SPARK_POINTS = 60
"""More points than this can't be told apart at the width of a table cell."""
MOST_SPANS = 20
MOST_DROPS = 5
MOST_SPANS_ASKED = 2
LONGEST_NOTE_CHARS = 80
MOST_DAYS_APART, CONTRADICTING_RATIO = 7, 1.5
"""Chosen, not measured: lists round a count by a twentieth at most, and the days between may have brought something."""
VERDICT_MARKS = {"for": "+", "against": "−", "unknown": "?"}


class GrowthSection(FamilySection, family="growth", place=1):
    """Curve, spans and drops."""

    reads: ClassVar[Reads] = {"growth": ("daily", "spans", "causes", "drops")}
    causes = ("promotion", "events")
    sheet = FamilySheet(
        "report.sheet.spans",
        {
            "name": ("report.col.creator", "text"),
            "number": ("report.col.n", "count"),
            "starts_on": ("report.col.first_day", "text"),
            "ends_on": ("report.col.last_day", "text"),
            "n_gained": ("report.col.gained", "count"),
            "n_expected": ("report.col.expected_gain", "real"),
            "shape_text": ("report.col.shape", "text"),
            "explanation_text": ("report.col.explanation", "wide"),
            "lost_share": ("report.col.lost", "share"),
            "lost_low": ("report.col.interval_low", "share"),
            "lost_high": ("report.col.interval_high", "share"),
            "p_value": ("report.col.p_value", "real"),
            "q_value": ("report.col.q_value", "real"),
            "cause": ("report.col.cause", "text"),
            "verdict_text": ("report.col.verdict", "text"),
            "note": ("report.col.grounds", "wide"),
            "creator_id": ("report.col.creator_id", "id"),
        },
    )

    def summarise(self, case: Case) -> dict[str, Any] | None:
        """Everything the growth page shows, see the keys below; None without follower counts."""
        daily = case.detail("growth", "daily")
        if daily is None:
            return None
        daily = daily.sort("day")
        first, last = (iso_day(day) for day in (daily["day"][0], daily["day"][-1]))
        # What each day was expected to gain, where anything could be and the gains are drawn.
        names, expected = ("n_expected", "low", "high"), None
        is_known = set(names) <= set(daily.columns) and daily["n_expected"].null_count() < daily.height
        if is_known and daily.height <= LONGEST_SERIES_FOR_BARS:
            drawn = _expect_drips(daily, case.detail("growth", "spans"))
            expected = {name: drawn[name].cast(pl.Float64).round(1).to_list() for name in names}
        is_inside = pl.col("day").is_between(pl.lit(first), pl.lit(last))
        posted = case.posts.select(day=pl.col("published_at").dt.strftime("%Y-%m-%d")).drop_nulls()
        events = [
            {
                "day": row["day"],
                "kind": row["kind"],
                "label": case.catalogue.text(f"report.event.{row['kind']}"),
                "note": shorten(clean(row["note"]), LONGEST_NOTE_CHARS),
            }
            for row in case.events.with_columns(day=pl.col("starts_at").dt.strftime("%Y-%m-%d"))
            .filter(is_inside)
            .iter_rows(named=True)
        ]
        drops = _drops(case)
        return {
            "days": daily["day"].dt.strftime("%Y-%m-%d").to_list(),
            **{name: daily[name].to_list() for name in ("n_followers", "n_gained")},
            "expected": expected,
            "first_day": first,
            "last_day": last,
            "post_days": posted.unique().sort("day").filter(is_inside)["day"].to_list(),
            "events": events,
            "marks": mark_days(events, drops, first, last, case.catalogue),
            **_spans(case),
            "drops": drops,
        }

    def list_causes(self, case: Case, summary: Mapping[str, Any]) -> tuple[str, ...]:
        """Without peers too where a rise is explained by nothing: it may be a purchase, and no level says so."""
        if summary["level"] == "not_assessed":
            spans = case.detail("growth", "spans")
            is_asking = spans is not None and not spans.filter("is_unexplained", pl.col("n_gained") > 0).is_empty()
            return self.causes if is_asking else ()
        return super().list_causes(case, summary)

    def tell(self, case: Case, part: Mapping[str, Any]) -> Iterator[str]:
        """What contradicts the curve, and the largest unexplained spans, whatever the level: facts of their own."""
        yield from _contradiction(case)
        for kind, fields in _largest_unexplained(part):
            yield case.catalogue.text(f"report.tell.{kind}", **fields)

    def ask(self, case: Case, part: Mapping[str, Any], *, is_outside: bool) -> Iterator[str]:
        """About the same spans."""
        for kind, fields in _largest_unexplained(part):
            yield case.catalogue.text(f"report.question.{kind}", **fields)

    def list_lines(self, part: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Line]:
        """A line for each cause tested of a span, or one for a span without."""
        for span in part.get("spans", ()):
            for cause in span["causes"] or [{"label": None}]:
                grounds = {name: cause.get(name) for name in ("verdict_text", "note")}
                yield {**span, "cause": cause["label"], **grounds}

    def list_spark(self, case: Case) -> list[list[float]]:
        """[days since the first, followers], thinned; a list too short to draw is empty."""
        daily = case.detail("growth", "daily")
        if daily is None:
            return []
        known = daily.drop_nulls(["day", "n_followers"]).sort("day")
        step = max(1, -(-known.height // SPARK_POINTS))
        # Thinned from the end: the last day is the one a reader compares with the count beside it.
        thin = known.reverse().gather_every(step).reverse()
        days = thin.select(day=(pl.col("day").cast(pl.Date) - known["day"].cast(pl.Date).min()).dt.total_days())["day"]
        points = [[float(day), float(n)] for day, n in zip(days, thin["n_followers"], strict=True)]
        return points if len(points) > 1 else []


def _contradiction(case: Case) -> Iterator[str]:
    """That the count stated of the creator is not the curve's of those days: one may be another account's."""
    creator, daily = case.setting.creators.get(case.creator_id, {}), case.detail("growth", "daily")
    stated, seen_at = creator.get("n_followers"), creator.get("snapshot_at")
    if not stated or daily is None:
        return
    # The curve may end with this very count, read from the list: then it is set beside the readings before it.
    is_own = (pl.col("day") == pl.col("day").max()) & (pl.col("n_followers") == stated)
    known = daily.drop_nulls(["day", "n_followers"]).filter(~is_own).sort("day")
    if known.is_empty():
        return
    # Stated of no day, it is the newest there is.
    away = pl.col("day").cast(pl.Date) - (known["day"].max() if seen_at is None else pl.lit(seen_at.date()))
    days, read, day = known.select(away.dt.total_days().abs().alias("away"), "n_followers", "day").sort("away").row(0)
    if days <= MOST_DAYS_APART and max(stated, read) >= CONTRADICTING_RATIO * min(stated, read):
        number = partial(case.catalogue.number, digits=0)
        yield case.catalogue.text(
            "report.tell.contradiction", stated=number(stated), read=number(read), day=iso_day(day)
        )


def _expect_drips(daily: pl.DataFrame, spans: pl.DataFrame | None) -> pl.DataFrame:
    """The days with what a drip is measured against: the gains before it, as its line in the table says.

    The median of the days around, which all other days are set against, is the drip's own there; a range is not known.
    Of the two days beside it half of that median is the drip's: they are left open.
    """
    if spans is None:
        return daily
    drips = spans.filter(shape="drip").select("starts_at", "ends_at", expected="n_expected").drop_nulls()
    for first, last, gain in drips.iter_rows():
        is_inside = pl.col("day").is_between(first.date(), last.date())
        beside = (first.date() - timedelta(days=1), last.date() + timedelta(days=1))
        n_days = (last - first).days + 1
        daily = daily.with_columns(
            pl.when(is_inside)
            .then(gain / n_days)
            .when(~pl.col("day").is_in(beside))
            .then("n_expected")
            .alias("n_expected"),
            *(pl.when(~pl.col("day").is_between(*beside)).then(name).alias(name) for name in ("low", "high")),
        )
    return daily


def _spans(case: Case) -> dict[str, Any]:
    """The spans that matter most, in order of time and numbered in that order, with the causes tested of each."""
    spans = case.detail("growth", "spans")
    if spans is None:
        return {"spans": [], "n_spans": 0, "n_unexplained": 0}
    size = (pl.col("n_gained") - pl.col("n_expected")).abs()
    order = spans.sort(pl.col("is_unexplained"), size, descending=True, nulls_last=True, maintain_order=True)
    text, label = case.catalogue.text, case.setting.label
    shown: list[dict[str, Any]] = []
    for row in order.head(MOST_SPANS).sort("starts_at", "ends_at").iter_rows(named=True):
        shape = label("shape", row["shape"]) if row["shape"] else "—"
        # The explanation in words, with the kind of event where it is one.
        explanation = label("explanation", row["explanation"]) if row["explanation"] else "—"
        event = f"report.event.{row.get('explained_by')}"
        if row["explanation"] and case.catalogue.has(event):
            explanation = f"{explanation} ({text(event)})"
        # How often organic growth shows such a span; of a shared loss its size beside the others' is what is unusual.
        shared, p_value, chance = _shared(case, row), row.get("p_value"), ""
        if p_value is not None and row["is_unexplained"] and not shared["shared_text"]:
            chance = text("report.span.chance", p=p_text(case.catalogue, p_value))
        shown.append(
            {
                "number": len(shown) + 1,
                "starts_on": iso_day(row["starts_at"]),
                "ends_on": iso_day(row["ends_at"]),
                "days_text": days_text(row["starts_at"], row["ends_at"]),
                "n_gained": row["n_gained"],
                "gained_text": signed(case.catalogue, row["n_gained"]),
                "n_expected": row["n_expected"],
                "expected_text": signed(case.catalogue, row["n_expected"]),
                "shape": row["shape"],
                "shape_text": f"{shape} · {text('report.span.round')}" if row.get("is_round") else shape,
                "explanation": row["explanation"],
                "explanation_text": explanation,
                "is_unexplained": bool(row["is_unexplained"]),
                "p_value": p_value,
                "q_value": row.get("q_value"),
                "chance_text": chance,
                **shared,
                "causes": _causes(case, row),
            }
        )
    return {"spans": shown, "n_spans": spans.height, "n_unexplained": int(spans["is_unexplained"].sum())}


def _shared(case: Case, span: dict[str, Any]) -> dict[str, Any]:
    """What the creator lost beside the others, in a span in which the whole platform lost; else nothing."""
    drops = case.detail("growth", "drops")
    day = pl.Datetime("us", "UTC")
    same = (pl.col("starts_on").cast(day) == span["starts_at"]) & (pl.col("ends_on").cast(day) == span["ends_at"])
    found = [] if drops is None or span["shape"] != "drop" else drops.filter(pl.col("is_listed"), same).to_dicts()
    if not found:
        return {"lost_share": None, "lost_low": None, "lost_high": None, "shared_text": ""}
    (drop,) = found
    key = "report.span.shared_beyond" if span["explanation"] != "platform" else "report.span.shared"
    text = case.catalogue.text(key, days=days_text(drop["starts_on"], drop["ends_on"]), **_losses(case, drop))
    return {"lost_share": drop["lost_share"], "lost_low": drop["low"], "lost_high": drop["high"], "shared_text": text}


def _losses(case: Case, drop: dict[str, Any]) -> dict[str, str]:
    """Shares lost in words: the creator's with its interval, the others'."""
    share, peers = case.catalogue.share, drop["peers_lost_share"]
    own = {"lost": drop["lost_share"], "low": max(drop["low"], 0.0), "high": drop["high"]}
    return {**{name: share(value) for name, value in own.items()}, "others": "—" if peers is None else share(peers)}


def _causes(case: Case, span: dict[str, Any]) -> list[dict[str, Any]]:
    """The causes tested of a span: those that speak for it first, those that cannot be told last.

    Causes with the same grounds, such as kinds of events when there are no events at all, share a line.
    """
    causes = case.detail("growth", "causes")
    if causes is None:
        return []
    text = case.catalogue.text
    order = pl.col("verdict").replace_strict({"for": 0, "against": 1}, default=2, return_dtype=pl.Int8)
    grounds = ("verdict", "note", "value", "needed", "evidence")
    mine = causes.filter(starts_at=span["starts_at"]).sort("cause").group_by(grounds).agg(pl.col("cause"))
    shown = []
    for row in mine.sort(order, pl.col("cause").list.first()).iter_rows(named=True):
        note = ""
        if row["note"] and case.catalogue.has(row["note"]):
            # Of others of the platform and of routine events the numbers are shares, else days or followers.
            is_share = row["cause"] == ["platform"] or row["note"].endswith(".routine")
            show = case.catalogue.share if is_share else partial(case.catalogue.number, digits=1)
            numbers = {name: "—" if row[name] is None else show(row[name]) for name in ("value", "needed")}
            note = text(row["note"], **numbers)
        names = (text(f"growth.cause.name.{name}") for name in row["cause"])
        shown.append(
            {
                **{name: row[name] for name in ("verdict", "value", "needed", "evidence")},
                "causes": row["cause"],
                "label": list_names(names, case.catalogue),
                "mark": VERDICT_MARKS[row["verdict"]],
                "verdict_text": text(f"report.cause_verdict.{row['verdict']}"),
                "note": note,
            }
        )
    return shown


def _drops(case: Case) -> list[dict[str, Any]]:
    """Drops in which the whole platform lost and this creator with it, the least likely first."""
    drops = case.detail("growth", "drops")
    if drops is None:
        return []
    listed = drops.filter(pl.col("is_listed")).sort("p_value", "starts_on", nulls_last=True).head(MOST_DROPS)
    shown = []
    for row in listed.iter_rows(named=True):
        words = _losses(case, row)
        shown.append(
            {
                **{name: row[name] for name in ("lost_share", "low", "high", "peers_lost_share", "n_peers", "p_value")},
                "starts_on": iso_day(row["starts_on"]),
                "days_text": days_text(row["starts_on"], row["ends_on"]),
                "lost_text": case.catalogue.text("report.drops.lost", **words),
                "peers_lost_text": words["others"],
                "n_peers_text": case.catalogue.number(row["n_peers"], 0),
                "p_text": p_cell(case.catalogue, row["p_value"]),
            }
        )
    return shown


def _largest_unexplained(part: Mapping[str, Any]) -> list[tuple[str, dict[str, str]]]:
    """The largest spans without an explanation: gain or loss, and days, gained and expected as they are shown."""
    unexplained = [span for span in part.get("spans", []) if span["is_unexplained"]]
    largest = sorted(unexplained, key=lambda span: -abs((span["n_gained"] or 0) - (span["n_expected"] or 0)))
    return [
        (
            "gain" if (span["n_gained"] or 0) >= 0 else "loss",
            {name: span[f"{name}_text"] for name in ("days", "gained", "expected")},
        )
        for span in largest[:MOST_SPANS_ASKED]
    ]
