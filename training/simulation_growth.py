"""How followers come from day to day: parameters under which simulated channels look like the organic VTuber channels.

The method of simulated moments: the same windows (channel, followers at the beginning, length) are simulated and read
as the real ones are, and a cross-entropy search (Rubinstein, 1999) moves the parameters until the readings agree.
Channels are split in two by a hash of their id: one half is fitted on, the other is for the comparison.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from training.datasets import read_vtuber_windows
from zhenfen.features.growth.days import MAD_TO_SIGMA, make_daily
from zhenfen.simulate.organic import Ints, Reals, draw_traits, make_gains, make_posts
from zhenfen.simulate.parameters import Parameters, Scatter

LEAST_STEPS = 60
"""Of 90 days: enough for a 95th percentile of the days."""
LEAST_MEDIAN = 5
"""Below it counting noise makes the ratio of a day to the median."""
DEBUT_BELOW = 15_000
"""A channel's first window below this size is its debut."""
SIZES = (0, 10_000, 50_000, 200_000)
RISE_FROM = 8.0
"""Peaks by the median day from which on what follows is read as a rise dying away."""
PLATFORM = "bilibili"
N_GENERATIONS, N_TRIALS, N_ELITE = 16, 32, 8


@dataclass(frozen=True)
class Window:
    """Daily gains of a channel within 90 days without gaps.

    Attributes:
        channel: Whose they are.
        n_followers: At the beginning.
        gains: Followers gained day by day.
        weekday: 0 for Monday, of each day.
        is_debut: Whether it is the channel's first while it was small.
    """

    channel: str
    n_followers: int
    gains: Reals
    weekday: Ints
    is_debut: bool


def read_windows(folder: Path) -> list[Window]:
    """The windows of all channels with at least 60 daily steps."""
    daily = make_daily(read_vtuber_windows(folder)["follower_counts"]).drop_nulls("n_gained").sort("creator_id", "day")
    windows, seen = [], set()
    for (creator_id,), part in daily.group_by("creator_id", maintain_order=True):
        channel = str(creator_id).partition("@")[0]
        is_first = channel not in seen
        seen.add(channel)
        if len(part) < LEAST_STEPS:
            continue
        n_followers = int(part["n_before"][0])
        gains, weekday = part["n_gained"].cast(pl.Float64).to_numpy(), part["day"].dt.weekday().to_numpy() - 1
        windows.append(Window(channel, n_followers, gains, weekday, is_first and n_followers < DEBUT_BELOW))
    return windows


def split_windows(windows: Sequence[Window]) -> tuple[list[Window], list[Window]]:
    """Windows of one half of the channels and of the other."""
    halves: tuple[list[Window], list[Window]] = ([], [])
    for window in windows:
        halves[zlib.crc32(window.channel.encode()) % 2].append(window)
    return halves


def simulate_windows(windows: Sequence[Window], parameters: Parameters, seed: int, n_times: int = 1) -> list[Window]:
    """Each window played `n_times` by a simulated channel of its size and length."""
    played = []
    for (at, window), again in itertools.product(enumerate(windows), range(n_times)):
        rng = np.random.default_rng((seed, at, again))
        kind, n_days = "new_account" if window.is_debut else "koc", len(window.gains)
        traits = draw_traits(kind, PLATFORM, n_days, parameters, rng, n_followers=window.n_followers)
        gains, _ = make_gains(traits, make_posts(traits, rng), window.weekday, parameters.growth, rng)
        played.append(replace(window, gains=gains.astype(np.float64)))
    return played


