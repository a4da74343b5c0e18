"""What may innocently explain a span of growth: a gap, an event, the platform, a post; the first that fits stands."""

from __future__ import annotations

import polars as pl

from zhenfen.features.growth.days import BRIDGED_DAYS, MAD_TO_SIGMA
from zhenfen.features.growth.scores import GrowthRules, p_values
from zhenfen.features.posts.counts import add_interactions
from zhenfen.tables import Tables
from zhenfen.tables.specs import EVENT_KINDS

EVENT_LEAD_DAYS = 1
EVENT_LAG_DAYS = 3
"""A giveaway is announced the evening before; three days after the peak of an organic rise 1.3 % of it is left (median
of 257 rises of the VTuber channels). Paid promotion (Dou+, 薯条, 粉丝头条) is ordered for some hours to a day."""
PROMOTION = "promotion"
"""The platform was paid to show posts: people come for it, and nobody leaves."""
MOST_COVERED_SHARE = 0.5
"""Events of a kind declared so often that more than half of all days lie in their reach explain nothing by themselves:
a span at any other time would most likely meet one, too."""
POST_LAG_DAYS = 2
"""A post's own day and two more: on the second day after the peak 3 % of an organic rise is left (same channels)."""
LEAST_OTHERS = 3
"""With fewer other creators of the platform, "many of them moved" would be one or two coincidences."""
LEAST_MOVED = 2
LEAST_MOVED_SHARE = 0.25
"""On a usual day 7 % of the VTuber channels rise four deviations, on one day in a hundred more than 28 %: where a
quarter moves at once, it is nearly three to one that the cause is not the creator's own."""
LEAST_POSTS = 5
"""The range of five posts holds a creator's own median with 94 % probability (1 - 2 / 2^5)."""
STANDS_OUT_Z = 2.0
LEAST_LEAD = 2.0
"""A post stands out two robust deviations above the creator's posts on the log scale, and at twice their median, so
that near-equal posts do not stand out by a hair."""
VIEWS_PER_INTERACTION = 10.0
"""Likes, coins, favourites, shares and replies together come to a tenth of the views (Bilibili trending, 2023)."""
FOLLOWERS_PER_INTERACTION = 1.0
"""A post cannot bring more followers than interactions: creators of Xiaohongshu gain .10 an interaction over 90 days
(median; 95 % stay below .46, 99 % below 1.2; 新红, 3,000 creators, 2024)."""
TYPICAL_QUANTILE = 0.75
"""On a day the platform shares, three of four of those that moved moved by this part of their followers at most: so
much is the platform's, what is beyond is judged as the creator's own."""
_SCALING = (
    "gained",
    "share",
    "above_tail",
    "peak_z",
    "above_pace",
    "above_unrest",
    "density",
    "lift",
    "lift_z",
    "lost_share",
)
"""Logarithms that fall with the part of a span that is looked at."""
_ORDER = ("gap", "event", "platform", "post")
CAUSES = ("gap", *EVENT_KINDS, "platform", "post")


