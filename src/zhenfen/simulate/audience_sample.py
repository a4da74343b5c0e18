"""Samples of followers of many played creators: who was bought, who was made by nobody's order, and in which order.

Arrays over profiles have the shape (n_samples, N_PROFILES).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from zhenfen.simulate.audience_rows import make_profiles, moments, numbered
from zhenfen.simulate.organic import Flags, Ints, Reals
from zhenfen.simulate.play import Played
from zhenfen.simulate.world import World

FRAMES = ("newest", "authorised_export", "random")
N_PROFILES = 300
PEOPLE_AGE_DAYS = (200.0, 3_600.0)
"""Ages of people's accounts (chosen)."""
LABELLER = "simulated"
"""Who signs the labels of a story."""
MOST_BATCHES = 3
"""Made accounts that nobody ordered come from one to three batches (chosen)."""
WAVE_AGE_DAYS = (60.0, 2_500.0)
"""How long ago a wave of sign-ups began (chosen)."""


def show_audience(
    ids: pl.Series, casts: Sequence[Played], world: World, ends_at: float, rng: np.random.Generator
) -> pl.DataFrame:
    """Table `audience` of the creators who come with a sample, with is_bought and is_made; `ids` are those of all.

    Whoever bought an audience_batch comes with one, for it shows nowhere else.
    """
    comes = []
    for played in casts:
        is_drawn = played.rng.random() < world.audience_share or played.purchase.profiles_share > 0
        one = played.role.fixed
        comes.append(is_drawn if one is None else one.audience_frame is not None)
    sampled = np.flatnonzero(comes)
    drawn = rng.integers(0, len(FRAMES), len(sampled))
    fixed = [casts[at].role.fixed for at in sampled.tolist()]
    frame = np.array(
        [at if one is None else FRAMES.index(str(one.audience_frame)) for one, at in zip(fixed, drawn, strict=True)],
        dtype=np.int64,
    )
    is_newest = frame == FRAMES.index("newest")
    is_bought = _draw_bought(casts, sampled, is_newest, world, rng)
    # People who are paid to follow have profiles of their own.
    campaigns = [casts[at].role.campaign for at in sampled.tolist()]
    are_people = [one is not None and one.manipulation in ("crowd_workers", "follow_unfollow") for one in campaigns]
    is_sold = is_bought & ~np.array(are_people, dtype=np.bool_)[:, None]
    # Made accounts that nobody ordered: every account of some size has them.
    is_stray = np.zeros_like(is_bought)
    if world.made_share != 0:
        share = rng.uniform(0, world.made_share, (len(is_bought), 1))
        is_stray = (rng.random(is_bought.shape) < share) & ~is_bought
    days_old = _draw_ages(is_sold, is_stray, world, rng)
    is_unnamed = is_sold | is_stray | _happens(world.unnamed_share, is_bought.shape, rng)
    is_ordered = is_newest | _happens(world.ordered_share, is_newest.shape, rng)
    position = np.tile(np.arange(N_PROFILES, dtype=np.float64), (len(sampled), 1))
    whose = np.repeat(sampled, N_PROFILES)
    owner = ids.gather(whose)
    return pl.DataFrame(
        {
            "creator_id": owner,
            "profile_id": numbered(owner, "a", position.ravel().astype(np.int64)),
            "platform": pl.Series([played.role.platform for played in casts], dtype=pl.String).gather(whose),
            "frame": pl.Series(FRAMES).gather(np.repeat(frame, N_PROFILES)),
            "follow_position": pl.Series(np.where(is_ordered[:, None], position, np.nan).ravel())
            .fill_nan(None)
            .cast(pl.Int64),
            **make_profiles((is_sold | is_stray).ravel(), is_unnamed.ravel(), days_old.ravel(), ends_at, rng),
            "is_bought": pl.Series(is_bought.ravel()),
            "is_made": pl.Series((is_sold | is_stray).ravel()),
        }
    )


