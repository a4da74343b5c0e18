"""The post model of the shelf: how much a post sounds sponsored, and as what. Whether it is disclosed is not asked.

A post is read by its letters; where these leave it open, by a text encoder as well, in windows of one length. Both are
lines, one for each genre, and their sum is the score.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.errors import ConfigError
from zhenfen.estimators.calibration import Calibration
from zhenfen.estimators.manifest import EncoderManifest, Manifest, read_manifest
from zhenfen.estimators.paid_head import ALIKE_SCHEMA, PAID_PLATFORM, PaidHead
from zhenfen.estimators.post_classifier import PostClassifier
from zhenfen.estimators.post_heads import HEADS, Int, VectorHeads, choose_heads
from zhenfen.estimators.post_pieces import find_pieces
from zhenfen.estimators.post_text import has_letters, leave_out_disclosures, make_matrix
from zhenfen.estimators.post_windows import LONG, blend_neighbours, cut_long, find_loudest, mean_vectors, to_raw
from zhenfen.estimators.shelved import ShelvedModel, register
from zhenfen.estimators.text_encoder import EncoderConfig, TextEncoder
from zhenfen.features.posts.facts import PLATFORM_FLAGS, read_posts
from zhenfen.shelf import FILE_NAME
from zhenfen.text.windows import cut_windows
from zhenfen.text.word_shares import share_words

Array = npt.NDArray[np.float64]

WEIGHTS, VECTORS, PAID, CALIBRATION = "post.npz", "vectors.npz", "paid.npz", "calibration.json"
LETTERS, BOTH = "letters", "both"
NO_KIND = "none"
TEXT_DOMAIN = "text_chars"
"""How the manifest calls the length that it was trained on."""
PROBE = "姐妹们这款面霜真的好用，今天散步时光线刚好"
"""A text whose vector tells one encoder from another."""
LEAST_COSINE = 0.999
"""Of the probe, between the encoder that the heads were fitted for and the one that is there."""
PREDICTED: dict[str, pl.DataType] = {
    "p_sponsored": pl.Float64(),
    "kind": pl.String(),
    "is_read_closely": pl.Boolean(),
    "p_passage": pl.Float64(),
    "passage_start": pl.Int64(),
    "passage_end": pl.Int64(),
    **ALIKE_SCHEMA,
}
REASON = pl.Struct({"start": pl.Int64, "end": pl.Int64, "piece": pl.String, "contribution": pl.Float64})


@dataclass(frozen=True)
class PostModel:
    """Letters, vectors and what the platform's marks say, with their calibrations and the manifest.

    Attributes:
        classifier: Heads over letters.
        vectors: Heads over the vectors of the encoder.
        paid: What Douyin's own marks taught.
        calibrations: Head → LETTERS or BOTH → the map from its score to a probability.
        reading: Which encoder, and when it is asked.
        manifest: model.yaml.
    """

    classifier: PostClassifier
    vectors: VectorHeads
    paid: PaidHead
    calibrations: Mapping[str, Mapping[str, Calibration]]
    reading: EncoderManifest
    manifest: Manifest

    @property
    def version(self) -> str:
        """Name, version and the hash of the weights, for a report's footer."""
        return f"{self.manifest.label} {self.manifest.files[WEIGHTS][:12]}"

    @property
    def threshold(self) -> float:
        """Probability from which a post counts as sounding sponsored."""
        return self.manifest.threshold

    @cached_property
    def encoder(self) -> TextEncoder:
        """The encoder that the heads were fitted for, loaded and tried when it is first asked.

        Raises:
            ConfigError: It cannot be loaded, or is another one.
        """
        encoder = _open_encoder(self.reading.config)
        found = encoder.embed(pl.Series([PROBE]))[0][0]
        wanted = self.vectors.probe
        lengths = np.linalg.norm(found) * np.linalg.norm(wanted)
        if found.shape != wanted.shape or found @ wanted < LEAST_COSINE * lengths:
            source = self.reading.config.source
            raise ConfigError(f"{source}: not the encoder that {self.manifest.label} was fitted for: fit it again")
        return encoder

    def predict(self, posts: pl.DataFrame, *, is_quick: bool = False) -> pl.DataFrame:
        """How each post sounds; rows in the order given.

        Args:
            posts: Rows of the table posts; of its columns only text and, where it is there, platform are read.
            is_quick: Letters alone: the encoder is not asked.

        Returns:
            PREDICTED: p_sponsored in [0, 1], calibrated to even shares; kind (third_party, own, campaign; none below
            the threshold); is_read_closely (whether the encoder was asked); p_passage, passage_start and passage_end
            (of a long post the window that sounds most sponsored, by its letters, and its place in the raw text; null
            of others); n_alike and n_alike_marked (of posts of Douyin that read like this one, how many carry the
            platform's mark; null elsewhere). All null for a null text and for one without a letter or digit.
        """
        reading = self.read(posts["text"], find_platforms(posts), is_quick=is_quick)
        return reading.select(pl.when("is_read").then(name).alias(name) for name in PREDICTED)

    def read(self, texts: pl.Series, platforms: pl.Series, *, is_quick: bool) -> pl.DataFrame:
        """PREDICTED of texts with something to read, and is_read: whether there is something."""
        X, heads = make_matrix(texts), choose_heads(platforms, texts)
        is_read = has_letters(texts)
        letters = self.classifier.decision_function(X, heads)
        probas = self.calibrate(letters, heads, LETTERS)
        alike = self.paid.by_letters.find(marks := self.paid.score_letters(X))
        passages = self.find_passages(texts, heads)
        loudest = np.fmax(probas, passages["p_passage"].fill_null(np.nan).to_numpy())
        asked = np.zeros(len(texts), dtype=np.bool_)
        if not is_quick and has_encoder():
            asked = is_read & (loudest >= self.reading.low) & (probas <= self.reading.high)
        rows = np.flatnonzero(asked)
        if len(rows):
            vectors = self.embed(leave_out_disclosures(texts.gather(rows)).texts)
            both = letters[rows] + self.vectors.decision_function(vectors, heads[rows])
            probas[rows] = self.calibrate(both, heads[rows], BOTH)
            closely = self.paid.by_both.find(marks[rows] + self.paid.score_vectors(vectors))
            alike = pl.DataFrame({name: alike[name].scatter(rows, closely[name]) for name in alike.columns})
        kind = pl.when(pl.Series(probas >= self.threshold)).then(self.classifier.predict_kind(X))
        is_marked = pl.Series(platforms == PAID_PLATFORM).fill_null(value=False)
        return pl.DataFrame({"p_sponsored": probas, "is_read_closely": asked, "is_read": is_read}).with_columns(
            kind.otherwise(pl.lit(NO_KIND)).alias("kind"),
            *(pl.when(is_marked).then(alike[name]).alias(name) for name in ALIKE_SCHEMA),
            *passages,
        )

    def calibrate(self, scores: Array, heads: Int, read_by: str) -> Array:
        """`apply_maps` of this model."""
        return apply_maps(self.calibrations, read_by, scores, heads)

    def embed(self, told: pl.Series) -> npt.NDArray[np.float32]:
        """The vector of each text, disclosures left out, shape (n, width): the mean of its windows."""
        windows = cut_windows(told, self.reading.config.window)
        vectors, n_tokens = self.encoder.embed(windows["window"])
        return mean_vectors(vectors, n_tokens, windows["row"].to_numpy())

    def find_passages(self, texts: pl.Series, heads: Int) -> pl.DataFrame:
        """p_passage, passage_start and passage_end of each text, see `predict`; nulls for short ones."""
        config = self.reading.config.window
        rows = (texts.str.len_chars().fill_null(0) >= LONG * config.n_chars).arg_true()
        told, own = leave_out_disclosures(texts.gather(rows)), heads[rows.to_numpy()]
        windows = cut_long(told, config)
        row = windows["row"].to_numpy()
        scores = self.classifier.decision_function(make_matrix(windows["window"]), own[row])
        loudest = to_raw(told, find_loudest(windows, blend_neighbours(scores, row)))
        probas = self.calibrate(loudest["score"].to_numpy(), own[loudest["row"].to_numpy()], LETTERS)
        found = loudest.select(
            rows.gather(loudest["row"]).cast(pl.Int64).alias("row"),
            p_passage=pl.Series(probas, dtype=pl.Float64),
            passage_start="start",
            passage_end="end",
        )
        every = pl.DataFrame({"row": pl.Series(np.arange(len(texts)), dtype=pl.Int64)})
        return every.join(found, on="row", how="left", maintain_order="left").drop("row")

    def explain(self, posts: pl.DataFrame, n: int) -> pl.Series:
        """The `n` words of each text that say most for or against, largest contribution to the letters' score first.

        Returns:
            Lists of {start, end, piece, contribution}; start and end count characters of the raw text. Empty for a null
            text or one without a letter.
        """
        heads = choose_heads(find_platforms(posts), posts["text"])
        words = share_words(posts["text"], find_pieces(self.classifier, posts["text"], heads))
        largest = words.sort("row", -pl.col("contribution").abs(), "start", maintain_order=True)
        top = largest.group_by("row", maintain_order=True).head(n).rename({"word": "piece"})
        listed = top.group_by("row", maintain_order=True).agg(
            reasons=pl.struct(*(field.name for field in REASON.fields))
        )
        rows = pl.DataFrame({"row": np.arange(posts.height)})
        reasons = rows.join(listed, on="row", how="left", maintain_order="left")["reasons"].cast(pl.List(REASON))
        return reasons.fill_null(pl.Series([[]], dtype=pl.List(REASON)).first())


