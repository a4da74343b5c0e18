"""Where a report comes from: files and how they were obtained, rows that could not be used, versions, references."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from zhenfen.messages import Catalogue
from zhenfen.report.case import Case, Setting
from zhenfen.report.quote import clean, quote, shorten
from zhenfen.tables import date_of_files

MOST_SHOWN = 20
"""Rows of a table that a page shows; the shortlist's dict and spreadsheet hold all of them."""
MOST_EXAMPLES = 3
LONGEST_VALUE_CHARS = 48
SHORT_HASH_CHARS = 12
UNKNOWN = "unknown"
"""What stands for a version that nobody knows."""


def summarise_sources(setting: Setting, most: int | None = MOST_SHOWN) -> dict[str, Any]:
    """The sources of a whole report, with at most `most` files and kinds of problems; None for all."""
    return {
        **summarise_shared(setting, most),
        "unusable": _unusable(setting, setting.tables["unusable"], most),
        "references": _references(setting, setting.findings.evidence),
    }


def summarise_shared(setting: Setting, most: int | None = MOST_SHOWN) -> dict[str, Any]:
    """What holds for every page: files, versions, and the unusable rows of which nothing says whose they are."""
    provenance, by = setting.tables["provenance"], ["source", "obtained_how", "obtained_at"]
    # The files, in groups that were obtained together.
    groups = [
        {
            "source": clean(source),
            "obtained_how": _in_words(setting, how),
            "obtained_on": "—" if at is None else setting.catalogue.day(at),
            "files": [
                {
                    "file": clean(row["file"]),
                    "sha256": row["sha256"],
                    "sha256_short": (row["sha256"] or "—")[:SHORT_HASH_CHARS],
                }
                for row in part.iter_rows(named=True)
            ],
        }
        for (source, how, at), part in provenance[:most].partition_by(by, as_dict=True, maintain_order=True).items()
    ]
    unowned = setting.unusable_rows.filter(pl.col("creator_id").is_null())
    unknown = setting.catalogue.text("report.unknown")
    return {
        "as_of_note": _note_of_day(setting),
        "provenance": {"groups": groups, "n_files": provenance.height, "n_shown": MOST_SHOWN},
        "unusable_of_all": _unusable(setting, unowned, most),
        "versions": [
            {
                "name": name,
                "label": setting.label("report.version", name),
                "value": value,
                "short": unknown if value == UNKNOWN else shorten(value, SHORT_HASH_CHARS * 2),
            }
            for name, value in sorted(setting.findings.versions.items())
        ],
    }


def summarise_own(case: Case) -> dict[str, Any]:
    """What holds for one creator's page: unusable rows that are the creator's, and where the peers come from."""
    setting = case.setting
    mine = pl.col("creator_id") == case.creator_id
    return {
        "unusable": _unusable(setting, setting.unusable_rows.filter(mine), MOST_SHOWN),
        "references": _references(setting, case.evidence),
    }


def say_reference(text: str, catalogue: Catalogue) -> str:
    """A source or window of a panel in the reader's language; that of an analyst's own panel as it was written."""
    key = f"panel.{text}"
    return catalogue.text(key) if catalogue.has(key) else clean(text)


def _unusable(setting: Setting, rows: pl.DataFrame, most: int | None) -> dict[str, Any]:
    """Rows and values that were not used, counted by what was wrong, with the first examples of each."""
    by = ["table", "file", "column", "expected", "action"]
    kinds = (
        rows.group_by(by, maintain_order=True)
        .agg(n=pl.len(), rows=pl.col("row").head(MOST_EXAMPLES), values=pl.col("value").head(MOST_EXAMPLES))
        .sort("n", *by, descending=[True, *[False] * len(by)], nulls_last=True)
    )
    text, number = setting.catalogue.text, setting.catalogue.number
    shown = []
    for row in kinds[:most].iter_rows(named=True):
        # What became of it; the table has no word of its own for a file that was not read.
        fate = "not_read" if row["expected"] == "unusable.file" else str(row["action"])
        values = (quote(one, show_names=setting.show_names, longest=LONGEST_VALUE_CHARS) for one in row["values"])
        shown.append(
            {
                "table": row["table"],
                "file": clean(row["file"]),
                "column": row["column"],
                "expected": _in_words(setting, row["expected"]),
                "action": row["action"],
                "action_text": text(f"report.action.{fate}"),
                "n": row["n"],
                "n_text": number(row["n"], 0),
                "examples": [
                    {"row": place or None, "value": value} for place, value in zip(row["rows"], values, strict=True)
                ],
            }
        )
    return {
        "n_rows": rows.height,
        "n_text": number(rows.height, 0),
        "kinds": shown,
        "n_kinds": kinds.height,
        "n_shown": MOST_SHOWN,
    }


def _note_of_day(setting: Setting) -> str:
    """That no row says when it was seen, or that the name of a file says it for some; empty where all rows do."""
    # Whoever named a day knows where it comes from.
    if date_of_files(setting.tables) == setting.findings.as_of:
        return setting.catalogue.text("report.as_of.files")
    # How importers write what they took a sheet for, see `connectors.recognised`.
    sheets = [
        sheet for read_as in setting.tables["provenance"]["read_as"].drop_nulls() for sheet in json.loads(read_as)
    ]
    return setting.catalogue.text("report.as_of.named") if any(sheet.get("dated_by") for sheet in sheets) else ""


def _in_words(setting: Setting, written: str | None) -> str:
    """What a table says: importers name a message, other writers of the table may use words of their own."""
    known = written is not None and setting.catalogue.has(written)
    return setting.catalogue.text(written or "") if known else clean(written)


def _references(setting: Setting, evidence: pl.DataFrame) -> list[dict[str, Any]]:
    """Panel sources that the ranges beside `evidence` come from, with the features they serve and their peers."""
    measured = evidence.drop_nulls("value")
    used = measured.filter(pl.col("reference_scope") != "none", pl.col("reference") != "")
    rows = (
        used.group_by("reference", "reference_window", "reference_on", "reference_scope")
        .agg(n_features=pl.col("feature").n_unique(), fewest=pl.col("n_peers").min(), most=pl.col("n_peers").max())
        .sort("reference", "reference_window", "reference_scope")
    )
    number, shown = setting.catalogue.number, []
    for row in rows.iter_rows(named=True):
        peers = "—"
        if row["fewest"] is not None:
            sizes = dict.fromkeys(number(row[name], 0) for name in ("fewest", "most"))
            peers = "–".join(sizes)
        shown.append(
            {
                "reference": row["reference"],
                "reference_text": say_reference(row["reference"], setting.catalogue),
                "window": row["reference_window"],
                "window_text": say_reference(row["reference_window"] or "", setting.catalogue),
                "observed_on": None if row["reference_on"] is None else setting.catalogue.day(row["reference_on"]),
                "scope": row["reference_scope"],
                "scope_text": setting.catalogue.text(f"report.scope.{row['reference_scope']}"),
                "n_features": row["n_features"],
                "n_peers_text": peers,
            }
        )
    return shown
