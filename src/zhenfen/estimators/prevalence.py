"""How large a share of an audience is fake: from a detector's answers to a share with an interval.

Shares are of the frame the profiles were sampled from (DESIGN §5): every interval holds the sampling error of the
profiles themselves. Nothing here looks past the frame. The numbers behind the choice of formulas are printed by
benchmarks/prevalence.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, median

import numpy as np
from numpy.typing import NDArray

from zhenfen.estimators.looks import level_of_look
from zhenfen.estimators.pooled import SharePrior
from zhenfen.estimators.stratified import FEWEST_LABELS, Estimate, make_draw

FloatArray = NDArray[np.float64]

EMQ_MOST_ROUNDS = 1000
EMQ_TOLERANCE = 1e-6
"""A step of one profile in a million ends the iteration, far below any interval's width."""
METHODS: dict[tuple[bool, bool], str] = {
    (False, False): "prediction_powered",
    (True, False): "sequential",
    (False, True): "pooled",
    (True, True): "sequential_pooled",
}
"""What `prediction_powered` calls itself: labelled in batches?, with what earlier audits say?"""


@dataclass(frozen=True, slots=True)
class Validation:
    """How a detector did, at its threshold, on labelled profiles of one source that it was not trained on.

    Attributes:
        source: Name of the data set.
        platform: Platform of its profiles.
        n_fake: Profiles labelled fake, at least 1.
        n_fake_flagged: Of these, how many the detector flags.
        n_genuine: Profiles labelled genuine, at least 1.
        n_genuine_flagged: Of these, how many the detector flags.
    """

    source: str
    platform: str
    n_fake: int
    n_fake_flagged: int
    n_genuine: int
    n_genuine_flagged: int


@dataclass(frozen=True, slots=True)
class Prevalence:
    """An estimated share of fake profiles in a frame.

    Attributes:
        share: Point estimate in [0, 1].
        low: Lower end of the interval, 0 <= low <= share.
        high: Upper end, share <= high <= 1.
        method: Name of the function that made it, of METHODS where a person labelled.
        n_profiles: Scored profiles it rests on.
        n_labels: Audit labels it rests on; 0 without.
        confidence_level: How often the interval holds the truth, in (0, 1).
    """

    share: float
    low: float
    high: float
    method: str
    n_profiles: int
    n_labels: int
    confidence_level: float


def classify_and_count(n_flagged: int, n_profiles: int, confidence_level: float = 0.95) -> Prevalence:
    """The flagged share as it is, with Wilson's interval (1927, J Am Stat Assoc 22:209-212).

    Assumes a detector without errors, which none is: a baseline to show what correction buys, never a finding.
    """
    share, z = n_flagged / n_profiles, _quantile(confidence_level)
    centre = (n_flagged + z**2 / 2) / (n_profiles + z**2)
    reach = z * (n_profiles * share * (1 - share) + z**2 / 4) ** 0.5 / (n_profiles + z**2)
    return _make("classify_and_count", share, (centre - reach, centre + reach), n_profiles, confidence_level)


def probabilistic_count(probas: FloatArray, confidence_level: float = 0.95) -> Prevalence:
    """The mean score of N profiles, shape (N,), N >= 2, with the normal interval of a mean.

    Assumes scores calibrated on this very audience; a share that differs from the training share breaks that
    (Bella et al. 2010, "Quantification via probability estimators"). A baseline, never a finding.
    """
    share, error = float(np.mean(probas)), float(np.std(probas, ddof=1)) / np.sqrt(len(probas))
    reach = _quantile(confidence_level) * error
    return _make("probabilistic_count", share, (share - reach, share + reach), len(probas), confidence_level)


def adjusted_count(
    n_flagged: int, n_profiles: int, validation: Validation, confidence_level: float = 0.95
) -> Prevalence:
    """The flagged share corrected for the detector's errors, whose own uncertainty is in the interval.

    Assumes that the detector errs on this audience as often as in the validation, on fakes and genuine alike.
    Point estimate: Rogan & Gladen (1978), Am J Epidemiol 107:71-76, cut to [0, 1]. Interval: Lang & Reiczigel (2014),
    Prev Vet Med 113:13-22, equations 4 (its misprint mended: (1 - P)², not (1 + P)²), 6, 7, 16 and 17.
    A detector no better than a coin on the validation says nothing: the interval is [0, 1].
    """
    flagged_share = n_flagged / n_profiles
    sensitivity = validation.n_fake_flagged / validation.n_fake
    specificity = 1 - validation.n_genuine_flagged / validation.n_genuine
    skill = sensitivity + specificity - 1
    if skill <= 0:
        return _make("adjusted_count", flagged_share, (0.0, 1.0), n_profiles, confidence_level)
    interval = _lang_reiczigel(n_flagged, n_profiles, validation, _quantile(confidence_level))
    return _make("adjusted_count", (flagged_share + specificity - 1) / skill, interval, n_profiles, confidence_level)


