"""The text encoder that configs/models/encoder.yaml names: try it out, and say how to use another.

Run: python -m training.encoder [--shelve FOLDER]
With --shelve, block weights and their tokenizer (FOLDER/*.npz, FOLDER/tokenizer.json) go on the shelf as the version
that the configuration names. To use another encoder, name it there (a folder, or a model of a hub, which is fetched
once by its own library) and fit the heads again: python -m training.post
"""

from __future__ import annotations

import shutil
import time
from argparse import ArgumentParser
from pathlib import Path

import numpy as np
import polars as pl

from training.card import read_notes
from training.command import end_with_errors
from training.shelf import ROOT, ShelfPlace, Trained, write_shelf
from zhenfen.config import config_dir, models_dir, read_config
from zhenfen.errors import ConfigError
from zhenfen.estimators.text_encoder import SHAPE, SHELF, TOKENIZER, WEIGHTS, EncoderConfig, EncoderShape, TextEncoder
from zhenfen.shelf import ShelfManifest

NOTICE = "NOTICE"
"""Of the project: what is licensed to us, whose and how. It lies beside the weights too."""
ALIKE = ("今天的敏感肌空瓶，光线刚好", "用完的护肤品，随手拍一张")
OTHER = "明天的会议改到下午三点"
N_TIMED = 200
SHAPE_OF_SHELF = EncoderShape(
    model_type="bert",
    vocab_size=35214,
    hidden_size=384,
    num_hidden_layers=8,
    num_attention_heads=12,
    intermediate_size=1536,
    max_position_embeddings=512,
    layer_norm_eps=1e-12,
)
"""multilingual-e5-small (arXiv:2402.05672), eight layers of twelve, its vocabulary cut."""


def shelve(blocks: Path, config: EncoderConfig, shelf: Path) -> Path:
    """Put block weights and their tokenizer on the shelf, with licence notices; returns the folder.

    Args:
        blocks: Holds one npz and tokenizer.json.
        config: Names the version.
        shelf: The folder models/.

    Raises:
        ConfigError: The files are not there, or the configuration names no version of the shelf.
    """
    name, _, version = config.source.partition("/")
    if name != SHELF or not version.isdigit():
        raise ConfigError(f"source: expected a version of the shelf such as {SHELF}/2, found {config.source!r}")
    found = sorted(blocks.glob("*.npz"))
    if len(found) != 1 or not (blocks / TOKENIZER).is_file():
        raise ConfigError(f"{blocks}: expected one .npz and {TOKENIZER}")
    shape = SHAPE_OF_SHELF.model_dump_json(indent=1)
    trained = Trained(
        files={
            WEIGHTS: lambda path: shutil.copyfile(found[0], path),
            TOKENIZER: lambda path: shutil.copyfile(blocks / TOKENIZER, path),
            SHAPE: lambda path: path.write_text(shape + "\n", encoding="utf-8"),
            NOTICE: lambda path: shutil.copyfile(ROOT / NOTICE, path),
        },
        manifest={"name": name, "version": int(version), "trained_on": (), "metrics": {}},
        card=f"# {name} {version}\n\n{read_notes(name)}\n",
    )
    return write_shelf(trained, shelf, ShelfPlace(name=name, version=int(version), seed=0), ShelfManifest)


def try_out(config: EncoderConfig) -> str:
    """What an analyst of models wants to see of an encoder before fitting with it.

    Raises:
        ConfigError: It cannot be used.
    """
    encoder = TextEncoder.load(config)
    vectors, _ = encoder.embed(pl.Series([*ALIKE, OTHER]))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    start = time.perf_counter()
    _, n_tokens = encoder.embed(pl.Series([f"{ALIKE[at % 2]}{at}" for at in range(N_TIMED)]))
    seconds = time.perf_counter() - start
    return (
        f"{config.source}: {vectors.shape[1]} numbers a text, {N_TIMED / seconds:,.0f} short texts and"
        f" {n_tokens.sum() / seconds:,.0f} tokens a second\n"
        f"cosine of two texts that say the same {unit[0] @ unit[1]:.3f}, of two that do not {unit[0] @ unit[2]:.3f}\n"
        "To use another: name it in configs/models/encoder.yaml, then fit the heads again with `make post`."
    )


def main() -> None:
    """Read the options and run."""
    parser = ArgumentParser(prog="python -m training.encoder", description=__doc__)
    parser.add_argument("--shelve", type=Path, metavar="FOLDER", help="put these block weights on the shelf first")
    options = parser.parse_args()
    config = read_config(config_dir() / "models" / "encoder.yaml", EncoderConfig)

    with end_with_errors(parser):
        if options.shelve:
            print(f"{shelve(options.shelve, config, models_dir())}: written")
        print(try_out(config))


if __name__ == "__main__":
    main()
