"""A text encoder: texts to vectors, from the shelf, a folder or a hub. Needs `zhenfen[deep]`.

The shelf holds the first layers of a multilingual sentence encoder with its vocabulary cut to Chinese, Latin, signs and
emoji, in 4 bits a weight; its card says where it comes from. Any encoder that transformers can load with safetensors
weights will do instead: configs/models/encoder.yaml names one, and the post model is then fitted again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from zhenfen.config import Strict, models_dir, read_config
from zhenfen.errors import ConfigError
from zhenfen.estimators.torch_kernels import Kernels, Some, open_kernels
from zhenfen.shelf import ENCODER, ShelfManifest, read_shelf_manifest
from zhenfen.text.windows import WindowConfig

if TYPE_CHECKING:
    import torch

Vectors = npt.NDArray[np.float32]
Int = npt.NDArray[np.int64]

SHELF, WEIGHTS = ENCODER.name, ENCODER.file
TOKENIZER, SHAPE = "tokenizer.json", "config.json"
FILES = (WEIGHTS, TOKENIZER, SHAPE)
"""What an encoder of the shelf is made of."""
BATCH_TOKENS = 4096
"""Tokens of a batch, under 100 MB."""
BLOCK = 32
"""Weights that share a scale, as the 4-bit format Q4_0 has it."""
BLOCK_BYTES = 2 + BLOCK // 2
WORDS = "emb.word"
_THREADS = threading.Lock()


def _do_nothing() -> None:
    pass


BEFORE_BATCH: ContextVar[Callable[[], None]] = ContextVar("before_batch", default=_do_nothing)
"""Called before each batch: a thread cannot be stopped, but whoever has no use for its work any more can raise here."""


class EncoderConfig(Strict):
    """configs/models/encoder.yaml: which encoder, and how it is read.

    Attributes:
        source: A version of the shelf (encoder/2), any folder, or a name on a hub.
        prefix: Stands before every text: what the encoder was trained to find there.
        layer: Whose output is read, counted from 1; None for the last.
        pooling: Mean over the tokens, or the first token's output.
        window: How texts are cut before they are read.
    """

    source: str
    prefix: str = ""
    layer: int | None = Field(default=None, ge=1)
    pooling: Literal["mean", "first"] = "mean"
    window: WindowConfig = WindowConfig()


class EncoderShape(Strict):
    """config.json of an encoder of the shelf, in the words of transformers' BertConfig."""

    model_type: Literal["bert"]
    vocab_size: int = Field(gt=0)
    hidden_size: int = Field(gt=0)
    num_hidden_layers: int = Field(gt=0)
    num_attention_heads: int = Field(gt=0)
    intermediate_size: int = Field(gt=0)
    max_position_embeddings: int = Field(gt=2)
    layer_norm_eps: float = Field(gt=0)


@dataclass(frozen=True)
class VectorNetwork:
    """What computes vectors.

    Attributes:
        forward: Token ids, shape (n, n_tokens), none of them padding → a vector of each row, shape (n, width).
        one_thread: As long as it lasts, `forward` runs on the thread that calls it alone; gives how many threads it
            would run on.
    """

    forward: Callable[[Int], Vectors]
    one_thread: Callable[[], AbstractContextManager[int]]


