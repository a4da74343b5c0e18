"""Every frame behind a report is declared, with the columns that it really has."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from toy_models import toy_models
from zhenfen.model_store import load_models
from zhenfen.report import coverage, overall, then
from zhenfen.report.section import load_sections
from zhenfen.scoring import score
from zhenfen.scoring.details import describe_details
from zhenfen.simulate import shortlist
from zhenfen.tables import Tables
from zhenfen.verdict.evidence import Findings

REPORT = Path(__file__).parents[1] / "src" / "zhenfen" / "report"


@cache
def demo() -> Tables:
    return shortlist(20261).tables


def thin() -> Tables:
    """Creators of whom a profile is known, and one count of one of them."""
    return Tables({"creators": demo()["creators"], "follower_counts": demo()["follower_counts"].head(1)})


def check(found: Findings) -> None:
    declared = describe_details()
    for family, frames in found.details.items():
        for name, frame in frames.items():
            assert list(frame.schema.items()) == list(declared[family][name].items()), (family, name)


@pytest.mark.usefixtures("by_letters_alone")
def test_with_the_models_of_the_shelf_every_declared_frame_is_there_and_fits_its_schema() -> None:
    found = score(demo(), load_models())
    check(found)
    assert {family: set(frames) for family, frames in found.details.items()} == {
        family: set(frames) for family, frames in describe_details().items()
    }


@pytest.mark.parametrize("changes", [{}, {"comment": None, "post": None, "creator": None}])
def test_of_thin_tables_or_without_models_no_other_frame_comes(changes: dict[str, None]) -> None:
    check(score(thin(), toy_models(**changes)))


def test_what_a_part_of_a_report_says_it_reads_is_declared_and_all_that_is_declared_is_read() -> None:
    reads = [section.reads for section in load_sections().values()]
    reads += [part.READS for part in (coverage, overall, then)]
    read = {(family, name) for part in reads for family, names in part.items() for name in names}
    declared = {(family, name) for family, frames in describe_details().items() for name in frames}
    assert read - declared == set()
    assert declared - read == set()


def test_a_report_asks_for_declared_frames_alone() -> None:
    declared = describe_details()
    names = {name for frames in declared.values() for name in frames}
    asked = [
        [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
        for path in sorted(REPORT.rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "detail"
    ]
    assert asked
    for literals in asked:
        # A family and a frame of it, or one of the two where the other is no literal.
        one, *others = literals or [""]
        assert others[0] in declared[one] if others else one in {*declared, *names, ""}, literals
