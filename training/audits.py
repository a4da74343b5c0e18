"""Labels that analysts gave to followers (`zhenfen audit apply`), as one more source to train on."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl

from zhenfen.errors import InvalidTableError, MissingTableError, Problem
from zhenfen.features.audience.profile import measure_profiles
from zhenfen.scoring import latest_moment
from zhenfen.shelf import TrainingSource
from zhenfen.tables import read_tables

KEY = ("creator_id", "profile_id")
FEWEST_LABELS = 30
"""As many as DESIGN §5 asks for before labels speak for an audience."""
TERMS = "labels of the user's own analysts"


def load_audits(folder: Path) -> tuple[pl.DataFrame, TrainingSource]:
    """Labelled profiles in the form of `load_profiles`, and what model.yaml says of them.

    Raises:
        MissingTableError: There are no audit labels, or fewer than 30.
        InvalidTableError: A label names a stranger, labels of a profile contradict each other, or all are the same.
    """
    tables = read_tables(folder)
    labels = tables["audit_labels"]
    if labels.height < FEWEST_LABELS:
        found = f"{labels.height} labels"
        raise MissingTableError(Problem(f"at least {FEWEST_LABELS} audit labels", str(folder), value=found))
    strange = labels.join(tables["audience"], on=KEY, how="anti")["profile_id"].unique().sort()
    torn = labels.group_by(KEY).agg(pl.col("is_fake").n_unique()).filter(pl.col("is_fake") > 1).sort(KEY)
    known, single = "a profile of the table audience", "one label of all who labelled the profile"
    problems = [
        *(Problem(known, "audit_labels", column="profile_id", value=one) for one in strange),
        *(Problem(single, "audit_labels", column="is_fake", value=f"{one}: both") for one in torn["profile_id"]),
    ]
    if labels["is_fake"].n_unique() <= 1:
        problems.append(Problem("labels of both kinds", "audit_labels", column="is_fake", value="all the same"))
    if problems:
        raise InvalidTableError(problems)
    unique = labels.unique(KEY, maintain_order=True).select(*KEY, "is_fake")
    platform = tables["creators"].select("creator_id", home="platform")
    profiles = tables["audience"].join(unique, on=KEY, how="inner", maintain_order="left")
    profiles = profiles.join(platform, on="creator_id", how="left", maintain_order="left")
    about = profiles.select(
        source=pl.lit(f"audits:{folder.name}"),
        platform=pl.coalesce("platform", "home"),
        is_fake=pl.col("is_fake").cast(pl.Int8),
    )
    rows = pl.concat((about, measure_profiles(profiles, latest_moment(tables))), how="horizontal")
    sha256 = hashlib.sha256(labels.write_csv().encode()).hexdigest()
    return rows, TrainingSource(source=rows["source"][0], rows=rows.height, sha256=sha256, terms=TERMS)
