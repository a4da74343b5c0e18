"""Labels that people give one by one: what was drawn, who said what and took it back, where two differ, who settles."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Literal, get_args

from zhenfen.desk_cases.database import ConflictError, DeskDatabase, edit, note, now
from zhenfen.estimators.agreement import Agreement, cohens_kappa

Kind = Literal["profile", "comment", "post"]
KINDS: tuple[Kind, ...] = get_args(Kind)
UNSURE = "cannot_say"
LABELS: dict[str, tuple[str, ...]] = {
    "profile": ("real", "fake", UNSURE),
    "comment": ("genuine", "advert", "filler", UNSURE),
    "post": ("not_sponsored", "sponsored", UNSURE),
}
"""Labels of each kind, in the order of their keys 1, 2, …: of profiles those of the workbook, of comments those of the
comment model, of posts whether they sound sponsored, as for the post model."""
LONGEST_ANALYST_CHARS = 80


@dataclass(frozen=True)
class Audit:
    """One draw of a creator's profiles, comments or posts, to be labelled.

    Attributes:
        project_id: Of the project.
        creator_id: Whose.
        kind: What was drawn.
        number: From 1; the highest is the one that is labelled, earlier ones stay as they were.
        seed: Seed of the draw and of the order.
        order: Ids drawn, in the order in which they are shown.
        design: What else has to be known of the draw; `order` stands in it too.
        applied: Rows written into `audit_labels`, column → value as JSON has it; None as long as none were.
        made_by: Who began it.
        made_at: UTC, ISO.
    """

    project_id: str
    creator_id: str
    kind: Kind
    number: int
    seed: int
    order: tuple[str, ...]
    design: Mapping[str, Any]
    applied: Sequence[Mapping[str, Any]] | None
    made_by: str
    made_at: str

    @property
    def key(self) -> dict[str, object]:
        """Column → value that find its rows."""
        names = ("project_id", "creator_id", "kind", "number")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class GivenLabel:
    """A label that one person gave.

    Attributes:
        item_id: What was labelled.
        label: One of `LABELS` of its kind.
        by: Who.
        at: UTC, ISO.
    """

    item_id: str
    label: str
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """What somebody decided where two differed.

    Attributes:
        item_id: What was labelled.
        label: What it is to count as.
        by: Who settled.
        at: UTC, ISO.
        version: Counts the edits.
    """

    item_id: str
    label: str
    by: str
    at: str
    version: int


@dataclass(frozen=True)
class Labels:
    """All that was said in an audit.

    Attributes:
        audit: Which one.
        given: In the order in which it was said.
        settled: By item.
    """

    audit: Audit
    given: Sequence[GivenLabel]
    settled: Mapping[str, Settlement]

    def by_item(self) -> dict[str, dict[str, str]]:
        """Item → who → label, both in the order in which they came."""
        found: dict[str, dict[str, str]] = {}
        for one in self.given:
            found.setdefault(one.item_id, {})[one.by] = one.label
        return found

    def list_analysts(self) -> list[str]:
        """Who labelled, the first one first."""
        return list(dict.fromkeys(one.by for one in self.given))

    def list_mine(self, by: str) -> list[str]:
        """Items that one person labelled, the latest last."""
        return [one.item_id for one in self.given if one.by == by]

    def next_item(self, by: str) -> str | None:
        """What a person is to label next: the first of the order without a label of theirs; settled ones are done."""
        mine = {*self.list_mine(by), *self.settled}
        return next((item for item in self.audit.order if item not in mine), None)

    def may_see_results(self, by: str) -> bool:
        """Whether nothing that others said can sway a person any more.

        Who labelled first sees what comes of it; a later one when nothing is left that others have labelled and they
        have not.
        """
        first = self.list_analysts()[:1]
        return first in ([], [by]) or not {one.item_id for one in self.given} - {*self.list_mine(by), *self.settled}

    def list_disagreements(self) -> list[str]:
        """Items that people labelled differently, in the order of the draw, settled ones too."""
        said = self.by_item()
        return [item for item in self.audit.order if len(set(said.get(item, {}).values())) > 1]

    def conclude(self) -> list[GivenLabel]:
        """What each item counts as: what was settled, else what all said; unsure where they differ.

        In the order of the draw; items nobody labelled are left out.
        """
        said: dict[str, list[GivenLabel]] = {}
        for one in self.given:
            said.setdefault(one.item_id, []).append(one)
        found = []
        for item in self.audit.order:
            settled, given = self.settled.get(item), said.get(item)
            if settled is not None:
                found.append(GivenLabel(item, settled.label, settled.by, settled.at))
            elif given:
                is_alike = len({one.label for one in given}) == 1
                found.append(given[0] if is_alike else GivenLabel(item, UNSURE, given[-1].by, given[-1].at))
        return found

    def measure_agreement(self) -> Iterator[tuple[str, str, Agreement]]:
        """Cohen's kappa of every two people who labelled some of the same."""
        said = self.by_item().values()
        for first, second in combinations(self.list_analysts(), 2):
            pairs = [(one[first], one[second]) for one in said if first in one and second in one]
            if pairs:
                yield first, second, cohens_kappa([one for one, _ in pairs], [other for _, other in pairs])


