"""A case: one creator with every row that its page is made of, cut out of the frames of the whole shortlist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import polars as pl

from zhenfen.config import Platform, load_platforms
from zhenfen.errors import Problem, UnknownCreatorError
from zhenfen.messages import Catalogue
from zhenfen.report.quote import clean, quote, shorten
from zhenfen.tables import TABLES, Tables, make_frame
from zhenfen.verdict.evidence import Finding, Findings

Details = Mapping[str, Mapping[str, pl.DataFrame]]
Reads = Mapping[str, tuple[str, ...]]
"""Detail frames by the family that measures them: what a part of a report is made from."""
LONGEST_NAME_CHARS = 60
SHORT_ID_CHARS = 8


@dataclass(frozen=True)
class Setting:
    """What all pages of a report share.

    Attributes:
        findings: Findings of all creators.
        tables: Tables of all creators.
        catalogue: Words and number formats of the reader's language.
        show_names: Whether people other than the creators may be named.
        target_regions: Codes of the places that an audience is wanted from, see `places.parse_targets`.
        names_others: Whether questions may name other creators of the list; what is sent to one does not.
    """

    findings: Findings
    tables: Tables
    catalogue: Catalogue
    show_names: bool = False
    target_regions: tuple[str, ...] = ()
    names_others: bool = True

    @cached_property
    def creators(self) -> dict[str, dict[str, Any]]:
        """Row of the creators table by creator_id."""
        return {row["creator_id"]: row for row in self.tables["creators"].iter_rows(named=True)}

    @cached_property
    def reported(self) -> frozenset[str]:
        """Ids of the creators that have a page; others may be named beside them."""
        return frozenset(self.findings.creators["creator_id"])

    @cached_property
    def overall(self) -> dict[str, dict[str, Any]]:
        """Level over all families by creator_id, see `verdict.creator.CREATORS_SCHEMA`."""
        return {row["creator_id"]: row for row in self.findings.creators.iter_rows(named=True)}

    @cached_property
    def reasons(self) -> dict[str, set[str | None]]:
        """Family → the reasons of all creators why it was not assessed, None of those of whom it was."""
        grouped = self.findings.findings.group_by("family").agg(pl.col("reason").unique())
        return {family: set(reasons) for family, reasons in grouped.iter_rows()}

    @cached_property
    def unusable_rows(self) -> pl.DataFrame:
        """The table `unusable` with creator_id: whose a row is, null where nothing says so.

        Of a single creator everything is; else a row tells by the id that stands in it: the creator's, a post's or a
        comment's.
        """
        rows = self.tables["unusable"]
        if self.tables["creators"].height == 1:
            return rows.with_columns(creator_id=pl.lit(self.tables["creators"]["creator_id"][0]))
        keys = {"creators": "creator_id", "posts": "post_id", "comments": "comment_id"}
        owners = pl.concat(
            self.tables[table].select(column=pl.lit(key), value=key, creator_id="creator_id")
            for table, key in keys.items()
        )
        return rows.join(owners.drop_nulls().unique(), on=["column", "value"], how="left", maintain_order="left")

    def detail(self, family: str, name: str) -> pl.DataFrame | None:
        """The frame behind a family's values, all creators; None when it is not there or has no row.

        Nothing is refused here as it is to a case: for what spans creators, which asks by the names of its `reads`.
        """
        return _find(self.findings.details, family, name)

    def name_of(self, creator_id: str) -> str:
        """Display name of a creator, or words with the short id where there is none."""
        name = shorten(clean(self.creators.get(creator_id, {}).get("display_name")), LONGEST_NAME_CHARS)
        return name or self.catalogue.text("report.unnamed", id=clean(creator_id)[:SHORT_ID_CHARS])

    def platform_of(self, creator_id: str) -> tuple[str | None, str]:
        """Id and readable name of a creator's platform; None and a dash when unknown."""
        platform = self.creators.get(creator_id, {}).get("platform")
        return platform, "—" if platform is None else self.platform_name(platform)

    def platform_name(self, platform: str) -> str:
        """Readable name of a platform; its id where configs/platforms/ has no such file."""
        config = self.platform_config(platform)
        return platform if config is None else config.name[self.catalogue.language]

    def platform_config(self, platform: str | None) -> Platform | None:
        """The platform's configuration, None where there is none."""
        return load_platforms().get(platform or "")

    def quote(self, text: str | None) -> str:
        """A comment as it may be shown under this setting."""
        return quote(text, show_names=self.show_names)

    def label(self, kind: str, name: str, suffix: str = "") -> str:
        """Catalogue text `<kind>.<name><suffix>`; the bare name where none has it, so that a new family shows."""
        key = f"{kind}.{name}{suffix}"
        return self.catalogue.text(key) if self.catalogue.has(key) else ("" if suffix else name)


