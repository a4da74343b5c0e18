"""Runs the command line as a user does, in this process: exit code, standard output, standard error."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import pytest

from zhenfen.cli.main import main


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


class Runner:
    """Calls `zhenfen` with arguments."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch = monkeypatch
        self.capsys = capsys
        # Wide enough that no path is broken over two lines.
        monkeypatch.setenv("COLUMNS", "400")

    def __call__(self, *arguments: object) -> Ran:
        self.monkeypatch.setattr(sys, "argv", ["zhenfen", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        shown = self.capsys.readouterr()
        return Ran(code, shown.out, shown.err)
