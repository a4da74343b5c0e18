"""Seeded mutants of small exports: read, with what was not used listed, or refused with a place; see `make fuzz`."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from benchmarks.export_mutations import MUTATIONS, find_fitting
from benchmarks.export_seeds import SEEDS, hand_in
from benchmarks.mutated_exports import FACTS, Outcome, try_mutant

from zhenfen.cli.terminal_import import tell_problem
from zhenfen.connectors.importing import import_export
from zhenfen.errors import InputError
from zhenfen.messages import LANGUAGES, Catalogue

N_MUTANTS, N_CHUNKS = 160, 4
MOST_MB = 2_000
UNKNOWABLE = ("bytes", "cells", "nesting", "sheets")
"""Damage after which nobody can know that there were more rows: a cut at the end of a line, an emptied sheet."""


@pytest.mark.parametrize("name", SEEDS)
def test_a_sound_export_is_read_whole(name: str, tmp_path: Path) -> None:
    SEEDS[name](tmp_path)
    tables = import_export(hand_in(tmp_path), obtained_how="test")
    assert sum(tables[table].height for table in FACTS) >= 12
    assert set(tables["unusable"]["action"]) <= {"column_ignored"}


@pytest.mark.parametrize("chunk", range(N_CHUNKS))
def test_a_mutant_is_read_or_refused(
    chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ZHENFEN_DATA", raising=False)
    outcomes: list[Outcome] = []
    for seed in range(chunk, N_MUTANTS, N_CHUNKS):
        (tmp_path / str(seed)).mkdir()
        outcomes.append(try_mutant(seed, tmp_path / str(seed)))
    assert [one for one in outcomes if one.result not in ("read", "refused")] == []
    assert [one for one in outcomes if one.n_lost and not one.mutation.startswith(UNKNOWABLE)] == []
    assert max(one.peak_mb for one in outcomes) < MOST_MB
    assert "panicked" not in capfd.readouterr().err


def test_a_number_is_a_mutant(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        folder = tmp_path / name / "export"
        folder.mkdir(parents=True)
        SEEDS["sheet-csv"](folder)
        MUTATIONS["cells"]["quotes"](Random(7), folder)
        made.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert made[0] == made[1]
    assert [name for name, _ in find_fitting(Random(7))] == [name for name, _ in find_fitting(Random(7))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refusal_is_in_the_readers_language(language: str, tmp_path: Path) -> None:
    """What is expected comes from the catalogues; only what a parser said may be English."""
    catalogue, said = Catalogue(language), []
    for name, group, mutation in (
        ("series-json", "bytes", "cut end"),
        ("timeline-jsonl", "bytes", "cut end"),
        ("crawler-sqlite", "bytes", "empty"),
        ("sheet-parquet", "bytes", "cut end"),
        ("sheet-xlsx", "bytes", "cut end"),
        ("tables-duckdb", "bytes", "cut end"),
        ("tar-gz", "bytes", "cut end"),
        ("zip", "bytes", "cut end"),
    ):
        folder = tmp_path / name
        folder.mkdir()
        SEEDS[name](folder)
        path = MUTATIONS[group][mutation](Random(3), folder)
        assert path is not None
        with pytest.raises(InputError) as caught:
            import_export(path, obtained_how="test")
        for problem in caught.value.problems:
            line = tell_problem(problem, catalogue)
            said.append(line)
            if language != "en":
                assert problem.expected not in line, line
    assert len(said) >= 8
