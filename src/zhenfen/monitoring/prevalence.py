"""How the share of rows that a detector flags changed, and what that says of the share that it looks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from zhenfen.estimators.prevalence import Prevalence, Validation
from zhenfen.estimators.share import ScoredAudience, ShareEstimate, estimate_share
from zhenfen.monitoring.platforms import FEWEST_ROWS, PlatformRows, split_platforms
from zhenfen.monitoring.rates import Interval, difference, quotient, wilson
from zhenfen.monitoring.rules import MonitorRules

MOST_OUT_OF_DOMAIN_SHARE = 0.25
"""As for an audience (`verdict.audience`): with more such rows the detector's error rates say nothing of them."""
WIDEST_INTERVAL = 1.0
"""Every interval is shown: a change is judged by the flagged shares, not by the corrected ones."""
OUT_OF_DOMAIN, WEAK = "out_of_domain", "weak"


@dataclass(frozen=True)
class Detector:
    """One probability of a model and how well its threshold tells rows apart.

    Attributes:
        column: Probability, in [0, 1].
        threshold: From which a row is flagged.
        training_share: Share of positives that the probabilities are calibrated to.
        within: Platform → validations on rows of that platform.
        across: Validations on sources the model had not seen.
    """

    column: str
    threshold: float
    training_share: float
    within: Mapping[str, Sequence[Validation]]
    across: Sequence[Validation]


DOMAIN = Detector("out_of_domain", 1.0, 0.5, {}, ())
"""Rows out of the model's domain, a flag that nothing corrects."""


@dataclass(frozen=True, slots=True)
class ShareChange:
    """The share that one detector flags, then and now, on one platform.

    Attributes:
        column: The detector's probability.
        platform: Platform of the rows; None for all rows together.
        n: Scored rows of the reference and of the new rows.
        flagged: Shares flagged, with Wilson intervals.
        change: Of the share flagged, with Newcombe's interval.
        has_moved: Whether it changed, by the rules.
        shares: Corrected shares, see `estimators.share`; None where there is no validation.
        corrected: Change of the corrected share; None where `reason` says why, and without any validation.
        reason: OUT_OF_DOMAIN or WEAK; None where there is a corrected change or nothing to correct by.
    """

    column: str
    platform: str | None
    n: tuple[int, int]
    flagged: tuple[Interval, Interval]
    change: Interval
    has_moved: bool
    shares: tuple[Prevalence | None, Prevalence | None]
    corrected: Interval | None
    reason: str | None


def compare_shares(
    reference: pl.DataFrame, new: pl.DataFrame, detectors: Sequence[Detector], rules: MonitorRules
) -> list[ShareChange]:
    """One change a detector and platform, in that order; all intervals of the run hold together (Bonferroni).

    A platform with fewer than FEWEST_ROWS rows in either frame is left out. Where one of them names no platforms all
    rows are taken together, and no validation is theirs.

    Args:
        reference: The detectors' columns, null where there is no score; platform, out_of_domain and `text_group` (rows
            with the same one count once, by their mean) where they are known.
        new: The same.
        detectors: What to count by.
        rules: Lines.
    """
    pairs = []
    for detector in detectors:
        if detector.column in reference.columns and detector.column in new.columns:
            scored = [one.drop_nulls(detector.column) for one in (reference, new)]
            # A detector that errs on one of sixty copies of a text errs on all of them.
            means = (pl.exclude(detector.column).first(), pl.col(detector.column).mean())
            once = (
                one.group_by("text_group", maintain_order=True).agg(*means) if "text_group" in one.columns else one
                for one in scored
            )
            pairs += [(detector, part) for part in split_platforms(*once) if min(part.n) >= FEWEST_ROWS]
    level = 1 - (1 - rules.confidence_level) / max(len(pairs), 1)
    return [_compare(detector, part, level, rules) for detector, part in pairs]


def _compare(detector: Detector, part: PlatformRows, level: float, rules: MonitorRules) -> ShareChange:
    hits = [int((one[detector.column].cast(pl.Float64) >= detector.threshold).sum()) for one in part.frames]
    first, second = (wilson(k, count, level) for k, count in zip(hits, part.n, strict=True))
    change = difference(first, second)
    is_sure = not change.low <= 0 <= change.high
    # The change of the share that is looked for: both samples are read by the same detector with the same errors.
    corrected, reason = None, None
    validations = detector.within.get(part.platform or "", ())
    if (detector.within or detector.across) and (not validations or any(_is_strange(one) for one in part.frames)):
        reason = OUT_OF_DOMAIN
    elif validations:
        half = 1 - (1 - level) / 2
        then, now = (wilson(k, count, half) for k, count in zip(hits, part.n, strict=True))
        corrected = quotient(difference(then, now), measure_skill(validations, half))
        reason = None if corrected else WEAK
    return ShareChange(
        column=detector.column,
        platform=part.platform,
        n=part.n,
        flagged=(first, second),
        change=change,
        has_moved=is_sure and abs(change.value) >= rules.least_change,
        shares=(_share(detector, part.platform, part.then, level), _share(detector, part.platform, part.now, level)),
        corrected=corrected,
        reason=reason,
    )


def measure_skill(validations: Sequence[Validation], confidence_level: float) -> Interval:
    """Sensitivity + specificity - 1, as the difference of two flagged shares; of several sources their hull.

    Each source is held to its part of the level, so that the true skill of any of them lies inside (Bonferroni).
    """
    each = 1 - (1 - confidence_level) / len(validations)
    found = [
        difference(wilson(one.n_genuine_flagged, one.n_genuine, each), wilson(one.n_fake_flagged, one.n_fake, each))
        for one in validations
    ]
    middle = sum(one.value for one in found) / len(found)
    return Interval(middle, min(one.low for one in found), max(one.high for one in found))


def _share(detector: Detector, platform: str | None, rows: pl.DataFrame, level: float) -> Prevalence | None:
    probas = rows[detector.column].cast(pl.Float64).to_numpy()
    within = () if _is_strange(rows) else detector.within.get(platform or "", ())
    scored = ScoredAudience(probas, probas >= detector.threshold, detector.training_share, within, detector.across)
    found: ShareEstimate = estimate_share(scored, WIDEST_INTERVAL, level)
    return found.prevalence


def _is_strange(rows: pl.DataFrame) -> bool:
    if "out_of_domain" not in rows.columns:
        return False
    return int(rows["out_of_domain"].sum()) > MOST_OUT_OF_DOMAIN_SHARE * rows.height
