"""Labelled posts, transcripts and titles of the public sets, grouped so that no creator or copy straddles a split.

Two labels are kept apart: what sounds paid (two readers, or the set's own annotation) and what was paid (the platform).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from training.datasets import LabelledSet
from training.text_audits import AUDITS
from zhenfen.estimators.post_heads import HEADS, SHARED, choose_heads
from zhenfen.text.near_duplicates import cluster_normalised, connect
from zhenfen.text.normalise import normalise_texts

Array = npt.NDArray[np.float64]

KINDS = {"promo_third_party": "third_party", "promo_own": "own", "campaign": "campaign"}
"""What the readers' rubric calls sponsored-sounding, and the word of the scores for it."""
READERS = ("a", "b")
OWN_GENRE = "notes"
"""What posts of one's own are taken for: texts that people published as they are."""
UNDECIDED = 0.5
"""The readers disagree: such a row teaches both and judges nobody."""
LABELLED_2 = "sponsored/posts_labelled_2.parquet"
MOST_WEIGHT = 5.0
"""No row counts for more than this many of its label: a few texts of a rare length must not stand for all."""
COLUMNS = ("source", "genre", "platform", "part", "text", "creator", "y", "kind", "truth", "y_a", "y_b")


@dataclass(frozen=True)
class PostSource(LabelledSet):
    """One public set: `read` gives text, creator, y, part, and where they are known kind, truth, y_a and y_b.

    Attributes:
        genre: What the texts are; creators of one genre share their ids, and a genre is left out as a whole.
        weight: What the genre weighs in training.
        is_matched: Whether lengths are matched between the genre's labels, because length gives the label away there.
    """

    genre: str
    weight: float
    is_matched: bool = False

    def load(self, folder: Path) -> pl.DataFrame:
        """Rows of COLUMNS."""
        read = super().load(folder)
        absent = {name: pl.lit(None, dtype=pl.String) for name in ("kind", "truth") if name not in read.columns}
        votes = {f"y_{one}": pl.lit(None, dtype=pl.Float64) for one in READERS if f"y_{one}" not in read.columns}
        return read.with_columns(genre=pl.lit(self.genre), **absent, **votes).select(COLUMNS)


def load_posts(folder: Path, audits: pl.DataFrame | None = None, own: pl.DataFrame | None = None) -> pl.DataFrame:
    """Texts of all sources with a label.

    Args:
        folder: The public data.
        audits: Posts labelled at the desk, see `text_audits.take_posts`.
        own: Labels of a file: source, platform, text, creator_id, is_sponsored; of the genre OWN_GENRE.

    Returns:
        source, genre, platform, part (a finer division of the source), text (raw), y (share of readers to whom it
        sounds sponsored; 0 or 1 where the set has one label), kind (third_party, own, campaign or null; the first
        reader's), truth (the platform's own label or null), y_a and y_b (each reader's), is_fake (1 where y is above
        one half: the name that the shared steps of training know), twin (the same number for texts of one creator or
        series and for near-duplicates).
    """
    rows = pl.concat([source.load(folder) for source in SOURCES])
    if audits is not None:
        rows = pl.concat((rows, place_audits(audits)))
    if own is not None:
        given = own.select(
            *("source", "platform", "text"),
            genre=pl.lit(OWN_GENRE),
            part=pl.lit("all"),
            creator="creator_id",
            y=pl.col("is_sponsored").cast(pl.Float64),
        )
        rows = pl.concat((rows, given), how="diagonal").select(COLUMNS)
    rows = rows.with_columns(is_fake=(pl.col("y") > UNDECIDED).cast(pl.Int64))
    return rows.with_columns(twin=pl.Series(group_texts(rows))).drop("creator")


def place_audits(audits: pl.DataFrame) -> pl.DataFrame:
    """Posts labelled at the desk as rows of COLUMNS, each of the genre whose head reads it.

    What no head of its own reads is taken for a caption, like most that is read at a desk.
    """
    heads = pl.Series(choose_heads(audits["platform"], audits["text"])).replace_strict(range(len(HEADS)), HEADS)
    nothing = {name: pl.lit(None, dtype=pl.String) for name in ("kind", "truth")}
    placed = audits.with_columns(
        source=pl.lit(AUDITS), part="platform", genre=heads.replace(SHARED, "products"), **nothing
    )
    return placed.select(COLUMNS)


def weigh(rows: pl.DataFrame) -> Array:
    """Weights, shape (n,), mean 1: genres by their weight, labels even, lengths matched where they tell the label.

    Matched: in each octave of length both labels weigh what the geometric mean of their shares says, nothing where only
    one of them is.
    """
    octave = pl.col("text").str.len_chars().clip(1).log(2).floor()
    rows = rows.with_columns(octave=octave, label=pl.col("y") >= UNDECIDED)
    share = pl.len().over("genre", "label", "octave") / pl.len().over("genre", "label")
    sides = [
        pl.when(side).then(share).max().over("genre", "octave").fill_null(0) for side in ("label", ~pl.col("label"))
    ]
    both = (sides[0] * sides[1]).sqrt() / share
    matched = pl.col("genre").replace_strict({source.genre: source.is_matched for source in SOURCES})
    wanted = pl.col("genre").replace_strict({source.genre: source.weight for source in SOURCES})
    weighed = rows.with_columns(
        weight=pl.when(matched).then(pl.min_horizontal(both, pl.lit(MOST_WEIGHT))).otherwise(1.0)
    ).select(pl.col("weight") / pl.col("weight").sum().over("genre", "label") * wanted)
    weight = weighed.to_series().to_numpy()
    return np.asarray(weight * (rows.height / weight.sum()), dtype=np.float64)


