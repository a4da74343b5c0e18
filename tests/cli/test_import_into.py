from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cli_runner import Runner

from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.tables import read_tables

HOW = ("--obtained-how", "a test")


def shortlist(folder: Path, day: str, n_followers: int) -> Path:
    path = folder / f"达人_{day}.csv"
    path.write_text(f"达人昵称,平台,粉丝数\n小美,小红书,{n_followers}\n", encoding="utf-8")
    return path


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_two_weeks_make_a_series_whatever_their_order(zhenfen: Runner, tmp_path: Path) -> None:
    files = [shortlist(tmp_path, f"2026-08-0{day}", 1000 + day) for day in (1, 8)]
    for name, order in {"a": files, "b": files[::-1]}.items():
        for path in order:
            ran = zhenfen("import", path, "--into", tmp_path / name, *HOW, "--lang", "zh")
            assert ran.code == 0, ran.err
            assert Catalogue("zh").text("cli.joined.follower_counts") in ran.out
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert read_tables(tmp_path / "a")["follower_counts"]["n_followers"].to_list() == [1001, 1008]


def test_the_same_file_again_changes_no_byte(zhenfen: Runner, tmp_path: Path) -> None:
    path = shortlist(tmp_path, "2026-08-01", 1000)
    zhenfen("import", path, "--into", tmp_path / "tables", *HOW)
    before = digests(tmp_path / "tables")
    ran = zhenfen("import", path, "--into", tmp_path / "tables", "--obtained-how", "told otherwise")
    assert ran.code == 0
    assert Catalogue("en").text("cli.joined.unchanged") in ran.out
    assert digests(tmp_path / "tables") == before


def test_into_and_out_exclude_each_other(zhenfen: Runner, tmp_path: Path) -> None:
    path = shortlist(tmp_path, "2026-08-01", 1000)
    ran = zhenfen("import", path, "--into", tmp_path / "a", "--out", tmp_path / "b", *HOW, "--lang", "fr")
    assert (ran.code, ran.err.strip()) == (2, Catalogue("fr").text("cli.import.both"))


def test_ids_of_another_kind_are_refused_and_nothing_is_written(zhenfen: Runner, tmp_path: Path) -> None:
    zhenfen("import", shortlist(tmp_path, "2026-08-01", 1000), "--into", tmp_path / "tables", *HOW)
    before = digests(tmp_path / "tables")
    second = shortlist(tmp_path, "2026-08-08", 1001)
    ran = zhenfen("import", second, "--into", tmp_path / "tables", *HOW, "--keep-ids")
    assert ran.code == 2
    assert "--keep-ids" in ran.err
    assert digests(tmp_path / "tables") == before


def test_a_folder_of_somebody_else_is_left_alone(zhenfen: Runner, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    ran = zhenfen("import", shortlist(tmp_path, "2026-08-01", 1), "--into", tmp_path / "mine", *HOW)
    assert ran.code == 2
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_tables_whose_key_is_not_here_are_said_before_one_is_made(
    zhenfen: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    zhenfen("import", shortlist(tmp_path, "2026-08-01", 1000), "--into", tmp_path / "tables", *HOW)
    second = shortlist(tmp_path, "2026-09-01", 1200)
    # Another machine, to which the tables alone were brought; then this one, from which the key alone is gone.
    monkeypatch.setenv("ZHENFEN_HOME", str(tmp_path / "elsewhere"))
    ran = zhenfen("import", second, "--into", tmp_path / "tables", *HOW, "--lang", lang)
    assert (ran.code, Catalogue(lang).text("problem.ids_key", file=tmp_path / "tables") in ran.err) == (2, True)
    assert not (tmp_path / "elsewhere").exists()
    monkeypatch.setenv("ZHENFEN_HOME", str(tmp_path / "home"))
    zhenfen("import", second, "--out", tmp_path / "other", *HOW)
    name = (tmp_path / "home" / "hmac.key.name").read_text().strip()
    (tmp_path / "home" / "hmac.key").unlink()
    ran = zhenfen("import", second, "--out", tmp_path / "third", *HOW, "--lang", lang)
    said = Catalogue(lang).text("problem.key_lost", file="hmac.key", name=name)
    assert (ran.code, said in ran.err) == (2, True), ran.err
    assert not (tmp_path / "third").exists()
