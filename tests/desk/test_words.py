"""What the desk says is said in the reader's language: columns, tables, and why a job failed."""

from __future__ import annotations

from typing import Any

import pytest

from zhenfen.connectors.reading.headings import load_headings
from zhenfen.desk.intake import name_columns, name_table
from zhenfen.desk.job import tell_job
from zhenfen.errors import Problem
from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.service.jobs import Job
from zhenfen.vetting.problems import tell_problem


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_and_column_that_a_sheet_may_be_has_a_name(language: str) -> None:
    catalogue = Catalogue(language)
    for table in load_headings().columns:
        assert name_table(table, catalogue)
        unnamed = [value for value, name in name_columns(table, catalogue) if "_" in name]
        assert unnamed == [], table


def fail(error: dict[str, Any]) -> Job:
    return Job("1" * 32, "local", {}, "failed", 1, None, error, (), "2026-11-01", None, None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_failure_is_told_problem_by_problem(language: str) -> None:
    problem = Problem("at most 3 short lines", "list.csv", row=2, key="expected.digits", fields={"n": "3"})
    noted = {name: getattr(problem, name) for name in ("file", "row", "column", "value", "expected", "key", "fields")}
    catalogue = Catalogue(language)
    told = tell_job(fail({"code": "bad_input", "text": "unusable", "problems": [noted], "n_problems": 1}), catalogue)
    assert told["why"] == [tell_problem(problem, catalogue)]


@pytest.mark.parametrize("code", ["worker_died", "took_too_long", "internal", "disk_full"])
def test_a_failure_without_problems_is_told_in_every_language(code: str) -> None:
    error = {"code": code, "text": "the words of the service", "problems": [], "n_problems": 0}
    told = {language: tell_job(fail(error), Catalogue(language))["why"] for language in LANGUAGES}
    assert told == {language: [Catalogue(language).text(f"desk.error.{code}")] for language in LANGUAGES}
    assert len({one[0] for one in told.values()}) == len(LANGUAGES)
