"""`zhenfen monitor`: exit codes for schedulers, the page, and input that cannot be used."""

from __future__ import annotations

import errno
import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from cli_runner import Runner

from zhenfen.cli.monitor import DRIFT_FOUND
from zhenfen.estimators.profile_model import PROFILE
from zhenfen.model_store import load_models
from zhenfen.monitoring.files import watch
from zhenfen.monitoring.page import DATA, PAGE, render
from zhenfen.monitoring.summary import summarise
from zhenfen.tables import TABLES, make_frame

models = cache(load_models)
N = 400
TEXTS = [
    "好看",
    "这个颜色真好看，在哪里买的",
    "加我微信abc123领福利",
    "哈哈哈哈",
    "拍得真不错，下次一起去",
    "全场五折，链接在评论区",
]


def make_profiles(bought: float, seed: int) -> pl.DataFrame:
    """Followers, a part of whom were made in batches."""
    rng = np.random.default_rng(seed)
    is_made = rng.random(N) < bought

    def pick(made: object, own: object) -> pl.Series:
        return pl.Series(np.where(is_made, made, own))

    columns = {
        "display_name": pick(rng.choice(["用户1234567", "m19870312"], N), rng.choice(["阿明爱吃面", "小王"], N)),
        "n_followers": pick(rng.integers(0, 9, N), rng.integers(50, 900, N)),
        "n_following": pick(rng.integers(600, 2000, N), rng.integers(20, 300, N)),
        "n_posts": pick(rng.integers(0, 3, N), rng.integers(50, 900, N)),
        "bio": pick("", "爱生活"),
    }
    about = {"creator_id": "c", "profile_id": [f"p{i}" for i in range(N)], "platform": "weibo", "frame": "newest"}
    return make_frame(TABLES["audience"], pl.DataFrame({**about, **columns}))


def make_texts(key: str, shift: int, seed: int) -> pl.DataFrame:
    places = np.random.default_rng(seed).integers(0, 4, N) % (len(TEXTS) - shift) + shift
    return pl.DataFrame({key: [f"t{i}" for i in range(N)], "text": pl.Series(TEXTS).gather(places)})


def make_scores(high: float, seed: int, model: str = "audience/1") -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    is_high = rng.random(N) < high
    return pl.DataFrame(
        {
            "profile_id": [f"p{i}" for i in range(N)],
            "p_fake": np.where(is_high, rng.uniform(0.7, 1, N), rng.uniform(0, 0.3, N)),
            "model": model,
            "out_of_domain": rng.random(N) < 0.05,
        }
    )


def write(folder: Path, **frames: pl.DataFrame) -> list[Path]:
    for name, frame in frames.items():
        frame.write_parquet(folder / f"{name}.parquet")
    return [folder / f"{name}.parquet" for name in frames]


@pytest.mark.parametrize(
    ("reference", "same", "other"),
    [
        (make_profiles(0.1, 1), make_profiles(0.1, 2), make_profiles(0.5, 3)),
        (make_texts("comment_id", 0, 1), make_texts("comment_id", 0, 2), make_texts("comment_id", 2, 3)),
        (make_texts("post_id", 0, 1), make_texts("post_id", 0, 2), make_texts("post_id", 2, 3)),
        (make_scores(0.1, 1), make_scores(0.1, 2), make_scores(0.5, 3)),
    ],
    ids=["profiles", "comments", "posts", "scores"],
)
def test_rows_like_the_reference_end_with_0_others_with_4(
    zhenfen: Runner, tmp_path: Path, reference: pl.DataFrame, same: pl.DataFrame, other: pl.DataFrame
) -> None:
    paths = write(tmp_path, reference=reference, same=same, other=other)
    for path, code in ((paths[1], 0), (paths[2], DRIFT_FOUND)):
        ran = zhenfen("monitor", paths[0], path, "--out", tmp_path / "out")
        assert ran.code == code, ran.out + ran.err
        found = json.loads((tmp_path / "out" / DATA).read_text(encoding="utf-8"))
        assert found["is_drift"] == (code == DRIFT_FOUND)
        assert found["headline"] in ran.out
        assert (tmp_path / "out" / PAGE).stat().st_size > 10_000


def test_without_out_nothing_is_written(zhenfen: Runner, tmp_path: Path) -> None:
    paths = write(tmp_path, a=make_scores(0.1, 1), b=make_scores(0.1, 2))
    assert zhenfen("monitor", *paths).code == 0
    assert sorted(tmp_path.iterdir()) == paths


