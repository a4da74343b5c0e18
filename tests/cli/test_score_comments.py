"""`zhenfen score comments` by command: what it writes, and what it says to input that it cannot use."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli_runner import Ran, Runner

from toy_models import ToyCommentModel, toy_models
from zhenfen.batch import row_files as batch
from zhenfen.scoring import score_comments
from zhenfen.tables import parquet

TEMPLATE = "跟着博主买的这款面霜真的太好用了"
HOSTILE = {
    "empty": "",
    "blank": " \t\n\u3000",
    "one": "好",
    "long": "好看" * 50_000,
    "emoji": "😂😂❤️",
    "english": "love this so much",
    "arabic": "هذا جميل جدا",
    "control": "看\x00\x07\x1b[31m这里",
    "bidi": "\u202e看这里\u202c\u2066",
    "regex bomb": "a" * 20_000 + "!" + "(" * 2_000 + "@" * 5_000,
    "combining": "看" + "\u0301" * 5_000,
    "null": None,
}


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zhenfen.model_store.load_models", toy_models)


def run(zhenfen: Runner, folder: Path, *options: str) -> Ran:
    return zhenfen("score", "comments", folder / "in.parquet", "--out", folder / "out.parquet", *options)


def write(folder: Path, texts: dict[str, str | None], **columns: object) -> pl.DataFrame:
    frame = pl.DataFrame({"comment_id": list(texts), "text": list(texts.values()), **columns}, strict=False)
    frame = frame.with_columns(pl.col("text").cast(pl.String))
    frame.write_parquet(folder / "in.parquet")
    return frame


def test_command_line_and_python_give_the_same(zhenfen: Runner, tmp_path: Path) -> None:
    frame = write(tmp_path, {"a": TEMPLATE, "b": f"{TEMPLATE}！", "c": f"{TEMPLATE}👍", "d": "加我微信", "e": "顶"})
    ran = run(zhenfen, tmp_path)
    assert ran.code == 0, ran.err
    assert "5" in ran.out
    scored = pl.read_parquet(tmp_path / "out.parquet")
    assert scored.columns == ["comment_id", "p_advert", "p_filler", "p_praise", "cluster_id", "cluster_size", "model"]
    assert scored.equals(score_comments(frame, ToyCommentModel()))
    assert scored["cluster_id"].to_list() == ["a", "a", "a", None, None]
    assert scored["cluster_size"].to_list() == [3, 3, 3, 1, 1]
    assert scored["p_advert"].to_list()[3] > 0.9


def test_clusters_reach_over_batches(zhenfen: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {f"c{n:02d}": TEMPLATE if n % 4 == 0 else f"第{n}条说的完全是另外一件事情啊{n}" for n in range(20)})
    assert run(zhenfen, tmp_path).code == 0
    whole = pl.read_parquet(tmp_path / "out.parquet")
    monkeypatch.setattr(parquet, "BATCH_ROWS", 3)
    monkeypatch.setattr(batch, "BATCH_ROWS", 3)
    assert run(zhenfen, tmp_path).code == 0
    assert pl.read_parquet(tmp_path / "out.parquet").equals(whole)
    assert whole.filter(cluster_id="c00")["cluster_size"].to_list() == [5] * 5


def test_a_comment_that_comes_twice_makes_no_cluster_with_itself(zhenfen: Runner, tmp_path: Path) -> None:
    frame = write(tmp_path, {"a": TEMPLATE, "b": "这是另外一条完全不同的评论"})
    pl.concat([frame, frame, frame]).write_parquet(tmp_path / "in.parquet")
    assert run(zhenfen, tmp_path).code == 0
    scored = pl.read_parquet(tmp_path / "out.parquet")
    assert scored["comment_id"].to_list() == ["a", "b"] * 3
    assert scored["cluster_size"].to_list() == [1] * 6


def test_row_order_changes_nothing(tmp_path: Path) -> None:
    texts = {f"c{n:02d}": [TEMPLATE, "加我微信吧朋友", "今天的光线刚好很喜欢"][n % 3] for n in range(12)}
    frame = write(tmp_path, texts)
    model = ToyCommentModel()
    turned = score_comments(frame.reverse(), model).sort("comment_id")
    assert turned.equals(score_comments(frame, model).sort("comment_id"))


def test_explain_lists_pieces(zhenfen: Runner, tmp_path: Path) -> None:
    write(tmp_path, {"a": "加我微信"})
    assert run(zhenfen, tmp_path, "--explain").code == 0
    reasons = pl.read_parquet(tmp_path / "out.parquet")["reasons"].to_list()[0]
    assert set(reasons[0]) == {"piece", "contribution"}


def test_hostile_texts_are_scored(zhenfen: Runner, tmp_path: Path) -> None:
    write(tmp_path, HOSTILE)
    ran = run(zhenfen, tmp_path, "--explain")
    assert ran.code == 0, ran.err
    scored = pl.read_parquet(tmp_path / "out.parquet")
    assert scored["comment_id"].to_list() == list(HOSTILE)
    known = scored.filter(pl.col("comment_id") != "null")
    assert known["p_advert"].is_between(0, 1).all()
    assert known["p_filler"].is_between(0, 1).all()
    assert scored.row(-1, named=True)["p_advert"] is None
    assert scored.row(-1, named=True)["cluster_size"] is None


def test_other_columns_are_not_even_read(zhenfen: Runner, tmp_path: Path) -> None:
    write(tmp_path, {"a": "好看"}, created_at=["yesterday"], n_likes=["many"])
    assert run(zhenfen, tmp_path).code == 0


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pl.DataFrame({"text": ["好看"]}), ("comment_id", "to be there")),
        (pl.DataFrame({"comment_id": ["a"]}), ("column text", "to be there")),
        (pl.DataFrame({"comment_id": ["a", None], "text": ["好", "看"]}), ("row 2", "comment_id", "an id")),
        (pl.DataFrame({"comment_id": ["a"], "text": [7]}), ("column text", "int64", "type String")),
        (pl.DataFrame({"comment_id": [7], "text": [7]}), ("column comment_id", "column text")),
        (pl.DataFrame({"comment_id": ["a"], "text": [b"\xff"]}), ("column text", "binary")),
    ],
)
def test_a_wrong_table_is_named_and_nothing_is_written(zhenfen: Runner, tmp_path: Path, frame, said) -> None:
    frame.write_parquet(tmp_path / "in.parquet")
    ran = run(zhenfen, tmp_path)
    assert ran.code == 2
    for words in ("in.parquet", *said):
        assert words in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


@pytest.mark.parametrize("spoilt", [b"\xff\xfe", b"\xed\xa0\x80", b"\xe4\xbd"])
def test_bytes_that_are_no_utf8_are_named_by_row(zhenfen: Runner, tmp_path: Path, spoilt: bytes) -> None:
    """A lone surrogate is no character: UTF-8 has no spelling for it."""
    texts = ["好看".encode()] * 1000
    texts[700] = spoilt
    column = pa.array(texts, pa.binary()).view(pa.string())
    pq.write_table(pa.table({"comment_id": [f"c{n}" for n in range(1000)], "text": column}), tmp_path / "in.parquet")
    ran = run(zhenfen, tmp_path)
    assert ran.code == 2
    assert "row 701" in ran.err
    assert "column text" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1 torn PAR1", b"comment_id,text\na,b\n"])
def test_what_is_no_parquet_is_named(zhenfen: Runner, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "in.parquet").write_bytes(content)
    ran = run(zhenfen, tmp_path)
    assert ran.code == 2
    assert "in.parquet" in ran.err


def test_a_file_torn_in_the_middle_leaves_the_older_result(zhenfen: Runner, tmp_path: Path) -> None:
    frame = pl.DataFrame({"comment_id": [f"c{n}" for n in range(5000)], "text": [f"第{n}条评论" for n in range(5000)]})
    frame.write_parquet(tmp_path / "in.parquet", compression="uncompressed")
    content = bytearray((tmp_path / "in.parquet").read_bytes())
    content[4:2000] = b"\xff" * 1996
    (tmp_path / "in.parquet").write_bytes(content)
    (tmp_path / "out.parquet").write_bytes(b"older")
    assert run(zhenfen, tmp_path).code == 2
    assert (tmp_path / "out.parquet").read_bytes() == b"older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.parquet", "out.parquet"]


def test_an_empty_table_gives_an_empty_table(zhenfen: Runner, tmp_path: Path) -> None:
    write(tmp_path, {})
    ran = run(zhenfen, tmp_path, "--explain")
    assert ran.code == 0, ran.err
    scored = pl.read_parquet(tmp_path / "out.parquet")
    assert scored.is_empty()
    assert {"comment_id", "p_advert", "cluster_size"} <= set(scored.columns)


def test_the_file_that_is_read_is_never_overwritten(zhenfen: Runner, tmp_path: Path) -> None:
    write(tmp_path, {"a": "好看"})
    before = (tmp_path / "in.parquet").read_bytes()
    ran = zhenfen("score", "comments", tmp_path / "in.parquet", "--out", tmp_path / "." / "in.parquet")
    assert ran.code == 2
    assert (tmp_path / "in.parquet").read_bytes() == before


def test_a_place_that_cannot_be_written_is_named(zhenfen: Runner, tmp_path: Path) -> None:
    write(tmp_path, {"a": "好看"})
    (tmp_path / "file").write_text("in the way")
    ran = zhenfen("score", "comments", tmp_path / "in.parquet", "--out", tmp_path / "file" / "out.parquet")
    assert ran.code == 2
    assert "cannot be written" in ran.err


def test_without_a_model_the_shelf_is_named(zhenfen: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zhenfen.model_store.load_models", lambda: toy_models(comment=None))
    write(tmp_path, {"a": "好看"})
    ran = run(zhenfen, tmp_path)
    assert ran.code == 2
    assert "comment model" in ran.err
