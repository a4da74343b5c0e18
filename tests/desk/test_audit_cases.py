"""Audits at the desk without its pages: labels come to what the command line makes of them, and nothing is lost."""

from __future__ import annotations

import io
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from audit_builder import fill
from desk_builder import audience_tables, begin, by_id, creator_of, label_all, make_project, real_models
from training.audits import load_audits

from zhenfen.audit.by_folder import apply, make_scorer
from zhenfen.audit.by_folder import draw as draw_workbook
from zhenfen.audit.loop import open_audience, write_sample
from zhenfen.audit.sheet import read_filled
from zhenfen.desk_cases.audit import export_labels, read_items
from zhenfen.desk_cases.audit_share import Standing, apply_audit, find_standing, list_answers, restore_labels
from zhenfen.desk_cases.database import ConflictError
from zhenfen.desk_cases.labelling import Audit, GivenLabel, Labelling, Labels, Settlement
from zhenfen.desk_cases.project import TABLES, Projects
from zhenfen.errors import ConfigError, InputError, MissingTableError
from zhenfen.estimators.audit_sample import AuditSample
from zhenfen.estimators.profile_model import PROFILE
from zhenfen.scoring import latest_moment
from zhenfen.scoring.estimates import estimate_audiences
from zhenfen.tables import Tables, read_tables, write_tables

WORDS = {"real": "real", "fake": "not real", "cannot_say": "cannot say"}
FLAG = {True: "yes", False: "no"}


@pytest.fixture
def place(tmp_path: Path) -> tuple[Projects, str]:
    return make_project(tmp_path / "data", audience_tables())


def dump(projects: Projects) -> dict[str, list[dict[str, object]]]:
    tables = ("audits", "labels", "settlements")
    return {name: projects.database.read(f"select * from {name} order by rowid") for name in tables}


def stored(projects: Projects, project_id: str) -> pl.DataFrame:
    return read_tables(projects.place(project_id) / TABLES)["audit_labels"]


def standing_of(projects: Projects, audit: Audit) -> Standing:
    labels = Labelling(projects.database).read(audit)
    return find_standing(projects.place(audit.project_id) / TABLES, labels, real_models())


