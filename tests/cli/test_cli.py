"""The commands as a user types them: what they write, print and refuse."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from cli_runner import Runner
from made_once import keep_first

from zhenfen.connectors import importing
from zhenfen.messages import Catalogue
from zhenfen.simulate import simulate
from zhenfen.tables import read_tables, write_tables
from zhenfen.vetting import options as vetting
from zhenfen.vetting import vet
from zhenfen.vetting.panels import build_own_panel


@pytest.fixture(scope="module")
def own_panel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A panel of forty Weibo creators."""
    folder = tmp_path_factory.mktemp("house")
    write_tables(simulate(["organic_small"] * 40, seed=2, platforms=("weibo",)).tables, folder / "tables")
    build_own_panel(folder / "tables", folder / "panel.csv", "house panel", "as exported")
    return folder / "panel.csv"


def report_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_vet_writes_a_page_a_creator_and_a_shortlist(
    zhenfen: Runner, small_tables: Path, vetted: Path, tmp_path: Path
) -> None:
    ran = zhenfen("vet", small_tables, "--out", tmp_path / "out")
    assert ran.code == 0, ran.err
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"index.html", "index.json", "shortlist.xlsx"} <= names
    assert len([name for name in names if name.startswith("creator-") and name.endswith(".html")]) == 3
    assert str(tmp_path / "out" / "index.html") in ran.out
    assert json.loads((tmp_path / "out" / "index.json").read_text(encoding="utf-8"))["language"] == "en"
    # The same input gives the same bytes.
    assert report_bytes(tmp_path / "out") == report_bytes(vetted)


def test_the_order_of_rows_changes_nothing(zhenfen: Runner, small_tables: Path, vetted: Path, tmp_path: Path) -> None:
    shuffled = tmp_path / small_tables.name
    shuffled.mkdir()
    for path in small_tables.iterdir():
        pl.read_parquet(path).sample(fraction=1, shuffle=True, seed=3).write_parquet(shuffled / path.name)
    assert zhenfen("vet", shuffled, "--out", tmp_path / "out").code == 0
    assert report_bytes(tmp_path / "out") == report_bytes(vetted)


def test_a_missing_family_leaves_the_others_as_they_were(
    zhenfen: Runner, small_tables: Path, vetted: Path, tmp_path: Path
) -> None:
    tables = read_tables(small_tables)
    fewer = tables.replace(follower_counts=tables["follower_counts"].clear(), audience=tables["audience"].clear())
    write_tables(fewer, tmp_path / "fewer")
    as_of = json.loads((vetted / "index.json").read_text(encoding="utf-8"))["as_of_day"]
    assert zhenfen("vet", tmp_path / "fewer", "--out", tmp_path / "less", "--as-of", as_of).code == 0
    for path in vetted.glob("creator-*.json"):
        whole, part = (json.loads((one / path.name).read_text()) for one in (vetted, tmp_path / "less"))
        by_family = [{one["family"]: one for one in page["families"]} for page in (whole, part)]
        assert by_family[1]["growth"]["level"] == "not_assessed"
        assert by_family[0]["comments"] == by_family[1]["comments"]
        assert by_family[0]["sponsorship"] == by_family[1]["sponsorship"]


def test_it_vets_in_french(zhenfen: Runner, plain_tables: Path, tmp_path: Path) -> None:
    assert zhenfen("vet", plain_tables, "--out", tmp_path / "out", "--lang", "fr").code == 0
    assert json.loads((tmp_path / "out" / "index.json").read_text(encoding="utf-8"))["language"] == "fr"


def test_creator_limits_the_report(zhenfen: Runner, small_tables: Path, tmp_path: Path) -> None:
    wanted = read_tables(small_tables)["creators"]["creator_id"][1]
    assert zhenfen("vet", small_tables, "--out", tmp_path / "out", "--creator", wanted).code == 0
    listed = json.loads((tmp_path / "out" / "index.json").read_text(encoding="utf-8"))["creators"]
    assert [row["creator_id"] for row in listed] == [wanted]