class Labelling:
    """The audits of all projects.

    Args:
        database: What people entered.
    """

    def __init__(self, database: DeskDatabase) -> None:
        self.database = database

    def find(self, project_id: str, creator_id: str, kind: Kind) -> Audit | None:
        """The audit that is being labelled; None before one was begun."""
        audits = [one for one in self.list_all(project_id) if (one.creator_id, one.kind) == (creator_id, kind)]
        return audits[-1] if audits else None

    def list_all(self, project_id: str) -> list[Audit]:
        """All audits of a project, earlier draws first."""
        rows = self.database.read("select * from audits where project_id = ? order by number", project_id)
        return [_audit(row) for row in rows]

    def begin(self, audit: Audit) -> Audit:
        """Keep a draw; where somebody began one with the same number meanwhile, theirs stays.

        Returns:
            The one that is kept.
        """
        with self.database.open() as database:
            design = json.dumps({**audit.design, "order": audit.order}, ensure_ascii=False)
            values = (*audit.key.values(), audit.seed, design, audit.made_by, audit.made_at)
            made = database.execute(
                "insert or ignore into audits (project_id, creator_id, kind, number, seed, design, made_by, made_at)"
                " values (?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )
            if made.rowcount:
                said = {"kind": audit.kind, "number": audit.number, "seed": audit.seed, "n": len(audit.order)}
                note(database, audit.project_id, audit.creator_id, "audits", {"after": said}, by=audit.made_by)
        kept = self.find(audit.project_id, audit.creator_id, audit.kind)
        assert kept is not None
        return kept

    def read(self, audit: Audit) -> Labels:
        """Everything said in an audit."""
        where = "where project_id = ? and creator_id = ? and kind = ? and number = ?"
        key = tuple(audit.key.values())
        given = self.database.read(f"select * from labels {where} order by label_id", *key)  # noqa: S608 (our own)
        settled = self.database.read(f"select * from settlements {where}", *key)  # noqa: S608
        return Labels(
            audit,
            [GivenLabel(one["item_id"], one["label"], one["labelled_by"], one["labelled_at"]) for one in given],
            {
                one["item_id"]: Settlement(
                    one["item_id"], one["label"], one["settled_by"], one["settled_at"], one["version"]
                )
                for one in settled
            },
        )

    def label(self, audit: Audit, item: str, label: str, by: str) -> None:
        """Keep a person's label; what they said of the item before stands until they undo it.

        Raises:
            LookupError: The item was not drawn, or the label is none of its kind.
            ConflictError: The audit was begun anew meanwhile.
        """
        self._check(audit, item, label)
        with self.database.open() as database:
            _check_current(database, audit)
            database.execute(
                "insert or ignore into labels"
                " (project_id, creator_id, kind, number, item_id, label, labelled_by, labelled_at)"
                " values (?, ?, ?, ?, ?, ?, ?, ?)",
                (*audit.key.values(), item, label, by[:LONGEST_ANALYST_CHARS], now()),
            )

    def undo(self, audit: Audit, by: str) -> GivenLabel | None:
        """Take a person's latest label back, as if it had not been given; None where there is none."""
        with self.database.open() as database:
            _check_current(database, audit)
            row = database.execute(
                "select * from labels where project_id = ? and creator_id = ? and kind = ? and number = ?"
                " and labelled_by = ? order by label_id desc limit 1",
                (*audit.key.values(), by),
            ).fetchone()
            if row is None:
                return None
            database.execute("delete from labels where label_id = ?", (row["label_id"],))
            taken = GivenLabel(row["item_id"], row["label"], row["labelled_by"], row["labelled_at"])
            said = {"kind": audit.kind, **asdict(taken)}
            note(database, audit.project_id, audit.creator_id, "labels", {"before": said, "after": {}}, by=by)
        return taken

    def settle(self, audit: Audit, item: str, label: str, version: int, by: str) -> None:
        """Decide what an item counts as that people labelled differently.

        Args:
            audit: Which one.
            item: What they differ on.
            label: What it is to count as.
            version: Of the settlement that the page showed; 0 where there was none.
            by: Who settles.

        Raises:
            LookupError: Nobody differs on the item, or the label is none of its kind.
            ConflictError: Somebody else settled it meanwhile, or the audit was begun anew.
        """
        self._check(audit, item, label)
        if item not in self.read(audit).list_disagreements():
            raise LookupError(f"nobody differs on {item}")
        key = {**audit.key, "item_id": item}
        with self.database.open() as database:
            _check_current(database, audit)
            if version:
                said = {"label": label, "settled_by": by, "settled_at": now()}
                edit(database, "settlements", key, said, version=version, by=by)
                return
            values = (*key.values(), label, by, now())
            made = database.execute(
                "insert or ignore into settlements"
                " (project_id, creator_id, kind, number, item_id, label, settled_by, settled_at)"
                " values (?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )
            if not made.rowcount:
                raise ConflictError(
                    database.execute(
                        "select * from settlements"
                        " where project_id = ? and creator_id = ? and kind = ? and number = ? and item_id = ?",
                        tuple(key.values()),
                    ).fetchone()
                )
            said = {"kind": audit.kind, "item_id": item, "label": label}
            note(database, audit.project_id, audit.creator_id, "settlements", {"after": said}, by=by)

    def _check(self, audit: Audit, item: str, label: str) -> None:
        if item not in audit.order or label not in LABELS[audit.kind]:
            raise LookupError(f"{label} for {item}: not drawn, or no label of a {audit.kind}")


def _check_current(database: Any, audit: Audit) -> None:
    """Raise ConflictError where another draw has taken the place of this one."""
    newest = database.execute(
        "select * from audits where project_id = ? and creator_id = ? and kind = ? order by number desc limit 1",
        tuple(audit.key.values())[:3],
    ).fetchone()
    if newest is None or newest["number"] != audit.number:
        raise ConflictError(newest or {})


def _audit(row: Mapping[str, Any]) -> Audit:
    design = json.loads(row["design"])
    return Audit(
        row["project_id"],
        row["creator_id"],
        row["kind"],
        row["number"],
        row["seed"],
        tuple(design["order"]),
        design,
        None if row["applied"] is None else json.loads(row["applied"]),
        row["made_by"],
        row["made_at"],
    )
