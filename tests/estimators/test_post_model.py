"""The post model: what it reads, what it does not, and how its pieces add up."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from scipy.sparse import csr_matrix
from work_counter import check_linear

from zhenfen.config import models_dir
from zhenfen.errors import ConfigError
from zhenfen.estimators.calibration import Calibration
from zhenfen.estimators.post_classifier import KINDS, N_COLUMNS, PostClassifier, fit_weights
from zhenfen.estimators.post_model import CALIBRATION, NO_KIND, WEIGHTS, PostModel, load_post_model
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
    path = tmp_path_factory.mktemp("shelf") / "post" / "1"
    path.mkdir(parents=True)
    texts = pl.Series([*SPONSORED, *ORGANIC])
    y = np.repeat([1.0, 0.0], len(SPONSORED))
    kinds = pl.Series([*(KINDS[at % 3] for at in range(len(SPONSORED))), *([None] * len(ORGANIC))], dtype=pl.String)
    PostClassifier.fit(make_matrix(texts), y, np.ones(len(y)), kinds, 3.0).save(path / WEIGHTS)
    (path / CALIBRATION).write_text('{"default": {"kind": "platt", "scores": [1.0, 0.0], "probas": []}}', "utf-8")
    _write_manifest(path)
    return path


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
    scores = model.classifier.decision_function(make_matrix(texts))
    sums = np.full(len(TEXTS), model.classifier.base)
    pieces = find_pieces(model.classifier, texts)
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
    assert (model.classifier.weights[-len(LISTS) :] >= 0).all()


def test_fitting_agrees_with_another_solver() -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(3)
    X = csr_matrix(rng.normal(size=(80, 6)))
    y = (rng.random(80) < 0.5).astype(np.float64)
    weight = rng.random(80) + 0.5
    weights, base = fit_weights(X, y, weight, 2.0)
    other = LogisticRegression(C=2.0, tol=1e-9, max_iter=1_000).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(weights, other.coef_[0], atol=1e-3)
    assert base == pytest.approx(other.intercept_[0], abs=1e-3)
    bounded, _ = fit_weights(X, y, weight, 2.0, n_rising=6)
    assert (bounded >= 0).all()
    assert (weights < 0).any()


def test_a_changed_or_foreign_file_is_refused(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with (tmp_path / WEIGHTS).open("ab") as file:
        file.write(b"x")
    with pytest.raises(ConfigError, match="the file was changed"):
        load_post_model(tmp_path)
    np.savez(tmp_path / WEIGHTS, weights=np.ones(3), base=0.0, kind_weights=np.ones((3, 3)), kind_bases=np.ones(3))
    _write_manifest(tmp_path)
    with pytest.raises(ConfigError, match=f"expected {N_COLUMNS} weights"):
        load_post_model(tmp_path)
    (tmp_path / WEIGHTS).write_bytes(b"no archive")
    _write_manifest(tmp_path)
    with pytest.raises(ConfigError, match="not the weights of a post model"):
        load_post_model(tmp_path)
    (tmp_path / CALIBRATION).write_text("{}", "utf-8")
    _write_manifest(tmp_path)
    with pytest.raises(ConfigError, match="expected a calibration"):
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

    check_linear(read, text * (2_000 // len(text)))


def test_the_shipped_model_tells_selling_from_a_diary() -> None:
    shipped = load_post_model(models_dir() / "post" / "1")
    sold = "这款精华姐妹们赶紧冲！亲测提亮效果好，现在下单买一送一，链接在评论区，券后99元"
    diary = "今天加班到很晚，感觉有点累，回家路上看到月亮，其实也没什么好说的，明天还要上班"
    found = shipped.predict(_posts([sold, diary]))
    assert found["p_sponsored"][0] > 0.8
    assert found["p_sponsored"][1] < 0.4
    assert found["kind"].to_list() == ["third_party", NO_KIND]
    assert isinstance(shipped.calibration, Calibration)
    assert shipped.version.startswith("post/1 ")


def _posts(texts: list[str | None] | list[str]) -> pl.DataFrame:
    ids = [f"p{at}" for at in range(len(texts))]
    return pl.DataFrame({"post_id": ids, "text": texts}, schema={"post_id": pl.String, "text": pl.String})


def _write_manifest(folder: Path) -> None:
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (WEIGHTS, CALIBRATION)}
    values = {
        "name": "post",
        "version": 1,
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