class TestTheSameAsTheCommandLine:
    def test_the_same_profiles_in_the_same_order(self, place: tuple[Projects, str], tmp_path: Path) -> None:
        audit, tables = begin(*place, audience_tables()), audience_tables()
        write_tables(tables, tmp_path / "tables")
        draw_workbook(tmp_path / "tables", creator_of(tables), 50, tmp_path / "a.xlsx", seed=audit.seed, language="en")
        assert list(audit.order) == read_filled(tmp_path / "a.xlsx").labels["profile_id"].to_list()

    def test_one_draw_gives_nearly_the_same_share(self, place: tuple[Projects, str], tmp_path: Path) -> None:
        audit, tables = begin(*place, audience_tables()), audience_tables()
        label_all(place[0], audit, by_id(audit))
        write_tables(tables, tmp_path / "tables")
        draw_workbook(tmp_path / "tables", creator_of(tables), 50, tmp_path / "a.xlsx", seed=audit.seed, language="en")
        fill(tmp_path / "a.xlsx", lambda _row, item: WORDS[by_id(audit)[item]])
        after = apply(tmp_path / "a.xlsx", None).after.row(0, named=True)
        last = standing_of(place[0], audit).readings[-1]
        assert last.n_labels == after["n_labels"] == 50
        # Of one draw the estimate takes one stratum (verdict/audience.py), of batches five.
        assert abs(last.share - after["share"]) < 0.1 * (after["high"] - after["low"])
        # Whoever looked three times on the way pays for it: one look alone would be narrower.
        assert last.high - last.low > after["high"] - after["low"]

    def test_looks_are_batches_bit_for_bit(self, place: tuple[Projects, str], tmp_path: Path) -> None:
        projects = place[0]
        audit, tables = begin(*place, audience_tables()), audience_tables()
        labels = {**by_id(audit), audit.order[-2]: "cannot_say"}
        label_all(projects, audit, labels)
        folder = tmp_path / "tables"
        write_tables(tables, folder)
        scored = open_audience(read_tables(folder), creator_of(tables), make_scorer(real_models().need(PROFILE)))
        strata, inclusion = np.array(audit.design["strata"]), np.array(audit.design["inclusion"])
        places = {item: at for at, item in enumerate(scored["profile_id"])}
        for batch, items in enumerate((audit.order[:30], audit.order[30:40], audit.order[40:]), start=1):
            file = tmp_path / f"{batch}.xlsx"
            sample = AuditSample(np.sort([places[item] for item in items]), strata, inclusion)
            write_sample(scored, sample, folder, file, seed=1, language="en", batch=batch)
            fill(file, lambda _row, item: WORDS[labels[item]])
            applied = apply(file, None)
        standing = standing_of(projects, audit)
        assert [one.n_labels for one in standing.readings] == [30, 40, 49]
        for found, expected in (
            (standing.readings[-1], applied.after),
            (standing.if_real, applied.if_real),
            (standing.if_fake, applied.if_fake),
        ):
            assert found is not None and expected is not None
            wanted = expected.select("n_labels", "share", "low", "high").row(0)
            assert (found.n_labels, found.share, found.low, found.high) == wanted
        apply_audit(projects, audit, "chen")
        said = ("creator_id", "profile_id", "is_fake", "stratum", "inclusion", "batch")
        assert stored(*place).select(said).equals(read_tables(folder)["audit_labels"].select(said))

    def test_a_report_reads_the_same_share(self, place: tuple[Projects, str]) -> None:
        audit = begin(*place, audience_tables())
        label_all(place[0], audit, by_id(audit))
        apply_audit(place[0], audit, "chen")
        tables = read_tables(place[0].place(place[1]) / TABLES)
        row = estimate_audiences(tables, real_models(), latest_moment(tables)).row(0, named=True)
        last = standing_of(place[0], audit).readings[-1]
        assert (row["n_labels"], row["share"], row["low"], row["high"]) == pytest.approx(
            (last.n_labels, last.share, last.low, last.high)
        )

    def test_training_takes_what_was_written_once_people_agree(self, place: tuple[Projects, str]) -> None:
        projects, project_id = place
        audit = begin(*place, audience_tables())
        label_all(projects, audit, by_id(audit))
        first = by_id(audit)[audit.order[0]]
        other = "fake" if first == "real" else "real"
        label_all(projects, audit, {audit.order[0]: other, audit.order[1]: by_id(audit)[audit.order[1]]}, by="lou")
        folder = projects.place(project_id) / TABLES
        assert apply_audit(projects, audit, "chen") == 49
        assert load_audits(folder)[1].rows == 49
        Labelling(projects.database).settle(audit, audit.order[0], other, 0, "lead")
        assert apply_audit(projects, audit, "chen") == 50
        assert load_audits(folder)[1].rows == 50
        row = stored(*place).filter(profile_id=audit.order[0])
        assert row.select("is_fake", "labelled_by").rows() == [(other == "fake", "lead")]


