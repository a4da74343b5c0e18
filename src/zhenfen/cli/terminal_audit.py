"""What a terminal shows of an audit in batches."""

from __future__ import annotations

import polars as pl
from rich.console import Console
from rich.text import Text

from zhenfen.audit.batches import AuditState
from zhenfen.messages import Catalogue


def show_state(state: AuditState, language: str) -> None:
    """Whether the question is answered and how many labels are suggested, by whom the labels are, who disagrees."""
    catalogue, progress = Catalogue(language), state.progress
    numbers = {
        "n_labels": catalogue.number(progress.n_labels, 0),
        "n_batches": catalogue.number(state.n_batches, 0),
        "n_more": catalogue.number(progress.n_more, 0),
        "n_expected": catalogue.number(progress.n_expected or state.scored.height, 0),
        "n_profiles": catalogue.number(state.scored.height, 0),
        "n_earlier": catalogue.number(state.n_earlier, 0),
    }
    lines = [catalogue.text("cli.audit.labels", **numbers)]
    for name, n in state.labelled_by.iter_rows():
        lines.append(catalogue.text("cli.audit.labels_by", name=name, n=catalogue.number(n, 0)))
    if state.n_earlier:
        lines.append(catalogue.text("cli.audit.earlier", **numbers))
    if progress.share is not None and progress.low is not None and progress.high is not None:
        shares = {name: catalogue.share(getattr(progress, name)) for name in ("share", "low", "high")}
        lines.append(catalogue.text("cli.audit.so_far", **shares))
    for (profile,), rows in state.contradicted.group_by("profile_id", maintain_order=True):
        names = ", ".join(rows["labelled_by"])
        lines.append(catalogue.text("cli.audit.disagree", profile=profile, names=names))
    if progress.is_enough:
        verdict = "enough"
    elif progress.n_more == 0:
        verdict = "all_labelled"
    else:
        verdict = "more" if progress.n_expected is not None else "more_unsure"
    lines.append(catalogue.text(f"cli.audit.{verdict}", **numbers))
    Console().print(Text("\n".join(lines)))


def show_reused(rows: pl.DataFrame, language: str) -> None:
    """How many audits the next one learns from, and their labels."""
    catalogue = Catalogue(language)
    n_labels = catalogue.number(int(rows["n_labels"].sum()), 0)
    text = catalogue.text("cli.audit.reused", n_audits=catalogue.number(rows.height, 0), n_labels=n_labels)
    Console().print(Text(text))
