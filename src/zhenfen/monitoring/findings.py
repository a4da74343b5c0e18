"""What moved most, in one sentence each, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

from zhenfen.messages import Catalogue
from zhenfen.monitoring.comparison import Bin, Comparison, Judged
from zhenfen.monitoring.platforms import PLATFORM
from zhenfen.monitoring.prevalence import DOMAIN, Change

MOST_FINDINGS = 6
"""As many as are read at a glance; the tables hold all."""
FEWEST_OUTSIDE = 0.05
"""Rise of the share outside the training range that is worth advice: five times what training itself leaves outside."""


def tell_findings(columns: Sequence[Judged], changes: Sequence[Change], catalogue: Catalogue) -> list[str]:
    """The mix of platforms, flagged shares, what went missing, then values by their index: the first MOST_FINDINGS."""
    mix = [one for one in columns if one.comparison.column == PLATFORM and one.is_drift]
    rest = [one for one in columns if one.comparison.column != PLATFORM]
    absent = sorted((one for one in rest if one.has_absence_moved), key=lambda one: -one.comparison.absence.psi)
    moved = sorted((one for one in rest if one.has_moved), key=lambda one: -_psi(one))
    told = [
        *(_tell("mix", one, tell_move(one.comparison, catalogue), catalogue) for one in mix),
        *(_tell_share(one, catalogue) for one in changes if one.has_moved),
        *(_tell("absent", one, _pair(one.comparison.missing, catalogue), catalogue) for one in absent),
        *(_tell("moved", one, tell_move(one.comparison, catalogue), catalogue) for one in moved),
    ]
    hidden = len(told) - MOST_FINDINGS
    more = [catalogue.text("monitor.finding.more", n=hidden)] if hidden > 0 else []
    return [*told[:MOST_FINDINGS], *more]


def tell_advice(columns: Sequence[Judged], changes: Sequence[Change], catalogue: Catalogue) -> list[str]:
    """What to do, the first thing first."""
    rest = [one for one in columns if one.comparison.column != PLATFORM]
    is_outside = any(one.column == DOMAIN.column and one.has_moved for one in changes) or any(map(_left_range, rest))
    asked = {
        "absent": any(one.has_absence_moved for one in rest),
        "mix": any(one.comparison.column == PLATFORM and one.is_drift for one in columns),
        "domain": is_outside,
        "share": any(one.has_moved and one.column != DOMAIN.column for one in changes),
        "moved": any(one.has_moved for one in rest),
    }
    keys = [key for key, is_asked in asked.items() if is_asked] or ["none"]
    return [catalogue.text(f"monitor.advice.{key}") for key in keys]


def tell_move(one: Comparison, catalogue: Catalogue) -> str | None:
    """From what to what: the median, or where that stands still the share of the bin that changed most."""
    if not one.bins:
        return None
    if one.medians and one.medians[0] != one.medians[1]:
        pair = " → ".join(catalogue.number(value) for value in one.medians)
        return catalogue.text("monitor.move.median", pair=pair)
    most = max(one.bins, key=lambda place: abs(place.new - place.reference))
    pair = _pair((most.reference, most.new), catalogue)
    return catalogue.text("monitor.move.share", what=_name(most, catalogue), pair=pair)


def _name(one: Bin, catalogue: Catalogue) -> str:
    if one.label is not None:
        return one.label
    if one.low is None or one.high is None:
        return catalogue.text("monitor.move.unseen")
    # The lowest edge lies a hair below the lowest value; -0 is 0.
    ends = [catalogue.number(round(end, 2) + 0.0) for end in (one.low, one.high)]
    return " – ".join(dict.fromkeys(ends))


def _tell(key: str, one: Judged, move: str | None, catalogue: Catalogue) -> str:
    platform = one.comparison.platform
    name = one.comparison.column if platform is None else f"{one.comparison.column} · {platform}"
    psi = catalogue.number(_psi(one))
    return catalogue.text(f"monitor.finding.{key}", column=name, move=move or "—", psi=psi)


def _tell_share(one: Change, catalogue: Catalogue) -> str:
    name = one.column if one.platform is None else f"{one.column} · {one.platform}"
    pair = " → ".join(catalogue.share(part.value) for part in one.flagged)
    key = "domain" if one.column == DOMAIN.column else "share"
    return catalogue.text(f"monitor.finding.{key}", column=name, pair=pair)


def _psi(one: Judged) -> float:
    values = one.comparison.values
    return 0.0 if values is None else values.psi


def _left_range(one: Judged) -> bool:
    outside = one.comparison.outside
    return one.has_moved and outside is not None and outside[1] - outside[0] >= FEWEST_OUTSIDE


def _pair(shares: tuple[float, float], catalogue: Catalogue) -> str:
    return " → ".join(catalogue.share(one) for one in shares)