class TestLooks:
    @pytest.mark.parametrize(
        ("n_judged", "is_whole", "looks"),
        [
            (29, False, []),
            (30, False, [30]),
            (39, False, [30]),
            (40, False, [30, 40]),
            (41, False, [30, 40]),
            (45, True, [30, 40, 45]),
            (40, True, [30, 40]),
            (30, True, [30]),
            (29, True, []),
        ],
    )
    def test_a_look_at_thirty_and_every_ten_and_at_the_end(
        self, n_judged: int, is_whole: bool, looks: list[int]
    ) -> None:
        order = tuple(f"p{at:03}" for at in range(n_judged if is_whole else 100))
        audit = Audit("p", "c", "profile", 1, 1, order, {}, None, "chen", "2026-11-29T00:00:00+00:00")
        given = [GivenLabel(item, "real", "chen", "2026-11-29T00:00:00+00:00") for item in order[:n_judged]]
        batches = list_answers(Labels(audit, given, {}))["batch"].drop_nulls()
        assert [batches.filter(batches <= batch).len() for batch in batches.unique().sort()] == looks

    def test_an_unsure_one_goes_with_the_next_and_counts_for_nobody(self) -> None:
        order = tuple(f"p{at:03}" for at in range(33))
        audit = Audit("p", "c", "profile", 1, 1, order, {}, None, "chen", "2026-11-29T00:00:00+00:00")
        said = ["real"] * 30 + ["cannot_say"] * 3
        given = [
            GivenLabel(item, one, "chen", "2026-11-29T00:00:00+00:00") for item, one in zip(order, said, strict=True)
        ]
        assert list_answers(Labels(audit, given, {}))["batch"].to_list() == [1] * 33
        assert list_answers(Labels(audit, given[:-1], {}))["batch"].to_list() == [1] * 30 + [None] * 2

    def test_who_said_it_first_does_not_matter(self, place: tuple[Projects, str]) -> None:
        audit = begin(*place, audience_tables())
        label_all(place[0], audit, by_id(audit))
        labels = Labelling(place[0].database).read(audit)
        turned = replace(labels, given=list(labels.given)[::-1])
        assert list_answers(turned).equals(list_answers(labels))

    def test_enough_is_said_of_the_undecided_too(self, place: tuple[Projects, str]) -> None:
        audit = begin(*place, audience_tables(), n=200)
        label_all(place[0], audit, dict.fromkeys(audit.order, "real"))
        assert standing_of(place[0], audit).is_enough
        other = begin(*place, audience_tables(), n=200)
        half = {item: "real" if at % 2 else "cannot_say" for at, item in enumerate(other.order)}
        label_all(place[0], other, half)
        standing = standing_of(place[0], other)
        assert standing.readings[-1].high < standing.lines[0], "without them it would be"
        assert not standing.is_enough


class TestUndo:
    def test_it_restores_exactly(self, place: tuple[Projects, str]) -> None:
        projects, audit = place[0], begin(*place, audience_tables())
        labelling = Labelling(projects.database)
        label_all(projects, audit, dict.fromkeys(audit.order[:9], "real"))
        label_all(projects, audit, dict.fromkeys(audit.order[:5], "fake"), by="lou")
        before = dump(projects)
        labelling.label(audit, audit.order[9], "fake", "chen")
        assert dump(projects) != before
        assert labelling.undo(audit, "chen") is not None
        assert dump(projects) == before

    def test_step_by_step_back_to_nothing_and_only_ones_own(self, place: tuple[Projects, str]) -> None:
        projects, audit = place[0], begin(*place, audience_tables())
        labelling, before = Labelling(projects.database), dump(projects)
        label_all(projects, audit, dict.fromkeys(audit.order[:3], "real"))
        assert labelling.undo(audit, "lou") is None
        taken = [labelling.undo(audit, "chen") for _ in range(4)]
        assert [None if one is None else one.item_id for one in taken] == [*audit.order[2::-1], None]
        assert dump(projects) == before

    def test_it_is_written_down(self, place: tuple[Projects, str]) -> None:
        projects, audit = place[0], begin(*place, audience_tables())
        label_all(projects, audit, {audit.order[0]: "fake"})
        Labelling(projects.database).undo(audit, "chen")
        (row,) = projects.database.read("select * from history where what = 'labels'")
        assert row["by"] == "chen"
        assert audit.order[0] in row["content"]