def apply_maps(maps: Mapping[str, Mapping[str, Calibration]], read_by: str, scores: Array, heads: Int) -> Array:
    """Probabilities of scores by LETTERS or BOTH, each by the map of its head, shape (n,).

    Args:
        maps: Head → LETTERS or BOTH → map.
        read_by: Which of the two.
        scores: Shape (n,).
        heads: Places in HEADS, shape (n,).
    """
    probas = np.full(len(scores), np.nan)
    for place in np.unique(heads):
        here = heads == place
        probas[here] = maps[HEADS[place]][read_by].apply(scores[here])
    return probas


def find_platforms(posts: pl.DataFrame) -> pl.Series:
    """The platform of each post, null where nothing says it."""
    if "platform" in posts.columns:
        return posts["platform"]
    return pl.Series("platform", [None] * posts.height, dtype=pl.String)


def has_encoder() -> bool:
    """Whether the library that encoders run on is installed; without it, posts are read by their letters."""
    return find_spec("torch") is not None


@cache
def _open_encoder(config: EncoderConfig) -> TextEncoder:
    return TextEncoder.load(config)


def load_post_model(folder: Path) -> PostModel:
    """The model of a shelf folder.

    Raises:
        ConfigError: A file is missing or was changed, or holds something else.
    """
    manifest = read_manifest(folder)
    if missing := sorted({WEIGHTS, VECTORS, PAID, CALIBRATION} - manifest.files.keys()):
        raise ConfigError(f"{folder}: the post model lacks {', '.join(missing)}")
    if manifest.encoder is None:
        raise ConfigError(f"{folder / FILE_NAME}: expected the encoder that the heads were fitted for")
    maps = json.loads((folder / CALIBRATION).read_text(encoding="utf-8"))
    if maps.keys() != set(HEADS) or any(one.keys() != {LETTERS, BOTH} for one in maps.values()):
        raise ConfigError(f"{folder / CALIBRATION}: expected {LETTERS} and {BOTH} of each of {', '.join(HEADS)}")
    calibrations = {
        head: {name: Calibration.from_dict(held) for name, held in found.items()} for head, found in maps.items()
    }
    return PostModel(
        PostClassifier.load(folder / WEIGHTS),
        VectorHeads.load(folder / VECTORS),
        PaidHead.load(folder / PAID),
        calibrations,
        manifest.encoder,
        manifest,
    )


