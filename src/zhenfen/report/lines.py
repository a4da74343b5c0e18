"""Lines of the spreadsheet from the creators' dicts: measurements, what growth, comments and posts show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from zhenfen.messages import Catalogue
from zhenfen.report.source import say_reference

Line = dict[str, Any]


@dataclass
class Lines:
    """Collected over the creators, in the shortlist's order."""

    evidence: list[Line] = field(default_factory=list)
    comments: list[Line] = field(default_factory=list)
    posts: list[Line] = field(default_factory=list)
    spans: list[Line] = field(default_factory=list)
    then: list[Line] = field(default_factory=list)

    def add(self, creator: Mapping[str, Any]) -> None:
        """The lines of one creator, from what `summarise_creator` returns."""
        catalogue = Catalogue(creator["language"])
        head = {name: creator["creator"][name] for name in ("creator_id", "name")}
        self.evidence.extend({**head, **line} for line in _evidence_lines(creator, catalogue))
        self.comments.extend({**head, **line} for line in _comment_lines(creator["comments"] or {}, catalogue))
        self.posts.extend({**head, **line} for line in _post_lines(creator["sponsorship"] or {}, catalogue))
        self.spans.extend({**head, **line} for line in _span_lines(creator["growth"] or {}))
        self.then.extend({**head, "text": line["sentence"]} for line in (creator["then"] or {}).get("lines", ()))


def _evidence_lines(creator: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Line]:
    """One a measurement, or one a reason."""
    for family in creator["families"]:
        about = {
            "family_label": family["label"],
            "level_text": family["level_text"],
            "reason_text": family["reason_text"],
        }
        for item in family["evidence"] or [{}]:
            yield {**about, **item, "reference": say_reference(item.get("reference") or "", catalogue)}


def _span_lines(growth: Mapping[str, Any]) -> Iterator[Line]:
    """One a cause tested of a span, or one a span without."""
    for span in growth.get("spans", ()):
        yield from ({**span, "cause": one["label"], **_grounds(one)} for one in span["causes"] or [{"label": None}])


def _grounds(cause: Mapping[str, Any]) -> Line:
    return {name: cause.get(name) for name in ("verdict_text", "note")}


def _comment_lines(comments: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Line]:
    """One a kind, a post with sudden comments, a group of like comments; and one for the same order."""
    for kind in (comments.get("kinds") or {}).get("rows", ()):
        shown = {name: kind[name] if kind["is_assessed"] else None for name in ("share", "low", "high")}
        text = f"{kind['label']} · {kind['sentence']}"
        yield {"evidence": catalogue.text("report.kinds"), "text": text, "n": kind["n_flagged"], **shown}
    if order := comments.get("order"):
        head = {"evidence": catalogue.text("report.order"), "n": order["n_agreements"]}
        yield {**head, "text": order["sentence"], "p_value": order["p_value"]}
    for burst in comments.get("bursts", ()):
        text = f"{burst['day']} · {burst['window_text']} · {burst['soon_text']}"
        known = {"n": burst["n_soon"], "p_value": burst["p_value"]}
        yield {"evidence": catalogue.text("report.bursts"), "text": text, **known}
    for cluster in comments.get("clusters", ()):
        head = {"evidence": catalogue.text("report.clusters"), "n": cluster["n_comments"]}
        yield {**head, "text": " | ".join(cluster["examples"])}


def _post_lines(sponsorship: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Line]:
    """One a post that a page lists, and one a post that a rule names."""
    words = {True: "report.seen", False: "report.seen_not", None: "report.unknown"}
    for post in sponsorship.get("posts", ()):
        facts = {name: catalogue.text(words[post[name]]) for name in ("is_disclosed", "has_purchase_means")}
        yield {**post, **facts, "text": "".join(part["text"] for part in post["excerpt"])}
    for pack in sponsorship.get("packs", ()):
        for rule in pack["rules"]:
            head = {"rule": f"{pack['label']} · {pack['version_text']} · {rule['label']}"}
            yield from (
                {**head, **post, "text": " | ".join(post["seen"]), "is_disclosed": post["disclosure_text"]}
                for post in rule["posts"]
            )
