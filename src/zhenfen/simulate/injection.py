"""The same manipulations on top of real series and posts: what the tables hold can be manipulated, nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from zhenfen.errors import ConfigError
from zhenfen.simulate import sellers, texts
from zhenfen.simulate.audience_rows import moments, numbered
from zhenfen.simulate.campaigns import CampaignTarget, Purchase, make_purchase, no_purchase
from zhenfen.simulate.cast import TRUTH_SCHEMA, tell_purchase
from zhenfen.simulate.crowds import bought_minutes
from zhenfen.simulate.organic import COUNTS, Reals
from zhenfen.simulate.roles import AUDIENCE_MANIPULATIONS, Campaign
from zhenfen.simulate.world import World
from zhenfen.tables import Tables

_MICROS_A_DAY = 86_400e6


@dataclass(frozen=True, slots=True)
class Injection:
    """One creator's rows and what is added to them.

    Attributes:
        readings, posts: The creator's rows with `row`, their place in the table; readings without a count left out.
        purchase: What is added.
        seller: Number of the seller.
        rng: The creator's source of chance.
    """

    creator_id: str
    campaign: Campaign
    readings: pl.DataFrame
    posts: pl.DataFrame
    purchase: Purchase
    seller: int
    rng: np.random.Generator


def plan_injections(tables: Tables, campaigns: Mapping[str, Campaign], seed: int, world: World) -> list[Injection]:
    """What each campaign adds; a creator's part depends on the seed, its id and its rows alone.

    Raises:
        ConfigError: A creator that no table names.
    """
    absent = sorted(set(campaigns) - set(_creators(tables)))
    if absent:
        raise ConfigError(f"campaigns for creators that no table names: {', '.join(absent[:5])}")
    known = tables["follower_counts"].with_row_index("row").drop_nulls(["n_followers", "observed_at"])
    listed = tables["comments"].group_by("post_id").agg(n_listed=pl.len())
    posts = tables["posts"].join(listed, on="post_id", how="left", maintain_order="left").with_row_index("row")
    known_of, posts_of = _split(known), _split(posts)
    platforms = dict(tables["creators"].select("creator_id", "platform").iter_rows())
    # On a platform without a fit an interaction brings what is the median of the others.
    rates = {name: of.follows_per_interaction.median for name, of in world.parameters.platforms.items()}
    usual_rate = float(np.median(list(rates.values())))
    planned = []
    for creator_id in sorted(campaigns):
        digest = hashlib.sha256(creator_id.encode()).digest()
        rng = np.random.default_rng((seed, int.from_bytes(digest[:8], "big")))
        campaign, mine = campaigns[creator_id], posts_of.get(creator_id, posts.clear())
        readings = known_of.get(creator_id, known.clear()).sort("observed_at")
        counts = {name: _reals(mine[name]) for name in COUNTS if mine[name].null_count() < len(mine)}
        if mine["n_listed"].null_count() < len(mine):
            # Where the posts show no number of comments, those listed can still be added to.
            counts["n_comments"] = _reals(mine.select(pl.coalesce("n_comments", "n_listed")).to_series())
        target = CampaignTarget(
            at=_days(readings["observed_at"]),
            n_followers=_reals(readings["n_followers"]),
            posts_at=_days(mine["published_at"]),
            counts=counts,
            follows=rates.get(platforms.get(creator_id) or "", usual_rate),
        )
        # Samples of followers stay as they are, so nothing can be bought in them.
        is_possible = campaign.manipulation not in AUDIENCE_MANIPULATIONS
        purchase = make_purchase(campaign, target, world, rng) if is_possible else no_purchase(target)
        seller = int(rng.integers(sellers.N_SELLERS))
        planned.append(Injection(creator_id, campaign, readings, mine, purchase, seller, rng))
    return planned


def _creators(tables: Tables) -> list[str]:
    names = ("creators", "follower_counts", "posts")
    return pl.concat([tables[name]["creator_id"] for name in names]).unique().sort().to_list()


def _split(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {str(key[0]): part for key, part in frame.partition_by("creator_id", as_dict=True).items()}


def _reals(counts: pl.Series) -> Reals:
    return counts.cast(pl.Float64).fill_null(np.nan).to_numpy()


def _days(times: pl.Series) -> Reals:
    return _reals(times.dt.epoch("us")) / _MICROS_A_DAY


def add_readings(counts: pl.DataFrame, injections: Sequence[Injection]) -> pl.DataFrame:
    """Table `follower_counts` with what was added."""
    added = pl.concat(
        [
            one.readings.select(
                "row",
                followers=pl.Series(one.purchase.followers + one.purchase.real).cast(pl.Int64),
                following=pl.Series(one.purchase.following).cast(pl.Int64),
            )
            for one in injections
        ]
    )
    joined = counts.with_row_index("row").join(added, on="row", how="left", maintain_order="left")
    return joined.with_columns(
        pl.col("n_followers") + pl.col("followers").fill_null(0),
        pl.col("n_following") + pl.col("following").fill_null(0),
    ).select(counts.columns)


def add_counts(posts: pl.DataFrame, injections: Sequence[Injection]) -> pl.DataFrame:
    """Table `posts` with what was added; an unknown count stays unknown."""
    parts = []
    for one in injections:
        none = np.zeros(len(one.posts))
        bought, real = one.purchase.counts, one.purchase.real_counts
        added_of = {name: bought.get(name, none) + np.nan_to_num(real.get(name, none)) for name in COUNTS}
        parts.append(one.posts.select("row", **{name: pl.Series(of).cast(pl.Int64) for name, of in added_of.items()}))
    added = pl.concat(parts)
    joined = posts.with_row_index("row").join(added, on="row", how="left", maintain_order="left", suffix="_added")
    return joined.with_columns(pl.col(name) + pl.col(f"{name}_added").fill_null(0) for name in COUNTS).select(
        posts.columns
    )


def add_to_creators(creators: pl.DataFrame, injections: Sequence[Injection]) -> pl.DataFrame:
    """Table `creators` with the followers that are there at the last reading."""
    last = {
        one.creator_id: int(one.purchase.followers[-1] + one.purchase.real[-1])
        for one in injections
        if len(one.purchase.followers)
    }
    schema = {"creator_id": pl.String(), "added": pl.Int64()}
    added = pl.DataFrame({"creator_id": list(last), "added": list(last.values())}, schema=schema)
    joined = creators.join(added, on="creator_id", how="left", maintain_order="left")
    return joined.with_columns(pl.col("n_followers") + pl.col("added").fill_null(0)).select(creators.columns)


def bought_rows(tables: Tables, injections: Sequence[Injection], seed: int, world: World) -> pl.DataFrame:
    """Rows for table `comments`: those bought, as many of each post as the export shows of its other comments."""
    parts = []
    for one in injections:
        style, rng = one.purchase.style, one.rng
        if not style or not one.purchase.comments.any():
            continue
        # As many as the export would hold: of a post whose comments it lists, the part that it lists.
        listed = _reals(one.posts["n_listed"])
        counted = np.fmax(_reals(one.posts["n_comments"]), listed)
        part = np.where(listed > 0, listed / np.maximum(np.nan_to_num(counted), 1), 0.0)
        shown = np.minimum(np.rint(one.purchase.comments * part), world.most_comments).astype(np.int64)
        post = np.repeat(np.arange(len(shown)), shown)
        place = np.arange(len(post)) - np.repeat(np.cumsum(shown) - shown, shown)
        at = _days(one.posts["published_at"])[post] + bought_minutes(style, place, world, rng) / 1440
        owner = pl.repeat(one.creator_id, len(post), eager=True)
        own = place if style == "pod" else rng.integers(0, sellers.n_accounts(one.seller), len(post))
        names = texts.person_names(rng, len(post)) if style == "pod" else texts.batch_names(rng, len(post))
        rows = {
            "comment_id": numbered(owner, "x", np.arange(len(post))),
            "post_id": one.posts["post_id"].gather(post),
            "creator_id": owner,
            "author_id": texts.join_parts(f"{style}{seed}_{one.seller}_", pl.Series(own).cast(pl.String)),
            "author_name": names,
            "created_at": moments(at),
            "text": sellers.bought_comments(style, one.seller, seed, len(post), rng),
            "n_likes": pl.Series(np.zeros(len(post), dtype=np.int64)),
        }
        parts.append(pl.DataFrame(rows))
    if not parts:
        return tables["comments"].clear()
    latest = tables["comments"]["created_at"].max()
    return pl.concat(parts).filter(pl.col("created_at").is_null() | (pl.col("created_at") <= pl.lit(latest)))


def tell_truth(tables: Tables, injections: Sequence[Injection], bought: pl.DataFrame) -> pl.DataFrame:
    """One row of cast.TRUTH_SCHEMA a creator; kind is null, for nobody knows it of a real one."""
    comments = dict(bought.group_by("creator_id").agg(pl.col("comment_id").sort()).iter_rows())
    by_id = {one.creator_id: one for one in injections}
    numbers = ("n_bought_followers", "n_bought_comments", "n_bought_likes", "n_bought_views")
    lists = ("bought_days", "bought_posts", "bought_comments", "bought_profiles")
    untouched: dict[str, Any] = {
        **dict.fromkeys(TRUTH_SCHEMA),
        **dict.fromkeys(numbers, 0),
        **{name: [] for name in lists},
        "is_manipulated": False,
        "what": "nothing added",
    }
    rows = []
    for creator_id in _creators(tables):
        row = {**untouched, "creator_id": creator_id}
        if creator_id in by_id:
            one = by_id[creator_id]
            row |= {
                **tell_purchase(one.campaign, one.purchase),
                "bought_posts": one.posts["post_id"].gather(np.flatnonzero(one.purchase.concerned)).to_list(),
                "bought_comments": comments.get(creator_id, []),
            }
        rows.append(row)
    return pl.DataFrame(rows, schema=TRUTH_SCHEMA)