def show_labels(
    audience: pl.DataFrame, ids: pl.Series, casts: Sequence[Played], ends_at: float, rng: np.random.Generator
) -> pl.DataFrame:
    """Table `audit_labels` of the stories that tell of an audit: profiles drawn at random, judged without a mistake.

    Args:
        audience: Result of `show_audience`.
        ids: Of all creators.
        casts: All creators.
        ends_at: Moment of the labels, in days since 1970-01-01.
        rng: Source of chance.
    """
    n_labelled = pl.Series([0 if played.role.fixed is None else played.role.fixed.n_labelled for played in casts])
    wanted = pl.DataFrame({"creator_id": ids, "n_labelled": n_labelled}).filter(pl.col("n_labelled") > 0)
    audited = audience.join(wanted, on="creator_id", maintain_order="left")
    shuffled = audited.with_columns(chance=pl.Series(rng.random(audited.height)))
    is_drawn = pl.col("chance").rank().over("creator_id") <= pl.col("n_labelled")
    return shuffled.filter(is_drawn).select(
        "creator_id",
        "profile_id",
        is_fake="is_made",
        labelled_by=pl.lit(LABELLER),
        labelled_at=moments(np.array([ends_at]))[0],
        stratum=pl.lit(0, dtype=pl.Int64),
        inclusion=pl.col("n_labelled") / N_PROFILES,
    )


def _happens(share: float, shape: tuple[int, ...], rng: np.random.Generator) -> Flags:
    """Whether something of this share happens; where it never does, no chance is used up."""
    return rng.random(shape) < share if share > 0 else np.zeros(shape, dtype=np.bool_)


def _draw_bought(
    casts: Sequence[Played], sampled: Ints, is_newest: Flags, world: World, rng: np.random.Generator
) -> Flags:
    """Bought profiles, here and there or one after the other."""
    of_all, of_newest = (
        np.array([getattr(played, name) for played in casts])[sampled]
        for name in ("bought_share", "newest_bought_share")
    )
    share = np.where(is_newest, of_newest, of_all)
    is_bought = rng.random((len(sampled), N_PROFILES)) < share[:, None]
    is_together = _happens(world.together_share, sampled.shape, rng)
    if not is_together.any():
        return is_bought
    n_bought = is_bought.sum(axis=1)
    first = np.floor(rng.random(len(sampled)) * (N_PROFILES - n_bought + 1))
    place = np.arange(N_PROFILES)
    is_run = (place >= first[:, None]) & (place < (first + n_bought)[:, None])
    return np.where(is_together[:, None], is_run, is_bought)


def _draw_ages(is_sold: Flags, is_stray: Flags, world: World, rng: np.random.Generator) -> Reals:
    """Ages of accounts in days: of those sold and of strays by their batches, people's any, some in waves."""
    shape, n_samples = is_sold.shape, len(is_sold)
    of_batch = rng.uniform(*world.batch_age_days, shape)
    days_old = np.where(is_sold, of_batch, rng.uniform(*PEOPLE_AGE_DAYS, shape))
    if is_stray.any():
        made = rng.uniform(*world.made_age_days, (n_samples, MOST_BATCHES))
        least, most = np.log(world.made_within_days)
        within = np.exp(rng.uniform(least, most, (n_samples, MOST_BATCHES)))
        n_batches = rng.integers(1, MOST_BATCHES + 1, (n_samples, 1))
        batch = np.floor(rng.random(shape) * n_batches).astype(np.int64)
        made, within = (np.take_along_axis(one, batch, axis=1) for one in (made, within))
        days_old = np.where(is_stray, made + within * rng.random(shape), days_old)
    # Waves of sign-ups reach people only.
    has_wave = _happens(world.wave_share, (n_samples, 1), rng)
    if has_wave.any():
        size, began, lasted = (
            rng.uniform(*between, (n_samples, 1)) for between in (world.wave_size, WAVE_AGE_DAYS, world.wave_days)
        )
        came = has_wave & ~is_sold & ~is_stray & (rng.random(shape) < size)
        days_old = np.where(came, began + lasted * rng.random(shape), days_old)
    return days_old
