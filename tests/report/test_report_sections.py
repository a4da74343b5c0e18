"""Sections: found by themselves, shown by their names, given the frames that they declare and no others."""

import shutil
from typing import ClassVar

import polars as pl
import pytest
from report_builder import SCHEMAS, Builder

from zhenfen.features.base import load_families
from zhenfen.messages import Catalogue
from zhenfen.report import coverage, html, overall, shortlist, then
from zhenfen.report.case import Setting, open_case
from zhenfen.report.lines import SheetLines
from zhenfen.report.section import FamilySection, FamilySheet, family_rank, load_sections
from zhenfen.report.summarise import summarise_creator
from zhenfen.report.xlsx import make_sheets
from zhenfen.verdict.changes import OVERALL

EN = Catalogue("en")


@pytest.fixture
def toy(monkeypatch, tmp_path):
    """One new class and one new template; nothing else of the report knows of them."""
    monkeypatch.setattr(FamilySection, "registry", dict(load_sections()))
    monkeypatch.setattr(html, "TEMPLATES", tmp_path / "templates")
    shutil.copytree(html.Path(html.__file__).parent / "templates", tmp_path / "templates")
    (tmp_path / "templates" / "sections" / "toy.html").write_text("<p>{{ r.toy.n_wheels }} wheels</p>\n")
    monkeypatch.setitem(SCHEMAS, "toy", {"wheels": {"creator_id": pl.String(), "size": pl.Int64()}})

    class ToySection(FamilySection, family="toy", place=7):
        reads: ClassVar = {"toy": ("wheels",)}
        causes = ("talk",)
        sheet = FamilySheet("report.sheet.posts", {"n": ("report.col.n", "count")})

        def summarise(self, case):
            wheels = case.detail("toy", "wheels")
            return None if wheels is None else {"n_wheels": wheels.height}

        def ask(self, case, part, *, is_outside):
            return [f"Why {part['n_wheels']} wheels?"] if is_outside else []

        def list_lines(self, part, catalogue):
            return [{"n": part["n_wheels"]}]

    return ToySection


def scene():
    builder = Builder().creator("a").assessed("a", "toy", {"feature": "toy_share", "value": 0.3, "contribution": 3.0})
    return builder.detail("a", "toy", "wheels", [{"size": 1}, {"size": 2}, {"size": 3}]).build()


def test_a_new_section_stands_on_the_page_without_another_edit(toy):
    summary = summarise_creator(*scene(), "a", EN)
    assert summary["toy"] == {"n_wheels": 3}
    assert summary["questions"] == ["Why 3 wheels?"]
    (family,) = summary["families"]
    assert family["possible"] == [EN.text("report.possible.talk"), EN.text("report.possible.others")]
    page = html.render_creator(summary)
    assert '<span id="toy"></span>' in page
    assert "<p>3 wheels</p>" in page


def test_a_new_section_has_its_sheet(toy):
    findings, tables = scene()
    lines = SheetLines()
    lines.add(summarise_creator(findings, tables, "a", EN))
    sheets = make_sheets(shortlist.summarise_shortlist(findings, tables, EN), lines)
    assert [[3]] in [list(sheet.rows) for sheet in sheets]


def test_families_stand_in_the_order_an_analyst_reads_in():
    """Reach, response, talk, adverts, who they are, ties, live rooms; what has no section follows."""
    order = ["growth", "engagement", "comments", "sponsorship", "audience", "network", "live"]
    assert list(load_sections()) == order
    assert sorted(["zebra", *reversed(order), "apple"], key=family_rank) == [*order, "apple", "zebra"]


def test_no_two_sections_share_a_place():
    places = [section.place for section in load_sections().values()]
    assert len(set(places)) == len(places)


@pytest.mark.usefixtures("toy")
def test_a_frame_that_was_not_declared_is_refused():
    case = open_case(Setting(*scene(), EN), "a").reading({"toy": ("wheels",)})
    assert case.detail("toy", "wheels").height == 3
    for family, name in (("toy", "spokes"), ("growth", "daily")):
        with pytest.raises(LookupError, match=f"frame '{name}' of '{family}' is read, but only"):
            case.detail(family, name)


def test_every_section_has_a_template_and_reads_its_own_family():
    for name, section in load_sections().items():
        assert (html.TEMPLATES / "sections" / f"{name}.html").is_file()
        assert name in section.reads


def test_what_is_read_is_measured_by_a_family_or_over_all_families():
    declared = [section.reads for section in load_sections().values()]
    declared += [part.READS for part in (coverage, overall, then)]
    assert {family for reads in declared for family in reads} <= {*load_families(), OVERALL}
