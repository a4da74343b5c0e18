"""Accounts that speak in every room of a creator: how many, how many chance would give, and how they share the talk.

Fans come again, so that more accounts are everywhere than chance has there; peers say how many are usual, and without
peers the number of chance is shown and says nothing against anybody. What no fans do is share out their remarks evenly,
as a rota does (`chance.bound_equal_shares`); a fan club's task of so many remarks an evening comes nearest to it.
"""

from __future__ import annotations

import polars as pl

from zhenfen.features.live.chance import bound_equal_shares

N_ROOMS_NEEDED = 3
"""Who is in two of two rooms need not be in the third."""
N_ACCOUNTS_NEEDED = 12
"""As many as a pod has at least (comments/regulars.py); of fewer nobody can tell a rota from friends."""
N_REMARKS_NEEDED = 4
"""Mean remarks of an account in a room: of two or three all accounts have about the same number anyway, and tasks of
fan clubs ask for one or two."""
REGULARS_SCHEMA: dict[str, pl.DataType] = {
    "creator_id": pl.String(),
    "n_rooms": pl.Int64(),
    "n_everywhere": pl.Int64(),
    "n_accounts": pl.Int64(),
    "n_by_chance": pl.Float64(),
    "everywhere_share": pl.Float64(),
    "n_remarks": pl.Int64(),
    "mean_remarks": pl.Float64(),
    "p_value": pl.Float64(),
}
"""n_everywhere of n_accounts speak in each of n_rooms rooms and write everywhere_share of n_remarks; n_by_chance would
be everywhere if every room drew as many as it had from all of them; p_value of how evenly they share the talk, null
where there is too little of it."""


def find_regulars(comments: pl.DataFrame) -> pl.DataFrame:
    """REGULARS_SCHEMA, one row a creator with N_ROOMS_NEEDED rooms in which somebody is named.

    Args:
        comments: Comments by others in rooms: creator_id, post_id, author_id.
    """
    written = comments.drop_nulls(["post_id", "author_id"]).group_by("creator_id", "post_id", "author_id")
    counts = written.agg(n=pl.len().cast(pl.Int64))
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
    even = bound_equal_shares(marked.filter("is_everywhere"), ["creator_id"])
    is_enough = (pl.col("n_everywhere") >= N_ACCOUNTS_NEEDED) & (pl.col("mean_remarks") >= N_REMARKS_NEEDED)
    whole = summed.join(by_chance, on="creator_id").join(even.drop("n_accounts"), on="creator_id", how="left")
    told = whole.with_columns(p_value=pl.when(is_enough).then("p_value"))
    return told.select(pl.col(name).cast(dtype) for name, dtype in REGULARS_SCHEMA.items()).sort("creator_id")
