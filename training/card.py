"""The card of a model: what it was made of, how good it is, where it fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from training.evaluate import FIGURES, Figure, Figures, Judged
from zhenfen.shelf import TrainingSource

CARDS = Path(__file__).parent / "cards"


def read_notes(name: str) -> str:
    """What a person wrote for the card of a model: what it is for, how it was chosen, and where it fails; Markdown."""
    return (CARDS / f"{name}.md").read_text(encoding="utf-8").strip()


def make_sections(
    sources: Iterable[TrainingSource], judged: Judged, rivals: Mapping[str, Mapping[str, Figures]]
) -> tuple[str, ...]:
    """The card of a model of profiles, after the notes; Markdown.

    Args:
        sources: What it was trained on.
        judged: Its figures.
        rivals: View → name of a baseline → its figures.
    """
    return (
        *sources_section(sources),
        "## On rows it had not seen, of sources it knew",
        figures_table(judged.figures["within"]),
        "## On sources it had never seen",
        figures_table(judged.figures["across"]),
        "## Beside plain baselines, on sources it knew (AUC)",
        rivals_table({"this model": judged.figures["within"], **rivals["within"]}),
        "## Beside plain baselines, on sources never seen (AUC)",
        rivals_table({"this model": judged.figures["across"], **rivals["across"]}),
        "Figures are at even shares of fake and genuine profiles, with 95 % intervals over resampled profiles"
        " (near-duplicates together).",
    )


def sources_section(sources: Iterable[TrainingSource]) -> tuple[str, str]:
    """Heading and table of what a model was trained on, as Markdown."""
    rows = ((one.source, f"{one.rows:,}", one.terms) for one in sources)
    return "## Sources and terms", make_table(("source", "rows", "terms"), rows)


def figures_table(figures: Figures) -> str:
    """One row a source, one column a figure, as Markdown."""
    rows = ((source, *(show(found[name]) for name in FIGURES)) for source, found in figures.items())
    return make_table(("source", *(name.upper() for name in FIGURES)), rows)


def rivals_table(rivals: Mapping[str, Figures]) -> str:
    """One row a source, with mean and worst at the end, one column a model, as Markdown; AUC."""
    sources = list(next(iter(rivals.values())))
    values = {name: [figures[source]["auc"] for source in sources] for name, figures in rivals.items()}
    points = {name: [value for value, _, _ in found] for name, found in values.items()}
    rows = [
        *((source, *(show(found[at]) for found in values.values())) for at, source in enumerate(sources)),
        ("mean", *(f"{sum(found) / len(found):.3f}" for found in points.values())),
        ("worst", *(f"{min(found):.3f}" for found in points.values())),
    ]
    return make_table(("source", *rivals), rows)


def show(figure: Figure) -> str:
    """`.912 [.901, .923]`."""
    return "{:.3f} [{:.3f}, {:.3f}]".format(*figure)


def make_table(heading: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table as Markdown."""
    cells = list(heading)
    lines = [cells, ["---"] * len(cells), *map(list, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