class TestTwoPeople:
    def test_a_label_stands_until_it_is_undone(self, place: tuple[Projects, str]) -> None:
        projects, audit = place[0], begin(*place, audience_tables())
        labelling = Labelling(projects.database)
        for label in ("real", "fake"):
            labelling.label(audit, audit.order[0], label, "chen")
        assert labelling.read(audit).by_item() == {audit.order[0]: {"chen": "real"}}

    def test_the_second_sees_results_once_nothing_can_sway_them(self, place: tuple[Projects, str]) -> None:
        projects, audit = place[0], begin(*place, audience_tables())
        labelling = Labelling(projects.database)
        label_all(projects, audit, dict.fromkeys(audit.order[:3], "real"))
        assert labelling.read(audit).may_see_results("chen")
        for item in audit.order[:3]:
            assert not labelling.read(audit).may_see_results("lou")
            assert labelling.read(audit).next_item("lou") == item
            labelling.label(audit, item, "fake", "lou")
        assert labelling.read(audit).may_see_results("lou")

    def test_unlike_ones_are_undecided_until_settled(self, place: tuple[Projects, str]) -> None:
        projects, audit = place[0], begin(*place, audience_tables())
        labelling, item = Labelling(projects.database), audit.order[0]
        for who, label in (("chen", "real"), ("lou", "fake")):
            labelling.label(audit, item, label, who)
        assert [one.label for one in labelling.read(audit).conclude()] == ["cannot_say"]
        labelling.settle(audit, item, "fake", 0, "lead")
        (one,) = labelling.read(audit).conclude()
        assert (one.label, one.by) == ("fake", "lead")
        (row,) = projects.database.read("select * from history where what = 'settlements'")
        assert row["by"] == "lead"

    def test_two_who_settle_at_once_lose_nothing(self, place: tuple[Projects, str]) -> None:
        projects, audit = place[0], begin(*place, audience_tables())
        labelling, item = Labelling(projects.database), audit.order[0]
        for who, label in (("chen", "real"), ("lou", "fake")):
            labelling.label(audit, item, label, who)
        labelling.settle(audit, item, "fake", 0, "lead")
        with pytest.raises(ConflictError) as told:
            labelling.settle(audit, item, "real", 0, "boss")
        assert (told.value.current["label"], told.value.current["settled_by"]) == ("fake", "lead")
        labelling.settle(audit, item, "real", 1, "boss")
        settled = labelling.read(audit).settled[item]
        assert (settled.label, settled.by, settled.version) == ("real", "boss", 2)

    def test_what_nobody_differs_on_is_not_settled(self, place: tuple[Projects, str]) -> None:
        projects, audit = place[0], begin(*place, audience_tables())
        label_all(projects, audit, {audit.order[0]: "real"})
        with pytest.raises(LookupError):
            Labelling(projects.database).settle(audit, audit.order[0], "fake", 0, "lead")

    @pytest.mark.parametrize(("item", "label"), [("'; drop table labels; --", "real"), (None, "bought"), (None, "")])
    def test_strangers_and_strange_labels_are_refused(
        self, place: tuple[Projects, str], item: str | None, label: str
    ) -> None:
        projects, audit = place[0], begin(*place, audience_tables())
        before = dump(projects)
        with pytest.raises(LookupError):
            Labelling(projects.database).label(audit, item or audit.order[0], label, "chen")
        assert dump(projects) == before

    def test_whoever_begins_second_labels_the_first_ones_draw(self, place: tuple[Projects, str]) -> None:
        projects, audit = place[0], begin(*place, audience_tables())
        assert Labelling(projects.database).begin(replace(audit, order=("x",), made_by="lou")) == audit

    def test_labels_of_a_draw_that_was_renewed_are_refused(self, place: tuple[Projects, str]) -> None:
        projects, audit = place[0], begin(*place, audience_tables())
        newer = begin(*place, audience_tables())
        assert (newer.number, newer.seed) == (2, 2)
        with pytest.raises(ConflictError):
            Labelling(projects.database).label(audit, audit.order[0], "real", "chen")
        with pytest.raises(ConflictError):
            apply_audit(projects, audit, "chen")


