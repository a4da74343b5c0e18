"""Figures as a reader takes them: counts as counts, and no two that differ printed alike."""

from __future__ import annotations

import re
from math import log10

import numpy as np
import polars as pl
import pytest

from zhenfen.features.audience.profile import PROFILE_SPECS
from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.monitoring.comparison import compare_columns
from zhenfen.monitoring.figures import SCALES, find_scale, tell_apart, tell_pair, tell_shares
from zhenfen.monitoring.prevalence import Detector, compare_shares
from zhenfen.monitoring.rules import load_rules
from zhenfen.monitoring.summary import tell_findings, tell_move

ENGLISH = Catalogue("en")
RULES = load_rules().rules


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        ((0.0, 1.0), "0% → 100%"),
        ((0.25, 0.25), "25%"),
        ((0.971, 0.974), "97.1% → 97.4%"),
        ((0.97, 0.9701), "97.00% → 97.01%"),
        ((0.5, 0.5 + 1e-12), "50% (moved by less than 0.000001)"),
        ((0.0, 1e-5), "0.000% → 0.001%"),
    ],
)
def test_shares_that_differ_never_print_alike(pair: tuple[float, float], expected: str) -> None:
    assert tell_shares(pair, ENGLISH) == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_pair_of_any_size_prints_alike(language: str) -> None:
    catalogue = Catalogue(language)
    rng = np.random.default_rng(5)
    for size in range(1, 12):
        for value in rng.random(20):
            pair = float(value), float(value + 10.0**-size * rng.random())
            for told in (tell_shares(pair, catalogue), tell_pair(pair, catalogue.number, catalogue)):
                first, arrow, second = told.partition(" → ")
                assert (arrow and first != second) or "0.000001" in told.replace(",", "."), (pair, told)


def test_no_more_digits_than_it_takes() -> None:
    assert tell_apart((0.3, 0.7), ENGLISH.number, 2) == "0.3 → 0.7"
    assert tell_apart((0.9712, 0.9714), ENGLISH.number, 2) == "0.9712 → 0.9714"


@pytest.mark.parametrize("n", [0, 1, 9, 12_345, 98_765_432])
def test_a_logarithm_is_told_as_the_count_it_was(n: int) -> None:
    scale = find_scale("profile_followers_log10")
    assert scale.write(log10(1 + n), 0, ENGLISH) == f"{n:,}"


def test_every_logarithm_of_a_profile_has_words_in_each_language() -> None:
    logs = {spec.name for spec in PROFILE_SPECS if spec.unit == "log10"}
    assert logs <= set(SCALES)
    for scale in SCALES.values():
        assert scale.words is not None
        assert len({Catalogue(language).text(scale.words) for language in LANGUAGES}) == 3


def move(
    column: str, then: list[float | bool | None], now: list[float | bool | None], language: str = "en"
) -> str | None:
    frames = (pl.DataFrame({column: values * 40}) for values in (then, now))
    (found,) = compare_columns(*frames, {}, RULES)
    return tell_move(found.comparison, Catalogue(language))


@pytest.mark.parametrize(
    ("column", "then", "now", "expected"),
    [
        ("profile_followers_log10", [log10(101)], [log10(401)], "followers, median 100 → 400"),
        ("profile_following_by_followers_log10", [0.0], [-1.0], "accounts followed a follower, median 1 → 0.1"),
        ("profile_created_days", [0.0], [366.0], "day it was made, median 2000-01-01 → 2001-01-01"),
        ("profile_name_digit_share", [0.25], [0.5], "median 25% → 50%"),
        ("profile_avatar_flag", [0.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 1.0], "share of rows with it 25% → 75%"),
        ("profile_avatar_flag", [0.0], [1.0], "share of rows with it 0% → 100%"),
        ("profile_avatar_flag", [1.0], [0.0], "share of rows with it 100% → 0%"),
        ("is_disclosed", [True, False], [False], "share of rows with it 50% → 0%"),
        ("p_fake", [0.9711], [0.9714], "median 0.9711 → 0.9714"),
        ("p_fake", [0.1, 0.5, 0.9], [0.1, 0.5, 0.5 + 1e-12, 0.9], "share of “0.5 – 0.9” 33% → 50%"),
    ],
)
def test_a_move_is_told_in_what_was_measured(
    column: str, then: list[float | bool | None], now: list[float | bool | None], expected: str
) -> None:
    assert move(column, then, now) == expected


def test_bins_of_a_logarithm_are_named_by_counts() -> None:
    # The median stands still; a part of the rows went from 0 to 1,000.
    told = move("profile_followers_log10", [0.0, 0.0, 2.0, 2.0, 2.0, 3.0], [0.0, 2.0, 2.0, 2.0, 3.0, 3.0])
    assert told is not None
    assert re.fullmatch(r"followers, share of “[\d,– ]+” \d+% → \d+%", told), told


def test_a_flagged_share_that_moved_a_little_has_its_digits() -> None:
    then, now = (pl.DataFrame({"p": np.arange(200_000) < n}).cast(pl.Float64) for n in (194_000, 194_006))
    (change,) = compare_shares(then, now, [Detector("p", 0.5, 0.5, {}, ())], RULES)
    from zhenfen.monitoring.summary import tell_share

    shown = tell_share(change, ENGLISH)
    assert shown["reference_text"].startswith("97.000% (")
    assert shown["new_text"].startswith("97.003% (")
    assert shown["change_text"].startswith("+0.003 (")


def test_findings_of_a_platform_hold_counts_in_every_language() -> None:
    rng = np.random.default_rng(1)
    logs = np.log10(1 + rng.poisson(100, 500))
    frames = [pl.DataFrame({"profile_followers_log10": one}) for one in (logs, np.log10(1 + 4 * (10**logs - 1)))]
    columns = compare_columns(*frames, {}, RULES)
    for language in LANGUAGES:
        (told,) = tell_findings(columns, [], Catalogue(language))
        then, now = map(int, re.findall(r"\d+(?= →|(?<=→ )\d+)|(?<=→ )\d+", told))
        assert now == 4 * then
