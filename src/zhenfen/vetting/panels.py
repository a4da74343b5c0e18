"""A reference panel from the user's own creators."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from zhenfen.connectors.importing import import_export
from zhenfen.errors import MissingTableError, Problem
from zhenfen.progress import Progress, silent
from zhenfen.scoring import known_at, latest_moment, measure
from zhenfen.verdict.panel import PanelSource, build_panel, write_panel
from zhenfen.verdict.panel_curves import FEWEST_PEERS
from zhenfen.vetting.options import NOT_STATED


def build_own_panel(
    path: Path,
    out: Path,
    source: str,
    window: str,
    *,
    platform: str | None = None,
    on_progress: Progress = silent,
) -> pl.DataFrame:
    """Measure every creator of `path` and write the quantiles to `out`.

    Raises:
        MissingTableError: Too few creators for a single quantile.
    """
    tables = import_export(path, obtained_how=NOT_STATED, platform=platform, on_progress=on_progress)
    moment = latest_moment(tables)
    tables = known_at(tables, moment)
    measured = measure(tables, moment, on_progress=on_progress)
    about = PanelSource(source, window, moment.date())
    panels = [build_panel(one.values, tables["creators"], about) for one in measured.values()]
    rows = pl.concat(panels)
    if rows.is_empty():
        found = str(tables["creators"].height)
        raise MissingTableError(
            Problem(
                f"at least {FEWEST_PEERS} creators of one platform with something to measure", "creators", value=found
            )
        )
    write_panel(rows, out)
    return rows
