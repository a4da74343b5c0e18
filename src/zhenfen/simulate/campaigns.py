"""What a campaign adds to one creator, simulated or real: followers by moment, counts by post, comments.

Moments are days since 1970-01-01 (UTC). Unknown counts are NaN and stay unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from zhenfen.simulate.deliveries import FOLLOW_BACK_SHARE, arrived, draw_delivery
from zhenfen.simulate.organic import Flags, Ints, Reals
from zhenfen.simulate.roles import AUDIENCE_MANIPULATIONS, FOLLOWER_MANIPULATIONS, Campaign
from zhenfen.simulate.world import World

DAYS_BEFORE = 28
DAYS_AFTER = 7
"""A campaign begins after four weeks, where the series is long enough, so that there is a past to set it against, and
a week before the end."""
WORKERS_LIKE_SHARE = 0.4
WORKERS_COMMENT_SHARE = 0.15
"""Of the people paid to follow, how many like and comment as well (chosen)."""
FIRST_WEEKDAY = 3
"""1970-01-01 was a Thursday; Monday is 0."""
COUNT_BOUGHT = {"purchased_likes": "n_likes", "purchased_views": "n_views"}
STYLES = {
    "template_comments": "template",
    "rewritten_comments": "rewritten",
    "engagement_pod": "pod",
    "crowd_workers": "rewritten",
}
"""How the comments of a manipulation are worded."""


@dataclass(frozen=True, slots=True)
class CampaignTarget:
    """One creator before a campaign.

    Attributes:
        at: Moments of the readings, sorted; may be empty.
        n_followers: At those moments.
        posts_at: Moments of the posts, NaN where unknown.
        counts: By column of table `posts`, one entry a post; NaN where unknown.
        follows: Followers that an interaction brings, for camouflage to show on the posts.
    """

    at: Reals
    n_followers: Reals
    posts_at: Reals
    counts: Mapping[str, Reals]
    follows: float

    @property
    def days(self) -> Ints:
        """First to last day with a reading."""
        return np.arange(int(np.floor(self.at[0])), int(np.floor(self.at[-1])) + 1)


@dataclass(frozen=True, slots=True)
class Purchase:
    """What was bought, and the real growth that hides it.

    Attributes:
        followers, real, following: Added at each reading: bought followers still there, real ones, accounts followed.
        n_followers: Bought in all.
        days: Days on which bought followers came.
        counts, real_counts: Added to each post, by column.
        concerned: Posts with something bought or arranged.
        comments: Bought comments of each post.
        style: How they are worded; empty for none.
        profiles_share: Made accounts by all profiles of a sample of followers, bought apart from `followers`.
    """

    followers: Reals
    real: Reals
    following: Reals
    n_followers: int
    days: Ints
    counts: dict[str, Reals]
    real_counts: dict[str, Reals]
    concerned: Flags
    comments: Ints
    style: str = ""
    profiles_share: float = 0.0

    @property
    def is_any(self) -> bool:
        """Whether the data could hold anything of it."""
        return self.n_followers > 0 or self.profiles_share > 0 or bool(self.concerned.any())


def make_purchase(campaign: Campaign, target: CampaignTarget, world: World, rng: np.random.Generator) -> Purchase:
    """What `campaign` adds to `target`; nothing where it has no such readings or counts."""
    if campaign.manipulation in AUDIENCE_MANIPULATIONS:
        return replace(no_purchase(target), profiles_share=campaign.dose)
    if campaign.manipulation in FOLLOWER_MANIPULATIONS:
        return _buy_followers(campaign, target, rng) if len(target.at) else no_purchase(target)
    return _buy_on_posts(campaign, target, world, rng)


def join_purchases(first: Purchase, second: Purchase) -> Purchase:
    """Both together; comments come with one of them at most."""
    names = {*first.counts, *second.counts}, {*first.real_counts, *second.real_counts}
    none = np.zeros(len(first.comments))
    counts, real_counts = (
        {name: one.get(name, none) + other.get(name, none) for name in sorted(found)}
        for found, one, other in (
            (names[0], first.counts, second.counts),
            (names[1], first.real_counts, second.real_counts),
        )
    )
    return Purchase(
        followers=first.followers + second.followers,
        real=first.real + second.real,
        following=first.following + second.following,
        n_followers=first.n_followers + second.n_followers,
        days=np.union1d(first.days, second.days),
        counts=counts,
        real_counts=real_counts,
        concerned=first.concerned | second.concerned,
        comments=first.comments + second.comments,
        style=first.style or second.style,
        profiles_share=max(first.profiles_share, second.profiles_share),
    )


def no_purchase(target: CampaignTarget) -> Purchase:
    """Nothing bought."""
    n_readings, n_posts = len(target.at), len(target.posts_at)
    none = np.zeros(n_readings)
    return Purchase(
        followers=none,
        real=none,
        following=none,
        n_followers=0,
        days=np.zeros(0, dtype=np.int64),
        counts={},
        real_counts={},
        concerned=np.zeros(n_posts, dtype=np.bool_),
        comments=np.zeros(n_posts, dtype=np.int64),
    )


def _buy_followers(campaign: Campaign, target: CampaignTarget, rng: np.random.Generator) -> Purchase:
    first_reading, last_reading = target.days[0], target.days[-1]
    if campaign.on is not None:
        first = int(last_reading) + 1 - campaign.on
    else:
        # Any day with four weeks before it and one after it; in a short series any day but the first.
        low, high = first_reading + DAYS_BEFORE, last_reading - DAYS_AFTER
        if high <= low:
            low, high = min(first_reading + 1, last_reading), last_reading
        first = int(rng.integers(low, high + 1))
    days = np.arange(first, last_reading + 1)
    delivery = draw_delivery(campaign.manipulation, (days + FIRST_WEEKDAY) % 7, rng, campaign.n_days)
    n_days = len(delivery.comes)
    last = first + n_days - 1
    n_real = float(np.interp(last + 1, target.at, target.n_followers))
    # At least one; half of the orders are of two figures and noughts, as sellers' lists have them (chosen).
    wanted = campaign.dose / (1 - campaign.dose) * n_real
    unit = 10 ** (int(np.log10(wanted)) - 1) if rng.random() < 0.5 and wanted >= 100 else 1  # noqa: PLR2004
    n_bought = max(int(round(wanted / unit) * unit), 1)
    followers = np.rint(n_bought * delivery.by_moment(target.at, first))
    # The real growth that hides it: a rise that dies away, or uneven days of a long one.
    scatter = np.exp(0.45 * rng.standard_normal(n_days + 2))
    shape = np.exp(-np.arange(n_days + 2) / rng.uniform(0.7, 1.5)) if n_days <= DAYS_AFTER else np.ones(n_days + 2)
    if n_days > DAYS_AFTER:
        shape[n_days:] = 0.0
    risen = arrived(target.at, first, shape * scatter / (shape * scatter).sum())
    real = np.rint(campaign.camouflage * n_bought * risen)
    # Posts from the day before the first day to the last; without any, the newest before.
    is_near = (target.posts_at >= first - 1) & (target.posts_at < last + 1)
    is_before = target.posts_at < first
    if not is_near.any() and is_before.any():
        is_near = target.posts_at == target.posts_at[is_before].max()
    purchase = replace(
        no_purchase(target),
        followers=followers,
        real=real,
        n_followers=n_bought,
        days=first + np.flatnonzero(np.rint(n_bought * delivery.comes) > 0),
        real_counts=_carry(target, is_near, campaign.camouflage * n_bought),
    )
    if campaign.manipulation == "follow_unfollow":
        # Accounts followed in the hope of a follow back, and unfollowed a fortnight later.
        followed = n_bought / FOLLOW_BACK_SHARE * delivery.comes
        undone = (1 - FOLLOW_BACK_SHARE) * arrived(target.at, first + 14, followed)
        return replace(purchase, following=np.rint(arrived(target.at, first, followed) - undone))
    return _add_workers(purchase, target, is_near, rng) if campaign.manipulation == "crowd_workers" else purchase


def _carry(target: CampaignTarget, is_concerned: Flags, n_followers: float) -> dict[str, Reals]:
    """Counts that the posts concerned must have on top, to have brought so many real followers."""
    base = sum(float(np.nansum(values[is_concerned])) for name, values in target.counts.items() if name != "n_views")
    if n_followers == 0 or base == 0:
        return {}
    factor = n_followers / target.follows / base
    return {name: np.where(is_concerned, np.rint(values * factor), 0.0) for name, values in target.counts.items()}


def _add_workers(purchase: Purchase, target: CampaignTarget, is_near: Flags, rng: np.random.Generator) -> Purchase:
    """Likes and comments that come with followers who are people, on the posts of those days."""
    n_posts = int(is_near.sum())
    if n_posts == 0:
        return purchase
    shares = {"n_likes": WORKERS_LIKE_SHARE, "n_comments": WORKERS_COMMENT_SHARE}
    counts = {
        name: np.where(is_near, rng.poisson(share * purchase.n_followers / n_posts, len(is_near)), 0).astype(np.float64)
        for name, share in shares.items()
        if name in target.counts
    }
    comments = counts.get("n_comments", np.zeros(len(is_near))).astype(np.int64)
    return replace(purchase, counts=counts, concerned=is_near, comments=comments, style="rewritten")


def _buy_on_posts(campaign: Campaign, target: CampaignTarget, world: World, rng: np.random.Generator) -> Purchase:
    name = COUNT_BOUGHT.get(campaign.manipulation, "n_comments")
    base = "n_likes" if campaign.manipulation == "engagement_pod" else name
    counted = target.counts.get(base, np.full(len(target.posts_at), np.nan))
    known = np.isfinite(counted)
    if not known.any():
        return no_purchase(target)
    share = rng.uniform(*world.concerned_share) if campaign.posts_share is None else campaign.posts_share
    # The newest posts, or posts here and there; at least one.
    which = np.flatnonzero(known)
    n = max(round(share * len(which)), 1)
    by_age = which[np.argsort(target.posts_at[which], kind="stable")]
    concerned = np.zeros(len(known), dtype=np.bool_)
    concerned[by_age[-n:] if rng.random() < 0.5 else rng.choice(which, n, replace=False)] = True  # noqa: PLR2004 (either way)
    usual = max(float(counted[concerned].mean()), 1.0)
    scatter = world.even_packet * rng.standard_normal(len(concerned))
    packet = np.where(concerned, np.maximum(np.rint(campaign.dose * usual * (1 + scatter)), 1), 0.0)
    counts = {name: packet}
    if campaign.manipulation == "engagement_pod":
        # Nine members in ten like, a third to all of these comment (chosen).
        likes = rng.binomial(packet.astype(np.int64), 0.9).astype(np.float64)
        comments = rng.binomial(likes.astype(np.int64), rng.uniform(0.33, 1.0)).astype(np.float64)
        counts = {"n_likes": likes, "n_comments": comments}
    factor = campaign.camouflage * campaign.dose
    real = {key: np.where(concerned, np.rint(values * factor), 0.0) for key, values in target.counts.items()}
    return replace(
        no_purchase(target),
        counts={key: values for key, values in counts.items() if key in target.counts},
        real_counts=real if factor else {},
        concerned=concerned,
        comments=counts.get("n_comments", np.zeros(len(concerned))).astype(np.int64),
        style=STYLES.get(campaign.manipulation, ""),
    )
