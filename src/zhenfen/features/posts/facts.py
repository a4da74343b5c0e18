"""What stands in a single post: three facts that are kept apart, and how often each form of pushing a product does.

The facts are disclosure, means to buy, and the words themselves. The family "sponsorship", the scores of posts and the
rule packs all read them here.
"""

from __future__ import annotations

import polars as pl

from zhenfen.features.posts.context import measure_context
from zhenfen.features.specs import FeatureSpec
from zhenfen.text.lexicons import WordList, has_any, load_lexicon
from zhenfen.text.spelling import spell

SPONSORSHIP_LISTS = ("call_to_action", "discount", "purchase_means", "price", "tag", "link")
POST_LISTS = (
    "praise",
    "selling_point",
    "absolute",
    "mention",
    "coupon_code",
    "list_item",
    "campaign",
    "own_goods",
)
"""Lists of sponsorship.yaml and posts.yaml whose words are counted in a post."""

PLATFORM_FLAGS = ("is_labelled_ad", "has_purchase_link")
"""Columns of the table posts in which the platform itself says so."""


IS_CUT = r"(?:…|\.{3})\s*(?:展开)?(?:全文|展开|更多|see more|voir plus)\s*$"
"""A text ending in the button that shows its rest: what stands behind it was not exported."""


def _spec(name: str, meaning: str, source: str) -> FeatureSpec:
    return FeatureSpec(f"post_{name}", "count", meaning, source)


POST_SPECS: tuple[FeatureSpec, ...] = (
    _spec("chars_count", "Characters of the text.", "context: length"),
    _spec("call_to_action_count", "Words that ask to buy, click, write or sign up.", "sponsorship.yaml"),
    _spec("discount_count", "Words for a coupon or a lower price.", "sponsorship.yaml"),
    _spec("purchase_means_count", "Words that lead to a shop.", "CN 互联网广告管理办法 art. 9; sponsorship.yaml"),
    _spec("price_count", "Prices.", "sponsorship.yaml"),
    _spec("tag_count", "Tags.", "sponsorship.yaml"),
    _spec("link_count", "Addresses.", "sponsorship.yaml"),
    _spec("praise_count", "Words of recommendation: 亲测, 自用, 无限回购, 闭眼入.", "posts.yaml"),
    _spec("selling_point_count", "Words that product pages are made of.", "posts.yaml"),
    _spec("absolute_count", "Absolute terms.", "CN 广告法 art. 9(3); posts.yaml"),
    _spec("mention_count", "Names behind @.", "posts.yaml"),
    _spec("coupon_code_count", "Coupon codes and share codes.", "posts.yaml"),
    _spec("list_item_count", "Items of a list: numbers, ticks and emoji that lead a line.", "posts.yaml"),
    _spec("campaign_count", "Words of votes, fan rankings and lotteries.", "posts.yaml"),
    _spec("own_goods_count", "Words for goods, events and companies of one's own.", "posts.yaml"),
    FeatureSpec(
        "post_brand_repeat_share",
        "share",
        "Of the creator's posts, those that name the brand of this post which they name most.",
        "issue: brand repetition; a brand is an @name, a tag or a Latin word",
        high=1.0,
    ),
    _spec("template_creators_count", "Other creators with nearly the same text.", "text.near_duplicates"),
)
"""Columns that count or measure; null where the text, or for the last two the creator, is unknown."""


def count_column(name: str) -> str:
    """Column of `measure_posts` that counts the words of a list."""
    return f"post_{name}_count"


def list_words(name: str) -> WordList:
    """A list that is read in posts, from sponsorship.yaml or posts.yaml."""
    found = load_lexicon("sponsorship").get(name)
    return found if found is not None else load_lexicon("posts")[name]


def without_negation(text: pl.Expr) -> pl.Expr:
    """A text in which blanks stand for what denies an advert (非广告, 无广), so that it is not read as a disclosure."""
    return text.str.replace_all(list_words("negation").regex, " ")


def read_posts(posts: pl.DataFrame) -> pl.DataFrame:
    """`posts` with the facts read from their texts and the platform's own columns; rows in the order given.

    Adds a flag for each list of sponsorship.yaml (null for a null text), and

    - spelled: the text as the lists are spelled, see `text.spelling`;
    - n_tags;
    - is_disclosed: a tag, sign or sentence discloses, or the platform's label does; false where neither is seen;
    - has_purchase_means: words lead to a shop, or the platform's link does.

    The last two are null where no word was seen and the platform's column is unknown or absent; is_disclosed also where
    the platform has no label on the post and its text is missing or cut.
    """
    absent = [pl.lit(None, dtype=pl.Boolean).alias(name) for name in PLATFORM_FLAGS if name not in posts.columns]
    posts = posts.with_columns(spelled=spell(posts["text"].cast(pl.String)))
    text = pl.col("spelled")
    read = {name: has_any(text, list_words(name)) for name in SPONSORSHIP_LISTS}
    # A column of its own: within the expression it would be made once for each word of the list.
    undenied = posts.select(text=without_negation(text))
    disclosure = undenied.select(disclosure=has_any(pl.col("text"), list_words("disclosure"))).to_series()
    return posts.with_columns(
        *absent,
        **read,
        disclosure=disclosure,
        n_tags=text.str.count_matches(list_words("tag").regex),
    ).with_columns(
        is_disclosed=pl.when(pl.col("disclosure") | pl.col("is_labelled_ad"))
        .then(statement=True)
        .when(~text.str.contains(IS_CUT))
        .then("is_labelled_ad"),
        has_purchase_means=pl.when("purchase_means").then(statement=True).otherwise("has_purchase_link"),
    )


def count_words(texts: pl.Series) -> pl.DataFrame:
    """One column a list (see `count_column`): how many of its words stand in each text; null for a null text."""
    lists = (*SPONSORSHIP_LISTS, *POST_LISTS)
    counts = {count_column(name): pl.col("text").str.count_matches(list_words(name).regex) for name in lists}
    columns = {"post_chars_count": pl.col("text").str.len_chars(), **counts}
    return texts.rename("text").to_frame().select(**columns).cast(pl.Float64)


def measure_posts(posts: pl.DataFrame) -> pl.DataFrame:
    """What stands in each post.

    Args:
        posts: post_id and text; creator_id, is_labelled_ad and has_purchase_link may be absent or null.

    Returns:
        post_id, is_disclosed, has_purchase_means (see `read_posts`) and the columns of POST_SPECS; rows in the order
        given. What is counted in a post depends on that post alone, but for the last two columns.
    """
    facts = read_posts(posts).select("post_id", "is_disclosed", "has_purchase_means")
    return pl.concat((facts, count_words(posts["text"]), measure_context(posts)), how="horizontal")
