"""Commenters counted once: small cases by hand, laws, and coverage by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from zhenfen.estimators.sightings import N_POSTS_NEEDED, N_SHARED_NEEDED, SeenCount, Sightings


def see(*creators: list[list[int]]) -> Sightings:
    """Of each creator the accounts under each post."""
    rows = [(person, creator, post) for creator, posts in enumerate(creators) for post in posts for person in post]
    of_posts = [creator for creator, posts in enumerate(creators) for _ in posts]
    codes = [code for code, post in enumerate(post for posts in creators for post in posts) for _ in post]
    return Sightings(np.array([row[0] for row in rows]), np.array(codes), np.array(of_posts))


A = [[0, 1], [1, 2], [2, 3], [3, 4], [4, 0]]
B = [[3, 4, 5], [5, 6], [6, 7], [7, 3], [5]]
C = [[9]]


def test_accounts_are_counted_once() -> None:
    seen = see(A, B, C)
    assert seen.count_shared(0, 1).value == 2
    assert seen.count_union([0, 1]).value == 8
    assert seen.count_union([0, 1, 2]).value == 9
    assert seen.count_added(1, [0]).value == 3
    assert seen.count_added(0, []).value == seen.count_union([0]).value == 5
    assert seen.count_added(0, [0]).value == 0


def test_few_posts_have_no_interval_and_nothing_seen_has_an_upper_end() -> None:
    seen = see(A, B, C)
    assert seen.count_union([0, 2]) == SeenCount(6, None, None)
    # What was seen under few posts is taken as it is; the posts of the one that is added count.
    assert seen.count_added(0, [2]).low is not None
    assert seen.count_added(2, [0]).low is None
    apart = see(A, [[person + 20 for person in post] for post in A]).count_shared(0, 1)
    assert (apart.value, apart.low) == (0, 0.0)
    assert apart.high == pytest.approx(3.69, abs=0.01)


def test_the_interval_is_of_the_posts_left_out_one_by_one() -> None:
    # Each post has ten accounts of its own: left out, it takes ten away, each the same, and nothing spreads but counts.
    even = see([[10 * post + k for k in range(10)] for post in range(8)]).count_union([0])
    # The same 80 accounts, but 73 of them under one post.
    odd = see([list(range(73)), *([73 + post] for post in range(7))]).count_union([0])
    assert even.value == odd.value == 80
    assert even.low is not None and even.high is not None and odd.low is not None and odd.high is not None
    assert odd.high - odd.low > 3 * (even.high - even.low)
    assert even.low < 80 < even.high


def test_names_and_order_change_nothing() -> None:
    seen, random = see(A, B), np.random.default_rng(1)
    order = random.permutation(len(seen.persons))
    names = random.permutation(int(seen.persons.max()) + 1)
    turned = Sightings(names[seen.persons[order]], seen.posts[order], seen.creators)
    assert turned.count_shared(0, 1) == seen.count_shared(0, 1) == seen.count_shared(1, 0)
    assert turned.count_added(1, [0]) == seen.count_added(1, [0])
    assert turned.least_shared(0, 1) == seen.least_shared(0, 1)


def test_a_larger_set_never_has_fewer() -> None:
    seen = see(A, B, C)
    assert seen.count_union([0]).value <= seen.count_union([0, 1]).value <= seen.count_union([0, 1, 2]).value
    assert seen.count_added(1, [0, 2]).value <= seen.count_added(1, [0]).value <= seen.count_added(1, []).value


def spread(n_posts: int, n_people: int, seed: int, rate: float) -> list[list[int]]:
    random = np.random.default_rng(seed)
    return [np.flatnonzero(random.random(n_people) < rate).tolist() for _ in range(n_posts)]


def test_those_not_seen_are_told_only_where_enough_was() -> None:
    assert see(A, B).least_shared(0, 1) is None
    thick = see(spread(10, 300, 1, 0.1), spread(10, 300, 2, 0.1))
    n_seen, least = thick.count_shared(0, 1).value, thick.least_shared(0, 1)
    assert n_seen > N_SHARED_NEEDED and least is not None
    assert n_seen < least <= 300
    assert see(spread(N_POSTS_NEEDED - 1, 300, 1, 0.3), spread(10, 300, 2, 0.3)).least_shared(0, 1) is None


def test_who_was_seen_often_under_both_leaves_nobody_unseen() -> None:
    often = [list(range(20))] * 6
    assert see(often, often).least_shared(0, 1) == 20


def test_the_lower_bound_is_pan_chao_and_foissner_s() -> None:
    """By hand: of 14 in both, 6 once and 3 twice in the second, 4 once and 2 twice in the first, 2 once in both."""
    first = [list(range(14)), list(range(4, 14)), list(range(6, 14)), list(range(6, 14)), [*range(6, 14)]]
    second = [list(range(2, 8)), [*range(14)], [8, 9, 10, *range(2)], list(range(11, 14)), [*range(11, 14)]]
    seen = see(first, second)
    counts = [np.bincount(np.concatenate(one), minlength=14) for one in (first, second)]
    x, y = counts
    k = 4 / 5
    expected = 14 + k * sum(y == 1) * (sum(y == 1) - 1) / (2 * (sum(y == 2) + 1))
    expected += k * sum(x == 1) * (sum(x == 1) - 1) / (2 * (sum(x == 2) + 1))
    both = sum((x == 1) & (y == 1))
    expected += k * k * both * (both - 1) / (4 * (sum((x == 2) & (y == 2)) + 1))
    least = seen.least_shared(0, 1, confidence_level=1e-9)
    assert least == int(expected)
    sure = seen.least_shared(0, 1)
    assert sure is not None and 14 <= sure <= int(expected)


@pytest.mark.parametrize("law", ["equal", "zipf"])
def test_intervals_hold_as_often_as_they_say(law: str) -> None:
    random = np.random.default_rng(5)
    rates = np.full(400, 0.08) if law == "equal" else np.minimum(2.0 / np.arange(1, 401), 0.9)
    member = random.random((2, 400)) < 0.6
    counts, leasts = [], []
    for _ in range(150):
        found = random.random((20, 400)) < np.where(member[np.repeat([0, 1], 10)], rates, 0)
        posts, persons = np.nonzero(found)
        seen = Sightings(persons, posts, np.repeat([0, 1], 10))
        counts.append((seen.count_shared(0, 1), seen.count_union([0, 1]), seen.count_added(1, [0])))
        leasts.append(seen.least_shared(0, 1))
    for column in zip(*counts, strict=True):
        truth = np.mean([one.value for one in column])
        assert np.mean([one.low <= truth <= one.high for one in column]) >= 0.95
    n_shared = (member[0] & member[1]).sum()
    assert np.mean([least is None or least <= n_shared for least in leasts]) >= 0.975
