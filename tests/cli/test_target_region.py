"""--target-region: several places in any language, and an error before any work for one that nobody knows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_runner import Runner

HEADINGS = "达人ID,达人昵称,平台,粉丝ID,昵称,IP属地,抽样方式"


def write(folder: Path) -> Path:
    """Forty followers: twenty in Guangdong, ten in Japan, ten of whom it is not known."""
    places = ["广东"] * 20 + ["日本"] * 10 + [""] * 10
    rows = [f"d1,小明,抖音,f{number},粉丝{number},{place},random" for number, place in enumerate(places)]
    path = folder / "粉丝列表.csv"
    path.write_text("\n".join([HEADINGS, *rows]), encoding="utf-8")
    return path


def test_the_share_outside_stands_in_the_report(zhenfen: Runner, tmp_path: Path) -> None:
    export = write(tmp_path)
    options = ("--as-of", "2026-01-01", "--target-region", "广东", "--target-region", "Zhejiang")
    ran = zhenfen("vet", export, "--out", tmp_path / "out", *options)
    assert ran.code == 0, ran.err
    (page,) = (tmp_path / "out").glob("creator-*.json")
    (audience,) = json.loads(page.read_text(encoding="utf-8"))["audience"]["audiences"]
    outside = audience["outside"]
    assert (outside["n"], outside["n_of"], outside["targets"]) == (10, 30, ["CN-GD", "CN-ZJ"])
    assert "Guangdong, Zhejiang" in outside["sentence"]


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", "未识别“Guangdng”"),
        ("en", "“Guangdng” is not known"),
        ("fr", "« Guangdng » est inconnu"),
    ],
)
def test_a_place_that_nobody_knows_is_an_error_before_any_work(
    zhenfen: Runner, tmp_path: Path, lang: str, words: str
) -> None:
    out = tmp_path / "out"
    ran = zhenfen("vet", write(tmp_path), "--out", out, "--target-region", "Guangdng", "--lang", lang)
    assert ran.code == 2
    assert words in ran.err.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert "guangdong" in ran.err
    assert not out.exists()
