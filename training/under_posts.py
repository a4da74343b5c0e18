"""Comments under real posts that two readers labelled: a source a platform, and what must stay on one side of a split.

Adverts are judged where they stand. The readers' kinds are advert, praise_template, filler, abuse, genuine and unclear;
a comment counts as an advert where both say so and as none where neither does, and is left out where they differ.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from training.datasets import read_weibo_threads

PATH = "comments/under_posts_labelled.parquet"
TERMS = "labels by two readers (language models), ours; texts of public comments"
COLLECTIONS = {
    "under_bilibili": ("bilibili_two_videos",),
    "under_weibo": ("weibo_threads",),
    "under_xiaohongshu": ("xhs_search", "xhs_digred_indonesia_2025"),
    "under_douyin": ("douyin_goodgame_2025",),
}
"""Source → collections of the file that it is made of, one platform each."""
UNDER_POSTS = tuple(COLLECTIONS)


def read_under_posts(source: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """A reader of one source of `COLLECTIONS`: text, label (advert | genuine) and part, the kind both readers gave.

    The part is "contested" where they gave different kinds other than advert.
    """

    def read(raw: pl.DataFrame) -> pl.DataFrame:
        a, b = pl.col("kind_a"), pl.col("kind_b")
        own = raw.filter(pl.col("source").is_in(COLLECTIONS[source]), (a == "advert") == (b == "advert"))
        label = pl.when(a == "advert").then(pl.lit("advert")).otherwise(pl.lit("genuine"))
        return own.select("text", label=label, part=pl.when(a == b).then(a).otherwise(pl.lit("contested")))

    return read


def read_kinds(folder: Path) -> pl.DataFrame:
    """source (of `COLLECTIONS`), text and kind (filler | praise | other) of the comments on whose kind both agree."""
    names = {collection: source for source, collections in COLLECTIONS.items() for collection in collections}
    kinds = {"filler": "filler", "praise_template": "praise"}
    raw = pl.read_parquet(folder / PATH).filter(pl.col("kind_a") == pl.col("kind_b"), pl.col("kind_a") != "unclear")
    kind = pl.col("kind_a").replace_strict(kinds, default="other")
    return raw.select(pl.col("source").replace_strict(names), "text", kind=kind)


def tie_posts(rows: pl.DataFrame, folder: Path) -> pl.DataFrame:
    """`rows` with one twin for all comments of `UNDER_POSTS` that share a post or an author, directly or by others.

    Posts and authors are found by the text in the collections that the labelled comments were drawn from; where a text
    stands there more than once, or the collection names neither (Bilibili), near-duplicates alone are tied.

    Args:
        rows: source, text and twin.
        folder: The public data.
    """
    own = rows.filter(pl.col("source").is_in(UNDER_POSTS)).join(_read_places(folder), on="text", how="left")
    ties = pl.concat([own.select("twin", at=pl.col(name)).drop_nulls() for name in ("post_id", "author_id")])
    return tie(rows, ties)


def tie(rows: pl.DataFrame, ties: pl.DataFrame) -> pl.DataFrame:
    """`rows` with one twin for all that meet in one place, directly or by others.

    Args:
        rows: twin.
        ties: twin and at, the name of a place.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    if ties.is_empty():
        return rows
    twins = ties["twin"].unique().sort()
    ends = ties.with_columns(twin=pl.col("twin").rank("dense") - 1, at=pl.col("at").rank("dense") - 1 + len(twins))
    n = int(ends["at"].max()) + 1  # type: ignore[arg-type]
    graph = coo_matrix((np.ones(len(ends)), (ends["twin"].to_numpy(), ends["at"].to_numpy())), shape=(n, n))
    component = connected_components(graph, directed=False)[1][: len(twins)]
    tied = pl.DataFrame({"twin": twins, "component": component})
    first = tied.with_columns(tied=pl.col("twin").min().over("component")).select("twin", "tied")
    together = rows.join(first, on="twin", how="left", maintain_order="left")
    return together.with_columns(twin=pl.coalesce("tied", "twin")).drop("tied")


def _read_places(folder: Path) -> pl.DataFrame:
    """text, post_id and author_id of the collections, of texts that stand there once."""
    columns = ("text", "post_id", "author_id")
    named = pl.read_parquet(folder / "comments" / "douyin_xhs_comments.parquet").select(columns)
    threads = read_weibo_threads(folder)["comments"].select(columns)
    paths = sorted((folder / "exports" / "mediacrawler_xhs").glob("search_comments_*.json"))
    exported = [one for path in paths for one in json.loads(path.read_text(encoding="utf-8"))]
    searched = [[str(one[key]) for key in ("content", "note_id", "user_id")] for one in exported]
    found = pl.DataFrame(searched, schema=dict.fromkeys(columns, pl.String), orient="row")
    return pl.concat((named, threads, found)).unique("text", keep="none")
