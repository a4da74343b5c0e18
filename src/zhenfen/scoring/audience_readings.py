"""What the audience model adds to a report: who each audience is, and the estimated share of each beside the first."""

from __future__ import annotations

import polars as pl

from zhenfen.features.audience.family import N_PROFILES_NEEDED, choose_frames
from zhenfen.features.inputs import Inputs
from zhenfen.model_store import Models
from zhenfen.scoring.estimates import place_labels, score_sample
from zhenfen.verdict.audience import SHARES_SCHEMA, estimate_shares
from zhenfen.verdict.partition import PARTITION_SCHEMA, SELLERS_SCHEMA, classify, count_classes, count_matched, weigh

READ_AUDIENCE = {"partition": PARTITION_SCHEMA, "sellers": SELLERS_SCHEMA, "other_shares": SHARES_SCHEMA}
"""Name of a frame → its schema; other_shares: of every audience but the one that the family measures."""


def read_audience(inputs: Inputs, models: Models, wanted: pl.Series) -> dict[str, pl.DataFrame]:
    """Who the audiences of the creators `wanted` are: READ_AUDIENCE, none without a model."""
    model, tables = models.audience, inputs.tables
    audience = tables["audience"].filter(pl.col("creator_id").is_in(wanted.implode()))
    frames = choose_frames(audience).filter(pl.col("n_profiles") >= N_PROFILES_NEEDED)
    if model is None or frames.is_empty():
        return {}
    sample = audience.join(frames.select("creator_id", "frame", "is_measured"), on=["creator_id", "frame"])
    profiles = score_sample(sample, tables, model, inputs.as_of)
    labels = place_labels(audience, tables["audit_labels"])
    # What a profile is does not depend on how it was drawn: a label counts in every frame, its weight in one.
    latest = labels.sort("labelled_at", "labelled_by").unique(["creator_id", "profile_id"], keep="last")
    drawn = latest.drop_nulls("inclusion").select("creator_id", "profile_id", "frame", "inclusion")
    said = latest.select("creator_id", "profile_id", "is_fake")
    judged = profiles.join(said, on=["creator_id", "profile_id"], how="left", maintain_order="left").join(
        drawn, on=["creator_id", "profile_id", "frame"], how="left", maintain_order="left"
    )
    classified = weigh(classify(judged, inputs.as_of, model.manifest.threshold))
    others = profiles.filter(~pl.col("is_measured"))
    shares = [
        estimate_shares(part, labels.filter(frame=str(frame)), model.manifest, models.audience_levels.rules)
        for (frame,), part in others.partition_by("frame", as_dict=True).items()
    ]
    return {
        "partition": count_classes(classified, N_PROFILES_NEEDED),
        "sellers": count_matched(classified),
        "other_shares": pl.concat([pl.DataFrame(schema=SHARES_SCHEMA), *shares]).sort("creator_id", "frame"),
    }
