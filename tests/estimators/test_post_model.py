"""The post model: what it reads, what it does not, and how its pieces add up."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from encoder_builder import WIDTH, LoudEncoder
from scipy.sparse import csr_matrix
from work_counter import check_linear

from zhenfen.config import models_dir
from zhenfen.errors import ConfigError
from zhenfen.estimators import post_model
from zhenfen.estimators.paid_head import AlikeCases, PaidHead
from zhenfen.estimators.post_classifier import KINDS, N_COLUMNS, Penalty, PostClassifier, fit_kinds, fit_weights
from zhenfen.estimators.post_heads import HEADS, VectorHeads, choose_heads
from zhenfen.estimators.post_model import (
    BOTH,
    CALIBRATION,
    LETTERS,
    NO_KIND,
    PAID,
    PREDICTED,
    PROBE,
    VECTORS,
    WEIGHTS,
    PostModel,
    load_post_model,
)
from zhenfen.estimators.post_pieces import find_pieces
from zhenfen.estimators.post_text import LISTS, leave_out_disclosures, make_matrix, read_letters
from zhenfen.shelf import FILE_NAME

SPONSORED = [
    f"{word}姐妹们赶紧冲，链接在评论区，券后只要{n}元" for n, word in enumerate(["面霜", "口红", "精华", "防晒"] * 5)
]
ORGANIC = [
    f"{word}去公园走了走，感觉一般，还是在家待着好{'哈' * n}"
    for n, word in enumerate(["今天", "昨天", "周末", "早上"] * 5)
]
TEXTS = [
    SPONSORED[0],
    ORGANIC[3],
    "＃好物 ＫＯＳＥ 連結…在\ufe0f評論區①，薇\u200b信\n✅控油✅保湿",
    "@小王 http://t.cn/x [笑哭R] 赶紧冲",
    "【广告】赶紧冲，非广告",
    "👍🏻👍🏻",
    "",
    None,
]
DISCLOSURES = [
    "#广告",
    "【广告】",
    "【廣告】",
    "＃广告",
    "感謝某某品牌的贊助",
    "感谢某某品牌的赞助",
    "本期为品牌合作",
    "非广告",
]
HOSTILE = [
    "a" * 100_000,
    "赶紧" * 50_000,
    "\u202e\x00\x02\x03" * 1_000,
    "不是" * 30_000 + "广告",
    "#" * 50_000,
    "…½ﷺ" * 5_000,
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shelf") / "post" / "2"
    path.mkdir(parents=True)
    X = make_matrix(pl.Series([*SPONSORED, *ORGANIC]))
    y = np.repeat([1.0, 0.0], len(SPONSORED))
    kinds = pl.Series([*(KINDS[at % 3] for at in range(len(SPONSORED))), *([None] * len(ORGANIC))], dtype=pl.String)
    weights, base = fit_weights(X, y, np.ones(len(y)), Penalty(3.0, len(LISTS)))
    heads = np.tile(weights, (len(HEADS), 1)).astype(np.float32).astype(np.float64)
    heads[HEADS.index("weibo")] *= 2
    classifier = PostClassifier(heads, np.full(len(HEADS), base), *fit_kinds(X, kinds, np.ones(len(y)), 3.0))
    classifier.save(path / WEIGHTS)
    probe = LoudEncoder().embed(pl.Series([PROBE]))[0][0]
    VectorHeads(np.tile([20.0, 0.0, -1.0, 0.0], (len(HEADS), 1)), np.zeros(len(HEADS)), probe).save(path / VECTORS)
    cases = AlikeCases(np.array([0.0]), np.array([10, 12]), np.array([1, 9]))
    PaidHead(weights, np.ones(WIDTH), cases, cases).save(path / PAID)
    line = {"kind": "platt", "scores": [1.0, 0.0], "probas": []}
    maps = {head: {LETTERS: line, BOTH: line} for head in HEADS}
    (path / CALIBRATION).write_text(json.dumps(maps), "utf-8")
    _write_manifest(path)
    return path


@pytest.fixture(autouse=True)
def encoder(monkeypatch: pytest.MonkeyPatch) -> LoudEncoder:
    """No network: the encoder counts characters."""
    loud = LoudEncoder()
    monkeypatch.setattr(post_model, "_open_encoder", lambda _: loud)
    monkeypatch.setattr(post_model, "has_encoder", lambda: True)
    return loud


@pytest.fixture
def model(folder: Path) -> PostModel:
    return load_post_model(folder)


def test_it_learns_what_it_was_shown(model: PostModel) -> None:
    found = model.predict(_posts([SPONSORED[1], ORGANIC[1]]))
    assert found["p_sponsored"][0] > 0.5 > found["p_sponsored"][1]
    assert found["kind"][0] in KINDS
    assert found["kind"][1] == NO_KIND


def test_nothing_to_read_is_no_score(model: PostModel) -> None:
    found = model.predict(_posts([None, "", " \n", "👍🏻！！", "好"]))
    assert found["p_sponsored"].is_null().to_list() == [True, True, True, True, False]
    assert found["kind"].is_null().to_list() == [True, True, True, True, False]
    assert model.predict(_posts([])).schema == found.schema
    assert model.explain(_posts([None, "", "👍🏻"]), 3).to_list() == [[], [], []]


def test_pieces_and_base_sum_to_the_score(model: PostModel) -> None:
    texts = pl.Series(TEXTS, dtype=pl.String)
    heads = np.arange(len(TEXTS)) % len(HEADS)
    scores = model.classifier.decision_function(make_matrix(texts), heads)
    sums = model.classifier.bases[heads]
    pieces = find_pieces(model.classifier, texts, heads)
    np.add.at(sums, pieces["row"].to_numpy(), pieces["contribution"].to_numpy())
    np.testing.assert_allclose(sums, scores, atol=1e-9)


def test_a_reason_points_at_the_raw_text(model: PostModel) -> None:
    posts = _posts(TEXTS)
    for text, reasons in zip(TEXTS, model.explain(posts, 5).to_list(), strict=True):
        assert len(reasons) <= 5
        assert all((text or "")[one["start"] : one["end"]] == one["piece"] != "" for one in reasons)
        sizes = [abs(one["contribution"]) for one in reasons]
        assert sizes == sorted(sizes, reverse=True)


def test_a_disclosure_is_not_read(model: PostModel) -> None:
    plain = model.predict(_posts([SPONSORED[2], ORGANIC[2]]))
    for disclosure in DISCLOSURES:
        told = model.predict(_posts([f"{SPONSORED[2]} {disclosure}", f"{disclosure} {ORGANIC[2]}"]))
        assert told.equals(plain), disclosure
    assert not any("广告" in one["piece"] for one in model.explain(_posts(["【广告】赶紧冲"]), 99).to_list()[0])


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("＃好物 ＫＯＳＥ，連結", "好物kose连结"),
        ("薇\u200b信\ufe0f号", "薇信号"),
        ("@小王 见 http://t.cn/x 好[笑哭R]", "见好"),
        ("等……等½", "等等½"),
        ("#广告 好用", "好用"),
        ("", ""),
    ],
)
def test_letters_keep_their_place(text: str, letters: str) -> None:
    told = leave_out_disclosures(pl.Series([text]))
    read = read_letters(told)
    assert read.texts.to_list() == [letters]
    raw = "".join(text[place] for place in read.places)
    assert len(raw) == len(letters)
    assert all(one in text for one in raw)


def test_row_order_ids_and_batches_change_nothing(model: PostModel) -> None:
    posts = _posts([*TEXTS, *SPONSORED[:4], *ORGANIC[:4]])
    found = model.predict(posts)
    assert model.predict(posts.reverse()).equals(found.reverse())
    assert model.predict(posts.with_columns(post_id=pl.lit("x"))).equals(found)
    alone = pl.concat([model.predict(one) for one in posts.iter_slices(1)])
    np.testing.assert_allclose(alone["p_sponsored"].drop_nulls(), found["p_sponsored"].drop_nulls(), atol=1e-12)


def test_words_of_the_lists_can_only_raise_the_score(model: PostModel) -> None:
    assert (model.classifier.weights[:, -len(LISTS) :] >= 0).all()


def test_fitting_agrees_with_another_solver() -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(3)
    X = csr_matrix(rng.normal(size=(80, 6)))
    y = (rng.random(80) < 0.5).astype(np.float64)
    weight = rng.random(80) + 0.5
    weights, base = fit_weights(X, y, weight, Penalty(2.0))
    other = LogisticRegression(C=2.0, tol=1e-9, max_iter=1_000).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(weights, other.coef_[0], atol=1e-3)
    assert base == pytest.approx(other.intercept_[0], abs=1e-3)
    again, _ = fit_weights(X, y, weight, Penalty(2.0), (weights, base))
    np.testing.assert_allclose(again, weights, atol=1e-3)
    bounded, _ = fit_weights(X, y, weight, Penalty(2.0, n_rising=6))
    assert (bounded >= 0).all()
    assert (weights < 0).any()


def test_a_changed_or_foreign_file_is_refused(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with (tmp_path / WEIGHTS).open("ab") as file:
        file.write(b"x")
    with pytest.raises(ConfigError, match="the file was changed"):
        load_post_model(tmp_path)
    np.savez(tmp_path / WEIGHTS, weights=np.ones(3), bases=[0.0], kind_weights=np.ones((3, 3)), kind_bases=np.ones(3))
    _write_manifest(tmp_path)
    with pytest.raises(ConfigError, match=f"expected weights of shapes .*{N_COLUMNS}"):
        load_post_model(tmp_path)
    (tmp_path / WEIGHTS).write_bytes(b"no archive")
    _write_manifest(tmp_path)
    with pytest.raises(ConfigError, match="not the weights of a post model"):
        load_post_model(tmp_path)
    (tmp_path / CALIBRATION).write_text("{}", "utf-8")
    _write_manifest(tmp_path)
    with pytest.raises(ConfigError, match="expected letters and both of each of shared"):
        load_post_model(tmp_path)


def test_hostile_texts_are_scored(model: PostModel) -> None:
    found = model.predict(_posts(HOSTILE))
    reasons = model.explain(_posts(HOSTILE), 3)
    assert found.height == len(reasons) == len(HOSTILE)
    assert found["p_sponsored"].drop_nulls().is_between(0, 1).all()


@pytest.mark.parametrize("text", ["a", "赶紧", "\u202e\x00\x02\x03", "不是广告", "#", "…½ﷺ"])
def test_a_long_text_is_linear_work(model: PostModel, text: str) -> None:
    def read(longer: str) -> None:
        model.predict(_posts([longer]))
        model.explain(_posts([longer]), 3)

    check_linear(read, text * (1_000 // len(text)))


def test_the_shipped_model_tells_selling_from_a_diary() -> None:
    shipped = load_post_model(models_dir() / "post" / "2")
    sold = "这款精华姐妹们赶紧冲！亲测提亮效果好，现在下单买一送一，链接在评论区，券后99元"
    diary = "今天加班到很晚，感觉有点累，回家路上看到月亮，其实也没什么好说的，明天还要上班"
    found = shipped.predict(_posts([sold, diary]), is_quick=True)
    assert found["p_sponsored"][0] > 0.8
    assert found["p_sponsored"][1] < 0.4
    assert found["kind"].to_list() == ["third_party", NO_KIND]
    assert shipped.version.startswith("post/2 ")


def test_the_encoder_is_asked_in_the_band_alone(model: PostModel, encoder: LoudEncoder) -> None:
    posts = _posts([SPONSORED[1], ORGANIC[1], None])
    quickly = model.predict(posts, is_quick=True)
    between = quickly["p_sponsored"][1] + 0.01
    above = replace(model, reading=model.reading.model_copy(update={"low": between, "high": 1.0}))
    closely = above.predict(posts)
    assert closely["is_read_closely"].to_list() == [True, False, None]
    assert closely["p_sponsored"][0] != quickly["p_sponsored"][0]
    assert closely["p_sponsored"][1] == quickly["p_sponsored"][1]
    assert encoder.n_asked == 2  # the probe, and one text
    below = replace(model, reading=model.reading.model_copy(update={"low": 0.0, "high": between}))
    assert below.predict(posts)["is_read_closely"].to_list() == [False, True, None]
    assert not quickly["is_read_closely"].any()


def test_another_encoder_than_the_heads_were_fitted_for_is_refused(
    model: PostModel, encoder: LoudEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LoudEncoder, "embed", lambda _, texts: (np.eye(len(texts), 4, 3, np.float32), np.ones(1)))
    with pytest.raises(ConfigError, match=r"not the encoder that post/2 was fitted for"):
        _ = model.encoder
    assert encoder.n_asked == 0


def test_without_the_library_posts_are_read_by_letters(model: PostModel, monkeypatch: pytest.MonkeyPatch) -> None:
    posts = _posts(["还行吧"])
    quickly = model.predict(posts, is_quick=True)
    monkeypatch.setattr(post_model, "has_encoder", lambda: False)
    assert model.predict(posts).equals(quickly)


def test_a_platform_chooses_the_head(model: PostModel) -> None:
    texts = [SPONSORED[1]] * 3
    posts = _posts(texts).with_columns(platform=pl.Series(["weibo", "douyin", None]))
    found = model.predict(posts, is_quick=True)["p_sponsored"]
    assert found[0] > found[1] == found[2]


@pytest.mark.parametrize(
    ("platform", "text", "head"),
    [
        ("weibo", "好", "weibo"),
        ("douyin", "好", "products"),
        ("xiaohongshu", "好" * 199, "products"),
        ("xiaohongshu", "好" * 200, "notes"),
        ("bilibili", "好" * 60, "transcripts"),
        ("bilibili", "好", "shared"),
        ("wechat", "好", "titles"),
        ("wechat", "好" * 60, "shared"),
        ("youtube", "so good", "english"),
        ("youtube", "so 好", "shared"),
        ("kuaishou", "好", "shared"),
        (None, "好", "shared"),
        ("weibo", None, "weibo"),
    ],
)
def test_heads(platform: str | None, text: str | None, head: str) -> None:
    places = choose_heads(pl.Series([platform], dtype=pl.String), pl.Series([text], dtype=pl.String))
    assert HEADS[places[0]] == head


def test_a_loud_passage_of_a_long_post_is_found(model: PostModel) -> None:
    quiet = "".join(ORGANIC[at % 20] for at in range(30))
    middle = len(quiet) // 160 * 80
    text = quiet[:middle] + "".join(SPONSORED[:4]) + quiet[middle:]
    (row,) = model.predict(_posts([text]), is_quick=True).to_dicts()
    loud = range(middle, middle + len("".join(SPONSORED[:4])))
    assert row["passage_start"] in loud or row["passage_end"] - 1 in loud
    assert row["p_passage"] > row["p_sponsored"]
    short = model.predict(_posts([SPONSORED[0]]), is_quick=True)
    assert short["p_passage"][0] is None


def test_marks_are_told_of_douyin_in_cases(model: PostModel) -> None:
    posts = _posts([SPONSORED[1], ORGANIC[1], SPONSORED[1]])
    found = model.predict(posts.with_columns(platform=pl.Series(["douyin", "douyin", "xiaohongshu"])), is_quick=True)
    assert found.select("n_alike", "n_alike_marked").rows() == [(12, 9), (10, 1), (None, None)]
    assert dict(found.schema) == PREDICTED


def _posts(texts: list[str | None] | list[str]) -> pl.DataFrame:
    ids = [f"p{at}" for at in range(len(texts))]
    return pl.DataFrame({"post_id": ids, "text": texts}, schema={"post_id": pl.String, "text": pl.String})


def _write_manifest(folder: Path) -> None:
    names = (WEIGHTS, VECTORS, PAID, CALIBRATION)
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    values = {
        "name": "post",
        "version": 2,
        "encoder": {"config": {"source": "loud"}, "low": 0.3, "high": 0.7},
        "trained_on": [],
        "features": [],
        "feature_code": "",
        "threshold": 0.5,
        "training_share": 0.5,
        "platforms": [],
        "domain": {},
        "validations": [],
        "validations_across": [],
        "metrics": {},
        "files": files,
        "seed": 0,
        "git_commit": "none",
        "package_version": "0",
    }
    (folder / FILE_NAME).write_text(yaml.safe_dump(values), "utf-8")
