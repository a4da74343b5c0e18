"""Sponsorship: tags, links, prices, calls to action and disclosures in a creator's own posts.

Three facts stay apart: wording, disclosure, and means to buy. None of them says that somebody paid. Reposts are left
out.
"""

from __future__ import annotations

from typing import ClassVar

import polars as pl

from zhenfen.features.base import Family, Measured, Schema, make_reasons
from zhenfen.features.inputs import Inputs
from zhenfen.features.posts.facts import list_words, without_negation
from zhenfen.features.posts.what_ifs import LabelledPosts
from zhenfen.features.specs import Concern, FeatureSpec, Unit
from zhenfen.text.lexicons import find_all

N_POSTS_NEEDED = 1
"""What stands in a post is a fact of that post; nothing is estimated about posts that are not there."""
N_POSTS_FOR_CONCERN = 5
"""The one share that asks for a look is left open with fewer posts whose disclosure is known: of four one alone is a
quarter."""
EXCERPT_CHARS = 60
LEAD_CHARS = 20
SOLD_BY = ("call_to_action", "discount", "purchase_means")
"""Lists whose words are shown as the reason why a post reads like promotion, besides its disclosure."""
POSTS_SCHEMA: Schema = {
    "creator_id": pl.String(),
    "post_id": pl.String(),
    "published_at": pl.Datetime("us", "UTC"),
    "is_disclosed": pl.Boolean(),
    "has_purchase_means": pl.Boolean(),
    "excerpt": pl.String(),
    "matched": pl.List(pl.String()),
}


def _spec(
    name: str, meaning: str, source: str, *, unit: Unit = "share", concern: Concern = "none", high: float | None = 1.0
) -> FeatureSpec:
    return FeatureSpec(f"sponsorship_{name}", unit, meaning, source, concern=concern, high=high)


_WORDS = "lexicon sponsorship.yaml"
_SPECS = (
    _spec("n_posts", "Posts of the creator's own.", "context: sample size", unit="count", high=None),
    _spec("tag_share", "Posts with a tag.", _WORDS),
    _spec("mean_tags", "Tags a post.", _WORDS, unit="ratio", high=None),
    _spec("link_share", "Posts with an address in the text.", _WORDS),
    _spec("price_share", "Posts that name a price.", _WORDS),
    _spec("discount_share", "Posts with words for a coupon or a lower price.", _WORDS),
    _spec("call_to_action_share", "Posts that ask the reader to buy, click, write or sign up.", _WORDS),
    _spec(
        "purchase_means_share", "Posts that lead to a shop: platform's link or words.", "CN 互联网广告管理办法 art. 9"
    ),
    _spec("purchase_link_share", "Posts with the platform's shopping link.", "platform"),
    _spec("disclosure_share", "Posts whose text says it is an advert or a cooperation.", _WORDS),
    _spec("labelled_ad_share", "Posts the platform labels as adverts.", "platform"),
    _spec(
        "undisclosed_call_share",
        "Of the posts of which it is known, those that call to buy and show no disclosure, neither label nor words.",
        "DESIGN §1.8: an observation; own goods and own events need no sponsor",
        concern="high",
    ),
)


class Sponsorship(Family, name="sponsorship"):
    """What the posts say about selling and about being paid.

    Details: `posts`, newest first (excerpt around the first such word, else the beginning; is_disclosed by label or
    words and has_purchase_means by link or words: null where unknown, see `posts.facts.read_posts`; matched: the words
    as the lists spell them, in the order of the lists).
    """

    specs = _SPECS
    details: ClassVar = {"posts": POSTS_SCHEMA}
    what_ifs = (LabelledPosts(),)
    is_alone = True
    again_from = ("creators", "posts")

    def measure(self, inputs: Inputs) -> Measured:
        """Measure the posts of every creator."""
        creators = inputs.tables["creators"].select("creator_id")
        posts = inputs.post_facts
        values = creators.join(_count(posts), on="creator_id", how="left").sort("creator_id")
        details = {}
        if inputs.with_details:
            text, spelled = pl.col("text"), pl.col("spelled")
            disclosed = find_all(without_negation(spelled), list_words("disclosure"))
            found = [disclosed, *(find_all(spelled, list_words(name)) for name in SOLD_BY)]
            any_word = "|".join(list_words(name).regex for name in ("disclosure", *SOLD_BY))
            around = text.str.extract(rf"(?s)(.{{0,{LEAD_CHARS}}}(?:{any_word}).{{0,{EXCERPT_CHARS - LEAD_CHARS}}})")
            excerpt = pl.coalesce(around, text).str.slice(0, EXCERPT_CHARS)
            matched = pl.concat_list(found).list.unique(maintain_order=True)
            shown = posts.with_columns(excerpt=excerpt, matched=matched).select(POSTS_SCHEMA.keys())
            details["posts"] = shown.sort(
                "creator_id", "published_at", "post_id", descending=[False, True, False], nulls_last=True
            )
        # Nothing to read, or nothing that could ask for a look: of too few posts it is known whether they disclose.
        n_posts, n_known = pl.col("sponsorship_n_posts"), pl.col("n_known")
        without = values.filter(n_posts.is_null())
        few = values.filter(n_posts < N_POSTS_FOR_CONCERN)
        open_ones = values.filter(n_posts >= N_POSTS_FOR_CONCERN, n_known < N_POSTS_FOR_CONCERN)
        reasons = (
            make_reasons(without, "sponsorship_no_posts", N_POSTS_NEEDED),
            make_reasons(few, "sponsorship_too_few_posts", N_POSTS_FOR_CONCERN, "sponsorship_n_posts"),
            make_reasons(open_ones, "sponsorship_labels_unknown", N_POSTS_FOR_CONCERN, "n_known"),
        )
        columns = (pl.col(spec.name).cast(pl.Float64) for spec in _SPECS)
        return Measured(values.select("creator_id", *columns), pl.concat(reasons), details)


def _count(posts: pl.DataFrame) -> pl.DataFrame:
    is_known = pl.col("is_disclosed").is_not_null()
    calls = pl.col("call_to_action") | pl.col("discount")
    silent_calls = (calls & ~pl.col("is_disclosed")).filter(is_known)
    return posts.group_by("creator_id").agg(
        sponsorship_n_posts=pl.len(),
        n_known=is_known.sum(),
        sponsorship_mean_tags=pl.col("n_tags").mean(),
        sponsorship_purchase_link_share=pl.col("has_purchase_link").mean(),
        sponsorship_labelled_ad_share=pl.col("is_labelled_ad").mean(),
        sponsorship_purchase_means_share=pl.any_horizontal("purchase_means", "has_purchase_link")
        .fill_null(value=False)
        .mean(),
        sponsorship_undisclosed_call_share=pl.when(is_known.sum() >= N_POSTS_FOR_CONCERN).then(silent_calls.mean()),
        **{
            f"sponsorship_{name}_share": pl.col(name).mean()
            for name in ("tag", "link", "price", "discount", "call_to_action", "disclosure")
        },
    )
