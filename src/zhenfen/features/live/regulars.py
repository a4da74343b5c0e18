"""Accounts that speak in every room of a creator: how many, how many chance would give, and how they share the talk.

Fans come again, so that more accounts are everywhere than chance has there; peers say how many are usual, and without
peers the number of chance is shown and says nothing against anybody. What no fans do is talk alike: who wrote alike in
the other rooms, two by two, differ in this one as chance makes them (`chance.bound_evenness`), while accounts that a
program works through in turn write the same number. A fan club's task of so many remarks an evening comes nearest to
it, which is why short contributions do not count.
"""

from __future__ import annotations

import polars as pl

from zhenfen.features.live.chance import bound_evenness

N_ROOMS_NEEDED = 3
"""Who is in two of two rooms need not be in the third."""
N_ACCOUNTS_NEEDED = 12
"""As many as a pod has at least (comments/regulars.py); of fewer nobody can tell a rota from friends."""
N_REMARKS_NEEDED = 12
"""Remarks of a pair of accounts in a room, beside one of each: tasks of fan clubs ask for fewer."""
REGULARS_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "n_rooms": pl.Int64(),
    "n_everywhere": pl.Int64(),
    "n_accounts": pl.Int64(),
    "n_by_chance": pl.Float64(),
    "everywhere_share": pl.Float64(),
    "n_remarks": pl.Int64(),
    "n_pairs": pl.Int64(),
    "p_value": pl.Float64(),
    "marks": pl.List(pl.String()),
}
"""n_everywhere of n_accounts speak in each of n_rooms rooms and write everywhere_share of n_remarks; n_by_chance would
be everywhere if every room drew as many as it had from all of them; p_value of how alike n_pairs pairs of them write,
null where there are too few; marks: "p_value" where that is beyond chance."""


def find_regulars(comments: pl.DataFrame) -> pl.DataFrame:
    """REGULARS_SCHEMA without marks, one row a creator with N_ROOMS_NEEDED rooms in which somebody is named.

    Args:
        comments: Comments by others in rooms: creator_id, post_id, author_id, created_at.
    """
    written = comments.drop_nulls(["post_id", "author_id"]).group_by("creator_id", "post_id", "author_id")
    counts = written.agg(n=pl.len().cast(pl.Int64), first=pl.col("created_at").min().dt.epoch("s").fill_null(0))
    n_rooms = counts.group_by("creator_id").agg(n_rooms=pl.col("post_id").n_unique().cast(pl.Int64))
    enough = counts.join(n_rooms.filter(pl.col("n_rooms") >= N_ROOMS_NEEDED), on="creator_id")
    marked = enough.with_columns(
        is_everywhere=pl.len().over("creator_id", "author_id") == pl.col("n_rooms"),
        n_accounts=pl.col("author_id").n_unique().over("creator_id").cast(pl.Int64),
    )
    sizes = marked.group_by("creator_id", "post_id").agg(pl.col("n_accounts").first(), size=pl.len())
    # Sorted: floats multiplied in another order end in other bits.
    chance = sizes.sort("creator_id", "size").group_by("creator_id", maintain_order=True)
    by_chance = chance.agg(n_by_chance=(pl.col("size") / pl.col("n_accounts")).product() * pl.col("n_accounts").first())
    everywhere = pl.col("author_id").filter("is_everywhere")
    summed = marked.group_by("creator_id").agg(
        pl.col("n_rooms").first(),
        pl.col("n_accounts").first(),
        n_everywhere=everywhere.n_unique().cast(pl.Int64),
        everywhere_share=pl.col("n").filter("is_everywhere").sum() / pl.col("n").sum(),
        n_remarks=pl.col("n").sum(),
    )
    alike = bound_evenness(pair_accounts(marked.filter("is_everywhere")), ["creator_id"])
    whole = summed.join(by_chance, on="creator_id").join(alike, on="creator_id", how="left")
    is_enough = pl.col("n_everywhere") >= N_ACCOUNTS_NEEDED
    told = whole.with_columns(p_value=pl.when(is_enough).then("p_value"))
    return told.select(pl.col(name).cast(dtype) for name, dtype in REGULARS_SCHEMA.items() if name != "marks").sort(
        "creator_id"
    )


def pair_accounts(counts: pl.DataFrame) -> pl.DataFrame:
    """creator_id and the remarks `one` and `other` of two accounts in a room who wrote as much in the other rooms.

    One remark of each is left out: who speaks in every room wrote one for certain, and fans sign in with one. Whoever
    wrote as much elsewhere is set beside whom by when they spoke first elsewhere, so that ids decide nothing.

    Args:
        counts: creator_id, post_id, author_id, n and first (seconds), of accounts that are in every room.
    """
    account = ["creator_id", "author_id"]
    placed = counts.with_columns(
        elsewhere=pl.col("n").sum().over(account) - pl.col("n"),
        spoke=pl.col("first").sum().over(account) - pl.col("first"),
    ).sort("creator_id", "post_id", "elsewhere", "spoke", "n")
    room = ["creator_id", "post_id"]
    numbered = placed.with_columns(number=pl.int_range(pl.len()).over(room))
    both = numbered.with_columns(other=pl.col("n").shift(-1).over(room) - 1, one=pl.col("n") - 1)
    pairs = both.filter(pl.col("number") % 2 == 0).drop_nulls("other")
    return pairs.filter(pl.col("one") + pl.col("other") >= N_REMARKS_NEEDED).select("creator_id", "one", "other")