def _lang_reiczigel(n_flagged: int, n_profiles: int, validation: Validation, z: float) -> tuple[float, float]:
    """Their primed quantities: z²/2 pseudo-counts on each side of the audience, one on each side of the validation."""
    n, n_fake, n_genuine = n_profiles + z**2, validation.n_fake + 2, validation.n_genuine + 2
    flagged = (n_flagged + z**2 / 2) / n
    sensitivity = (validation.n_fake_flagged + 1) / n_fake
    specificity = 1 - (validation.n_genuine_flagged + 1) / n_genuine
    share = (flagged + specificity - 1) / (sensitivity + specificity - 1)
    of_fake = sensitivity * (1 - sensitivity) / n_fake
    of_genuine = specificity * (1 - specificity) / n_genuine
    variance = flagged * (1 - flagged) / n + share**2 * of_fake + (1 - share) ** 2 * of_genuine
    centre = share + 2 * z**2 * (share * of_fake - (1 - share) * of_genuine)
    reach = z * variance**0.5 / (sensitivity + specificity - 1)
    return centre - reach, centre + reach


def adjusted_counts(
    n_flagged: int, n_profiles: int, validations: Sequence[Validation], confidence_level: float = 0.95
) -> Prevalence:
    """`adjusted_count` for an audience like one of several validations, not known which; one or more of them.

    The interval is the union of theirs, the point estimate the median of theirs.
    """
    each = [adjusted_count(n_flagged, n_profiles, validation, confidence_level) for validation in validations]
    interval = min(one.low for one in each), max(one.high for one in each)
    return _make("adjusted_count", median(one.share for one in each), interval, n_profiles, confidence_level)


def worst_case(
    n_flagged: int, n_profiles: int, validations: Sequence[Validation], confidence_level: float = 0.95
) -> Prevalence:
    """For an audience of a domain without validation: what the spread over two or more other domains allows.

    Assumes that the new domain is to the others as they are to each other. Sensitivity and specificity in it are
    bounded by prediction intervals of their log-odds over the domains (a t interval for one more of k normal values);
    the worst of these bounds, with Wilson's interval of the flagged share, is joined with `adjusted_counts`. Where the
    bounds let the detector be no better than a coin, the interval is [0, 1]. With few or unlike domains it mostly is.

    The union over the domains alone was tried first: it covers where the domains include a like one, but a detector
    that missed 98 % of the fakes of a new source, and few in some others, gave intervals of width .3 that held a true
    share of 50 % twice in a hundred. The point estimate is the median of the adjusted shares; the interval is the
    message.
    """
    known = adjusted_counts(n_flagged, n_profiles, validations, confidence_level)
    fake = [(one.n_fake_flagged, one.n_fake) for one in validations]
    genuine = [(one.n_genuine - one.n_genuine_flagged, one.n_genuine) for one in validations]
    sensitivity, specificity = _predict_rate(fake, confidence_level), _predict_rate(genuine, confidence_level)
    flagged = classify_and_count(n_flagged, n_profiles, confidence_level)
    low, high = 0.0, 1.0
    if sensitivity[0] + specificity[0] > 1:
        low = (flagged.low + specificity[0] - 1) / (sensitivity[1] + specificity[0] - 1)
        high = (flagged.high + specificity[1] - 1) / (sensitivity[0] + specificity[1] - 1)
    interval = min(low, known.low), max(high, known.high)
    return _make("worst_case", known.share, interval, n_profiles, confidence_level)


def _predict_rate(counts: Sequence[tuple[int, int]], confidence_level: float) -> tuple[float, float]:
    """Prediction interval of a rate in one more domain, from hits and trials in two or more; half a count is added."""
    from scipy.special import expit, stdtrit

    log_odds = np.log([(hits + 0.5) / (trials - hits + 0.5) for hits, trials in counts])
    quantile = float(stdtrit(len(counts) - 1, (1 + confidence_level) / 2))
    reach = quantile * float(np.std(log_odds, ddof=1)) * (1 + 1 / len(counts)) ** 0.5
    return float(expit(log_odds.mean() - reach)), float(expit(log_odds.mean() + reach))


def expectation_maximised(probas: FloatArray, training_share: float) -> float:
    """The share at which the scores, shape (N,), agree with themselves once their prior is moved to it.

    Assumes calibrated scores and that only the share differs from training, not how either kind looks. EMQ of Saerens,
    Latinne & Decaestecker (2002), Neural Computation 14:21-41. No interval: a cross-check.

    Args:
        probas: Scores in [0, 1].
        training_share: Share of fakes that the scores were calibrated at, in (0, 1).
    """
    odds_before, share = training_share / (1 - training_share), training_share
    for _ in range(EMQ_MOST_ROUNDS):
        before, inner = share, min(max(share, EMQ_TOLERANCE), 1 - EMQ_TOLERANCE)
        odds = inner / (1 - inner) / odds_before
        share = float(np.mean(odds * probas / (odds * probas + 1 - probas)))
        if abs(share - before) < EMQ_TOLERANCE:
            break
    return share


