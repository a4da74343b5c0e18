"""Posts that sound paid for, with facts kept apart: wording, words seen, label seen, purchase means seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import polars as pl

from zhenfen.messages import Catalogue
from zhenfen.report.case import Case, Reads
from zhenfen.report.quote import clean, highlight, highlight_spans
from zhenfen.report.section import FamilySection, FamilySheet, Line
from zhenfen.report.sections.brands import summarise_brands
from zhenfen.report.sections.packs import summarise_packs
from zhenfen.report.words import iso_day, list_names

MOST_POSTS = 12
MOST_WORDS = 8
MOST_DAYS = 5
NO_KIND, CAMPAIGN = "none", "campaign"
"""The post model's words for a post below its threshold, and for what reads like a task of the platform or of fans."""
MOST_LIKELY, LEAST_LIKELY = 0.8, 0.2
"""Four to one on either side; what lies between has the name that the model's own threshold gives it."""
LOUD_PASSAGE = 0.95
"""Probability from which a passage of a long post that does not sound so as a whole is shown: chosen, high because
it is the highest of many."""
_UNSCORED = {
    "p_sponsored": pl.Float64,
    "kind": pl.String,
    "p_passage": pl.Float64,
    "passage_start": pl.Int64,
    "passage_end": pl.Int64,
    "n_alike": pl.Int64,
    "n_alike_marked": pl.Int64,
    "model": pl.String,
}


class SponsorshipSection(FamilySection, family="sponsorship", place=4):
    """The newest posts with a sign of sponsorship, how many posts carry which sign, and what the rule packs saw."""

    reads: ClassVar[Reads] = {"sponsorship": ("posts", "scored", "rules", "brands")}
    sheet = FamilySheet(
        "report.sheet.posts",
        {
            "name": ("report.col.creator", "text"),
            "day": ("report.col.day", "text"),
            "text": ("report.col.excerpt", "wide"),
            "tone_text": ("report.col.tone", "text"),
            "p_sponsored": ("report.col.proba", "real"),
            "kind_text": ("report.col.pitch", "text"),
            "is_disclosed": ("report.col.disclosed", "text"),
            "has_purchase_means": ("report.col.purchase", "text"),
            "rule": ("report.col.rule", "text"),
            "post_id": ("report.col.post_id", "id"),
            "creator_id": ("report.col.creator_id", "id"),
        },
    )

    def summarise(self, case: Case) -> dict[str, Any] | None:
        """Facts, posts, brands and packs; None without posts."""
        posts = case.detail("sponsorship", "posts")
        if posts is None:
            return None
        # The posts with their whole text and what the post model says of it; null where there is neither.
        facts = posts.join(case.posts.select("post_id", "text"), on="post_id", how="left")
        scored = case.detail("sponsorship", "scored")
        if scored is None:
            unscored = (pl.lit(None, dtype=dtype).alias(name) for name, dtype in _UNSCORED.items())
            facts = facts.with_columns(unscored, reasons=None)
        else:
            said = scored.select("post_id", *_UNSCORED, "reasons")
            facts = facts.join(said, on="post_id", how="left", maintain_order="left")
        facts = facts.with_columns(has_words=pl.col("matched").list.len() > 0, sounds=pl.col("kind") != NO_KIND)
        facts = facts.with_columns(has_passage=(pl.col("p_passage") >= LOUD_PASSAGE) & ~pl.col("sounds"))
        marked = facts.filter(
            pl.any_horizontal("is_disclosed", "has_purchase_means", "has_words", "sounds", "has_passage")
        )
        newest = marked.sort("published_at", "post_id", descending=[True, False], nulls_last=True).head(MOST_POSTS)
        models = facts["model"].drop_nulls()
        # Posts by fact: one whose label is unknown counts neither as labelled nor as unlabelled, and a fact that is
        # known of no post has no number.
        disclosed, means = pl.col("is_disclosed"), pl.col("has_purchase_means")
        signs = {
            # What reads like a platform's task or a fan campaign is counted apart from what reads like selling.
            "sounding": pl.col("sounds") & (pl.col("kind") != CAMPAIGN),
            "campaign": pl.col("kind") == CAMPAIGN,
            "words": pl.col("has_words"),
            "disclosed": disclosed,
            "purchase": means,
            "purchase_unlabelled": means & ~disclosed,
            "purchase_unknown": (means & disclosed.is_null()).fill_null(value=False),
            "label_unknown": disclosed.is_null(),
        }
        known = (pl.when(sign.is_not_null().any()).then(sign.sum()).alias(fact) for fact, sign in signs.items())
        text, number = case.catalogue.text, case.catalogue.number
        counts = [
            {
                "fact": fact,
                "label": text(f"report.sponsored.{fact}"),
                "n": n,
                "n_text": text("report.unknown") if n is None else number(n, 0),
            }
            for fact, n in facts.select(known).row(0, named=True).items()
            if len(models) or fact not in {"sounding", "campaign"}
        ]
        return {
            "n_posts": facts.height,
            "n_marked": marked.height,
            "model": models[0] if len(models) else None,
            "facts": counts,
            "posts": [_post(case, row) for row in newest.iter_rows(named=True)],
            "brands": summarise_brands(case),
            "packs": summarise_packs(case),
        }

    def ask(self, case: Case, part: Mapping[str, Any], *, is_outside: bool) -> Iterator[str]:
        """About posts with purchase means whose label is missing or unknown, whatever the level."""
        posts = [post for post in part.get("posts", []) if post["has_purchase_means"]]
        for is_disclosed, key in ((False, "purchase"), (None, "purchase_unknown")):
            if days := dict.fromkeys(post["day"] for post in posts if post["is_disclosed"] is is_disclosed):
                named = list_names(list(days)[:MOST_DAYS], case.catalogue)
                yield case.catalogue.text(f"report.question.{key}", days=named)

    def list_lines(self, part: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Line]:
        """A line for each post that a page lists, and for each post that a rule names."""
        words = {True: "report.seen", False: "report.seen_not", None: "report.unknown"}
        for post in part.get("posts", ()):
            facts = {name: catalogue.text(words[post[name]]) for name in ("is_disclosed", "has_purchase_means")}
            yield {**post, **facts, "text": "".join(piece["text"] for piece in post["excerpt"])}
        for pack in part.get("packs", ()):
            for rule in pack["rules"]:
                head = {"rule": f"{pack['label']} · {pack['version_text']} · {rule['label']}"}
                for post in rule["posts"]:
                    yield {**head, **post, "text": " | ".join(post["seen"]), "is_disclosed": post["disclosure_text"]}


