"""File names of pages."""

import re

import pytest

from zhenfen.report.filename import page_stem

HOSTILE = [
    "",
    ".",
    "..",
    "../../etc/passwd",
    "a/b",
    "a\\b",
    "C:\\x",
    "con",
    "A",
    "ABC",
    "id with space",
    "名字",
    "x" * 300,
    "a\x00b",
    "<b>",
    "\ud800",
    "a.html",
    "%2e%2e",
]


@pytest.mark.parametrize("creator_id", [*HOSTILE, "abc-1_2"])
def test_any_id_gives_a_short_plain_name(creator_id):
    stem = page_stem(creator_id)
    assert re.fullmatch(r"creator-[a-z0-9_-]+", stem)
    assert len(stem) <= 80


def test_a_plain_id_is_kept():
    assert page_stem("5f3a9c") == "creator-5f3a9c"


def test_names_differ_for_ids_that_differ_in_case_or_in_a_lost_character():
    ids = [*HOSTILE, "a", "abc", "a-b", "a b", "名", "a_b"]
    assert len({page_stem(creator_id) for creator_id in ids}) == len(ids)


def test_no_id_can_be_made_to_take_another_page():
    taken = page_stem("A").removeprefix("creator-")
    assert page_stem(taken) != page_stem("A")