@dataclass(frozen=True)
class TextEncoder:
    """Texts to vectors.

    Attributes:
        tokenise: Texts, prefix and all → the token ids of each.
        network: Token ids to vectors.
        config: How it is read.
    """

    tokenise: Callable[[list[str]], list[list[int]]]
    network: VectorNetwork
    config: EncoderConfig

    @classmethod
    def load(cls, config: EncoderConfig) -> Self:
        """The encoder of `config.source`.

        Raises:
            ConfigError: torch (for an encoder that is not of the shelf transformers too) is not installed; nothing that
                can be used is there; a file was changed; the tokenizer does not fit.
        """
        try:
            if config.source.startswith(f"{SHELF}/"):
                return cls(*open_shelved(models_dir() / config.source, config), config)
            return cls(*open_foreign(config), config)
        except ImportError as error:
            raise ConfigError("the text encoder needs torch and transformers: pip install 'zhenfen[deep]'") from error

    def embed(self, texts: pl.Series) -> tuple[Vectors, Int]:
        """A vector of each text, and how many tokens it was read from.

        Texts of as many tokens are read together and nothing is padded, so that a vector does not depend on what stands
        beside it.

        Args:
            texts: Windows of texts, none null, shape (n,); tokens beyond the encoder's longest are not read.

        Returns:
            Vectors, shape (n, width), and tokens, shape (n,), edge tokens and prefix included.
        """
        ids = self.tokenise([self.config.prefix + text for text in texts])
        n_tokens = np.array([len(one) for one in ids], dtype=np.int64)
        parts: list[Int] = []
        for length in np.unique(n_tokens):
            rows = np.flatnonzero(n_tokens == length)
            parts += np.array_split(rows, -(-len(rows) * length // BATCH_TOKENS))
        go_on = BEFORE_BATCH.get()

        def read(part: Int) -> Vectors:
            go_on()
            return self.network.forward(np.array([ids[row] for row in part], dtype=np.int64))

        # A batch a core: cores that share one wait for each other, busily, longer than they compute. The number of
        # threads is the whole process's: two callers that change it at once would leave it at one.
        with _THREADS, self.network.one_thread() as n_threads, ThreadPoolExecutor(n_threads) as pool:
            vectors = list(pool.map(read, parts))
        order = np.concatenate([np.empty(0, np.int64), *parts])
        found = np.concatenate(vectors) if vectors else np.empty((0, 0), np.float32)
        return found[np.argsort(order)], n_tokens


def open_shelved(folder: Path, config: EncoderConfig) -> tuple[Callable[..., Any], VectorNetwork]:
    """`tokenise` and `network` of an encoder of the shelf.

    A layer is torch's own, which computes what transformers' BertModel does and starts in a third of the time.
    """
    from tokenizers import Tokenizer

    kernels = open_kernels()
    manifest = read_shelf_manifest(folder, ShelfManifest)
    if missing := sorted(set(FILES) - manifest.files.keys()):
        raise ConfigError(f"{folder}: the encoder lacks {', '.join(missing)}")
    shape = read_config(folder / SHAPE, EncoderShape)
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    if tokenizer.get_vocab_size() > shape.vocab_size:
        n_words = tokenizer.get_vocab_size()
        raise ConfigError(f"{folder / TOKENIZER}: expected at most {shape.vocab_size} tokens, found {n_words}")
    tokenizer.enable_truncation(shape.max_position_embeddings)
    weights = read_weights(folder / WEIGHTS, shape)
    read = run_kernels(kernels, weights, shape, config) if kernels else run_torch(weights, shape, config)
    positions, words = weights["emb.pos"] + weights["emb.type"][0], weights[WORDS]

    def forward(ids: Int) -> Vectors:
        # Only the words that stand there: reading back the whole vocabulary takes longer than reading sixty posts.
        found = read_blocks(words[ids], (*ids.shape, shape.hidden_size)) if words.dtype == np.uint8 else words[ids]
        return read(found + positions[: ids.shape[1]])

    one_thread = kernels.one_thread if kernels else one_torch_thread
    return lambda texts: [one.ids for one in tokenizer.encode_batch(texts)], VectorNetwork(forward, one_thread)


def find_layer(config: EncoderConfig, n_layers: int) -> int:
    """The layer whose output is read, counted from 1.

    Raises:
        ConfigError: The encoder has fewer.
    """
    if config.layer is not None and config.layer > n_layers:
        raise ConfigError(f"{config.source}: layer {config.layer} asked for, found {n_layers}")
    return config.layer or n_layers


def find_state(weights: Mapping[str, Vectors], place: int) -> dict[str, Vectors]:
    """The weights of a layer under the names that torch's TransformerEncoderLayer gives them."""
    names = {"self_attn.out_proj.": "ao", "norm1.": "aln", "norm2.": "oln", "linear1.": "fi", "linear2.": "fo"}
    kinds = (("weight", "w"), ("bias", "b"))
    state = {}
    for kind, short in kinds:
        parts = [weights[f"l{place}.{part}.{short}"] for part in "qkv"]
        state[f"self_attn.in_proj_{kind}"] = np.concatenate(parts)
    return state | {
        f"{ours}{kind}": weights[f"l{place}.{its}.{short}"] for ours, its in names.items() for kind, short in kinds
    }


def run_kernels(
    kernels: Kernels, weights: Mapping[str, Vectors], shape: EncoderShape, config: EncoderConfig
) -> Callable[[Vectors], Vectors]:
    """Embeddings, shape (n, n_tokens, width), to vectors, shape (n, width), by torch's kernels.

    What torch's TransformerEncoderLayer calls where nothing is learned.
    """
    tensors = {name: kernels.tensor(weights[name]) for name in ("emb.ln.w", "emb.ln.b")}
    width, eps = shape.hidden_size, shape.layer_norm_eps
    norm = ([width], Some(tensors["emb.ln.w"]), Some(tensors["emb.ln.b"]), eps)
    states = (find_state(weights, place) for place in range(find_layer(config, shape.num_hidden_layers)))
    layers = [[kernels.tensor(values) for values in state.values()] for state in states]

    def read(embedded: Vectors) -> Vectors:
        hidden = kernels.call("aten::native_layer_norm", kernels.tensor(embedded), *norm, n_returned=3)
        for attention, rest in ((layer[:4], layer[4:]) for layer in layers):
            # With GELU, norms after what they normalise, no mask.
            before = (width, shape.num_attention_heads, *attention, True, False, eps)
            hidden = kernels.call("aten::_transformer_encoder_layer_fwd", hidden, *before, *rest, None, None)
        if config.pooling == "first":
            return hidden.to_numpy()[:, 0]
        return kernels.call("aten::mean", hidden, Some([1]), False, None, overload="dim").to_numpy()

    return read


def run_torch(
    weights: Mapping[str, Vectors], shape: EncoderShape, config: EncoderConfig
) -> Callable[[Vectors], Vectors]:
    """`run_kernels` by torch itself, where its library cannot be called: the same bits."""
    import torch

    layers = []
    for place in range(find_layer(config, shape.num_hidden_layers)):
        # Without weights of its own: drawing some at random, to be overwritten, takes longer than reading a post.
        layer = torch.nn.TransformerEncoderLayer(
            shape.hidden_size,
            shape.num_attention_heads,
            shape.intermediate_size,
            dropout=0.0,
            activation="gelu",
            layer_norm_eps=shape.layer_norm_eps,
            batch_first=True,
            device="meta",
        )
        state = {name: torch.from_numpy(values) for name, values in find_state(weights, place).items()}
        layer.load_state_dict(state, assign=True)
        layers.append(layer.eval())
    scale, shift = (torch.from_numpy(weights[name]) for name in ("emb.ln.w", "emb.ln.b"))

    def read(embedded: Vectors) -> Vectors:
        with torch.inference_mode():
            hidden = torch.from_numpy(embedded)
            hidden = torch.nn.functional.layer_norm(hidden, (shape.hidden_size,), scale, shift, shape.layer_norm_eps)
            for layer in layers:
                hidden = layer(hidden)
            return pool_tokens(hidden, config)

    return read


def pool_tokens(outputs: torch.Tensor, config: EncoderConfig) -> Vectors:
    """A vector of each text from the outputs at its tokens, shape (n, n_tokens, width)."""
    pooled = outputs.mean(1) if config.pooling == "mean" else outputs[:, 0]
    return np.asarray(pooled.float().numpy())


@contextmanager
def one_torch_thread() -> Iterator[int]:
    """`VectorNetwork.one_thread` of torch."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield before
    finally:
        torch.set_num_threads(before)


def read_weights(path: Path, shape: EncoderShape) -> dict[str, npt.NDArray[Any]]:
    """Name → weights of the embeddings (emb.) and layers (l0., l1. …), 4-bit blocks read back.

    Those of the words stay in their blocks, a word a row: they are half of all, and a text needs a few.
    """
    width, inner = shape.hidden_size, shape.intermediate_size
    sizes = {"fi.w": (inner, width), "fo.w": (width, inner)}
    try:
        with np.load(path, allow_pickle=False) as held:
            found = {}
            for name in held.files:
                stored = held[name]
                if stored.dtype == np.uint8 and name != WORDS:
                    found[name] = read_blocks(stored, sizes.get(name.partition(".")[2], (width, width)))
                else:
                    found[name] = stored if stored.dtype == np.uint8 else stored.astype(np.float32)
        row = width // BLOCK * BLOCK_BYTES if found[WORDS].dtype == np.uint8 else width
        found[WORDS] = found[WORDS].reshape(shape.vocab_size, row)
        found["emb.pos"] = found["emb.pos"].reshape(shape.max_position_embeddings, width)
        found["emb.type"] = found["emb.type"].reshape(-1, width)
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        raise ConfigError(f"{path}: expected the weights of an encoder ({error})") from error
    return found


def read_blocks(stored: npt.NDArray[np.uint8], size: tuple[int, ...]) -> Vectors:
    """Weights of shape `size` from 4-bit blocks (Q4_0): a half-precision scale, then BLOCK weights, two a byte.

    The low halves of the bytes are the first half of the block; a weight is (half byte − 8) × scale.
    """
    blocks = stored.reshape(-1, BLOCK_BYTES)
    scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
    packed = blocks[:, 2:]
    weights = np.empty((len(blocks), 2, BLOCK // 2), np.float32)
    weights[:, 0], weights[:, 1] = packed & 15, packed >> 4
    weights -= 8
    weights *= scale[:, :, np.newaxis]
    return weights.reshape(size)


def open_foreign(config: EncoderConfig) -> tuple[Callable[..., Any], VectorNetwork]:
    """`tokenise` and `network` of any encoder that transformers can load.

    Weights are read as safetensors alone, and no code of a repository is run.
    """
    import torch
    from transformers import AutoModel, AutoTokenizer, logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    here: dict[str, Any] = {"local_files_only": Path(config.source).is_dir(), "trust_remote_code": False}
    try:
        network = AutoModel.from_pretrained(config.source, use_safetensors=True, dtype=torch.float32, **here).eval()
        tokenizer = AutoTokenizer.from_pretrained(config.source, **here)
    except (OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise ConfigError(f"{config.source}: expected an encoder that transformers can load ({reason})") from error
    if len(tokenizer) > (n_words := network.get_input_embeddings().num_embeddings):
        raise ConfigError(f"{config.source}: the tokenizer has {len(tokenizer)} tokens, the encoder {n_words}")
    layer = find_layer(config, network.config.num_hidden_layers)
    longest = min(tokenizer.model_max_length, network.config.max_position_embeddings - 2)

    def tokenise(texts: list[str]) -> list[list[int]]:
        read = tokenizer(texts, truncation=True, max_length=longest, return_attention_mask=False)
        ids: list[list[int]] = read["input_ids"]
        return ids

    def forward(ids: Int) -> Vectors:
        with torch.inference_mode():
            states = network(input_ids=torch.from_numpy(ids), output_hidden_states=True).hidden_states
            return pool_tokens(states[layer], config)

    return tokenise, VectorNetwork(forward, one_torch_thread)
