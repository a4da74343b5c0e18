"""`zhenfen explain`: what the terminal says of one creator."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from cli_runner import Runner
from made_once import keep_first
from series_builder import BAD, all_bad

from toy_models import ToyCreatorModel
from zhenfen.model_store import Models
from zhenfen.scoring import score
from zhenfen.simulate import simulate
from zhenfen.tables import TABLES, Tables, make_frame, read_tables, write_tables
from zhenfen.verdict.evidence import Findings
from zhenfen.vetting import explain


@pytest.fixture(scope="module")
def buyer(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Tables of creators who have peers in the panel, and the id of one who bought followers in bursts."""
    folder = tmp_path_factory.mktemp("buyer") / "tables"
    kinds = ["burst_buyer", "organic_large", "comment_farm"]
    write_tables(simulate(kinds, seed=4, platforms=("xiaohongshu", "bilibili", "bilibili")).tables, folder)
    return folder, read_tables(folder)["creators"]["creator_id"][0]


@pytest.fixture
def _scored_once(kept: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Findings are the same in every language."""
    monkeypatch.setattr(explain, "score", keep_first(explain.score, kept))


@pytest.mark.usefixtures("_scored_once")
@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ["Overall indication: ■ High", "Causes tested", "What would lower a level", "is documented for"]),
        ("zh", ["综合提示：■ 高", "逐段检验的原因", "哪些凭证会降低级别", "若有凭证表明"]),
        (
            "fr",
            ["Avis global\u00a0: ■ Élevé", "Causes testées", "Ce qui abaisserait un niveau", "si un événement ("],
        ),
    ],
)
def test_levels_spans_and_what_would_lower_them(
    zhenfen: Runner, buyer: tuple[Path, str], toy_creator: ToyCreatorModel, lang: str, words: list[str]
) -> None:
    ran = zhenfen("explain", buyer[0], "--creator", buyer[1], "--lang", lang)
    assert ran.code == 0, ran.err
    assert [word for word in words if word not in ran.out] == []
    assert re.search(r"#1 · \d{4}-\d\d-\d\d", ran.out)


def test_an_unknown_creator_is_named(zhenfen: Runner, small_tables: Path) -> None:
    ran = zhenfen("explain", small_tables, "--creator", "nobody")
    assert ran.code == 2
    assert "nobody" in ran.err


def test_a_platforms_own_id_finds_the_creator(zhenfen: Runner, tmp_path: Path) -> None:
    (tmp_path / "达人.csv").write_text("达人ID,达人昵称,平台,粉丝数\nraw-7,小明,抖音,1200\n", encoding="utf-8")
    ran = zhenfen("explain", tmp_path, "--creator", "raw-7", "--as-of", "2026-01-02")
    assert ran.code == 0, ran.err
    assert "小明" in ran.out


def test_a_map_reads_what_has_other_headings(zhenfen: Runner, tmp_path: Path) -> None:
    (tmp_path / "名单.csv").write_text("谁,平台,多少粉丝\n小明,抖音,1200\n", encoding="utf-8")
    sheet = {"file": "名单.csv", "table": "creators", "columns": {"谁": "creator_name", "平台": "platform"}}
    sheet["columns"]["多少粉丝"] = "n_followers"
    plan = tmp_path / "plan.yaml"
    plan.write_text(yaml.safe_dump({"sheets": [sheet]}, allow_unicode=True), encoding="utf-8")
    options = ("--creator", "小明", "--as-of", "2026-01-02")
    assert zhenfen("explain", tmp_path / "名单.csv", *options).code == 2
    ran = zhenfen("explain", tmp_path / "名单.csv", *options, "--map", plan)
    assert ran.code == 0, ran.err
    assert "小明" in ran.out


@pytest.fixture(scope="module")
def bad_series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    all_bad().write_parquet(folder / "follower_counts.parquet")
    about = {"creator_id": list(BAD), "platform": "bilibili", "display_name": "[red]\x1b[31mHost"}
    make_frame(TABLES["creators"], pl.DataFrame(about)).write_parquet(folder / "creators.parquet")
    return folder


@pytest.fixture(scope="module")
def kept_bad() -> list[Any]:
    return []


@pytest.mark.parametrize("name", BAD)
def test_bad_series_are_explained(  # noqa: PLR0917
    zhenfen: Runner,
    bad_series: Path,
    toy_creator: ToyCreatorModel,
    kept_bad: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """All are scored at once, and each is explained."""

    def score_all(tables: Tables, models: Models, *, creators: list[str], **options: Any) -> Findings:
        return score(tables, models, **options)

    monkeypatch.setattr(explain, "score", keep_first(score_all, kept_bad))
    ran = zhenfen("explain", bad_series, "--creator", name)
    assert ran.code == 0, ran.err
    assert "\x1b" not in ran.out
    assert "[red]" in ran.out
    assert "Follower growth" in ran.out
