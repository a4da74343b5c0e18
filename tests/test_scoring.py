"""What was known at a moment: no later row, and the counts of that day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from zhenfen.model_store import load_models
from zhenfen.scoring import known_at
from zhenfen.simulate import simulate
from zhenfen.tables import Tables

DAY = datetime(2026, 1, 10, tzinfo=UTC)


def tables(snapshot_at: datetime | None, n_followers: int | None) -> Tables:
    creators = {"creator_id": ["a"], "platform": ["weibo"], "display_name": ["A"]}
    readings = {
        "creator_id": ["a"] * 3,
        "observed_at": [DAY - timedelta(days=2), DAY - timedelta(days=1), DAY + timedelta(days=1)],
        "n_followers": [100, None, 300],
        "n_posts": [7, 8, 9],
    }
    return Tables(
        {
            "creators": pl.DataFrame(creators).with_columns(
                snapshot_at=pl.lit(snapshot_at, pl.Datetime("us", "UTC")), n_followers=pl.lit(n_followers, pl.Int64)
            ),
            "follower_counts": pl.DataFrame(readings),
        }
    )


@pytest.mark.parametrize(
    ("snapshot_at", "n_followers", "expected"),
    [
        (DAY, 150, 150),
        (None, 150, 150),
        (DAY + timedelta(days=1), 300, 100),
        (None, None, 100),
    ],
)
def test_counts_are_those_of_the_day(snapshot_at: datetime | None, n_followers: int | None, expected: int) -> None:
    creator = known_at(tables(snapshot_at, n_followers), DAY)["creators"].row(0, named=True)
    assert creator["n_followers"] == expected
    assert creator["n_posts"] == 8
    assert creator["display_name"] == "A"
    assert creator["snapshot_at"] is None or creator["snapshot_at"] <= DAY


def test_before_every_reading_the_counts_are_unknown() -> None:
    early = known_at(tables(DAY, 150), DAY - timedelta(days=9))
    assert early["creators"]["n_followers"].to_list() == [None]
    assert early["follower_counts"].is_empty()


def test_to_know_twice_is_to_know_once() -> None:
    once = known_at(tables(DAY + timedelta(days=1), 300), DAY)
    twice = known_at(once, DAY)
    assert all(once[name].equals(twice[name]) for name in once.frames)


def test_posts_of_a_profile_say_how_it_behaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever's posts were read beside the audience is scored with them, though no creator of the shortlist."""
    from zhenfen.scoring import estimates, score

    seen: list[pl.DataFrame] = []
    real = estimates.score_profiles
    monkeypatch.setattr(
        estimates, "score_profiles", lambda audience, *rest: seen.append(audience) or real(audience, *rest)
    )
    made = simulate(["drip_buyer"], seed=3).tables
    profile = made["audience"]["profile_id"][0]
    theirs = made["posts"].head(10).with_columns(creator_id=pl.lit(profile), post_id=pl.col("post_id") + "-theirs")
    score(made.replace(posts=pl.concat([made["posts"], theirs])), load_models())
    known = seen[0].filter(pl.col("posts_per_day").is_not_null())["profile_id"].to_list()
    assert known == [profile]
