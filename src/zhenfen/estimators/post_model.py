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
from zhenfen.estimators.shelved import ShelvedModel, register
from zhenfen.features.posts.facts import PLATFORM_FLAGS, read_posts

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


def score_posts(posts: pl.DataFrame, model: PostModel, *, n_reasons: int = 0) -> pl.DataFrame:
    """Whether each post sounds sponsored, is disclosed, and has means to buy: three facts, in the order given.

    Args:
        posts: Rows of the table `posts`; only post_id and text are needed.
        model: Post model of the shelf.
        n_reasons: How many of the largest contributions to list.

    Returns:
        post_id, p_sponsored in [0, 1], is_disclosed and has_purchase_means (seen in the text or the platform's columns;
        null for a post with neither, and is_disclosed for one without text or label), kind, model, and with reasons
        `reasons` (list of start, end, piece, contribution; places in characters of the text).
    """
    facts = read_posts(posts).select(_seen("is_disclosed"), _seen("has_purchase_means"))
    probas = model.predict(posts)
    scored = posts.select(
        "post_id",
        probas["p_sponsored"],
        facts["is_disclosed"],
        facts["has_purchase_means"],
        probas["kind"],
        model=pl.lit(model.manifest.label),
    )
    return scored.with_columns(reasons=model.explain(posts, n_reasons)) if n_reasons else scored


def _seen(fact: str) -> pl.Expr:
    """A text that was read settles what the platform leaves open: nothing stands there."""
    is_open = pl.col(fact).is_null() & pl.col("text").is_not_null()
    return pl.when(is_open).then(statement=False).otherwise(fact).alias(fact)


POST = register(
    ShelvedModel(
        name="post",
        rank=3,
        rows="posts",
        table="posts",
        needed=("post_id", "text"),
        read=("post_id", "text", *PLATFORM_FLAGS),
        load=load_post_model,
        score=lambda model, rows, _: score_posts(rows, model),
        outputs={
            "post_id": pl.String(),
            "p_sponsored": pl.Float64(),
            "is_disclosed": pl.Boolean(),
            "has_purchase_means": pl.Boolean(),
            "kind": pl.String(),
            "model": pl.String(),
        },
    )
)
