"""A tiny encoder on disk, made in a second, for tests of what is built on it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from training.pretrain import PretrainConfig, make_network, make_tokenizer

TINY = PretrainConfig(
    name="encoder",
    version=1,
    seed=7,
    hidden_size=16,
    n_layers=1,
    n_heads=2,
    feed_forward=32,
    fewest_seen=1,
    fewest_chars=1,
    mask_share=0.3,
    held_share=0.1,
    n_steps=40,
    n_warm=4,
    batch_tokens=128,
    learning_rate=0.02,
    weight_decay=0.01,
    checkpoint_steps=20,
)
TEXTS = pl.Series(["加微信领红包", "今天天气真好", "代刷粉丝私聊我", "这首歌好听", "加群看片", "我也想去看海"])


def write_encoder(folder: Path) -> Path:
    """Untrained weights and a tokenizer of the characters of TEXTS."""
    tokenizer = make_tokenizer(TEXTS, 1)
    make_network(TINY, len(tokenizer)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
