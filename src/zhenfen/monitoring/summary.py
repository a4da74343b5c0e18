"""What was compared and found as one plain dict, with raw values and readable texts; findings, advice, then tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from zhenfen.config import RuleFile
from zhenfen.messages import Catalogue
from zhenfen.monitoring.comparison import Bin, Comparison, JudgedColumn
from zhenfen.monitoring.platforms import PLATFORM
from zhenfen.monitoring.prevalence import DOMAIN, ShareChange
from zhenfen.monitoring.rates import Interval
from zhenfen.monitoring.rules import MonitorRules
from zhenfen.report.words import p_cell
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
    """

    subject: str
    model: str
    reference: FileRead
    new: FileRead
    columns: Sequence[JudgedColumn]
    changes: Sequence[ShareChange]
    notes: Sequence[tuple[str, Mapping[str, str]]]
    rules: RuleFile[MonitorRules]

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
        "findings": tell_findings(run.columns, run.changes, catalogue),
        "advice": tell_advice(run.columns, run.changes, catalogue),
        "reference": _file(run.reference, catalogue),
        "new": _file(run.new, catalogue),
        "notes": [catalogue.text(f"monitor.note.{key}", **fields) for key, fields in notes],
        "shares": [_share(one, catalogue) for one in run.changes],
        "columns": [_column(one, catalogue) for one in columns],
        "rules": {**rules.model_dump(), "sha256": run.rules.sha256},
        "rules_text": catalogue.text("monitor.rules", version=rules.version, dated=rules.dated, source=rules.source),
        "level_text": catalogue.value(rules.confidence_level, "quotient"),
        "fdr_text": catalogue.number(rules.false_discovery_rate),
        "psi_text": catalogue.number(rules.psi_from),
        "zhenfen": __version__,
    }


def tell_findings(columns: Sequence[JudgedColumn], changes: Sequence[ShareChange], catalogue: Catalogue) -> list[str]:
    """The mix of platforms, flagged shares, what went missing, then values by their index: the first MOST_FINDINGS."""
    mix = [one for one in columns if one.comparison.column == PLATFORM and one.is_drift]
    rest = [one for one in columns if one.comparison.column != PLATFORM]
    absent = sorted((one for one in rest if one.has_absence_moved), key=lambda one: -one.comparison.absence.psi)
    moved = sorted((one for one in rest if one.has_moved), key=lambda one: -_psi(one))
    shares = []
    for change in (one for one in changes if one.has_moved):
        name = change.column if change.platform is None else f"{change.column} · {change.platform}"
        pair = " → ".join(catalogue.share(part.value) for part in change.flagged)
        key = "domain" if change.column == DOMAIN.column else "share"
        shares.append(catalogue.text(f"monitor.finding.{key}", column=name, pair=pair))
    told = [
        *(_tell("mix", one, tell_move(one.comparison, catalogue), catalogue) for one in mix),
        *shares,
        *(_tell("absent", one, _pair(one.comparison.missing, catalogue), catalogue) for one in absent),
        *(_tell("moved", one, tell_move(one.comparison, catalogue), catalogue) for one in moved),
    ]
    hidden = len(told) - MOST_FINDINGS
    more = [catalogue.text("monitor.finding.more", n=hidden)] if hidden > 0 else []
    return [*told[:MOST_FINDINGS], *more]


def tell_advice(columns: Sequence[JudgedColumn], changes: Sequence[ShareChange], catalogue: Catalogue) -> list[str]:
    """What to do, the first thing first."""
    rest = [one for one in columns if one.comparison.column != PLATFORM]
    ranges = [one.comparison.outside for one in rest if one.has_moved]
    has_left = any(outside is not None and outside[1] - outside[0] >= FEWEST_OUTSIDE for outside in ranges)
    is_outside = has_left or any(one.column == DOMAIN.column and one.has_moved for one in changes)
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


def _column(judged: JudgedColumn, catalogue: Catalogue) -> dict[str, Any]:
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
        "state_text": catalogue.text(f"monitor.state.{shown}"),
        "psi_text": "—" if one.values is None else catalogue.number(one.values.psi, 3),
        "p_text": p_cell(catalogue, judged.p_values),
        "missing_text": _pair(one.missing, catalogue),
        "outside_text": None if one.outside is None else _pair(one.outside, catalogue),
        "reason_text": None if one.reason is None else catalogue.text(f"monitor.reason.{one.reason}"),
    }


def _share(change: ShareChange, catalogue: Catalogue) -> dict[str, Any]:
    corrected, shares = change.corrected, []
    for one in change.shares:
        found = None if one is None else _range(Interval(one.share, one.low, one.high), catalogue)
        shares.append(None if found is None else catalogue.text("monitor.corrected_share", share=found))
    return {
        **asdict(change),
        "platform_text": change.platform or catalogue.text("monitor.all_platforms"),
        "state_text": catalogue.text(f"monitor.state.{'changed' if change.has_moved else 'stable'}"),
        "reference_text": _range(change.flagged[0], catalogue),
        "new_text": _range(change.flagged[1], catalogue),
        "shares_text": shares,
        "change_text": _points(change.change, catalogue),
        "corrected_text": None if corrected is None else _points(corrected, catalogue),
        "reason_text": None if change.reason is None else catalogue.text(f"monitor.reason.{change.reason}"),
    }


def _range(interval: Interval, catalogue: Catalogue) -> str:
    ends = {name: catalogue.value(getattr(interval, name), "quotient") for name in ("value", "low", "high")}
    return catalogue.text("monitor.range", **ends)


def _points(interval: Interval, catalogue: Catalogue) -> str:
    ends = {}
    for name in ("value", "low", "high"):
        # 0.04 points would be shown as +0.
        points = round(100 * getattr(interval, name), 1)
        ends[name] = f"{'+' if points > 0 else ''}{catalogue.number(points, 1)}"
    return catalogue.text("monitor.points", value=catalogue.text("monitor.range", **ends))


def _pair(shares: tuple[float, float], catalogue: Catalogue) -> str:
    return " → ".join(catalogue.share(one) for one in shares)
