"""A chosen set of a project's creators as one audience, read anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from zhenfen.desk_cases.declaration import add_declared, list_declarations
from zhenfen.desk_cases.project import TABLES, Project, Projects
from zhenfen.messages import Catalogue
from zhenfen.model_store import Models
from zhenfen.report.case import Setting
from zhenfen.report.roster import summarise_roster
from zhenfen.scoring import known_at, measure, score
from zhenfen.tables import read_tables

ENGAGEMENT = "engagement"


def read_roster(
    projects: Projects, project: Project, models: Models, creator_ids: Sequence[str], language: str
) -> dict[str, Any]:
    """What `report.roster.summarise_roster` says of some of a project's creators, with what was declared.

    Args:
        projects: Where the project lies.
        project: Whose creators.
        models: Panel, rules and models to judge with.
        creator_ids: Two creators or more.
        language: Of the words.

    Raises:
        UnknownCreatorError: The project has no such creator, or fewer than two were chosen.
    """
    tables = read_tables(projects.place(project.project_id) / TABLES)
    declared = add_declared(tables, list_declarations(projects.database, project.project_id))
    options = project.options.to_vet(language, None)
    findings = score(declared, models, as_of=options.as_of, creators=creator_ids, with_details=False)
    known = known_at(declared, findings.as_of)
    # What a contact costs is told from the posts behind engagement; no text has to be read for it.
    measured = measure(known, findings.as_of, with_details=True)
    details = {**findings.details, ENGAGEMENT: measured[ENGAGEMENT].details}
    return summarise_roster(Setting(replace(findings, details=details), known, Catalogue(language)), creator_ids)
