"""The encoder as a classifier: it learns, it scores each text by itself, and it leaves the world as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from encoder_builder import TEXTS, write_encoder
from zhenfen.errors import ConfigError
from zhenfen.estimators import text_encoder
from zhenfen.estimators.text_encoder import (
    BATCH_TOKENS,
    LONGEST_TOKENS,
    EncoderParams,
    TextEncoder,
    line_schedule,
    make_batches,
    shuffle_batches,
    tokenise,
)

pytestmark = pytest.mark.torch

Y = np.array([1, 0, 1, 0, 1, 0])
HOSTILE = pl.Series(["", " ", "微", "好" * 100_000, "😀😀", "مرحبا", "\u202e\u0007abc", "(a+)+$" * 50, None])


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("base"))


SURE = EncoderParams(n_epochs=10, learning_rate=0.05, dropout=0.0, seed=1)
"""Six texts by heart."""


@pytest.fixture(scope="module")
def fitted(base: Path) -> TextEncoder:
    return TextEncoder.fit(base, TEXTS, Y, np.ones(6), SURE)


def test_it_learns_what_it_is_shown(fitted: TextEncoder) -> None:
    scores = fitted.decision_function(TEXTS)
    assert (scores[Y == 1] > 0).all()
    assert (scores[Y == 0] < 0).all()


def test_a_text_of_no_weight_teaches_nothing(base: Path) -> None:
    both, contradicted = pl.concat([TEXTS, TEXTS]), np.concatenate((Y, 1 - Y))
    weight = np.concatenate((np.ones(6), np.zeros(6)))
    scores = TextEncoder.fit(base, both, contradicted, weight, SURE).decision_function(TEXTS)
    assert ((scores > 0) == (Y == 1)).all()


def test_the_same_seed_gives_the_same_scores(base: Path) -> None:
    params = EncoderParams(n_epochs=2, seed=5)
    one, two = (TextEncoder.fit(base, TEXTS, Y, np.ones(6), params).decision_function(TEXTS) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_no_draw_is_taken_from_the_common_generator(base: Path, tmp_path: Path) -> None:
    import torch

    before = torch.get_rng_state()
    TextEncoder.fit(base, TEXTS, Y, np.ones(6), EncoderParams(n_epochs=1)).save(tmp_path)
    TextEncoder.load(tmp_path).decision_function(TEXTS)
    assert torch.equal(before, torch.get_rng_state())


def test_neighbours_and_order_do_not_matter(fitted: TextEncoder) -> None:
    together = fitted.decision_function(TEXTS)
    backwards = fitted.decision_function(TEXTS.reverse())[::-1]
    alone = np.concatenate([fitted.decision_function(TEXTS.slice(row, 1)) for row in range(len(TEXTS))])
    np.testing.assert_allclose(together, backwards, atol=1e-5)
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_hostile_texts_get_a_score(fitted: TextEncoder) -> None:
    scores = fitted.decision_function(HOSTILE)
    assert np.isfinite(scores).all()
    assert scores[8] == pytest.approx(scores[0]), "null reads like an empty text"


def test_no_text_no_score(fitted: TextEncoder) -> None:
    assert fitted.decision_function(pl.Series([], dtype=pl.String)).shape == (0,)


def test_what_lies_behind_the_longest_length_is_not_read(fitted: TextEncoder) -> None:
    start = "加微信" * LONGEST_TOKENS
    one, other = fitted.decision_function(pl.Series([start, start + "今天天气真好"]))
    assert one == other


def test_a_saved_classifier_scores_the_same_to_16_bits(fitted: TextEncoder, tmp_path: Path) -> None:
    import torch

    before = fitted.decision_function(TEXTS)
    fitted.save(tmp_path / "saved")
    assert {path.suffix for path in (tmp_path / "saved").iterdir()} == {".json", ".safetensors"}
    loaded = TextEncoder.load(tmp_path / "saved")
    assert loaded.network.dtype == torch.float32 or text_encoder.multiplies_bf16()
    np.testing.assert_allclose(loaded.decision_function(TEXTS), before, rtol=0.03, atol=0.05)


def test_bf16_where_the_processor_has_it(
    base: Path, fitted: TextEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    fitted.save(tmp_path)
    monkeypatch.setattr(text_encoder, "multiplies_bf16", lambda: True)
    loaded = TextEncoder.load(tmp_path)
    assert loaded.network.dtype == torch.bfloat16
    assert (loaded.decision_function(TEXTS) > 0).tolist() == (Y == 1).tolist()


def test_a_folder_without_an_encoder_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected an encoder that transformers can load"):
        TextEncoder.load(tmp_path)


def test_an_encoder_without_a_trained_head_is_no_classifier(base: Path) -> None:
    with pytest.raises(ConfigError, match="fine-tuned to one score"):
        TextEncoder.load(base)


def test_pickled_weights_are_refused(base: Path, tmp_path: Path) -> None:
    import torch

    for path in base.iterdir():
        if path.suffix == ".json":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ConfigError):
        TextEncoder.load(tmp_path)


@given(st.lists(st.integers(1, LONGEST_TOKENS), min_size=1, max_size=200))
@settings(deadline=None, max_examples=50)
def test_batches_hold_every_row_once_and_fit(lengths: list[int]) -> None:
    n_tokens = np.array(lengths)
    for batches in (
        make_batches(n_tokens, LONGEST_TOKENS),
        shuffle_batches(n_tokens, LONGEST_TOKENS, np.random.default_rng(1)),
    ):
        assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
        assert all(len(batch) * n_tokens[batch].max() <= LONGEST_TOKENS for batch in batches)


def test_the_batches_of_many_texts_are_few() -> None:
    n_tokens = np.random.default_rng(1).integers(3, 40, 50_000)
    needed = n_tokens.sum() / BATCH_TOKENS
    assert len(make_batches(n_tokens, BATCH_TOKENS)) < 1.1 * needed


def test_the_rate_rises_then_falls_to_nothing() -> None:
    share = line_schedule(100, 10)
    rates = [share(step) for step in range(101)]
    assert max(rates) == rates[9] == 1
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[100] == 0


def test_edge_tokens_stand_at_the_edges(fitted: TextEncoder) -> None:
    tokenizer = fitted.tokenizer
    rows = tokenise(tokenizer, pl.Series(["今天", "🈚"]))
    assert [row[0] for row in rows] == [tokenizer.cls_token_id] * 2
    assert [row[-1] for row in rows] == [tokenizer.sep_token_id] * 2
    assert rows[1].tolist()[1:-1] == [tokenizer.unk_token_id]
