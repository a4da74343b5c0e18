"""Which profiles a person is asked to label: a stratified random draw with known inclusion probabilities."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zhenfen.errors import ConfigError

N_STRATA = 5
"""Fifths of the scores. With 100 labels of 480 simulated profiles, mean absolute error over shares of 2 to 70 % and AUC
of .6 to .99: one stratum .0232, three .0222, five, eight, ten and sixteen .0218."""
FEWEST_PER_STRATUM = 4
"""Fewer strata are cut when the labels don't reach for this many in each: two would give a variance, a poor one."""
PROPORTIONAL_SHARE = 0.5
"""Part of the labels spread evenly over the profiles, so that a detector that is wrong everywhere does no harm.
The other half goes where the scores are undecided (Neyman allocation): all even .0231, half .0222, none .0219."""
SMALLEST_SPREAD = 0.02
"""Floor of p(1 - p) in the Neyman half: a stratum with all scores near 0 is still looked at (p = .02)."""


class AuditSample(NamedTuple):
    """A draw from N profiles.

    Attributes:
        indices: Rows drawn, ascending, shape (n,).
        strata: Stratum of every profile, 0 = lowest scores, shape (N,).
        inclusion: Probability with which each profile could be drawn, in (0, 1], shape (N,); the same within a stratum.
    """

    indices: NDArray[np.int64]
    strata: NDArray[np.int64]
    inclusion: NDArray[np.float64]


def draw_sample(probas: NDArray[np.float64], n: int, rng_seed: int) -> AuditSample:
    """Draw n of N profiles without replacement, stratified by score.

    The same rows in the same order with the same seed give the same draw; equal scores are told apart by row, so sort
    the profiles by id first.

    Args:
        probas: Scores in [0, 1], shape (N,); only their order and rough size matter.
        n: How many to draw, 1 to N.
        rng_seed: Seed of the draw, to be kept with the labels.

    Raises:
        ConfigError: n is not within 1 and N.
        ValueError: A score is missing or outside [0, 1].
    """
    probas = np.asarray(probas, dtype=np.float64)
    if not 1 <= n <= len(probas):
        raise ConfigError(f"{n} profiles to label: expected 1 to {len(probas)}, the number of scored profiles")
    if not ((probas >= 0) & (probas <= 1)).all():
        raise ValueError("scores must lie in [0, 1]")
    # Strata of equal size by rank, so that equal scores are told apart by row.
    n_strata = int(np.clip(n // FEWEST_PER_STRATUM, 1, N_STRATA))
    ranks = np.empty(len(probas), dtype=np.int64)
    ranks[np.argsort(probas, kind="stable")] = np.arange(len(probas))
    strata = ranks * n_strata // len(probas)
    sizes = np.bincount(strata)
    mean = np.bincount(strata, probas) / sizes
    undecided = sizes * np.sqrt(np.maximum(mean * (1 - mean), SMALLEST_SPREAD))
    shares = PROPORTIONAL_SHARE * sizes / sizes.sum() + (1 - PROPORTIONAL_SHARE) * undecided / undecided.sum()
    # Labels for each stratum: at least two where there are two, never more than there are; they sum to n.
    wanted = np.minimum(np.minimum(2, n // len(sizes)), sizes)
    for _ in range(n - int(wanted.sum())):
        # The stratum furthest behind its due gets the next label; ties go to the higher scores.
        behind = np.where(wanted < sizes, n * shares - wanted, -np.inf)
        wanted[len(sizes) - 1 - int(np.argmax(behind[::-1]))] += 1
    rng = np.random.default_rng(rng_seed)
    chosen = [rng.choice(np.flatnonzero(strata == at), n_drawn, replace=False) for at, n_drawn in enumerate(wanted)]
    return AuditSample(np.sort(np.concatenate(chosen)), strata, (wanted / sizes)[strata])
