"""`audit sample`: what is drawn, shown and hidden."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import polars as pl
import pytest
from audit_builder import (
    N_PROFILES,
    draw,
    drawn_ids,
    score_profiles,
    truth,
    write_audience,
)

from zhenfen.audit.loop import make_sample
from zhenfen.audit.sheet import DESIGN_SHEET, DRAW_SHEET, LABELS, label_words, read_filled
from zhenfen.connectors.reading.binary_files import peek_workbook, read_workbook
from zhenfen.errors import ConfigError, MissingTableError, UnknownCreatorError
from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.tables import Tables, read_tables, write_tables


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_audience(tmp_path / "tables")


class TestSample:
    def test_says_what_it_drew(self, folder: Path, tmp_path: Path) -> None:
        sampled = make_sample(folder, "c1", 50, tmp_path / "a.xlsx", score_profiles, seed=3)
        assert (sampled.n_drawn, sampled.n_profiles, sampled.frame) == (50, N_PROFILES, "newest")
        filled = read_filled(tmp_path / "a.xlsx")
        assert filled.design.model == "audience/1"
        assert filled.draw["is_drawn"].sum() == filled.labels.height == 50
        drawn = filled.draw.filter("is_drawn")
        assert (1 / drawn["inclusion"]).sum() == pytest.approx(N_PROFILES)
        assert set(drawn["profile_id"]) == set(filled.labels["profile_id"])

    def test_the_seed_decides_and_nothing_else(self, folder: Path, tmp_path: Path) -> None:
        first, again = (draw(folder, tmp_path / name, seed=4).read_bytes() for name in ("a.xlsx", "b.xlsx"))
        assert first == again
        assert drawn_ids(draw(folder, tmp_path / "c.xlsx", seed=5)) != drawn_ids(tmp_path / "a.xlsx")

    def test_row_order_of_the_tables_changes_nothing(self, folder: Path, tmp_path: Path) -> None:
        tables = read_tables(folder)
        shuffled = Tables(
            {name: frame.sample(fraction=1, shuffle=True, seed=2) for name, frame in tables.frames.items()}
        )
        write_tables(shuffled, tmp_path / "shuffled")
        assert drawn_ids(draw(tmp_path / "shuffled", tmp_path / "a.xlsx")) == drawn_ids(
            draw(folder, tmp_path / "b.xlsx")
        )

    def test_the_order_of_the_rows_does_not_give_the_score_away(self, folder: Path, tmp_path: Path) -> None:
        ids = drawn_ids(draw(folder, tmp_path / "a.xlsx"))
        tables = read_tables(folder)
        scores = dict(
            score_profiles(tables["audience"].filter(creator_id="c1", frame="newest"), tables).rows_by_key("profile_id")
        )
        listed = pl.DataFrame({"at": range(100), "score": [scores[one][0][0] for one in ids]})
        assert abs(listed.select(pl.corr("at", "score")).item()) < 0.3
        assert ids != sorted(ids)

    def test_scores_and_strata_are_on_no_sheet_that_shows(self, folder: Path, tmp_path: Path) -> None:
        file = draw(folder, tmp_path / "a.xlsx")
        shown = [name for name in peek_workbook(file, file.name) if name not in (DESIGN_SHEET, DRAW_SHEET)]
        headings = " ".join(heading for name in shown for heading in peek_workbook(file, file.name)[name]).lower()
        assert not re.search("score|strat|inclusion|proba|model", headings)
        with zipfile.ZipFile(file) as archive:
            book = archive.read("xl/workbook.xml").decode()
            assert re.findall(r'name="(zhenfen_\w+)" sheetId="\d" state="veryHidden"', book) == [
                DESIGN_SHEET,
                DRAW_SHEET,
            ]
            assert b"sheetProtection" in archive.read("xl/worksheets/sheet3.xml")
            assert b"sheetProtection" in archive.read("xl/worksheets/sheet4.xml")

    def test_contacts_are_masked_and_the_rest_is_shown(self, folder: Path, tmp_path: Path) -> None:
        file = draw(folder, tmp_path / "a.xlsx")
        cells = read_workbook(file, file.name, "Labels")
        assert set(cells["Description"]) == {"加微信：[contact:wechat] 看海"}
        assert cells["Name"].str.contains(r"^某人\d+$").all()
        assert set(cells["Verified"]) == {None, "yes", "no"}
        assert set(cells["Following"]) == {None}

    def test_a_formula_in_a_name_stays_a_text(self, tmp_path: Path) -> None:
        names = ['=HYPERLINK("http://x.example","x")', "+1+1", "-2", "@SUM(A1)", "\t=1", "a\u202eb\x07"]
        hostile = (names * N_PROFILES)[:N_PROFILES]
        file = draw(write_audience(tmp_path / "t", display_name=hostile), tmp_path / "a.xlsx")
        with zipfile.ZipFile(file) as archive:
            assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
            assert b'quotePrefix="1"' in archive.read("xl/styles.xml")
        shown = read_workbook(file, file.name, "Labels")["Name"]
        assert set(shown) == {*names[:4], "=1", "ab"}

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_the_label_column_offers_the_words_that_are_defined(
        self, folder: Path, tmp_path: Path, language: str
    ) -> None:
        file = draw(folder, tmp_path / "a.xlsx", language=language)
        say = Catalogue(language).text
        with zipfile.ZipFile(file) as archive:
            sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        words = [say(f"audit.label.{label}") for label in LABELS]
        assert f'sqref="B2:B101"><formula1>"{",".join(words)}"</formula1>' in sheet
        guide = read_workbook(file, file.name, say("audit.sheet.guide"))
        assert guide.to_series(0).to_list()[:3] == words
        assert guide.to_series(1).head(3).str.len_chars().min() > 20

    def test_a_word_means_one_thing_in_all_languages(self) -> None:
        assert len(label_words()) == len(LANGUAGES) * len(LABELS) + len(LABELS) - 1, "'real' is word and name"

    def test_the_model_sees_one_frame_and_the_platform(self, folder: Path, tmp_path: Path) -> None:
        seen: list[pl.DataFrame] = []

        def score(profiles: pl.DataFrame, tables: Tables) -> pl.DataFrame:
            seen.append(profiles)
            return score_profiles(profiles, tables)

        make_sample(folder, "c1", 50, tmp_path / "a.xlsx", score, seed=1)
        assert seen[0].select("creator_id", "frame", "platform").unique().rows() == [("c1", "newest", "weibo")]
        assert seen[0]["profile_id"].to_list() == sorted(truth())

    def test_all_profiles_when_fewer_than_asked(self, folder: Path, tmp_path: Path) -> None:
        assert make_sample(folder, "c1", 5_000, tmp_path / "a.xlsx", score_profiles, seed=1).n_drawn == N_PROFILES

    def test_a_filled_sheet_is_never_overwritten(self, folder: Path, tmp_path: Path) -> None:
        draw(folder, tmp_path / "a.xlsx")
        with pytest.raises(ConfigError, match="not overwritten"):
            draw(folder, tmp_path / "a.xlsx")

    @pytest.mark.parametrize(
        ("creator", "n", "error", "message"),
        [
            ("nobody", 100, UnknownCreatorError, "found 'nobody'"),
            ("c1", 29, ConfigError, "at least 30"),
            ("c1", -1, ConfigError, "at least 30"),
        ],
    )
    def test_what_cannot_be_drawn(
        self, folder: Path, tmp_path: Path, *, creator: str, n: int, error: type[Exception], message: str
    ) -> None:
        with pytest.raises(error, match=message):
            draw(folder, tmp_path / "a.xlsx", n=n, creator=creator)
        assert not (tmp_path / "a.xlsx").exists()

    def test_too_small_an_audience(self, tmp_path: Path, folder: Path) -> None:
        tables = read_tables(folder)
        write_tables(tables.replace(audience=tables["audience"].filter(frame="likers")), tmp_path / "small")
        with pytest.raises(MissingTableError, match="found '10 profiles', expected 30 to"):
            draw(tmp_path / "small", tmp_path / "a.xlsx")