class TestWriting:
    def test_what_was_undone_goes_and_what_others_wrote_stays(self, place: tuple[Projects, str]) -> None:
        projects, project_id = place
        audit = begin(*place, audience_tables())
        folder = projects.place(project_id) / TABLES
        stranger = pl.DataFrame(
            {"creator_id": ["another"], "profile_id": ["p"], "is_fake": [True], "labelled_by": ["xu"]}
        )
        write_tables(read_tables(folder).replace(audit_labels=stranger), folder)
        label_all(projects, audit, by_id(audit))
        apply_audit(projects, audit, "chen")
        Labelling(projects.database).undo(audit, "chen")
        apply_audit(projects, audit, "chen")
        rows = stored(*place)
        assert rows.filter(creator_id="another").height == 1
        assert set(rows.filter(labelled_by="chen")["profile_id"]) == set(audit.order[:-1])

    def test_a_new_draw_takes_the_weights_and_leaves_the_labels(self, place: tuple[Projects, str]) -> None:
        projects = place[0]
        for _ in range(2):
            audit = begin(*place, audience_tables())
            label_all(projects, audit, by_id(audit), by=f"chen{audit.number}")
            apply_audit(projects, audit, "lead")
        rows = stored(*place)
        weighted = rows.group_by("labelled_by").agg(pl.col("inclusion").count()).sort("labelled_by")
        assert weighted.rows() == [("chen1", 0), ("chen2", 50)]

    def test_tables_read_anew_get_their_labels_back(self, place: tuple[Projects, str]) -> None:
        projects, project_id = place
        audit = begin(*place, audience_tables())
        label_all(projects, audit, by_id(audit))
        apply_audit(projects, audit, "chen")
        before = stored(*place)
        write_tables(audience_tables(), projects.place(project_id) / TABLES)
        assert stored(*place).is_empty()
        restored = restore_labels(projects, project_id, audience_tables())
        assert restored["audit_labels"].equals(before)
        assert stored(*place).equals(before)

    def test_of_other_profiles_they_weigh_nothing_and_nothing_is_read(self, place: tuple[Projects, str]) -> None:
        projects, project_id = place
        audit = begin(*place, audience_tables())
        label_all(projects, audit, by_id(audit))
        apply_audit(projects, audit, "chen")
        gone = audit.order[0]
        others = audience_tables().replace(audience=audience_tables()["audience"].filter(pl.col("profile_id") != gone))
        write_tables(others, projects.place(project_id) / TABLES)
        rows = restore_labels(projects, project_id, others)["audit_labels"]
        assert gone not in rows["profile_id"]
        assert rows.height == 49
        assert rows["inclusion"].null_count() == 49
        standing = standing_of(projects, audit)
        assert (standing.is_of_others, standing.readings) == (True, ())
        with pytest.raises(InputError):
            apply_audit(projects, audit, "chen")

    def test_fewer_than_thirty_are_not_written(self, place: tuple[Projects, str]) -> None:
        projects, audit = place[0], begin(*place, audience_tables())
        label_all(projects, audit, dict.fromkeys(audit.order[:29], "real"))
        with pytest.raises(InputError):
            apply_audit(projects, audit, "chen")
        assert stored(*place).is_empty()

    def test_two_who_write_at_once_both_stand(self, tmp_path: Path) -> None:
        one = audience_tables()
        other = {
            name: one[name].with_columns(creator_id=pl.lit("second"))
            for name in ("creators", "audience")
            if one.has(name)
        }
        both = one.replace(**{name: pl.concat((one[name], frame)) for name, frame in other.items()})
        projects, project_id = make_project(tmp_path / "data", both)
        audits = [
            begin(projects, project_id, Tables({"creators": one["creators"].with_columns(creator_id=pl.lit(name))}))
            for name in (creator_of(one), "second")
        ]
        for audit in audits:
            label_all(projects, audit, by_id(audit))
        threads = [threading.Thread(target=apply_audit, args=(projects, audit, "chen")) for audit in audits]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert stored(projects, project_id).group_by("creator_id").len()["len"].to_list() == [50, 50]


