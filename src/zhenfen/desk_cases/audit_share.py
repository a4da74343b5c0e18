"""What the labels of profiles say of the whole audience, as they come in; and how they get into the tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from zhenfen.audit.answers import (
    bound_answers,
    estimate_answers,
    forget_other_draws,
    weigh,
    write_labels,
)
from zhenfen.audit.loop import find_population, hash_population
from zhenfen.desk_cases.audit import read_some
from zhenfen.desk_cases.database import ConflictError, note
from zhenfen.desk_cases.labelling import UNSURE, Audit, Labelling, Labels
from zhenfen.desk_cases.project import TABLES, Projects
from zhenfen.errors import InputError, Problem
from zhenfen.estimators.audit_plan import FEWEST_MORE, Goal
from zhenfen.estimators.looks import FIRST_LOOK
from zhenfen.files import alone_in
from zhenfen.model_store import Models
from zhenfen.scoring import make_estimate
from zhenfen.tables import TABLES as SPECS
from zhenfen.tables import Tables, make_frame

SPEC = SPECS["audit_labels"]
NEEDED = ("audience", "creators", "audit_labels", "earlier_audits")


@dataclass(frozen=True, slots=True)
class ShareLook:
    """The share at one look, in [0, 1].

    Attributes:
        n_labels: Labels it rests on.
        share: Estimate.
        low: Lower end of an interval that holds at whichever look the audit stops.
        high: Upper end.
    """

    n_labels: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Standing:
    """Where an audit of profiles stands.

    Attributes:
        n_judged: Profiles that count as real or not.
        n_unsure: Profiles that nobody could judge, or that people differ on.
        n_next: Judged profiles at which the share is read next, if none of them is unsure; None when all are labelled.
        readings: Every look so far; empty below 30 judged profiles.
        if_real: The last look with every unsure profile counted as real; None when there is none.
        if_fake: The same the other way round.
        low: Lower end of all that: the truth may be anywhere from here; None without a look.
        high: To here.
        lines: The shares at which the levels begin.
        is_enough: Whether no line lies between the two, or they are closer than the lines are.
        is_too_wide: Whether the interval is wider than a report would give.
        is_of_others: Whether the tables have other profiles by now; then nothing is read.
    """

    n_judged: int
    n_unsure: int
    n_next: int | None
    readings: tuple[ShareLook, ...]
    if_real: ShareLook | None
    if_fake: ShareLook | None
    low: float | None
    high: float | None
    lines: tuple[float, float]
    is_enough: bool
    is_too_wide: bool
    is_of_others: bool


def find_standing(folder: Path, labels: Labels, models: Models) -> Standing:
    """Read the share at every look so far, by the estimators of `zhenfen audit apply`.

    The first look is at 30 judged profiles, later ones are ten apart, the last when all are labelled. Each is a batch
    of the audit: whoever looks ten times and stops when it pleases errs more often than one interval admits, so these
    are as wide as those of an audit in batches (estimators/looks.py).

    Args:
        folder: Of the tables.
        labels: Of an audit of profiles.
        models: Must hold an audience model.
    """
    rules = models.audience_levels.rules
    lines = (rules.elevated_from, rules.high_from)
    tables = read_some(folder, NEEDED)
    population = find_population(tables, labels.audit.creator_id)
    answers = list_answers(labels)
    counted = answers.drop_nulls("batch")
    n_unsure = answers.filter(pl.col("label") == UNSURE).height
    n_judged = answers.height - n_unsure
    n_left = len(labels.audit.order) - answers.height
    end_of_look = FIRST_LOOK + (_look_of(n_judged + 1) - 1) * FEWEST_MORE
    n_next = min(end_of_look, n_judged + n_left) if n_left else None
    is_of_others = hash_population(population) != labels.audit.design["population"]
    if is_of_others or counted.is_empty():
        counts, nothing = (n_judged, n_unsure, n_next), (None, None, None, None)
        return Standing(*counts, (), *nothing, lines, is_enough=False, is_too_wide=False, is_of_others=is_of_others)
    as_of = datetime.fromisoformat(labels.audit.design["as_of"])
    by_scores = make_estimate(population, models, as_of, tables["earlier_audits"])
    judged = (population, tables, _draw_of(labels.audit, population), lambda rows, _tables: by_scores(rows))
    looks = [counted.filter(pl.col("batch") <= look) for look in range(1, int(counted["batch"].to_numpy().max()) + 1)]
    readings = tuple(_reading(estimate_answers(*judged, look)) for look in looks)
    if_real, if_fake = (None if one is None else _reading(one) for one in bound_answers(*judged, counted))
    ends = [one for one in (readings[-1], if_real, if_fake) if one is not None]
    low, high = min(one.low for one in ends), max(one.high for one in ends)
    is_clear = all(Goal(line=line).is_met(low, high) for line in lines)
    is_enough = is_clear or Goal(width=lines[1] - lines[0]).is_met(low, high)
    return Standing(
        n_judged,
        n_unsure,
        n_next,
        readings,
        if_real,
        if_fake,
        low,
        high,
        lines,
        is_enough=is_enough,
        is_too_wide=high - low > rules.widest_interval,
        is_of_others=False,
    )


def list_answers(labels: Labels) -> pl.DataFrame:
    """profile_id, label, batch (the look that it came with; null before that), labelled_by, labelled_at.

    In the order of the draw, so that what two people say does not depend on who said it first. A profile that nobody
    could judge belongs to the look that the next judged one belongs to.
    """
    said = labels.conclude()
    n_judged, rows = 0, []
    for one in said:
        n_judged += one.label != UNSURE
        rows.append((one.item_id, one.label, _look_of(n_judged + (one.label == UNSURE)), one.by, one.at))
    is_whole = len(said) == len(labels.audit.order) and n_judged >= FIRST_LOOK
    last = _look_of(n_judged) if is_whole else _look_of(n_judged + 1) - 1
    schema = {"profile_id": pl.String, "label": pl.String, "look": pl.Int64, "labelled_by": pl.String, "at": pl.String}
    look = pl.col("look")
    batch = look.clip(upper_bound=last) if is_whole else pl.when(look <= last).then(look)
    return pl.DataFrame(rows, schema, orient="row").select(
        "profile_id",
        "label",
        "labelled_by",
        batch=batch,
        labelled_at=pl.col("at").str.to_datetime(time_unit="us", time_zone="UTC"),
    )


def apply_audit(projects: Projects, audit: Audit, by: str) -> int:
    """Write what was labelled into the project's table `audit_labels`: reports and trainings use it from then on.

    Profiles that nobody could judge, or that people differ on, are not written. What an earlier call wrote is replaced.

    Args:
        projects: Where the project lies.
        audit: Of profiles.
        by: Who applies it.

    Returns:
        How many labels were written.

    Raises:
        InputError: The tables have other profiles by now, or fewer than 30 profiles are judged.
        ConflictError: The audit was begun anew meanwhile.
        ConfigError: The tables cannot be written.
    """
    folder = projects.place(audit.project_id) / TABLES
    labelling = Labelling(projects.database)
    # The lock of the database is that of the table too: two who apply at once write one after the other.
    with projects.database.open() as database:
        current = labelling.find(audit.project_id, audit.creator_id, audit.kind)
        if current is None or current.number != audit.number:
            raise ConflictError({} if current is None else current.key)
        population = find_population(read_some(folder, NEEDED), audit.creator_id)
        if hash_population(population) != audit.design["population"]:
            expected = "the profiles that were drawn from: others came in since; begin anew"
            raise InputError(Problem(expected, "audience", value=f"{population.height} profiles"))
        rows = make_rows(labelling.read(current), population)
        if rows["inclusion"].count() < FIRST_LOOK:
            raise InputError(Problem(f"at least {FIRST_LOOK} judged profiles", "audit_labels", value=f"{rows.height}"))
        _put(folder, current, rows)
        database.execute(
            "update audits set applied = ? where project_id = ? and creator_id = ? and kind = ? and number = ?",
            (rows.write_json(), *audit.key.values()),
        )
        said = {"kind": audit.kind, "number": audit.number, "n_labels": rows.height}
        note(database, audit.project_id, audit.creator_id, "audits", {"after": said}, by=by)
    return rows.height


def restore_labels(projects: Projects, project_id: str, tables: Tables) -> Tables:
    """The tables, just written, with every label that was applied: here and in the folder.

    Tables that were read anew from the files know no labels. Of other profiles than were drawn they have no weight.
    """
    folder = projects.place(project_id) / TABLES
    labelling = Labelling(projects.database)
    with projects.database.open():
        for audit in labelling.list_all(project_id):
            if audit.applied is not None:
                rows, population = read_applied(audit), find_population(tables, audit.creator_id)
                if hash_population(population) != audit.design["population"]:
                    rows = forget_other_draws(rows, audit.creator_id, rows.clear())
                    rows = rows.join(tables["audience"], on=("creator_id", "profile_id"), how="semi")
                _put(folder, audit, rows)
    return tables.replace(audit_labels=read_some(folder, ("audit_labels",))["audit_labels"])


def _look_of(n_judged: int) -> int:
    """Number of the look, from 1, that the label belongs to which makes it this many."""
    return 1 + max(0, -(-(n_judged - FIRST_LOOK) // FEWEST_MORE))


def _draw_of(audit: Audit, population: pl.DataFrame) -> pl.DataFrame:
    """The draw as `audit.answers` takes it."""
    strata, inclusion = audit.design["strata"], audit.design["inclusion"]
    return population.select("profile_id", stratum=pl.Series(strata), inclusion=pl.Series(inclusion, dtype=pl.Float64))


def _reading(row: pl.DataFrame) -> ShareLook:
    found = row.row(0, named=True)
    return ShareLook(*(found[name] for name in ("n_labels", "share", "low", "high")))


def make_rows(labels: Labels, population: pl.DataFrame) -> pl.DataFrame:
    """Rows of `audit_labels`, with weights where a look has counted them; what nobody could judge has none."""
    answers = list_answers(labels)
    decided = answers.filter(pl.col("label") != UNSURE)
    weighed = weigh(_draw_of(labels.audit, population), answers.drop_nulls("batch"))
    weights = weighed.drop_nulls("is_fake").select("profile_id", "stratum", "inclusion")
    joined = decided.join(weights, on="profile_id", how="left", maintain_order="left")
    said = joined.with_columns(creator_id=pl.lit(labels.audit.creator_id), is_fake=pl.col("label") == "fake")
    return make_frame(SPEC, said).sort(SPEC.key)


def read_applied(audit: Audit) -> pl.DataFrame:
    """The rows of `audit_labels` that were written for an audit."""
    texts = {name: pl.String if dtype == SPEC.schema["labelled_at"] else dtype for name, dtype in SPEC.schema.items()}
    rows = pl.DataFrame([dict(row) for row in audit.applied or ()], texts)
    moments = pl.col("labelled_at").str.to_datetime(time_unit="us", time_zone="UTC")
    return make_frame(SPEC, rows.with_columns(moments))


def _put(folder: Path, audit: Audit, rows: pl.DataFrame) -> None:
    """Write rows of an audit in the place of those it wrote before; no other draw of the creator keeps its weights."""
    with alone_in(folder):
        stored = read_some(folder, ("audit_labels",))["audit_labels"]
        others = stored.join(read_applied(audit), on=SPEC.key, how="anti")
        write_labels(folder, forget_other_draws(others, audit.creator_id, others.clear()), rows)
