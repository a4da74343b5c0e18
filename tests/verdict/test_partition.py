"""Every profile in exactly one class, by the written order; joint intervals that cover."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from zhenfen.features.audience.family import MASS_FOLLOWING
from zhenfen.tables import TABLES
from zhenfen.verdict.partition import ALL, CLASSES, LABELLED, classify, count_classes, count_matched, weigh

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
MODEL = {"p_fake": pl.Float64(), "out_of_domain": pl.Boolean(), "is_fake": pl.Boolean(), "inclusion": pl.Float64()}
REAL = {"n_followers": 50, "n_following": 200, "n_posts": 9, "p_fake": 0.1, "out_of_domain": False}


def profiles(*rows: dict[str, Any]) -> pl.DataFrame:
    schema = {**TABLES["audience"].schema, **MODEL}
    named = [{"creator_id": "c", "profile_id": str(at), "frame": "newest", **row} for at, row in enumerate(rows)]
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in named], schema=schema)


def class_of(**changes: Any) -> str:
    return str(classify(profiles({**REAL, **changes}), AS_OF, 0.5)["class"].item())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "active"),
        ({"last_post_at": AS_OF - timedelta(days=10)}, "active"),
        ({"n_posts": None, "last_post_at": AS_OF}, "active"),
        ({"n_posts": 0}, "silent"),
        ({"last_post_at": AS_OF - timedelta(days=366)}, "silent"),
        ({"p_fake": 0.5}, "made_looking"),
        ({"n_following": MASS_FOLLOWING}, "mass_following"),
        ({"n_following": MASS_FOLLOWING - 1}, "active"),
        ({"bio": "韩国代购"}, "seller"),
        ({"bio": "代购勿扰"}, "active"),
        # Too little is known, or the model may not be asked.
        ({"n_posts": None}, "unknown"),
        ({"out_of_domain": True, "p_fake": 0.9}, "unknown"),
        # A person's word stands before the model's, and where the model may not be asked.
        ({"is_fake": True}, "made_looking"),
        ({"is_fake": False, "p_fake": 0.9}, "active"),
        ({"is_fake": False, "out_of_domain": True}, "active"),
        # The order of precedence, pair by pair.
        ({"p_fake": 0.9, "bio": "微商"}, "made_looking"),
        ({"bio": "微商", "n_following": 9_000}, "seller"),
        ({"n_following": 9_000, "out_of_domain": True}, "mass_following"),
        ({"n_following": 9_000, "n_posts": 0}, "mass_following"),
        ({"bio": "微商", "out_of_domain": True}, "seller"),
    ],
)
def test_the_class_of_a_profile(changes: dict[str, Any], expected: str) -> None:
    assert class_of(**changes) == expected


def count(rows: pl.DataFrame, n_needed: int = 1) -> pl.DataFrame:
    return count_classes(weigh(classify(rows, AS_OF, 0.5)), n_needed)


def test_the_classes_add_up_in_every_frame() -> None:
    kinds = [{}, {"n_posts": 0}, {"p_fake": 0.9}, {"bio": "代购"}, {"n_following": 2_000}, {"n_posts": None}]
    newest = [{**REAL, **kinds[at % 6]} for at in range(60)]
    likers = [{**REAL, "frame": "likers"} for _ in range(5)]
    counted = count(profiles(*newest, *likers))
    assert counted["class"].to_list() == [*CLASSES, *CLASSES]
    sums = counted.group_by("frame", maintain_order=True).agg(
        pl.col("n_in_class", "share").sum(), pl.col("n_profiles").first()
    )
    assert sums.rows() == [("likers", 5, 1.0, 5), ("newest", 60, pytest.approx(1.0), 60)]
    assert (counted["low"] <= counted["share"]).all()
    assert (counted["share"] <= counted["high"]).all()
    assert count(profiles(*newest, *likers), n_needed=6)["frame"].unique().to_list() == ["newest"]


def test_where_the_model_may_not_be_asked_labelled_profiles_are_counted_by_their_weight() -> None:
    strange = {**REAL, "out_of_domain": True}
    # Twenty of a stratum of which one in two was drawn, ten of one of which one in ten was.
    often = [{**strange, "is_fake": True, "inclusion": 0.5} for _ in range(20)]
    seldom = [{**strange, "is_fake": False, "inclusion": 0.1} for _ in range(10)]
    counted = count(profiles(*often, *seldom, *[strange] * 70)).filter(pl.col("n_in_class") > 0)
    rows = counted.select("class", "basis", "n_in_class", "n_profiles", "share").rows()
    assert rows == [
        ("active", LABELLED, 10, 30, pytest.approx(100 / 140)),
        ("made_looking", LABELLED, 20, 30, pytest.approx(40 / 140)),
    ]
    # 29 labels are too few; in its domain the model speaks for the others.
    assert set(count(profiles(*often, *seldom[1:], *[strange] * 70))["basis"]) == {ALL}
    assert set(count(profiles(*[{**row, "out_of_domain": False} for row in often + seldom]))["basis"]) == {ALL}


def test_weights_that_differ_widen_the_intervals() -> None:
    def width(rates: tuple[float, float]) -> float:
        drawn = [
            {**REAL, "out_of_domain": True, "is_fake": at % 4 == 0, "inclusion": rates[at % 2]} for at in range(100)
        ]
        row = count(profiles(*drawn)).row(by_predicate=pl.col("class") == "active", named=True)
        return float(row["high"] - row["low"])

    assert width((0.1, 0.9)) > width((0.5, 0.5))


@pytest.mark.parametrize("n", [30, 100, 500])
def test_all_intervals_cover_at_once(n: int) -> None:
    """2,000 draws of a lopsided audience, where Wilson's intervals with the same bound fall to .87."""
    truth = np.array([0.9, 0.05, 0.02, 0.01, 0.01, 0.01])
    rng = np.random.default_rng(20261129)
    draws = rng.multinomial(n, truth, 2_000)
    drawn = pl.DataFrame(
        {
            "creator_id": np.repeat(np.arange(2_000).astype(str), len(CLASSES)),
            "frame": "newest",
            "basis": ALL,
            "class": list(CLASSES) * 2_000,
            "n": draws.ravel(),
            "weight": 1.0,
        }
    )
    every = drawn.select(pl.exclude("n").repeat_by("n")).explode(pl.all()).drop_nulls("class")
    counted = count_classes(every, 1)
    share = counted["class"].replace_strict(dict(zip(CLASSES, truth, strict=True)), return_dtype=pl.Float64)
    covers = counted.with_columns(is_in=(pl.col("low") <= share) & (share <= pl.col("high")))
    assert covers.group_by("creator_id").agg(pl.col("is_in").all())["is_in"].mean() >= 0.95


def test_what_was_matched_is_listed_commonest_first() -> None:
    bios = ["韩国代购", "日本代购", "诚招代理"]
    rows = profiles(*({**REAL, "bio": bio} for bio in bios), {**REAL, "bio": "代购", "p_fake": 0.9})
    matched = count_matched(weigh(classify(rows, AS_OF, 0.5)))
    assert matched.rows() == [("c", "newest", "daigou", "代购", 2), ("c", "newest", "weishang", "诚招", 1)]


def test_neither_order_nor_names_of_rows_matter() -> None:
    rows = profiles(*({**REAL, "n_posts": at % 3, "p_fake": at / 50} for at in range(40)))
    renamed = rows.sample(fraction=1, shuffle=True, seed=1).with_columns(profile_id="x" + pl.col("profile_id"))
    assert count(rows).equals(count(renamed))
