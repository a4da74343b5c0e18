"""Comment and post models by a few words, and a creator model of two measurements, with the face of the shelf's."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType, SimpleNamespace
from typing import Any

import polars as pl
import pytest

from zhenfen import model_store
from zhenfen.estimators.creator_evidence import add_missing
from zhenfen.estimators.creator_model import CREATOR, Lines
from zhenfen.estimators.manifest import ValidationCounts
from zhenfen.estimators.post_model import PREDICTED
from zhenfen.model_store import Models, load_models

GOOD = {"n_fake": 400, "n_fake_flagged": 380, "n_genuine": 400, "n_genuine_flagged": 4}
POOR = {"n_fake": 300, "n_fake_flagged": 90, "n_genuine": 300, "n_genuine_flagged": 3}


def make_kind(threshold: float = 0.5) -> SimpleNamespace:
    """Validated on Weibo, and across two sources that hardly agree."""
    return SimpleNamespace(
        threshold=threshold,
        training_share=0.5,
        validations=(ValidationCounts(source="a", platform="weibo", **GOOD),),
        validations_across=(
            ValidationCounts(source="a", platform="weibo", **GOOD),
            ValidationCounts(source="b", platform="games", **POOR),
        ),
    )


@dataclass(frozen=True)
class ToyCommentModel:
    """Adverts name an account; filler has one or two characters."""

    version = "comment/0 000000000000"
    manifest = SimpleNamespace(
        label="comment/0",
        stamp="comment/0@00000000",
        kinds={kind: make_kind() for kind in ("advert", "filler", "praise")},
    )
    thresholds = MappingProxyType({"advert": 0.5, "filler": 0.5, "praise": 0.5})

    def predict(self, normalised: pl.Series) -> pl.DataFrame:
        texts = pl.DataFrame({"text": normalised}, schema={"text": pl.String})
        return texts.select(
            p_advert=pl.when(pl.col("text").str.contains("微信|加我")).then(0.95).when(_known()).then(0.02),
            p_filler=pl.when(pl.col("text").str.len_chars() <= 2).then(0.9).when(_known()).then(0.03),
            p_praise=pl.when(pl.col("text").str.contains("美")).then(0.9).when(_known()).then(0.03),
        )

    def explain(self, normalised: pl.Series, n: int) -> pl.Series:
        piece = pl.struct(piece=pl.col("text").str.slice(0, 2), contribution=pl.lit(1.5))
        return pl.DataFrame({"text": normalised}).select(reasons=pl.concat_list([piece] * n)).to_series()


@dataclass(frozen=True)
class ToyPostModel:
    """Sponsored posts say 下单."""

    version = "post/0 000000000000"
    manifest = SimpleNamespace(label="post/0", stamp="post/0@00000000", domain={"text_chars": (8.0, 10_000.0)})

    def predict(self, posts: pl.DataFrame, *, is_quick: bool = False) -> pl.DataFrame:
        sells = pl.col("text").str.contains("下单")
        said = {
            "p_sponsored": pl.when(sells).then(0.9).when(_known()).then(0.1),
            "kind": pl.when(sells).then(pl.lit("third_party")).when(_known()).then(pl.lit("none")),
            "is_read_closely": pl.when(_known()).then(not is_quick),
        }
        unsaid = {name: pl.lit(None, dtype=dtype) for name, dtype in PREDICTED.items() if name not in said}
        return posts.select(**said, **unsaid).select(*PREDICTED)

    def explain(self, posts: pl.DataFrame, n: int) -> pl.Series:
        at = pl.col("text").str.find("下单", literal=True)
        found = pl.col("text").str.head(pl.col("text").str.len_chars()).str.split("下单").list.first().str.len_chars()
        span = pl.struct(
            start=found.cast(pl.Int64), end=found.cast(pl.Int64) + 2, piece=pl.lit("下单"), contribution=2.1
        )
        empty = pl.lit([], dtype=pl.List(_SPAN))
        return posts.select(reasons=pl.when(at.is_not_null()).then(pl.concat_list([span])).otherwise(empty)).to_series()


_SPAN = pl.Struct({"start": pl.Int64, "end": pl.Int64, "piece": pl.String, "contribution": pl.Float64})


def _known() -> pl.Expr:
    return pl.col("text").is_not_null()


def toy_models(**changes: Any) -> Models:
    """The shelf with the toys in place of its text and creator models."""
    toys = {"comment": ToyCommentModel(), "post": ToyPostModel(), "creator": ToyCreatorModel()}
    return load_models().with_models(**{**toys, **changes})


class ToyCreatorModel:
    """Unexplained growth and templates in the comments raise the log-odds, each by ten times its share."""

    version = "creator/0 000000000000"
    manifest = SimpleNamespace(
        label="creator/0",
        stamp="creator/0@00000000",
        features=("comments_template_share", "growth_unexplained_share_90d"),
    )
    lines = Lines(elevated_from=0.75, high_from=0.9)
    base = -3.0

    def contributions(self, features: pl.DataFrame) -> pl.DataFrame:
        known = add_missing(features, self.manifest.features)
        parts = known.select(pl.all().fill_null(0.0) * 10, c_base=pl.lit(self.base))
        return pl.concat((features.select("creator_id"), parts), how="horizontal")

    def predict(self, features: pl.DataFrame) -> pl.DataFrame:
        log_odds = pl.sum_horizontal(pl.exclude("creator_id"))
        return self.contributions(features).select("creator_id", p_manipulated=1 / (1 + (-log_odds).exp()))


def put_creator(monkeypatch: pytest.MonkeyPatch, model: Any) -> None:
    """Have the shelf hold `model` as its creator model; None for none."""
    load = model_store.load_model
    monkeypatch.setattr(model_store, "load_model", lambda kind, shelf: model if kind is CREATOR else load(kind, shelf))
