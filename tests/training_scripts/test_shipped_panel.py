"""The shipped panel is what its script makes, and speaks only of features there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from zhenfen.config import load_platforms
from zhenfen.scoring import describe_features
from zhenfen.shelf import PANEL, find_file
from zhenfen.verdict.panel import read_panel

SHIPPED = find_file(PANEL)


def test_every_feature_and_platform_of_the_panel_exists() -> None:
    panel = read_panel(SHIPPED).frame
    assert set(panel["feature"]) <= set(describe_features()["feature"])
    assert set(panel["platform"]) <= set(load_platforms())


def test_every_row_has_source_window_and_day() -> None:
    panel = read_panel(SHIPPED).frame
    assert panel.select("source", "window", "observed_on", "n_peers").null_count().row(0) == (0, 0, 0, 0)


@pytest.mark.data
def test_the_script_makes_the_shipped_panel(data_dir: Path) -> None:
    import polars as pl
    from polars.testing import assert_frame_equal
    from training.panel import read_parts

    from zhenfen.verdict.panel import SCHEMA

    made = pl.concat(part.rows() for part in read_parts(data_dir)).select(SCHEMA.keys())
    assert_frame_equal(made, read_panel(SHIPPED).frame, rel_tol=1e-9)
