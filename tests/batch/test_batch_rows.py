"""Batch runs over folders: the scores of one file, restarts, and what comes of parts that cannot be used."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from batch_builder import Here, contents, run_here, write_comments, write_posts, write_profiles
from batch_tasks import Answers, Dies, Fails
from cli_runner import Runner

from zhenfen.batch import rows
from zhenfen.batch import run as batch
from zhenfen.batch.engine import LOST, Task
from zhenfen.batch.local_engine import LocalEngine
from zhenfen.batch.manifest import MANIFEST, open_manifest
from zhenfen.batch.row_files import normalise_comments_file, score_comments_file, score_posts_file, score_profiles_file
from zhenfen.batch.run import score_folder
from zhenfen.batch.stages import Order
from zhenfen.errors import ConfigError, DiskFullError, InputError, Problem
from zhenfen.estimators.comment_model import COMMENT
from zhenfen.estimators.post_model import POST
from zhenfen.estimators.profile_model import PROFILE
from zhenfen.model_store import load_models


def in_one_file(folder: Path, target: Path) -> Path:
    files = sorted(folder.rglob("*.parquet"), key=lambda path: path.relative_to(folder).as_posix())
    pl.concat([pl.read_parquet(path, hive_partitioning=False) for path in files]).write_parquet(target)
    return target


def all_scores(folder: Path) -> pl.DataFrame:
    parts = json.loads((folder / MANIFEST).read_text())["parts"]
    return pl.concat([pl.read_parquet(folder / name, hive_partitioning=False) for name in sorted(parts)])


def test_profiles_are_scored_as_in_one_file(tmp_path: Path) -> None:
    source = write_profiles(tmp_path / "in")
    manifest = run_here("profiles", source, tmp_path / "out", explain=True)
    whole = in_one_file(source, tmp_path / "whole.parquet")
    score_profiles_file(whole, tmp_path / "scored.parquet", load_models().need(PROFILE), explain=True)
    assert manifest.n_rows == 120
    assert all_scores(tmp_path / "out").equals(pl.read_parquet(tmp_path / "scored.parquet"))


def test_comments_are_grouped_over_all_parts(tmp_path: Path) -> None:
    source = write_comments(tmp_path / "in")
    run_here("comments", source, tmp_path / "out")
    whole = in_one_file(source, tmp_path / "whole.parquet")
    score_comments_file(whole, tmp_path / "scored.parquet", load_models().need(COMMENT))
    scored = all_scores(tmp_path / "out")
    assert scored.equals(pl.read_parquet(tmp_path / "scored.parquet"))
    across = scored.drop_nulls("cluster_id").group_by("cluster_id").agg(pl.col("comment_id").str.head(1).n_unique())
    assert across["comment_id"].max() == 3
    assert (tmp_path / "out" / "empty.parquet").exists()


def test_posts_are_scored_as_in_one_file(tmp_path: Path) -> None:
    source = write_posts(tmp_path / "in")
    run_here("posts", source, tmp_path / "out")
    whole = in_one_file(source, tmp_path / "whole.parquet")
    score_posts_file(whole, tmp_path / "scored.parquet", load_models().need(POST))
    assert all_scores(tmp_path / "out").equals(pl.read_parquet(tmp_path / "scored.parquet"))


def test_only_what_is_missing_or_changed_is_made_again(tmp_path: Path) -> None:
    source, out = write_profiles(tmp_path / "in"), tmp_path / "out"
    run_here("profiles", source, out)
    first = contents(out)
    (out / "1.parquet").unlink()
    (out / "2.parquet").write_bytes(b"torn")
    engine = Here()
    score_folder(Order("profiles", str(source), out), engine)
    assert engine.done[-2:] == ["1.parquet", "2.parquet"]
    assert engine.done.count("0.parquet") == 1
    assert contents(out) == first


def test_a_part_that_is_gone_takes_its_scores_along(tmp_path: Path) -> None:
    source, out = write_profiles(tmp_path / "in"), tmp_path / "out"
    run_here("profiles", source, out)
    (source / "0.parquet").unlink()
    manifest = run_here("profiles", source, out)
    assert sorted(contents(out)) == ["1.parquet", "2.parquet", MANIFEST]
    assert manifest.n_rows == 80


@pytest.fixture
def no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line's engine does everything in this process: one that starts takes seconds.

    A run that is killed has real ones, of the same command.
    """
    monkeypatch.setattr(batch, "open_engine", lambda name, n_workers: Here())


