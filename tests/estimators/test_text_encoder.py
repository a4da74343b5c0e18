"""The encoder: what the shelf holds is what BERT computes; texts do not see each other; foreign ones can be named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from encoder_builder import TEXTS, write_encoder

from zhenfen.config import models_dir
from zhenfen.errors import ConfigError
from zhenfen.estimators import text_encoder
from zhenfen.estimators.text_encoder import SHAPE, TOKENIZER, WEIGHTS, WORDS, EncoderConfig, TextEncoder, read_blocks

pytestmark = pytest.mark.torch

SHIPPED = EncoderConfig(source="encoder/2", prefix="query: ", layer=8)
HOSTILE = pl.Series(["", " ", "微", "好" * 100_000, "😀😀", "مرحبا", "\u202e\u0007abc", "(a+)+$" * 50, "\ufffd\x00"])


@pytest.fixture(scope="module")
def shipped() -> TextEncoder:
    return TextEncoder.load(SHIPPED)


def test_blocks_are_read_as_scale_times_half_bytes() -> None:
    scale = np.array([0.5], dtype="<f2").view(np.uint8)
    packed = np.array([0x80 + at for at in range(16)], dtype=np.uint8)  # low half: 0..15, high half: 8
    weights = read_blocks(np.concatenate((scale, packed)), (1, 32))
    np.testing.assert_array_equal(weights[0, :16], (np.arange(16) - 8) / 2)
    np.testing.assert_array_equal(weights[0, 16:], 0)


def test_a_layer_computes_what_bert_does(shipped: TextEncoder) -> None:
    import torch
    from transformers import BertConfig, BertModel

    folder = models_dir() / "encoder" / "2"
    shape = json.loads((folder / SHAPE).read_text(encoding="utf-8"))
    bert = BertModel(BertConfig(**shape, type_vocab_size=1, attn_implementation="eager"), add_pooling_layer=False)
    weights = text_encoder.read_weights(folder / WEIGHTS, text_encoder.EncoderShape.model_validate(shape))
    words = read_blocks(weights[WORDS], (shape["vocab_size"], shape["hidden_size"]))
    names = {
        "attention.self.query": "q",
        "attention.self.key": "k",
        "attention.self.value": "v",
        "attention.output.dense": "ao",
        "intermediate.dense": "fi",
        "output.dense": "fo",
    }
    state = {
        "embeddings.word_embeddings.weight": words,
        "embeddings.position_embeddings.weight": weights["emb.pos"],
        "embeddings.token_type_embeddings.weight": weights["emb.type"][:1],
        "embeddings.LayerNorm.weight": weights["emb.ln.w"],
        "embeddings.LayerNorm.bias": weights["emb.ln.b"],
    }
    for at in range(shape["num_hidden_layers"]):
        for theirs, ours in (*names.items(), ("attention.output.LayerNorm", "aln"), ("output.LayerNorm", "oln")):
            state[f"encoder.layer.{at}.{theirs}.weight"] = weights[f"l{at}.{ours}.w"]
            state[f"encoder.layer.{at}.{theirs}.bias"] = weights[f"l{at}.{ours}.b"]
    bert.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    ids = shipped.tokenise(["query: 姐妹们这款面霜真的好用"])
    with torch.inference_mode():
        wanted = bert.eval()(input_ids=torch.tensor(ids)).last_hidden_state[0].mean(0).numpy()
    found, n_tokens = shipped.embed(pl.Series(["姐妹们这款面霜真的好用"]))
    np.testing.assert_allclose(found[0], wanted, atol=1e-5)
    assert n_tokens.tolist() == [len(ids[0])]


def test_whoever_has_no_use_for_the_vectors_can_stop_between_batches(shipped: TextEncoder) -> None:
    # Texts of different lengths are different batches.
    n_batches = 0

    def stop() -> None:
        nonlocal n_batches
        n_batches += 1
        if n_batches > 1:
            raise TimeoutError

    token = text_encoder.BEFORE_BATCH.set(stop)
    try:
        with pytest.raises(TimeoutError):
            shipped.embed(TEXTS)
    finally:
        text_encoder.BEFORE_BATCH.reset(token)
    assert shipped.embed(TEXTS)[0].shape[0] == len(TEXTS)


def test_neighbours_and_order_do_not_matter(shipped: TextEncoder) -> None:
    together, n_tokens = shipped.embed(TEXTS)
    backwards, _ = shipped.embed(TEXTS.reverse())
    np.testing.assert_allclose(backwards[::-1], together, atol=1e-5)
    alone = np.concatenate([shipped.embed(TEXTS.slice(at, 1))[0] for at in range(len(TEXTS))])
    np.testing.assert_allclose(alone, together, atol=1e-5)
    assert together.shape == (len(TEXTS), 384)
    assert (n_tokens > 3).all()


def test_two_encoders_give_the_same_bits(shipped: TextEncoder) -> None:
    np.testing.assert_array_equal(TextEncoder.load(SHIPPED).embed(TEXTS)[0], shipped.embed(TEXTS)[0])


def test_hostile_texts_have_a_vector(shipped: TextEncoder) -> None:
    vectors, n_tokens = shipped.embed(HOSTILE)
    assert np.isfinite(vectors).all()
    assert n_tokens.max() == 512
    assert shipped.embed(pl.Series([], dtype=pl.String))[1].shape == (0,)


def test_texts_that_say_the_same_lie_closer(shipped: TextEncoder) -> None:
    vectors, _ = shipped.embed(pl.Series(["这款面霜很保湿", "这个面霜特别滋润", "明天股市休市"]))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert unit[0] @ unit[1] > unit[0] @ unit[2] + 0.02


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped encoder on a shelf of its own."""
    shutil.copytree(models_dir() / "encoder" / "2", tmp_path / "encoder" / "2")
    monkeypatch.setattr(text_encoder, "models_dir", lambda: tmp_path)
    return tmp_path / "encoder" / "2"


