"""Labels of one's own from a CSV file: which columns are read, what is refused and how, and what shares a split."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

import polars as pl
import pytest
from training import audience, comment, post
from training.command import end_with_errors
from training.labels import LabelForm, add_labels_option, read_labels, take_labels

from zhenfen.errors import InvalidTableError, MissingTableError, UnreadableFileError

FORM = audience.LABELS
HEADINGS = {"profile_id": "用户", "n_followers": "粉丝数", "is_fake": "假"}


def write(folder: Path, n: int = 40, **columns: object) -> Path:
    """Profiles of Weibo, every other one fake."""
    path = folder / "mine 1.csv"
    frame = pl.DataFrame(
        {"用户": [f"u{at}" for at in range(n)], "粉丝数": list(range(n)), "假": [at % 2 for at in range(n)]}
    )
    said = {name: one if isinstance(one, pl.Series) else pl.lit(one) for name, one in columns.items()}
    frame.with_columns(备注=pl.lit("x"), **said).write_csv(path)
    return path


def test_mapped_columns_are_read_and_the_others_named(tmp_path: Path) -> None:
    labels, unused = read_labels(write(tmp_path), {**HEADINGS, "platform": "weibo"}, FORM)
    assert unused == ["备注"]
    assert labels.rows["profile_id"].to_list()[:2] == ["u0", "u1"]
    assert labels.rows["n_followers"].dtype == pl.Int64
    assert labels.rows["is_fake"].sum() == 20
    assert set(labels.rows["platform"]) == {"weibo"}
    assert labels.rows["level"].null_count() == 40
    assert (labels.source.source, labels.source.rows) == ("labels:mine_1", 40)
    # Where the file lies is the machine's own, and stays out of model.yaml.
    assert "path" not in labels.source.model_dump()


def test_numbers_may_be_ids(tmp_path: Path) -> None:
    path = write(tmp_path, 用户=pl.Series(range(1000, 1040)), platform="weibo")
    assert read_labels(path, HEADINGS, FORM)[0].rows["profile_id"][0] == "1000"


@pytest.mark.parametrize(
    ("columns", "headings", "places"),
    [
        ({}, HEADINGS, [(None, "platform")]),
        ({"platform": "weibo"}, {"profile_id": "用户", "n_followers": "粉丝数"}, [(None, "is_fake")]),
        ({"platform": "weibo"}, {**HEADINGS, "is_fake": "none"}, [(None, "none")]),
        ({"platform": pl.Series(["weibo"] * 38 + [None, "weibo"])}, HEADINGS, [(39, "platform")]),
        ({"platform": "weibo", "假": pl.Series([None] + [1, 0] * 19 + [1])}, HEADINGS, [(1, "假")]),
        ({"platform": "weibo", "粉丝数": pl.Series([1.5] + [3.0] * 39)}, HEADINGS, [(1, "粉丝数")]),
        ({"platform": "myspace"}, HEADINGS, [(1, "platform")]),
        ({"platform": "weibo", "假": 1}, HEADINGS, [(None, "is_fake")]),
        ({"platform": "weibo", "用户": "same"}, HEADINGS, [(None, "is_fake")]),
    ],
)
def test_what_cannot_be_used_is_named_by_file_row_and_column(
    columns: dict, headings: dict, places: list, tmp_path: Path
) -> None:
    path = write(tmp_path, **columns)
    with pytest.raises(InvalidTableError) as caught:
        read_labels(path, headings, FORM)
    found = [(one.row, one.column) for one in caught.value.problems]
    assert found[: len(places)] == places
    assert {one.file for one in caught.value.problems} == {str(path)}


def test_too_few_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(MissingTableError, match="at least 30 labels"):
        read_labels(write(tmp_path, n=29, platform="weibo"), HEADINGS, FORM)
    with pytest.raises(UnreadableFileError, match="a CSV file"):
        read_labels(tmp_path / "none.csv", HEADINGS, FORM)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--map", "follower=粉丝数"], "expected COLUMN=HEADING, COLUMN one of profile_id"),
        (["--map", "n_followers"], "expected COLUMN=HEADING"),
        (["--map", "n_followers=粉丝数"], "expected --labels FILE.csv with it"),
        (["--labels", "none.csv"], "expected a CSV file"),
    ],
)
def test_the_command_line_ends_with_2(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = ArgumentParser()
    add_labels_option(parser)
    with pytest.raises(SystemExit) as stopped, end_with_errors(parser):
        take_labels(parser.parse_args(arguments), FORM)
    assert stopped.value.code == 2
    assert told in capsys.readouterr().err


def test_unused_columns_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parser = ArgumentParser()
    add_labels_option(parser)
    maps = [f"{name}={heading}" for name, heading in {**HEADINGS, "platform": "weibo"}.items()]
    given = ["--labels", str(write(tmp_path)), *(part for one in maps for part in ("--map", one))]
    assert take_labels(parser.parse_args(given), FORM) is not None
    assert "columns that are not used: 备注" in capsys.readouterr().err
    assert take_labels(parser.parse_args([]), FORM) is None


@pytest.mark.parametrize("form", [audience.LABELS, comment.LABELS, post.LABELS])
def test_every_form_reads_columns_of_the_contract(form: LabelForm) -> None:
    names = [column.name for column in form.columns]
    assert len(names) == len(set(names))
    assert {*form.needed, form.label} <= set(names)
