"""What every family promises, whichever it is: found by the registry, so a new family is tested unasked."""

from __future__ import annotations

import ast
import inspect
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from parsed import parse
from polars.testing import assert_frame_equal

from zhenfen.features.base import REASONS_SCHEMA, Measured, load_families
from zhenfen.features.inputs import Inputs
from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.simulate import simulate
from zhenfen.tables import TABLES as TABLE_SPECS
from zhenfen.tables import Tables

FAMILIES = load_families()
AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
TABLES = simulate(["organic_small", "burst_buyer", "comment_farm", "live_seller", "thin_data"], seed=5).tables
SRC = Path(__file__).parents[2] / "src" / "zhenfen"
PERSONS = ("creator_id", "author_id", "profile_id")


def rename(tables: Tables, suffix: str) -> Tables:
    return Tables(
        {
            name: frame.with_columns((pl.col(one) + suffix).alias(one) for one in PERSONS if one in frame.columns)
            for name, frame in tables.frames.items()
        }
    )


def shuffled(tables: Tables) -> dict[str, pl.DataFrame]:
    return {name: frame.sample(fraction=1, shuffle=True, seed=9) for name, frame in tables.frames.items()}


def values_of(name: str, tables: Tables) -> pl.DataFrame:
    return FAMILIES[name].measure(Inputs(tables, AS_OF)).values.sort("creator_id")


@cache
def measured_of(name: str) -> Measured:
    """What a family measures of TABLES."""
    return FAMILIES[name].measure(Inputs(TABLES, AS_OF))


def test_a_family_is_spelled_in_its_own_package_alone() -> None:
    """Names that a table or a lexicon bears as well cannot be looked for: `comments` and `audience` are tables,
    `sponsorship` is a list of words and `live` a kind of event, so that their literals need not mean the family."""
    homes = {
        name: Path(inspect.getfile(type(family))).parent
        for name, family in FAMILIES.items()
        if name not in (*TABLE_SPECS, "sponsorship", "live")
    }
    for path in (path for room in ("features", "verdict", "scoring") for path in (SRC / room).rglob("*.py")):
        literals = {node.value for node in parse(path) if isinstance(node, ast.Constant)}
        assert not literals & {name for name, home in homes.items() if not path.is_relative_to(home)}, path


@pytest.mark.parametrize("name", [name for name, family in FAMILIES.items() if family.is_alone])
def test_who_is_measured_alone_needs_no_others(name: str) -> None:
    whole = measured_of(name).values.sort("creator_id")
    alone = [values_of(name, TABLES.for_creators([one])) for one in whole["creator_id"]]
    # A sum may differ in its last bits with the rows that are added up beside it.
    assert_frame_equal(pl.concat(alone), whole, rel_tol=1e-12)


@pytest.mark.parametrize("name", [name for name, family in FAMILIES.items() if family.what_ifs])
def test_who_is_measured_again_from_some_tables_among_what_all_show_is_measured_the_same(name: str) -> None:
    family, inputs = FAMILIES[name], Inputs(TABLES, AS_OF)
    around, whole = family.surround(inputs), measured_of(name).values.sort("creator_id")
    assert (around is None) == family.is_alone
    read = Tables({table: TABLES[table] for table in family.again_from})
    parts = [read.for_creators([one]) for one in whole["creator_id"]]
    again = [family.measure(Inputs(part, AS_OF, with_details=False, around=around)).values for part in parts]
    assert_frame_equal(pl.concat(again), whole, rel_tol=1e-12)