def test_the_same_input_gives_the_same_bytes_in_every_language(tmp_path: Path) -> None:
    paths = write(tmp_path, a=make_profiles(0.1, 1), b=make_profiles(0.4, 2))
    pages = set()
    for language in ("zh", "en", "fr"):
        first, second = (render(summarise(watch(*paths, models()), language)) for _ in range(2))
        assert first == second
        assert not re.search(r"<script|https?://|style=", first)
        pages.add(first)
    assert len(pages) == 3


def test_the_scores_watched_are_those_of_scoring(tmp_path: Path) -> None:
    """Rows, and the scores that `zhenfen score` makes of them, lead to the same share."""
    from zhenfen.batch.row_files import score_profiles_file

    paths = write(tmp_path, a=make_profiles(0.1, 1), b=make_profiles(0.4, 2))
    for path in paths:
        score_profiles_file(path, path.with_suffix(".scores"), models().need(PROFILE))
    rows = watch(*paths, models()).changes[0]
    scores = watch(*(path.with_suffix(".scores") for path in paths), models()).changes[0]
    assert rows.flagged == scores.flagged


def test_large_files_are_read_evenly(tmp_path: Path) -> None:
    paths = write(tmp_path, a=make_profiles(0.1, 1), b=make_profiles(0.1, 2))
    run = watch(*paths, models(), most_rows=150)
    assert (run.reference.n_rows, run.reference.n_read) == (N, 134)
    assert "134" in summarise(run, "en")["notes"][0]


def test_a_folder_is_what_its_files_are_together(tmp_path: Path) -> None:
    frames = {"profiles": make_profiles(0.1, 1), "scores": make_scores(0.1, 1)}
    for name, frame in frames.items():
        folder, other = tmp_path / name, tmp_path / f"{name}.parquet"
        (folder / "deep").mkdir(parents=True)
        frame.write_parquet(other)
        frame.head(150).write_parquet(folder / "a.parquet")
        frame.tail(-150).write_parquet(folder / "deep" / "b.parquet")
        run = watch(other, folder, models(), most_rows=170)
        assert (run.new.n_rows, run.new.n_read) == (run.reference.n_rows, run.reference.n_read)
        for one in run.columns:
            assert one.comparison.values is None or one.comparison.values.psi == 0


def test_an_empty_folder_is_named(zhenfen: Runner, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (path,) = write(tmp_path, a=make_scores(0.1, 1))
    ran = zhenfen("monitor", path, tmp_path / "empty")
    assert ran.code == 2
    assert "empty" in ran.err


def test_a_part_of_another_sort_is_named(zhenfen: Runner, tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (path,) = write(tmp_path, a=make_scores(0.1, 1))
    write(tmp_path / "parts", a=make_scores(0.1, 1), b=make_profiles(0.1, 1))
    ran = zhenfen("monitor", path, tmp_path / "parts")
    assert ran.code == 2
    assert "b.parquet, column p_fake" in ran.err


def test_scores_of_another_model_are_compared_but_not_counted(tmp_path: Path) -> None:
    paths = write(tmp_path, a=make_scores(0.1, 1), b=make_scores(0.5, 2, model="audience/99"))
    run = watch(*paths, models())
    assert [key for key, _ in run.notes] == ["models", "unknown_model"]
    assert run.changes == []
    assert run.is_drift


def test_a_column_that_one_file_lacks_is_missing_there(tmp_path: Path) -> None:
    paths = write(tmp_path, a=make_scores(0.1, 1), b=make_scores(0.1, 2).drop("out_of_domain"))
    (found,) = [one for one in watch(*paths, models()).columns if one.comparison.column == "out_of_domain"]
    assert found.has_absence_moved


def test_a_column_gone_from_the_export_heads_what_moved_with_it(zhenfen: Runner, tmp_path: Path) -> None:
    new = make_profiles(0.1, 2).with_columns(n_following=pl.lit(None, pl.Int64), n_followers=pl.col("n_followers") * 8)
    paths = write(tmp_path, a=make_profiles(0.1, 1), b=new)
    ran = zhenfen("monitor", *paths, "--out", tmp_path / "out")
    assert ran.code == DRIFT_FOUND
    found = json.loads((tmp_path / "out" / DATA).read_text(encoding="utf-8"))
    (cause,) = found["causes"]
    assert (cause["column"], cause["missing"]) == ("n_following", [0, 1])
    assert "profile_following_log10" in cause["gone"]
    placed = {one["column"]: one["cause"] for one in found["columns"]}
    assert placed["profile_following_log10"] == 0
    assert placed["profile_followers_log10"] is None
    # The column first, on the terminal and on the page, then what went with it, then what moved by itself.
    page = (tmp_path / "out" / PAGE).read_text(encoding="utf-8")
    for text in (" ".join(ran.out.split()), page):
        places = [text.index(one) for one in (cause["text"], "Not known for it", "followers, median")]
        assert places == sorted(places)
    assert re.search(r"followers, median ([\d,]+) → ([\d,]+)", page)
    assert not re.search(r"([\d.,]+%?) → \1(?![\d.,%])", page)


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    bad = make_scores(0.1, 1, model="<script>alert(1)</script>")
    paths = write(tmp_path, **{"<b>x": bad, "y": make_scores(0.1, 2)})
    page = render(summarise(watch(*paths, models()), "en"))
    assert "<script" not in page
    assert "<b>x" not in page


NAN = make_scores(0.1, 1).with_columns(p_fake=pl.lit(float("nan")))


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (pl.DataFrame({"x": [1]}), ["b.parquet", "profiles, comments or posts"]),
        (make_profiles(0.1, 1), ["b.parquet", 'found "profiles"', "profile_scores"]),
        (make_scores(0.1, 1).clear(), ["b.parquet", "at least one row"]),
        (make_scores(0.1, 1).with_columns(p_fake=pl.col("p_fake") + (pl.int_range(N) == 6) * 5), ["row 7", "p_fake"]),
        (NAN, ["row 1", "p_fake"]),
        (
            make_scores(0.1, 1).with_columns(pl.col("p_fake", "out_of_domain").cast(pl.String)),
            ["column p_fake", "column out_of_domain"],
        ),
    ],
)
def test_what_cannot_be_compared_is_named(zhenfen: Runner, tmp_path: Path, new: pl.DataFrame, words: list[str]) -> None:
    paths = write(tmp_path, a=make_scores(0.1, 1), b=new)
    ran = zhenfen("monitor", *paths, "--out", tmp_path / "out")
    assert ran.code == 2
    assert all(word in ran.err for word in words), ran.err
    assert sorted(tmp_path.iterdir()) == paths


