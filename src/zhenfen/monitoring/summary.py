"""What was compared and found as one plain dict, with raw values and readable texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from zhenfen.config import RuleFile
from zhenfen.estimators.prevalence import Prevalence
from zhenfen.messages import Catalogue
from zhenfen.monitoring.comparison import Judged
from zhenfen.monitoring.findings import tell_advice, tell_findings, tell_move
from zhenfen.monitoring.prevalence import Change
from zhenfen.monitoring.rates import Interval
from zhenfen.monitoring.rules import MonitorRules
from zhenfen.version import __version__

SMALLEST_P_SHOWN = 0.0001
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
class Run:
    """Everything that was found.

    Attributes:
        subject: Sort of rows, the end of a key `monitor.subject.…`.
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
    columns: Sequence[Judged]
    changes: Sequence[Change]
    notes: Sequence[tuple[str, Mapping[str, str]]]
    rules: RuleFile[MonitorRules]

    @property
    def is_drift(self) -> bool:
        """Whether anything changed, by the rules."""
        return any(one.is_drift for one in self.columns) or any(one.has_moved for one in self.changes)


def summarise(run: Run, language: str) -> dict[str, Any]:
    """The run as JSON can hold it; columns that changed first, then by their index.

    Raises:
        ConfigError: The language is unknown.
    """
    catalogue = Catalogue(language)
    rules = run.rules.rules
    columns = sorted(run.columns, key=lambda one: (not one.is_drift, -_index(one), one.comparison.column))
    return {
        "language": language,
        "subject": run.subject,
        "subject_text": catalogue.text(f"monitor.subject.{run.subject}"),
        "model": run.model,
        "is_drift": run.is_drift,
        "verdict": catalogue.text(f"monitor.verdict.{'drift' if run.is_drift else 'stable'}"),
        "headline": _headline(run, catalogue),
        "findings": tell_findings(run.columns, run.changes, catalogue),
        "advice": tell_advice(run.columns, run.changes, catalogue),
        "reference": _file(run.reference, catalogue),
        "new": _file(run.new, catalogue),
        "notes": [catalogue.text(f"monitor.note.{key}", **fields) for key, fields in _notes(run, catalogue)],
        "shares": [_share(one, catalogue) for one in run.changes],
        "columns": [_column(one, catalogue) for one in columns],
        "rules": {**rules.model_dump(), "sha256": run.rules.sha256},
        "rules_text": catalogue.text("monitor.rules", version=rules.version, dated=rules.dated, source=rules.source),
        "level_text": catalogue.value(rules.confidence_level, "quotient"),
        "fdr_text": catalogue.number(rules.false_discovery_rate),
        "psi_text": catalogue.number(rules.psi_from),
        "zhenfen": __version__,
    }


def _headline(run: Run, catalogue: Catalogue) -> str:
    numbers = {
        "n_columns": len(run.columns),
        "n_moved": sum(one.has_moved for one in run.columns),
        "n_absent": sum(one.has_absence_moved for one in run.columns),
        "n_shares": sum(one.has_moved for one in run.changes),
    }
    if run.is_drift:
        return catalogue.text("monitor.headline.drift", **numbers)
    return catalogue.text("monitor.headline.stable", n_columns=numbers["n_columns"])


def _notes(run: Run, catalogue: Catalogue) -> list[tuple[str, Mapping[str, str]]]:
    sampled = [one for one in (run.reference, run.new) if one.n_read < one.n_rows]
    return [*run.notes, *(("sampled", _sampled(one, catalogue)) for one in sampled)]


def _sampled(file: FileRead, catalogue: Catalogue) -> Mapping[str, str]:
    counts = {name: catalogue.number(getattr(file, name), 0) for name in ("n_rows", "n_read")}
    return {"file": file.file, **counts}


def _file(file: FileRead, catalogue: Catalogue) -> dict[str, Any]:
    return {**asdict(file), "n_rows_text": catalogue.number(file.n_rows, 0)}


def _index(judged: Judged) -> float:
    """The larger of a column's two indices."""
    values = judged.comparison.values
    return max(judged.comparison.absence.psi, 0.0 if values is None else values.psi)


def _column(judged: Judged, catalogue: Catalogue) -> dict[str, Any]:
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
        "p_text": _p(judged.p_values, catalogue),
        "missing_text": _pair(one.missing, catalogue),
        "outside_text": None if one.outside is None else _pair(one.outside, catalogue),
        "reason_text": None if one.reason is None else catalogue.text(f"monitor.reason.{one.reason}"),
    }


def _share(change: Change, catalogue: Catalogue) -> dict[str, Any]:
    corrected = change.corrected
    return {
        **asdict(change),
        "platform_text": change.platform or catalogue.text("monitor.all_platforms"),
        "state_text": catalogue.text(f"monitor.state.{'changed' if change.has_moved else 'stable'}"),
        "reference_text": _range(change.flagged[0], catalogue),
        "new_text": _range(change.flagged[1], catalogue),
        "shares_text": [_corrected(one, catalogue) for one in change.shares],
        "change_text": _points(change.change, catalogue),
        "corrected_text": None if corrected is None else _points(corrected, catalogue),
        "reason_text": None if change.reason is None else catalogue.text(f"monitor.reason.{change.reason}"),
    }


def _range(interval: Interval, catalogue: Catalogue) -> str:
    ends = {name: catalogue.value(getattr(interval, name), "quotient") for name in ("value", "low", "high")}
    return catalogue.text("monitor.range", **ends)


def _corrected(share: Prevalence | None, catalogue: Catalogue) -> str | None:
    if share is None:
        return None
    return catalogue.text(
        "monitor.corrected_share", share=_range(Interval(share.share, share.low, share.high), catalogue)
    )


def _points(interval: Interval, catalogue: Catalogue) -> str:
    ends = {name: _signed(100 * getattr(interval, name), catalogue) for name in ("value", "low", "high")}
    return catalogue.text("monitor.points", value=catalogue.text("monitor.range", **ends))


def _signed(value: float, catalogue: Catalogue) -> str:
    # 0.04 points would be shown as +0.
    rounded = round(value, 1)
    return f"{'+' if rounded > 0 else ''}{catalogue.number(rounded, 1)}"


def _pair(shares: tuple[float, float], catalogue: Catalogue) -> str:
    return " → ".join(catalogue.share(one) for one in shares)


def _p(value: float | None, catalogue: Catalogue) -> str:
    if value is None:
        return "—"
    if value < SMALLEST_P_SHOWN:
        return f"< {catalogue.number(SMALLEST_P_SHOWN, 4)}"
    return catalogue.number(value, 4)
