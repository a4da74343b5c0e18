"""`zhenfen spans`: any export and series alone, ids as given, and series as they should not be."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from cli_runner import Runner
from series_builder import BAD, FIRST, series, steady, with_jump
from work_counter import check_linear

from zhenfen.tables import TABLES, make_frame, read_tables

COLUMNS = {
    "creator_id": pl.String(),
    "starts_at": pl.Datetime("us", "UTC"),
    "ends_at": pl.Datetime("us", "UTC"),
    "n_gained": pl.Int64(),
    "shape": pl.String(),
    "explanation": pl.String(),
    "p_value": pl.Float64(),
    "is_unexplained": pl.Boolean(),
}


def many(n: int = 4) -> pl.DataFrame:
    return pl.concat([with_jump("Kanal-Ä 7"), *(series(steady(200), creator_id=f"c{i}") for i in range(1, n))])


def as_parquet(folder: Path, rows: pl.DataFrame) -> None:
    rows.write_parquet(folder / "follower_counts.parquet")


def as_parts(folder: Path, rows: pl.DataFrame) -> None:
    (folder / "follower_counts").mkdir()
    for number, part in enumerate(rows.iter_slices(130)):
        part.write_parquet(folder / "follower_counts" / f"{number}.parquet")


def as_sheet(folder: Path, rows: pl.DataFrame) -> None:
    rows.write_csv(folder / "follower_counts.csv")


def as_files(folder: Path, rows: pl.DataFrame) -> None:
    for (name,), part in rows.partition_by("creator_id", as_dict=True).items():
        part.select(date="observed_at", followers="n_followers").write_csv(folder / f"{name}.csv")


def as_json(folder: Path, rows: pl.DataFrame) -> None:
    for (name,), part in rows.partition_by("creator_id", as_dict=True).items():
        read = part.select(time=pl.col("observed_at").dt.epoch("ms"), follower="n_followers", archiveView=pl.lit(0))
        (folder / f"{name}.json").write_text(json.dumps(read.to_dicts()), encoding="utf-8")


WAYS: list[Callable[[Path, pl.DataFrame], None]] = [as_parquet, as_parts, as_sheet, as_files, as_json]


@pytest.mark.parametrize("write", WAYS)
def test_series_alone_are_enough_and_ids_come_back_as_given(zhenfen: Runner, tmp_path: Path, write) -> None:
    (tmp_path / "in").mkdir()
    write(tmp_path / "in", many())
    ran = zhenfen("spans", tmp_path / "in", "--out", tmp_path / "spans.parquet")
    assert ran.code == 0, ran.err
    spans = pl.read_parquet(tmp_path / "spans.parquet")
    assert dict(spans.schema) == COLUMNS
    jump = spans.filter(creator_id="Kanal-Ä 7")
    on = FIRST.replace(hour=0) + timedelta(days=150)
    assert jump.filter(pl.col("starts_at") <= on, pl.col("ends_at") >= on).height == 1
    assert spans["p_value"].is_between(0, 1).all()
    assert spans.null_count().sum_horizontal().item() == 0


def test_any_export_that_can_be_vetted_will_do(zhenfen: Runner, small_tables: Path, tmp_path: Path) -> None:
    ran = zhenfen("spans", small_tables, "--out", tmp_path / "spans.parquet", "--platform", "weibo")
    assert ran.code == 0, ran.err
    known = read_tables(small_tables)["creators"]["creator_id"]
    spans = pl.read_parquet(tmp_path / "spans.parquet")
    assert spans.height > 0
    assert set(spans["creator_id"]) <= set(known)
    assert spans.equals(spans.sort("creator_id", "starts_at", "ends_at"))


def test_a_sheet_of_creators_without_a_platform_is_no_error(zhenfen: Runner, tmp_path: Path) -> None:
    as_sheet(tmp_path, many())
    (tmp_path / "达人.csv").write_text("达人ID,达人昵称,粉丝数\nc1,小明,1200\n", encoding="utf-8")
    assert zhenfen("spans", tmp_path, "--out", tmp_path / "spans.parquet").code == 0
    refused = zhenfen("vet", tmp_path, "--out", tmp_path / "report")
    assert refused.code == 2
    assert "platform" in refused.err


def test_the_order_of_rows_changes_nothing(zhenfen: Runner, tmp_path: Path) -> None:
    for name, rows in (("one", many()), ("two", many().sample(fraction=1, shuffle=True, seed=5))):
        (tmp_path / name).mkdir()
        as_parquet(tmp_path / name, rows)
        assert zhenfen("spans", tmp_path / name, "--out", tmp_path / f"{name}.parquet").code == 0
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_other_names_change_only_the_names(zhenfen: Runner, tmp_path: Path) -> None:
    renamed = many().with_columns(creator_id=pl.lit("x-") + pl.col("creator_id"))
    for name, rows in (("one", many()), ("two", renamed)):
        (tmp_path / name).mkdir()
        as_parquet(tmp_path / name, rows)
        assert zhenfen("spans", tmp_path / name, "--out", tmp_path / f"{name}.parquet").code == 0
    one, two = (pl.read_parquet(tmp_path / f"{name}.parquet") for name in ("one", "two"))
    assert two.equals(one.with_columns(creator_id=pl.lit("x-") + pl.col("creator_id")))


def test_a_second_copy_of_the_file_changes_nothing(zhenfen: Runner, tmp_path: Path) -> None:
    as_sheet(tmp_path, many())
    assert zhenfen("spans", tmp_path, "--out", tmp_path.parent / "one.parquet").code == 0
    (tmp_path / "copy of follower_counts.csv").write_bytes((tmp_path / "follower_counts.csv").read_bytes())
    assert zhenfen("spans", tmp_path, "--out", tmp_path.parent / "two.parquet").code == 0
    assert (tmp_path.parent / "one.parquet").read_bytes() == (tmp_path.parent / "two.parquet").read_bytes()


def test_nothing_to_mark_is_a_file_with_the_columns(zhenfen: Runner, tmp_path: Path) -> None:
    posts = pl.DataFrame({"post_id": ["p"], "creator_id": ["c"], "published_at": [FIRST]})
    make_frame(TABLES["posts"], posts).write_parquet(tmp_path / "posts.parquet")
    assert zhenfen("spans", tmp_path, "--out", tmp_path / "out" / "spans.parquet").code == 0
    spans = pl.read_parquet(tmp_path / "out" / "spans.parquet")
    assert spans.height == 0
    assert dict(spans.schema) == COLUMNS


@pytest.mark.parametrize("name", BAD)
def test_bad_series_are_read_as_they_are(zhenfen: Runner, tmp_path: Path, name: str) -> None:
    as_parquet(tmp_path, BAD[name]())
    ran = zhenfen("spans", tmp_path, "--out", tmp_path / "spans.parquet")
    assert ran.code == 0, ran.err
    spans = pl.read_parquet(tmp_path / "spans.parquet")
    assert dict(spans.schema) == COLUMNS
    assert spans["p_value"].is_between(0, 1).all()
    assert spans.null_count().sum_horizontal().item() == 0
    assert (spans["starts_at"] <= spans["ends_at"]).all()


def test_one_time_with_two_values_is_merged_in_a_sheet_and_named_in_a_table(zhenfen: Runner, tmp_path: Path) -> None:
    twice = pl.concat([with_jump(), series([10_037], [1.0])]).sample(fraction=1, shuffle=True, seed=1)
    for name, write in (("sheet", as_sheet), ("table", as_parquet)):
        (tmp_path / name).mkdir()
        write(tmp_path / name, twice)
    ran = zhenfen("spans", tmp_path / "sheet", "--out", tmp_path / "spans.parquet")
    assert ran.code == 0, ran.err
    assert pl.read_parquet(tmp_path / "spans.parquet").height > 0
    refused = zhenfen("spans", tmp_path / "table", "--out", tmp_path / "none.parquet")
    assert refused.code == 2
    assert all(word in refused.err for word in ("follower_counts", "row ", "creator_id + observed_at", "each key once"))
    assert not (tmp_path / "none.parquet").exists()


def test_posts_after_the_last_reading_explain_nothing(zhenfen: Runner, tmp_path: Path) -> None:
    as_parquet(tmp_path, with_jump())
    creators = make_frame(TABLES["creators"], pl.DataFrame({"creator_id": ["c1"], "platform": ["weibo"]}))
    creators.write_parquet(tmp_path / "creators.parquet")
    assert zhenfen("spans", tmp_path, "--out", tmp_path.parent / "without.parquet").code == 0
    posts = {
        "post_id": [f"p{n}" for n in range(30)],
        "creator_id": ["c1"] * 30,
        "published_at": [FIRST + timedelta(days=210 + n) for n in range(30)],
        "n_likes": [100 * n for n in range(30)],
    }
    make_frame(TABLES["posts"], pl.DataFrame(posts)).write_parquet(tmp_path / "posts.parquet")
    assert zhenfen("spans", tmp_path, "--out", tmp_path.parent / "with.parquet").code == 0
    without, with_posts = (pl.read_parquet(tmp_path.parent / f"{name}.parquet") for name in ("without", "with"))
    assert with_posts.equals(without)


def test_readings_of_every_minute_are_linear_work(zhenfen: Runner, tmp_path: Path) -> None:
    def read(n: int) -> None:
        minutes = pl.int_range(n, eager=True)
        rows = pl.DataFrame({"n_followers": 10_000 + minutes // 7}).with_columns(
            creator_id=pl.lit("c1"), observed_at=FIRST + pl.duration(minutes=pl.lit(minutes, dtype=pl.Int64))
        )
        as_parquet(tmp_path, rows)
        ran = zhenfen("spans", tmp_path, "--out", tmp_path.parent / "spans.parquet")
        assert ran.code == 0, ran.err
        assert pl.read_parquet(tmp_path.parent / "spans.parquet").is_empty()

    check_linear(read, 100_000)


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("n_followers", [-5], "n_followers"),
        ("n_followers", [1.5], "n_followers"),
        ("observed_at", [FIRST.replace(tzinfo=None)], "observed_at"),
        ("observed_at", [FIRST.replace(year=1900)], "observed_at"),
        ("creator_id", [None], "creator_id"),
    ],
)
def test_a_broken_table_is_named_and_nothing_is_written(
    zhenfen: Runner, tmp_path: Path, column: str, values: list[object], said: str
) -> None:
    as_parquet(tmp_path, series([1000]).with_columns(pl.Series(column, values)))
    ran = zhenfen("spans", tmp_path, "--out", tmp_path.parent / "none.parquet")
    assert ran.code == 2
    assert said in ran.err
    assert "follower_counts" in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path.parent / "none.parquet").exists()


def test_no_file_that_is_read_is_overwritten(zhenfen: Runner, tmp_path: Path) -> None:
    as_parquet(tmp_path, with_jump())
    before = (tmp_path / "follower_counts.parquet").read_bytes()
    ran = zhenfen("spans", tmp_path, "--out", tmp_path / "follower_counts.parquet")
    assert ran.code == 2
    assert (tmp_path / "follower_counts.parquet").read_bytes() == before
    # An older result may lie there and is replaced.
    for _ in range(2):
        assert zhenfen("spans", tmp_path, "--out", tmp_path / "spans.parquet").code == 0


def test_an_unknown_platform_lists_the_known_ones(zhenfen: Runner, tmp_path: Path) -> None:
    as_parquet(tmp_path, with_jump())
    ran = zhenfen("spans", tmp_path, "--out", tmp_path / "spans.parquet", "--platform", "myspace")
    assert ran.code == 2
    assert "douyin" in ran.err
