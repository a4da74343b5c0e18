"""Labelled comments of the public sets, near-duplicates marked.

What the sets do wrong is put right here: game lines labelled genuine that carry a contact code are adverts and go, and
so does every genuine line that is a copy of an advert.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from training import split
from training.datasets import LabelledSet
from training.split import Mask
from training.text_audits import AUDITS
from training.under_posts import COLLECTIONS, PATH, TERMS, UNDER_POSTS, read_under_posts, tie, tie_posts
from zhenfen.text.near_duplicates import SMALLEST_CLUSTER, cluster_normalised
from zhenfen.text.normalise import CONTACT, LONG_NUMBER, normalise_comments, normalise_texts

Array = npt.NDArray[np.float64]

N_WEIBO_LINES = 60_000
"""Of 546,470: as many as the next largest set holds."""
CONTACT_CODE = (
    rf"{CONTACT}|(?:微信|qq|群|歪歪|yy|加|联系|手机|电话|店)[号码是为我好友的在了加进]{{0,4}}"
    rf"(?:{LONG_NUMBER}|[a-z]+\d+[a-z0-9]*|[a-z]{{6,}})"
)
"""A contact, or the word for an account with a number or name behind it; in normalised texts."""


TIES = ("post_id", "creator_id", "author_id")
"""What labels of one's own may say, so that no post, creator or author straddles a split."""


@dataclass(frozen=True)
class CommentSource(LabelledSet):
    """One public set of comments: `read` gives text, label and part.

    Attributes:
        ships: Whether weights that saw it may go onto the shelf; else it only judges.
    """

    ships: bool = True

    def load(self, folder: Path) -> pl.DataFrame:
        """Rows of text, label, part, source, platform and ships."""
        return super().load(folder).with_columns(ships=self.ships)


