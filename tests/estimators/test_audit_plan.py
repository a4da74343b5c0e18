"""When an audit has its answer: questions, batches, and intervals that hold at whichever batch it stops."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from zhenfen.errors import ConfigError
from zhenfen.estimators.audit_plan import Goal, Progress, plan_audit
from zhenfen.estimators.audit_sample import draw_batch, draw_sample

N = 500


def make_audience(share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.random(N) < share
    scores = rng.normal(np.where(truth, 0.9, -0.9), 1)
    return 1 / (1 + np.exp(-1.8 * scores)), truth.astype(float)


def run_audit(goal: Goal, share: float, seed: int) -> tuple[list[Progress], float]:
    probas, truth = make_audience(share, seed)
    labelled, looks, steps = np.zeros(N, dtype=bool), (), []
    while True:
        found = plan_audit(probas, labelled, truth, looks, goal)
        steps.append(found)
        if found.n_more == 0:
            return steps, truth.mean()
        if looks:
            labelled[draw_batch(probas, labelled, truth, found.n_more, (seed, len(looks)))] = True
        else:
            labelled[draw_sample(probas, found.n_more, seed).indices] = True
        looks = (*looks, int(labelled.sum()))


@pytest.mark.parametrize("goal", [Goal(width=0.15), Goal(line=0.3), Goal(width=0.3, line=0.15)])
def test_batches_go_on_until_the_question_is_answered(goal: Goal) -> None:
    steps, _ = run_audit(goal, 0.1, 3)
    first, last = steps[0], steps[-1]
    assert (first.n_labels, first.share, first.n_more, first.is_enough) == (0, None, 30, False)
    assert last.is_enough
    assert last.low is not None and last.high is not None and last.share is not None
    assert last.low <= last.share <= last.high
    assert goal.is_met(last.low, last.high)
    assert all(after.n_labels == before.n_labels + before.n_more for before, after in pairwise(steps))


def test_an_easy_question_takes_fewer_labels_than_a_hard_one() -> None:
    easy, hard = (run_audit(goal, 0.05, 4)[0][-1].n_labels for goal in (Goal(width=0.2), Goal(width=0.1)))
    assert easy < hard
    far, near = (run_audit(Goal(line=line), 0.05, 4)[0][-1].n_labels for line in (0.5, 0.1))
    assert far <= near


def test_what_cannot_be_answered_ends_with_all_labelled() -> None:
    steps, share = run_audit(Goal(width=0.001), 0.3, 5)
    assert (steps[-1].n_labels, steps[-1].n_more, steps[-1].is_enough) == (N, 0, False)
    assert steps[-1].n_expected is None
    assert steps[-1].share == pytest.approx(share)


def test_intervals_hold_though_the_audit_stops_when_it_likes() -> None:
    ends = [
        (steps[-1], share)
        for steps, _ in [run_audit(Goal(width=0.15), 0.2, seed) for seed in range(60)]
        for share in (0.2,)
    ]
    held = [one.low <= share <= one.high for one, share in ends if one.low is not None and one.high is not None]
    assert len(held) == len(ends)
    assert np.mean(held) >= 0.93


@pytest.mark.parametrize("value", [0.0, 1.0, -0.1, 1.5])
def test_a_question_out_of_range_is_refused(value: float) -> None:
    with pytest.raises(ConfigError, match="--width"):
        Goal(width=value)
    with pytest.raises(ConfigError, match="--line"):
        Goal(line=value)


def test_a_question_is_needed() -> None:
    with pytest.raises(ConfigError, match="needs a question"):
        Goal()
