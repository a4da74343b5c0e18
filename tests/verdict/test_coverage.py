"""What a panel covers, and who lies outside."""

from __future__ import annotations

from datetime import date

import polars as pl

from zhenfen.verdict.coverage import COVERAGE_SCHEMA, UNCOVERED_SCHEMA, find_coverage, find_uncovered
from zhenfen.verdict.evidence import EVIDENCE_SCHEMA
from zhenfen.verdict.panel import Panel, PanelSource, build_panel

RATE, COPIED, HABIT = "engagement_likes_log_spread", "comments_template_share", "comments_short_share"


def part(feature: str, platform: str, sizes: tuple[int, int], source: str = "s", year: int = 2025) -> pl.DataFrame:
    """Quantiles of thirty peers."""
    ids = [f"{platform}{at}" for at in range(30)]
    values = pl.DataFrame({"creator_id": ids, feature: [at / 30 for at in range(30)]})
    followers = [sizes[0], *[sizes[1]] * 29]
    creators = pl.DataFrame({"creator_id": ids, "platform": platform, "n_followers": followers})
    return build_panel(values, creators, PanelSource(source, "30 days", date(year, 6, 1)))


def panel(*parts: pl.DataFrame) -> Panel:
    return Panel(pl.concat(parts), "sha")


def evidence(*rows: tuple[str, str, str], concern: str = "high") -> pl.DataFrame:
    """creator_id, family and scope; the value is 1."""
    names = ("creator_id", "family", "reference_scope")
    dicts = [{**dict(zip(names, row, strict=True)), "value": 1.0, "concern": concern} for row in rows]
    return pl.DataFrame(dicts, schema=EVIDENCE_SCHEMA)


def creators(**platforms: str) -> pl.DataFrame:
    return pl.DataFrame({"creator_id": list(platforms), "platform": list(platforms.values())})


def test_a_row_a_family_platform_source_and_reach() -> None:
    covered = find_coverage(
        panel(
            part(RATE, "weibo", (1_000, 90_000), "2024", 2024),
            part("engagement_hit_share", "weibo", (2_000, 95_000), "2024", 2024),
            part(RATE, "weibo", (5_000, 50_000), "2021", 2021),
            part(COPIED, "weibo", (10, 20), "threads", 2014),
            part(HABIT, "weibo", (10, 20), "threads", 2014),
        )
    )
    assert covered.schema == COVERAGE_SCHEMA
    columns = ("family", "source", "followers_from", "followers_to", "n_features", "scope")
    assert covered.select(columns).rows() == [
        ("comments", "threads", 10, 20, 1, "dated"),
        ("comments", "threads", 10, 20, 1, "travels"),
        ("engagement", "2024", 1_000, 95_000, 2, "platform"),
        ("engagement", "2021", 5_000, 50_000, 1, "platform"),
    ]
    assert covered["n_peers"].to_list() == [30] * 4


def test_measurements_that_are_no_more_are_left_out() -> None:
    assert find_coverage(panel(part("engagement_of_an_older_version", "weibo", (1, 2)))).is_empty()


def test_outside_names_the_own_platform_or_else_the_others() -> None:
    peers = panel(
        part(RATE, "weibo", (1_000, 90_000)),
        part(RATE, "weibo", (400, 50_000), "other"),
        part(RATE, "douyin", (10_000, 80_000)),
    )
    rows = evidence(
        ("small", "engagement", "none"),
        ("far", "engagement", "none"),
        ("far", "growth", "none"),
        ("near", "engagement", "size"),
        ("near", "engagement", "none"),
    )
    found = find_uncovered(rows, creators(small="weibo", far="kuaishou", near="weibo"), peers)
    assert found.schema == UNCOVERED_SCHEMA
    assert found.drop("has_others").rows() == [
        ("far", "engagement", "douyin", 10_000, 80_000),
        ("far", "engagement", "weibo", 400, 90_000),
        ("far", "growth", None, None, None),
        ("small", "engagement", "weibo", 400, 90_000),
    ]


def test_what_travels_and_what_is_of_long_ago_do_not_cover() -> None:
    peers = panel(
        part(COPIED, "weibo", (10, 20)), part(HABIT, "weibo", (10, 20), "old", 2014), part(RATE, "bilibili", (1, 9))
    )
    rows = evidence(("a", "comments", "travels"), ("b", "comments", "dated"))
    found = find_uncovered(rows, creators(a="douyin", b="weibo"), peers)
    assert found.select("creator_id", "platform", "has_others").rows() == [("a", None, True), ("b", None, False)]


def test_context_and_what_was_not_measured_need_no_peers() -> None:
    peers = panel(part(RATE, "weibo", (1_000, 90_000)))
    context = evidence(("a", "engagement", "none"), concern="none")
    unmeasured = evidence(("a", "growth", "none")).with_columns(value=pl.lit(None, dtype=pl.Float64))
    assert find_uncovered(pl.concat([context, unmeasured]), creators(a="douyin"), peers).is_empty()


def test_a_creator_of_unknown_platform_is_outside() -> None:
    who = pl.DataFrame(
        {"creator_id": ["a"], "platform": [None]}, schema={"creator_id": pl.String, "platform": pl.String}
    )
    found = find_uncovered(evidence(("a", "engagement", "none")), who, panel(part(RATE, "weibo", (1_000, 90_000))))
    assert found.select("platform", "followers_from").rows() == [("weibo", 1_000)]
