"""Simulated creators as training rows: features by the code that serves, and what is true of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from pydantic import Field

from zhenfen.config import Strict
from zhenfen.features.posts.counts import add_interactions
from zhenfen.model_store import Models
from zhenfen.scoring import latest_moment, measure
from zhenfen.simulate import (
    KINDS_ORGANIC,
    MANIPULATIONS,
    SHOCKS,
    Campaign,
    Role,
    Simulated,
    draw_world,
    simulate_roles,
)
from zhenfen.simulate.roles import AUDIENCE_MANIPULATIONS, FOLLOWER_MANIPULATIONS, PLATFORMS
from zhenfen.tables import Tables
from zhenfen.verdict.admission import admit, describe_set, place_in_set
from zhenfen.verdict.audience import SHARES_SCHEMA
from zhenfen.verdict.creator import make_inputs
from zhenfen.verdict.panel import match_peers

Z_SCORE, RATIO = "baseline_z_score", "baseline_followers_by_interactions"
PURGE = "platform_purge"
TRUTH = ("kind", "shock", "manipulation", "dose", "camouflage")


class Cast(Strict):
    """Who is simulated for training.

    Attributes:
        n_batches: Rosters; creators of one share the days on which their platform removes accounts.
        batch_creators: Least and most creators of a roster; drawn evenly on the log scale.
        search_share: Part of the rosters that a search brought, in which commenters and small talk overlap.
        n_days: Lengths of the series, one drawn a roster.
        manipulated_share: Part of the creators who buy something.
        shock_share: Part with an innocent shock, whether they buy or not.
        purge_share: Part of the rosters on whose platforms accounts are removed everywhere: that happens now and then,
            and what it takes from whom says so much that a model would wait for it.
        follower_doses: Least and most followers bought, by followers at the end; drawn evenly on the log scale.
        engagement_doses: The same for likes, views and comments, by what the posts would have had.
        audience_doses: The same for made accounts by the profiles of a sample.
        camouflages: Real growth in the days of the purchase by what is bought → how often beside the others.
    """

    n_batches: int = Field(ge=1)
    batch_creators: tuple[int, int]
    search_share: float = Field(ge=0, le=1)
    n_days: tuple[int, ...]
    manipulated_share: float = Field(gt=0, lt=1)
    shock_share: float = Field(ge=0, le=1)
    purge_share: float = Field(ge=0, le=1)
    follower_doses: tuple[float, float]
    engagement_doses: tuple[float, float]
    audience_doses: tuple[float, float]
    camouflages: Mapping[float, float]


def make_rows(cast: Cast, models: Models, seed: int) -> Iterator[pl.DataFrame]:
    """Rows of one roster after the other, see `measure_rows`, each roster in a world of its own.

    `twin` and `source` name the roster, `found_by` says what brought it: search or roster.
    """
    for batch in range(cast.n_batches):
        rng = np.random.default_rng((seed, batch))
        is_search = rng.random() < cast.search_share
        world = draw_world(rng, is_search=is_search)
        # Where nobody comes with a sample of followers, having one would give a buyer of followers' profiles away.
        roles = draw_roles(cast, rng, with_audience=world.audience_share > 0)
        made = simulate_roles(roles, int(rng.integers(2**31)), int(rng.choice(cast.n_days)), world=world)
        found_by = pl.lit("search" if is_search else "roster").alias("found_by")
        creators = made.tables["creators"].with_columns(found_by)
        made = replace(made, tables=made.tables.replace(creators=creators))
        yield measure_rows(made, models).with_columns(
            pl.format("{}_{}", pl.lit(batch), "creator_id").alias("creator_id"),
            source=pl.lit("simulated"),
            twin=pl.lit(f"roster {batch}"),
            found_by=pl.lit("search" if is_search else "roster"),
        )


def draw_roles(cast: Cast, rng: np.random.Generator, *, with_audience: bool = True) -> list[Role]:
    """The creators of one roster; `with_audience` says whether some buy what shows in a sample of followers only."""
    shocks = SHOCKS if rng.random() < cast.purge_share else tuple(one for one in SHOCKS if one != PURGE)
    bought = tuple(one for one in MANIPULATIONS if with_audience or one not in AUDIENCE_MANIPULATIONS)
    n = round(float(np.exp(rng.uniform(*np.log(cast.batch_creators)))))
    roles = []
    for _ in range(n):
        is_manipulated = rng.random() < cast.manipulated_share
        role = Role(
            kind=_pick(KINDS_ORGANIC, rng),
            platform=_pick(PLATFORMS, rng),
            shock=_pick(shocks, rng) if rng.random() < cast.shock_share else None,
            campaign=draw_campaign(_pick(bought, rng), cast, rng) if is_manipulated else None,
        )
        roles.append(role)
    return roles


def draw_campaign(manipulation: str, cast: Cast, rng: np.random.Generator) -> Campaign:
    """A purchase of one kind, its size and its cover drawn."""
    doses = cast.follower_doses if manipulation in FOLLOWER_MANIPULATIONS else cast.engagement_doses
    doses = cast.audience_doses if manipulation in AUDIENCE_MANIPULATIONS else doses
    dose = float(np.exp(rng.uniform(*np.log(doses))))
    covers, weights = (np.array(list(one), dtype=np.float64) for one in (cast.camouflages, cast.camouflages.values()))
    return Campaign(manipulation, dose, float(rng.choice(covers, p=weights / weights.sum())))


def _pick(names: Sequence[str], rng: np.random.Generator) -> str:
    return names[int(rng.integers(len(names)))]


def measure_rows(made: Simulated, models: Models) -> pl.DataFrame:
    """One row a creator: creator_id, platform, is_fake (1 manipulated), TRUTH, the two baselines, and the features.

    Features are null where a family could not measure; `peer_…` is the place among the peers,
    `set_…` that within the roster.
    """
    tables = made.tables
    truth = made.truth.select("creator_id", *TRUTH, is_fake=pl.col("is_manipulated").cast(pl.Int64))
    platforms = tables["creators"].select("creator_id", "platform", "n_followers")
    marks = platforms.join(truth, on="creator_id").join(measure_baselines(tables), on="creator_id", how="left")
    return marks.join(measure_inputs(tables, models), on="creator_id", how="left", maintain_order="left")


def measure_inputs(tables: Tables, models: Models) -> pl.DataFrame:
    """What the creator model reads of every creator of `tables`, as scoring makes it; places of all features."""
    measured = measure(tables, latest_moment(tables))
    values = {name: one.values for name, one in measured.items()}
    rules = models.levels.rules
    features = tuple(name for one in values.values() for name in one.columns if name != "creator_id")
    in_set = describe_set(values, rules.lower_z, features)
    admitted = admit(values, tables["creators"], rules.least, in_set, rules.lower_z)
    matched = pl.concat([match_peers(one, tables["creators"], models.panel) for one in admitted.values.values()])
    places = place_in_set(admitted.values, in_set, features)
    no_shares = pl.DataFrame(schema=SHARES_SCHEMA)
    inputs = make_inputs(admitted.values.values(), matched, places, no_shares)
    return inputs.with_columns(pl.all().exclude("creator_id").cast(pl.Float64))


def measure_baselines(tables: Tables) -> pl.DataFrame:
    """What a plain rule looks at: creator_id, the largest z-score of a day's growth, followers by interactions.

    The z-score is the usual one: growth of a day less the mean of all days, by their standard deviation.
    """
    counts = tables["follower_counts"].sort("creator_id", "observed_at")
    daily = counts.group_by("creator_id", pl.col("observed_at").dt.date().alias("day"), maintain_order=True).agg(
        pl.col("n_followers").last()
    )
    gained = daily.select("creator_id", gained=pl.col("n_followers").diff().over("creator_id"))
    growth = gained.group_by("creator_id").agg(
        ((pl.col("gained").max() - pl.col("gained").mean()) / pl.col("gained").std()).fill_nan(None).alias(Z_SCORE)
    )
    posts = add_interactions(tables["posts"], tables["creators"]).group_by("creator_id")
    interactions = posts.agg(n_interactions=pl.col("n_interactions").median())
    sizes = tables["creators"].select("creator_id", "n_followers").join(interactions, on="creator_id", how="left")
    ratio = pl.when(pl.col("n_interactions") > 0).then(pl.col("n_followers") / pl.col("n_interactions"))
    return sizes.select("creator_id", ratio.alias(RATIO)).join(growth, on="creator_id", how="left")
