"""Whole shortlists for the report's tests: a rich and hostile one, and one in which hardly anything can be assessed."""

from __future__ import annotations

from datetime import timedelta

from report_builder import (
    AS_OF,
    FIRST_DAY,
    Builder,
    make_cause,
    make_cluster,
    make_daily,
    make_drop,
    make_span,
    make_then,
    without_peers,
)

from zhenfen.features.what_ifs import DocumentedChange

HOSTILE_NAME = "<script>alert('x')</script>"
FORMULA_NAME = "=cmd()|'/c calc'!A0"
TURNED_NAME = "\u202egnp.exe\u202c"
COMMENTER = "小红薯5F3A9C"
FAMILIES = ("growth", "engagement", "comments", "sponsorship", "audience", "network")


def rich() -> Builder:
    """Creators a (every section, hostile text), b (out of line in one family), A (one post, nothing assessed)."""
    builder = Builder()
    builder.creator("a", display_name=HOSTILE_NAME, fee_cny=18_000.0, bio="约稿 @助理")
    builder.creator("b", display_name=FORMULA_NAME, platform="douyin", n_followers=None)
    builder.creator("A", display_name=TURNED_NAME, platform="weibo")
    _assess_a(builder)
    _detail_a(builder)
    builder.assessed("b", "comments", {"feature": "comments_copied_share", "value": 0.5, "contribution": 2.0})
    builder.detail("b", "network", "shared_clusters", [_shared_cluster()])
    builder.detail("b", "network", "shared_commenters", [{"other_creator_id": "a", "n_shared": 42, "jaccard": 0.18}])
    for family in FAMILIES:
        builder.unassessed("A", family, "too_little", n_needed=30, n_found=1)
        if family != "comments":
            builder.unassessed("b", family, "too_little", n_needed=30, n_found=0)
    builder.detail("A", "engagement", "posts", [_post("A", 0, n_interactions=3)])
    _add_sources(builder)
    return builder


def thin(n_creators: int) -> Builder:
    """Creators without follower counts of whom one in four has comments that could be assessed."""
    builder = Builder()
    for number in range(n_creators):
        creator_id = f"x{number:04d}"
        builder.creator(creator_id, n_followers=None)
        for family in FAMILIES:
            if family == "comments" and number % 4 == 0:
                builder.assessed(creator_id, family, {"feature": "comments_copied_share", "value": 0.02})
            else:
                builder.unassessed(creator_id, family, "too_little", n_needed=30, n_found=number % 7)
    return builder


def _assess_a(builder: Builder) -> None:
    builder.assessed(
        "a",
        "growth",
        {"feature": "growth_share", "value": 0.41, "low": 0.0, "high": 0.12, "median": 0.02, "contribution": 2.0},
        {"feature": "growth_pace", "value": 182.4, "unit": "per_day", "low": 3.1, "high": 950.0, "concern": "none"},
    )
    builder.assessed(
        "a",
        "engagement",
        {
            "feature": "engagement_low",
            "value": 0.002,
            "low": 0.004,
            "high": 0.19,
            "concern": "low",
            "contribution": 1.0,
        },
        without_peers("engagement_alone", 18.2, unit="ratio"),
        {"feature": "engagement_missing", "value": None},
    )
    builder.assessed("a", "comments", {"feature": "comments_copied_share", "value": 0.36, "contribution": 2.0})
    builder.assessed("a", "sponsorship", {"feature": "sponsorship_share", "value": 0.05})
    builder.unassessed("a", "audience", "too_little", n_needed=100, n_found=0)
    builder.assessed("a", "network", {"feature": "network_share", "value": 0.5, "contribution": 2.0})