def describe(windows: Sequence[Window]) -> dict[str, float]:
    """What is compared: name of the quantile → value."""
    busy = [window for window in windows if np.median(window.gains) >= LEAST_MEDIAN]
    by_median = [window.gains / np.median(window.gains) for window in busy]
    robust_cv = [MAD_TO_SIGMA * np.median(np.abs(days - np.median(days))) / np.median(days) for days in by_median]
    largest = [window.gains.max() / np.maximum(window.gains, 0).sum() for window in busy]
    size = np.array([window.n_followers for window in windows])
    after = [max(window.n_followers + window.gains.sum(), 1.0) for window in windows]
    grown = zip(after, windows, strict=True)
    growth = np.array([np.log(end / window.n_followers) * 90 / len(window.gains) for end, window in grown])
    found = {
        **_quantiles(
            "day_by_median", np.concatenate(by_median), (0.1, 0.25, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
        ),
        **_quantiles("robust_cv", robust_cv, (0.05, 0.25, 0.5, 0.75, 0.95)),
        **_quantiles("p95_by_median", [np.quantile(days, 0.95) for days in by_median], (0.1, 0.25, 0.5, 0.75, 0.9)),
        **_quantiles("largest_day_share", largest, (0.05, 0.25, 0.5, 0.75, 0.95)),
        **_quantiles("next_day_correlation", [_next_day(window.gains) for window in busy], (0.1, 0.25, 0.5, 0.75, 0.9)),
        **_quantiles("losing_days_share", [(window.gains < 0).mean() for window in windows], (0.5, 0.75, 0.9)),
    }
    for low, high in zip(SIZES, (*SIZES[1:], np.inf), strict=True):
        found |= _quantiles(f"growth_90d from {low}", growth[(size >= low) & (size < high)], (0.25, 0.5, 0.75))
    return found


def _quantiles(name: str, values: Sequence[float] | Reals, at: Sequence[float]) -> dict[str, float]:
    return {f"{name} p{100 * q:g}": float(np.quantile(np.asarray(values), q)) for q in at}


def _next_day(gains: Reals) -> float:
    logs = np.log1p(np.maximum(gains, 0))
    return float(np.corrcoef(logs[1:], logs[:-1])[0, 1]) if logs.std() > 0 else 0.0


def distance(simulated: Mapping[str, float], real: Mapping[str, float]) -> float:
    """Sum of squared differences: of positive sizes in tenths of a log, of shares and correlations in tenths."""
    return sum(_difference(name, simulated[name], value) ** 2 for name, value in real.items())


def _difference(name: str, simulated: float, real: float) -> float:
    if name.startswith(("next_day", "losing")):
        return (simulated - real) / 0.1
    if name.startswith("growth"):
        # Few windows a size: their quantiles are known to a quarter.
        return (simulated - real) / max(0.25 * abs(real), 0.05)
    return float(np.log(max(simulated, 1e-3) / max(real, 1e-3)) / 0.1)


def measure_weekdays(windows: Sequence[Window]) -> tuple[float, ...]:
    """Gains on Monday to Sunday by those of a mean day; days above five medians are cut, to hold no single rise."""
    busy = [window for window in windows if np.median(window.gains) >= LEAST_MEDIAN]
    days = np.concatenate([np.clip(window.gains / np.median(window.gains), 0, 5) for window in busy])
    weekday = np.concatenate([window.weekday for window in busy])
    means = np.array([days[weekday == at].mean() for at in range(7)])
    return tuple(round(float(mean), 3) for mean in means / means.mean())


def measure_decay(windows: Sequence[Window]) -> tuple[float, ...]:
    """What is left of a rise on its day and the three after: medians over the best days of all windows."""
    left = []
    for window in windows:
        median, peak = np.median(window.gains), int(window.gains.argmax())
        after = window.gains[peak : peak + 4]
        if median >= LEAST_MEDIAN and after[0] >= RISE_FROM * median and len(after) == len((0, 1, 2, 3)):
            left.append((after - median) / (after[0] - median))
    return tuple(round(float(max(value, 0.0)), 3) for value in np.median(np.array(left), axis=0))


START = {
    "even_share": 0.3,
    "day_log_sd": 0.4,
    "day_log_sd_scatter": 0.4,
    "slow_log_sd": 0.55,
    "slow_days": 17,
    "rises_per_day": 0.03,
    "rise_size": 1.5,
    "rise_size_scatter": 0.6,
    "rise_tail": 1.4,
    "leaves": 1e-4,
    "leaves_scatter": 1.0,
    "follows": 0.04,
    "follows_scatter": 0.5,
    "follows_slope": 0.05,
    "views_log_sd": 0.9,
}
"""Where the search begins; follows_slope stands for its negative, for the search goes by logs."""
LOOKS_AROUND = 0.35
"""Spread of the first trials' logs."""


def fit_growth(windows: Sequence[Window], parameters: Parameters, seed: int) -> Parameters:
    """`parameters` with the growth and the follows on Bilibili under which simulated windows look like `windows`."""
    real, rng = describe(windows), np.random.default_rng(seed)
    middle = np.log(list(START.values()))
    spread = np.full(len(middle), LOOKS_AROUND)
    for generation in range(N_GENERATIONS):
        trials = middle + spread * rng.standard_normal((N_TRIALS, len(middle)))
        trials[0] = middle
        found = [
            distance(describe(simulate_windows(windows, with_values(parameters, trial), generation)), real)
            for trial in trials
        ]
        best = trials[np.argsort(found)[:N_ELITE]]
        # Half a step at a time: with so few trials a full one would freeze the search too soon.
        middle, spread = (middle + best.mean(axis=0)) / 2, (spread + best.std(axis=0)) / 2
        print(f"generation {generation}: distance {min(found):.0f}, median {np.median(found):.0f}")
    return with_values(parameters, middle)


def with_values(parameters: Parameters, logs: Reals) -> Parameters:
    """`parameters` with those of START, given as logs."""
    value = {name: float(f"{np.exp(log):.3g}") for name, log in zip(START, logs, strict=True)}
    growth = parameters.growth.model_copy(
        update={
            "even_share": min(value["even_share"], 1.0),
            "day_log_sd": Scatter(median=value["day_log_sd"], log_sd=value["day_log_sd_scatter"]),
            "slow_log_sd": value["slow_log_sd"],
            "slow_days": value["slow_days"],
            "rises_per_day": value["rises_per_day"],
            "rise_size": Scatter(median=value["rise_size"], log_sd=value["rise_size_scatter"]),
            "rise_tail": value["rise_tail"],
        }
    )
    follows = Scatter(median=value["follows"], log_sd=value["follows_scatter"], slope=-value["follows_slope"])
    posts = parameters.platforms[PLATFORM]
    views_log_sd = posts.views_log_sd.model_copy(update={"median": value["views_log_sd"]})
    leaves = Scatter(median=value["leaves"], log_sd=value["leaves_scatter"])
    changed = {"follows_per_interaction": follows, "views_log_sd": views_log_sd, "leaves_per_day": leaves}
    posts = posts.model_copy(update=changed)
    return parameters.model_copy(update={"growth": growth, "platforms": {**parameters.platforms, PLATFORM: posts}})