@pytest.mark.usefixtures("no_process")
def test_a_part_that_cannot_be_used_is_set_aside_and_the_rest_is_done(zhenfen: Runner, tmp_path: Path) -> None:
    source, out = write_profiles(tmp_path / "in", n_parts=2), tmp_path / "out"
    (source / "bad.parquet").write_bytes(b"PAR1 and no more")
    pl.DataFrame({"profile_id": ["a", None]}).write_parquet(source / "null.parquet")
    ran = zhenfen("score", "profiles", source, "--out", out, "--workers", 1)
    assert ran.code == 3
    assert "bad.parquet" in ran.err
    assert "null.parquet, row 2, column profile_id" in ran.err
    parts = json.loads((out / MANIFEST).read_text())["parts"]
    assert [name for name, entry in parts.items() if "error" in entry] == ["bad.parquet", "null.parquet"]
    assert sorted(contents(out)) == ["0.parquet", "1.parquet", MANIFEST]
    (source / "bad.parquet").unlink()
    (source / "null.parquet").unlink()
    assert zhenfen("score", "profiles", source, "--out", out, "--workers", 1).code == 0


def test_a_part_of_comments_that_cannot_be_used_is_in_no_cluster(tmp_path: Path) -> None:
    source = write_comments(tmp_path / "in")
    run_here("comments", source, tmp_path / "sound")
    (source / "bad.parquet").write_bytes(b"PAR1")
    manifest = run_here("comments", source, tmp_path / "out")
    assert list(manifest.set_aside) == ["bad.parquet"]
    sound, rest = contents(tmp_path / "sound"), contents(tmp_path / "out")
    assert all(rest[name] == content for name, content in sound.items() if name != MANIFEST)


def test_comments_that_can_be_used_later_change_the_clusters_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_comments(tmp_path / "in")

    def lost(path: Path, out: Path) -> int:
        if "day=1" in str(path):
            raise InputError(Problem("a file that is there today", str(path)))
        return normalise_comments_file(path, out)

    monkeypatch.setattr(rows, "normalise_comments_file", lost)
    assert list(run_here("comments", source, tmp_path / "out").set_aside) == ["day=1/comments.parquet"]
    monkeypatch.undo()
    run_here("comments", source, tmp_path / "out")
    run_here("comments", source, tmp_path / "straight")
    assert contents(tmp_path / "out") == contents(tmp_path / "straight")


def test_parts_need_not_have_the_same_columns(tmp_path: Path) -> None:
    source = write_profiles(tmp_path / "in")
    pl.read_parquet(source / "1.parquet").drop("n_posts").with_columns(note=pl.lit(1)).write_parquet(
        source / "1.parquet"
    )
    pl.read_parquet(source / "2.parquet").clear().write_parquet(source / "[2].parquet")
    manifest = run_here("profiles", source, tmp_path / "out")
    assert manifest.set_aside == {}
    assert manifest.parts["[2].parquet"]["rows"] == 0
    columns = {tuple(pl.read_parquet_schema(path)) for path in (tmp_path / "out").glob("*.parquet")}
    assert len(columns) == 1


def test_a_manifest_that_was_half_written_is_none(tmp_path: Path) -> None:
    source, out = write_profiles(tmp_path / "in"), tmp_path / "out"
    run_here("profiles", source, out)
    before = contents(out)
    (out / f".{MANIFEST}.part").write_bytes(before[MANIFEST][:40])
    (out / "0.parquet").unlink()
    run_here("profiles", source, out)
    assert contents(out) == before
    (out / MANIFEST).write_bytes(before[MANIFEST][:40])
    with pytest.raises(ConfigError, match="expected the manifest of a batch run"):
        run_here("profiles", source, out)


