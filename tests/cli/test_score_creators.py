"""`zhenfen score creators`: a row a creator, the same as a report says, and input as it should not be."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from cli_runner import Runner
from series_builder import BAD, FIRST, all_bad, steady

from toy_models import ToyCreatorModel, put_creator
from zhenfen.model_store import load_models
from zhenfen.scoring import many as scoring_many
from zhenfen.scoring import score
from zhenfen.tables import TABLES, make_frame, read_tables, write_tables

_FINDING = {"family": pl.String(), "feature": pl.String(), "value": pl.Float64(), "contribution": pl.Float64()}
COLUMNS = {
    "creator_id": pl.String(),
    "level": pl.String(),
    "p_manipulated": pl.Float64(),
    "families_assessed": pl.List(pl.String()),
    "top_findings": pl.List(pl.Struct(_FINDING)),
    "model": pl.String(),
}
CREATOR = make_frame(TABLES["creators"], pl.DataFrame({"creator_id": ["c1"], "platform": ["bilibili"]}))


def run(zhenfen: Runner, folder: Path, out: Path, *options: object) -> pl.DataFrame:
    ran = zhenfen("score", "creators", folder, "--out", out, *options)
    assert ran.code == 0, ran.err
    return pl.read_parquet(out)


def test_a_row_a_creator_as_a_report_says(
    zhenfen: Runner, small_tables: Path, tmp_path: Path, toy_creator: ToyCreatorModel
) -> None:
    scored = run(zhenfen, small_tables, tmp_path / "out.parquet")
    assert dict(scored.schema) == COLUMNS
    findings = score(read_tables(small_tables), load_models())
    said = findings.creators.sort("creator_id").select("creator_id", "level", "p_manipulated", "families_assessed")
    assert scored.select(said.columns).equals(said)
    assert scored["model"].unique().to_list() == [toy_creator.manifest.stamp]
    assert scored["level"].is_in(["low", "elevated", "high", "not_assessed"]).all()
    assert (scored["p_manipulated"] > 0.5).any()


def test_top_findings_are_the_largest_that_raise_it(
    zhenfen: Runner, small_tables: Path, tmp_path: Path, toy_creator: ToyCreatorModel
) -> None:
    scored = run(zhenfen, small_tables, tmp_path / "out.parquet")
    for found, p in scored.select("top_findings", "p_manipulated").iter_rows():
        sizes = [one["contribution"] for one in found]
        assert sizes == sorted(sizes, reverse=True)
        assert all(size > 0 for size in sizes)
        assert len(sizes) <= 5
        # The toy adds nothing else: the log-odds are its base and these.
        assert 1 / (1 + 2.718281828459045 ** -(toy_creator.base + sum(sizes))) == pytest.approx(p)
        assert all(one["value"] * 10 == pytest.approx(one["contribution"]) for one in found)


def test_parts_are_judged_as_the_whole(
    zhenfen: Runner, small_tables: Path, tmp_path: Path, toy_creator: ToyCreatorModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(zhenfen, small_tables, tmp_path / "whole.parquet")
    monkeypatch.setattr(scoring_many, "CREATORS_AT_ONCE", 1)
    assert run(zhenfen, small_tables, tmp_path / "parts.parquet").equals(whole)


def test_the_order_of_rows_changes_nothing(
    zhenfen: Runner, small_tables: Path, tmp_path: Path, toy_creator: ToyCreatorModel
) -> None:
    (tmp_path / "shuffled").mkdir()
    for path in small_tables.iterdir():
        pl.read_parquet(path).sample(fraction=1, shuffle=True, seed=3).write_parquet(tmp_path / "shuffled" / path.name)
    one = run(zhenfen, small_tables, tmp_path / "one.parquet")
    assert run(zhenfen, tmp_path / "shuffled", tmp_path / "two.parquet").equals(one)


def test_a_missing_family_is_not_assessed_and_nobody_is_low_without_one_that_counts(
    zhenfen: Runner, small_tables: Path, tmp_path: Path, toy_creator: ToyCreatorModel
) -> None:
    tables = read_tables(small_tables)
    write_tables(tables.replace(follower_counts=tables["follower_counts"].clear()), tmp_path / "fewer")
    options = ("--as-of", "2026-10-31")
    whole = run(zhenfen, small_tables, tmp_path / "whole.parquet", *options)
    fewer = run(zhenfen, tmp_path / "fewer", tmp_path / "fewer.parquet", *options)
    for families, before in zip(fewer["families_assessed"], whole["families_assessed"], strict=True):
        assert families.to_list() == [name for name in before if name != "growth"]
    rules = load_models().creator_levels.rules
    for level, families in fewer.select("level", "families_assessed").iter_rows():
        counted = set(families) & set(rules.counted)
        if len(counted) < rules.fewest_families or not counted & set(rules.one_of):
            assert level == "not_assessed"


def test_ids_come_back_as_an_export_spells_them(zhenfen: Runner, tmp_path: Path, toy_creator: ToyCreatorModel) -> None:
    (tmp_path / "达人.csv").write_text("达人ID,平台,粉丝数,日期\nraw-7,抖音,1200,2026-01-01\n", encoding="utf-8")
    scored = run(zhenfen, tmp_path, tmp_path.parent / "out.parquet")
    assert scored.select("creator_id", "level", "families_assessed").row(0) == ("raw-7", "not_assessed", [])


def test_as_of_hides_what_came_later(
    zhenfen: Runner, small_tables: Path, tmp_path: Path, toy_creator: ToyCreatorModel
) -> None:
    early = run(zhenfen, small_tables, tmp_path / "early.parquet", "--as-of", "2026-07-20")
    assert all("growth" not in families for families in early["families_assessed"])


def test_bad_series_are_scored_or_not_assessed(zhenfen: Runner, tmp_path: Path, toy_creator: ToyCreatorModel) -> None:
    all_bad().write_parquet(tmp_path / "follower_counts.parquet")
    CREATOR.select(pl.lit(pl.Series("creator_id", list(BAD))), pl.exclude("creator_id").first()).write_parquet(
        tmp_path / "creators.parquet"
    )
    scored = run(zhenfen, tmp_path, tmp_path.parent / "out.parquet")
    assert set(scored["creator_id"]) == set(BAD)
    assert scored["p_manipulated"].is_between(0, 1).all()


@pytest.mark.parametrize("name", ["one reading", "years-long gap"])
def test_a_bad_series_alone_is_scored(zhenfen: Runner, tmp_path: Path, toy_creator: ToyCreatorModel, name: str) -> None:
    BAD[name]().write_parquet(tmp_path / "follower_counts.parquet")
    CREATOR.write_parquet(tmp_path / "creators.parquet")
    scored = run(zhenfen, tmp_path, tmp_path.parent / "out.parquet")
    assert scored["creator_id"].to_list() == ["c1"]
    assert scored["p_manipulated"].is_between(0, 1).all()


def test_no_creator_and_no_model_are_named(
    zhenfen: Runner, small_tables: Path, tmp_path: Path, toy_creator: ToyCreatorModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = range(len(steady()))
    rows = {"creator_id": "c1", "n_followers": steady()}
    series = pl.DataFrame(rows).with_columns(observed_at=pl.lit(FIRST) + pl.duration(days=pl.Series(days)))
    (tmp_path / "in").mkdir()
    series.write_parquet(tmp_path / "in" / "follower_counts.parquet")
    for folder, model, said in (
        (tmp_path / "in", toy_creator, "at least one creator"),
        (small_tables, None, "creator model"),
    ):
        put_creator(monkeypatch, model)
        ran = zhenfen("score", "creators", folder, "--out", tmp_path / "out.parquet")
        assert ran.code == 2
        assert said in ran.err
        assert not (tmp_path / "out.parquet").exists()
