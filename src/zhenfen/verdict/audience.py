"""The share of an audience sample that looks inauthentic, and the level that follows from its interval (DESIGN §5)."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from zhenfen.estimators.audit_sample import cut_strata
from zhenfen.estimators.looks import looks_of
from zhenfen.estimators.manifest import Manifest
from zhenfen.estimators.pooled import find_offsets
from zhenfen.estimators.share import AuditLabels, ScoredAudience, estimate_share
from zhenfen.features.audience.family import Audience
from zhenfen.verdict.evidence import FINDINGS_SCHEMA
from zhenfen.verdict.shares import FIGURES_SCHEMA, ShareRules, to_figures, to_validations

FloatArray = NDArray[np.float64]

FAMILY = Audience.name
LABEL_COLUMNS = ("is_fake", "inclusion", "stratum", "batch")
"""Of the table `audit_labels`: what an estimate needs of a label."""
MOST_OUT_OF_DOMAIN_SHARE = 0.25
"""With more than a quarter of the profiles unlike any the model was trained on, its error rates say nothing of them."""

SHARES_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "frame": pl.String(),
    **FIGURES_SCHEMA,
    "n_profiles": pl.Int64(),
    "n_out_of_domain": pl.Int64(),
    "model": pl.String(),
}


class AudienceRules(ShareRules):
    """How an interval becomes a level."""

    elevated_from: float
    high_from: float


def estimate_shares(
    profiles: pl.DataFrame,
    labels: pl.DataFrame,
    manifest: Manifest,
    rules: AudienceRules,
    earlier: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """One estimate a creator (SHARES_SCHEMA).

    Args:
        profiles: creator_id, profile_id, platform, frame, p_fake, out_of_domain; one frame a creator.
        labels: Table `audit_labels`; of several people's labels of one profile the latest counts.
        manifest: Of the model that scored the profiles.
        rules: Confidence level and the widest interval allowed.
        earlier: Table `earlier_audits`: what a creator's audit learns from those before; None for nothing.
    """
    latest = labels.sort("labelled_at", "labelled_by").unique(["creator_id", "profile_id"], keep="last")
    drawn = latest.drop_nulls("inclusion").select("creator_id", "profile_id", *LABEL_COLUMNS)
    joined = profiles.join(drawn, on=["creator_id", "profile_id"], how="left").sort("creator_id", "profile_id")
    samples = joined.partition_by("creator_id", maintain_order=True)
    rows = [_estimate_one(sample, manifest, rules, earlier) for sample in samples]
    return pl.DataFrame(rows, schema=SHARES_SCHEMA)


def estimate_sample(
    sample: pl.DataFrame, manifest: Manifest, rules: AudienceRules, earlier: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The estimate of one creator's sample (SHARES_SCHEMA, one row).

    Args:
        sample: As `profiles` of `estimate_shares`, with LABEL_COLUMNS of the profiles labelled.
        manifest: Of the model that scored the profiles.
        rules: Confidence level and the widest interval allowed.
        earlier: As for `estimate_shares`.
    """
    return pl.DataFrame([_estimate_one(sample.sort("profile_id"), manifest, rules, earlier)], schema=SHARES_SCHEMA)


def decide_audience(findings: pl.DataFrame, prevalence: pl.DataFrame, rules: AudienceRules) -> pl.DataFrame:
    """`findings` with the audience rows of creators in `prevalence` decided by the interval instead of by peers.

    high when the whole interval lies above `high_from`, elevated above `elevated_from`, else low.
    """
    assessed, low = pl.col("reason").is_null(), pl.col("low")
    level = (
        pl.when(~assessed)
        .then(pl.lit("not_assessed"))
        .when(low > rules.high_from)
        .then(pl.lit("high"))
        .when(low > rules.elevated_from)
        .then(pl.lit("elevated"))
        .otherwise(pl.lit("low"))
    )
    decided = prevalence.with_columns(
        family=pl.lit(FAMILY),
        basis=pl.lit("model"),
        level=level,
    )
    mine = findings.join(decided.select("creator_id", "family"), on=["creator_id", "family"], how="semi")
    scores = mine.select("creator_id", peers_score="score")
    decided = decided.join(scores, on="creator_id", how="left").with_columns(
        score=pl.when(assessed).then(pl.col("peers_score").fill_null(0.0)),
        n_needed=pl.lit(None, dtype=pl.Int64),
        n_found=pl.lit(None, dtype=pl.Int64),
    )
    others = findings.join(mine, on=["creator_id", "family"], how="anti")
    rows = decided.select(pl.col(name).cast(dtype) for name, dtype in FINDINGS_SCHEMA.items())
    return pl.concat([others, rows]).sort("creator_id", "family")


def _estimate_one(
    sample: pl.DataFrame, manifest: Manifest, rules: AudienceRules, earlier: pl.DataFrame | None
) -> dict[str, object]:
    probas, platform = sample["p_fake"].to_numpy(), sample["platform"][0]
    is_strange = sample["out_of_domain"].sum() > MOST_OUT_OF_DOMAIN_SHARE * sample.height
    in_domain = [one for one in manifest.validations if one.platform == platform and not is_strange]
    audit, is_labelled = None, sample["is_fake"].is_not_null().to_numpy()
    if is_labelled.any():
        audit = AuditLabels(
            is_labelled=is_labelled,
            labels=sample["is_fake"].cast(pl.Float64).fill_null(np.nan).to_numpy(),
            inclusion=sample["inclusion"].fill_null(1.0).to_numpy(),
            strata=_find_strata(sample, probas),
            looks=looks_of(sample.drop_nulls("is_fake")["batch"].drop_nulls().to_list()),
        )
    scored = ScoredAudience(
        probas=probas,
        is_flagged=probas >= manifest.threshold,
        training_share=manifest.training_share,
        in_domain=to_validations(in_domain),
        across=to_validations(manifest.validations_across),
        audit=audit,
        earlier=find_offsets(earlier, sample["creator_id"][0], manifest.stamp),
    )
    found = estimate_share(scored, rules.widest_interval, rules.confidence_level)
    first = sample.row(0, named=True)
    return {
        "creator_id": first["creator_id"],
        "frame": first["frame"],
        **to_figures(found, FAMILY),
        "n_profiles": sample.height,
        "n_out_of_domain": sample["out_of_domain"].sum(),
        "model": manifest.stamp,
    }


def _find_strata(sample: pl.DataFrame, probas: FloatArray) -> NDArray[np.int64]:
    """The strata of an audit in batches where the scores still give them; else one, and the weights carry the draw.

    Of one draw the strata of profiles not drawn are not kept. One stratum covers as well and its interval is 5 % wider
    (simulated, 300 audiences of 500, 100 labels, AUC .6 to .97).
    """
    strata = cut_strata(probas)
    labelled = sample.with_columns(now=pl.Series(strata)).drop_nulls("batch")
    is_same = labelled.height > 0 and labelled.select(pl.col("stratum").eq_missing(pl.col("now")).all()).item()
    return strata if is_same else np.zeros(sample.height, dtype=np.int64)