@pytest.mark.parametrize("name", [WEIGHTS, TOKENIZER, SHAPE])
def test_a_changed_byte_is_refused_before_anything_is_read(shelf: Path, name: str) -> None:
    held = bytearray((shelf / name).read_bytes())
    held[len(held) // 2] ^= 1
    (shelf / name).write_bytes(held)
    with pytest.raises(ConfigError, match="the file was changed"):
        TextEncoder.load(SHIPPED)


def test_a_missing_file_is_named(shelf: Path) -> None:
    (shelf / TOKENIZER).unlink()
    with pytest.raises(ConfigError, match=TOKENIZER):
        TextEncoder.load(SHIPPED)


def test_another_encoder_can_be_named(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path)
    last = TextEncoder.load(EncoderConfig(source=str(folder)))
    vectors, n_tokens = last.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), 8)
    assert n_tokens.tolist() == [len(text) for text in TEXTS]
    first = TextEncoder.load(EncoderConfig(source=str(folder), layer=1))
    assert not np.allclose(first.embed(TEXTS)[0], vectors)
    pooled = TextEncoder.load(EncoderConfig(source=str(folder), pooling="first"))
    assert not np.allclose(pooled.embed(TEXTS)[0], vectors)


def test_what_cannot_be_used_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected an encoder that transformers can load"):
        TextEncoder.load(EncoderConfig(source=str(tmp_path)))
    with pytest.raises(ConfigError, match="layer 3 asked for, found 2"):
        TextEncoder.load(EncoderConfig(source=str(write_encoder(tmp_path / "one")), layer=3))
    with pytest.raises(ConfigError, match="tokens, the encoder 7"):
        TextEncoder.load(EncoderConfig(source=str(write_encoder(tmp_path / "two", n_words=7))))
    with pytest.raises(ConfigError, match=r"model\.yaml"):
        TextEncoder.load(EncoderConfig(source="encoder/99"))