def weigh_causes(
    spans: pl.DataFrame, marked: pl.DataFrame, tables: Tables, rules: GrowthRules, moves: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Every innocent explanation of every span, tested.

    Args:
        spans: Result of `shared.share_spans`.
        marked: Result of `spans.mark_runs`, all creators: others of the platform are looked up there.
        tables: creators, events and posts.
        rules: What is left of a rise after a post is judged by the same scorecards.
        moves: Result of `count_moves` over more creators than `marked` has; default over those.

    Returns:
        run, creator_id, starts_on, cause (CAUSES), verdict (for | against | unknown), value, needed, evidence, note
        (key of the catalogue): see `Growth`. Drops are not tested for posts and promotion, drips not for the platform.
    """
    # Whether readings are missing: the span is itself a gap, or the longest step within it, in days.
    longest = marked.filter(pl.col("direction") != 0).group_by("run").agg(n_days=pl.col("n_days").max())
    finding = _choose(("for", pl.col("shape") == "gap"), otherwise="against")
    n_days = pl.col("n_days").fill_null(1)
    gap = _finding("gap", value=n_days, evidence=pl.lit(None), needed=pl.lit(BRIDGED_DAYS), finding=finding)
    tested = (
        spans.join(longest, on="run", how="left").select(*gap, cause=pl.lit("gap")),
        _test_events(spans, marked, tables["events"]),
        _test_platform(spans, marked, tables, rules, moves),
        _test_posts(spans, tables, rules),
    )
    place = pl.col("cause").replace_strict({name: place for place, name in enumerate(CAUSES)})
    found = pl.concat(tested).join(spans.select("run", "creator_id", "starts_on"), on="run", how="inner")
    note = pl.format("growth.cause.{}.{}", pl.col("group"), pl.col("finding"))
    return found.sort("creator_id", "starts_on", "run", place).with_columns(note=note)


def explain_spans(spans: pl.DataFrame, causes: pl.DataFrame) -> pl.DataFrame:
    """Add what explains each span.

    Args:
        spans: Result of `shared.share_spans`.
        causes: Result of `weigh_causes`.

    Returns:
        `spans` with explanation (gap | event | platform | post | none) and explained_by (kind of the event, post_id;
        null otherwise). What the platform took from all alike is the platform's, whatever else stands.
    """
    shared = spans.filter(pl.col("is_beyond").is_not_null())["run"].implode()
    is_whole = (pl.col("group") == "platform") & pl.col("run").is_in(shared)
    place = pl.col("group").replace_strict({name: place for place, name in enumerate(_ORDER)})
    standing = causes.filter(verdict="for").with_columns(place=pl.when(is_whole).then(-1).otherwise(place))
    first = standing.sort("run", "place", maintain_order=True).unique("run", keep="first", maintain_order=True)
    by = pl.when(pl.col("group") == "event").then("cause").when(pl.col("group") == "post").then("evidence")
    found = first.select("run", explanation="group", explained_by=by)
    return spans.join(found, on="run", how="left", maintain_order="left").with_columns(
        pl.col("explanation").fill_null("none")
    )


def _finding(
    group: str, *, value: pl.Expr, evidence: pl.Expr, needed: pl.Expr, finding: pl.Expr
) -> tuple[pl.Expr, ...]:
    """The columns of one test; `finding` names the sentence: for or unknown; all others are against."""
    return (
        pl.col("run"),
        pl.lit(group).alias("group"),
        finding.replace(["absent", "beyond", "routine"], "against").alias("verdict"),
        value.cast(pl.Float64).alias("value"),
        needed.cast(pl.Float64).alias("needed"),
        evidence.cast(pl.String).alias("evidence"),
        finding.alias("finding"),
    )


def _test_events(spans: pl.DataFrame, marked: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Per span and kind the declared event nearest to its beginning, in days that the span came after it.

    Of a kind that is routine the value is the share of the days in the reach of one, and needed the most there may be.
    """
    kinds = pl.DataFrame({"kind": EVENT_KINDS})
    declared = events.filter(pl.col("kind").is_not_null()).select("creator_id", "starts_at", "kind")
    near = spans.select("run", "creator_id", "starts_on").join(declared, on="creator_id")
    late = (pl.col("starts_on") - pl.col("starts_at").dt.date()).dt.total_days()
    reach = (EVENT_LEAD_DAYS + EVENT_LAG_DAYS) / 2
    nearest = (
        near.with_columns(late=late, off=(late - (EVENT_LAG_DAYS - EVENT_LEAD_DAYS) / 2).abs())
        .sort("run", "kind", "off", "starts_at")
        .unique(("run", "kind"), keep="first", maintain_order=True)
    )
    every = spans.select(
        "run", "direction", keeps=pl.col("creator_id").is_in(declared["creator_id"].unique().implode())
    )
    pairs = every.join(kinds, how="cross").filter((pl.col("kind") != PROMOTION) | (pl.col("direction") > 0))
    tested = pairs.join(nearest, on=("run", "kind"), how="left")
    # Share of the days from the first reading to the last in the reach of an event of the kind.
    reached = pl.concat(
        declared.select("creator_id", "kind", day=pl.col("starts_at").dt.date() + pl.duration(days=after))
        for after in range(-EVENT_LEAD_DAYS, EVENT_LAG_DAYS + 1)
    ).unique()
    seen = marked.group_by("creator_id").agg(first=pl.col("day").min(), last=pl.col("day").max())
    inside = reached.join(seen, on="creator_id").filter(pl.col("day").is_between("first", "last"))
    n_days = (pl.col("last") - pl.col("first")).dt.total_days().first() + 1
    covered = inside.group_by("creator_id", "kind").agg(covered=pl.len() / n_days)
    tested = tested.join(covered, on=("creator_id", "kind"), how="left")
    stands = (pl.col("off") <= reach).fill_null(False)
    is_there = pl.col("off").is_not_null()
    is_routine = stands & (pl.col("covered") > MOST_COVERED_SHARE)
    cases = (("routine", is_routine), ("for", stands), ("against", is_there), ("absent", pl.col("keeps")))
    value = pl.when(is_routine).then("covered").otherwise("late")
    needed = pl.when(is_routine).then(MOST_COVERED_SHARE).otherwise(pl.lit(EVENT_LAG_DAYS))
    finding, evidence = _choose(*cases, otherwise="unknown"), pl.when(is_there).then("kind")
    columns = _finding("event", value=value, evidence=evidence, needed=needed, finding=finding)
    return tested.select(*columns, cause="kind")


def _choose(*cases: tuple[str, pl.Expr], otherwise: str) -> pl.Expr:
    return pl.coalesce([pl.when(case).then(pl.lit(name)) for name, case in cases] + [pl.lit(otherwise)])


def _test_platform(
    spans: pl.DataFrame, marked: pl.DataFrame, tables: Tables, rules: GrowthRules, moves: pl.DataFrame | None
) -> pl.DataFrame:
    """Per span but drips the share of the other creators that moved the same way on the peak day.

    A shared move explains no more than what is typical of it: what a creator gained or lost beyond is judged by the
    same scorecards. Of a drop that is shared, the value is the share of the others that lost, too.
    """
    creators = tables["creators"]
    peaks = spans.filter(pl.col("shape") != "drip").join(creators.select("creator_id", "platform"), on="creator_id")
    if moves is None:
        near = marked.filter(pl.col("day").is_in(peaks["peak_on"].unique().implode()))
        moves = count_moves(near, creators)
    tested = peaks.join(moves, left_on=("platform", "peak_on"), right_on=("platform", "day"), how="left")
    is_up = pl.col("direction") > 0
    itself = (pl.col("shape") != "gap").cast(pl.Int64)
    n_others = pl.col("n").fill_null(0) - itself
    n_moved = pl.when(is_up).then("up").otherwise("down").fill_null(0) - itself
    share = pl.when(n_others > 0).then(n_moved / n_others)
    typical = pl.when(is_up).then("typical_up").otherwise("typical_down").fill_null(0.0) * pl.col("n_base")
    left = _p_of_rest(tested, (1 - typical / pl.col("excess").abs()).clip(1e-9, 1.0), rules)
    is_shared = (n_moved >= LEAST_MOVED) & (share >= LEAST_MOVED_SHARE)
    cases = (
        ("beyond", pl.col("is_beyond")),
        ("for", pl.col("is_beyond").is_not_null()),
        ("unknown", n_others < LEAST_OTHERS),
        ("beyond", is_shared & (left <= rules.level)),
        ("for", is_shared),
    )
    needed = pl.coalesce("others_needed", pl.max_horizontal(pl.lit(LEAST_MOVED_SHARE), LEAST_MOVED / n_others.clip(1)))
    finding = _choose(*cases, otherwise="against")
    value = pl.coalesce("others_lost", share)
    columns = _finding("platform", value=value, evidence=pl.lit(None), needed=needed, finding=finding)
    return tested.select(*columns, cause=pl.lit("platform"))


def count_moves(marked: pl.DataFrame, creators: pl.DataFrame) -> pl.DataFrame:
    """How many creators of a platform moved on a day, and how far: see `sum_moves`."""
    read = list_readings(marked, creators)
    return sum_moves(count_readings(read), list_moves(read))


def list_readings(marked: pl.DataFrame, creators: pl.DataFrame) -> pl.DataFrame:
    """platform, and day, direction, excess and n_base of `spans.mark_runs`: readings that could move, without gaps."""
    columns = ("creator_id", "day", "direction", "excess", "n_base")
    read = marked.select(*columns, could_move=~pl.col("is_gap") & pl.col("z").is_not_null())
    placed = read.filter("could_move").join(creators.select("creator_id", "platform"), on="creator_id")
    return placed.drop("creator_id", "could_move")


def count_readings(read: pl.DataFrame) -> pl.DataFrame:
    """platform, day, n of `list_readings`: adds up over parts."""
    return read.group_by("platform", "day").agg(n=pl.len().cast(pl.Int64))


def list_moves(read: pl.DataFrame) -> pl.DataFrame:
    """platform, day, direction (1 or -1) and part (of the followers) of each reading four deviations off."""
    part = pl.col("excess").abs() / pl.col("n_base")
    return read.filter(pl.col("direction") != 0).select("platform", "day", "direction", part=part)


def sum_moves(counted: pl.DataFrame, moved: pl.DataFrame) -> pl.DataFrame:
    """The moves of a platform day by day.

    Args:
        counted: platform, day, n: `count_readings` of all creators.
        moved: `list_moves` of all creators, in any order.

    Returns:
        platform, day, n (creators read), up and down (of them, four deviations off), typical_up and typical_down (part
        of the followers that TYPICAL_QUANTILE of those stayed within; null where none moved).
    """
    part, ways = pl.col("part"), {"up": pl.col("direction") > 0, "down": pl.col("direction") < 0}
    counts = {name: way.sum().cast(pl.Int64) for name, way in ways.items()}
    # Of three or more, the lower of two neighbours is never the farthest: a creator does not set its own yardstick.
    typical = {f"typical_{name}": part.filter(way).quantile(TYPICAL_QUANTILE, "lower") for name, way in ways.items()}
    days = counted.join(moved.group_by("platform", "day").agg(**counts, **typical), on=("platform", "day"), how="left")
    return days.with_columns(pl.col("up", "down").fill_null(0))


def _test_posts(spans: pl.DataFrame, tables: Tables, rules: GrowthRules) -> pl.DataFrame:
    """Per rise the post of the days before that reached most among those that stand out, against what it must bring."""
    rises = spans.filter(pl.col("direction") > 0)
    mine = add_interactions(tables["posts"].join(rises, on="creator_id", how="semi"), tables["creators"])
    # Of the posts far above the creator's own, by interactions or views, that which reached most in time.
    far = mine.filter(_stands_out("n_interactions") | _stands_out("n_views")).select(
        "creator_id",
        "post_id",
        published_on=pl.col("published_at").dt.date(),
        reach=pl.max_horizontal("n_interactions", pl.col("n_views") / VIEWS_PER_INTERACTION),
    )
    near = rises.select("run", "creator_id", "starts_on", "peak_on").join(far, on="creator_id")
    since = pl.col("starts_on") - pl.duration(days=POST_LAG_DAYS)
    in_time = near.filter(pl.col("published_on").is_between(since, pl.col("peak_on")))
    most = in_time.sort("run", -pl.col("reach"), "post_id").unique("run", keep="first", maintain_order=True)
    best = rises.join(most.select("run", "post_id", "reach"), on="run", how="left", maintain_order="left")
    counted = mine.group_by("creator_id").agg(n_posts=pl.col("n_interactions").count())
    tested = best.join(counted, on="creator_id", how="left", maintain_order="left")
    brought = (pl.col("reach") * FOLLOWERS_PER_INTERACTION).fill_null(0.0)
    left = _p_of_rest(tested, (1 - brought / pl.col("excess")).clip(1e-9, 1.0), rules)
    stands = pl.col("post_id").is_not_null() & ((brought >= pl.col("excess")) | (left > rules.level))
    is_thin = pl.col("n_posts").fill_null(0) < LEAST_POSTS
    is_there = pl.col("reach").is_not_null()
    finding = _choose(("for", stands), ("unknown", is_thin), ("against", is_there), otherwise="absent")
    reach, post = pl.col("reach"), pl.col("post_id")
    columns = _finding("post", value=reach, evidence=post, needed=pl.col("excess"), finding=finding)
    return tested.select(*columns, cause=pl.lit("post"))


def _p_of_rest(rises: pl.DataFrame, part: pl.Expr, rules: GrowthRules) -> pl.Series:
    """p-value of the part of each rise that a post leaves over, by the scorecards of rises and drips."""
    less = rises.with_row_index("row").with_columns(
        pl.col(name) + part.log() for name in _SCALING if name in rises.columns
    )
    pieces = [
        piece.select("row", left=pl.Series(p_values(piece, rules.cards[str(kind)])))
        for (kind,), piece in less.partition_by("kind", as_dict=True, maintain_order=True).items()
    ]
    empty = pl.Series("left", [], dtype=pl.Float64)
    return pl.concat(pieces).sort("row")["left"] if pieces else empty


def _stands_out(count: str) -> pl.Expr:
    logs = pl.col(count).log1p()
    above = logs - logs.median().over("creator_id")
    spread = MAD_TO_SIGMA * above.abs().median().over("creator_id")
    enough = pl.col(count).count().over("creator_id") >= LEAST_POSTS
    least = pl.max_horizontal(STANDS_OUT_Z * spread, pl.lit(LEAST_LEAD).log())
    return (enough & (above >= least)).fill_null(False)
