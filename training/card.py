"""The card of a model: what it was made of, how good it is, where it fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from training.evaluate import FIGURES, Figure
from zhenfen.shelf import TrainingSource

Figures = Mapping[str, Mapping[str, Figure]]


def make_card(
    title: str,
    notes: str,
    sources: Iterable[TrainingSource],
    *,
    within: Figures,
    across: Figures,
    rivals: Mapping[str, Figures],
) -> str:
    """The card as Markdown.

    Args:
        title: Name and version.
        notes: What it is for, how it was chosen, and where it fails; Markdown.
        sources: What it was trained on.
        within: Source → figures by cross-validation.
        across: Source → figures by models that never saw the source.
        rivals: Name of a baseline → its figures across sources.
    """
    parts = (
        f"# {title}",
        notes.strip(),
        "## Sources and terms",
        make_table(("source", "rows", "terms"), ((one.source, f"{one.rows:,}", one.terms) for one in sources)),
        "## On rows it had not seen, of sources it knew",
        figures_table(within),
        "## On sources it had never seen",
        figures_table(across),
        "## Beside plain baselines, on sources never seen (AUC)",
        rivals_table({"this model": across, **rivals}),
        "Figures are at even shares of fake and genuine profiles, with 95 % intervals over resampled profiles"
        " (near-duplicates together).",
    )
    return "\n\n".join(parts) + "\n"


def figures_table(figures: Figures) -> str:
    """One row a source, one column a figure, as Markdown."""
    rows = ((source, *(show(found[name]) for name in FIGURES)) for source, found in figures.items())
    return make_table(("source", *(name.upper() for name in FIGURES)), rows)


def rivals_table(rivals: Mapping[str, Figures]) -> str:
    """One row a model, one column a source, with mean and worst, as Markdown; AUC."""
    sources = list(next(iter(rivals.values())))
    rows = []
    for name, figures in rivals.items():
        values = [figures[source]["auc"] for source in sources]
        points = [value for value, _, _ in values]
        rows.append((name, *map(show, values), f"{sum(points) / len(points):.3f}", f"{min(points):.3f}"))
    return make_table(("model", *sources, "mean", "worst"), rows)


def show(figure: Figure) -> str:
    """`.912 [.901, .923]`."""
    return "{:.3f} [{:.3f}, {:.3f}]".format(*figure)


def make_table(heading: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table as Markdown."""
    cells = list(heading)
    lines = [cells, ["---"] * len(cells), *map(list, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
