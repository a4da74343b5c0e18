"""What the audience samples say: the estimated share with its interval and frame, who they are, patterns inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import polars as pl

from zhenfen.messages import Catalogue
from zhenfen.report.case import Case, Reads
from zhenfen.report.section import FamilySection, FamilySheet, Line
from zhenfen.report.sections.audiences import list_audience_lines, summarise_audiences, summarise_following

PATTERN_ORDER = ("batch", "name_pattern", "identical_bio", "mass_following", "inactive")
MOST_EXAMPLES = 3


class AudienceSection(FamilySection, family="audience", place=5):
    """How the profiles were sampled and what such a sample covers, the estimated shares, who they are, the patterns."""

    reads: ClassVar[Reads] = {
        "audience": (
            *("frames", "shares", "patterns", "pattern_examples"),
            *("partition", "sellers", "other_shares", "origins", "following"),
        )
    }
    causes = ("arrivals",)
    # How much of an audience is real is what a shortlist is opened for: that nobody knows it is an answer.
    is_always_listed = True
    sheet = FamilySheet(
        "report.sheet.audience",
        {
            "name": ("report.col.creator", "text"),
            "frame": ("report.col.frame", "text"),
            "kind": ("report.col.kind", "text"),
            "label": ("report.col.what", "wide"),
            "n": ("report.col.n", "count"),
            "n_of": ("report.col.n_of", "count"),
            "share": ("report.col.share", "share"),
            "low": ("report.col.interval_low", "share"),
            "high": ("report.col.interval_high", "share"),
            "creator_id": ("report.col.creator_id", "id"),
        },
    )

    def summarise(self, case: Case) -> dict[str, Any] | None:
        """Frames, shares, audiences and patterns; None without a sample and without commenters of a known origin."""
        frames, audiences = case.detail("audience", "frames"), summarise_audiences(case)
        if frames is None and not audiences:
            return None
        text, number = case.catalogue.text, case.catalogue.number
        config = case.setting.platform_config(case.setting.platform_of(case.creator_id)[0])
        return {
            "frames": [
                {
                    "frame": row["frame"],
                    "n_profiles": row["n_profiles"],
                    "n_text": number(row["n_profiles"], 0),
                    "label": text(f"report.frame.{row['frame']}"),
                    "covers": text(f"report.frame.{row['frame']}.covers"),
                }
                for row in ([] if frames is None else frames.sort("frame").iter_rows(named=True))
            ],
            "visible": None if config is None else config.followers_visible[case.catalogue.language],
            "share": _share(case),
            "other_shares": _other_shares(case),
            "audiences": audiences,
            "following": summarise_following(case),
            "patterns": _patterns(case),
        }

    def estimate(self, case: Case) -> str | None:
        """The share with its interval, where one was named."""
        share = _share(case)
        if share is None or not share["is_assessed"]:
            return None
        texts = {name: share[f"{name}_text"] for name in ("share", "low", "high")}
        frame = case.catalogue.text(f"report.frame.{share['frame']}")
        n_profiles = case.catalogue.number(share["n_profiles"], 0)
        return case.catalogue.text("report.share.short", frame=frame, n_profiles=n_profiles, **texts)

    def ask(self, case: Case, part: Mapping[str, Any], *, is_outside: bool) -> Iterator[str]:
        """About an estimated share that is out of line."""
        share = part.get("share")
        if is_outside and share and share["is_assessed"]:
            yield case.catalogue.text("report.question.audience")

    def list_lines(self, part: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Line]:
        """The estimated share of every audience, who it is, where it is and what it writes in."""
        shares = [share for share in (part.get("share"), *part.get("other_shares", ())) if share]
        for share in shares:
            figures = {name: share[name] for name in ("share", "low", "high")} if share["is_assessed"] else {}
            line = {
                "frame": share["frame_text"],
                "kind": catalogue.text("report.who.estimate"),
                "n_of": share["n_profiles"],
            }
            yield {**line, "label": share["sentence"], **figures}
        yield from list_audience_lines(part, catalogue)
        if following := part.get("following"):
            counts = {"n": following["n_found"], "n_of": following["n_commenters"], "share": following["share"]}
            about = {"kind": catalogue.text("report.following.title"), "label": following["sentence"]}
            yield {**about, **counts, "frame": catalogue.text("report.frame.commenters")}


def _share(case: Case) -> dict[str, Any] | None:
    """The estimate in words and numbers; None where the model made none."""
    shares = case.detail("audience", "shares")
    if shares is None or shares.is_empty() or shares["share"][0] is None:
        return None
    return _say_share(case, shares.row(0, named=True))


def _other_shares(case: Case) -> list[dict[str, Any]]:
    """The estimates of the audiences beside the one that the family's level rests on."""
    shares = case.detail("audience", "other_shares")
    if shares is None:
        return []
    return [_say_share(case, row) for row in shares.drop_nulls("share").iter_rows(named=True)]


def _say_share(case: Case, row: dict[str, Any]) -> dict[str, Any]:
    show, text = case.catalogue.share, case.catalogue.text
    numbers = {name: case.catalogue.count(row[name]) for name in ("n_profiles", "n_labels", "n_out_of_domain")}
    texts = {name: show(row[name]) for name in ("share", "low", "high")}
    frame = text(f"report.frame.{row['frame']}")
    # A point inside an interval too wide to mean anything would be read as the answer: it is not printed.
    sentence = "report.share.sentence" if row["reason"] is None else "report.share.too_wide"
    contradicted = text("report.share.contradicted", share=show(row["cross_check"])) if row["is_contradicted"] else ""
    return {
        **row,
        **{f"{name}_text": shown for name, shown in texts.items()},
        "frame_text": frame,
        "is_assessed": row["reason"] is None,
        "sentence": text(sentence, frame=frame, n_profiles=numbers["n_profiles"], **texts),
        "method_text": text(f"report.share.{row['method']}", **numbers),
        "domain_text": text("report.share.domain", **numbers) if row["n_out_of_domain"] else "",
        "contradicted_text": contradicted,
    }


def _patterns(case: Case) -> list[dict[str, Any]]:
    """Each pattern with its own share and interval, and up to three examples."""
    patterns, examples = (case.detail("audience", name) for name in ("patterns", "pattern_examples"))
    if patterns is None:
        return []
    text, number, show = case.catalogue.text, case.catalogue.number, case.catalogue.share
    found = {row["pattern"]: row for row in patterns.filter(pl.col("share").is_not_null()).iter_rows(named=True)}
    shown = []
    for name in PATTERN_ORDER:
        if name not in found:
            continue
        row = found[name]
        mine = [] if examples is None else examples.filter(pattern=name).head(MOST_EXAMPLES).iter_rows(named=True)
        shown.append(
            {
                **{key: row[key] for key in ("pattern", "n_profiles", "n_in_pattern", "share", "low", "high")},
                "label": text(f"pattern.{name}"),
                "about": text(f"pattern.{name}.about", limit=number(row["limit"] or 0, 0)),
                "n_text": f"{number(row['n_in_pattern'], 0)} / {number(row['n_profiles'], 0)}",
                "share_text": show(row["share"]),
                "range_text": f"{show(row['low'])} – {show(row['high'])}",
                "examples": [
                    {
                        "n_text": number(example["n_profiles"], 0),
                        "shown": [case.setting.quote(one) for one in example["examples"] or []],
                    }
                    for example in mine
                ],
            }
        )
    return shown
