"""Each audience of a creator by itself: who it is, where it is, what it writes in, and how much of it follows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from zhenfen.messages import Catalogue
from zhenfen.places import ABROAD, name_place, name_targets
from zhenfen.report.case import Case
from zhenfen.report.section import Line
from zhenfen.verdict.outside import measure_outside

MOST_ORIGINS, MOST_SELLERS = 6, 8
"""Rows that a page lists: a reader takes in a handful; the spreadsheet and the JSON hold all regions and languages."""
WHOLE_LIST_SHARE = 0.95
"""Followers known by id from which a list counts as whole: accounts vanish while a list is read."""
MOSTLY = 0.5
_FAMILY, _LABELLED, _COMMENTERS = "audience", "labelled", "commenters"


def summarise_audiences(case: Case) -> list[dict[str, Any]]:
    """An entry for every frame of which something is known, the one that the family measures first."""
    frames, partition, origins = (case.detail(_FAMILY, name) for name in ("frames", "partition", "origins"))
    measured = None if frames is None else frames.filter("is_measured")["frame"].first()
    named = {str(frame) for part in (partition, origins) if part is not None for frame in part["frame"].unique()}
    return [
        {
            "frame": frame,
            "label": case.catalogue.text(f"report.frame.{frame}"),
            "covers": case.catalogue.text(f"report.frame.{frame}.covers"),
            "is_measured": frame == measured,
            "classes": _classes(case, frame),
            "basis_text": _say_basis(case, frame),
            "sellers": _sellers(case, frame),
            "regions": _origins(case, frame, "region"),
            "languages": _origins(case, frame, "language"),
            "outside": _outside(case, frame),
        }
        for frame in sorted(named, key=lambda name: (name != measured, name))
    ]


def summarise_commenters(case: Case) -> dict[str, Any] | None:
    """Whether commenters write in the creator's language and are in the creator's region and the campaign's target.

    `is_open`: most of them, with all of the interval, write something else or are not where the campaign wants them.
    Who is read all over the country has few readers at home, so the creator's own region asks for nothing. None where
    of too few it is known.
    """
    lines = []
    for kind in ("language", "region"):
        origins = _origins(case, _COMMENTERS, kind)
        own = None if origins is None else next((row for row in origins["rows"] if row["is_claimed"]), None)
        if own is not None:
            label = case.catalogue.text(f"report.commenters.{kind}", place=own["label"])
            is_out = kind == "language" and own["high"] < MOSTLY
            lines.append({**own, "compared": f"own_{kind}", "label": label, "is_out": is_out})
        if outside := _outside(case, _COMMENTERS, kind):
            lines.append({**outside, "compared": f"target_{kind}", "is_out": outside["low"] > MOSTLY})
    return {"lines": lines, "is_open": any(line["is_out"] for line in lines)} if lines else None


def summarise_following(case: Case) -> dict[str, Any] | None:
    """How many of the commenters follow, as far as ids tell.

    A share where the list of followers is whole, else the least there can be; None where that is nobody, and where
    commenters or followers are not known by id.
    """
    found = case.detail(_FAMILY, "following")
    if found is None:
        return None
    row = found.row(0, named=True)
    total, known = row["n_followers"], row["n_followers_known"]
    is_whole = total is not None and known >= WHOLE_LIST_SHARE * total
    if not is_whole and row["n_found"] == 0:
        return None
    counts = {name: case.catalogue.count(n) for name, n in row.items() if isinstance(n, int)}
    share = row["n_found"] / row["n_commenters"] if is_whole else None
    said = "whole" if is_whole else "unsure" if total is None else "part"
    shown = {} if share is None else {"share": case.catalogue.share(share)}
    figures = {name: row[name] for name in ("n_commenters", "n_found", "n_followers_known", "n_followers")}
    sentence = case.catalogue.text(f"report.following.{said}", **shown, **counts)
    return {**figures, "share": share, "sentence": sentence}


def list_audience_lines(part: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Line]:
    """Lines of the spreadsheet: classes, regions, languages and the share outside the target of every audience."""
    for audience in part.get("audiences", ()):
        kinds = {"class": audience["classes"]}
        for kind, name in (("region", "regions"), ("language", "languages")):
            kinds[kind] = audience[name]["rows"] if audience[name] else []
        kinds["outside"] = [audience["outside"]] if audience["outside"] else []
        for kind, rows in kinds.items():
            for row in rows:
                yield {**row, "frame": audience["label"], "kind": catalogue.text(f"report.who.{kind}")}


def _classes(case: Case, frame: str) -> list[dict[str, Any]]:
    partition = case.detail(_FAMILY, "partition")
    if partition is None:
        return []
    text = case.catalogue.text
    return [
        {
            **_figures(case.catalogue, row, row["n_in_class"], row["n_profiles"]),
            "class": row["class"],
            "basis": row["basis"],
            "label": text(f"who.{row['class']}"),
            "about": text(f"who.{row['class']}.about"),
        }
        for row in partition.filter(frame=frame).iter_rows(named=True)
    ]


def _say_basis(case: Case, frame: str) -> str:
    """What is to be known of the count: that only labelled profiles are in it, or that it says little."""
    partition = case.detail(_FAMILY, "partition")
    rows = pl.DataFrame() if partition is None else partition.filter(frame=frame)
    if rows.is_empty():
        return ""
    if rows["basis"][0] == _LABELLED:
        return case.catalogue.text("report.who.labelled", n=case.catalogue.count(rows["n_profiles"][0]))
    unknown = rows.filter(pl.col("class") == "unknown")["share"][0]
    return case.catalogue.text("report.who.mostly_unknown") if unknown > MOSTLY else ""


def _sellers(case: Case, frame: str) -> list[dict[str, Any]]:
    sellers = case.detail(_FAMILY, "sellers")
    if sellers is None:
        return []
    return [
        {
            "kind": row["kind"],
            "label": case.catalogue.text(f"who.seller.{row['kind']}"),
            "matched": case.setting.quote(row["matched"]),
            "n": row["n_profiles"],
            "n_text": case.catalogue.number(row["n_profiles"], 0),
        }
        for row in sellers.filter(frame=frame).head(MOST_SELLERS).iter_rows(named=True)
    ]


def _origins(case: Case, frame: str, kind: str) -> dict[str, Any] | None:
    """Regions or languages with their shares among the people of whom it is known; None where too few are known."""
    origins = case.detail(_FAMILY, "origins")
    rows = pl.DataFrame() if origins is None else origins.filter(frame=frame, kind=kind)
    if rows.is_empty():
        return None
    catalogue = case.catalogue
    known, unknown = rows.drop_nulls("value"), int(rows.filter(pl.col("value").is_null())["n_people"].sum())
    shown = [
        {
            **_figures(catalogue, row, row["n_people"], row["n_known"]),
            "value": row["value"],
            "label": _name_origin(kind, row["value"], catalogue),
            "is_claimed": row["is_claimed"],
        }
        for row in known.iter_rows(named=True)
    ]
    claimed = next((row for row in shown if row["is_claimed"]), None)
    counts = {"n_known": catalogue.count(rows["n_known"][0]), "n_unknown": catalogue.count(unknown)}
    more = shown[MOST_ORIGINS:]
    said = (
        ""
        if claimed is None
        else catalogue.text(f"report.who.claimed.{kind}", place=claimed["label"], **_texts(claimed))
    )
    return {
        "rows": shown,
        "n_listed": MOST_ORIGINS,
        "n_known": rows["n_known"][0],
        "n_unknown": unknown,
        "known_text": catalogue.text(f"report.who.known.{kind}", **counts),
        "claimed_text": said,
        "more_text": catalogue.text("report.who.more", n=catalogue.count(len(more))) if more else "",
    }


def _outside(case: Case, frame: str, kind: str = "region") -> dict[str, Any] | None:
    """The share outside the regions that the agency named, or writing in none of their languages.

    None where none was named or too little is known.
    """
    origins, targets = case.detail(_FAMILY, "origins"), case.setting.target_regions
    if origins is None or not targets:
        return None
    rows = measure_outside(origins.filter(frame=frame), targets, kind)
    if rows.is_empty():
        return None
    row, catalogue = rows.row(0, named=True), case.catalogue
    places = catalogue.text("report.who.and").join(name_targets(targets, catalogue.language))
    figures = _figures(catalogue, row, row["n_outside"], row["n_known"])
    counts = {"n": catalogue.count(row["n_outside"]), "n_known": catalogue.count(row["n_known"])}
    label = catalogue.text(f"report.outside.{kind}.of", places=places)
    sentence = catalogue.text(f"report.outside.{kind}.sentence", places=places, **counts, **_texts(figures))
    return {**figures, "label": label, "targets": list(targets), "sentence": sentence}


def _figures(catalogue: Catalogue, row: dict[str, Any], n: int, n_of: int) -> dict[str, Any]:
    """A count of so many with its share and interval, raw and readable; what a small bar of it is read as."""
    low, high = (catalogue.share(row[name]) for name in ("low", "high"))
    figures = {"n": n, "n_of": n_of, **{name: row[name] for name in ("share", "low", "high")}}
    texts = {"share_text": catalogue.share(row["share"]), "low_text": low, "high_text": high}
    n_text = f"{catalogue.number(n, 0)} / {catalogue.number(n_of, 0)}"
    bar = f"{texts['share_text']} ({low} – {high})"
    return {**figures, **texts, "n_text": n_text, "range_text": f"{low} – {high}", "sentence": bar}


def _texts(figures: dict[str, Any]) -> dict[str, str]:
    return {name: figures[f"{name}_text"] for name in ("share", "low", "high")}


def _name_origin(kind: str, value: str, catalogue: Catalogue) -> str:
    if kind == "language" or value == ABROAD:
        return catalogue.text(f"{kind}.{value}")
    return name_place(value, catalogue.language)