def test_a_platforms_own_id_finds_the_pseudonym(zhenfen: Runner, tmp_path: Path) -> None:
    export = tmp_path / "export.csv"
    export.write_text("达人ID,达人昵称,平台,粉丝数,日期\nraw-7,小明,抖音,1200,2026-01-01\n", encoding="utf-8")
    ran = zhenfen("vet", export, "--out", tmp_path / "out", "--creator", "raw-7")
    assert ran.code == 0, ran.err
    page = (tmp_path / "out" / "index.json").read_text(encoding="utf-8")
    assert "小明" in page
    assert "raw-7" not in page


def test_as_of_hides_what_came_later(zhenfen: Runner, small_tables: Path, tmp_path: Path) -> None:
    assert zhenfen("vet", small_tables, "--out", tmp_path / "out", "--as-of", "2026-08-01").code == 0
    index = json.loads((tmp_path / "out" / "index.json").read_text(encoding="utf-8"))
    assert index["as_of_day"] == "2026-08-01"
    for path in (tmp_path / "out").glob("creator-*.json"):
        assert "2026-08-02" not in path.read_text(encoding="utf-8")


def test_a_series_alone_tells_the_followers_of_the_day(zhenfen: Runner, tmp_path: Path) -> None:
    rows = "".join(f"2026-01-{day:02d},{1000 * day}\n" for day in range(1, 31))
    (tmp_path / "777.csv").write_text(f"日期,粉丝数\n{rows}", encoding="utf-8")
    for options, expected in (((), 30_000), (("--as-of", "2026-01-15"), 15_000)):
        out = tmp_path / f"out-{expected}"
        assert zhenfen("vet", tmp_path / "777.csv", "--out", out, "--platform", "douyin", *options).code == 0
        index = json.loads((out / "index.json").read_text(encoding="utf-8"))
        assert [row["n_followers"] for row in index["creators"]] == [expected]


def test_files_that_nobody_read_are_counted_as_files(zhenfen: Runner, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "777.csv").write_text("日期,粉丝数\n2026-01-01,5\n", encoding="utf-8")
    (tmp_path / "in" / "old.xls").touch()
    ran = zhenfen("vet", tmp_path / "in", "--out", tmp_path / "out", "--platform", "douyin")
    assert "not read: 1" in ran.out
    kinds = json.loads((tmp_path / "out" / "index.json").read_text(encoding="utf-8"))["unusable"]["kinds"]
    assert [(kind["file"], kind["action_text"]) for kind in kinds] == [("old.xls", "not read")]


def test_import_then_check_then_vet(zhenfen: Runner, plain_tables: Path, tmp_path: Path) -> None:
    ran = zhenfen("import", plain_tables, "--out", tmp_path / "tables", "--obtained-how", "a test")
    assert ran.code == 0, ran.err
    assert zhenfen("check", tmp_path / "tables").code == 0
    assert zhenfen("vet", tmp_path / "tables", "--out", tmp_path / "out").code == 0


def test_panel_build_serves_vet(zhenfen: Runner, own_panel: Path, tmp_path: Path) -> None:
    peers, panel = own_panel.with_name("tables"), tmp_path / "panel.csv"
    built = zhenfen("panel", "build", peers, "--out", panel, "--source", "house panel")
    assert built.code == 0, built.err
    write_tables(simulate(["organic_small"], seed=1, platforms=("weibo",)).tables, tmp_path / "tables")
    assert zhenfen("vet", tmp_path / "tables", "--out", tmp_path / "out", "--panel", panel).code == 0
    page = next((tmp_path / "out").glob("creator-*.json")).read_text(encoding="utf-8")
    assert "house panel" in page