def prediction_powered(
    probas: FloatArray,
    is_labelled: NDArray[np.bool_],
    labels: FloatArray,
    inclusion: FloatArray,
    strata: NDArray[np.int64],
    *,
    confidence_level: float = 0.95,
    looks: tuple[int, ...] = (),
    prior: SharePrior | None = None,
) -> Prevalence:
    """The share from scores for all N profiles and labels for some: PPI++ for a stratified sample.

    Assumes only that the labels are right and were drawn at random within each stratum; scores may be any nonsense.

    Point estimate: stratum means of the labels, moved by λ times what the labelled profiles' scores miss of their
    stratum's mean score; λ in [0, 1] is tuned for the least variance (Angelopoulos, Duchi & Zrnic 2023, "PPI++",
    arXiv:2311.01453; with strata the combined regression estimator of Cochran 1977, "Sampling techniques", §7.10).
    Variance: what is left within the strata, less what the finite population takes off, plus the sampling error of
    the N profiles themselves. Labels of a stratum that all agree don't make it certain: it counts with the posterior
    variance under the Jeffreys prior (one label in all, shared out over the strata).
    Interval: Clopper-Pearson with as many labels as a plain sample would need for that variance, fewer by the
    t-quantile for what the strata take (Korn & Graubard 1998, Survey Methodology 24:193-201).

    Tried before this one, 100 labels of 500, shares of 2 to 70 %, AUC .6 to .99, calibrated or shifted scores, worst
    coverage of 95 %: t interval .82; Korn-Graubard without the prior .94, but [0, 1] when no label is fake; Beta
    posterior of each stratum .93, .89 with 30 labels; the same scaled by what PPI++ saves .93, .81; this one .95, .95.

    Args:
        probas: Scores in [0, 1], shape (N,).
        is_labelled: Which profiles have a label, shape (N,).
        labels: 1 fake, 0 genuine, anything where not labelled, shape (N,).
        inclusion: Probability with which each profile could be drawn, in (0, 1], shape (N,).
        strata: Stratum of each profile, shape (N,).
        confidence_level: In (0, 1).
        looks: Labels at each look of a sequential audit, the last one being this: the interval then holds at whichever
            look the audit stops (`level_of_look`). Empty for a draw whose size was settled before.
        prior: What earlier audits of the platform say of the share.

    Raises:
        ValueError: Fewer than two labels, or a label that is neither 0 nor 1.
    """
    values = labels[is_labelled]
    if len(values) < FEWEST_LABELS or not np.isin(values, (0.0, 1.0)).all():
        raise ValueError("needs two or more labels, each 0 or 1")
    estimate = make_draw(probas, is_labelled, labels, inclusion, strata).estimate()
    level = level_of_look(looks, confidence_level) if looks else confidence_level
    share, low, high = share_from_labels(estimate, level, prior)
    method = METHODS[bool(looks), prior is not None]
    return _make(method, share, (low, high), len(probas), confidence_level, n_labels=len(values))


def share_from_labels(
    estimate: Estimate, confidence_level: float, prior: SharePrior | None = None
) -> tuple[float, float, float]:
    """Share, low and high of a labelled draw, see `prediction_powered`; the share may lie a little outside [0, 1]."""
    from scipy.special import betaincinv

    n_fake, n = estimate.effective_labels(confidence_level)
    if prior is not None:
        return prior.interval(n_fake, n, confidence_level)
    tail = (1 - confidence_level) / 2
    low = float(betaincinv(n_fake, n - n_fake + 1, tail)) if n_fake > 0 else 0.0
    return estimate.share, low, float(betaincinv(n_fake + 1, n - n_fake, 1 - tail)) if n_fake < n else 1.0


def _quantile(confidence_level: float) -> float:
    return NormalDist().inv_cdf((1 + confidence_level) / 2)


def _make(
    method: str,
    share: float,
    interval: tuple[float, float],
    n_profiles: int,
    confidence_level: float,
    *,
    n_labels: int = 0,
) -> Prevalence:
    """The record with share and interval cut to [0, 1] and the share inside its interval."""
    share = min(max(float(share), 0.0), 1.0)
    low, high = min(max(float(interval[0]), 0.0), share), max(min(float(interval[1]), 1.0), share)
    return Prevalence(share, low, high, method, n_profiles, n_labels, confidence_level)
