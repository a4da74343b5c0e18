"""`zhenfen audit` from the first batch to the answer, with the model of the shelf."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from audit_builder import by_truth, fill, write_audience

from zhenfen.cli.audit import audit_apply, audit_reuse, audit_sample, audit_status
from zhenfen.tables import read_tables, write_tables


def test_an_audit_in_batches_says_how_many_more_and_when_it_is_enough(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_audience(tmp_path / "tables")
    tables = read_tables(folder)
    seen = tables["creators"].with_columns(snapshot_at=pl.lit(datetime(2026, 1, 1, tzinfo=UTC)))
    write_tables(tables.replace(creators=seen), folder)
    file = tmp_path / "a.xlsx"
    audit_sample(folder, "c1", file, width=0.15)
    assert "More labels suggested: 30" in capsys.readouterr().out
    fill(file, by_truth)
    audit_apply(file)
    assert "Labels stored: 30" in capsys.readouterr().out
    audit_status(folder, "c1", line=0.8)
    assert "Enough" in capsys.readouterr().out
    audit_sample(folder, "c1", tmp_path / "none.xlsx", line=0.8)
    assert not (tmp_path / "none.xlsx").exists()
    audit_reuse(folder, "c2", [folder])
    assert "Earlier audits taken in: 1, with 30 labels in all." in capsys.readouterr().out
