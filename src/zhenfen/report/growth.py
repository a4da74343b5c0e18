"""The growth page: the follower curve, its marked spans with every cause tested, and drops shared with others."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

import polars as pl

from zhenfen.report.case import Case
from zhenfen.report.family import list_names
from zhenfen.report.quote import clean, shorten
from zhenfen.report.sections import iso_day
from zhenfen.report.words import p_cell, p_text, signed

LONGEST_SERIES_FOR_BARS = 400
"""Days; beyond it a day's bar is thinner than a hair, and daily gains are not drawn."""
MOST_SPANS = 20
MOST_DROPS = 5
LONGEST_NOTE_CHARS = 80
VERDICT_MARKS = {"for": "+", "against": "−", "unknown": "?"}


def growth_section(case: Case) -> dict[str, Any] | None:
    """Everything the growth page shows, see the keys below; None without follower counts."""
    daily = case.detail("growth", "daily")
    if daily is None:
        return None
    daily = daily.sort("day")
    first, last = (iso_day(day) for day in (daily["day"][0], daily["day"][-1]))
    return {
        "days": daily["day"].dt.strftime("%Y-%m-%d").to_list(),
        **{name: daily[name].to_list() for name in ("n_followers", "n_gained")},
        "expected": _expected(daily),
        "first_day": first,
        "last_day": last,
        "post_days": _days_of(case.posts, "published_at", first, last),
        "events": _events(case, first, last),
        **_spans(case),
        "drops": _drops(case),
    }


def _expected(daily: pl.DataFrame) -> dict[str, list[float | None]] | None:
    """What each day was expected to gain, with its range; None where nothing could be, or the gains are not drawn."""
    names = ("n_expected", "low", "high")
    is_known = set(names) <= set(daily.columns) and daily["n_expected"].null_count() < daily.height
    if not is_known or daily.height > LONGEST_SERIES_FOR_BARS:
        return None
    return {name: daily[name].cast(pl.Float64).round(1).to_list() for name in names}


def _spans(case: Case) -> dict[str, Any]:
    """The spans that matter most, in order of time and numbered in that order."""
    spans = case.detail("growth", "spans")
    if spans is None:
        return {"spans": [], "n_spans": 0, "n_unexplained": 0}
    size = (pl.col("n_gained") - pl.col("n_expected")).abs()
    order = spans.sort(pl.col("is_unexplained"), size, descending=True, nulls_last=True, maintain_order=True)
    rows = order.head(MOST_SPANS).sort("starts_at", "ends_at").iter_rows(named=True)
    return {
        "spans": [_span(case, number, row) for number, row in enumerate(rows, start=1)],
        "n_spans": spans.height,
        "n_unexplained": int(spans["is_unexplained"].sum()),
    }


def _span(case: Case, number: int, row: dict[str, Any]) -> dict[str, Any]:
    starts, ends = iso_day(row["starts_at"]), iso_day(row["ends_at"])
    shared = _shared(case, row)
    return {
        "number": number,
        "starts_on": starts,
        "ends_on": ends,
        "days_text": _days_text(row["starts_at"], row["ends_at"]),
        "n_gained": row["n_gained"],
        "gained_text": signed(case.catalogue, row["n_gained"]),
        "n_expected": row["n_expected"],
        "expected_text": signed(case.catalogue, row["n_expected"]),
        "shape": row["shape"],
        "shape_text": _shape_text(case, row),
        "explanation": row["explanation"],
        "explanation_text": _explanation(case, row),
        "is_unexplained": bool(row["is_unexplained"]),
        "p_value": row.get("p_value"),
        "q_value": row.get("q_value"),
        # What is unusual about a shared loss is its size beside the others'.
        "chance_text": "" if shared["shared_text"] else _chance(case, row),
        **shared,
        "causes": _causes(case, row),
    }


def _shape_text(case: Case, row: dict[str, Any]) -> str:
    text = case.setting.label("shape", row["shape"]) if row["shape"] else "—"
    return f"{text} · {case.catalogue.text('report.span.round')}" if row.get("is_round") else text


def _chance(case: Case, row: dict[str, Any]) -> str:
    """How often organic growth shows such a span, where nothing explains it."""
    p_value = row.get("p_value")
    if p_value is None or not row["is_unexplained"]:
        return ""
    return case.catalogue.text("report.span.chance", p=p_text(case.catalogue, p_value))


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
    text = case.catalogue.text(key, days=_days_text(drop["starts_on"], drop["ends_on"]), **_losses(case, drop))
    return {"lost_share": drop["lost_share"], "lost_low": drop["low"], "lost_high": drop["high"], "shared_text": text}


