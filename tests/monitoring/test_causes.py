"""A score that moved because a column went missing is listed under that column, and no other is."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pytest

from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.monitoring.causes import Cause, Compared, MeasuredReference, find_causes, take_out
from zhenfen.monitoring.comparison import compare_columns
from zhenfen.monitoring.measure import MeasuredSample, Subject
from zhenfen.monitoring.prevalence import Detector, compare_shares
from zhenfen.monitoring.rules import load_rules
from zhenfen.monitoring.summary import tell_advice, tell_cause, tell_findings
from zhenfen.tables import EPOCH

RULES = load_rules().rules
ENGLISH = Catalogue("en")
N = 600


def measure(rows: pl.DataFrame, _as_of: datetime) -> MeasuredSample:
    """A score that is higher by .3 where posts are known, by a hair where the region is; the bio moves nothing."""
    known = {name: pl.col(name).is_not_null().cast(pl.Float64) for name in ("n_posts", "region")}
    score = 0.3 * known["n_posts"] + 0.001 * known["region"] + pl.col("n_likes") / 200
    columns = rows.select(
        "platform",
        posts_count=pl.col("n_posts").cast(pl.Float64),
        bio_chars=pl.col("bio").str.len_chars().cast(pl.Float64),
        p_fake=score,
    )
    return MeasuredSample(columns, columns.select("platform"))


SUBJECT = Subject(measure, (Detector("p_fake", 0.5, 0.5, {}, ()),), "toy/1", {})


def make(seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "profile_id": [f"p{i}" for i in range(N)],
            "platform": rng.choice(["weibo", "x"], N),
            "n_posts": rng.poisson(20, N),
            "n_likes": rng.integers(0, 100, N),
            "bio": ["爱生活"] * N,
            "gender": ["f"] * N,
            "region": ["CN"] * N,
        }
    )


def compare(new: pl.DataFrame) -> tuple[list[Cause], Compared]:
    then, now = (measure(rows, EPOCH) for rows in (make(1), new))
    columns = compare_columns(then.columns, now.columns, {}, RULES)
    found = Compared(columns, compare_shares(then.marked, now.marked, SUBJECT.detectors, RULES))
    return find_causes(SUBJECT, MeasuredReference(make(1), then, EPOCH), new, found, RULES), found


def lose(new: pl.DataFrame, name: str, *, on: tuple[str, ...] = ("weibo", "x")) -> pl.DataFrame:
    return new.with_columns(pl.when(~pl.col("platform").is_in(on)).then(pl.col(name)).alias(name))


def test_what_moved_with_a_column_is_under_it_and_nowhere_else() -> None:
    causes, found = compare(lose(make(2), "n_posts"))
    assert [(one.column, one.platform) for one in causes] == [("n_posts", "weibo"), ("n_posts", "x")]
    for cause in causes:
        assert cause.missing == (0, 1)
        assert cause.gone == ("posts_count",)
        ((moved, alone),) = cause.moved
        assert moved.comparison.column == "p_fake"
        assert alone.medians is not None
        assert alone.medians[1] - alone.medians[0] == pytest.approx(-0.3)
        assert [share.column for share, _ in cause.shares] == ["p_fake"]
    assert tell_findings(found.columns, found.changes, ENGLISH, causes) == []
    assert tell_advice(found.columns, found.changes, ENGLISH, causes) == [ENGLISH.text("monitor.advice.absent")]


def test_a_score_that_moved_by_itself_is_not_laid_to_a_column_that_it_does_not_read() -> None:
    causes, found = compare(lose(make(2), "bio").with_columns(pl.col("n_likes") // 4))
    assert {one.column for one in causes} == {"bio"}
    assert all(one.gone == ("bio_chars",) and not one.moved and not one.shares for one in causes)
    told = tell_findings(found.columns, found.changes, ENGLISH, causes)
    assert any(one.startswith("p_fake · weibo: median") for one in told)
    assert ENGLISH.text("monitor.advice.moved") in tell_advice(found.columns, found.changes, ENGLISH, causes)


def test_a_score_that_moved_the_other_way_is_not_laid_to_it() -> None:
    """Without the posts it falls by .3; that it rose has another reason."""
    causes, _ = compare(lose(make(2), "n_posts").with_columns(pl.lit(130).alias("n_likes")))
    assert causes
    assert all(not one.moved and not one.shares for one in causes)


def test_a_column_that_moves_a_score_by_a_hair_does_not_explain_a_move() -> None:
    causes, found = compare(lose(make(2), "region").with_columns(pl.col("n_likes") // 4))
    assert any(one.has_moved for one in found.changes)
    assert causes == []


def test_one_platform_alone_and_a_column_that_nobody_reads() -> None:
    causes, _ = compare(lose(lose(make(2), "n_posts", on=("x",)), "gender"))
    assert [(one.column, one.platform) for one in causes] == [("n_posts", "x")]


def test_nothing_is_named_where_nothing_went_missing() -> None:
    for new in (make(2), make(2).with_columns(pl.col("n_likes") // 4)):
        assert compare(new)[0] == []


@pytest.mark.parametrize("share", [0.0, 0.1, 0.37, 0.5, 1.0])
def test_a_column_is_taken_out_to_the_extent_asked(share: float) -> None:
    rows = make(1).with_columns(pl.when(pl.int_range(N) % 10 > 0).then(pl.col("bio")).alias("bio"))
    out = take_out(rows, "bio", share)
    assert out["bio"].null_count() == max(round(share * N), N // 10)
    assert out.drop("bio").equals(rows.drop("bio"))
    # Evenly: neither half holds more than its part.
    halves = out["bio"].head(N // 2).null_count(), out["bio"].tail(N // 2).null_count()
    assert abs(halves[0] - halves[1]) <= 2


def test_each_is_told_with_what_the_column_does_alone() -> None:
    causes, _ = compare(lose(make(2), "n_posts"))
    told = tell_cause(causes[0], ENGLISH)
    assert told["text"] == "n_posts · weibo: share missing 0% → 100%"
    assert any(
        "p_fake moved with it: median 0." in one and "the reference without n_posts alone" in one
        for one in told["under"]
    )
    assert told["under"][-1] == "Not known for it: posts_count"
    assert len({str(tell_cause(causes[0], Catalogue(language))) for language in LANGUAGES}) == 3


def test_the_order_of_rows_and_their_names_change_nothing() -> None:
    new = lose(make(2), "n_posts")
    first, _ = compare(new)
    other, _ = compare(new.sample(fraction=1, shuffle=True, seed=1).with_columns(profile_id=pl.lit("q")))
    assert [(one.column, one.platform, one.gone) for one in first] == [
        (one.column, one.platform, one.gone) for one in other
    ]
    assert [one.moved[0][1] for one in first] == [one.moved[0][1] for one in other]
