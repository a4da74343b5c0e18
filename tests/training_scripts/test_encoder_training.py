"""The script that pre-trains: what it reads, and what it puts on the shelf."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from training.encoder import FILES, READ, EncoderManifest, ingest, write_shelf
from training.pretrain import make_network, make_tokenizer
from training.shelf import hash_file

from encoder_builder import TEXTS, TINY
from zhenfen.config import models_dir, read_config
from zhenfen.estimators.text_encoder import EncoderParams, TextEncoder
from zhenfen.shelf import FILE_NAME

pytestmark = pytest.mark.torch

MOST_BYTES = 25_000_000
ABOUT = {
    "name": "encoder",
    "version": 4,
    "trained_on": [{"source": "one", "rows": 1234, "sha256": "00", "terms": "MIT"}],
    "metrics": {"held_loss": 3.14159},
    "seed": 1,
    "git_commit": "abc",
    "package_version": "0",
}


def test_every_line_is_read_once_in_one_spelling(tmp_path: Path) -> None:
    (tmp_path / "comments").mkdir()
    (tmp_path / "text").mkdir()
    lines = {
        "text/weibo_lines": ["好看极了呢//@某人:转发", "太短", None],
        "comments/bilibili_comments": ["好看極了呢!", "来自B站的问候"],
        "comments/shopping_reviews": ["质量不错啊", "质量不错啊"],
    }
    for name, texts in lines.items():
        pl.DataFrame({"text": texts}).write_parquet(tmp_path / f"{name}.parquet")
    found, sources = ingest(tmp_path, fewest_chars=4)
    assert sorted(found) == sorted(["好看极了呢", "来自b站的问候", "质量不错啊"])
    assert {source.source: source.rows for source in sources} == {"weibo": 1, "bilibili": 2, "shopping": 1}


def test_no_source_with_labels_is_read() -> None:
    assert not {"livechat", "gamechat", "qqgroup"} & set(READ)


def test_what_is_shelved_can_be_fine_tuned(tmp_path: Path) -> None:
    tokenizer = make_tokenizer(TEXTS, 1)
    folder = write_shelf(make_network(TINY, len(tokenizer)), tokenizer, ABOUT, tmp_path)
    assert folder == tmp_path / "encoder" / "4"
    assert {path.name for path in folder.iterdir()} == FILES
    assert "| one | 1,234 | MIT |" in (folder / "card.md").read_text(encoding="utf-8")
    labels = np.arange(len(TEXTS)) % 2
    fitted = TextEncoder.fit(folder, TEXTS, labels, np.ones(len(TEXTS)), EncoderParams(n_epochs=1))
    assert np.isfinite(fitted.decision_function(TEXTS)).all()


def test_the_shipped_encoder_is_whole_and_small() -> None:
    folders = sorted((models_dir() / "encoder").glob("*"))
    assert folders
    for folder in folders:
        manifest = read_config(folder / FILE_NAME, EncoderManifest)
        assert {name: hash_file(folder / name) for name in manifest.files} == manifest.files
        assert sum(path.stat().st_size for path in folder.iterdir()) < MOST_BYTES
