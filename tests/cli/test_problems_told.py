"""Problems in the reader's language: places as a person counts them, every expectation, and what is kept of many."""

from __future__ import annotations

import stat
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from cli_runner import Runner

from zhenfen.cli.terminal_import import LISTING, MOST_LINES, tell_problems
from zhenfen.config import user_config_dir
from zhenfen.errors import InputError, Problem
from zhenfen.messages import Catalogue
from zhenfen.tables import TABLES, check_tables
from zhenfen.tables.contract import READABLE, rule_of
from zhenfen.vetting.problems import tell_expected, tell_problem


def many(n: int) -> list[Problem]:
    return [Problem("a value", "达人.csv", row=row, column="粉丝数", value="很多") for row in range(1, n + 1)]


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("达人.csv", "row 3 below the headings"),
        ("达人.XLSX:作品", "row 3 below the headings"),
        ("达人.parquet", "row 3,"),
        ("a.jsonl", "row 3,"),
        ("creators", "row 3,"),
    ],
)
def test_rows_are_counted_as_the_file_has_them(file: str, said: str) -> None:
    line = tell_problem(Problem("a value", file, row=3, column="x"), Catalogue("en"))
    assert said in line
    assert ("below" in line) is ("below" in said)


@pytest.mark.parametrize("language", ["zh", "fr"])
def test_what_the_contract_expects_is_in_the_readers_language(language: str) -> None:
    catalogue = Catalogue(language)
    expected = {rule_of(column).expected for table in TABLES.values() for column in table.columns} - {""}
    expected |= set(READABLE.values()) | {f"{one} (and 7 more rows)" for one in expected}
    strange = pl.DataFrame({"creator_id": ["a", "a", None], "observed_at": [datetime(2024, 1, 1)] * 3})
    with pytest.raises(InputError) as caught:
        check_tables({"follower_counts": strange, "posts": pl.DataFrame({"post_id": [1]})})
    expected |= {problem.expected for problem in caught.value.problems}
    assert len(expected) > 20
    same = [words for words in expected if tell_expected(words, catalogue) == words]
    # In French a type is a type.
    assert [words for words in same if not words.startswith("type ")] == []
    assert tell_expected("something else", catalogue) == "something else"


def test_of_many_problems_the_rest_stands_in_a_file_of_the_users_own() -> None:
    catalogue, listing = Catalogue("zh"), user_config_dir() / LISTING
    assert len(tell_problems(many(MOST_LINES), catalogue)) == MOST_LINES
    assert not listing.exists()
    lines = tell_problems(many(MOST_LINES + 5), catalogue)
    assert len(lines) == MOST_LINES + 1
    assert str(listing) in lines[-1]
    assert len(listing.read_text(encoding="utf-8").splitlines()) == MOST_LINES + 5
    assert stat.S_IMODE(listing.stat().st_mode) == 0o600
    tell_problems(many(1), catalogue)
    assert not listing.exists()


def test_a_run_that_ends_well_takes_the_listing_away(zhenfen: Runner, tmp_path: Path) -> None:
    lines = [f"小王,微博,{number}" for number in range(MOST_LINES + 5)]
    (tmp_path / "达人.csv").write_text("\n".join(["达人昵称,平台,粉丝数", *(f"{one},多,出" for one in lines)]), "utf-8")
    options = ("--out", tmp_path / "tables", "--obtained-how", "test")
    ran = zhenfen("import", tmp_path / "达人.csv", *options)
    assert ran.code == 2
    listing = user_config_dir() / LISTING
    assert listing.exists()
    assert str(listing) in ran.err
    (tmp_path / "达人.csv").write_text("\n".join(["达人昵称,平台,粉丝数", lines[0]]), "utf-8")
    assert zhenfen("import", tmp_path / "达人.csv", *options).code == 0
    assert not listing.exists()
