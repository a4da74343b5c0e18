"""How often the level rule asks for a look where nothing is known to be wrong, and where something was simulated.

Real creators: the panel is built from four fifths of each source and judges the last fifth. Nobody checked these
creators, so "out of line" is not always a false alarm: the figures are upper bounds. Simulated creators: truth known.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
from scipy.stats import binomtest
from training.datasets import data_dir
from training.panel import Part, read_parts
from training.split import fifth_of

from zhenfen.features.base import REASONS_SCHEMA
from zhenfen.model_store import Models, load_models
from zhenfen.scoring import describe_features, score
from zhenfen.simulate import shortlist
from zhenfen.verdict.levels import decide, weigh
from zhenfen.verdict.panel import Panel, match_peers, read_panel, write_panel

SEEDS = range(100, 120)
NO_REASONS = {**REASONS_SCHEMA, "family": pl.String()}


def split(part: Part, fifth: int = 0) -> tuple[Part, Part]:
    """Four fifths and one fifth of the peers; the pieces of one channel stay together."""
    held = fifth_of(pl.col("creator_id")) == fifth
    return replace(part, values=part.values.filter(~held)), replace(part, values=part.values.filter(held))


def make_panel(parts: list[Part]) -> Panel:
    """A panel of these parts, through its file as any other."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "panel.csv"
        write_panel(pl.concat(part.rows() for part in parts), path)
        return read_panel(path)


def rate(n_alarms: int, n: int) -> str:
    """A share with its 95 % Wilson interval."""
    if n == 0:
        return "–"
    low, high = binomtest(n_alarms, n).proportion_ci(method="wilson")
    return f"{n_alarms / n:6.3f}  [{low:.3f}, {high:.3f}]"


def real_rows(models: Models) -> Iterator[tuple[str, str, int, str]]:
    """Source, family, creators held out, share out of line: beside their own source, and with that source left out."""
    halves = [split(part) for part in read_parts(data_dir())]
    for _, held in halves:
        name = held.source.source
        yield from judged_rows(name, held, [kept for kept, _ in halves], models)
        others = [kept for kept, _ in halves if kept.source.source != name]
        yield from judged_rows(f"{name}, own source out", held, others, models)


def judged_rows(name: str, held: Part, kept: list[Part], models: Models) -> Iterator[tuple[str, str, int, str]]:
    """How many of the peers held out a panel of the parts kept finds out of line, by family.

    Sources give means without the rows behind them, so values are judged as they stand.
    """
    rules = models.levels.rules
    matched = match_peers(held.values, held.creators, make_panel(kept)).with_columns(judged="value")
    evidence = weigh(matched, describe_features(), rules)
    families = evidence["family"].unique().sort().to_list()
    levels = decide(evidence, pl.DataFrame(schema=NO_REASONS), held.values["creator_id"], families, rules)
    for family in families:
        judged = levels.filter(pl.col("level") != "not_assessed", pl.col("family") == family)
        if judged.height:
            yield name, family, judged.height, rate(judged.filter(level="elevated").height, judged.height)


def simulated_rows(models: Models) -> Iterator[tuple[str, str, int, str]]:
    """Kind, family, creators simulated, share out of line."""
    found = []
    for seed in SEEDS:
        made = shortlist(seed)
        findings = score(made.tables, models, with_details=False).findings
        found.append(findings.join(made.truth.select("creator_id", "kind", "is_manipulated"), on="creator_id"))
    judged = pl.concat(found).filter(pl.col("level") != "not_assessed")
    by_kind = judged.group_by("is_manipulated", "kind", "family").agg(
        n_alarms=(pl.col("level") == "elevated").sum(), n=pl.len()
    )
    for bought, kind, family, n_alarms, n in by_kind.sort("is_manipulated", "kind", "family").iter_rows():
        yield f"{kind}{' (bought)' if bought else ''}", family, n, rate(n_alarms, n)


def show(title: str, rows: Iterator[tuple[str, str, int, str]]) -> None:
    """One table."""
    print(f"\n{title}\n{'':<52}{'family':<14}{'n':>6}   out of line [95 %]")
    for name, family, n, share in rows:
        print(f"{name:<52}{family:<14}{n:>6}   {share}")


def main() -> None:
    """Print both tables."""
    models = load_models()
    show("Real creators, held-out fifth", real_rows(models))
    show(f"Simulated creators, {len(SEEDS)} shortlists", simulated_rows(models))


if __name__ == "__main__":
    main()
