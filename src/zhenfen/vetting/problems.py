"""What is wrong with an export, in the reader's language: where it stands, what is there, what was expected."""

from __future__ import annotations

import re

from zhenfen.connectors.reading.reasons import REASONS
from zhenfen.errors import LONGEST_VALUE_CHARS, Problem
from zhenfen.messages import Catalogue

_KEYS = {words: key for key, words in REASONS.items()}
_WITH_HEADINGS = (".csv", ".xlsx")
"""Kinds whose rows a person counts below the headings; of others the number is the record's, or the line's."""
_EXPECTED = {
    r"the column to be there": "column_there",
    r"the column to be there once": "column_once",
    r"type (?P<type>.*)": "type",
    r"a number from 0 to (?P<high>\S+)": "number",
    r"a time between (?P<first>\S+) and (?P<last>\S+)": "between",
    r"a time such as (?P<such>\S+), in UTC where it names no zone": "moment",
    r"one of the columns (?P<columns>.*)": "columns",
    r"the columns of one of the platforms (?P<platforms>.*)": "platforms",
    r"one of (?P<choices>.*)": "one_of",
    r"an id that is not empty": "id",
    r"an id": "some_id",
    r"each key once": "key",
    r"text in UTF-8": "utf8",
    r"numbers and times that fit 64 bits": "bits",
    r"a text": "text",
    r"a whole number": "whole_number",
    r"a number": "any_number",
    r"true or false": "flag",
    r"a whole Parquet file": "parquet",
    r"a folder of Parquet files or (?P<kinds>.*)": "tables",
    r"at least one of (?P<files>.*)": "some_table",
}
"""An expectation of the contract in English → message."""


def tell_problem(problem: Problem, catalogue: Catalogue) -> str:
    """Where something is wrong, what stands there, what was expected and what helps."""
    value = problem.value or ""
    if len(value) > LONGEST_VALUE_CHARS:
        value = value[: LONGEST_VALUE_CHARS - 1] + "…"
    fields = {"file": problem.file, "value": value, "column": problem.column or "", **problem.fields}
    if problem.key and problem.key.startswith("problem."):
        return catalogue.text(problem.key, **fields)
    file, _, sheet = problem.file.partition(":")
    place = [file]
    if sheet:
        place.append(catalogue.text("problem.sheet", sheet=sheet))
    if problem.row:
        kind = "problem.row" if file.lower().endswith(_WITH_HEADINGS) else "problem.record"
        place.append(catalogue.text(kind, row=catalogue.number(problem.row, 0)))
    if problem.column:
        place.append(catalogue.text("problem.column", column=problem.column))
    key = problem.key or _KEYS.get(problem.expected)
    known = key is not None and catalogue.has(key)
    expected = catalogue.text(key, **fields) if key and known else tell_expected(problem.expected, catalogue)
    where = catalogue.text("problem.between").join(place)
    if problem.value is None:
        return catalogue.text("problem.expected", where=where, expected=expected)
    return catalogue.text("problem.found", where=where, value=value, expected=expected)


def tell_expected(words: str, catalogue: Catalogue) -> str:
    """What the contract expects, in the catalogue's language; as it is where it is nothing that is known here."""
    if more := re.fullmatch(r"(.*) \(and (\d+) more rows\)", words, flags=re.S):
        first = tell_expected(more[1], catalogue)
        return catalogue.text("expected.more_rows", expected=first, n=catalogue.number(int(more[2]), 0))
    for pattern, key in _EXPECTED.items():
        if found := re.fullmatch(pattern, words, flags=re.S):
            return catalogue.text(f"expected.{key}", **found.groupdict())
    return words
