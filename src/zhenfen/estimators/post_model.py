"""The post model of the shelf: how much a post sounds sponsored, and as what. Whether it is disclosed is not asked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from zhenfen.errors import ConfigError
from zhenfen.estimators.calibration import Calibration
from zhenfen.estimators.manifest import Manifest, read_manifest
from zhenfen.estimators.post_classifier import PostClassifier
from zhenfen.estimators.post_pieces import find_pieces
from zhenfen.estimators.post_text import has_letters, make_matrix

WEIGHTS, CALIBRATION = "post.npz", "calibration.json"
DEFAULT = "default"
NO_KIND = "none"
REASON = pl.Struct({"start": pl.Int64, "end": pl.Int64, "piece": pl.String, "contribution": pl.Float64})


@dataclass(frozen=True)
class PostModel:
    """A classifier of posts with its calibration and its manifest."""

    classifier: PostClassifier
    calibration: Calibration
    manifest: Manifest

    @property
    def version(self) -> str:
        """Name, version and the hash of the weights, for a report's footer."""
        return f"{self.manifest.label} {self.manifest.files[WEIGHTS][:12]}"

    @property
    def threshold(self) -> float:
        """Probability from which a post counts as sounding sponsored."""
        return self.manifest.threshold

    def predict(self, posts: pl.DataFrame) -> pl.DataFrame:
        """How each post sounds; rows in the order given.

        Args:
            posts: Rows of the table posts; of its columns only text is read.

        Returns:
            p_sponsored in [0, 1], calibrated to even shares; kind (third_party, own, campaign; none below the
            threshold). Both null for a null text and for one without a letter or digit.
        """
        X = make_matrix(posts["text"])
        probas = self.calibration.apply(self.classifier.decision_function(X))
        scored = pl.DataFrame({"p_sponsored": probas, "kind": self.classifier.predict_kind(X)})
        is_read = pl.Series(has_letters(posts["text"]))
        kind = pl.when(pl.col("p_sponsored") >= self.threshold).then("kind").otherwise(pl.lit(NO_KIND))
        return scored.select(pl.when(is_read).then(column) for column in (pl.col("p_sponsored"), kind.alias("kind")))

    def explain(self, posts: pl.DataFrame, n: int) -> pl.Series:
        """The `n` pieces of each text that say most for or against, largest contribution to the log-odds first.

        Returns:
            Lists of {start, end, piece, contribution}; start and end count characters of the raw text. Empty for a null
            text or one without a letter.
        """
        pieces = find_pieces(self.classifier, posts["text"])
        largest = pieces.sort("row", -pl.col("contribution").abs(), "start", "end", maintain_order=True)
        top = largest.group_by("row", maintain_order=True).head(n)
        length = pl.col("end") - pl.col("start")
        named = top.with_columns(text=posts["text"].gather(top["row"])).with_columns(
            piece=pl.col("text").str.slice(pl.col("start"), length)
        )
        listed = named.group_by("row", maintain_order=True).agg(
            reasons=pl.struct(*(field.name for field in REASON.fields))
        )
        rows = pl.DataFrame({"row": np.arange(posts.height)})
        reasons = rows.join(listed, on="row", how="left", maintain_order="left")["reasons"].cast(pl.List(REASON))
        return reasons.fill_null(pl.Series([[]], dtype=pl.List(REASON)).first())


def load_post_model(folder: Path) -> PostModel:
    """The model of a shelf folder.

    Raises:
        ConfigError: A file is missing or was changed, or holds something else.
    """
    manifest = read_manifest(folder)
    if missing := sorted({WEIGHTS, CALIBRATION} - manifest.files.keys()):
        raise ConfigError(f"{folder}: the post model lacks {', '.join(missing)}")
    maps = json.loads((folder / CALIBRATION).read_text(encoding="utf-8"))
    if DEFAULT not in maps:
        raise ConfigError(f"{folder / CALIBRATION}: expected a calibration {DEFAULT!r}")
    return PostModel(PostClassifier.load(folder / WEIGHTS), Calibration.from_dict(maps[DEFAULT]), manifest)
