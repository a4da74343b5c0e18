"""Masked-language-model pre-training of a small encoder, resumable: the steps, without the data and the shelf.

Devlin et al. (2019), BERT. Every step draws from its own seed, so that a run that was stopped goes on as if it had not
been.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from training.shelf import ShelfPlace
from zhenfen.estimators.text_encoder import LONGEST_TOKENS, line_schedule, make_batches, pad, shuffle_batches
from zhenfen.files import whole_file

Int = npt.NDArray[np.int64]

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD, UNKNOWN, START, END, MASK = range(len(SPECIAL))
KEPT_SHARE, RANDOM_SHARE = 0.1, 0.1
"""Of the characters to be guessed, those left as they are and those replaced by any other (BERT)."""
IGNORED = -100


class PretrainConfig(ShelfPlace):
    """configs/models/encoder.yaml.

    Attributes:
        hidden_size: Width.
        n_layers: Depth.
        n_heads: Attention heads; divides the width.
        feed_forward: Width of the inner layer.
        fewest_seen: A character seen less often is unknown.
        fewest_chars: Shorter texts teach nothing and are left out.
        mask_share: Share of the characters to guess.
        held_share: Share of the texts that only judge.
        n_steps: Steps of the optimiser.
        n_warm: Steps of rising learning rate.
        batch_tokens: Padded tokens of a step.
        learning_rate: Peak.
        weight_decay: Of AdamW.
        checkpoint_steps: Steps between two checkpoints.
    """

    hidden_size: int = Field(ge=8)
    n_layers: int = Field(ge=1)
    n_heads: int = Field(ge=1)
    feed_forward: int = Field(ge=8)
    fewest_seen: int = Field(ge=1)
    fewest_chars: int = Field(ge=1)
    mask_share: float = Field(gt=0, lt=1)
    held_share: float = Field(gt=0, lt=1)
    n_steps: int = Field(ge=1)
    n_warm: int = Field(ge=0)
    batch_tokens: int = Field(ge=LONGEST_TOKENS)
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    checkpoint_steps: int = Field(ge=1)


def make_tokenizer(texts: pl.Series, fewest_seen: int) -> Any:
    """A tokenizer of single characters: those seen often enough, commonest first, behind the special ones."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    seen = Counter(texts.str.join("").item())
    common = sorted((one for one, n in seen.items() if n >= fewest_seen), key=lambda one: (-seen[one], one))
    vocabulary = {one: number for number, one in enumerate((*SPECIAL, *common))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=SPECIAL[UNKNOWN]))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    edges = [(SPECIAL[START], START), (SPECIAL[END], END)]
    template = f"{SPECIAL[START]} $A {SPECIAL[END]}"
    tokenizer.post_processor = processors.TemplateProcessing(single=template, special_tokens=edges)
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, model_max_length=LONGEST_TOKENS, **dict(zip(names, SPECIAL, strict=True))
    )


