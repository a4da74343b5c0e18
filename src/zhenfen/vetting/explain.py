"""One creator explained: levels with reasons, spans with causes, and what would lower a level."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zhenfen.messages import Catalogue
from zhenfen.model_store import Models
from zhenfen.progress import Progress, silent
from zhenfen.report.summarise import summarise_creator
from zhenfen.scoring import known_at, score
from zhenfen.vetting.options import VetOptions, read_export
from zhenfen.vetting.vet import find_creators


def explain(
    path: Path, creator: str, models: Models, options: VetOptions, on_progress: Progress = silent
) -> dict[str, Any]:
    """What a creator's page says, as `report.summarise.summarise_creator` gives it.

    Args:
        path: Any export that can be vetted.
        creator: Id as the platform or as the tables spell it.
        models: Panel, rules and models to judge with.
        options: Language, moment, and what is said of the export.
        on_progress: Told of every file and family.

    Raises:
        InputError: The export cannot be used, or holds no such creator.
    """
    tables = read_export(path, options, on_progress)
    (wanted,) = find_creators([creator], tables)
    findings = score(tables, models, as_of=options.as_of, creators=[wanted], on_progress=on_progress)
    known = known_at(tables, findings.as_of)
    return summarise_creator(findings, known, wanted, Catalogue(options.language), options.show_names)