def group_texts(rows: pl.DataFrame) -> npt.NDArray[np.int64]:
    """The smallest row number of the texts that each belongs with, shape (n,)."""
    ids = pl.Series([f"{at:09d}" for at in range(rows.height)])
    clusters = cluster_normalised(pl.DataFrame({"comment_id": ids, "normalised": normalise_texts(rows["text"])}))
    roots = np.arange(rows.height, dtype=np.int64)
    # Creators of the desk have posts of several genres.
    among = pl.when(pl.col("source") == AUDITS).then(pl.lit(AUDITS)).otherwise("genre")
    creators = rows.select(pl.concat_str(among, "creator", separator=" ").fill_null("")).to_series()
    for names in (creators.replace("", None), clusters["cluster_id"]):
        linked = pl.DataFrame({"row": roots, "name": names}).drop_nulls()
        first = linked.with_columns(first=pl.col("row").first().over("name"))
        roots = connect(roots, first["row"].to_numpy(), first["first"].to_numpy())
    return roots


def join_titles() -> pl.Expr:
    """Title and text as one; a title that the text begins with is no second one."""
    title, text = pl.col("title").fill_null(""), pl.col("text").fill_null("")
    joined = pl.when((title == "") | text.str.starts_with(title)).then(text).otherwise(title + "\n" + text)
    return joined.str.strip_chars()


def _read_readers(raw: pl.DataFrame) -> pl.DataFrame:
    """Title and text as one; each reader's vote, null where the reader left it unclear."""
    votes = {
        f"y_{one}": pl.when(pl.col(f"kind_{one}") != "unclear").then(
            pl.col(f"kind_{one}").is_in(list(KINDS)).cast(float)
        )
        for one in READERS
    }
    kind = pl.coalesce(pl.col(f"kind_{one}").replace_strict(KINDS, default=None) for one in READERS)
    return (
        raw.with_columns(text=join_titles(), kind=kind, **votes)
        .with_columns(y=pl.mean_horizontal(*votes))
        .drop_nulls("y")
    )


def _read_second(raw: pl.DataFrame) -> pl.DataFrame:
    """Posts of the second labelling, which have no title of their own."""
    titled = raw.with_columns(title=pl.lit(None, dtype=pl.String))
    return _read_readers(titled).rename({"source": "part", "creator_id": "creator"})


def _as(part: str | pl.Expr, creator: str, y: pl.Expr) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """How a set with one label a text is read."""
    return lambda raw: raw.select("text", part=part, creator=creator, y=y.cast(pl.Float64))


SOURCES: tuple[PostSource, ...] = (
    PostSource(
        "product_posts",
        None,
        "sponsored/product_posts_labelled.parquet",
        "none stated; platform's own labels, and two readers (language models)",
        lambda raw: _read_readers(raw).rename({"source": "part", "creator_id": "creator", "sponsor_label": "truth"}),
        genre="products",
        weight=1.0,
        is_matched=True,  # 蒲公英's organic notes are mostly titles
    ),
    PostSource(
        "product_posts_2",
        None,
        LABELLED_2,
        "labels of this project: two readers (language models)",
        lambda raw: _read_second(raw.filter(pl.col("platform") != "weibo")),
        genre="products",
        weight=1.0,
        is_matched=True,
    ),
    PostSource(
        "weibo_posts",
        "weibo",
        LABELLED_2,
        "labels of this project: two readers (language models)",
        lambda raw: _read_second(raw.filter(pl.col("platform") == "weibo")),
        genre="weibo",
        weight=1.0,
    ),
    PostSource(
        "notes",
        None,
        "sponsored/posts_labelled.parquet",
        "labels of this project: two readers (language models)",
        lambda raw: _read_readers(raw).with_columns(part="platform", creator="post_id"),
        genre="notes",
        weight=1.0,
    ),
    PostSource(
        "transcripts",
        "bilibili",
        "sponsored/bilibili_sponsor_segments.parquet",
        "none stated; one paid segment a video",
        _as("video", "series", pl.col("is_advert")),
        genre="transcripts",
        weight=1.0,
    ),
    PostSource(
        "titles",
        "wechat",
        "sponsored/wechat_titles.parquet",
        "Apache-2.0",
        _as("source", "text", pl.col("label") == "ad"),
        genre="titles",
        # Adverts there are click bait rather than selling; at full weight they cost the notes .08 AUC.
        weight=0.25,
    ),
    PostSource(
        "youtube_english",
        "youtube",
        "sponsored/youtube_sponsor_segments_en.parquet",
        "none stated; English transcript segments",
        _as(pl.lit("en"), "text", pl.col("sentiment") == 0),
        genre="english",
        weight=0.5,
        is_matched=True,  # sponsor segments are short
    ),
)
