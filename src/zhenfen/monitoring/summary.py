"""What was compared and found as one plain dict, with raw values and readable texts; findings, advice, then tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from zhenfen.config import RuleFile
from zhenfen.messages import Catalogue
from zhenfen.monitoring.causes import Cause
from zhenfen.monitoring.comparison import Bin, Comparison, JudgedColumn
from zhenfen.monitoring.figures import MOST_DIGITS, Scale, find_scale, tell_apart, tell_shares
from zhenfen.monitoring.platforms import PLATFORM
from zhenfen.monitoring.prevalence import DOMAIN, ShareChange
from zhenfen.monitoring.rates import Interval
from zhenfen.monitoring.rules import MonitorRules
from zhenfen.report.words import list_names, p_cell
from zhenfen.version import __version__

MOST_FINDINGS = 6
"""As many as are read at a glance; the tables hold all."""
FEWEST_OUTSIDE = 0.05
"""Rise of the share outside the training range that is worth advice: five times what training itself leaves outside."""
STATES = {(False, False): "stable", (True, False): "moved", (False, True): "absent", (True, True): "both"}


@dataclass(frozen=True)
class FileRead:
    """One of the two files.

    Attributes:
        file: Name of the file or folder, without those above.
        sha256: Hash of the whole file, or over all files of the folder.
        n_rows: Rows it has.
        n_read: Rows that were compared.
    """

    file: str
    sha256: str
    n_rows: int
    n_read: int


@dataclass(frozen=True)
class MonitorResult:
    """Everything that was found.

    Attributes:
        subject: Kind of rows, the end of a key `monitor.subject.…`.
        model: Name and version of the model whose scores and thresholds were used.
        reference: File of the reference.
        new: File of the new rows.
        columns: Every column.
        changes: Every flagged share.
        notes: What must be known beside: key `monitor.note.…` without the prefix, and its fields.
        rules: When a difference counts.
        causes: Columns of the rows that went missing, and what moved with each.
    """

    subject: str
    model: str
    reference: FileRead
    new: FileRead
    columns: Sequence[JudgedColumn]
    changes: Sequence[ShareChange]
    notes: Sequence[tuple[str, Mapping[str, str]]]
    rules: RuleFile[MonitorRules]
    causes: Sequence[Cause] = ()

    @property
    def is_drift(self) -> bool:
        """Whether anything changed, by the rules."""
        return any(one.is_drift for one in self.columns) or any(one.has_moved for one in self.changes)


def summarise(run: MonitorResult, language: str) -> dict[str, Any]:
    """The run as JSON can hold it; columns that changed first, then by their index.

    Raises:
        ConfigError: The language is unknown.
    """
    catalogue = Catalogue(language)
    rules = run.rules.rules
    # Those that changed first, then by the larger of a column's two indices.
    columns = sorted(
        run.columns,
        key=lambda one: (not one.is_drift, -max(one.comparison.absence.psi, _psi(one)), one.comparison.column),
    )
    numbers = {
        "n_columns": len(run.columns),
        "n_moved": sum(one.has_moved for one in run.columns),
        "n_absent": sum(one.has_absence_moved for one in run.columns),
        "n_shares": sum(one.has_moved for one in run.changes),
    }
    headline = catalogue.text(f"monitor.headline.{'drift' if run.is_drift else 'stable'}", **numbers)
    notes: list[tuple[str, Mapping[str, str]]] = list(run.notes)
    for file in (run.reference, run.new):
        if file.n_read < file.n_rows:
            counts = {name: catalogue.number(getattr(file, name), 0) for name in ("n_rows", "n_read")}
            notes.append(("sampled", {"file": file.file, **counts}))
    return {
        "language": language,
        "subject": run.subject,
        "subject_text": catalogue.text(f"monitor.subject.{run.subject}"),
        "model": run.model,
        "is_drift": run.is_drift,
        "verdict": catalogue.text(f"monitor.verdict.{'drift' if run.is_drift else 'stable'}"),
        "headline": headline,
        "causes": [tell_cause(one, catalogue) for one in run.causes],
        "findings": tell_findings(run.columns, run.changes, catalogue, run.causes),
        "advice": tell_advice(run.columns, run.changes, catalogue, run.causes),
        "reference": _file(run.reference, catalogue),
        "new": _file(run.new, catalogue),
        "notes": [catalogue.text(f"monitor.note.{key}", **fields) for key, fields in notes],
        "shares": [tell_share(one, catalogue) for one in run.changes],
        "columns": [_column(one, run.causes, catalogue) for one in columns],
        "rules": {**rules.model_dump(), "sha256": run.rules.sha256},
        "rules_text": catalogue.text("monitor.rules", version=rules.version, dated=rules.dated, source=rules.source),
        "level_text": catalogue.value(rules.confidence_level, "quotient"),
        "fdr_text": catalogue.number(rules.false_discovery_rate),
        "psi_text": catalogue.number(rules.psi_from),
        "zhenfen": __version__,
    }


def tell_cause(cause: Cause, catalogue: Catalogue) -> dict[str, Any]:
    """A column that went missing: a sentence, and under it one for each score or column that moved with it."""
    name = cause.column if cause.platform is None else f"{cause.column} · {cause.platform}"
    under = []
    for share, again in cause.shares:
        key = "domain" if share.column == DOMAIN.column else "share"
        pairs = [tell_shares((one.flagged[0].value, one.flagged[1].value), catalogue) for one in (share, again)]
        fields = {"column": share.column, "pair": pairs[0], "alone": pairs[1], "cause": cause.column}
        under.append(catalogue.text(f"monitor.cause.{key}", **fields))
    for one, trial in cause.moved:
        moves = [tell_move(each, catalogue) or "—" for each in (one.comparison, trial)]
        fields = {"column": one.comparison.column, "move": moves[0], "alone": moves[1], "cause": cause.column}
        under.append(catalogue.text("monitor.cause.moved", **fields, psi=catalogue.number(_psi(one))))
    if cause.gone:
        under.append(catalogue.text("monitor.cause.gone", columns=list_names(cause.gone, catalogue)))
    return {
        "column": cause.column,
        "platform": cause.platform,
        "missing": cause.missing,
        "text": catalogue.text("monitor.finding.absent", column=name, move=tell_shares(cause.missing, catalogue)),
        "under": under,
        "moved": [one.comparison.column for one, _ in cause.moved],
        "gone": list(cause.gone),
        "shares": [one.column for one, _ in cause.shares],
    }


def find_cause(one: JudgedColumn | ShareChange, causes: Sequence[Cause]) -> int | None:
    """Place of the first of the causes that a column or a flagged share is listed under."""
    for place, cause in enumerate(causes):
        if isinstance(one, ShareChange):
            is_of = any(share is one for share, _ in cause.shares)
        else:
            column, platform = one.comparison.column, one.comparison.platform
            named = (*cause.gone, *(moved.comparison.column for moved, _ in cause.moved))
            is_of = platform == cause.platform and column in named
        if is_of:
            return place
    return None


def tell_findings(
    columns: Sequence[JudgedColumn],
    changes: Sequence[ShareChange],
    catalogue: Catalogue,
    causes: Sequence[Cause] = (),
) -> list[str]:
    """The mix of platforms, flagged shares, what went missing, then values by their index: the first MOST_FINDINGS.

    What is listed under a cause is not said again.
    """
    mix = [one for one in columns if one.comparison.column == PLATFORM and one.is_drift]
    rest = [one for one in columns if one.comparison.column != PLATFORM and find_cause(one, causes) is None]
    absent = sorted((one for one in rest if one.has_absence_moved), key=lambda one: -one.comparison.absence.psi)
    moved = sorted((one for one in rest if one.has_moved), key=lambda one: -_psi(one))
    shares = []
    for change in (one for one in changes if one.has_moved and find_cause(one, causes) is None):
        name = change.column if change.platform is None else f"{change.column} · {change.platform}"
        pair = tell_shares((change.flagged[0].value, change.flagged[1].value), catalogue)
        key = "domain" if change.column == DOMAIN.column else "share"
        shares.append(catalogue.text(f"monitor.finding.{key}", column=name, pair=pair))
    told = [
        *(_tell("mix", one, tell_move(one.comparison, catalogue), catalogue) for one in mix),
        *shares,
        *(_tell("absent", one, tell_shares(one.comparison.missing, catalogue), catalogue) for one in absent),
        *(_tell("moved", one, tell_move(one.comparison, catalogue), catalogue) for one in moved),
    ]
    hidden = len(told) - MOST_FINDINGS
    more = [catalogue.text("monitor.finding.more", n=hidden)] if hidden > 0 else []
    return [*told[:MOST_FINDINGS], *more]


def tell_advice(
    columns: Sequence[JudgedColumn],
    changes: Sequence[ShareChange],
    catalogue: Catalogue,
    causes: Sequence[Cause] = (),
) -> list[str]:
    """What to do, the first thing first; what a missing column explains asks for that column alone."""
    rest = [one for one in columns if one.comparison.column != PLATFORM]
    ranges = [one.comparison.outside for one in rest if one.has_moved]
    has_left = any(outside is not None and outside[1] - outside[0] >= FEWEST_OUTSIDE for outside in ranges)
    open_changes = [one for one in changes if one.has_moved and find_cause(one, causes) is None]
    asked = {
        "absent": any(one.has_absence_moved for one in rest) or bool(causes),
        "mix": any(one.comparison.column == PLATFORM and one.is_drift for one in columns),
        "domain": has_left or any(one.column == DOMAIN.column for one in open_changes),
        "share": any(one.column != DOMAIN.column for one in open_changes),
        "moved": any(one.has_moved and find_cause(one, causes) is None for one in rest),
    }
    keys = [key for key, is_asked in asked.items() if is_asked] or ["none"]
    return [catalogue.text(f"monitor.advice.{key}") for key in keys]


def tell_move(one: Comparison, catalogue: Catalogue) -> str | None:
    """From what to what: the median, or where that stands still the share of the bin that changed most."""
    if not one.bins:
        return None
    scale = find_scale(one.column)
    # Of what is so or is not, the share of rows that are so.
    is_told = scale.kind == "flag" or {place.label for place in one.bins} <= {"true", "false"}
    if is_told:
        so = [place for place in one.bins if place.label == "true" or _holds_one(place)]
        pair = sum(place.reference for place in so), sum(place.new for place in so)
        return catalogue.text("monitor.move.flag", pair=tell_shares(pair, catalogue))
    if one.medians and one.medians[0] != one.medians[1]:
        told = tell_apart(one.medians, lambda value, digits: scale.write(value, digits, catalogue), scale.digits)
        if told is not None:
            return _say(scale, "median", catalogue, pair=told)
    most = max(one.bins, key=lambda place: abs(place.new - place.reference))
    told = tell_shares((most.reference, most.new), catalogue)
    return _say(scale, "share", catalogue, value=_name(most, scale, catalogue), pair=told)


def _holds_one(place: Bin) -> bool:
    """Whether the ones of a column of ones and zeros lie in a bin."""
    return place.low is not None and (place.high is None or place.high >= 1)


def _say(scale: Scale, key: str, catalogue: Catalogue, **fields: str) -> str:
    told = catalogue.text(f"monitor.move.{key}", **fields)
    return (
        told if scale.words is None else catalogue.text("monitor.move.of", what=catalogue.text(scale.words), move=told)
    )


def _name(one: Bin, scale: Scale, catalogue: Catalogue) -> str:
    if one.label is not None:
        return one.label
    if one.low is None or one.high is None:
        return catalogue.text("monitor.move.unseen")
    return " – ".join(dict.fromkeys(scale.write(end, scale.digits, catalogue) for end in (one.low, one.high)))


def _tell(key: str, one: JudgedColumn, move: str | None, catalogue: Catalogue) -> str:
    platform = one.comparison.platform
    name = one.comparison.column if platform is None else f"{one.comparison.column} · {platform}"
    psi = catalogue.number(_psi(one))
    return catalogue.text(f"monitor.finding.{key}", column=name, move=move or "—", psi=psi)


def _psi(one: JudgedColumn) -> float:
    values = one.comparison.values
    return 0.0 if values is None else values.psi


def _file(file: FileRead, catalogue: Catalogue) -> dict[str, Any]:
    return {**asdict(file), "n_rows_text": catalogue.number(file.n_rows, 0)}


def _column(judged: JudgedColumn, causes: Sequence[Cause], catalogue: Catalogue) -> dict[str, Any]:
    one = judged.comparison
    state = STATES[judged.has_moved, judged.has_absence_moved]
    is_silent = one.reason is not None and state == "stable"
    shown = "not_compared" if is_silent else state
    return {
        **asdict(one),
        "move_text": tell_move(one, catalogue),
        "p_values": judged.p_values,
        "p_absence": judged.p_absence,
        "has_moved": judged.has_moved,
        "has_absence_moved": judged.has_absence_moved,
        "state": shown,
        "cause": find_cause(judged, causes),
        "state_text": catalogue.text(f"monitor.state.{shown}"),
        "psi_text": "—" if one.values is None else catalogue.number(one.values.psi, 3),
        "p_text": p_cell(catalogue, judged.p_values),
        "missing_text": tell_shares(one.missing, catalogue),
        "outside_text": None if one.outside is None else tell_shares(one.outside, catalogue),
        "reason_text": None if one.reason is None else catalogue.text(f"monitor.reason.{one.reason}"),
    }


def tell_share(change: ShareChange, catalogue: Catalogue) -> dict[str, Any]:
    """A flagged share as JSON can hold it, with its figures as texts."""
    corrected, shares = change.corrected, []
    # As many decimals as tell the two apart.
    flagged = tuple(one.value for one in change.flagged)
    told = ((digits, {catalogue.share(one, digits) for one in flagged}) for digits in range(1, MOST_DIGITS))
    digits = next((one for one, texts in told if len(texts) > 1), 1)
    for one in change.shares:
        found = None if one is None else _range(Interval(one.share, one.low, one.high), digits, catalogue)
        shares.append(None if found is None else catalogue.text("monitor.corrected_share", share=found))
    return {
        **asdict(change),
        "platform_text": change.platform or catalogue.text("monitor.all_platforms"),
        "state_text": catalogue.text(f"monitor.state.{'changed' if change.has_moved else 'stable'}"),
        "reference_text": _range(change.flagged[0], digits, catalogue),
        "new_text": _range(change.flagged[1], digits, catalogue),
        "shares_text": shares,
        "change_text": _points(change.change, catalogue),
        "corrected_text": None if corrected is None else _points(corrected, catalogue),
        "reason_text": None if change.reason is None else catalogue.text(f"monitor.reason.{change.reason}"),
    }


def _range(interval: Interval, digits: int, catalogue: Catalogue) -> str:
    shares = {name: getattr(interval, name) for name in ("value", "low", "high")}
    # None and all are exact without decimals.
    ends = {name: catalogue.share(one, digits if 0 < one < 1 else 0) for name, one in shares.items()}
    return catalogue.text("monitor.range", **ends)


def _points(interval: Interval, catalogue: Catalogue) -> str:
    """A change in points, with as many decimals as it takes not to print one that is there as 0."""
    digits = next(
        (one for one in range(1, MOST_DIGITS) if round(100 * interval.value, one) or not interval.value), MOST_DIGITS
    )
    ends = {}
    for name in ("value", "low", "high"):
        points = round(100 * getattr(interval, name), digits) + 0.0
        ends[name] = f"{'+' if points > 0 else ''}{catalogue.number(points, digits)}"
    return catalogue.text("monitor.points", value=catalogue.text("monitor.range", **ends))
