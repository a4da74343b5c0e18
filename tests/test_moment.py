"""A day is read at its end, a moment as it is, and every door takes both."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from zhenfen.cli.options import take_language
from zhenfen.desk_cases.project import ProjectOptions
from zhenfen.errors import ConfigError
from zhenfen.moment import read_moment


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("2026-01-31", datetime(2026, 1, 31, 23, 59, 59, 999_999, UTC)),
        (" 2026-01-31 ", datetime(2026, 1, 31, 23, 59, 59, 999_999, UTC)),
        ("2026-01-31T18:00", datetime(2026, 1, 31, 18, tzinfo=UTC)),
        ("2026-01-31 18:00:05", datetime(2026, 1, 31, 18, 0, 5, tzinfo=UTC)),
        ("2026-01-31T18:00:00Z", datetime(2026, 1, 31, 18, tzinfo=UTC)),
        ("2026-01-31T02:00+08:00", datetime(2026, 1, 30, 18, tzinfo=UTC)),
        # What an address makes of the plus.
        ("2026-01-31T02:00 08:00", datetime(2026, 1, 30, 18, tzinfo=UTC)),
    ],
)
def test_a_day_or_a_moment(said: str, moment: datetime) -> None:
    assert read_moment(said) == moment
    assert ProjectOptions(as_of=said).to_vet("en", None).as_of == moment


@pytest.mark.parametrize(
    "said", ["", "yesterday", "2026-02-30", "2026-13-01T00:00", "20260131T", "0001-01-01T00:00+23:00"]
)
def test_anything_else_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match="expected a day such as 2026-01-31 or a moment"):
        read_moment(said)
    with pytest.raises(ValueError, match="as_of"):
        ProjectOptions(as_of=said)


@pytest.mark.parametrize(
    ("language", "told"),
    [("zh", "不是日期或时刻"), ("en", "neither a day nor a moment"), ("fr", "n’est ni un jour ni un")],
)
def test_the_command_line_says_so_in_the_readers_language(language: str, told: str, tmp_path: Path) -> None:
    from zhenfen.cli.score import app

    arguments = ["profiles", "x.parquet", "--out", str(tmp_path / "o.parquet"), "--as-of", "soon", "--lang", language]
    ran = CliRunner().invoke(app, arguments)
    assert isinstance(ran.exception, ConfigError)
    assert told in str(ran.exception)
    assert take_language(arguments, {})[0] == language