def load_comments(
    folder: Path, audits: pl.DataFrame | None = None, *, with_judges: bool = False, own: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Comments of all sources.

    Args:
        folder: The public data.
        audits: Comments labelled at the desk, see `text_audits.take_comments`.
        with_judges: Also the sources that may judge and must not be learned from (ships is false).
        own: Labels of a file: source, platform, text, is_advert, and TIES, which tie twins as well.

    Returns:
        source, platform, part (a finer division of the source), text (raw), normalised, label (advert | genuine),
        twin (the same number for near-duplicates, over all sources, for labelled comments under posts that share a post
        or an author, and for those of the desk that share a creator or an author), ships. Texts that normalise to
        nothing and copies within a source are left out.
    """
    rows = pl.concat([source.load(folder) for source in SOURCES if source.ships or with_judges])
    if own is not None:
        said = _read_labelled(own.with_columns(pl.col("is_advert").cast(pl.Int8)))
        given = said.with_columns(own.select("source", "platform", *TIES), ships=pl.lit(value=True))
        rows = pl.concat((rows, given), how="diagonal")
    if audits is not None:
        rows = pl.concat((rows, audits.with_columns(source=pl.lit(AUDITS), ships=True)), how="diagonal")
    rows = rows.with_row_index("comment_id")
    rows = rows.with_columns(normalise_comments(rows)["normalised"]).filter(pl.col("normalised") != "")
    rows = rows.unique(["source", "normalised", "label"], keep="first", maintain_order=True)
    is_advert = pl.col("label") == "advert"
    rows = mark_twins(rows).filter(is_advert | ~is_advert.any().over("twin"))
    rows = tie_posts(rows, folder)
    if audits is not None:
        judged = rows.filter(source=AUDITS)
        rows = tie(rows, pl.concat([judged.select("twin", at=name).drop_nulls() for name in ("creator", "author")]))
    if own is not None:
        for name in TIES:
            rows = tie(rows, rows.filter(source=own["source"][0]).select("twin", at=name).drop_nulls())
    columns = ("source", "platform", "part", "text", "normalised", "label", "twin", "ships")
    return rows.select(columns)


def mark_twins(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with twin: one number for texts that are alike but for a few characters or any digits."""
    shaped = rows.select(normalised=pl.col("normalised").str.replace_all(r"\d+", "0")).with_row_index("comment_id")
    # Enough copies of each for a pair to be a cluster: here two alike are two too many.
    copies = pl.concat([shaped] * SMALLEST_CLUSTER).with_columns(pl.col("comment_id").cast(pl.Int64))
    clusters = cluster_normalised(copies).unique("comment_id", keep="first").sort("comment_id")["cluster_id"]
    twins = shaped.select(
        twin=pl.coalesce(clusters, pl.col("comment_id").cast(pl.Int64).min().over("normalised")),
    )
    return rows.with_columns(twins["twin"])


def outside(rows: pl.DataFrame, held: Mask) -> Mask:
    """Rows to train on when `held` are left out: those that ship, without near-duplicates of the ones left out."""
    return np.asarray(split.outside(rows, held) & rows["ships"].to_numpy(), dtype=np.bool_)


def weigh(rows: pl.DataFrame, under_posts: float = 1.0) -> Array:
    """Weights of training rows, shape (n,), with mean 1.

    Both labels weigh the same; of a label, a source weighs as much as the root of its rows: between one that drowns
    the others and one of which each row shouts. Comments labelled under posts or at the desk weigh `under_posts` times
    that.
    """
    times = pl.when(pl.col("source").is_in((*UNDER_POSTS, AUDITS))).then(under_posts).otherwise(1.0)
    in_source = times / pl.len().over("source", "label").sqrt()
    weight = rows.select(in_source / in_source.sum().over("label")).to_series().to_numpy()
    return np.asarray(weight / weight.mean(), dtype=np.float64)


def _read_labelled(raw: pl.DataFrame) -> pl.DataFrame:
    label = pl.when(pl.col("is_advert") == 1).then(pl.lit("advert")).otherwise(pl.lit("genuine"))
    return raw.select("text", label=label, part=pl.lit("all"))


def _read_game(raw: pl.DataFrame) -> pl.DataFrame:
    """Lines with the marks of the game's own messages are nobody's."""
    is_machine = pl.col("text").str.contains(r"#4042#|_avg_sim\d|%26")
    has_code = normalise_texts(raw["text"]).str.contains(CONTACT_CODE)
    return _read_labelled(raw.filter(~is_machine & ~(has_code & (pl.col("is_advert") == 0))))


def _read_genuine(part: pl.Expr) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda raw: raw.select("text", label=pl.lit("genuine"), part=part.cast(pl.String))


def _read_weibo(raw: pl.DataFrame) -> pl.DataFrame:
    """Every so manieth line, over the whole file; lines in two halves, which no thread of reposts straddles much."""
    step = raw.height / N_WEIBO_LINES
    lines = raw.gather(np.arange(0, raw.height, step).astype(np.int64))
    half = pl.when(pl.int_range(pl.len()) < pl.len() // 2).then(pl.lit("first half")).otherwise(pl.lit("second half"))
    return lines.select("text", label=pl.lit("genuine"), part=half)


VIDEOS = CommentSource(
    "bilibili", "bilibili", "comments/bilibili_comments.parquet", "MIT", _read_genuine(pl.col("video"))
)
SHOPPING = CommentSource(
    "shopping", "shop", "comments/shopping_reviews.parquet", "none stated", _read_genuine(pl.col("category"))
)
JD = CommentSource("jd", "jd", "comments/jd_reviews.parquet", "none stated", _read_genuine(pl.col("kind")), ships=False)
SOURCES: tuple[CommentSource, ...] = (
    CommentSource(
        "livechat", "telegram", "comments/livechat_adverts.parquet", "GPL-3.0 (MarkIvory2973/tg-spam)", _read_labelled
    ),
    CommentSource("gamechat", "game", "comments/gamechat_adverts.parquet", "none stated", _read_game),
    CommentSource("qqgroup", "qq", "comments/qqgroup_adverts.parquet", "MIT", _read_labelled),
    VIDEOS,
    SHOPPING,
    CommentSource(
        "weibo", "weibo", "text/weibo_lines.parquet", "citation asked (thunlp/Chinese_Rumor_Dataset)", _read_weibo
    ),
    *(CommentSource(name, name.removeprefix("under_"), PATH, TERMS, read_under_posts(name)) for name in COLLECTIONS),
    JD,
    CommentSource(
        "douyin_xhs",
        "xiaohongshu",
        "comments/douyin_xhs_comments.parquet",
        "none stated",
        _read_genuine(pl.col("source")),
        ships=False,
    ),
)