def _detail_a(builder: Builder) -> None:
    builder.detail("a", "growth", "daily", make_daily(90, missing=range(60, 65), jump={12: 3160, 40: -2000}))
    spans = [
        make_span(12, 12, 3200, is_unexplained=True),
        make_span(15, 18, 900, is_unexplained=False, explained_by="giveaway"),
        make_span(40, 44, -2100, is_unexplained=True),
    ]
    builder.detail("a", "growth", "spans", spans)
    _judge_a(builder)
    builder.detail("a", "engagement", "posts", [_post("a", n, n_interactions=100 + n if n else None) for n in range(9)])
    clusters = [
        make_cluster("k1", 64, f"求链接 @{COMMENTER}", "求链接"),
        make_cluster("k2", 12, "<img src=x onerror=alert(1)>"),
    ]
    builder.detail("a", "comments", "clusters", clusters)
    builder.detail("a", "sponsorship", "posts", [_sponsored("a1"), _sponsored("a2", is_disclosed=True)])
    builder.detail("a", "audience", "frames", [{"frame": "newest", "n_profiles": 40}])
    builder.detail("a", "network", "shared_clusters", [_shared_cluster()])
    builder.detail("a", "network", "shared_commenters", [{"other_creator_id": "b", "n_shared": 42, "jaccard": 0.18}])
    builder.table("posts", *({"post_id": f"a{n}", "creator_id": "a", "published_at": _at(n)} for n in range(9)))
    builder.table("events", {"creator_id": "a", "starts_at": _at(5), "kind": "giveaway", "note": "<b>抽奖</b>"})


def _judge_a(builder: Builder) -> None:
    """Causes of the spans, a shared drop, the level over all families and what would lower it."""
    causes = [
        make_cause(12, "gap", "against", value=1.0, needed=2.0),
        *(make_cause(12, kind, "unknown") for kind in ("advert", "giveaway", "live")),
        make_cause(15, "giveaway", "for", value=0.0, needed=3.0, evidence="giveaway"),
    ]
    builder.detail("a", "growth", "causes", causes)
    builder.detail("a", "growth", "drops", [make_drop(39, 40, 0.04, 0.006, 0.083)])
    builder.overall("a", "high", 0.962, families_assessed=["comments", "engagement", "growth", "network"])
    weights = [("growth", "growth_share", 0.41, 3.2), ("comments", "comments_copied_share", 0.36, 1.1)]
    names = ("family", "feature", "value", "contribution")
    lowers = ("engagement", "engagement_low", 0.002, -0.4)
    rows = [dict(zip(names, row, strict=True)) for row in (*weights, lowers)]
    builder.detail("a", "creator", "contributions", rows)
    days = {"starts_at": FIRST_DAY + timedelta(days=12), "ends_at": FIRST_DAY + timedelta(days=12)}
    found = [
        *(
            make_then(
                "creator", "high", "elevated", DocumentedChange("event_confirmed", **days, ref=kind, n=3200), p_then=0.7
            )
            for kind in ("giveaway", "promotion")
        ),
        make_then("creator", "high", "low", DocumentedChange("posts_promoted", n=4), p_then=0.2),
        make_then("growth", "elevated", "low", DocumentedChange("event_confirmed", **days, ref="giveaway", n=3200)),
    ]
    builder.detail("a", "creator", "counterfactuals", found)
    builder.overall("b", "not_assessed", 0.2, families_assessed=["comments"], reason="creator.too_few_families")


def _at(number: int):
    return FIRST_DAY + timedelta(days=3 * number, hours=12)


def _post(creator_id: str, number: int, n_interactions: int | None):
    return {"post_id": f"{creator_id}{number}", "published_at": _at(number), "n_interactions": n_interactions}


def _sponsored(post_id: str, *, is_disclosed: bool = False):
    facts = {"is_disclosed": is_disclosed, "has_purchase_means": True, "matched": ["小黄车"]}
    return {"post_id": post_id, "published_at": _at(1), "excerpt": "点击小黄车 <i>下单</i> @品牌", **facts}


def _shared_cluster():
    counts = {"cluster_id": "s1", "n_comments": 88, "n_authors": 31, "n_creators": 2}
    return {**counts, "creator_ids": ["a", "b"], "examples": [f"太好看了 @{COMMENTER}"]}


def _add_sources(builder: Builder) -> None:
    how = {"source": "mediacrawler", "obtained_how": "own export <u>", "obtained_at": AS_OF}
    builder.table("provenance", *({**how, "file": f"xhs/{n:02d}.json", "sha256": f"{n:02d}" * 32} for n in range(25)))
    bad = {"table": "posts", "file": "xhs/01.json", "column": "liked_count", "expected": "a number"}
    builder.table(
        "unusable",
        *({**bad, "row": row, "value": "=abc<b>", "action": "value_left_out"} for row in range(1, 8)),
        {"table": "comments", "file": "xhs/02.json", "row": 3, "action": "duplicate_merged"},
    )
