"""The demonstration: twelve simulated creators whose truth is known, vetted like any export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from zhenfen.model_store import Models
from zhenfen.progress import Progress, silent
from zhenfen.simulate import shortlist
from zhenfen.tables import write_tables
from zhenfen.vetting.options import VetOptions
from zhenfen.vetting.vet import Vetted, vet


@dataclass(frozen=True)
class Demo:
    """What the demonstration made: the report, and the truth behind the simulated creators."""

    vetted: Vetted
    truth: pl.DataFrame


def write_demo(out: Path, models: Models, language: str, seed: int, on_progress: Progress = silent) -> Demo:
    """Simulate a shortlist, write its tables beside the report folder `out`, and vet them."""
    on_progress("simulate", 0, 1)
    folder = out.with_name(f"{out.name}-tables")
    truth = write_demo_tables(folder, seed)
    vetted = vet(folder, out, models, VetOptions(language=language), on_progress)
    return Demo(vetted, truth)


def write_demo_tables(folder: Path, seed: int) -> pl.DataFrame:
    """Simulate the shortlist and write its tables; returns the truth behind its creators."""
    simulated = shortlist(seed)
    write_tables(simulated.tables, folder)
    return simulated.truth
