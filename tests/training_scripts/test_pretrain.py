"""Pre-training: what is hidden, that it learns, and that a run that was stopped goes on as if it had not been."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from training.pretrain import (
    END,
    IGNORED,
    MASK,
    SPECIAL,
    PretrainConfig,
    judge,
    make_network,
    make_tokenizer,
    mask_tokens,
    pretrain,
)

from encoder_builder import TINY
from zhenfen.estimators.text_encoder import tokenise

pytestmark = pytest.mark.torch

ROWS = pl.Series(["一二三四五六七八", "二三四五六七八九", "三四五六七八九一"] * 8)


def silent(_step: int, _loss: float, _seconds: float) -> None:
    return None


def train(config: PretrainConfig, checkpoint: Path) -> object:
    tokenizer = make_tokenizer(ROWS, 1)
    network = make_network(config, len(tokenizer))
    pretrain(network, tokenise(tokenizer, ROWS), config, checkpoint, silent)
    return network


def weights(network: object) -> np.ndarray:
    import torch

    return torch.cat([value.flatten() for value in network.state_dict().values()]).numpy()


def test_common_characters_come_first_and_rare_ones_are_unknown() -> None:
    tokenizer = make_tokenizer(pl.Series(["啊啊啊呀呀", "嗯"]), 2)
    assert tokenizer.convert_ids_to_tokens(range(len(tokenizer))) == [*SPECIAL, "啊", "呀"]
    assert tokenizer("嗯")["input_ids"][1] == tokenizer.unk_token_id


def test_only_characters_are_hidden_and_the_truth_is_kept() -> None:
    ids = np.random.default_rng(1).integers(END, 50, (400, 30))
    hidden, truth = mask_tokens(ids, 50, 0.2, np.random.default_rng(2))
    chosen = truth != IGNORED
    assert chosen[ids > END].mean() == pytest.approx(0.2, abs=0.02)
    assert not chosen[ids <= END].any()
    np.testing.assert_array_equal(truth[chosen], ids[chosen])
    np.testing.assert_array_equal(hidden[~chosen], ids[~chosen])
    assert (hidden[chosen] == MASK).mean() == pytest.approx(0.8, abs=0.03)
    assert (hidden[chosen] == ids[chosen]).mean() == pytest.approx(0.1, abs=0.03)


def test_it_learns_what_follows_what(tmp_path: Path) -> None:
    tokenizer = make_tokenizer(ROWS, 1)
    rows = tokenise(tokenizer, ROWS)
    before = judge(make_network(TINY, len(tokenizer)), rows, TINY)
    after = judge(train(TINY, tmp_path / "state.safetensors"), rows, TINY)
    assert after[0] < 0.7 * before[0]
    assert after[1] > before[1]


def test_a_stopped_run_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    whole = train(TINY, tmp_path / "whole.safetensors")
    checkpoint = tmp_path / "part.safetensors"

    class StoppedError(Exception):
        pass

    def stop(step: int, _loss: float, _seconds: float) -> None:
        if step == TINY.checkpoint_steps:
            raise StoppedError

    tokenizer = make_tokenizer(ROWS, 1)
    with pytest.raises(StoppedError):
        pretrain(make_network(TINY, len(tokenizer)), tokenise(tokenizer, ROWS), TINY, checkpoint, stop)
    np.testing.assert_allclose(weights(train(TINY, checkpoint)), weights(whole), atol=1e-6)


def test_the_common_generator_is_left_alone(tmp_path: Path) -> None:
    import torch

    before = torch.get_rng_state()
    train(TINY, tmp_path / "state.safetensors")
    assert torch.equal(before, torch.get_rng_state())