def _post(case: Case, row: dict[str, Any]) -> dict[str, Any]:
    """A post with its excerpt, its tone in words, and the facts that were seen."""
    words, show_names = row["matched"] or [], case.setting.show_names
    reasons = [reason for reason in row["reasons"] or [] if reason["contribution"] > 0]
    # Around what spoke for a sponsored tone where it sounds so, else around the words that were found.
    if row["text"] and row["has_passage"]:
        passage = [(row["passage_start"], row["passage_end"])]
        excerpt = highlight_spans(row["text"], passage, show_names=show_names)
    elif row["text"] and reasons and row["sounds"]:
        spans = [(reason["start"], reason["end"]) for reason in reasons]
        excerpt = highlight_spans(row["text"], spans, show_names=show_names)
    else:
        excerpt = highlight(row["excerpt"], words, show_names=show_names)
    proba = row["p_sponsored"]
    if proba is None:
        tone = "unread"
    elif row["has_passage"]:
        tone = "passage"
    elif row["sounds"]:
        tone = "very" if proba >= MOST_LIKELY else "rather"
    else:
        tone = "unclear" if proba >= LEAST_LIKELY else "unlike"
    return {
        "post_id": row["post_id"],
        "day": "—" if row["published_at"] is None else iso_day(row["published_at"]),
        "excerpt": excerpt,
        "p_sponsored": proba,
        "tone": tone,
        "tone_text": case.catalogue.text(f"report.tone.{tone}"),
        "kind": row["kind"],
        # Whom a sponsored tone seems to serve.
        "kind_text": case.catalogue.text(f"report.pitch.{row['kind']}") if row["sounds"] else "",
        # What the platform's own marks say of posts like it: cases, no probability.
        "alike_text": _alike(case, row),
        "reasons": [{**reason, "piece": clean(reason["piece"])} for reason in reasons],
        "is_disclosed": row["is_disclosed"],
        "has_purchase_means": row["has_purchase_means"],
        "matched": [clean(word) for word in words[:MOST_WORDS]],
    }


def _alike(case: Case, row: dict[str, Any]) -> str:
    """Of posts that read like this one, how many carry the platform's mark; empty where there are none to tell."""
    if not row["n_alike"]:
        return ""
    number = case.catalogue.number
    return case.catalogue.text(
        "report.sponsored.alike", n=number(row["n_alike"], 0), marked=number(row["n_alike_marked"], 0)
    )