class TestThinAndHostile:
    def test_an_audience_below_thirty_cannot_be_audited(self, tmp_path: Path) -> None:
        thin = audience_tables().replace(audience=audience_tables()["audience"].head(29))
        with pytest.raises(MissingTableError):
            begin(*make_project(tmp_path / "data", thin), thin)

    @pytest.mark.parametrize(("kind", "table"), [("profile", "audience"), ("comment", "comments"), ("post", "posts")])
    def test_without_the_table_there_is_nothing_to_draw(self, tmp_path: Path, kind: str, table: str) -> None:
        frames = {name: frame for name, frame in audience_tables().frames.items() if name != table}
        with pytest.raises(MissingTableError):
            begin(*make_project(tmp_path / "data", Tables(frames)), Tables(frames), kind)  # type: ignore[arg-type]

    @pytest.mark.parametrize(("kind", "n"), [("profile", 29), ("comment", 0), ("post", 0)])
    def test_too_few_asked_for_are_refused(self, place: tuple[Projects, str], kind: str, n: int) -> None:
        with pytest.raises(ConfigError):
            begin(*place, audience_tables(), kind, n)  # type: ignore[arg-type]

    def test_a_card_shows_no_score_and_masks_contacts(self, tmp_path: Path) -> None:
        named = audience_tables()["audience"].with_columns(bio=pl.lit("加微信：abc12345\u202e 看海"))
        projects, project_id = make_project(tmp_path / "data", audience_tables().replace(audience=named))
        audit = begin(projects, project_id, audience_tables())
        (card,) = read_items(projects.place(project_id) / TABLES, audit, [audit.order[0]], FLAG)
        assert "abc12345" not in card["bio"]
        assert "\u202e" not in card["bio"]
        assert not {"p_fake", "stratum", "inclusion"} & set(card)

    def test_items_that_are_gone_are_left_out(self, place: tuple[Projects, str]) -> None:
        audit = begin(*place, audience_tables())
        folder = place[0].place(place[1]) / TABLES
        assert read_items(folder, audit, ["nobody"], FLAG) == []


class TestTexts:
    def test_a_file_has_a_column_for_each_reader_and_runs_no_formula(self, tmp_path: Path) -> None:
        comments = audience_tables()["comments"].with_columns(text=pl.lit("=HYPERLINK(1)"))
        projects, project_id = make_project(tmp_path / "data", audience_tables().replace(comments=comments))
        audit = begin(projects, project_id, audience_tables(), "comment", 5)
        label_all(projects, audit, dict(zip(audit.order, ("advert", "filler", "genuine", "cannot_say"), strict=False)))
        label_all(projects, audit, {audit.order[0]: "genuine"}, by="lou")
        Labelling(projects.database).settle(audit, audit.order[0], "advert", 0, "lead")
        made = export_labels(projects.place(project_id) / TABLES, Labelling(projects.database).read(audit))
        rows = pl.read_csv(io.BytesIO(made))
        assert rows["text"].unique().to_list() == ["'=HYPERLINK(1)"]
        assert rows.select("kind_a", "kind_b").rows() == [
            ("advert", "advert"),
            ("filler", None),
            ("genuine", None),
            ("unclear", None),
        ]

    @pytest.mark.parametrize("kind", ["comment", "post"])
    def test_each_is_as_likely_as_any_other_and_the_seed_is_kept(self, place: tuple[Projects, str], kind: str) -> None:
        first = begin(*place, audience_tables(), kind, 10)  # type: ignore[arg-type]
        again = begin(*place, audience_tables(), kind, 10)  # type: ignore[arg-type]
        assert (len(set(first.order)), first.seed, again.seed) == (10, 1, 2)
        assert first.order != again.order


def test_a_settlement_of_a_stranger_changes_nothing() -> None:
    audit = Audit("p", "c", "profile", 1, 1, ("a",), {}, None, "chen", "")
    labels = Labels(audit, [], {"b": Settlement("b", "real", "lead", "", 1)})
    assert labels.conclude() == []
