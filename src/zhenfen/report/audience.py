"""What the audience sample says: the estimated share with its interval and frame, and the patterns inside it."""

from __future__ import annotations

from typing import Any

import polars as pl

from zhenfen.report.case import Case

PATTERN_ORDER = ("batch", "name_pattern", "identical_bio", "mass_following", "inactive")
MOST_EXAMPLES = 3


def audience_section(case: Case) -> dict[str, Any] | None:
    """How the profiles were sampled and what such a sample covers, the estimated share, the patterns."""
    frames = case.detail("audience", "frames")
    if frames is None:
        return None
    config = case.setting.platform_config(case.setting.platform_of(case.creator_id)[0])
    return {
        "frames": [_frame(case, row) for row in frames.sort("frame").iter_rows(named=True)],
        "visible": None if config is None else config.followers_visible[case.catalogue.language],
        "share": _share(case),
        "patterns": _patterns(case),
    }


def state_share(case: Case, family: dict[str, Any]) -> dict[str, Any]:
    """The audience family with its share as the sentence, where a share was named; any other family as it is."""
    share = _share(case) if family["family"] == "audience" and family["basis"] == "model" else None
    if share is None or not share["is_assessed"]:
        return {**family, "is_estimate": False}
    texts = {name: share[f"{name}_text"] for name in ("share", "low", "high")}
    frame = case.catalogue.text(f"report.frame.{share['frame']}")
    n_profiles = case.catalogue.number(share["n_profiles"], 0)
    sentence = case.catalogue.text("report.share.short", frame=frame, n_profiles=n_profiles, **texts)
    return {**family, "sentence": sentence, "tally": "", "is_estimate": True}


def _frame(case: Case, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "frame": row["frame"],
        "n_profiles": row["n_profiles"],
        "n_text": case.catalogue.number(row["n_profiles"], 0),
        "label": case.catalogue.text(f"report.frame.{row['frame']}"),
        "covers": case.catalogue.text(f"report.frame.{row['frame']}.covers"),
    }


def _share(case: Case) -> dict[str, Any] | None:
    """The estimate in words and numbers; None where the model made none."""
    shares = case.detail("audience", "shares")
    if shares is None or shares.is_empty() or shares["share"][0] is None:
        return None
    row = shares.row(0, named=True)
    show, text = case.catalogue.share, case.catalogue.text
    numbers = {name: case.catalogue.count(row[name]) for name in ("n_profiles", "n_labels", "n_out_of_domain")}
    texts = {name: show(row[name]) for name in ("share", "low", "high")}
    frame = text(f"report.frame.{row['frame']}")
    # A point inside an interval too wide to mean anything would be read as the answer: it is not printed.
    sentence = "report.share.sentence" if row["reason"] is None else "report.share.too_wide"
    return {
        **row,
        **{f"{name}_text": shown for name, shown in texts.items()},
        "is_assessed": row["reason"] is None,
        "sentence": text(sentence, frame=frame, n_profiles=numbers["n_profiles"], **texts),
        "method_text": text(f"report.share.{row['method']}", **numbers),
        "domain_text": text("report.share.domain", **numbers) if row["n_out_of_domain"] else "",
        "contradicted_text": _contradicted(case, row),
    }


def _contradicted(case: Case, row: dict[str, Any]) -> str:
    if not row["is_contradicted"]:
        return ""
    return case.catalogue.text("report.share.contradicted", share=case.catalogue.share(row["cross_check"]))


def _patterns(case: Case) -> list[dict[str, Any]]:
    """Each pattern with its own share and interval, and up to three examples."""
    patterns, examples = (case.detail("audience", name) for name in ("patterns", "pattern_examples"))
    if patterns is None:
        return []
    readable = patterns.filter(pl.col("share").is_not_null())
    found = {row["pattern"]: row for row in readable.iter_rows(named=True)}
    return [_pattern(case, found[name], examples) for name in PATTERN_ORDER if name in found]


def _pattern(case: Case, row: dict[str, Any], examples: pl.DataFrame | None) -> dict[str, Any]:
    show, name = case.catalogue.share, row["pattern"]
    mine = [] if examples is None else examples.filter(pattern=name).head(MOST_EXAMPLES).iter_rows(named=True)
    return {
        **{key: row[key] for key in ("pattern", "n_profiles", "n_in_pattern", "share", "low", "high")},
        "label": case.catalogue.text(f"pattern.{name}"),
        "about": case.catalogue.text(f"pattern.{name}.about", limit=case.catalogue.number(row["limit"] or 0, 0)),
        "n_text": f"{case.catalogue.number(row['n_in_pattern'], 0)} / {case.catalogue.number(row['n_profiles'], 0)}",
        "share_text": show(row["share"]),
        "range_text": f"{show(row['low'])} – {show(row['high'])}",
        "examples": [_example(case, one) for one in mine],
    }


def _example(case: Case, row: dict[str, Any]) -> dict[str, Any]:
    shown = [case.setting.quote(one) for one in row["examples"] or []]
    return {"n_text": case.catalogue.number(row["n_profiles"], 0), "shown": shown}