@pytest.mark.parametrize("name", FAMILIES)
class TestEveryFamily:
    def test_one_row_a_creator_and_one_column_a_feature(self, name: str) -> None:
        values = measured_of(name).values.sort("creator_id")
        assert values["creator_id"].to_list() == TABLES["creators"]["creator_id"].sort().to_list()
        assert values.columns == ["creator_id", *(spec.name for spec in FAMILIES[name].specs)]

    def test_values_lie_in_their_range_and_are_numbers(self, name: str) -> None:
        values = measured_of(name).values.sort("creator_id")
        for spec in FAMILIES[name].specs:
            column = values[spec.name].drop_nulls()
            assert column.is_finite().all(), spec.name
            assert spec.low is None or (column >= spec.low).all(), spec.name
            assert spec.high is None or (column <= spec.high).all(), spec.name

    def test_names_carry_the_family_and_the_window_or_unit(self, name: str) -> None:
        for spec in FAMILIES[name].specs:
            assert spec.name.startswith(f"{name}_")
            assert "percent" not in spec.name

    def test_who_is_not_measured_has_a_reason_and_nobody_has_two(self, name: str) -> None:
        measured = measured_of(name)
        assert dict(measured.reasons.schema) == REASONS_SCHEMA
        assert measured.reasons["creator_id"].is_unique().all()
        empty = measured.values.filter(pl.all_horizontal(pl.exclude("creator_id").is_null()))
        assert set(empty["creator_id"]) <= set(measured.reasons["creator_id"])
        asking = [spec.name for spec in FAMILIES[name].specs if spec.concern != "none"]
        unsaid = measured.values.join(measured.reasons, on="creator_id", how="semi").select(asking)
        assert unsaid.null_count().sum_horizontal().sum() == unsaid.width * unsaid.height

    def test_creators_alone_give_reasons_not_errors(self, name: str) -> None:
        measured = FAMILIES[name].measure(Inputs(Tables({"creators": TABLES["creators"]}), AS_OF))
        assert set(measured.reasons["creator_id"]) == set(TABLES["creators"]["creator_id"])

    def test_no_creators_give_empty_frames(self, name: str) -> None:
        measured = FAMILIES[name].measure(Inputs(Tables(), AS_OF))
        assert measured.values.is_empty()
        assert measured.reasons.is_empty()

    def test_the_order_of_rows_changes_nothing(self, name: str) -> None:
        assert values_of(name, Tables(shuffled(TABLES))).equals(measured_of(name).values.sort("creator_id"))

    def test_other_ids_change_nothing_but_the_ids(self, name: str) -> None:
        renamed = values_of(name, rename(TABLES, "-x")).drop("creator_id")
        assert renamed.equals(measured_of(name).values.sort("creator_id").drop("creator_id"))

    def test_details_come_only_when_asked_for_and_change_no_value(self, name: str) -> None:
        lean = FAMILIES[name].measure(Inputs(TABLES, AS_OF, with_details=False))
        assert lean.details == {}
        assert lean.values.sort("creator_id").equals(measured_of(name).values.sort("creator_id"))

    @pytest.mark.parametrize("tables", [TABLES, Tables({"creators": TABLES["creators"]}), Tables()])
    def test_details_are_those_declared_and_fit_their_schemas(self, name: str, tables: Tables) -> None:
        details = FAMILIES[name].measure(Inputs(tables, AS_OF)).details
        assert {frame: list(rows.schema.items()) for frame, rows in details.items()} == {
            frame: list(schema.items()) for frame, schema in FAMILIES[name].details.items()
        }
        assert all(next(iter(schema)) == "creator_id" for schema in FAMILIES[name].details.values())

    def test_what_can_be_documented_is_read_and_leaves_the_tables_whole(self, name: str) -> None:
        details = measured_of(name).details
        for what_if in FAMILIES[name].what_ifs:
            for creator_id in TABLES["creators"]["creator_id"]:
                mine = {frame: rows.filter(creator_id=creator_id) for frame, rows in details.items()}
                for changes in filter(None, what_if.find(mine)):
                    assert {change.kind for change in changes} == {what_if.kind}
                    assert all(map(FAMILIES[name].reads, changes))
                    changed = what_if.record(TABLES, creator_id, changes, mine)
                    assert {k: v.schema for k, v in changed.frames.items()} == {
                        k: v.schema for k, v in TABLES.frames.items()
                    }

    def test_every_word_is_in_every_catalogue(self, name: str) -> None:
        keys = [f"family.{name}", f"family.{name}.about"]
        keys += [f"feature.{spec.name}{part}" for spec in FAMILIES[name].specs for part in ("", ".about")]
        reasons = measured_of(name).reasons["reason"].unique()
        for language in LANGUAGES:
            catalogue = Catalogue(language)
            assert all(catalogue.text(key) for key in keys)
            assert all(catalogue.text(f"reason.{code}", n_needed=1, n_found=0) for code in reasons)
