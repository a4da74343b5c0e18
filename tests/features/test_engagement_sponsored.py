"""Sponsored posts beside the creator's others."""

from __future__ import annotations

import polars as pl
import pytest

from zhenfen.features.engagement.sponsored import N_POSTS_NEEDED, measure_sponsored
from zhenfen.features.posts.facts import read_posts

PLAIN = "今天在家做了番茄牛腩"


def posts(paid: list[int | None], own: list[int | None], **marks: object) -> pl.DataFrame:
    n = len(paid)
    labels = marks.get("labels", [True] * n)
    texts = marks.get("texts", [PLAIN] * n)
    return pl.DataFrame(
        {
            "creator_id": "a",
            "post_id": [f"p{at}" for at in range(n + len(own))],
            "text": [*texts, *([PLAIN] * len(own))],
            "is_labelled_ad": [*labels, *([None] * len(own))],
            "n_interactions": [*paid, *own],
        },
        schema_overrides={"text": pl.String, "is_labelled_ad": pl.Boolean, "n_interactions": pl.Int64},
    )


def ratios(frame: pl.DataFrame) -> tuple[float | None, float | None]:
    row = measure_sponsored(frame, read_posts(frame)).row(0, named=True)
    return tuple(row[f"engagement_{one}_sponsored_by_organic_ratio"] for one in ("median", "mean"))


def test_ratios_by_hand() -> None:
    assert ratios(posts([10, 20, 90], [100, 200, 300])) == pytest.approx((0.1, 0.2))


@pytest.mark.parametrize("text", ["#广告 新品来了", "本期视频由某某品牌赞助", "【广告】今晚直播间见"])
def test_what_the_text_discloses_counts_as_sponsored(text: str) -> None:
    frame = posts([10, 20, 90], [100, 200, 300], labels=[None] * 3, texts=[text] * 3)
    assert ratios(frame) == pytest.approx((0.1, 0.2))


def test_a_denied_advert_is_none() -> None:
    frame = posts([10, 20, 90], [100, 200, 300], labels=[None] * 3, texts=["非广告，自己买的"] * 3)
    assert ratios(frame) == (None, None)


@pytest.mark.parametrize(
    ("paid", "own"),
    [
        ([5] * (N_POSTS_NEEDED - 1), [5] * 9),
        ([5] * 9, [5] * (N_POSTS_NEEDED - 1)),
        ([5, 5, None], [5] * 9),
        ([5] * 9, [0] * 9),
    ],
)
def test_too_few_on_either_side_or_nothing_to_compare_with(paid: list[int | None], own: list[int | None]) -> None:
    assert ratios(posts(paid, own)) == (None, None)


def test_posts_without_a_text_are_taken_as_the_creators_own() -> None:
    frame = posts([50] * 3, [100] * 3).with_columns(text=pl.lit(None, dtype=pl.String))
    assert ratios(frame) == pytest.approx((0.5, 0.5))
