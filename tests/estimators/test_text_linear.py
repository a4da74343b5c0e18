"""The linear classifier of texts: what it learns, that its pieces sum to its scores, and what bad input gets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from work_counter import check_linear

from zhenfen.errors import ConfigError
from zhenfen.estimators.text_linear import LENGTH_POWER, LinearTextClassifier, count_signs
from zhenfen.text.ngrams import hash_ngrams

SIGNS = {"account": "微信|qq", "code": "☎"}
ADVERTS = ["加微信☎", "出售金币加qq☎", "兼职日结微信联系", "低价出售面膜", "长期收金币☎"]
GENUINE = ["今天天气真好", "这个视频我看哭了", "金币是什么", "物流很快", "我觉得一般"]
TEXTS = pl.Series([*ADVERTS, *GENUINE])
Y = np.array([1] * 5 + [0] * 5)
HOSTILE = ["", " ", "1", "\u202e\u200b\x00", "😀😀", "weiß – ñandú", "(" * 50 + "a" * 50, "\U0010ffff"]


def fit(signs: dict[str, str] | None = None, n_buckets: int = 2**12) -> LinearTextClassifier:
    return LinearTextClassifier.fit(
        TEXTS, Y, np.ones(10), signs=SIGNS if signs is None else signs, penalty=1, sign_scale=0.5, n_buckets=n_buckets
    )


MODEL = fit()


def test_it_tells_apart_what_it_was_taught() -> None:
    scores = MODEL.decision_function(TEXTS)
    assert scores[:5].min() > scores[5:].max()
    unseen = MODEL.decision_function(pl.Series(["出售二手金币微信☎", "今天看了视频"]))
    assert unseen[0] > 0 > unseen[1]


def test_scores_are_the_sum_that_the_class_says() -> None:
    """The same from the public parts, by another way."""
    shaped = TEXTS.str.replace_all("[0-9]", "0")
    X = (hash_ngrams(shaped, len(MODEL.weights)) > 0).astype(np.float64)
    n_kinds = np.asarray(X.sum(axis=1)).ravel()
    signs = count_signs(TEXTS, SIGNS)
    expected = (
        X @ MODEL.weights / n_kinds**LENGTH_POWER
        + signs[:, :-1] @ MODEL.sign_weights
        + signs[:, -1] * MODEL.kinds_weight
        + MODEL.intercept
    )
    assert MODEL.decision_function(TEXTS) == pytest.approx(expected)


@pytest.mark.parametrize("n_buckets", [1, 16, 2**12])
@pytest.mark.parametrize("signs", [SIGNS, {}])
def test_pieces_and_intercept_sum_to_the_score(n_buckets: int, signs: dict[str, str]) -> None:
    """With 1 and 16 buckets nearly every n-gram collides with another of the same text."""
    model = fit(signs, n_buckets)
    texts = pl.Series([*TEXTS, *HOSTILE, "加加加微信微信☎☎", "2024买12345"])
    pieces = model.contributions(texts)
    sums = pieces.group_by("row").agg(pl.col("contribution").sum())
    rows = pl.DataFrame({"row": range(len(texts))}).join(sums, on="row", how="left", maintain_order="left")
    total = rows["contribution"].fill_null(0).to_numpy() + model.intercept
    assert total == pytest.approx(model.decision_function(texts))


def test_pieces_stand_in_the_text_as_it_is() -> None:
    texts = pl.Series(["出售金币加qq☎", None, "我有2024个"])
    pieces = MODEL.contributions(texts)
    for row, piece in pieces.select("row", "piece").iter_rows():
        assert piece in texts[row]
    assert pieces.filter(row=1).is_empty()
    top = pieces.filter(row=0).row(0, named=True)
    assert top["contribution"] == pieces.filter(row=0)["contribution"].abs().max() > 0


def test_digits_count_as_their_number_only() -> None:
    one, other, longer = MODEL.decision_function(pl.Series(["卖12个", "卖98个", "卖123个"]))
    assert one == other
    assert one != longer or MODEL.weights.max() == 0


def test_null_is_unknown_and_empty_is_the_intercept() -> None:
    scores = MODEL.decision_function(pl.Series([None, ""], dtype=pl.String))
    assert np.isnan(scores[0])
    assert scores[1] == MODEL.intercept
    assert MODEL.decision_function(pl.Series([], dtype=pl.String)).shape == (0,)


def test_the_order_of_texts_changes_nothing() -> None:
    texts = pl.Series([*TEXTS, *HOSTILE] * 50)
    assert (MODEL.decision_function(texts)[::-1] == MODEL.decision_function(texts.reverse())).all()


@pytest.mark.parametrize("text", [*HOSTILE, "加微信" * 30_000, "a" * 100_000, "☎" * 100_000])
def test_hostile_texts_are_scored(text: str) -> None:
    assert np.isfinite(MODEL.decision_function(pl.Series([text]))).all()
    assert MODEL.contributions(pl.Series([text])).height < 10


@pytest.mark.parametrize("text", ["加微信", "a", "☎"])
def test_a_long_text_is_linear_work(text: str) -> None:
    def read(longer: str) -> None:
        MODEL.decision_function(pl.Series([longer]))
        MODEL.contributions(pl.Series([longer]))

    check_linear(read, text * (30_000 // len(text)))


def test_a_loaded_classifier_gives_the_same_bits(tmp_path: Path) -> None:
    for name in ("a", "b"):
        MODEL.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    loaded = LinearTextClassifier.load(tmp_path / "a")
    assert (loaded.decision_function(TEXTS) == MODEL.decision_function(TEXTS)).all()
    assert loaded.signs == SIGNS


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 broken"])
def test_a_file_that_is_none_is_told_of(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(ConfigError, match="expected the arrays"):
        LinearTextClassifier.load(tmp_path / "a")


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", weights=np.array([{}], dtype=object))
    with pytest.raises(ConfigError, match="expected the arrays"):
        LinearTextClassifier.load(tmp_path / "a.npz")