def score_posts(posts: pl.DataFrame, model: PostModel, *, n_reasons: int = 0, is_quick: bool = False) -> pl.DataFrame:
    """Whether each post sounds sponsored, is disclosed, and has means to buy: three facts, in the order given.

    Args:
        posts: Rows of the table `posts`; only post_id and text are needed, and platform is read where it is there.
        model: Post model of the shelf.
        n_reasons: How many of the largest contributions to list.
        is_quick: Letters alone, see `PostModel.predict`.

    Returns:
        post_id, p_sponsored in [0, 1], is_disclosed and has_purchase_means (seen in the text or the platform's columns;
        null for a post with neither, and is_disclosed for one without text or label), the other columns of
        `PostModel.predict`, model, and with reasons `reasons` (list of start, end, piece, contribution; places in
        characters of the text).
    """
    facts = read_posts(posts).select(_seen("is_disclosed"), _seen("has_purchase_means"))
    probas = model.predict(posts, is_quick=is_quick)
    scored = posts.select(
        "post_id",
        probas["p_sponsored"],
        facts["is_disclosed"],
        facts["has_purchase_means"],
        *(probas[name] for name in PREDICTED if name != "p_sponsored"),
        model=pl.lit(model.manifest.stamp),
    )
    return scored.with_columns(reasons=model.explain(posts, n_reasons)) if n_reasons else scored


def _seen(fact: str) -> pl.Expr:
    """A text that was read settles what the platform leaves open: nothing stands there."""
    is_open = pl.col(fact).is_null() & pl.col("text").is_not_null()
    return pl.when(is_open).then(statement=False).otherwise(fact).alias(fact)


def is_text_outside(texts: pl.Series, manifest: Manifest) -> pl.Series:
    """Whether each text is shorter or longer than those that the model was trained on; null for a null text."""
    low, high = manifest.domain.get(TEXT_DOMAIN, (0.0, float("inf")))
    return ~texts.str.len_chars().is_between(low, high)


POST = register(
    ShelvedModel(
        name="post",
        rank=3,
        rows="posts",
        table="posts",
        needed=("post_id", "text"),
        read=("post_id", "platform", "text", *PLATFORM_FLAGS),
        load=load_post_model,
        score=lambda model, rows, _: score_posts(rows, model),
        outputs={
            "post_id": pl.String(),
            "p_sponsored": pl.Float64(),
            "is_disclosed": pl.Boolean(),
            "has_purchase_means": pl.Boolean(),
            **{name: dtype for name, dtype in PREDICTED.items() if name != "p_sponsored"},
            "model": pl.String(),
        },
    )
)
