"""Comments under a creator's posts: how alike, how empty, how early, and from how many people.

The creator's own replies are left out. Lengths are of the normalised text (see text.normalise): no emoji, no
punctuation, runs cut. What needs author ids or times is null where fewer than N_COMMENTS_NEEDED comments carry them.
"""

from __future__ import annotations

from typing import ClassVar

import polars as pl

from zhenfen.features.base import Family, Measured, Schema, make_reasons
from zhenfen.features.comments.bursts import BURSTS_SCHEMA, find_bursts, measure_delays
from zhenfen.features.comments.minutes import measure_minutes
from zhenfen.features.comments.order import ORDERS_SCHEMA, RUNS_SCHEMA, find_orders
from zhenfen.features.comments.regulars import measure_regulars
from zhenfen.features.inputs import Inputs
from zhenfen.features.specs import Concern, FeatureSpec, Unit
from zhenfen.text.contacts import has_contact
from zhenfen.text.lexicons import load_lexicon, normalised_words
from zhenfen.text.near_duplicates import count_units, is_enough
from zhenfen.text.normalise import has_emoji

N_COMMENTS_NEEDED = 10
"""With ten, one comment moves a share by a tenth; with fewer, a share says more about one comment than about all."""
SHORT_CHARS = 5
"""Shorter comments are mostly everybody's: of those of 4 characters 70 % (Bilibili) and 68 % (Weibo) stand elsewhere
word for word, of those of 5 44 % and 17 %."""
SOON_MINUTES = (10, 60)
"""Paid comments are delivered in the first minutes to lift a post; an hour is where organic talk has begun as well."""
TOP_SHARE = 0.1
N_EXAMPLES = 3
CLUSTERS_SCHEMA: Schema = {
    "creator_id": pl.String(),
    "cluster_id": pl.String(),
    "n_comments": pl.UInt32(),
    "n_authors": pl.UInt32(),
    "n_posts": pl.UInt32(),
    "first_at": pl.Datetime("us", "UTC"),
    "last_at": pl.Datetime("us", "UTC"),
    "examples": pl.List(pl.String()),
}
"""n_authors: null without author ids; examples: up to three distinct texts, commonest first."""


def _spec(
    name: str,
    meaning: str,
    source: str,
    *,
    unit: Unit = "share",
    concern: Concern = "high",
    high: float | None = 1.0,
    travels: bool = False,
) -> FeatureSpec:
    sample = "comments_n" if unit == "share" else None
    return FeatureSpec(
        f"comments_{name}", unit, meaning, source, concern=concern, high=high, sample=sample, travels=travels
    )


_TEMPLATES = "DESIGN §7: template clusters"
_CROWD = "DESIGN §7: commenter concentration"
_REGULARS = "a pod's members stand under nearly every post; fans do, too, so it only counts for the creator model"
_SPECS = (
    _spec("n", "Comments by others.", "context: sample size", unit="count", concern="none", high=None),
    _spec("n_posts", "Posts with such comments.", "context: sample size", unit="count", concern="none", high=None),
    _spec(
        "near_duplicate_share",
        "Comments in a cluster of like comments: three, or two long ones.",
        _TEMPLATES,
        concern="none",
    ),
    _spec(
        "exact_duplicate_share",
        "Comments of those clusters that equal another word for word.",
        _TEMPLATES,
        concern="none",
    ),
    _spec(
        "template_share",
        "Comments in a cluster of three authors or more, of two if it is long.",
        _TEMPLATES,
        travels=True,
    ),
    _spec("self_repeat_share", "Comments whose author wrote their like before.", "one person's habit, not a template"),
    _spec("largest_cluster_share", "Comments in the largest cluster.", _TEMPLATES, travels=True),
    _spec("filler_share", "Comments of nothing but stock words, numbers or one character.", "lexicon comments.yaml"),
    _spec("emoji_only_share", "Comments of nothing but emoji.", "contentless, like filler; common on Xiaohongshu"),
    _spec("short_share", "Comments of one to four characters.", "see SHORT_CHARS"),
    _spec("median_chars", "Median length.", "context: how much people write", unit="chars", concern="none", high=None),
    _spec("contact_share", "Comments with a phone number, e-mail, WeChat or QQ id.", "solicitation; see text.contacts"),
    _spec("per_author", "Comments an author.", _CROWD, unit="ratio", high=None),
    _spec("top_author_share", "Comments of the busiest author.", _CROWD),
    _spec("top_tenth_share", "Comments of the busiest tenth of the authors.", _CROWD),
    *(
        _spec(f"within_{minutes}min_share", f"Comments at most {minutes} minutes after the post.", "see SOON_MINUTES")
        for minutes in SOON_MINUTES
    ),
    _spec(
        "same_minute_ratio",
        "Pairs of comments of one post in the same minute, by pairs one to three minutes apart.",
        "one hand sends at one moment; see comments/minutes.py",
        unit="multiple",
        high=None,
    ),
    _spec(
        "late_burst_share",
        "Of the comments an hour or more after a post's first, those in ten minutes far fuller than the hour around.",
        "comments delivered in a pack; see comments/minutes.py",
    ),
    _spec(
        "8th_regular_share",
        "Posts that the eighth busiest commenter stands under, of five posts or more.",
        _REGULARS,
        concern="none",
    ),
    _spec("12th_regular_share", "Posts that the twelfth busiest commenter stands under.", _REGULARS, concern="none"),
    _spec(
        "8th_soon_share",
        "Posts that the eighth busiest of those who comment within two hours stands under.",
        _REGULARS,
        concern="none",
    ),
    _spec(
        "regulars_share",
        "Of the accounts under the posts, each counted once a post, those under three posts or more.",
        _REGULARS,
        concern="none",
    ),
)


