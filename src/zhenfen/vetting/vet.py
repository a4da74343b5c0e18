"""From an export to its report: the steps that the command line and, later, the service share."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zhenfen.connectors.privacy import hash_id, load_key
from zhenfen.files import check_replaceable
from zhenfen.model_store import Models
from zhenfen.places import parse_targets
from zhenfen.progress import Progress, silent
from zhenfen.report.write import is_report_file, write_report
from zhenfen.scoring import known_at, score
from zhenfen.tables import Tables
from zhenfen.verdict.evidence import Findings
from zhenfen.vetting.options import VetOptions, read_export
from zhenfen.vetting.record import remember


@dataclass(frozen=True)
class Vetted:
    """What a vetting made.

    Attributes:
        tables: What was read.
        findings: What was found.
        shortlist: The shortlist's dict, the one that page and spreadsheet are made from.
        pages: The pages written, the shortlist first.
    """

    tables: Tables
    findings: Findings
    shortlist: Mapping[str, Any]
    pages: tuple[Path, ...]


def vet(
    path: Path,
    out: Path,
    models: Models | Callable[[], Models],
    options: VetOptions,
    on_progress: Progress = silent,
) -> Vetted:
    """Read an export, score its creators, write the report folder `out`, and keep what `zhenfen reproduce` needs.

    Args:
        path: The export.
        out: Folder of the report.
        models: Panel, rules and models to judge with, or what loads them once the export has been read.
        options: How the reader wants the report.
        on_progress: Told of every step.

    Raises:
        InputError: The export cannot be used.
        ConfigError: `out` holds files that are not a report's, nobody knows a target region, or the user's own folder
            cannot be written.
    """
    check_replaceable(out, is_report_file)
    targets = parse_targets(options.target_regions)
    tables = read_export(path, options, on_progress)
    creators = find_creators(options.creators, tables) if options.creators else None
    judged_with = models if isinstance(models, Models) else models()
    findings = score(tables, judged_with, as_of=options.as_of, creators=creators, on_progress=on_progress)
    pages = write_report(
        findings,
        known_at(tables, findings.as_of),
        out,
        options.language,
        show_names=options.show_names,
        target_regions=targets,
        on_progress=on_progress,
    )
    remember(findings, tables, path, options)
    shortlist = json.loads((out / "index.json").read_text(encoding="utf-8"))
    return Vetted(tables, findings, shortlist, tuple(pages))


def find_creators(asked: Iterable[str], tables: Tables) -> Collection[str]:
    """The tables' ids of the creators asked for: an id may be the platform's or its pseudonym."""
    known = set(tables["creators"]["creator_id"])
    key = load_key()
    return [one if one in known else _pseudonym(one, key, known) for one in asked]


def _pseudonym(raw: str, key: bytes, known: Collection[str]) -> str:
    hashed = hash_id(raw, key)
    return hashed if hashed in known else raw
