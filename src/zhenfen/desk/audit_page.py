"""The page of labelling: one thing to judge, how far it has come, and what the labels say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from zhenfen.desk.frame import Desk, catalogue_of, see
from zhenfen.desk_cases.audit import FEWEST, USUAL_N, list_items, read_items
from zhenfen.desk_cases.audit_share import ShareLook, Standing, find_standing
from zhenfen.desk_cases.database import ConflictError
from zhenfen.desk_cases.labelling import KINDS, LABELS, UNSURE, Audit, Kind, Labelling, Labels
from zhenfen.desk_cases.project import TABLES, Project
from zhenfen.desk_cases.review import Review
from zhenfen.messages import Catalogue

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 420, 220, 46, 10, 12, 38
"""Of the picture of the interval, and its margins, px."""
MOST_TICKS = 9
"""Looks that say how many labels they rest on; more would touch each other."""
ROOM = 1.1
"""Top of the scale, of what stands highest on it."""


@dataclass(frozen=True)
class Bench:
    """Where one person labels.

    Attributes:
        desk: The desk.
        labelling: All audits.
        request: Who asks.
        project: Of which project.
        review: Of which creator.
        kind: What is labelled.
        by: Who labels.
    """

    desk: Desk
    labelling: Labelling
    request: Request
    project: Project
    review: Review
    kind: Kind
    by: str

    @property
    def folder(self) -> Path:
        """The project's tables."""
        return self.desk.projects.place(self.project.project_id) / TABLES

    @property
    def audit(self) -> Audit | None:
        """What is labelled now."""
        return self.labelling.find(self.project.project_id, self.review.creator_id, self.kind)

    @cached_property
    def flag(self) -> dict[bool, str]:
        """Words for yes and no."""
        text = catalogue_of(self.request).text
        return {True: text("audit.yes"), False: text("audit.no")}

    def need(self, number: int) -> Audit:
        """The audit that a form is of.

        Raises:
            ConflictError: It was begun anew meanwhile, or never.
        """
        audit = self.audit
        if audit is None or audit.number != number:
            raise ConflictError({})
        return audit

    def answer(self) -> Response:
        """After a form: the part that changes, or the way back to the page."""
        if self.request.headers.get("hx-request"):
            return self.show()
        query = urlencode({"kind": self.kind, **({"by": self.by} if self.by != self.request.state.owner else {})})
        return see(f"/projects/{self.project.project_id}/{self.review.file}/audit?{query}")

    def show(self, problem: str | None = None, clash: Mapping[str, Any] | None = None) -> Response:
        """The page, or its part; with what could not be done."""
        catalogue, audit = catalogue_of(self.request), self.audit
        content: dict[str, Any] = {
            "project": self.project,
            "review": self.review,
            "kind": self.kind,
            "kinds": KINDS,
            "by": self.by,
            "has_names": not self.desk.service.settings.needs_key,
            "usual_n": USUAL_N,
            "fewest": FEWEST[self.kind],
            "words": tell_labels(self.kind, catalogue),
            "audit": audit,
            "problem": problem,
            "clash": clash,
            "current": "audit",
        }
        n_items = None if audit else list_items(self.folder, self.review.creator_id, self.kind).height
        content |= {"n_items": n_items} if audit is None else self.describe(audit, catalogue)
        part = "parts/audit.html" if self.request.headers.get("hx-request") else "audit.html"
        return self.desk.page(self.request, part, content, 409 if problem else 200)

    def describe(self, audit: Audit, catalogue: Catalogue) -> dict[str, Any]:
        """What the page says of an audit that was begun."""
        labels = self.labelling.read(audit)
        words = dict(tell_labels(self.kind, catalogue))
        mine, item = labels.list_mine(self.by), labels.next_item(self.by)
        shown = read_items(self.folder, audit, [] if item is None else [item], self.flag)
        said = labels.by_item()
        described = {
            "item": item,
            "card": tell_item(shown[0], self.kind, catalogue) if shown else None,
            "n_mine": len(mine),
            "last": words[said[mine[-1]][self.by]] if mine else None,
            "may_see": labels.may_see_results(self.by),
            "results": None,
        }
        if not described["may_see"]:
            return described
        torn = labels.list_disagreements()
        cards = {one[ITEM_KEYS[self.kind]]: one for one in read_items(self.folder, audit, torn, self.flag)}
        counted = [one.label for one in labels.conclude()]
        results = {
            "agreement": [tell_agreement(*one, catalogue) for one in labels.measure_agreement()],
            "torn": [
                {
                    "item": one,
                    "card": tell_item(cards[one], self.kind, catalogue) if one in cards else None,
                    "said": [(who, words[label]) for who, label in said[one].items()],
                    "settled": labels.settled.get(one),
                }
                for one in torn
            ],
            "n_open": sum(one not in labels.settled for one in torn),
            "counts": [(word, counted.count(label)) for label, word in words.items()],
            "standing": None,
        }
        if self.kind == "profile":
            standing = find_standing(self.folder, labels, self.desk.service.models)
            results |= {"standing": tell_standing(standing, catalogue), "written": tell_written(labels)}
        return {**described, "results": results}