class Comments(Family, name="comments"):
    """Likeness, emptiness, timing and concentration of the comments.

    Details: `clusters`, largest first; `orders` and `runs`, the same commenters in the same order, see `order`;
    `bursts`, posts commented too soon, see `bursts`.
    """

    specs = _SPECS
    details: ClassVar = {
        "clusters": CLUSTERS_SCHEMA,
        "orders": ORDERS_SCHEMA,
        "runs": RUNS_SCHEMA,
        "bursts": BURSTS_SCHEMA,
    }

    def measure(self, inputs: Inputs) -> Measured:
        """Measure the comments of every creator."""
        creators = inputs.tables["creators"].select("creator_id")
        comments = comments_by_others(inputs)
        clusters = _count_clusters(comments)
        counted = creators.join(
            comments.group_by("creator_id").agg(n_found=pl.len()), on="creator_id", how="left"
        ).with_columns(pl.col("n_found").fill_null(0))
        enough = counted.filter(pl.col("n_found") >= N_COMMENTS_NEEDED).select("creator_id")
        values = enough
        delays = measure_delays(comments, inputs.tables["posts"])
        soon = {
            f"comments_within_{minutes}min_share": _if_known((pl.col("seconds") <= minutes * 60).mean(), pl.len())
            for minutes in SOON_MINUTES
        }
        for part in (
            _texts(comments),
            _likeness(comments, clusters),
            _crowd(comments),
            delays.group_by("creator_id").agg(**soon),
            measure_minutes(comments),
            measure_regulars(comments, delays),
        ):
            values = values.join(part, on="creator_id", how="left")
        columns = (pl.col(spec.name).cast(pl.Float64) for spec in _SPECS)
        thin = counted.filter(pl.col("n_found") < N_COMMENTS_NEEDED)
        has_some = pl.col("n_found") > 0
        reasons = [
            make_reasons(thin.filter(~has_some), "comments_absent", N_COMMENTS_NEEDED, "n_found"),
            make_reasons(thin.filter(has_some), "comments_too_few", N_COMMENTS_NEEDED, "n_found"),
        ]
        details: dict[str, pl.DataFrame] = {}
        if inputs.with_details:
            orders, runs = find_orders(comments)
            shown = _describe(comments, clusters)
            details = {"clusters": shown, "orders": orders, "runs": runs, "bursts": find_bursts(delays)}
        return Measured(
            creators.join(values, on="creator_id", how="left").select("creator_id", *columns).sort("creator_id"),
            pl.concat(reasons).sort("creator_id"),
            details,
        )


def comments_by_others(inputs: Inputs) -> pl.DataFrame:
    """Comments of the creators in the set, their own replies left out, with normalised and cluster_id."""
    comments = inputs.tables["comments"].with_columns(
        inputs.comment_texts["normalised"], inputs.comment_clusters["cluster_id"]
    )
    others = comments.filter(pl.col("author_id").ne_missing(pl.col("creator_id")))
    return others.join(inputs.tables["creators"].select("creator_id"), on="creator_id", how="semi")


def _texts(comments: pl.DataFrame) -> pl.DataFrame:
    text, raw = pl.col("normalised"), pl.col("text")
    n_chars, is_emoji_only = pl.col("n_chars"), pl.col("is_emoji_only")
    read = comments.select(
        "creator_id",
        "post_id",
        n_chars=text.str.len_chars(),
        is_emoji_only=(text == "") & has_emoji(raw),
        is_filler=is_filler(),
        has_contact=has_contact(raw),
    )
    return read.group_by("creator_id").agg(
        comments_n=pl.len(),
        comments_n_posts=pl.col("post_id").drop_nulls().n_unique(),
        comments_filler_share=(pl.col("is_filler") & ~is_emoji_only).mean(),
        comments_emoji_only_share=is_emoji_only.mean(),
        comments_short_share=n_chars.is_between(1, SHORT_CHARS - 1).mean(),
        comments_median_chars=n_chars.median(),
        comments_contact_share=pl.col("has_contact").mean(),
    )


