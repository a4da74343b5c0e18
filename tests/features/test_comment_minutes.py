"""Comments in the same minute and late bursts: waves of people pass, packs stand out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from zhenfen.features.comments.minutes import N_COMMENTS_NEEDED, PRIOR_PAIRS, measure_minutes

POSTED = datetime(2026, 5, 1, 9, tzinfo=UTC)


def comments(seconds: list[float], post: str = "p", creator: str = "c") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "creator_id": creator,
            "post_id": post,
            "created_at": [POSTED + timedelta(seconds=float(one)) for one in seconds],
        },
        schema_overrides={"created_at": pl.Datetime("us", "UTC")},
    )


def wave(n: int, minutes: float, seed: int) -> list[float]:
    """Comments that come as interest decays."""
    return sorted(np.random.default_rng(seed).exponential(minutes * 60, n))


def measure(frame: pl.DataFrame) -> tuple[float | None, float | None]:
    row = measure_minutes(frame).row(0, named=True)
    return row["comments_same_minute_ratio"], row["comments_late_burst_share"]


def test_the_ratio_by_hand() -> None:
    # Minutes 0 (12 comments), 1 (2), 3 (1) and one every hour after that.
    seconds = [*range(12), 60, 61, 180, *(3_600 * hour for hour in range(1, 8))]
    ratio, _ = measure(comments(seconds))
    pairs = 12 * 11 + 2 * 1
    nearby = (12 * 2 + 2 * 0 + 12 * 0 + 2 * 1 + 12 * 1) / 3
    assert ratio == pytest.approx((pairs + PRIOR_PAIRS) / (nearby + PRIOR_PAIRS))


@pytest.mark.parametrize("minutes", [30, 120, 1_440])
@pytest.mark.parametrize("n", [40, 400, 3_000])
def test_waves_of_people_stay_near_one(n: int, minutes: float) -> None:
    ratio, late = measure(comments(wave(n, minutes, seed=n)))
    assert 0.7 < ratio < 1.5
    assert late is None or late < 0.2


def test_a_pack_in_one_minute_stands_out_and_the_larger_the_more() -> None:
    base = wave(100, 600, seed=1)
    ratios = [measure(comments([*base, *(7_200 + at for at in range(n))]))[0] for n in (0, 10, 20, 40)]
    assert ratios == sorted(ratios)
    assert ratios[1] > 3


def test_a_late_pack_is_counted_and_an_early_one_is_not() -> None:
    base = wave(200, 300, seed=2)
    pack = np.linspace(0, 580, 40)
    late = measure(comments([*base, *(36_000 + pack)]))[1]
    early = measure(comments([*base, *(60 + pack)]))[1]
    assert late > 0.15
    assert early < 0.05


def test_posts_and_creators_stay_apart() -> None:
    one, other = comments(wave(60, 60, 3), "p1"), comments(wave(60, 60, 3), "p2")
    # The same moments under another post share no minute with these.
    both = measure(pl.concat([one, other]))
    assert both[0] == pytest.approx(measure(one)[0], abs=0.2)
    values = measure_minutes(pl.concat([one, comments([*range(25)], creator="d")])).sort("creator_id")
    assert values["comments_same_minute_ratio"].to_list()[0] == pytest.approx(measure(one)[0])
    assert values["comments_same_minute_ratio"].to_list()[1] > 10


@pytest.mark.parametrize("n", [0, 1, N_COMMENTS_NEEDED - 1])
def test_few_comments_say_nothing(n: int) -> None:
    found = measure_minutes(comments([0.0] * n))
    assert found.height == (n > 0)
    assert found["comments_same_minute_ratio"].null_count() == found.height


def test_days_without_a_time_and_comments_without_a_post_are_left_out() -> None:
    timed = comments(wave(50, 600, seed=4))
    dated = comments([0.0] * 30).with_columns(created_at=pl.lit(POSTED.replace(hour=0)))
    lost = comments([0.0] * 30).with_columns(post_id=pl.lit(None, dtype=pl.String))
    assert measure(pl.concat([timed, dated, lost])) == measure(timed)


def test_the_order_of_rows_changes_nothing() -> None:
    frame = comments([*wave(80, 100, seed=5), *range(20)])
    assert measure_minutes(frame.sample(fraction=1, shuffle=True, seed=1)).equals(measure_minutes(frame))


@pytest.mark.data
def test_most_public_threads_lie_near_one(data_dir) -> None:
    raw = pl.read_parquet(data_dir / "engagement" / "weibo_repost_timelines.parquet")
    at = pl.col("date").str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_zone="UTC", time_unit="us")
    found = measure_minutes(raw.select(creator_id="post", post_id="post", created_at=at).drop_nulls())
    ratio = found["comments_same_minute_ratio"].drop_nulls()
    assert len(ratio) > 700
    assert 0.9 < ratio.quantile(0.25) < ratio.median() < 1.2
    assert ratio.quantile(0.95) < 1.8
