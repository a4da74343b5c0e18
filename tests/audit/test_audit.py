"""The audit loop: draw, label, take back, estimate again; and every way to get it wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from audit_builder import (
    N_PROFILES,
    by_truth,
    draw,
    drawn_ids,
    estimate,
    fill,
    rewrite,
    score_profiles,
    truth,
    write_audience,
)

from zhenfen.audit.loop import Applied, apply_labels, make_sample
from zhenfen.audit.sheet import DESIGN_SHEET, DRAW_SHEET
from zhenfen.errors import ConfigError, InputError, UnreadableFileError
from zhenfen.estimators.prevalence import Prevalence
from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.tables import Tables, read_tables, write_tables

LABELLED_AT = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_audience(tmp_path / "tables")


def apply(file: Path, folder: Path | None = None) -> Applied[Prevalence]:
    return apply_labels(file, folder, estimate, LABELLED_AT)


def stored(folder: Path) -> pl.DataFrame:
    return read_tables(folder)["audit_labels"]


class TestRoundTrip:
    def test_labels_come_back_are_stored_and_mend_the_estimate(self, folder: Path, tmp_path: Path) -> None:
        file = draw(folder, tmp_path / "audit.xlsx")
        fill(file, by_truth)
        applied = apply(file)
        assert applied.before.low > 0.25, "the scores alone are wrong"
        assert applied.after.low <= 0.25 <= applied.after.high
        assert applied.after.n_labels == 100
        assert (applied.n_drawn, applied.n_unlabelled, applied.if_real, applied.if_fake) == (100, 0, None, None)
        table = stored(folder)
        assert table.equals(applied.labels)
        assert dict(table.select("profile_id", "is_fake").iter_rows()) == {one: truth()[one] for one in drawn_ids(file)}
        assert table.select("creator_id", "labelled_by", "labelled_at").unique().row(0) == (
            "c1",
            "unnamed",
            LABELLED_AT,
        )

    def test_inclusion_counts_every_profile_once(self, folder: Path, tmp_path: Path) -> None:
        file = draw(folder, tmp_path / "audit.xlsx", n=60)
        fill(file, lambda row, one: by_truth(row, one) if row % 3 else None)
        table = apply(file).labels
        assert table.height == 40
        assert (1 / table["inclusion"]).sum() == pytest.approx(N_PROFILES)

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_language_has_its_words_and_understands_the_others(
        self, folder: Path, tmp_path: Path, language: str
    ) -> None:
        file = draw(folder, tmp_path / "audit.xlsx", language=language)
        say = Catalogue(language).text
        spelled = {False: ["real", "真实", " Authentique "], True: ["fake", "非真实", "non authentique"]}
        headings = {"heading": say("audit.col.label"), "key": say("audit.col.profile_id")}
        fill(file, lambda row, one: spelled[truth()[one]][row % 3], **headings)
        assert apply(file).labels["is_fake"].sum() == sum(truth()[one] for one in drawn_ids(file))

    def test_a_sorted_sheet_is_the_same_sheet(self, folder: Path, tmp_path: Path) -> None:
        file = draw(folder, tmp_path / "audit.xlsx")
        fill(file, by_truth)
        expected = apply(file).after
        rewrite(file, lambda name, cells: cells.sort("Name") if name == "Labels" else cells)
        assert apply(file).after == expected

    def test_a_signed_sheet_says_who(self, folder: Path, tmp_path: Path) -> None:
        file = draw(folder, tmp_path / "audit.xlsx")
        fill(file, by_truth)
        sign(file, "王老师")
        assert set(apply(file).labels["labelled_by"]) == {"王老师"}

    def test_ids_may_hold_spaces(self, folder: Path, tmp_path: Path) -> None:
        tables = read_tables(folder)
        spaced = tables["audience"].with_columns(profile_id=" " + pl.col("profile_id") + "  x=")
        write_tables(tables.replace(audience=spaced), tmp_path / "spaced")

        def score(rows: pl.DataFrame, of: Tables) -> pl.DataFrame:
            plain = rows.with_columns(pl.col("profile_id").str.slice(1, 5))
            return score_profiles(plain, of).with_columns(rows["profile_id"])

        make_sample(tmp_path / "spaced", "c1", 50, tmp_path / "a.xlsx", score, seed=1)
        fill(tmp_path / "a.xlsx", lambda _row, one: by_truth(0, one[1:6]))
        assert (
            apply_labels(tmp_path / "a.xlsx", None, lambda rows, _tables: rows.height, LABELLED_AT).labels.height == 50
        )

    def test_applying_twice_changes_nothing(self, folder: Path, tmp_path: Path) -> None:
        file = draw(folder, tmp_path / "audit.xlsx")
        fill(file, by_truth)
        apply(file)
        first = stored(folder)
        apply(file)
        assert stored(folder).equals(first)

    def test_the_folder_moves_with_its_workbook_or_is_named(self, folder: Path, tmp_path: Path) -> None:
        file = draw(folder, tmp_path / "audit.xlsx")
        fill(file, by_truth)
        moved = folder.rename(tmp_path / "elsewhere")
        with pytest.raises(ConfigError, match="--tables"):
            apply(file)
        assert apply(file, moved).labels.height == 100

    def test_other_tables_of_the_folder_stay_as_they_are(self, folder: Path, tmp_path: Path) -> None:
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        file = draw(folder, tmp_path / "audit.xlsx")
        fill(file, by_truth)
        apply(file)
        after = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert after.pop("audit_labels.parquet")
        assert after == before


class TestWhoCannotBeJudged:
    def test_is_left_out_counted_and_bounded(self, folder: Path, tmp_path: Path) -> None:
        file = draw(folder, tmp_path / "audit.xlsx")
        fill(file, lambda row, one: "cannot say" if row < 20 else by_truth(row, one))
        applied = apply(file)
        assert applied.cannot_say["row"].to_list() == list(range(1, 21))
        assert applied.cannot_say["profile_id"].to_list() == drawn_ids(file)[:20]
        assert applied.labels.height == 80
        assert applied.if_real is not None
        assert applied.if_fake is not None
        assert applied.if_real.share < applied.after.share < applied.if_fake.share

    def test_is_no_label_towards_the_thirty(self, folder: Path, tmp_path: Path) -> None:
        file = draw(folder, tmp_path / "audit.xlsx", n=31)
        fill(file, lambda row, one: "cannot say" if row < 2 else by_truth(row, one))
        with pytest.raises(InputError, match="found '29 profiles', expected at least 30"):
            apply(file)


def sign(file: Path, name: str) -> None:
    def edit(sheet: str, cells: pl.DataFrame) -> pl.DataFrame:
        if sheet != "How to label":
            return cells
        is_line = pl.col("Label") == "Labelled by"
        return cells.with_columns(Meaning=pl.when(is_line).then(pl.lit(name)).otherwise("Meaning"))

    rewrite(file, edit)


def change(sheet: str, make: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[str, pl.DataFrame], pl.DataFrame]:
    return lambda name, cells: make(cells) if name == sheet else cells


def set_value(name: str, value: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda cells: cells.with_columns(
        value=pl.when(pl.col("name") == name).then(pl.lit(value)).otherwise("value")
    )


class TestWrongInput:
    def test_all_problems_come_together_and_nothing_is_stored(self, folder: Path, tmp_path: Path) -> None:
        file = draw(folder, tmp_path / "audit.xlsx")
        words = {0: "maybe", 5: "??"}
        fill(file, lambda row, one: words.get(row, by_truth(row, one)))
        one = drawn_ids(file)[9]
        other = "real" if truth()[one] else "not real"
        extra = {"Label": ["real", other, "real"], "Profile id": ["stranger", one, None]}
        rewrite(file, change("Labels", lambda cells: pl.concat((cells, pl.DataFrame(extra)), how="diagonal")))
        with pytest.raises(InputError) as caught:
            apply(file)
        found = [(problem.row, problem.column, problem.value) for problem in caught.value.problems]
        assert found == [
            (1, "Label", "maybe"),
            (6, "Label", "??"),
            (101, "Profile id", "stranger"),
            (103, "Profile id", None),
            (102, "Label", other),
        ]
        assert {problem.file for problem in caught.value.problems} == {"audit.xlsx"}
        assert "'real', 'not real', 'cannot say'" in caught.value.problems[0].expected
        assert "row 10" in caught.value.problems[-1].expected
        assert not (folder / "audit_labels.parquet").exists()

    def test_a_profile_that_was_not_drawn_is_a_stranger(self, folder: Path, tmp_path: Path) -> None:
        file = draw(folder, tmp_path / "audit.xlsx")
        fill(file, by_truth)
        other = next(one for one in truth() if one not in drawn_ids(file))
        rewrite(file, change("Labels", lambda cells: cells.with_columns(
            pl.when(pl.col("No.") == "1").then(pl.lit(other)).otherwise("Profile id").alias("Profile id")
        )))  # fmt: skip
        with pytest.raises(InputError, match=f"row 1, column Profile id: found '{other}'"):
            apply(file)

    def test_the_same_profile_twice_with_the_same_label_is_one_label(self, folder: Path, tmp_path: Path) -> None:
        file = draw(folder, tmp_path / "audit.xlsx")
        fill(file, by_truth)
        rewrite(file, change("Labels", lambda cells: pl.concat((cells, cells.head(3)))))
        assert apply(file).labels.height == 100

    @pytest.mark.parametrize("n_labels", [0, 1, 29])
    def test_too_few_labels(self, folder: Path, tmp_path: Path, n_labels: int) -> None:
        file = draw(folder, tmp_path / "audit.xlsx")
        fill(file, lambda row, one: by_truth(row, one) if row < n_labels else None)
        with pytest.raises(InputError, match=f"found '{n_labels} profiles', expected at least 30 profiles"):
            apply(file)

    def test_a_label_against_an_earlier_one_of_the_same_person(self, folder: Path, tmp_path: Path) -> None:
        file = draw(folder, tmp_path / "audit.xlsx")
        fill(file, by_truth)
        apply(file)
        one = drawn_ids(file)[3]
        fill(file, lambda row, each: "cannot say" if row == 3 else by_truth(row, each))
        expected = "not real" if truth()[one] else "real"
        with pytest.raises(InputError, match=f"row 4, column Label: found 'cannot say', expected '{expected}', as"):
            apply(file)

    def test_another_person_may_see_it_otherwise(self, folder: Path, tmp_path: Path) -> None:
        file = draw(folder, tmp_path / "audit.xlsx")
        fill(file, by_truth)
        apply(file)
        fill(file, lambda _row, _one: "real")
        sign(file, "B")
        apply(file)
        assert stored(folder).group_by("labelled_by").len().sort("labelled_by").rows() == [("B", 100), ("unnamed", 100)]

    def test_a_workbook_of_another_creator(self, tmp_path: Path) -> None:
        file = draw(write_audience(tmp_path / "tables"), tmp_path / "audit.xlsx", creator="c2")
        fill(file, by_truth)
        other = write_audience(tmp_path / "other", creators=("c1",))
        with pytest.raises(InputError, match="column creator_id: found 'c2'"):
            apply(file, other)

    def test_a_workbook_of_other_profiles(self, folder: Path, tmp_path: Path) -> None:
        file = draw(folder, tmp_path / "audit.xlsx")
        fill(file, by_truth)
        tables = read_tables(folder)
        fewer = tables.replace(audience=tables["audience"].filter(pl.col("profile_id") != "p0007"))
        write_tables(fewer, tmp_path / "fewer")
        with pytest.raises(InputError, match="the same profiles as in these tables"):
            apply(file, tmp_path / "fewer")

    @pytest.mark.parametrize(
        ("edit", "message"),
        [
            (change(DESIGN_SHEET, lambda cells: cells.head(2)), "column zhenfen_audit:frame: expected a value"),
            (change(DESIGN_SHEET, set_value("format", "9")), "found '9', expected format 1"),
            (change(DESIGN_SHEET, set_value("language", "de")), "found 'de', expected one of zh, en, fr"),
            (change(DRAW_SHEET, lambda cells: pl.concat((cells, cells.head(1)))), "zhenfen_draw: expected the rows"),
            (change(DRAW_SHEET, lambda cells: cells.with_columns(inclusion=pl.lit("2"))), "expected the rows"),
            (change(DRAW_SHEET, lambda cells: cells.drop("stratum")), "column stratum: expected the column"),
            (change("Labels", lambda cells: cells.rename({"Label": "Verdict"})), "column Label: expected the column"),
        ],
    )  # fmt: skip
    def test_a_damaged_workbook(self, folder: Path, tmp_path: Path, edit: Callable, message: str) -> None:
        file = draw(folder, tmp_path / "audit.xlsx")
        fill(file, by_truth)
        rewrite(file, edit)
        with pytest.raises(InputError, match=re.escape(message)):
            apply(file)

    def test_some_other_file(self, tmp_path: Path, folder: Path) -> None:
        (tmp_path / "notes.xlsx").write_text("label,real")
        with pytest.raises(UnreadableFileError, match="an XLSX workbook"):
            apply(tmp_path / "notes.xlsx", folder)
        rewrite_as_stranger(tmp_path / "other.xlsx")
        with pytest.raises(InputError, match="written by `zhenfen audit sample`"):
            apply(tmp_path / "other.xlsx", folder)


def rewrite_as_stranger(path: Path) -> None:
    pl.DataFrame({"Label": ["real"]}).write_excel(path)


def test_labels_of_an_earlier_draw_stay_without_their_weight(folder: Path, tmp_path: Path) -> None:
    first, second = draw(folder, tmp_path / "a.xlsx", seed=1), draw(folder, tmp_path / "b.xlsx", seed=2)
    for file in (first, second):
        fill(file, by_truth)
        apply(file)
    table = stored(folder)
    weighted = table.drop_nulls("inclusion")
    assert set(drawn_ids(second)) <= set(table["profile_id"])
    assert table["profile_id"].n_unique() == table.height == len({*drawn_ids(first), *drawn_ids(second)})
    assert set(weighted["profile_id"]) == set(drawn_ids(second))
