"""From scored comments to the share of each kind, its interval, and when there is no answer."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from toy_models import GOOD, make_kind
from zhenfen.config import config_dir, read_rules
from zhenfen.estimators.manifest import KindManifest, ValidationCounts
from zhenfen.estimators.prevalence import Validation, adjusted_count
from zhenfen.verdict.comments import KIND_SHARES_SCHEMA, CommentRules, estimate_kinds

RULES = read_rules(config_dir() / "verdict" / "comments.yaml", CommentRules).rules
TOY = make_kind()
KINDS = {
    kind: KindManifest(
        threshold=TOY.threshold,
        training_share=TOY.training_share,
        validations=TOY.validations,
        validations_across=TOY.validations_across,
    )
    for kind in ("advert", "filler")
}


def make_comments(n: int, n_adverts: int, n_filler: int = 0, platform: str = "weibo", creator: str = "c"):
    """Scores as a detector gives them that is always sure."""
    return pl.DataFrame(
        {
            "creator_id": creator,
            "comment_id": [f"{creator}{at:04d}" for at in range(n)],
            "platform": platform,
            "cluster_id": pl.Series([None] * n, dtype=pl.String),
            "p_advert": [0.9 if at < n_adverts else 0.05 for at in range(n)],
            "p_filler": [0.8 if n_adverts <= at < n_adverts + n_filler else 0.05 for at in range(n)],
        }
    )


def estimate(comments: pl.DataFrame, **changes) -> dict[str, dict[str, object]]:
    rules = RULES.model_copy(update=changes)
    rows = estimate_kinds(comments, KINDS, "comment/0", rules)
    assert dict(rows.schema) == KIND_SHARES_SCHEMA
    return {row["kind"]: row for row in rows.iter_rows(named=True)}


def test_counts_are_corrected_at_half_the_error_each() -> None:
    found = estimate(make_comments(400, 80, 40))
    validation = Validation(source="a", platform="weibo", **GOOD)
    for kind, n in (("advert", 80), ("filler", 40)):
        expected = adjusted_count(n, 400, validation, 0.975)
        assert (found[kind]["share"], found[kind]["low"]) == pytest.approx((expected.share, expected.low))
        assert (found[kind]["n_flagged"], found[kind]["reason"]) == (n, None)


def test_the_rest_is_what_the_kinds_leave() -> None:
    found = estimate(make_comments(400, 80, 40))
    rest, scored = found["genuine"], [found["advert"], found["filler"]]
    assert rest["share"] == pytest.approx(1 - sum(one["share"] for one in scored))
    assert rest["low"] == pytest.approx(1 - sum(one["high"] for one in scored))
    assert rest["high"] == pytest.approx(1 - sum(one["low"] for one in scored))
    assert rest["n_flagged"] == 280


def test_another_platform_is_wider_or_has_no_answer() -> None:
    at_home, abroad = estimate(make_comments(400, 80)), estimate(make_comments(400, 80, platform="douyin"))
    assert abroad["advert"]["method"] == "worst_case"
    assert abroad["advert"]["high"] - abroad["advert"]["low"] > at_home["advert"]["high"] - at_home["advert"]["low"]
    assert {row["reason"] for row in abroad.values()} == {"comments.interval_too_wide"}


def test_a_platform_nobody_named_is_abroad() -> None:
    unknown = make_comments(400, 80).with_columns(platform=pl.lit(None, dtype=pl.String))
    assert estimate(unknown)["advert"]["method"] == "worst_case"


def test_copies_count_once_and_are_still_counted() -> None:
    copies = make_comments(100, 60).with_columns(cluster_id=pl.when(pl.col("p_advert") > 0.5).then(pl.lit("k")))
    found = estimate(copies)["advert"]
    assert (found["n_comments"], found["n_flagged"], found["n_different"]) == (100, 60, 41)
    assert found["share"] < 0.1
    without = estimate(make_comments(41, 1))["advert"]
    assert found["high"] == without["high"]


def test_too_few_comments_give_no_row_and_unread_ones_do_not_count() -> None:
    assert estimate(make_comments(RULES.n_comments_needed - 1, 2)) == {}
    unread = make_comments(15, 2).with_columns(p_advert=pl.when(pl.int_range(pl.len()) < 9).then("p_advert"))
    assert estimate(unread) == {}


def test_without_validation_nothing_is_named() -> None:
    one_sided = ValidationCounts(
        source="b", platform="weibo", n_fake=0, n_fake_flagged=0, n_genuine=50, n_genuine_flagged=1
    )
    kinds = {
        name: kind.model_copy(update={"validations": (one_sided,), "validations_across": ()})
        for name, kind in KINDS.items()
    }
    rows = estimate_kinds(make_comments(100, 30), kinds, "comment/0", RULES)
    assert rows["reason"].to_list() == ["comments.not_validated"] * 3
    assert rows["share"].null_count() == 3


def test_the_rest_has_the_reason_of_the_kind_that_has_no_share() -> None:
    kinds = {**KINDS, "filler": KINDS["filler"].model_copy(update={"validations": (), "validations_across": ()})}
    rows = estimate_kinds(make_comments(100, 30, platform="douyin"), kinds, "comment/0", RULES)
    assert rows["reason"].to_list() == ["comments.interval_too_wide", *["comments.not_validated"] * 2]


def test_row_order_and_other_creators_change_nothing() -> None:
    one, other = make_comments(200, 30, 10), make_comments(200, 5, creator="d")
    alone = estimate_kinds(one, KINDS, "comment/0", RULES)
    both = estimate_kinds(pl.concat([other, one.reverse()]), KINDS, "comment/0", RULES)
    assert both.filter(creator_id="c").equals(alone)


def test_an_organic_comment_never_raises_a_kind() -> None:
    before = estimate(make_comments(200, 30, 20))
    after = estimate(make_comments(201, 30, 20))
    for kind in ("advert", "filler"):
        assert all(after[kind][end] <= before[kind][end] for end in ("share", "low", "high"))


def test_the_intervals_hold() -> None:
    """150 threads of 300 comments, a tenth adverts, read by a detector as good as its validation says."""
    rng = np.random.default_rng(5)
    is_advert = np.arange(300) < 30
    caught = 0
    for at in range(150):
        flagged = np.where(is_advert, rng.random(300) < 0.95, rng.random(300) < 0.01)
        thread = make_comments(300, 0, creator=f"c{at}").with_columns(p_advert=pl.Series(np.where(flagged, 0.9, 0.1)))
        row = estimate(thread)["advert"]
        caught += row["low"] <= 0.1 <= row["high"]
    assert caught >= 0.95 * 150