def is_filler() -> pl.Expr:
    """Whether `normalised` holds nothing to read, one letter, or stock words only; a name alone calls a friend."""
    words = load_lexicon("comments")["filler"]
    stock = "|".join((*normalised_words(words), *words.patterns))
    return pl.col("normalised").str.contains(rf"^(?:{stock}|\p{{L}})?$|^(?:{stock})+$")


def _count_clusters(comments: pl.DataFrame) -> pl.DataFrame:
    """Clusters by creator: those of which enough stand under this very creator."""
    clustered = comments.drop_nulls("cluster_id")
    n_units = count_units(pl.col("normalised")).min()
    sizes = clustered.group_by("creator_id", "cluster_id").agg(
        n_comments=pl.len(),
        n_authored=pl.col("author_id").count(),
        n_authors=pl.col("author_id").drop_nulls().n_unique(),
        is_cluster=is_enough(pl.len(), n_units),
        is_template=is_enough(pl.col("author_id").drop_nulls().n_unique(), n_units),
        n_single=pl.col("normalised").is_unique().sum(),
    )
    return sizes.filter("is_cluster")


def _likeness(comments: pl.DataFrame, clusters: pl.DataFrame) -> pl.DataFrame:
    n, n_authored = pl.col("n"), pl.col("n_known")
    totals = comments.group_by("creator_id").agg(n=pl.len(), n_known=pl.col("author_id").count())
    sums = clusters.group_by("creator_id").agg(
        near=pl.col("n_comments").sum(),
        exact=(pl.col("n_comments") - pl.col("n_single")).sum(),
        largest=pl.col("n_comments").max(),
        template=pl.col("n_authored").filter("is_template").sum(),
        repeats=(pl.col("n_authored") - pl.col("n_authors")).sum(),
    )
    joined = totals.join(sums, on="creator_id", how="left").with_columns(pl.all().exclude("creator_id").fill_null(0))
    return joined.select(
        "creator_id",
        comments_near_duplicate_share=pl.col("near") / n,
        comments_exact_duplicate_share=pl.col("exact") / n,
        comments_largest_cluster_share=pl.col("largest") / n,
        comments_template_share=_if_known(pl.col("template") / n_authored, n_authored),
        comments_self_repeat_share=_if_known(pl.col("repeats") / n_authored, n_authored),
    )


def _crowd(comments: pl.DataFrame) -> pl.DataFrame:
    authors = comments.drop_nulls("author_id").group_by("creator_id", "author_id").agg(n=pl.len())
    n_top = (pl.len() * TOP_SHARE).ceil().cast(pl.Int64)
    n, n_known = pl.col("n"), pl.col("n").sum()
    return authors.group_by("creator_id").agg(
        comments_per_author=_if_known(n_known / pl.len(), n_known),
        comments_top_author_share=_if_known(n.max() / n_known, n_known),
        comments_top_tenth_share=_if_known(n.top_k(n_top).sum() / n_known, n_known),
    )


def _if_known(value: pl.Expr, n_known: pl.Expr) -> pl.Expr:
    return pl.when(n_known >= N_COMMENTS_NEEDED).then(value)


def _describe(comments: pl.DataFrame, clusters: pl.DataFrame) -> pl.DataFrame:
    keys = ["creator_id", "cluster_id"]
    rows = comments.join(clusters.select(keys), on=keys, how="semi")
    described = rows.group_by(keys).agg(
        n_comments=pl.len(),
        n_authors=pl.when(pl.col("author_id").count() > 0).then(pl.col("author_id").drop_nulls().n_unique()),
        n_posts=pl.col("post_id").drop_nulls().n_unique(),
        first_at=pl.col("created_at").min(),
        last_at=pl.col("created_at").max(),
    )
    ranked = described.join(pick_examples(rows, keys), on=keys)
    return ranked.sort("creator_id", "n_comments", "cluster_id", descending=[False, True, False])


def pick_examples(comments: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Up to three distinct texts for each of `keys`, commonest first, as `examples`; the same for any row order."""
    texts = (
        comments.group_by(*keys, "text")
        .agg(n=pl.len())
        .sort(*keys, "n", "text", descending=[*(False,) * len(keys), True, False])
    )
    return texts.group_by(keys, maintain_order=True).agg(examples=pl.col("text").head(N_EXAMPLES))