ITEM_KEYS = {"profile": "profile_id", "comment": "comment_id", "post": "post_id"}


def tell_labels(kind: Kind, catalogue: Catalogue) -> list[tuple[str, str]]:
    """Label and word, in the order of the keys."""
    own = "audit.label" if kind == "profile" else "desk.audit.label"
    return [(label, catalogue.text(f"{'audit.label' if label == UNSURE else own}.{label}")) for label in LABELS[kind]]


def tell_item(item: Mapping[str, Any], kind: Kind, catalogue: Catalogue) -> dict[str, Any]:
    """A card: title, long text, and what else is known of it in words; unknown values are a dash."""
    own = "audit.col" if kind == "profile" else "desk.audit.col"
    long = {"profile": ("display_name", "bio"), "comment": ("text", "under"), "post": ("text",)}[kind]
    facts = [
        (catalogue.text(f"{own}.{name}"), catalogue.number(value, 0) if isinstance(value, int) else value or "—")
        for name, value in item.items()
        if name not in (*long, ITEM_KEYS[kind])
    ]
    return {"texts": [(name, item[name]) for name in long], "facts": facts}


def tell_agreement(first: str, second: str, found: Any, catalogue: Catalogue) -> dict[str, Any]:
    """How far two people agree, in words."""
    kappa = {
        name: catalogue.number(getattr(found, name)) for name in ("kappa", "low", "high") if found.kappa is not None
    }
    return {"first": first, "second": second, "n": found.n, "n_alike": found.n_alike, **kappa, "has_kappa": bool(kappa)}


def tell_written(labels: Labels) -> dict[str, Any] | None:
    """What stands in the tables, and whether it is still what was said; None before anything was written."""
    rows = labels.audit.applied
    if rows is None:
        return None
    there = {row["profile_id"]: row["is_fake"] for row in rows}
    said = {one.item_id: one.label == "fake" for one in labels.conclude() if one.label != UNSURE}
    return {"n": len(there), "is_old": there != said}


def tell_standing(standing: Standing, catalogue: Catalogue) -> dict[str, Any]:
    """The share so far in words, and the picture of every look."""

    def interval(one: ShareLook | None) -> dict[str, str] | None:
        if one is None:
            return None
        return {name: catalogue.share(getattr(one, name)) for name in ("share", "low", "high")}

    below, above = (catalogue.share(line) for line in standing.lines)
    told: dict[str, Any] = {
        "n_judged": standing.n_judged,
        "n_unsure": standing.n_unsure,
        "n_next": standing.n_next,
        "first": FEWEST["profile"],
        "is_of_others": standing.is_of_others,
        "is_too_wide": standing.is_too_wide,
        "is_enough": standing.is_enough,
        "below": below,
        "above": above,
        "if_real": interval(standing.if_real),
        "if_fake": interval(standing.if_fake),
        "last": None,
        "chart": None,
    }
    if standing.low is None or standing.high is None:
        return told
    low, high = standing.lines
    if standing.high < low:
        where = "below"
    elif standing.low > high:
        where = "above"
    else:
        where = "between" if standing.low > low and standing.high < high else "narrow"
    last = standing.readings[-1]
    chart = draw_readings(standing.readings, standing.lines, catalogue)
    return {**told, "where": where, "last": {**(interval(last) or {}), "n": last.n_labels}, "chart": chart}


def draw_readings(readings: Sequence[ShareLook], lines: tuple[float, float], catalogue: Catalogue) -> dict[str, Any]:
    """Where every look stands in a picture of WIDTH × HEIGHT px: an upright from low to high, the newest one last."""
    top = min(1.0, ROOM * max(lines[1], *(one.high for one in readings)))
    step, every = (WIDTH - LEFT - RIGHT) / len(readings), -(-len(readings) // MOST_TICKS)

    def height(share: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - share / top), 1)

    looks = [
        {
            "x": round(LEFT + step * (place + 0.5), 1),
            "low": height(one.low),
            "high": height(one.high),
            "share": height(min(one.share, top)),
            "n": catalogue.number(one.n_labels, 0) if (len(readings) - 1 - place) % every == 0 else "",
        }
        for place, one in enumerate(readings)
    ]
    marks = [{"y": height(one), "text": catalogue.share(one), "is_line": one > 0} for one in (0.0, *lines)]
    return {"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": WIDTH - RIGHT, "looks": looks, "marks": marks}
