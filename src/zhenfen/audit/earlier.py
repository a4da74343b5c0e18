"""What earlier audits found of the model, kept for the audit of the next audience of the same platform."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import polars as pl

from zhenfen.audit.loop import ScoreProfiles, find_population, hash_population, open_audience
from zhenfen.errors import ConfigError, MissingTableError, Problem
from zhenfen.estimators.pooled import find_offset
from zhenfen.estimators.share import N_LABELS_NEEDED
from zhenfen.estimators.stratified import make_draw
from zhenfen.files import alone_in, write_file
from zhenfen.tables import TABLES, Tables, check_tables, make_frame, read_tables

EARLIER, LABELS = "earlier_audits", "audit_labels"
_ID_CHARS = 16


def reuse_audits(
    tables_dir: Path,
    creator_id: str,
    folders: Iterable[Path],
    score_profiles: ScoreProfiles,
    training_share: float,
) -> pl.DataFrame:
    """Store what audits of other audiences of the creator's platform say of the model, for this creator's audit.

    Numbers only go from folder to folder: how far the scores were off, with what error, by how many labels. What was
    stored for the creator before is replaced.

    Args:
        tables_dir: Folder of the tables that the creator is in.
        creator_id: The tables' id of the creator, or the platform's.
        folders: Tables with audits; `tables_dir` itself may be one of them.
        score_profiles: The audience model.
        training_share: Share of fakes that its scores are calibrated to.

    Returns:
        The rows of `earlier_audits` stored, an audit each.

    Raises:
        UnknownCreatorError: The creator is not in the tables.
        ConfigError: The tables are not a folder, or cannot be written.
        MissingTableError: No folder holds an audit of this platform with 30 labels.
    """
    if not tables_dir.is_dir():
        raise ConfigError(f"{tables_dir}: expected a folder of tables, which what is found can be stored in")
    tables = read_tables(tables_dir)
    audience = open_audience(tables, creator_id, score_profiles)
    creator, platform = audience["creator_id"][0], _platform_of(tables, audience["creator_id"][0])
    named = tuple(folders)
    found = [
        row
        for folder in named
        for row in _read_audits(read_tables(folder), platform, score_profiles, training_share)
        if row["audit_id"] != _identify(audience)
    ]
    if not found:
        expected = f"an audit of another audience of {platform} with at least {N_LABELS_NEEDED} weighted labels"
        raise MissingTableError(Problem(expected, ", ".join(map(str, named)), column=LABELS, value="none"))
    rows = make_frame(TABLES[EARLIER], pl.DataFrame([{**row, "creator_id": creator} for row in found]))
    rows = rows.unique("audit_id", keep="last").sort("audit_id")
    with alone_in(tables_dir):
        others = read_tables(tables_dir)[EARLIER].filter(pl.col("creator_id") != creator)
        merged = pl.concat((others, rows)).sort(TABLES[EARLIER].key)
        check_tables({EARLIER: merged})
        written = io.BytesIO()
        merged.write_parquet(written)
        write_file(tables_dir / f"{EARLIER}.parquet", written.getvalue())
    return rows


def _read_audits(
    tables: Tables, platform: str | None, score_profiles: ScoreProfiles, training_share: float
) -> Iterator[dict[str, object]]:
    drawn = tables[LABELS].drop_nulls("inclusion").sort("labelled_at", "labelled_by")
    latest = drawn.unique(("creator_id", "profile_id"), keep="last", maintain_order=True)
    for creator in latest["creator_id"].unique().sort():
        labels = latest.filter(creator_id=creator).select("profile_id", "is_fake", "inclusion", "labelled_at")
        mine = find_population(tables, creator).join(labels, on="profile_id", how="semi")
        if mine.height < N_LABELS_NEEDED or _platform_of(tables, creator) != platform:
            continue
        scored = open_audience(tables, creator, score_profiles)
        joined = scored.join(labels, on="profile_id", how="left", maintain_order="left")
        probas, is_labelled = joined["p_fake"].to_numpy(), joined["is_fake"].is_not_null().to_numpy()
        values = joined["is_fake"].cast(pl.Float64).to_numpy()
        # One stratum: the model may be another than the one that the audit was drawn with, the weights carry the draw.
        one = np.zeros(len(probas), dtype=np.int64)
        estimate = make_draw(probas, is_labelled, values, joined["inclusion"].fill_null(1.0).to_numpy(), one).estimate()
        offset = find_offset(probas, training_share, estimate.smooth_share, estimate.variance)
        yield {
            "audit_id": _identify(scored),
            "platform": platform,
            "model": scored["model"][0],
            "offset": offset.offset,
            "offset_error": offset.error,
            "n_labels": int(is_labelled.sum()),
            "labelled_at": joined["labelled_at"].max(),
        }


def _identify(population: pl.DataFrame) -> str:
    """Names an audit without naming the creator."""
    return hashlib.sha256(hash_population(population).encode()).hexdigest()[:_ID_CHARS]


def _platform_of(tables: Tables, creator: str) -> str | None:
    platforms = tables["creators"].filter(creator_id=creator)["platform"]
    return None if platforms.is_empty() else platforms[0]
