"""What sounds paid beside what was paid: the readers, the platform's own labels, and the model, in one table."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from training.evaluate import Figure, evaluate
from training.posts import READERS

Array = npt.NDArray[np.float64]

TRUTHS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "Douyin: order or advert against not flagged": ("douyin", ("sponsored_platform",), ("not_flagged_platform",)),
    "Douyin: with shopping links, against not flagged": (
        "douyin",
        ("sponsored_platform", "commerce_platform"),
        ("not_flagged_platform",),
    ),
    "Xiaohongshu: 蒲公英 advert against organic": ("xiaohongshu", ("sponsored_platform",), ("organic_platform",)),
}
"""Title of the comparison → platform, labels of what was paid, labels of the others."""
Table = dict[str, dict[str, Figure]]


def compare(rows: pl.DataFrame, probas: Array, threshold: float, seed: int) -> Table:
    """Comparison → who judges → AUC with its interval, at even shares.

    Judges are the model (out of fold), each reader, and the length of the text: what a platform's label has in common
    with it is no skill.
    """
    found: Table = {}
    for title, (platform, paid, others) in TRUTHS.items():
        here = (rows["platform"] == platform) & rows["truth"].is_in((*paid, *others)).fill_null(value=False)
        is_paid = pl.col("truth").is_in(paid).cast(pl.Int64)
        part = rows.filter(here).with_columns(source=pl.lit("truth"), is_fake=is_paid)
        judges = {
            "model": probas[here.to_numpy()],
            **{f"reader {one}": part[f"y_{one}"].fill_null(0.5).to_numpy() for one in READERS},
            "length": part["text"].str.len_chars().to_numpy().astype(np.float64),
        }
        found[title] = {
            judge: evaluate(part, scores, threshold, seed)["truth"]["auc"] for judge, scores in judges.items()
        }
    return found


def agree(rows: pl.DataFrame, probas: Array, threshold: float, seed: int) -> Table:
    """Source → AUC against the readers of the model, and of each reader against the other (the ceiling)."""
    found: Table = {}
    for source in ("product_posts", "notes"):
        here = rows.select(
            (pl.col("source") == source) & pl.all_horizontal(pl.col(f"y_{one}").is_not_null() for one in READERS)
        )
        mask = here.to_series().to_numpy()
        part = rows.filter(pl.Series(mask)).with_columns(source=pl.lit("truth"))
        found[source] = {}
        for one, other in (READERS, READERS[::-1]):
            judged = part.with_columns(is_fake=pl.col(f"y_{one}").cast(pl.Int64))
            scores = {"model": probas[mask], f"reader {other}": part[f"y_{other}"].to_numpy()}
            for judge, score in scores.items():
                figure = evaluate(judged, score, threshold, seed)["truth"]["auc"]
                found[source][f"{judge} against reader {one}"] = figure
    return found
