"""Tables and more of the same kind become one: readings of different moments all stay, repeats change nothing.

The order in which exports come changes nothing: of two rows with one key the later reading counts, and of two of one
moment, or of none, the values decide. A cell that the later reading leaves empty keeps what was known; which earlier
reading it is from follows the order where three exports each know another part of a row.
"""

from __future__ import annotations

import polars as pl

from zhenfen.tables.bundle import Tables, make_frame
from zhenfen.tables.specs import TABLES

SERIES = ("follower_counts", "post_counts")
"""Their keys hold the moment: two rows of one key are one reading, and know no less together."""
_READ_AT = {
    "creators": "snapshot_at",
    "posts": "observed_at",
    "creator_stats": "observed_at",
    "audit_labels": "labelled_at",
    "earlier_audits": "labelled_at",
}
"""Table → column that says which of two rows is the later one."""
_RECEIVED = [name for name in TABLES["post_counts"].schema if name.startswith("n_")]
_OF_ONE_READING = {
    "posts": tuple(name for name in _RECEIVED if name in TABLES["posts"].schema),
    "creator_stats": tuple(name for name in TABLES["creator_stats"].schema if name not in TABLES["creator_stats"].key),
}
"""Table → columns that belong to one moment: those of two readings are never mixed."""
_SEARCH = "search"
"""Of two statements how a creator was found this one counts, as in one export."""


def merge_tables(known: Tables, added: Tables) -> Tables:
    """One bundle of both; the same bundle twice gives the bundle itself.

    Rows of `posts` are the latest readings, all dated ones stand in `post_counts`. Counts that `creators` dates become
    rows of `follower_counts` where a bundle has no series of that creator.
    """
    frames: dict[str, pl.DataFrame] = {}
    for name in TABLES:
        rows = pl.concat([known[name], added[name]])
        if name == "follower_counts":
            rows = pl.concat([rows, *map(_count_snapshots, (known, added))])
        elif name == "post_counts":
            rows = pl.concat([rows, *map(list_readings, (known, added))])
        elif name == "provenance":
            # A file that is known already, in whatever folder it lay, stays as it was entered first.
            file = [pl.col("file").str.split("/").list.last(), pl.col("sha256")]
            rows = pl.concat([known[name], added[name].join(known[name], on=file, how="anti", nulls_equal=True)])
        merged = merge_rows(name, rows)
        if name == "post_counts":
            # A post that was read once has no history: `posts` says it all.
            merged = merged.filter(pl.len().over("post_id") > 1)
        if not merged.is_empty():
            frames[name] = merged
    return Tables(frames)


def list_readings(tables: Tables) -> pl.DataFrame:
    """The dated readings of posts in `posts`, as rows of `post_counts`; those without any count are none."""
    spec = TABLES["post_counts"]
    counted = pl.any_horizontal(pl.col(_OF_ONE_READING["posts"]).is_not_null())
    return make_frame(spec, tables["posts"].filter(counted, pl.col("observed_at").is_not_null()))


def _count_snapshots(tables: Tables) -> pl.DataFrame:
    """Followers at the moments that `creators` names, of creators without a series."""
    dated = tables["creators"].drop_nulls(["snapshot_at", "n_followers"])
    alone = dated.join(tables["follower_counts"], on="creator_id", how="anti")
    return make_frame(TABLES["follower_counts"], alone.rename({"snapshot_at": "observed_at"}))


def merge_rows(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of a table with each key once, the latest reading first."""
    key = list(TABLES[table].key)
    repeated = rows.select(key).is_duplicated()
    if not repeated.any():
        return rows
    several = rows.filter(repeated)
    if table in SERIES:
        # A count that a reading lacks is known from the other one; of two the larger is the later one of the day.
        return pl.concat([rows.filter(~repeated), several.group_by(key).agg(pl.all().max()).select(rows.columns)])
    block = _OF_ONE_READING.get(table, ())
    facts = [name for name in rows.columns if name not in key]
    # Columns of one reading decide before the others, so that what was filled in before decides nothing; of readings
    # without a moment the larger counts are the later ones.
    order = sorted(facts, key=lambda name: (name != _READ_AT.get(table), name not in block, name[:2] != "n_"))
    has_counts = pl.any_horizontal(pl.col(block).is_not_null()) if block else pl.lit(value=True)
    latest = several.with_columns(_counted=has_counts).sort(
        [*key, "_counted", *order], descending=[False] * len(key) + [True] * (1 + len(order)), nulls_last=True
    )
    picked = {name: pl.col(name).first() if name in block else pl.col(name).drop_nulls().first() for name in facts}
    if table == "creators":
        is_searched = (pl.col("found_by") == _SEARCH).any()
        picked["found_by"] = pl.when(is_searched).then(pl.lit(_SEARCH)).otherwise(picked["found_by"])
    merged = latest.group_by(key, maintain_order=True).agg(**picked)
    return pl.concat([rows.filter(~repeated), merged.select(rows.columns)])
