"""Encoders for tests: a tiny one on disk, and one without a network, for tests of what is built on encoders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from zhenfen.estimators.text_encoder import EncoderConfig, TextEncoder

TEXTS = pl.Series(["加微信领红包", "今天天气真好", "代刷粉丝私聊我", "这首歌好听", "加群看片", "我也想去看海"])
WIDTH = 4


class LoudEncoder(TextEncoder):
    """Vectors that say how much of a text is selling: no network, no torch."""

    def __init__(self) -> None:
        super().__init__(lambda _: [], lambda ids: ids, EncoderConfig(source="loud"))
        self.n_asked = 0

    def embed(self, texts: pl.Series) -> tuple[np.ndarray, np.ndarray]:
        """Share of the characters of 冲链接券, twice, and two constants."""
        self.n_asked += len(texts)
        n_chars = texts.str.len_chars().to_numpy()
        loud = texts.str.count_matches("[冲链接券元]").to_numpy() / np.maximum(n_chars, 1)
        vectors = np.stack((loud, loud, np.ones(len(loud)), np.zeros(len(loud))), axis=1)
        return vectors.astype(np.float32), n_chars.astype(np.int64) + 2


def write_encoder(folder: Path, n_words: int = 40) -> Path:
    """Untrained weights of two layers, and a tokenizer of the characters of TEXTS."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    characters = sorted(set("".join(TEXTS)))
    words = {name: place for place, name in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", model_max_length=64
    ).save_pretrained(folder)
    config = BertConfig(
        vocab_size=n_words,
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder
