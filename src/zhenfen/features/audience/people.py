"""The people of each audience: which frames are followers, where people are, what they write in, who follows.

Followers, likers and commenters are audiences of their own and are never added together. Whoever commented stands in
the table `comments` too, mostly with a region and a text: both tables together are the frame `commenters` here.
"""

from __future__ import annotations

import polars as pl

from zhenfen.features.audience.patterns import wilson
from zhenfen.features.base import Schema
from zhenfen.places import ABROAD, CHINA, read_places
from zhenfen.tables import Tables

COMMENTERS, LIKERS = "commenters", "likers"
OTHER_AUDIENCES = (COMMENTERS, LIKERS)
"""Frames of people who did something, followers or not; all other frames are samples of followers."""
LANGUAGES = {
    "ja": r"[\p{Hiragana}\p{Katakana}]",
    "ko": r"\p{Hangul}",
    "zh": r"\p{Han}",
    "latin": r"\p{Latin}",
    "cyrillic": r"\p{Cyrillic}",
    "arabic": r"\p{Arabic}",
    "thai": r"\p{Thai}",
}
"""Language, or script where many languages share one → its letters."""
LEAST_KANA_SHARE = 0.2
"""Japanese writes about half of its letters in kana; Chinese has a decorative の here and there."""
ORIGINS_SCHEMA: Schema = {
    "creator_id": pl.String(),
    "frame": pl.String(),
    "kind": pl.String(),
    "value": pl.String(),
    "is_claimed": pl.Boolean(),
    "n_people": pl.Int64(),
    "n_known": pl.Int64(),
    "share": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
}
"""kind: region (ISO 3166, see `places`) or language; value: null for those of whom it is unknown, who have no share;
is_claimed: the creator's own region, or the language of the creator's posts; share, low, high: among the n_known, with
Wilson's interval of 95 %."""
FOLLOWING_SCHEMA: Schema = {
    "creator_id": pl.String(),
    "n_commenters": pl.Int64(),
    "n_found": pl.Int64(),
    "n_followers_known": pl.Int64(),
    "n_followers": pl.Int64(),
}
"""n_found: commenters among the followers whose ids are known; n_followers: all there are, null where unknown."""


def find_people(tables: Tables) -> pl.DataFrame:
    """Everybody of each audience once: creator_id, frame, person_id, region (as it stands), text.

    A commenter's region is the profile's, else that of the latest comment; the texts are the description and all
    comments.
    """
    sampled = tables["audience"].select("creator_id", "frame", person_id="profile_id", region="region", text="bio")
    comments = tables["comments"].filter(pl.col("author_id").ne_missing(pl.col("creator_id"))).sort("created_at")
    by_author = comments.with_columns(person_id=pl.coalesce("author_id", "author_name")).drop_nulls("person_id")
    wrote = by_author.group_by("creator_id", "person_id").agg(
        pl.col("region").drop_nulls().last(), pl.col("text").drop_nulls().sort().str.join(" ")
    )
    rows = pl.concat(
        [sampled, wrote.select("creator_id", pl.lit(COMMENTERS).alias("frame"), "person_id", "region", "text")]
    )
    return rows.group_by("creator_id", "frame", "person_id", maintain_order=True).agg(
        pl.col("region").drop_nulls().first(), pl.col("text").drop_nulls().str.join(" ")
    )


def read_claims(tables: Tables) -> pl.DataFrame:
    """creator_id, kind, value: the region that a creator states, and the language of most of what the creator writes.

    Who states no more than China, or abroad, claims nothing that a count could be set against.
    """
    creators = tables["creators"]
    texts = tables["posts"].group_by("creator_id").agg(pl.col("text").drop_nulls().sort().str.join(" "))
    known = creators.select("creator_id", "bio", region=read_places(creators["region"])).join(
        texts, on="creator_id", how="left", maintain_order="left"
    )
    written = pl.concat_str("bio", "text", separator=" ", ignore_nulls=True)
    vague = pl.col("region").is_in([CHINA, ABROAD])
    claims = known.select("creator_id", region=pl.when(~vague).then("region"), language=_language(written))
    return claims.unpivot(["region", "language"], index="creator_id", variable_name="kind").drop_nulls("value")


def count_origins(people: pl.DataFrame, claims: pl.DataFrame, n_needed: int) -> pl.DataFrame:
    """ORIGINS_SCHEMA: how many people of each audience are in a region, and write in a language; most people first.

    Args:
        people: Result of `find_people`.
        claims: Result of `read_claims`; what a creator claims has a row even where nobody is there.
        n_needed: People of whom it must be known; of an audience with fewer nothing is said.
    """
    read = people.select(
        "creator_id", "frame", region=read_places(people["region"]), language=_language(pl.col("text"))
    )
    long = read.unpivot(["region", "language"], index=["creator_id", "frame"], variable_name="kind")
    audience = ["creator_id", "frame", "kind"]
    counted = long.group_by(*audience, "value").agg(n_people=pl.len().cast(pl.Int64))
    claimed = counted.select(audience).unique().join(claims, on=["creator_id", "kind"]).with_columns(is_claimed=True)
    every = counted.join(claimed, on=[*audience, "value"], how="full", coalesce=True).with_columns(
        pl.col("n_people").fill_null(0), pl.col("is_claimed").fill_null(value=False)
    )
    is_known = pl.col("value").is_not_null()
    summed = every.with_columns(n_known=pl.col("n_people").filter(is_known).sum().over(audience))
    n, n_known = pl.col("n_people"), pl.col("n_known")
    low, high = wilson(n, n_known)
    shares = {"share": n / n_known, "low": low, "high": high}
    shown = summed.filter(n_known >= n_needed).with_columns(
        **{name: pl.when(is_known).then(value) for name, value in shares.items()}
    )
    order = [*audience, "n_people", "value"]
    return shown.select(ORIGINS_SCHEMA.keys()).sort(order, descending=[False] * 3 + [True, False], nulls_last=True)


def count_following(people: pl.DataFrame, creators: pl.DataFrame) -> pl.DataFrame:
    """FOLLOWING_SCHEMA: of creators whose commenters and followers are both known by id, who of the first follows.

    Args:
        people: Result of `find_people`.
        creators: Rows of the table `creators`.
    """
    is_commenter = pl.col("frame") == COMMENTERS
    commenters = people.filter(is_commenter).select("creator_id", "person_id")
    followers = people.filter(~pl.col("frame").is_in(OTHER_AUDIENCES)).select("creator_id", "person_id").unique()
    found = commenters.join(followers, on=["creator_id", "person_id"], how="semi")
    counts = [
        frame.group_by("creator_id").agg(pl.len().cast(pl.Int64).alias(name))
        for name, frame in (("n_commenters", commenters), ("n_followers_known", followers), ("n_found", found))
    ]
    both = counts[0].join(counts[1], on="creator_id").join(counts[2], on="creator_id", how="left")
    joined = both.join(creators.select("creator_id", "n_followers"), on="creator_id")
    return joined.with_columns(pl.col("n_found").fill_null(0)).select(FOLLOWING_SCHEMA.keys()).sort("creator_id")


def _language(text: pl.Expr) -> pl.Expr:
    """The language, or script, of most letters; null without letters of any in LANGUAGES."""
    n = {name: text.str.count_matches(letters) for name, letters in LANGUAGES.items()}
    most = pl.max_horizontal(n.values())
    by_most = pl.coalesce(pl.when((count == most) & (most > 0)).then(pl.lit(name)) for name, count in n.items())
    is_japanese = (n["ja"] > 0) & (n["ja"] >= LEAST_KANA_SHARE * (n["ja"] + n["zh"])) & (n["ja"] + n["zh"] >= most)
    return pl.when(is_japanese).then(pl.lit("ja")).otherwise(by_most)
