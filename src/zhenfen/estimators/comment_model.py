"""The comment model of the shelf: P(a comment solicits), P(it says nothing), P(it is stock praise), kept apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.errors import ConfigError
from zhenfen.estimators.calibration import Calibration
from zhenfen.estimators.manifest import Manifest, read_manifest
from zhenfen.estimators.shelved import ShelvedModel, register
from zhenfen.estimators.text_linear import LinearTextClassifier, score_together
from zhenfen.text.near_duplicates import size_clusters
from zhenfen.text.normalise import normalise_comments

Array = npt.NDArray[np.float64]

ADVERT = "advert"
KINDS = (ADVERT, "filler", "praise")
"""Praise: short and fit for any post. Whether it was bought no text says; clusters of like comments and bursts may."""
CALIBRATION = "calibration.json"


@dataclass(frozen=True)
class CommentModel:
    """A classifier and a calibration for each kind of comment, and the manifest."""

    classifiers: Mapping[str, LinearTextClassifier]
    calibrations: Mapping[str, Calibration]
    manifest: Manifest

    @property
    def version(self) -> str:
        """Name, version and the hash of the advert weights, for a report's footer."""
        return f"{self.manifest.label} {self.manifest.files[file_name('advert')][:12]}"

    @property
    def thresholds(self) -> Mapping[str, float]:
        """Kind → probability from which a comment counts as one."""
        return {kind: self.manifest.kinds[kind].threshold for kind in KINDS}

    def predict(self, normalised: pl.Series) -> pl.DataFrame:
        """p_advert, p_filler, p_praise of each normalised text, calibrated, in [0, 1]; null for null; rows in order."""
        # Comments repeat each other: each distinct text is read once.
        texts = normalised.unique(maintain_order=True).drop_nulls().alias("normalised")
        columns = {}
        for kinds in self._alike():
            scores = score_together([self.classifiers[kind] for kind in kinds], texts)
            for kind, own in zip(kinds, scores, strict=True):
                columns[f"p_{kind}"] = self.calibrations[kind].apply(own)
        scored = pl.DataFrame({"normalised": texts, **{f"p_{kind}": columns[f"p_{kind}"] for kind in KINDS}})
        asked = normalised.alias("normalised").to_frame()
        return asked.join(scored, on="normalised", how="left", maintain_order="left").drop("normalised")

    def _alike(self) -> list[list[str]]:
        # Kinds whose classifiers count the same n-grams and signs are asked together.
        kinds: dict[tuple[object, ...], list[str]] = {}
        for kind in KINDS:
            one = self.classifiers[kind]
            kinds.setdefault((len(one.weights), *one.signs.items()), []).append(kind)
        return list(kinds.values())

    def explain(self, normalised: pl.Series, n: int, kind: str = "advert") -> pl.Series:
        """The `n` pieces of each text that say most for or against `kind`, as a list of {piece, contribution}.

        Largest contribution to the uncalibrated log-odds first; empty for a null or empty text.
        """
        pieces = self.classifiers[kind].contributions(normalised).group_by("row", maintain_order=True).head(n)
        listed = pieces.group_by("row", maintain_order=True).agg(reasons=pl.struct("piece", "contribution"))
        rows = pl.DataFrame({"row": pl.int_range(len(normalised), eager=True)})
        reasons = rows.join(listed, on="row", how="left", maintain_order="left")["reasons"]
        return reasons.fill_null(pl.Series([[]], dtype=reasons.dtype).first())


def file_name(kind: str) -> str:
    """The file of a kind's weights."""
    return f"{kind}.npz"


def load_comment_model(folder: Path) -> CommentModel:
    """The model of a shelf folder.

    Raises:
        ConfigError: A file is missing or was changed, or a kind lacks its threshold or calibration.
    """
    manifest = read_manifest(folder)
    wanted = {CALIBRATION, *map(file_name, KINDS)}
    if missing := sorted(wanted - manifest.files.keys() | set(KINDS) - manifest.kinds.keys()):
        raise ConfigError(f"{folder}: the comment model lacks {', '.join(missing)}")
    maps = json.loads((folder / CALIBRATION).read_text(encoding="utf-8"))
    if missing := sorted(set(KINDS) - maps.keys()):
        raise ConfigError(f"{folder / CALIBRATION}: expected a calibration of {', '.join(missing)}")
    classifiers = {kind: LinearTextClassifier.load(folder / file_name(kind)) for kind in KINDS}
    return CommentModel(classifiers, {kind: Calibration.from_dict(maps[kind]) for kind in KINDS}, manifest)


def score_comments(comments: pl.DataFrame, model: CommentModel, *, n_reasons: int = 0) -> pl.DataFrame:
    """What each comment sounds like, and the cluster of like comments it stands in, in the order given.

    Args:
        comments: comment_id and text; a null text gets no score.
        model: Comment model of the shelf.
        n_reasons: How many of the largest contributions to list.

    Returns:
        comment_id, p_advert, p_filler and p_praise in [0, 1], cluster_id and cluster_size among these very comments
        (see `group_comments`), model, and with reasons `reasons` (list of piece, contribution).
    """
    texts = normalise_comments(comments)
    return score_grouped(group_comments(texts), model, n_reasons=n_reasons)


def group_comments(texts: pl.DataFrame) -> pl.DataFrame:
    """`texts` with cluster_id and cluster_size: null and 1 outside of all clusters, both null without a text.

    An id that comes again is the same comment: it makes no cluster with itself.

    Args:
        texts: comment_id and normalised.
    """
    ids = texts["comment_id"]
    once = texts if ids.n_unique() == len(ids) else texts.unique("comment_id", keep="first", maintain_order=True)
    sized = size_clusters(once).with_columns(pl.col("cluster_size").fill_null(1))
    if once.height == texts.height:
        grouped = texts.with_columns(sized["cluster_id"], sized["cluster_size"])
    else:
        grouped = texts.join(sized, on="comment_id", how="left", maintain_order="left")
    return grouped.with_columns(cluster_size=pl.when(pl.col("normalised").is_not_null()).then("cluster_size"))


def score_grouped(grouped: pl.DataFrame, model: CommentModel, *, n_reasons: int = 0) -> pl.DataFrame:
    """`score_comments` of what `group_comments` returns, or of some of its rows."""
    probas = model.predict(grouped["normalised"])
    scored = grouped.select("comment_id", *probas, "cluster_id", "cluster_size")
    scored = scored.with_columns(model=pl.lit(model.manifest.stamp))
    return scored.with_columns(reasons=model.explain(grouped["normalised"], n_reasons)) if n_reasons else scored


def _score_alone(model: CommentModel, rows: pl.DataFrame, _: str | None) -> pl.DataFrame:
    """A comment's cluster depends on the comments around it and is left out."""
    alone = normalise_comments(rows).with_columns(cluster_id=pl.lit(None), cluster_size=pl.lit(None))
    return score_grouped(alone, model).drop("cluster_id", "cluster_size")


COMMENT = register(
    ShelvedModel(
        name="comment",
        rank=2,
        rows="comments",
        table="comments",
        needed=("comment_id", "text"),
        read=("comment_id", "text"),
        load=load_comment_model,
        score=_score_alone,
        outputs={
            "comment_id": pl.String(),
            "p_advert": pl.Float64(),
            "p_filler": pl.Float64(),
            "p_praise": pl.Float64(),
            "model": pl.String(),
        },
    )
)
