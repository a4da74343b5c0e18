"""A roster whose overlaps are known: five creators of Weibo, draws of their followers, commenters under eight posts."""

from __future__ import annotations

import numpy as np
from report_builder import Builder

SIZES = (60_000, 45_000, 30_000, 6_000, 4_000)
N_DRAWN = 3_000
RATE = "engagement_median_interactions_by_followers_ratio"


def overlapping(*, frame: str = "random", with_fees: bool = True, with_shares: bool = True) -> Builder:
    """Five creators of Weibo with draws from overlapping followers, and commenters under eight posts each."""
    random = np.random.default_rng(7)
    builder = Builder()
    for k, n in enumerate(SIZES):
        one, fee = f"c{k}", 400.0 * (len(SIZES) - k) if with_fees else None
        builder.creator(one, platform="weibo", n_followers=n, fee_cny=fee, display_name=f"样例·{k}<b>")
        # Followers of c0 and c1 are neighbours in one crowd, c1 and c2 too; c3 stands inside c0.
        first = {0: 0, 1: 40_000, 2: 70_000, 3: 10_000, 4: 200_000}[k]
        drawn = random.choice(np.arange(first, first + n), min(N_DRAWN, n), replace=False)
        builder.table("audience", *({"creator_id": one, "profile_id": f"p{p}", "frame": frame} for p in drawn))
        for post in range(8):
            builder.table("posts", {"post_id": f"{one}-{post}", "creator_id": one})
            authors = random.choice(np.arange(k * 100, k * 100 + 250), 30, replace=False)
            rows = (
                {"comment_id": f"{one}-{post}-{a}", "post_id": f"{one}-{post}", "creator_id": one, "author_id": f"u{a}"}
                for a in authors
            )
            builder.table("comments", *rows)
        builder.assessed(one, "engagement", {"feature": RATE, "value": 0.01 * (k + 1), "unit": "quotient"})
        posts = [{"post_id": f"{one}-{i}", "n_interactions": 90 + k, "is_measured": True} for i in range(8)]
        builder.detail(one, "engagement", "posts", [{**post, "is_promoted": False} for post in posts])
        if with_shares:
            share = {"frame": frame, "share": 0.2, "low": 0.1, "high": 0.3, "method": "adjusted_count"}
            builder.detail(one, "audience", "shares", [{**share, "n_profiles": N_DRAWN}])
    return builder
