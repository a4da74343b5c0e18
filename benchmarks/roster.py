"""How often what is said of a roster holds the truth, and how wide it is, on rosters that are simulated whole.

Pairs: two audiences of known size and overlap, a random draw of each. Sets: five audiences, nested, neighbouring and
apart, of whom every account is simulated; what is held against the truth is all at once (union), its genuine part where
each share is known within ten points, and what each adds in the greedy order. Commenters: three creators of one crowd
that comments equally often, by a gamma, or by Zipf's law, each post on its own or some days all more than on others
("busy days"); the truth is the mean over all repeats, and for what nobody saw the crowd itself.

    python -m benchmarks.roster [n_repeats]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from zhenfen.estimators.overlap import bound_added, bound_genuine, bound_union, estimate_shared, sum_shared
from zhenfen.estimators.sightings import Sightings

FloatArray = NDArray[np.float64]
N_REPEATS = 400
SEED = 11
PAIRS = (
    (10_000, 20_000, 3_000, 500, 500),
    (10_000, 20_000, 0, 500, 500),
    (10_000, 8_000, 100, 1_000, 1_000),
    (100_000, 50_000, 20_000, 300, 50_000),
    (5_000, 5_000, 2_500, 2_500, 5_000),
    (2_000, 3_000, 1_500, 1_000, 1_500),
    (1_000_000, 800_000, 200_000, 1_000, 1_000),
    (1_000_000, 800_000, 200_000, 5_000, 5_000),
)
"""Accounts of the two, of both, and drawn of each."""
STARTS, SIZES = (0, 40_000, 70_000, 10_000, 200_000), (60_000, 45_000, 30_000, 6_000, 4_000)
FAKE_SHARE, WITHIN = 0.2, 0.1
CROWDS = ("equal", "gamma", "zipf")
POSTS = ((5, 5, 5), (10, 20, 10), (40, 40, 40))
N_CROWD = 2_000
MEMBERS = (0.5, 0.3, 0.3)
"""Share of the crowd that comments under each of the three at all."""


def judge_pairs(n_repeats: int, random: np.random.Generator) -> Iterator[str]:
    """A line a pair: coverage, share of repeats above the lower end, mean width by the truth."""
    for n_first, n_second, n_shared, first, second in PAIRS:
        held = random.hypergeometric(n_shared, n_first - n_shared, first, n_repeats)
        both = np.array([random.hypergeometric(one, n_second - one, second) for one in held])
        drawn, totals = (np.tile(pair, (n_repeats, 1)) for pair in ((first, second), (n_first, n_second)))
        low, _, high = estimate_shared(both, drawn, totals).T
        covers = np.mean((low <= n_shared) & (n_shared <= high))
        width = np.mean(high - low) / max(n_shared, 1)
        named = f"{n_first:,} and {n_second:,}, both {n_shared:,}, drawn {first:,} and {second:,}"
        yield f"{named} | {covers:.3f} | {np.mean(low <= n_shared):.3f} | {width:.2f}"


def judge_sets(n_repeats: int, random: np.random.Generator) -> Iterator[str]:
    """A line a size of draw: coverage and mean width of the union, of its genuine part, of what each adds."""
    members = [np.arange(start, start + size) for start, size in zip(STARTS, SIZES, strict=True)]
    sizes, k = np.array(SIZES, dtype=np.float64), len(SIZES)
    n_union = len(np.unique(np.concatenate(members)))
    genuine = n_union * (1 - FAKE_SHARE)
    first, second = np.triu_indices(k, 1)
    shares = [(FAKE_SHARE - WITHIN, FAKE_SHARE + WITHIN)] * k
    news = [len(np.setdiff1d(one, np.concatenate([np.empty(0), *members[:at]]))) for at, one in enumerate(members)]
    for n_drawn in (500, 3_000, 60_000):
        found: list[tuple[bool, float, bool, float, bool]] = []
        for _ in range(n_repeats if n_drawn < max(SIZES) else 1):
            drawn = [random.choice(one, min(n_drawn, len(one)), replace=False) for one in members]
            pairs = zip(first, second, strict=True)
            both = np.array([len(np.intersect1d(drawn[i], drawn[j], assume_unique=True)) for i, j in pairs])
            lengths = np.array([len(one) for one in drawn])
            n_lists, n_total = (np.stack([of[first], of[second]], axis=1) for of in (lengths, np.array(SIZES)))
            shared = np.zeros((k, k, 3))
            level = 1 - 0.05 / (len(first) + 1)
            shared[first, second] = estimate_shared(both, n_lists, n_total, level)
            shared += shared.transpose(1, 0, 2)
            low, high = bound_union(sizes, shared[..., 0], shared[..., 2], sum_shared(both, n_lists, n_total, level))
            of_genuine = bound_genuine((low, high), sizes, shares)
            added = [bound_added(sizes[at], shared[at, :at]) for at in range(k)]
            holds = all(ends[0] <= new <= ends[2] for ends, new in zip(added, news, strict=True))
            found.append(
                (
                    low <= n_union <= high,
                    high - low,
                    of_genuine[0] <= genuine <= of_genuine[1],
                    np.ptp(of_genuine),
                    holds,
                )
            )
        covers, width, covers_genuine, width_genuine, holds_all = np.mean(found, axis=0)
        yield (
            f"five, drawn {n_drawn:,} of each | union {covers:.3f}, width {width / n_union:.2f} | "
            f"genuine {covers_genuine:.3f}, width {width_genuine / genuine:.2f} | added, all five {holds_all:.3f}"
        )


def judge_commenters(n_repeats: int, random: np.random.Generator) -> Iterator[str]:
    """A line a crowd, posts and days: coverage of shared, union and added, and of "at least"."""
    for crowd in CROWDS:
        for n_posts in POSTS:
            for is_busy in (False, True):
                rates = np.stack([_draw_rates(crowd, share, random) for share in MEMBERS])
                n_shared = int(((rates[0] > 0) & (rates[1] > 0)).sum())
                counts, leasts = [], []
                for _ in range(n_repeats):
                    seen = _draw_sightings(rates, n_posts, is_busy, random)
                    counts.append([seen.count_shared(0, 1), seen.count_union(range(3)), seen.count_added(1, [0, 2])])
                    leasts.append(seen.least_shared(0, 1))
                said = []
                for name, column in zip(("shared", "union", "added"), zip(*counts, strict=True), strict=True):
                    truth = float(np.mean([one.value for one in column]))
                    covers = np.mean([(one.low or 0) <= truth <= (one.high or 0) for one in column])
                    said.append(f"{name} {truth:.0f}: {covers:.3f}")
                known = np.array([one for one in leasts if one is not None])
                holds = (
                    "never said" if not len(known) else f"{np.mean(known <= n_shared):.3f} (said {known.mean():.0f})"
                )
                days = "busy days" if is_busy else "even"
                yield f"{crowd}, {n_posts} posts, {days} | {' | '.join(said)} | at least, of {n_shared}: {holds}"


def _draw_rates(crowd: str, share: float, random: np.random.Generator) -> FloatArray:
    """How likely each of the crowd comments under a post; 0 for who never does."""
    rates = np.full(N_CROWD, 0.08)
    if crowd == "gamma":
        rates = random.gamma(0.5, 2, N_CROWD) * 0.02
    if crowd == "zipf":
        rates = random.permutation(1 / np.arange(1, N_CROWD + 1))
        rates *= 0.02 / rates.mean()
    return np.where(random.random(N_CROWD) < share, np.minimum(rates, 0.9), 0.0)


def _draw_sightings(
    rates: FloatArray, n_posts: tuple[int, ...], is_busy: bool, random: np.random.Generator
) -> Sightings:
    creators = np.repeat(np.arange(len(n_posts)), n_posts)
    factor = random.gamma(2, 0.5, len(creators)) if is_busy else np.ones(len(creators))
    posts, persons = np.nonzero(random.random((len(creators), N_CROWD)) < rates[creators] * factor[:, None])
    return Sightings(persons, posts, creators)


def main() -> None:
    """Print every line."""
    n_repeats = int(sys.argv[1]) if len(sys.argv) > 1 else N_REPEATS
    random = np.random.default_rng(SEED)
    for judge in (judge_pairs, judge_sets, judge_commenters):
        print(judge.__name__)
        for line in judge(n_repeats, random):
            print(" ", line, flush=True)


if __name__ == "__main__":
    main()
