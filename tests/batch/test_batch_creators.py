"""Creators in buckets: judged as among all of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from batch_builder import Here, contents, run_here
from cli_runner import Runner

from zhenfen.batch import creator_buckets, creators
from zhenfen.batch.creator_files import score_creators_file
from zhenfen.batch.manifest import MANIFEST
from zhenfen.batch.run import score_folder
from zhenfen.batch.stages import Order
from zhenfen.errors import InputError
from zhenfen.features.growth.explanations import count_moves
from zhenfen.features.growth.spans import mark_days
from zhenfen.model_store import load_models
from zhenfen.scoring.creators import latest_moment
from zhenfen.simulate import simulate
from zhenfen.tables import read_tables, write_tables

KINDS = ["organic_small", "burst_buyer", "comment_farm", "platform_purge", "engagement_pod", "organic_large"]


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six creators of one platform, with a purge, and two that bought from one seller."""
    folder = tmp_path_factory.mktemp("crowd") / "tables"
    write_tables(simulate(KINDS, seed=3, platforms=["weibo"]).tables, folder)
    return folder


@pytest.fixture(scope="module", autouse=True)
def _small_buckets() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(creators, "ROWS_A_BUCKET", 2_000)
        yield


@pytest.fixture(scope="module")
def scored(crowd: Path, _small_buckets: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Their scores, in buckets."""
    out = tmp_path_factory.mktemp("scored") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZHENFEN_HOME", str(tmp_path_factory.mktemp("home")))
        run_here("creators", crowd, out)
    return out


def scores(out: Path) -> pl.DataFrame:
    return pl.read_parquet(sorted(out.glob("*/scores.parquet")), hive_partitioning=False).sort("creator_id")


def test_buckets_are_judged_as_all_together(crowd: Path, scored: Path, tmp_path: Path) -> None:
    score_creators_file(crowd, tmp_path / "one.parquet", load_models())
    one, parts = pl.read_parquet(tmp_path / "one.parquet"), scores(scored)
    assert len(json.loads((scored / MANIFEST).read_text())["parts"]) > 1
    plain = [name for name in one.columns if name not in ("top_findings", "p_manipulated")]
    assert parts.select(plain).equals(one.select(plain))
    listed, wanted = (frame.explode("top_findings").unnest("top_findings") for frame in (parts, one))
    # Exponentials differ in their last bits with the number of rows.
    assert (parts["p_manipulated"] - one["p_manipulated"]).abs().max() < 1e-12
    assert (listed["contribution"] - wanted["contribution"]).abs().max() < 1e-9
    unsure = ("contribution", "p_manipulated")
    assert listed.drop(unsure).equals(wanted.drop(unsure))
    # What a creator shares with others is judged in either way.
    assert "network" in one["families_assessed"].explode().to_list()


def test_however_the_tables_are_cut_the_scores_are_the_same_bytes(crowd: Path, scored: Path, tmp_path: Path) -> None:
    for path in crowd.glob("*.parquet"):
        rows = pl.read_parquet(path).sample(fraction=1, shuffle=True, seed=2)
        (tmp_path / "cut" / path.stem).mkdir(parents=True)
        for place, part in enumerate(rows.iter_slices(max(1, rows.height // 3 + 1))):
            part.write_parquet(tmp_path / "cut" / path.stem / f"{place}.parquet")
    run_here("creators", tmp_path / "cut", tmp_path / "out")
    whole, cut = contents(scored), contents(tmp_path / "out")
    assert {name: one for name, one in whole.items() if name.endswith(".parquet")} == {
        name: one for name, one in cut.items() if name.endswith(".parquet")
    }


def test_a_bucket_that_breaks_the_contract_is_set_aside(crowd: Path, tmp_path: Path) -> None:
    broken = tmp_path / "in"
    broken.mkdir()
    for path in crowd.glob("*.parquet"):
        (broken / path.name).write_bytes(path.read_bytes())
    rows = pl.read_parquet(crowd / "creators.parquet")
    bad = pl.when(pl.int_range(pl.len()) == 1).then(-5).otherwise("n_followers").alias("n_followers")
    rows.with_columns(bad).write_parquet(broken / "creators.parquet")
    manifest = run_here("creators", broken, tmp_path / "out")
    assert len(manifest.set_aside) == 1
    assert "column n_followers: found '-5'" in next(iter(manifest.set_aside.values()))
    kept = scores(tmp_path / "out")["creator_id"]
    assert rows["creator_id"][1] not in kept
    assert 0 < len(kept) < rows.height


def test_a_run_goes_on_where_it_was(crowd: Path, scored: Path, tmp_path: Path) -> None:
    shutil.copytree(scored, tmp_path / "out")
    before = contents(scored)
    lost = next((tmp_path / "out").glob("*/scores.parquet"))
    lost.unlink()
    engine = Here()
    score_folder(Order("creators", str(crowd), tmp_path / "out"), engine)
    assert contents(tmp_path / "out") == before
    bucket = lost.parent.name.partition("=")[2]
    assert engine.done[-1] == bucket


def test_files_that_cannot_be_used_end_the_run(zhenfen: Runner, crowd: Path, tmp_path: Path) -> None:
    broken = tmp_path / "in"
    broken.mkdir()
    (broken / "creators.parquet").write_bytes((crowd / "creators.parquet").read_bytes())
    (broken / "posts.parquet").write_bytes(b"PAR1")
    ran = zhenfen("score", "creators", broken, "--out", tmp_path / "out", "--engine", "local")
    assert ran.code == 2
    assert "posts.parquet" in ran.err
    (broken / "posts.parquet").unlink()
    pl.DataFrame({"post_id": ["a"]}).write_parquet(broken / "other.parquet")
    with pytest.raises(InputError, match="a table's name"):
        run_here("creators", broken, tmp_path / "out")


def test_moves_of_a_platform_are_those_of_all_buckets(crowd: Path, tmp_path: Path) -> None:
    tables = read_tables(crowd)
    ids = tables["creators"]["creator_id"].to_list()
    for name, mine in {"0000": ids[::2], "0001": ids[1::2]}.items():
        part = tables.replace(
            **{one: tables[one].filter(pl.col("creator_id").is_in(mine)) for one in ("creators", "follower_counts")},
            **{one: tables[one].clear() for one in tables.frames if one not in {"creators", "follower_counts"}},
        )
        write_tables(part, tmp_path / "buckets" / name)
        creator_buckets.read_bucket(tmp_path, name=name, as_of=latest_moment(tables))
    whole = count_moves(mark_days(tables["follower_counts"]), tables["creators"]).sort("platform", "day")
    assert whole["typical_up"].count() > 0
    assert whole["typical_down"].count() > 0
    assert creators.sum_days(tmp_path, ["0000", "0001"]).equals(whole)


def test_a_bucket_is_the_same_on_every_machine() -> None:
    # 0xCBF43926 is the check value that CRC-32 is published with.
    assert creator_buckets.bucket_of("123456789", 2**32) == 0xCBF43926
    assert creator_buckets.bucket_of("123456789", 16) == 6
