"""The share of an audience sample that looks inauthentic, from scored profiles and labels."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from zhenfen.estimators.profile_model import PROFILE, score_profiles
from zhenfen.features.audience.behaviour import add_behaviour
from zhenfen.features.audience.family import N_PROFILES_NEEDED, choose_frames
from zhenfen.model_store import Models
from zhenfen.tables import Tables
from zhenfen.verdict.audience import SHARES_SCHEMA, estimate_sample, estimate_shares


def estimate_audiences(tables: Tables, models: Models, as_of: datetime) -> pl.DataFrame:
    """The share of each creator's audience sample that looks inauthentic, see `verdict.audience.SHARES_SCHEMA`.

    The frame described is the one of the audience family; a creator with too few profiles, or no sample, has no row.
    """
    audience, model = tables["audience"], models.audience
    frames = choose_frames(audience).filter("is_measured", pl.col("n_profiles") >= N_PROFILES_NEEDED)
    if model is None or frames.is_empty():
        return pl.DataFrame(schema=SHARES_SCHEMA)
    platforms = tables["creators"].select("creator_id", creators_platform="platform")
    sample = (
        audience.join(frames.select("creator_id", "frame"), on=["creator_id", "frame"], how="semi")
        .join(platforms, on="creator_id")
        .with_columns(pl.col("platform").fill_null(pl.col("creators_platform")))
    )
    scored = score_profiles(add_behaviour(sample, tables["posts"]), model, as_of)
    profiles = sample.select("creator_id", "platform", "frame").hstack(scored)
    labels = place_labels(audience, tables["audit_labels"]).join(frames, on=["creator_id", "frame"], how="semi")
    return estimate_shares(profiles, labels.drop("frame"), model.manifest, models.audience_levels.rules)


def place_labels(audience: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """The labels with the frame that they were drawn from: of a creator's frames the one that holds most of them.

    A profile of several frames was drawn from one, and its inclusion probability is of that draw.

    Args:
        audience: Rows of the table `audience`.
        labels: Rows of the table `audit_labels`.
    """
    placed = (
        labels.select("creator_id", "profile_id")
        .unique()
        .join(audience.select("creator_id", "profile_id", "frame"), on=["creator_id", "profile_id"])
    )
    order = choose_frames(audience).with_row_index("rank").select("creator_id", "frame", "rank")
    held = placed.group_by("creator_id", "frame").len().join(order, on=["creator_id", "frame"])
    most = held.sort("creator_id", -pl.col("len").cast(pl.Int64), "rank").unique("creator_id", keep="first")
    return labels.join(most.select("creator_id", "frame"), on="creator_id", how="left", maintain_order="left")


def estimate_labelled(population: pl.DataFrame, models: Models, as_of: datetime) -> pl.DataFrame:
    """The share of one audience, its labels given: one row of `verdict.audience.SHARES_SCHEMA`.

    Args:
        population: Rows of the table `audience` of one creator and frame, with is_fake (null: not labelled) and
            inclusion.
        models: Must hold an audience model.
        as_of: Moment that ages are counted at.

    Raises:
        ConfigError: The shelf holds no audience model.
    """
    model = models.need(PROFILE)
    scored = score_profiles(population, model, as_of)
    profiles = population.select("creator_id", "platform", "frame", "is_fake", "inclusion").hstack(scored)
    return estimate_sample(profiles, model.manifest, models.audience_levels.rules)
