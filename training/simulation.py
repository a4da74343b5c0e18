"""Fits the parameters of simulated creators on the public data and prints them beside it.

Run: python -m training.simulation
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import polars as pl
import yaml

from training.artefact_run import TERMS, Made, write_artefact
from training.simulation_check import compare_growth, compare_posts
from training.simulation_growth import (
    PLATFORM,
    START,
    Window,
    fit_growth,
    measure_decay,
    measure_weekdays,
    read_windows,
    split_windows,
)
from training.simulation_posts import (
    calibrate_follows,
    fit_bilibili,
    fit_delays,
    fit_douyin,
    fit_weibo,
    fit_xiaohongshu,
)
from zhenfen.shelf import SIMULATION
from zhenfen.simulate.parameters import GrowthParameters, Parameters, Scatter

SEED = 11
ABOUT = """\
What simulated creators are like: sizes, posts, interactions, growth and delays of comments, fitted on public data. What
no public data show is a range that a person wrote (configs/simulate_world.yaml)."""
SOURCES = {
    "xiaohongshu": "新红, 3,471 fashion creators, means of 90 days, 2024; shares 灰豚 2025; spread of posts 2024 (141)",
    "douyin": "星图, 993 skincare creators, last ten videos, 2025; saves 1,505 other posts; follows chosen",
    "bilibili": "trending videos, 1,125 creators, 2023; follows and spread of posts VTubers; views and posts chosen",
    "weibo": "as xiaohongshu; comments and reposts by likes from 620 posts of two users",
    "growth": "36 of 69 VTuber channels of Bilibili, 2019-2022: simulated moments of 90-day windows",
    "comment_delays": "436 Weibo threads, 2010-2015",
}
HEADER = """\
# Parameters of simulated creators (src/zhenfen/simulate), written by training/simulation.py. Medians hold at 100,000
# followers; log_sd is the spread of the natural log between creators; slope the power of the followers.
"""


def fit_parameters(folder: Path, windows: list[Window]) -> Parameters:
    """Posts first, then growth given the posts, then what an interaction brings on the other platforms."""
    douyin = fit_douyin(folder)
    xiaohongshu = fit_xiaohongshu(folder, douyin)
    platforms = {
        "xiaohongshu": xiaohongshu,
        "douyin": douyin,
        PLATFORM: fit_bilibili(folder),
        "weibo": fit_weibo(xiaohongshu),
    }
    # What is measured as it is; the rest is where the search begins.
    growth = GrowthParameters(
        even_share=START["even_share"],
        day_log_sd=Scatter(median=START["day_log_sd"]),
        slow_log_sd=START["slow_log_sd"],
        slow_days=START["slow_days"],
        rises_per_day=START["rises_per_day"],
        rise_size=Scatter(median=START["rise_size"]),
        rise_tail=START["rise_tail"],
        decay=measure_decay(windows),
        weekdays=measure_weekdays(windows),
    )
    start = Parameters(
        fitted_on=datetime.now(tz=UTC).date().isoformat(),
        sources=SOURCES,
        platforms=platforms,
        growth=growth,
        comment_delays=fit_delays(folder),
    )
    return calibrate_follows(folder, fit_growth(windows, start, SEED), SEED)


def write_parameters(parameters: Parameters, path: Path) -> None:
    """`parameters` as YAML."""
    written = yaml.safe_dump(parameters.model_dump(mode="json"), allow_unicode=True, sort_keys=False, width=120)
    path.write_text(HEADER + written, encoding="utf-8")


def make_fitted(folder: Path) -> Made:
    """Fit the parameters; simulated beside real quantiles."""
    windows = read_windows(folder)
    parameters = fit_parameters(folder, split_windows(windows)[0])
    with pl.Config(tbl_rows=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True, float_precision=4):
        texts = {
            "growth.txt": str(compare_growth(windows, parameters, SEED + 1)),
            "posts.txt": str(compare_posts(folder, parameters, SEED)),
        }
    metrics = {"platforms": len(parameters.platforms), "windows": len(windows)}
    return Made(SIMULATION, partial(write_parameters, parameters), SEED, ABOUT, {"seed": SEED}, metrics, texts)


def main() -> None:
    """Fit and track."""
    write_artefact("simulation", __doc__, list(TERMS), make_fitted)


if __name__ == "__main__":
    main()
