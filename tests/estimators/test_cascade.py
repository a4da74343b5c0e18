"""Two stages: which texts reach the second, what it adds, and that a shelf folder brings both back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from test_comment_model import write_folder, write_manifest

from encoder_builder import TEXTS, write_encoder
from zhenfen.errors import ConfigError
from zhenfen.estimators.cascade import CascadeClassifier
from zhenfen.estimators.comment_model import load_comment_model
from zhenfen.estimators.text_encoder import EncoderParams, TextEncoder
from zhenfen.estimators.text_linear import LinearTextClassifier

pytestmark = pytest.mark.torch

Y = np.array([1, 0, 1, 0, 1, 0])


class CountingEncoder(TextEncoder):
    """Says 2 to every text, and remembers which it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def decision_function(self, texts: pl.Series) -> np.ndarray:
        self.asked += texts.to_list()
        return np.full(len(texts), 2.0)


@pytest.fixture(scope="module")
def line() -> LinearTextClassifier:
    return LinearTextClassifier.fit(
        TEXTS, Y, np.ones(6), signs={"contact": "微信|私聊|群"}, penalty=1.0, sign_scale=1.0, n_buckets=2**10
    )


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> TextEncoder:
    base = write_encoder(tmp_path_factory.mktemp("base"))
    return TextEncoder.fit(base, TEXTS, Y, np.ones(6), EncoderParams(n_epochs=2))


def test_only_texts_above_the_edge_reach_the_encoder(line: LinearTextClassifier) -> None:
    counting = CountingEncoder()
    scores = line.decision_function(TEXTS)
    low = float(np.median(scores))
    found = CascadeClassifier(line, counting, low, 0.5).decision_function(TEXTS)
    assert counting.asked == TEXTS.filter(pl.Series(scores >= low)).to_list()
    np.testing.assert_allclose(found, np.where(scores >= low, scores + 1.0, scores))


def test_null_reaches_nobody(line: LinearTextClassifier) -> None:
    counting = CountingEncoder()
    texts = pl.Series([None, "加微信领红包"], dtype=pl.String)
    scores = CascadeClassifier(line, counting, -100.0, 1.0).decision_function(texts)
    assert counting.asked == ["加微信领红包"]
    assert np.isnan(scores[0])


def test_no_text_is_no_trouble(line: LinearTextClassifier, encoder: TextEncoder) -> None:
    cascade = CascadeClassifier(line, encoder, 0.0, 1.0)
    assert cascade.decision_function(pl.Series([], dtype=pl.String)).shape == (0,)
    assert cascade.decision_function(pl.Series(["今天天气真好"])).shape == (1,)


def test_the_pieces_are_the_first_stage_s(line: LinearTextClassifier, encoder: TextEncoder) -> None:
    assert CascadeClassifier(line, encoder, 0.0, 1.0).contributions(TEXTS).equals(line.contributions(TEXTS))


def test_a_shelf_folder_with_an_encoder_asks_it(tmp_path: Path, encoder: TextEncoder) -> None:
    folder = write_folder(tmp_path / "1")
    texts = pl.Series(["加我☎", "今天"])
    alone = load_comment_model(folder).predict(texts)
    encoder.save(folder)
    write_manifest(folder, cascade={"low": -100.0, "blend": 3.0})
    both = load_comment_model(folder).predict(texts)
    assert both["p_filler"].equals(alone["p_filler"])
    assert (both["p_advert"] != alone["p_advert"]).all()


def test_a_folder_that_promises_an_encoder_must_hold_it(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "1")
    write_manifest(folder, cascade={"low": 0.0, "blend": 1.0})
    with pytest.raises(ConfigError, match=r"lacks config\.json, model\.safetensors"):
        load_comment_model(folder)


def test_changed_weights_are_refused(tmp_path: Path, encoder: TextEncoder) -> None:
    folder = write_folder(tmp_path / "1")
    encoder.save(folder)
    write_manifest(folder, cascade={"low": 0.0, "blend": 1.0})
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(ConfigError, match="was changed"):
        load_comment_model(folder)
