"""A text classifier with a BERT-style encoder: torch and transformers, from a folder or a hub name.

The default encoder is small, reads characters, and comes with the shelf (training/encoder.py); any encoder that
transformers can load with safetensors weights will do, hfl/chinese-macbert-base for one. Needs `zhenfen[deep]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from zhenfen.errors import ConfigError

Array = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]

FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
"""What `save` writes."""
LONGEST_TOKENS = 128
"""Of a text, its two edge tokens included; the rest is not read. Of public comments under 2 % are longer."""
BATCH_TOKENS = 4096
"""Padded tokens of a batch. On two cores 1,024 to 8,192 are equally fast; memory stays under 100 MB."""


@dataclass(frozen=True)
class EncoderParams:
    """How an encoder is fine-tuned.

    Attributes:
        n_epochs: Times that every text is read, > 0.
        learning_rate: Peak rate of AdamW, reached after a tenth of the steps, falling to 0 by a line.
        batch_tokens: Padded tokens of a step.
        weight_decay: Of AdamW.
        dropout: Share of activations left out while training, in [0, 1).
        seed: Of the head's first weights, the order of the texts and dropout.
    """

    n_epochs: int = 2
    learning_rate: float = 2e-4
    batch_tokens: int = 2048
    weight_decay: float = 0.01
    dropout: float = 0.1
    seed: int = 0


class _Labelled(NamedTuple):
    """Token ids, labels and weights of the same texts."""

    rows: list[Int]
    y: Int
    weight: Array


class TextEncoder:
    """A transformer that gives one log-odds a text. Higher scores are more suspicious."""

    def __init__(self, network: Any, tokenizer: Any) -> None:
        """Take a network of transformers with one output, and its tokenizer."""
        self.network = network
        self.tokenizer = tokenizer

    @classmethod
    def load(cls, source: str | Path) -> Self:
        """The fine-tuned classifier of a folder, or of a name on a hub.

        Raises:
            ConfigError: torch or transformers is not installed, or no classifier that can be used is there.
        """
        network, tokenizer, missing = _load(source, {})
        if missing or network.config.num_labels != 1:
            raise ConfigError(f"{source}: expected an encoder fine-tuned to one score, found one without")
        if multiplies_bf16():
            network.bfloat16()
        network.eval()
        return cls(network, tokenizer)

    @classmethod
    def fit(cls, source: str | Path, texts: pl.Series, y: Int, weight: Array, params: EncoderParams) -> Self:
        """Fine-tune the encoder of `source`, all its layers, by the weighted log-loss.

        Args:
            source: Folder or hub name of a pre-trained encoder.
            texts: Normalised texts, shape (n,), none null.
            y: 1 positive, 0 negative, shape (n,).
            weight: Weight of each text, shape (n,), >= 0.
            params: How.

        Raises:
            ConfigError: As `load`.
        """
        rng = np.random.default_rng(params.seed)
        with _own_randomness(params.seed):
            rates = {"hidden_dropout_prob": params.dropout, "attention_probs_dropout_prob": params.dropout}
            network, tokenizer, _ = _load(source, {"num_labels": 1, **rates})
            rows = tokenise(tokenizer, texts)
            batches = [
                batch
                for _ in range(params.n_epochs)
                for batch in shuffle_batches(_count_tokens(rows), params.batch_tokens, rng)
            ]
            _fine_tune(network, _Labelled(rows, y, weight / weight.mean()), batches, params)
        network.eval()
        return cls(network, tokenizer)

    def decision_function(self, texts: pl.Series) -> Array:
        """Log-odds of normalised texts, shape (n,); of a null text those of an empty one."""
        import torch

        rows = tokenise(self.tokenizer, texts.fill_null(""))
        scores = np.empty(len(rows))
        with torch.inference_mode():
            for batch in make_batches(_count_tokens(rows), BATCH_TOKENS):
                ids, mask = pad([rows[row] for row in batch], self.network.config.pad_token_id)
                scores[batch] = self.network(input_ids=ids, attention_mask=mask).logits[:, 0].float().numpy()
        return scores

    def save(self, folder: Path) -> None:
        """Write the weights (safetensors, 16 bits a number) and the tokenizer into a folder."""
        import copy

        copy.deepcopy(self.network).bfloat16().save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)


def tokenise(tokenizer: Any, texts: pl.Series) -> list[Int]:
    """The token ids of each text, cut to LONGEST_TOKENS, edge tokens included."""
    if texts.is_empty():
        return []
    # A text has at least as many characters as tokens, so that nobody pays for the end of a very long one.
    cut = texts.str.slice(0, LONGEST_TOKENS).to_list()
    found = tokenizer(cut, truncation=True, max_length=LONGEST_TOKENS, return_attention_mask=False)
    return [np.asarray(ids, dtype=np.int64) for ids in found["input_ids"]]


def make_batches(n_tokens: Int, batch_tokens: int) -> list[Int]:
    """Row numbers in batches of like lengths, shortest first, each of at most `batch_tokens` once padded.

    Args:
        n_tokens: Of each row, shape (n,), at least 1.
        batch_tokens: At least the length of the longest row.
    """
    order = np.argsort(n_tokens, kind="stable")
    batches, start = [], 0
    while start < len(order):
        # Ascending lengths: the last row that still fits decides the width of the batch.
        ahead = n_tokens[order[start : start + batch_tokens]]
        padded = ahead * np.arange(1, len(ahead) + 1)
        size = max(1, int(np.searchsorted(padded, batch_tokens, side="right")))
        batches.append(order[start : start + size])
        start += size
    return batches


def shuffle_batches(n_tokens: Int, batch_tokens: int, rng: np.random.Generator) -> list[Int]:
    """`make_batches` in random order, with chance in who stands together with whom."""
    shuffled = rng.permutation(len(n_tokens))
    batches = make_batches(n_tokens[shuffled], batch_tokens)
    return [shuffled[batches[place]] for place in rng.permutation(len(batches))]


def pad(rows: list[Int], pad_id: int) -> tuple[Any, Any]:
    """Token ids, shape (n, longest), and which of them are text, as tensors."""
    import torch

    ids = np.full((len(rows), max(map(len, rows))), pad_id, dtype=np.int64)
    mask = np.zeros_like(ids)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
        mask[place, : len(row)] = 1
    return torch.from_numpy(ids), torch.from_numpy(mask)


def line_schedule(n_steps: int, n_warm: int) -> Any:
    """Step → share of the peak learning rate: rising to 1 by a line, then falling to 0 by another."""

    def share(step: int) -> float:
        return min((step + 1) / max(n_warm, 1), max(0.0, (n_steps - step) / max(n_steps - n_warm, 1)))

    return share


def _count_tokens(rows: list[Int]) -> Int:
    return np.asarray([len(row) for row in rows], dtype=np.int64)


def _fine_tune(network: Any, labelled: _Labelled, batches: list[Int], params: EncoderParams) -> None:
    import torch

    optimiser = torch.optim.AdamW(network.parameters(), lr=params.learning_rate, weight_decay=params.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, line_schedule(len(batches), len(batches) // 10))
    network.train()
    for batch in batches:
        ids, mask = pad([labelled.rows[row] for row in batch], network.config.pad_token_id)
        scores = network(input_ids=ids, attention_mask=mask).logits[:, 0]
        labels, weights = (
            torch.from_numpy(values[batch].astype(np.float32)) for values in (labelled.y, labelled.weight)
        )
        torch.nn.functional.binary_cross_entropy_with_logits(scores, labels, weights).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad(set_to_none=True)


def _load(source: str | Path, settings: dict[str, Any]) -> tuple[Any, Any, set[str]]:
    """Network in 32 bits, tokenizer, and the names of weights that were not there and have been drawn instead.

    Weights are read as safetensors alone, and no code of a repository is run.
    """
    try:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer, logging
    except ImportError as error:
        raise ConfigError("the text encoder needs torch and transformers: pip install 'zhenfen[deep]'") from error
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    here = {"local_files_only": Path(source).is_dir(), "trust_remote_code": False}
    try:
        network, loading = AutoModelForSequenceClassification.from_pretrained(
            source, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **settings, **here
        )
        return network, AutoTokenizer.from_pretrained(source, **here), set(loading["missing_keys"])
    except (OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise ConfigError(f"{source}: expected an encoder that transformers can load ({reason})") from error


def multiplies_bf16() -> bool:
    """Whether the processor has instructions for 16-bit floats: four times as fast there, slower elsewhere."""
    import torch

    found = torch.cpu.get_capabilities()
    return bool(found.get("avx512_bf16", False) or found.get("amx_bf16", False))


@contextmanager
def _own_randomness(seed: int) -> Iterator[None]:
    """torch draws from `seed` within the block, and goes on as if nothing had been drawn behind it."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
