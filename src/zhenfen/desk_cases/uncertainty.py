"""Where a label would teach most: audiences whose profiles the model is least sure of."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from zhenfen.desk_cases.project import TABLES, Projects
from zhenfen.estimators.profile_model import ProfileModel, score_profiles
from zhenfen.scoring import latest_moment
from zhenfen.tables import read_tables

UNSURE = 0.2
"""Distance in probability from the model's threshold within which a label of one profile is most likely to move it."""
MOST_PROJECTS = 20
"""The newest: their profiles are those that the model meets today."""
MOST_ROWS = 50


@dataclass(frozen=True, slots=True)
class Unsure:
    """An audience with profiles worth labelling.

    Attributes:
        project_id: Whose.
        project: Its name.
        file: Stem of the creator's page.
        creator: The creator's name.
        n_unsure: Profiles near the threshold.
        n_outside: Profiles unlike any that the model was taught with.
        n_profiles: All profiles.
    """

    project_id: str
    project: str
    file: str
    creator: str
    n_unsure: int
    n_outside: int
    n_profiles: int


def list_unsure(projects: Projects, model: ProfileModel) -> list[Unsure]:
    """Audiences of the newest projects, those with most profiles near the threshold first."""
    found: list[Unsure] = []
    for project in projects.list_all()[:MOST_PROJECTS]:
        folder = projects.place(project.project_id) / TABLES
        tables = read_tables(folder) if folder.is_dir() else None
        if tables is None or not tables.has("audience"):
            continue
        audience = tables["audience"]
        scored = score_profiles(audience, model, latest_moment(tables)).with_columns(creator_id=audience["creator_id"])
        near = (pl.col("p_fake") - model.manifest.threshold).abs() <= UNSURE
        counts = scored.group_by("creator_id").agg(
            n_unsure=near.sum(), n_outside=pl.col("out_of_domain").sum(), n_profiles=pl.len()
        )
        query = "select creator_id, file, name from reviews where project_id = ?"
        pages = {row["creator_id"]: row for row in projects.database.read(query, project.project_id)}
        found += [
            Unsure(
                project.project_id,
                project.name,
                pages[row["creator_id"]]["file"],
                pages[row["creator_id"]]["name"],
                row["n_unsure"],
                row["n_outside"],
                row["n_profiles"],
            )
            for row in counts.iter_rows(named=True)
            if row["creator_id"] in pages
        ]
    return sorted(found, key=lambda one: (-one.n_unsure, one.project_id, one.file))[:MOST_ROWS]