def test_rows_of_another_type_are_named(zhenfen: Runner, tmp_path: Path) -> None:
    good = make_profiles(0.1, 1)
    paths = write(tmp_path, a=good, b=good.with_columns(pl.col("n_followers").cast(pl.String)))
    ran = zhenfen("monitor", *paths)
    assert ran.code == 2
    assert "column n_followers" in ran.err


@pytest.mark.parametrize("bytes_", [b"", b"PAR1 torn", None])
def test_a_torn_file_is_named(zhenfen: Runner, tmp_path: Path, bytes_: bytes | None) -> None:
    good, torn = write(tmp_path, a=make_scores(0.1, 1), b=make_scores(0.1, 1))
    whole = torn.read_bytes()
    torn.write_bytes(whole[: len(whole) // 2] if bytes_ is None else bytes_)
    for paths in ((good, torn), (torn, good)):
        ran = zhenfen("monitor", *paths)
        assert ran.code == 2
        assert "b.parquet" in ran.err


def test_a_damaged_page_is_an_error_of_the_file(zhenfen: Runner, tmp_path: Path) -> None:
    # Some of these end the parser's thread: a panic, which is no Exception.
    good, damaged = write(tmp_path, a=make_scores(0.1, 1), b=make_scores(0.1, 1))
    whole, codes = damaged.read_bytes(), set()
    for at in range(120, 132):
        damaged.write_bytes(whole[:at] + bytes(4) + whole[at + 4 :])
        ran = zhenfen("monitor", good, damaged)
        codes.add(ran.code)
        assert ran.code != 2 or "b.parquet" in ran.err
    assert 2 in codes <= {0, 2, 4}


def test_a_folder_of_others_is_kept(zhenfen: Runner, tmp_path: Path) -> None:
    paths = write(tmp_path, a=make_scores(0.1, 1), b=make_scores(0.1, 2))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep me", encoding="utf-8")
    ran = zhenfen("monitor", *paths, "--out", tmp_path / "mine")
    assert ran.code == 2
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_a_full_disk_is_named_and_leaves_the_older_result(
    zhenfen: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write(tmp_path, a=make_scores(0.1, 1), b=make_scores(0.1, 2))
    assert zhenfen("monitor", *paths, "--out", tmp_path / "out").code == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    ran = zhenfen("monitor", *paths, "--out", tmp_path / "out")
    assert ran.code == 2
    assert "the disk is full" in ran.err
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.parquet", "b.parquet", "out"]


def test_an_unknown_language_is_named(zhenfen: Runner, tmp_path: Path) -> None:
    paths = write(tmp_path, a=make_scores(0.1, 1), b=make_scores(0.1, 2))
    ran = zhenfen("monitor", *paths, "--lang", "de")
    assert ran.code == 2
    assert "'zh', 'en', 'fr'" in ran.err
