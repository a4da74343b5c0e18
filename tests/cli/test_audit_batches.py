"""`zhenfen audit` in batches: what the command line says, in three languages, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_runner import Runner

from zhenfen.simulate import simulate
from zhenfen.tables import Tables, read_tables, write_tables

MORE = {"zh": "再标注 30 个", "en": "More labels suggested: 30", "fr": "en plus\u00a0: 30"}


def write(folder: Path, seed: int) -> Path:
    """A creator whose audience nobody has labelled."""
    frames = simulate(["burst_buyer"], seed=seed, platforms=["weibo"]).tables.frames
    write_tables(Tables({name: frame for name, frame in frames.items() if name != "audit_labels"}), folder)
    return folder


def creator_of(folder: Path) -> str:
    return str(read_tables(folder)["creators"]["creator_id"][0])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "tables", 3)


@pytest.mark.parametrize("lang", ["zh", "en", "fr"])
def test_status_says_how_many_labels_are_suggested(zhenfen: Runner, folder: Path, lang: str) -> None:
    ran = zhenfen("audit", "status", folder, "--creator", creator_of(folder), "--width", "0.15", "--lang", lang)
    assert ran.code == 0, ran.err
    assert "30" in ran.out
    assert MORE[lang] in ran.out


def test_a_question_draws_the_first_batch(zhenfen: Runner, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "batch.xlsx"
    ran = zhenfen("audit", "sample", folder, "--creator", creator_of(folder), "--out", out, "--line", "0.3")
    assert ran.code == 0, ran.err
    assert out.is_file()
    assert "30" in ran.out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--width", "1.5"), "--width 1.5: expected a share between 0 and 1"),
        (("--line", "0"), "--line 0"),
        ((), "--width, --line, or both"),
    ],
)
def test_a_question_that_is_none_is_refused(
    zhenfen: Runner, folder: Path, options: tuple[str, ...], words: str
) -> None:
    ran = zhenfen("audit", "status", folder, "--creator", creator_of(folder), *options)
    assert ran.code == 2
    assert words in ran.err


def test_reuse_without_an_earlier_audit_says_so(zhenfen: Runner, folder: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other", 4)
    ran = zhenfen("audit", "reuse", folder, "--creator", creator_of(folder), "--from", other)
    assert ran.code == 2
    assert "another audience of weibo" in ran.err
    assert not (folder / "earlier_audits.parquet").exists()