def _losses(case: Case, drop: dict[str, Any]) -> dict[str, str]:
    """Shares lost in words: the creator's with its interval, the others'."""
    share, peers = case.catalogue.share, drop["peers_lost_share"]
    own = {"lost": drop["lost_share"], "low": max(drop["low"], 0.0), "high": drop["high"]}
    return {**{name: share(value) for name, value in own.items()}, "others": "—" if peers is None else share(peers)}


def _days_text(starts: date, ends: date) -> str:
    first, last = iso_day(starts), iso_day(ends)
    return first if first == last else f"{first} – {last}"


def _explanation(case: Case, row: dict[str, Any]) -> str:
    """The explanation in words, with the kind of event where it is one."""
    if not row["explanation"]:
        return "—"
    text = case.setting.label("explanation", row["explanation"])
    event = f"report.event.{row.get('explained_by')}"
    return f"{text} ({case.catalogue.text(event)})" if case.catalogue.has(event) else text


def _causes(case: Case, span: dict[str, Any]) -> list[dict[str, Any]]:
    """The causes tested of a span: those that speak for it first, those that cannot be told last.

    Causes with the same grounds, such as kinds of events when there are no events at all, share a line.
    """
    causes = case.detail("growth", "causes")
    if causes is None:
        return []
    order = pl.col("verdict").replace_strict({"for": 0, "against": 1}, default=2, return_dtype=pl.Int8)
    grounds = ("verdict", "note", "value", "needed", "evidence")
    mine = causes.filter(starts_at=span["starts_at"]).sort("cause").group_by(grounds).agg(pl.col("cause"))
    return [_cause(case, row) for row in mine.sort(order, pl.col("cause").list.first()).iter_rows(named=True)]


def _cause(case: Case, row: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("verdict", "value", "needed", "evidence")},
        "causes": row["cause"],
        "label": list_names(
            (case.catalogue.text(f"growth.cause.name.{name}") for name in row["cause"]), case.catalogue
        ),
        "mark": VERDICT_MARKS[row["verdict"]],
        "verdict_text": case.catalogue.text(f"report.cause_verdict.{row['verdict']}"),
        "note": _note(case, row),
    }


def _note(case: Case, row: dict[str, Any]) -> str:
    """The grounds in words; of others of the platform and of routine events a share, else days or followers."""
    if not row["note"] or not case.catalogue.has(row["note"]):
        return ""
    is_share = row["cause"] == ["platform"] or row["note"].endswith(".routine")
    show = case.catalogue.share if is_share else partial(case.catalogue.number, digits=1)
    numbers = {name: "—" if row[name] is None else show(row[name]) for name in ("value", "needed")}
    return case.catalogue.text(row["note"], **numbers)


def _drops(case: Case) -> list[dict[str, Any]]:
    """Drops in which the whole platform lost and this creator with it, the least likely first."""
    drops = case.detail("growth", "drops")
    if drops is None:
        return []
    listed = drops.filter(pl.col("is_listed")).sort("p_value", "starts_on", nulls_last=True).head(MOST_DROPS)
    return [_drop(case, row) for row in listed.iter_rows(named=True)]


def _drop(case: Case, row: dict[str, Any]) -> dict[str, Any]:
    words = _losses(case, row)
    return {
        **{name: row[name] for name in ("lost_share", "low", "high", "peers_lost_share", "n_peers", "p_value")},
        "days_text": _days_text(row["starts_on"], row["ends_on"]),
        "lost_text": case.catalogue.text("report.drops.lost", **words),
        "peers_lost_text": words["others"],
        "n_peers_text": case.catalogue.number(row["n_peers"], 0),
        "p_text": p_cell(case.catalogue, row["p_value"]),
    }


def _days_of(frame: pl.DataFrame, column: str, first: str, last: str) -> list[str]:
    days = frame.select(day=pl.col(column).dt.strftime("%Y-%m-%d")).drop_nulls().unique().sort("day")
    return days.filter(pl.col("day").is_between(pl.lit(first), pl.lit(last)))["day"].to_list()


def _events(case: Case, first: str, last: str) -> list[dict[str, str]]:
    events = case.events.with_columns(day=pl.col("starts_at").dt.strftime("%Y-%m-%d"))
    inside = events.filter(pl.col("day").is_between(pl.lit(first), pl.lit(last)))
    return [
        {
            "day": row["day"],
            "kind": row["kind"],
            "label": case.catalogue.text(f"report.event.{row['kind']}"),
            "note": shorten(clean(row["note"]), LONGEST_NOTE_CHARS),
        }
        for row in inside.iter_rows(named=True)
    ]
