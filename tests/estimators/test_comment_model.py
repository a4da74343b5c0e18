"""The comment model: two probabilities kept apart, the shelf folder that holds them, and what is refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from zhenfen.config import models_dir
from zhenfen.errors import ConfigError
from zhenfen.estimators.calibration import Calibration
from zhenfen.estimators.comment_model import KINDS, CommentModel, load_comment_model
from zhenfen.estimators.text_linear import LinearTextClassifier
from zhenfen.text.normalise import normalise_texts

SHIPPED = models_dir() / "comment" / "2"


def write_folder(folder: Path) -> Path:
    """A shelf folder with two classifiers of four buckets."""
    folder.mkdir()
    for place, kind in enumerate(KINDS):
        weights = np.arange(4, dtype=np.float32) - place
        LinearTextClassifier(weights, {"contact": "☎"}, np.array([2.0]), 0.5, -1.0).save(folder / f"{kind}.npz")
    maps = {kind: Calibration("platt", (1.0, 0.0)).to_dict() for kind in KINDS}
    (folder / "calibration.json").write_text(json.dumps(maps), encoding="utf-8")
    write_manifest(folder)
    return folder


def write_manifest(folder: Path, **changes: object) -> None:
    files = [path for path in folder.iterdir() if path.name != "model.yaml"]
    values = {
        "name": "comment",
        "version": 1,
        "trained_on": [],
        "features": [],
        "feature_code": "0" * 64,
        "threshold": 0.9,
        "training_share": 0.5,
        "platforms": ["weibo"],
        "domain": {},
        "validations": [],
        "validations_across": [],
        "kinds": {kind: {"threshold": 0.9, "training_share": 0.5} for kind in KINDS},
        "metrics": {},
        "files": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
        "seed": 1,
        "git_commit": "unknown",
        "package_version": "0",
    }
    (folder / "model.yaml").write_text(yaml.safe_dump({**values, **changes}), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "1")


def test_each_row_gets_the_probabilities_of_its_text(folder: Path) -> None:
    model = load_comment_model(folder)
    texts = pl.Series("any name", ["加我☎", None, "好", "加我☎", ""])
    probas = model.predict(texts)
    assert probas.columns == ["p_advert", "p_filler", "p_praise"]
    assert probas.null_count().row(0) == (1, 1, 1)
    assert probas[1].row(0) == (None, None, None)
    assert probas.row(0) == probas.row(3)
    alone = pl.concat([model.predict(texts.slice(i, 1)) for i in range(len(texts))])
    assert probas.equals(alone)
    known = probas.drop_nulls()
    assert known.select(pl.all().is_between(0, 1).all()).row(0) == (True, True, True)
    assert (probas["p_advert"] != probas["p_filler"]).any()


def test_no_comments(folder: Path) -> None:
    model = load_comment_model(folder)
    assert model.predict(pl.Series([], dtype=pl.String)).shape == (0, 3)
    assert model.explain(pl.Series([], dtype=pl.String), 3).len() == 0
    assert model.predict(pl.Series([None], dtype=pl.String)).row(0) == (None, None, None)


def test_reasons_are_the_largest_pieces_of_each_text(folder: Path) -> None:
    model = load_comment_model(folder)
    texts = pl.Series(["加我看看☎", None, "", "好"])
    reasons = model.explain(texts, 2)
    assert reasons.list.len().to_list()[:3] == [2, 0, 0] or reasons.list.len()[0] == 1
    first = reasons[0].to_list()
    sizes = [abs(one["contribution"]) for one in first]
    assert sizes == sorted(sizes, reverse=True)
    assert all(one["piece"] in texts[0] for one in first)


def test_a_changed_file_is_told_of(folder: Path) -> None:
    (folder / "filler.npz").write_bytes(b"other")
    with pytest.raises(ConfigError, match=r"filler\.npz: expected SHA-256"):
        load_comment_model(folder)


def test_a_kind_without_a_threshold_is_told_of(folder: Path) -> None:
    write_manifest(folder, kinds={"advert": {"threshold": 0.9, "training_share": 0.5}})
    with pytest.raises(ConfigError, match="lacks filler"):
        load_comment_model(folder)


def test_a_kind_without_a_calibration_is_told_of(folder: Path) -> None:
    (folder / "calibration.json").write_text("{}", encoding="utf-8")
    write_manifest(folder)
    with pytest.raises(ConfigError, match="calibration of advert, filler"):
        load_comment_model(folder)


@pytest.fixture(scope="module")
def model() -> CommentModel:
    return load_comment_model(SHIPPED)


class TestShelf:
    """The model that ships, on comments written for this test."""

    def test_it_is_small(self) -> None:
        assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 2_000_000

    @pytest.mark.parametrize(
        "text",
        [
            "兼职日结，一天200，有意加微信abc12345",
            "低价出售苹果手机，需要的私聊，诚信交易",
            "收金币，量大价优，加QQ 123456789",
            "办理贷款当天放款，联系电话13800000000",
            "資源群，進群免費領，加薇信 xyz9988",
            "出 售 各 种 账 号 ， 价 格 便 宜 ， 加 V：ab1234567",
        ],
    )
    def test_solicitations_are_flagged(self, model: CommentModel, text: str) -> None:
        (proba,) = model.predict(normalise_texts(pl.Series([text])))["p_advert"]
        assert proba >= model.thresholds["advert"]

    @pytest.mark.parametrize(
        "text",
        [
            "这款面霜我用了两个月，皮肤确实没那么干了，就是有点贵",
            "博主说得对，我家孩子也是这样",
            "物流很快，客服态度也好，下次还来",
            "哈哈哈哈笑死我了",
            "请问这个多少钱？在哪里买的？",
            "2019年的时候只要99元，现在涨到199了",
            "微信更新以后我的手机老是卡",
        ],
    )
    def test_people_talking_are_not(self, model: CommentModel, text: str) -> None:
        (proba,) = model.predict(normalise_texts(pl.Series([text])))["p_advert"]
        assert proba < model.thresholds["advert"]

    def test_empty_words_are_fillers_and_opinions_are_not(self, model: CommentModel) -> None:
        texts = pl.Series(["沙发", "顶", "123", "签到", "支持", "这条裤子腰围偏大，退了换小一码才合适"])
        probas = model.predict(normalise_texts(texts))["p_filler"]
        assert probas[:5].min() > model.thresholds["filler"] > probas[5]

    @pytest.mark.parametrize("text", ["太美了", "好好看", "已下单", "姐姐真漂亮", "绝绝子爱了爱了"])
    def test_short_praise_is_a_kind_of_its_own(self, model: CommentModel, text: str) -> None:
        row = model.predict(normalise_texts(pl.Series([text]))).row(0, named=True)
        assert row["p_praise"] > row["p_filler"]
        assert row["p_advert"] < model.thresholds["advert"]

    @pytest.mark.parametrize("text", ["国庆云南找搭子，私信我", "专业地接社，有需要的可以联系我", "求关注，看我主页"])
    def test_those_who_seek_or_offer_under_posts_solicit(self, model: CommentModel, text: str) -> None:
        (proba,) = model.predict(normalise_texts(pl.Series([text])))["p_advert"]
        assert proba > 0.5

    @pytest.mark.parametrize(
        "text", ["", "a", "好" * 100_000, "(" * 5_000, "😂" * 300, "\u202e美太\u202c", "加\u200b微\u200b信", "\ufffd"]
    )
    def test_odd_texts_get_three_probabilities(self, model: CommentModel, text: str) -> None:
        probas = model.predict(normalise_texts(pl.Series([text])))
        assert probas.select(pl.all().is_between(0, 1).all()).row(0) == (True, True, True)