def make_network(config: PretrainConfig, n_tokens: int) -> Any:
    """A BERT with a head that guesses characters, its weights drawn from the seed."""
    import torch
    from transformers import BertConfig, BertForMaskedLM

    shape = BertConfig(
        vocab_size=n_tokens,
        hidden_size=config.hidden_size,
        num_hidden_layers=config.n_layers,
        num_attention_heads=config.n_heads,
        intermediate_size=config.feed_forward,
        max_position_embeddings=LONGEST_TOKENS,
        type_vocab_size=1,
        # Every text is read about once: there is nothing to forget.
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        pad_token_id=PAD,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return BertForMaskedLM(shape)


def mask_tokens(ids: Int, n_tokens: int, share: float, rng: np.random.Generator) -> tuple[Int, Int]:
    """Token ids with a share of the characters hidden, and what they were (IGNORED elsewhere); shapes as `ids`."""
    chosen = (ids > END) & (rng.random(ids.shape) < share)
    luck = rng.random(ids.shape)
    hidden = ids.copy()
    hidden[chosen & (luck >= KEPT_SHARE)] = MASK
    swapped = chosen & (luck >= 1 - RANDOM_SHARE)
    hidden[swapped] = rng.integers(len(SPECIAL), n_tokens, int(swapped.sum()))
    return hidden, np.where(chosen, ids, IGNORED)


def pretrain(
    network: Any, rows: list[Int], config: PretrainConfig, checkpoint: Path, log: Callable[[int, float, float], None]
) -> None:
    """Train in place, from the checkpoint on where there is one.

    Args:
        network: What `make_network` gives; on the device to train on.
        rows: Token ids of each text.
        config: How.
        checkpoint: File to keep the state in.
        log: Told step, mean loss since the last call and seconds, at every checkpoint.
    """
    import torch

    optimiser = torch.optim.AdamW(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay, betas=(0.9, 0.98)
    )
    first = _resume(network, optimiser, checkpoint)
    share = line_schedule(config.n_steps, config.n_warm)
    losses, began = [], time.monotonic()
    network.train()
    for step, batch in _batches_from(first, rows, config):
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * share(step)
        guessed, truth = _guess(network, [rows[row] for row in batch], config, step)
        # A sum over at least one: a batch of very short texts may hide nothing.
        loss = torch.nn.functional.cross_entropy(guessed, truth, reduction="sum") / max(len(truth), 1)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        losses.append(loss.item())
        if (step + 1) % config.checkpoint_steps == 0:
            _keep(network, optimiser, checkpoint, step + 1)
            log(step + 1, float(np.mean(losses)), time.monotonic() - began)
            losses.clear()


def judge(network: Any, rows: list[Int], config: PretrainConfig) -> tuple[float, float]:
    """Mean loss and share of hidden characters guessed, on texts that were held out."""
    import torch

    lengths = np.asarray([len(row) for row in rows])
    total = np.zeros(3)
    network.eval()
    with torch.inference_mode():
        for number, batch in enumerate(make_batches(lengths, config.batch_tokens)):
            guessed, truth = _guess(network, [rows[row] for row in batch], config, number)
            loss = torch.nn.functional.cross_entropy(guessed, truth, reduction="sum")
            total += (loss.item(), (guessed.argmax(-1) == truth).sum().item(), len(truth))
    return float(total[0] / total[2]), float(total[1] / total[2])


def _batches_from(first: int, rows: list[Int], config: PretrainConfig) -> Iterator[tuple[int, Int]]:
    """Step and its rows, epoch after epoch, up to n_steps."""
    lengths = np.asarray([len(row) for row in rows])
    step = epoch = 0
    while step < config.n_steps:
        batches = shuffle_batches(lengths, config.batch_tokens, np.random.default_rng((config.seed, epoch)))
        for batch in batches[: config.n_steps - step]:
            if step >= first:
                yield step, batch
            step += 1
        epoch += 1


def _guess(network: Any, rows: list[Int], config: PretrainConfig, step: int) -> tuple[Any, Any]:
    """Scores of every character at the hidden places, shape (n_hidden, n_tokens), and what stood there."""
    import torch

    ids, is_text = pad(rows, PAD)
    rng = np.random.default_rng((config.seed, step))
    hidden, truth = map(torch.from_numpy, mask_tokens(ids.numpy(), network.config.vocab_size, config.mask_share, rng))
    device = network.device
    states = network.bert(input_ids=hidden.to(device), attention_mask=is_text.to(device)).last_hidden_state
    # The head is as expensive as the body: only the hidden places pass through it.
    places = truth != IGNORED
    return network.cls(states[places.to(device)]), truth[places].to(device)


def _keep(network: Any, optimiser: Any, checkpoint: Path, step: int) -> None:
    from safetensors.torch import save_file

    state = {f"network.{name}": value.contiguous().clone() for name, value in network.state_dict().items()}
    for number, values in optimiser.state_dict()["state"].items():
        state |= {f"optimiser.{number}.{name}": value for name, value in values.items()}
    with whole_file(checkpoint) as partial:
        save_file(state, partial, metadata={"step": str(step)})


def _resume(network: Any, optimiser: Any, checkpoint: Path) -> int:
    """The step to go on from; 0 without a checkpoint."""
    from safetensors import safe_open

    if not checkpoint.exists():
        return 0
    with safe_open(checkpoint, "pt") as kept:
        found = {name: kept.get_tensor(name) for name in kept.keys()}  # noqa: SIM118 (no dict)
        step = int(kept.metadata()["step"])
    network.load_state_dict({n.removeprefix("network."): v for n, v in found.items() if n.startswith("network.")})
    state: dict[int, dict[str, Any]] = {}
    for name, value in found.items():
        kind, _, rest = name.partition(".")
        if kind == "optimiser":
            number, _, what = rest.partition(".")
            state.setdefault(int(number), {})[what] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    return step