@dataclass(frozen=True)
class Case:
    """One creator.

    Attributes:
        creator_id: Whose case.
        findings: One record per family.
        evidence: The same as rows, one per measurement.
        details: Family → name → frame, this creator's rows only.
        posts: This creator's posts.
        events: This creator's events.
        setting: What all pages share.
        reads: The detail frames that may be asked for; see `reading`.
    """

    creator_id: str
    findings: tuple[Finding, ...]
    evidence: pl.DataFrame
    details: Details
    posts: pl.DataFrame
    events: pl.DataFrame
    setting: Setting
    reads: Reads = field(default_factory=dict)

    def reading(self, reads: Reads) -> Case:
        """The case for a part of the report that declares which detail frames it is made from."""
        return replace(self, reads=reads)

    def detail(self, family: str, name: str) -> pl.DataFrame | None:
        """The frame behind a family's values; None when it is not there or has no row.

        Raises:
            LookupError: Whoever asks did not declare the frame.
        """
        if name not in self.reads.get(family, ()):
            raise LookupError(f"frame {name!r} of {family!r} is read, but only {dict(self.reads)} are declared")
        return _find(self.details, family, name)

    @property
    def as_of(self) -> datetime:
        """The moment the tables were read at."""
        return self.setting.findings.as_of

    @property
    def catalogue(self) -> Catalogue:
        """Words and number formats of the reader's language."""
        return self.setting.catalogue


def open_cases(setting: Setting) -> Iterator[Case]:
    """Every creator's case, most concern first. Each frame is split once, not once per creator."""
    findings = setting.findings
    findings_by, evidence_by = _by_creator(findings.findings), _by_creator(findings.evidence)
    posts_by, events_by = (_by_creator(setting.tables[name]) for name in ("posts", "events"))
    details_by = {
        family: {name: _by_creator(frame) for name, frame in frames.items()}
        for family, frames in findings.details.items()
    }
    for creator_id in findings.creators["creator_id"]:
        mine = replace(
            findings,
            findings=findings_by.get(creator_id, findings.findings.clear()),
            evidence=evidence_by.get(creator_id, findings.evidence.clear()),
        )
        yield Case(
            creator_id,
            mine.of(creator_id),
            mine.evidence,
            {
                family: {name: parts[creator_id] for name, parts in frames.items() if creator_id in parts}
                for family, frames in details_by.items()
            },
            posts_by.get(creator_id, make_frame(TABLES["posts"])),
            events_by.get(creator_id, make_frame(TABLES["events"])),
            setting,
        )


def open_case(setting: Setting, creator_id: str) -> Case:
    """One creator's case.

    Raises:
        UnknownCreatorError: The findings hold no such creator.
    """
    findings = setting.findings
    if creator_id not in findings.creators["creator_id"]:
        known = ", ".join(findings.creators["creator_id"].head(5))
        raise UnknownCreatorError(Problem(f"a creator of the data, such as {known}", "creators", value=creator_id))
    mine = pl.col("creator_id") == creator_id
    return Case(
        creator_id,
        findings.of(creator_id),
        findings.evidence.filter(mine),
        {
            family: {name: frame.filter(mine) for name, frame in frames.items()}
            for family, frames in findings.details.items()
        },
        setting.tables["posts"].filter(mine),
        setting.tables["events"].filter(mine),
        setting,
    )


def _find(details: Details, family: str, name: str) -> pl.DataFrame | None:
    frame = details.get(family, {}).get(name)
    return None if frame is None or frame.is_empty() else frame


def _by_creator(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    parts = frame.partition_by("creator_id", as_dict=True, maintain_order=True)
    return {str(key[0]): part for key, part in parts.items()}
