"""Keys for rows of sheets that people made: names where there are no ids, and digests where there is nothing."""

from __future__ import annotations

import hashlib

import polars as pl

from zhenfen.connectors.reading.tidy import FILE, ROW

KEYS = {"posts": "post_id", "comments": "comment_id", "audience": "profile_id"}
"""Key columns that may be missing."""

# What tells two rows of such a table apart, as the person who made the sheet would.
_TELLING = {
    "posts": ("creator_id", "published_at", "text"),
    "comments": ("creator_id", "post_id", "author_id", "author_name", "created_at", "text"),
    "audience": ("creator_id", "display_name"),
}


def name_creators(frames: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The frames with `creator_id` filled: the id itself, the id that another sheet gives the name, or the name.

    Args:
        frames: Raw rows by table, with `creator_id`, `_creator_name`, `platform` and `_fallback` (for sheets of one
            creator that do not name it), all of them strings.

    A name alone is the id when the export is of one platform; else the platform is written behind it, so that
    accounts of the same name on two platforms stay apart. Rows that name no platform are of the one that other rows
    give the name.
    """
    pairs = pl.concat(frame.select("_creator_name", "platform") for frame in frames.values()).drop_nulls().unique()
    of_name = pairs.unique("_creator_name", keep="none").rename({"platform": "_of_name"})
    frames = {
        table: frame.join(of_name, on="_creator_name", how="left", maintain_order="left")
        .with_columns(platform=pl.coalesce("platform", "_of_name"))
        .drop("_of_name")
        if frame["platform"].null_count()
        else frame
        for table, frame in frames.items()
    }
    who = pl.concat(frame.select("creator_id", "_creator_name", "platform") for frame in frames.values()).unique()
    named = who.drop_nulls(["creator_id", "_creator_name"])
    sure = named.group_by("_creator_name").agg(
        pl.col("creator_id").n_unique().alias("_n_ids"), pl.col("creator_id").min().alias("_known_id")
    )
    known = sure.filter(pl.col("_n_ids") == 1).drop("_n_ids")
    several = who["platform"].drop_nulls().n_unique() > 1
    label = pl.col("_creator_name") + "@" + pl.col("platform") if several else pl.col("_creator_name")
    chosen = pl.coalesce("creator_id", "_known_id", label, "_fallback").alias("creator_id")
    chosen_frames = {
        table: frame.join(known, on="_creator_name", how="left", maintain_order="left").with_columns(chosen)
        for table, frame in frames.items()
    }
    # A creator's platform may stand in another sheet than the row.
    pairs = pl.concat(frame.select("creator_id", _named="platform") for frame in chosen_frames.values()).drop_nulls()
    platforms = pairs.group_by("creator_id").agg(pl.col("_named").min())
    return {
        table: frame.join(platforms, on="creator_id", how="left", maintain_order="left")
        .with_columns(platform=pl.coalesce("platform", "_named"))
        .drop("_named", "_known_id")
        for table, frame in chosen_frames.items()
    }


def make_keys(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with its key filled: a digest of what tells its rows apart, where the sheet has no id."""
    key = KEYS.get(table)
    if key is None or frame.is_empty():
        return frame
    parts = [pl.col(name).cast(pl.String).fill_null("") for name in _TELLING[table] if name in frame.columns]
    # Rows without anything to tell them by get no key, and are left out like any row without one.
    is_told = pl.any_horizontal(part != "" for part in parts[1:])
    number = pl.lit("")
    if table == "comments":
        # Where nothing says who wrote a comment and when, those of the same words are told apart by which of its file
        # each is: thirty lines of "好看" are thirty comments, and yet the same file twice is no sixty.
        facts = [name for name in _TELLING[table] if name in frame.columns]
        have = {name: pl.col(name).is_not_null() if name in facts else pl.lit(False) for name in _TELLING[table]}
        is_sure = (have["author_id"] | have["author_name"]) & have["created_at"]
        # By their other columns, not by their place: the order of rows changes nothing.
        others = [name for name in frame.columns if name not in (FILE, ROW)]
        place = pl.int_range(pl.len()).over(FILE, *facts, order_by=others).cast(pl.String)
        number = pl.when(is_sure).then(number).otherwise(place)
    told = frame.with_columns(_told=pl.when(is_told).then(pl.concat_str(*parts, number, separator="\u001f")))
    lacking = told.filter(pl.col(key).is_null())["_told"].drop_nulls().unique()
    digests = [hashlib.sha256(value.encode()).hexdigest()[:20] for value in lacking.to_list()]
    pairs = pl.DataFrame({"_told": lacking, "_digest": pl.Series(digests, dtype=pl.String)})
    keyed = told.join(pairs, on="_told", how="left", maintain_order="left")
    return keyed.with_columns(pl.coalesce(key, "_digest").alias(key)).drop("_told", "_digest")
