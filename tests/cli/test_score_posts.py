"""`zhenfen score posts` by command: three facts kept apart, and what it says to input that it cannot use."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli_runner import Ran, Runner

from toy_models import ToyPostModel, toy_models
from zhenfen.batch.run import open_engine, score_folder
from zhenfen.batch.stages import Order
from zhenfen.estimators.post_model import PREDICTED
from zhenfen.scoring import score_posts
from zhenfen.tables import parquet
from zhenfen.text.brands import load_brands

TEXTS = {
    "sold": "点击左下角链接下单，领券立减",
    "told": "#广告 和品牌一起做的新品，喜欢就来",
    "plain": "周末去看了展，光线很好",
    "hostile": "\u202e下单\x00" + "(" * 3000 + "a" * 100_000,
    "empty": "",
    "null": None,
}
COLUMNS = [
    "post_id",
    "p_sponsored",
    "is_disclosed",
    "has_purchase_means",
    *(name for name in PREDICTED if name != "p_sponsored"),
    "model",
]


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zhenfen.model_store.load_models", toy_models)


def run(zhenfen: Runner, folder: Path, *options: str) -> Ran:
    return zhenfen("score", "posts", folder / "in.parquet", "--out", folder / "out.parquet", *options)


def write(folder: Path) -> pl.DataFrame:
    frame = pl.DataFrame({"post_id": list(TEXTS), "text": list(TEXTS.values())})
    frame.write_parquet(folder / "in.parquet")
    return frame


def test_id_and_text_are_enough(zhenfen: Runner, tmp_path: Path) -> None:
    frame = write(tmp_path)
    ran = run(zhenfen, tmp_path)
    assert ran.code == 0, ran.err
    scored = pl.read_parquet(tmp_path / "out.parquet")
    assert scored.columns == COLUMNS
    assert scored.equals(score_posts(frame, ToyPostModel()))
    rows = {row["post_id"]: row for row in scored.iter_rows(named=True)}
    assert (rows["sold"]["p_sponsored"], rows["sold"]["kind"]) == (0.9, "third_party")
    assert rows["sold"]["has_purchase_means"] is True
    assert rows["told"]["is_disclosed"] is True
    assert rows["told"]["p_sponsored"] == 0.1
    assert rows["null"]["p_sponsored"] is None


def test_a_text_that_was_read_settles_what_the_platform_leaves_open(zhenfen: Runner, tmp_path: Path) -> None:
    texts = ["看展", "", None, None, None, "看展"]
    says = [None, None, None, True, False, True]
    frame = pl.DataFrame({"post_id": list("abcdef"), "text": texts, "is_labelled_ad": says, "has_purchase_link": says})
    frame.write_parquet(tmp_path / "in.parquet")
    assert run(zhenfen, tmp_path).code == 0
    scored = pl.read_parquet(tmp_path / "out.parquet")
    expected = [False, False, None, True, False, True]
    # A missing label is no disclosure, and yet the text, which nobody has read, may hold one.
    assert scored["is_disclosed"].to_list() == [False, False, None, True, None, True]
    assert scored["has_purchase_means"].to_list() == expected


def test_other_columns_are_not_even_read(zhenfen: Runner, tmp_path: Path) -> None:
    frame = pl.DataFrame({"post_id": ["a"], "text": ["看展"], "published_at": ["yesterday"], "n_likes": ["1.2万"]})
    frame.write_parquet(tmp_path / "in.parquet")
    ran = run(zhenfen, tmp_path)
    assert ran.code == 0, ran.err


def test_categories_are_texts(zhenfen: Runner, tmp_path: Path) -> None:
    frame = write(tmp_path)
    run(zhenfen, tmp_path)
    plain = pl.read_parquet(tmp_path / "out.parquet")
    frame.cast(pl.Categorical).write_parquet(tmp_path / "in.parquet")
    ran = run(zhenfen, tmp_path)
    assert ran.code == 0, ran.err
    assert pl.read_parquet(tmp_path / "out.parquet").equals(plain)


def test_a_column_that_stands_there_twice_is_named(zhenfen: Runner, tmp_path: Path) -> None:
    columns = [pa.array(["a"]), pa.array(["看展"]), pa.array(["看花"])]
    pq.write_table(pa.Table.from_arrays(columns, names=["post_id", "text", "text"]), tmp_path / "in.parquet")
    ran = run(zhenfen, tmp_path)
    assert ran.code == 2
    assert "column text" in ran.err
    assert "once" in ran.err
    assert not (tmp_path / "out.parquet").exists()


def test_a_disk_that_fills_up_leaves_nothing(zhenfen: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    write(tmp_path)
    monkeypatch.setattr(Path, "replace", fail)
    ran = run(zhenfen, tmp_path)
    assert ran.code == 2
    assert "the disk is full" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


def test_what_the_platform_says_is_read_where_it_is_there(zhenfen: Runner, tmp_path: Path) -> None:
    frame = pl.DataFrame({"post_id": ["a", "b"], "text": ["看展", "看展"], "is_labelled_ad": [True, False]})
    frame.write_parquet(tmp_path / "in.parquet")
    assert run(zhenfen, tmp_path).code == 0
    assert pl.read_parquet(tmp_path / "out.parquet")["is_disclosed"].to_list() == [True, False]


def test_spans_point_into_the_text(zhenfen: Runner, tmp_path: Path) -> None:
    write(tmp_path)
    assert run(zhenfen, tmp_path, "--explain").code == 0
    for row in pl.read_parquet(tmp_path / "out.parquet").iter_rows(named=True):
        for reason in row["reasons"]:
            assert TEXTS[row["post_id"]][reason["start"] : reason["end"]] == reason["piece"]


def test_batches_change_nothing(zhenfen: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    run(zhenfen, tmp_path)
    whole = pl.read_parquet(tmp_path / "out.parquet")
    monkeypatch.setattr(parquet, "BATCH_ROWS", 2)
    run(zhenfen, tmp_path)
    assert pl.read_parquet(tmp_path / "out.parquet").equals(whole)


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pl.DataFrame({"post_id": ["a"]}), ("column text", "to be there")),
        (pl.DataFrame({"text": ["好"]}), ("post_id", "to be there")),
        (pl.DataFrame({"post_id": [None, "a"], "text": ["好", "看"]}), ("row 1", "post_id")),
        (pl.DataFrame({"post_id": ["a"], "text": ["好"], "is_labelled_ad": ["yes"]}), ("is_labelled_ad", "Boolean")),
    ],
)
def test_a_wrong_table_is_named_and_nothing_is_written(zhenfen: Runner, tmp_path: Path, frame, said) -> None:
    frame.write_parquet(tmp_path / "in.parquet")
    ran = run(zhenfen, tmp_path)
    assert ran.code == 2
    for words in ("in.parquet", *said):
        assert words in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


def test_an_empty_table_gives_an_empty_table(zhenfen: Runner, tmp_path: Path) -> None:
    pl.DataFrame(schema={"post_id": pl.String, "text": pl.String}).write_parquet(tmp_path / "in.parquet")
    assert run(zhenfen, tmp_path).code == 0
    assert pl.read_parquet(tmp_path / "out.parquet").columns == COLUMNS


def test_without_a_model_the_shelf_is_named(zhenfen: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zhenfen.model_store.load_models", lambda: toy_models(post=None))
    write(tmp_path)
    ran = run(zhenfen, tmp_path)
    assert ran.code == 2
    assert "post model" in ran.err


def test_brands_are_named_on_request_and_the_same_in_parts(
    zhenfen: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHENFEN_HOME", str(tmp_path / "home"))
    texts = ["兰蔻 下单 @小桃旗舰店", None, "「云朵拿铁」和苹果很好吃"]
    frame = pl.DataFrame({"post_id": list("abc"), "text": texts})
    frame.write_parquet(tmp_path / "in.parquet")
    ran = run(zhenfen, tmp_path, "--brands")
    assert ran.code == 0, ran.err
    scored = pl.read_parquet(tmp_path / "out.parquet")
    assert scored.columns == [*COLUMNS, "brands", "shops", "brand_candidates"]
    assert scored.equals(score_posts(frame, ToyPostModel(), brands=load_brands()))
    assert scored["brands"].to_list() == [["兰蔻"], [], []]
    assert scored["shops"].to_list() == [["小桃旗舰店"], [], []]
    assert scored["brand_candidates"].to_list() == [[], [], ["云朵拿铁"]]
    source = tmp_path / "parts"
    source.mkdir()
    frame.head(2).write_parquet(source / "1.parquet")
    frame.tail(1).write_parquet(source / "2.parquet")
    manifest = score_folder(
        Order("posts", str(source), tmp_path / "folder", brands=load_brands()), open_engine("local", 1)
    )
    assert manifest.made_by["brands"] == load_brands().version
    parts = pl.concat(pl.read_parquet(tmp_path / "folder" / f"{n}.parquet") for n in (1, 2))
    assert parts.select("brands", "shops", "brand_candidates").equals(scored.select(parts.columns[-3:]))


def test_an_own_dictionary_that_cannot_be_used_stops_before_anything_is_written(
    zhenfen: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHENFEN_HOME", str(tmp_path))
    (tmp_path / "brands.yaml").write_text("categories: {tea: {brands: {}}}", encoding="utf-8")
    write(tmp_path)
    ran = run(zhenfen, tmp_path, "--brands")
    assert ran.code == 2
    assert "brands.yaml" in ran.err
    assert "categories.tea.source" in ran.err
    assert not (tmp_path / "out.parquet").exists()
