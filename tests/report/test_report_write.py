"""The report folder."""

import json

import pytest
from report_builder import Builder
from report_scenes import rich, thin

from zhenfen.errors import ConfigError
from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.report.shortlist import summarise_shortlist
from zhenfen.report.summarise import summarise_creator
from zhenfen.report.write import write_report

BESIDE = {"shortlist.xlsx", "compare.html", "roster.html", "roster.json"}


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_is_pages_their_data_and_a_spreadsheet(tmp_path, language):
    findings, tables = rich().build()
    pages = write_report(findings, tables, tmp_path / "out", language)
    assert pages[0] == tmp_path / "out" / "index.html"
    assert len(pages) == 4
    assert all(page.read_text("utf-8").startswith("<!DOCTYPE html>") for page in pages)
    names = {page.name for page in pages} | {page.with_suffix(".json").name for page in pages}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names | BESIDE


def test_the_data_beside_a_page_is_the_dict_it_was_made_from(tmp_path):
    findings, tables = rich().build()
    write_report(findings, tables, tmp_path / "out", "zh")
    made = json.loads((tmp_path / "out" / "creator-a.json").read_text("utf-8"))
    assert made == summarise_creator(findings, tables, "a", Catalogue("zh"))
    index = json.loads((tmp_path / "out" / "index.json").read_text("utf-8"))
    assert index == summarise_shortlist(findings, tables, Catalogue("zh"))


def test_the_same_input_gives_the_same_bytes(tmp_path):
    findings, tables = rich().build()
    for name in ("one", "two"):
        write_report(findings, tables, tmp_path / name, "fr")
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_an_older_report_is_replaced_whole(tmp_path):
    write_report(*rich().build(), tmp_path / "out", "en")
    write_report(*thin(2).build(), tmp_path / "out", "en")
    assert {path.stem for path in (tmp_path / "out").glob("creator-*.html")} == {"creator-x0000", "creator-x0001"}


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "contract.docx").write_text("mine")
    with pytest.raises(ConfigError, match=r"contract\.docx"):
        write_report(*rich().build(), tmp_path, "en")
    assert [path.name for path in tmp_path.iterdir()] == ["contract.docx"]


def test_a_folder_of_tables_is_not_taken_for_a_report(tmp_path):
    (tmp_path / "creators.parquet").write_bytes(b"x")
    with pytest.raises(ConfigError, match=r"creators\.parquet"):
        write_report(*rich().build(), tmp_path, "en")


def test_a_failed_run_leaves_the_older_report(tmp_path, monkeypatch):
    write_report(*thin(1).build(), tmp_path / "out", "en")
    before = content(tmp_path / "out")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("zhenfen.report.write.write_xlsx", fail)
    with pytest.raises(OSError, match="disk full"):
        write_report(*rich().build(), tmp_path / "out", "en")
    assert content(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_unknown_language_is_an_error_before_anything_is_written(tmp_path):
    with pytest.raises(ConfigError, match="expected one of zh, en, fr"):
        write_report(*rich().build(), tmp_path / "out", "de")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("creator_id", ["../../etc/x", "A/b", "名字", "x" * 300, "a b", "CON"])
def test_hostile_ids_stay_in_the_folder(tmp_path, creator_id):
    builder = Builder().creator(creator_id).unassessed(creator_id, "growth")
    pages = write_report(*builder.build(), tmp_path / "deep" / "out", "en")
    assert all(page.parent == tmp_path / "deep" / "out" and page.is_file() for page in pages)
    assert len(list(tmp_path.rglob("*.html"))) == 2


def test_progress_counts_pages_to_the_end(tmp_path):
    told = []
    write_report(*rich().build(), tmp_path / "out", "en", on_progress=lambda *step: told.append(step))
    assert told == [("report", 0, 4), ("report", 1, 4), ("report", 2, 4), ("report", 4, 4)]


def test_a_shortlist_of_nobody_is_a_page(tmp_path):
    findings, tables = rich().build()
    none = findings.creators.clear()
    object.__setattr__(findings, "creators", none)
    assert [page.name for page in write_report(findings, tables, tmp_path / "out", "en")] == ["index.html"]
