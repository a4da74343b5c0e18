"""The text encoder: pre-train on public comments without labels, judge, track, and put on the shelf.

Run: python -m training.encoder [--tracking-uri URI] [--checkpoint FILE]
A run that was stopped goes on from its checkpoint; where torch sees a GPU it trains there.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import yaml

from training.card import make_table, read_notes
from training.command import make_parser, show_trained
from training.comments import SOURCES
from training.datasets import data_dir
from training.pretrain import PretrainConfig, judge, make_network, make_tokenizer, pretrain
from training.shelf import ROOT, find_commit, hash_file
from training.tracking import Run, track
from zhenfen import __version__
from zhenfen.config import Strict, config_dir, models_dir, read_config
from zhenfen.estimators.text_encoder import FILES as ENCODER_FILES
from zhenfen.estimators.text_encoder import tokenise
from zhenfen.files import replace_folder
from zhenfen.shelf import FILE_NAME, TrainingSource
from zhenfen.text.normalise import cut_quoted, normalise_texts

READ = ("bilibili", "shopping", "weibo")
"""Sources that carry no label. Those with labels are left out of pre-training too, so that a source left out when the
encoder is judged is new to all of it."""
CHECKPOINT = ROOT / "mlruns" / "encoder.safetensors"
CARD = "card.md"
FILES = {CARD, FILE_NAME, *ENCODER_FILES}


class EncoderManifest(Strict):
    """model.yaml of a pre-trained encoder: where it comes from, how well it guesses, and the hashes of its files."""

    name: str
    version: int
    trained_on: tuple[TrainingSource, ...]
    metrics: dict[str, float]
    files: dict[str, str]
    seed: int
    git_commit: str
    package_version: str


def ingest(folder: Path, fewest_chars: int) -> tuple[pl.Series, list[TrainingSource]]:
    """Distinct normalised texts of all the lines of READ, in the order of the files, and what they are."""
    sources = [source for source in SOURCES if source.name in READ]
    texts = []
    for source in sources:
        raw = pl.read_parquet(folder / source.path, columns=["text"]).select(cut_quoted(pl.col("text"))).to_series()
        distinct = normalise_texts(raw).drop_nulls().unique(maintain_order=True)
        texts.append(distinct.filter(distinct.str.len_chars() >= fewest_chars))
    seen = [
        TrainingSource(source=one.name, rows=len(rows), sha256=one.sha256(folder), terms=one.terms)
        for one, rows in zip(sources, texts, strict=True)
    ]
    return pl.concat(texts).unique(maintain_order=True), seen


def run(config: PretrainConfig, folder: Path, shelf: Path, tracking_uri: str, checkpoint: Path) -> Path:
    """One tracked pre-training from the data to the shelf; returns the shelf's folder.

    Raises:
        ConfigError: The tracking store does not answer, or the shelf cannot be written.
    """
    with track(config.name, tracking_uri) as tracked:
        texts, sources = ingest(folder, config.fewest_chars)
        tracked.log_params(config.model_dump())
        tracked.set_sources(sources)
        tokenizer = make_tokenizer(texts, config.fewest_seen)
        network, metrics = _train(tokenise(tokenizer, texts), len(tokenizer), config, checkpoint, tracked)
        tracked.log_metrics(metrics)
        about = {
            "name": config.name,
            "version": config.version,
            "trained_on": [one.model_dump() for one in sources],
            "metrics": {name: round(value, 4) for name, value in metrics.items()},
            "seed": config.seed,
            "git_commit": find_commit(),
            "package_version": __version__,
        }
        written = write_shelf(network, tokenizer, about, shelf)
        tracked.log_folder(written, "shelf")
    checkpoint.unlink(missing_ok=True)
    return written


def write_shelf(network: Any, tokenizer: Any, about: Mapping[str, Any], shelf: Path) -> Path:
    """Write weights of 16 bits, tokenizer, card and manifest to `shelf`/<name>/<version>/, whole or not at all."""
    folder = shelf / str(about["name"]) / str(about["version"])
    with replace_folder(folder, lambda path: path.name in FILES) as partial:
        network.cpu().bfloat16().save_pretrained(partial)
        tokenizer.save_pretrained(partial)
        (partial / CARD).write_text(make_card(about), encoding="utf-8")
        hashes = {name: hash_file(partial / name) for name in sorted(FILES - {FILE_NAME})}
        manifest = EncoderManifest.model_validate({**about, "files": hashes}).model_dump(mode="json")
        text = yaml.safe_dump(manifest, allow_unicode=True, sort_keys=False)
        (partial / FILE_NAME).write_text(text, encoding="utf-8")
    return folder


def make_card(about: Mapping[str, Any]) -> str:
    """The card as Markdown."""
    sources = ((one["source"], f"{one['rows']:,}", one["terms"]) for one in about["trained_on"])
    figures = ((name.replace("_", " "), f"{value:,.4g}") for name, value in about["metrics"].items())
    parts = (
        f"# {about['name']} {about['version']}",
        read_notes("encoder"),
        "## Sources and terms",
        make_table(("source", "distinct texts", "terms"), sources),
        "## On texts it had not read",
        make_table(("figure", "value"), figures),
    )
    return "\n\n".join(parts) + "\n"


def _train(
    rows: list[npt.NDArray[np.int64]], n_tokens: int, config: PretrainConfig, checkpoint: Path, tracked: Run
) -> tuple[Any, dict[str, float]]:
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = make_network(config, n_tokens).to(device)
    held = np.random.default_rng(config.seed).random(len(rows)) < config.held_share
    checkpoint.parent.mkdir(parents=True, exist_ok=True)

    def log(step: int, loss: float, seconds: float) -> None:
        print(f"step {step} of {config.n_steps}: loss {loss:.3f}, {seconds:.0f} s", flush=True)
        tracked.log_metrics({"loss": loss}, step)

    pretrain(network, [row for row, out in zip(rows, held, strict=True) if not out], config, checkpoint, log)
    loss, accuracy = judge(network, [row for row, out in zip(rows, held, strict=True) if out], config)
    read = float(sum(map(len, rows)))
    return network, {"held_loss": loss, "held_accuracy": accuracy, "n_tokens": read, "vocabulary": float(n_tokens)}


def main() -> None:
    """Read the options and run."""
    parser = make_parser("encoder", __doc__)
    parser.add_argument("--checkpoint", type=Path, default=CHECKPOINT, metavar="FILE", help="where the state is kept")
    options = parser.parse_args()
    config = read_config(config_dir() / "models" / "encoder.yaml", PretrainConfig)
    show_trained(parser, lambda: run(config, data_dir(), models_dir(), options.tracking_uri, options.checkpoint))


if __name__ == "__main__":
    main()