@pytest.mark.parametrize("width", [80, 160])
@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ["Serves", "Engagement", "Xiaohongshu", "every platform", "context", "What helps"]),
        ("zh", ["适用于", "互动", "小红书", "所有平台", "仅供对照", "补充方法"]),
        ("fr", ["Sert à", "Engagement", "Xiaohongshu", "toutes", "contexte", "Pour compléter"]),
    ],
)
def test_panel_show_says_what_is_covered(
    zhenfen: Runner, monkeypatch: pytest.MonkeyPatch, lang: str, words: list[str], width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    ran = zhenfen("panel", "show", "--lang", lang)
    assert ran.code == 0, ran.err
    assert [word for word in words if word not in ran.out] == []
    # Every source is named whole, whatever the width.
    assert "Weibo accounts met in topic searches, 2024" in " ".join(ran.out.replace("│", " ").split())
    assert "…" not in ran.out


def test_panel_show_of_ones_own(zhenfen: Runner, own_panel: Path, tmp_path: Path) -> None:
    ran = zhenfen("panel", "show", "--panel", own_panel)
    assert "house panel" in ran.out
    assert "Weibo" in ran.out.partition("No peers")[0]
    assert "Douyin" not in ran.out.partition("No peers")[0]
    (tmp_path / "no.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert zhenfen("panel", "show", "--panel", tmp_path / "no.csv").code == 2


@pytest.fixture
def _scored_once(kept: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Findings are the same in every language."""
    monkeypatch.setattr(vet, "score", keep_first(vet.score, kept))


@pytest.mark.usefixtures("_scored_once")
@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", "holds no peers on Xiaohongshu; for this family it covers only: Weibo"),
        ("zh", "没有小红书上的达人；这一维度仅覆盖：微博"),
        ("fr", "aucun compte de Xiaohongshu ; pour ce volet, il couvre seulement : Weibo"),
    ],
)
def test_a_panel_without_the_platform_is_told_in_the_readers_language(
    zhenfen: Runner, own_panel: Path, tmp_path: Path, lang: str, words: str
) -> None:
    write_tables(simulate(["organic_small"], seed=1, platforms=("xiaohongshu",)).tables, tmp_path / "tables")
    ran = zhenfen("vet", tmp_path / "tables", "--out", tmp_path / "out", "--panel", own_panel, "--lang", lang)
    assert ran.code == 0, ran.err
    page = json.loads(next((tmp_path / "out").glob("creator-*.json")).read_text(encoding="utf-8"))
    engagement = next(one for one in page["families"] if one["family"] == "engagement")
    assert engagement["level"] == "not_assessed"
    assert words in engagement["coverage_text"].replace("\u202f", " ").replace("\xa0", " ")
    html = next((tmp_path / "out").glob("creator-*.html")).read_text(encoding="utf-8")
    assert words in html.replace("\u202f", " ").replace("\xa0", " ")


def test_a_panel_of_two_creators_is_refused(zhenfen: Runner, small_tables: Path, tmp_path: Path) -> None:
    ran = zhenfen("panel", "build", small_tables, "--out", tmp_path / "panel.csv")
    assert ran.code == 2
    assert "at least 30 creators" in ran.err
    assert not (tmp_path / "panel.csv").exists()


def test_the_demo_is_the_same_for_everybody(zhenfen: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        monkeypatch.setenv("ZHENFEN_HOME", str(tmp_path / f"home-{name}"))
        ran = zhenfen("demo", "--out", tmp_path / name)
        assert ran.code == 0, ran.err
    assert report_bytes(tmp_path / "one") == report_bytes(tmp_path / "two")
    assert len(list((tmp_path / "one").glob("creator-*.html"))) == 12
    assert str(tmp_path / "two" / "index.html") in ran.out
    assert "Seconds" in ran.out


@pytest.mark.data
@pytest.mark.usefixtures("by_letters_alone")
def test_the_real_search_export(zhenfen: Runner, data_dir: Path, tmp_path: Path) -> None:
    ran = zhenfen("vet", data_dir / "exports" / "mediacrawler_xhs", "--out", tmp_path / "out", "--lang", "zh")
    assert ran.code == 0, ran.err
    index = json.loads((tmp_path / "out" / "index.json").read_text(encoding="utf-8"))
    assert (index["language"], index["n_creators"]) == ("zh", 200)
    assert {one["family"] for one in index["not_assessed"] if one["is_all"]} >= {"growth", "audience"}
    assert index["shared"]["n_groups"] >= 1
    assessed = [one for row in index["creators"] for one in row["families"] if one["level"] != "not_assessed"]
    assert "comments" in {one["family"] for one in assessed}


@pytest.mark.data
@pytest.mark.usefixtures("by_letters_alone")
def test_the_real_timelines(zhenfen: Runner, data_dir: Path, tmp_path: Path) -> None:
    ran = zhenfen("vet", data_dir / "exports" / "weibo_statuses", "--out", tmp_path / "out", "--lang", "fr")
    assert ran.code == 0, ran.err
    assert json.loads((tmp_path / "out" / "index.json").read_text(encoding="utf-8"))["n_creators"] == 2


def empty_folder(path: Path) -> Path:
    path.mkdir()
    return path


def torn_json(path: Path) -> Path:
    path.mkdir()
    (path / "search_contents_2026-01-01.json").write_text('[{"note_id": "1", "title": "', encoding="utf-8")
    return path


def unknown_format(path: Path) -> Path:
    path.mkdir()
    (path / "holiday.csv").write_text("colour,taste\nred,sweet\n", encoding="utf-8")
    return path


def zip_that_climbs(path: Path) -> Path:
    import zipfile

    archive = path.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("../outside.csv", "a,b\n1,2\n")
    return archive


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (empty_folder, "export"),
        (torn_json, "search_contents_2026-01-01.json"),
        (unknown_format, "holiday.csv"),
        (zip_that_climbs, "outside.csv"),
    ],
)
@pytest.mark.parametrize("command", ["vet", "import"])
def test_bad_input_is_named_and_leaves_nothing(zhenfen: Runner, tmp_path: Path, make, said: str, command: str) -> None:
    export = make(tmp_path / "export")
    options = ("--obtained-how", "a test") if command == "import" else ()
    ran = zhenfen(command, export, "--out", tmp_path / "out", *options)
    assert ran.code == 2
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "out").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_an_unknown_creator_is_named(zhenfen: Runner, small_tables: Path, tmp_path: Path) -> None:
    ran = zhenfen("vet", small_tables, "--out", tmp_path / "out", "--creator", "nobody")
    assert ran.code == 2
    assert "nobody" in ran.err


@pytest.mark.parametrize("command", [("vet",), ("import", "--obtained-how", "a test")])
def test_a_folder_of_somebodys_files_is_refused_before_the_work(
    zhenfen: Runner, small_tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    for module in (importing, vetting):
        monkeypatch.setattr(module, "import_export", None)
    (tmp_path / "thesis.docx").touch()
    ran = zhenfen(*command, small_tables, "--out", tmp_path)
    assert ran.code == 2
    assert "thesis.docx" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


def test_check_lists_every_problem(zhenfen: Runner, tmp_path: Path) -> None:
    bad = pl.DataFrame({"post_id": ["1", "1"], "creator_id": ["a", "a"], "n_likes": [-1, 3], "media_kind": ["?", None]})
    bad.write_parquet(tmp_path / "posts.parquet")
    ran = zhenfen("check", tmp_path)
    assert ran.code == 2
    assert all(word in ran.err for word in ("n_likes", "media_kind", "each key once", "row 1"))


def test_hostile_names_do_not_reach_the_terminal_raw(zhenfen: Runner, tmp_path: Path) -> None:
    export = tmp_path / "export.csv"
    export.write_text("达人昵称,平台,粉丝数,日期\n\x1b[31m<script>红\x07,抖音,1200,2026-01-01\n", encoding="utf-8")
    ran = zhenfen("vet", export, "--out", tmp_path / "out")
    assert ran.code == 0, ran.err
    assert "\x1b" not in ran.out
    assert "\x07" not in ran.out
    assert "<script>" not in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("lang", "platform"),
    [
        ("zh", "缺少“平台”列，请用 --platform 说明"),
        ("en", 'there is no column "platform"'),
        ("fr", "aucune colonne de plateforme ; précisez-la"),
    ],
)
def test_what_only_the_user_can_say_is_asked_for_in_their_language(
    zhenfen: Runner, tmp_path: Path, lang: str, platform: str
) -> None:
    export, options = tmp_path / "达人.csv", ("--out", tmp_path / "out", "--lang", lang)
    export.write_text("达人昵称,粉丝数\n小王,1200\n", encoding="utf-8")
    ran = zhenfen("vet", export, *options)
    said = " ".join(ran.err.split())  # however wide the terminal
    assert (ran.code, platform in said, "达人.csv" in said, "expected" in said) == (2, True, True, False)
    # When the sheet was made is told by the file, and that is said.
    os.utime(export, (0, 1_780_000_000))  # 2026-05-28
    ran = zhenfen("vet", export, "--platform", "douyin", *options)
    assert ran.code == 0
    dated = Catalogue(lang).text("cli.read_as.dated", day="2026-05-28")
    assert " ".join(dated.split()) in " ".join(ran.out.split())
