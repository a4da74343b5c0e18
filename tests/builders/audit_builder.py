"""Tables with one audience whose truth is known, a model that half knows it, and somebody who fills in the sheet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import xlsxwriter

from zhenfen.audit.loop import make_sample
from zhenfen.audit.sheet import read_filled
from zhenfen.connectors.reading.binary_files import peek_workbook, read_workbook
from zhenfen.estimators.prevalence import Prevalence, prediction_powered, probabilistic_count
from zhenfen.tables import Tables, write_tables

N_PROFILES = 400
Edit = Callable[[str, pl.DataFrame], pl.DataFrame]


def truth() -> dict[str, bool]:
    """Every fourth profile is fake."""
    return {f"p{at:04}": at % 4 == 0 for at in range(N_PROFILES)}


def write_audience(folder: Path, creators: tuple[str, ...] = ("c1", "c2"), **columns: list[str]) -> Path:
    """Tables of creators with N_PROFILES newest followers and ten likers each; `columns` replace their columns."""
    ids = list(truth())
    many = pl.concat(
        pl.DataFrame(
            {
                "creator_id": [creator] * N_PROFILES,
                "profile_id": ids,
                "frame": ["newest"] * N_PROFILES,
                "display_name": [f"某人{at}" for at in range(N_PROFILES)],
                "bio": ["加微信：abc12345 看海" for _ in ids],
                "n_followers": list(range(N_PROFILES)),
                "is_verified": [None, True, False, None] * (N_PROFILES // 4),
                **columns,
            }
        )
        for creator in creators
    )
    few = (
        many.group_by("creator_id").head(10).with_columns(frame=pl.lit("likers"), profile_id="l" + pl.col("profile_id"))
    )
    creators_table = pl.DataFrame({"creator_id": creators, "platform": ["weibo"] * len(creators)})
    write_tables(Tables({"creators": creators_table, "audience": pl.concat((many, few))}), folder)
    return folder


def score_profiles(profiles: pl.DataFrame, _tables: Tables) -> pl.DataFrame:
    """Scores that lean towards the truth and are too high throughout."""
    fake = np.array([truth()[one] for one in profiles["profile_id"]])
    probas = np.clip(np.where(fake, 0.8, 0.4) + np.random.default_rng(5).normal(0, 0.15, len(fake)), 0, 1)
    return profiles.select("profile_id", p_fake=pl.Series(probas), model=pl.lit("audience/1"))


def estimate(profiles: pl.DataFrame, tables: Tables) -> Prevalence:
    """As scoring does it: by the scores alone, or with the labels."""
    probas = score_profiles(profiles, tables)["p_fake"].to_numpy()
    if profiles["is_fake"].count() == 0:
        return probabilistic_count(probas)
    labels = profiles["is_fake"].cast(pl.Float64)
    return prediction_powered(
        probas,
        labels.is_not_null().to_numpy(),
        labels.to_numpy(),
        profiles["inclusion"].to_numpy(),
        profiles["stratum"].to_numpy(),
    )


def rewrite(path: Path, edit: Edit) -> None:
    """Save a workbook again with every sheet changed by `edit`, as a spreadsheet program would."""
    sheets = {name: edit(name, read_workbook(path, path.name, name)) for name in peek_workbook(path, path.name)}
    with xlsxwriter.Workbook(path) as workbook:
        for name, cells in sheets.items():
            page = workbook.add_worksheet(name)
            page.write_row(0, 0, cells.columns)
            for at, row in enumerate(cells.iter_rows(), start=1):
                page.write_row(at, 0, row)


def fill(
    path: Path, words: Callable[[int, str], str | None], *, heading: str = "Label", key: str = "Profile id"
) -> None:
    """Write `words(row from 0, profile id)` into the label column."""

    def edit(name: str, cells: pl.DataFrame) -> pl.DataFrame:
        if heading not in cells.columns or key not in cells.columns:
            return cells
        given = [words(at, one) for at, one in enumerate(cells[key])]
        return cells.with_columns(pl.Series(heading, given, dtype=pl.String))

    rewrite(path, edit)


def by_truth(_row: int, profile_id: str) -> str:
    """The right label in English."""
    return "not real" if truth()[profile_id] else "real"


def drawn_ids(path: Path) -> list[str]:
    """The profiles of the sheet in their order."""
    return read_filled(path).labels["profile_id"].to_list()


def draw(folder: Path, out: Path, *, n: int = 100, seed: int = 1, creator: str = "c1", language: str = "en") -> Path:
    """An audit sheet of the audience of `folder`."""
    make_sample(folder, creator, n, out, score_profiles, seed=seed, language=language)
    return out