def test_a_run_that_is_killed_goes_on_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    source = write_profiles(tmp_path / "in", n_parts=6)
    straight = contents_of_run(source, tmp_path / "straight")
    out = tmp_path / "out"
    main = "from zhenfen.cli.main import main; main()"
    command = [sys.executable, "-c", main, "score", "profiles", source, "--out", out, "--workers", 1]
    process = subprocess.Popen([*map(str, command)], stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while not (out / "1.parquet").exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert (out / "1.parquet").exists()
    assert contents_of_run(source, out) == straight


def contents_of_run(source: Path, out: Path) -> dict[str, bytes]:
    run_here("profiles", source, out)
    return contents(out)


def test_a_process_that_dies_takes_no_other_task_along(tmp_path: Path) -> None:
    engine = LocalEngine(2)
    tasks = [Task("a", Answers()), Task("dies", Dies()), Task("fails", Fails()), Task("b", Answers())]
    outcomes = {one.name: one for one in engine.run(tasks, tmp_path)}
    engine.close()
    assert {name for name, one in outcomes.items() if one.value == "done"} == {"a", "b"}
    assert outcomes["dies"].error == LOST
    assert outcomes["fails"].error == "ArithmeticError: nobody foresaw this"


def test_a_full_disk_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    source = write_comments(tmp_path / "in")
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskFullError, match="the disk is full"):
        run_here("comments", source, tmp_path / "out")
    monkeypatch.undo()
    run_here("comments", source, tmp_path / "out")
    run_here("comments", source, tmp_path / "straight")
    assert contents(tmp_path / "out") == contents(tmp_path / "straight")


def test_folders_that_cannot_take_the_scores_are_named(tmp_path: Path) -> None:
    source, out = write_profiles(tmp_path / "in"), tmp_path / "out"
    with pytest.raises(ConfigError, match="outside of the one that is read"):
        run_here("profiles", source, source / "out")
    with pytest.raises(ConfigError, match="outside of the one that is read"):
        run_here("profiles", f"file://{source}", f"file://{source}/out")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "letter.txt").write_text("")
    with pytest.raises(ConfigError, match=r"found 'letter\.txt'"):
        run_here("profiles", source, tmp_path / "theirs")
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="found a file"):
        run_here("profiles", source, tmp_path / "file")
    run_here("profiles", source, out)
    with pytest.raises(ConfigError, match="explain False, expected True"):
        run_here("profiles", source, out, explain=True)
    with open_manifest(tmp_path / "held", {}), pytest.raises(ConfigError, match="another run"):
        run_here("profiles", source, tmp_path / "held")


@pytest.mark.usefixtures("no_process")
@pytest.mark.parametrize("asked", [("--engine", "local"), ("--workers", "1")])
def test_a_single_file_stays_one_unless_parts_are_asked_for(
    zhenfen: Runner, tmp_path: Path, asked: tuple[str, str]
) -> None:
    source = write_profiles(tmp_path / "in", n_parts=1) / "0.parquet"
    assert zhenfen("score", "profiles", source, "--out", tmp_path / "a.parquet").code == 0
    assert zhenfen("score", "profiles", source, "--out", tmp_path / "b", *asked).code == 0
    (part,) = (tmp_path / "b").glob("*.parquet")
    assert part.read_bytes() == (tmp_path / "a.parquet").read_bytes()
    assert (tmp_path / "b" / MANIFEST).is_file()


@pytest.mark.parametrize("missing", ["nothing", "folder"])
def test_no_input_is_said(zhenfen: Runner, tmp_path: Path, missing: str) -> None:
    (tmp_path / "folder").mkdir()
    ran = zhenfen("score", "profiles", tmp_path / missing, "--out", tmp_path / "out")
    assert ran.code == 2
    assert ("does not exist" if missing == "nothing" else "at least one Parquet file") in ran.err
