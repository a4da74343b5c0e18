"""Events that a creator declares all the time explain no span by having been near."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from zhenfen.features.growth.family import read_growth
from zhenfen.tables import Tables

START = datetime(2026, 1, 1, 15, tzinfo=UTC)
BURST_DAY = 80


def make_tables(live_every: int) -> Tables:
    """120 quiet days, a fifth of the followers bought on one of them, and a live room every so many days."""
    rng = np.random.default_rng(2)
    gained = rng.poisson(60, 120)
    gained[BURST_DAY] += 12_000
    days = [START + timedelta(days=day) for day in range(120)]
    lives = [START + timedelta(days=day) for day in range(BURST_DAY % live_every, 120, live_every)]
    return Tables(
        {
            "creators": pl.DataFrame({"creator_id": ["a"], "platform": ["douyin"]}),
            "follower_counts": pl.DataFrame(
                {"creator_id": ["a"] * 120, "observed_at": days, "n_followers": 50_000 + np.cumsum(gained)}
            ),
            "events": pl.DataFrame(
                {"creator_id": ["a"] * len(lives), "starts_at": lives, "kind": ["live"] * len(lives)}
            ),
        }
    )


@pytest.mark.parametrize(("live_every", "explanation"), [(3, "none"), (7, "none"), (10, "event"), (40, "event")])
def test_routine_events_explain_nothing(live_every: int, explanation: str) -> None:
    reading = read_growth(make_tables(live_every))
    burst = reading.spans.filter(pl.col("n_gained") > 10_000)
    assert burst["explanation"].to_list() == [explanation]
    assert burst["is_unexplained"].to_list() == [explanation == "none"]


def test_the_note_says_how_much_is_covered() -> None:
    causes = read_growth(make_tables(3)).causes.filter(cause="live")
    near = causes.filter(note="growth.cause.event.routine")
    assert near["verdict"].to_list() == ["against"]
    assert near["value"][0] == pytest.approx(1.0, abs=0.05)
    assert near["needed"][0] == 0.5
