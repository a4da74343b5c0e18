"""The shortlist in a terminal: whole at 80 columns, in words where there is room for them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.cells import cell_len

from zhenfen.cli.terminal import show_shortlist
from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.tables import TABLES, Tables, make_frame

FAMILIES = ("growth", "engagement", "comments", "sponsorship", "audience", "network")
NAME = "一个名字很长很长的达人昵称官方账号"
DAY = "2026-03-31"


def _vetted(language: str) -> Any:
    """One creator with a long name, of whom all six families and the overall indication are known."""
    text = Catalogue(language).text
    level = {"level": "elevated", "level_short": text("report.level_short.descriptive.elevated")}
    families = [{"family": name, "label": text(f"family.{name}")} for name in FAMILIES]
    priority = {"kind": "question", "short": text("priority.question.short")}
    row = {"name": NAME, "platform_name": "Xiaohongshu", "followers_text": "1234.6万", "priority": priority}
    shortlist = {
        "as_of_day": DAY,
        "n_creators": 1,
        "found_by": {"line": "", "ask": ""},
        "sentence": "x.",
        "columns": {"families": families},
        "creators": [{**row, "families": [{**family, **level} for family in families]}],
    }
    tables = Tables({"unusable": make_frame(TABLES["unusable"])})
    return SimpleNamespace(tables=tables, shortlist=shortlist)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_six_families_fit_with_every_heading_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, language: str, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    show_shortlist(_vetted(language), tmp_path, language)
    table = capsys.readouterr().out.partition(DAY)[2].partition(Catalogue(language).text("report.advisory")[:20])[0]
    assert max(map(cell_len, table.splitlines())) <= width
    assert "…" not in table
    text = Catalogue(language).text
    whole, short = ([text(f"{kind}.{name}") for name in FAMILIES] for kind in ("family", "cli.short"))
    assert all(name in table for name in short) or all(name in table for name in whole)
    assert text("cli.short.priority") in table
    assert text("cli.followers") in table
    assert all(letter in table for letter in NAME)
