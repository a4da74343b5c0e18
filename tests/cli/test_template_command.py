from __future__ import annotations

from pathlib import Path

import pytest
from cli_runner import Runner

from zhenfen.messages import LANGUAGES, Catalogue


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_template_is_written_and_its_examples_alone_are_refused(
    zhenfen: Runner, tmp_path: Path, language: str
) -> None:
    path = tmp_path / "template.xlsx"
    ran = zhenfen("template", "--lang", language, "--out", path)
    assert (ran.code, ran.out.strip()) == (0, Catalogue(language).text("cli.template", path=path))
    ran = zhenfen("import", path, "--out", tmp_path / "tables", "--obtained-how", "a test", "--lang", language)
    assert ran.code == 2
    assert ran.err.strip() == Catalogue(language).text("problem.only_examples", file=path.name)
    assert not (tmp_path / "tables").exists()


def test_what_may_be_filled_in_is_never_overwritten(zhenfen: Runner, tmp_path: Path) -> None:
    path = tmp_path / "template.xlsx"
    path.write_text("mine")
    ran = zhenfen("template", "--lang", "zh", "--out", path)
    assert (ran.code, ran.err.strip()) == (2, Catalogue("zh").text("cli.template.exists", path=path))
    assert path.read_text() == "mine"


def test_another_kind_of_file_is_refused(zhenfen: Runner, tmp_path: Path) -> None:
    ran = zhenfen("template", "--lang", "fr", "--out", tmp_path / "template.csv")
    assert (ran.code, ran.err.strip()) == (
        2,
        Catalogue("fr").text("cli.template.suffix", path=tmp_path / "template.csv"),
    )


def test_examples_that_were_left_out_are_counted_apart(zhenfen: Runner, tmp_path: Path) -> None:
    path = tmp_path / "达人.csv"
    path.write_text("达人昵称,平台,粉丝数\n【示例】小美,小红书,12000\n小丽,小红书,5000\n", encoding="utf-8")
    ran = zhenfen("import", path, "--out", tmp_path / "tables", "--obtained-how", "a test", "--lang", "zh")
    assert ran.code == 0
    assert Catalogue("zh").text("cli.unusable.example", n="1") in ran.out
    assert Catalogue("zh").text("cli.unusable.row_left_out", n="1") not in ran.out
