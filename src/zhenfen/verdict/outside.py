"""The share of an audience outside the regions that an agency wants to reach, or writing in none of their languages."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from zhenfen.features.audience.patterns import wilson
from zhenfen.places import find_languages, is_outside


def measure_outside(origins: pl.DataFrame, targets: Sequence[str], kind: str = "region") -> pl.DataFrame:
    """creator_id, frame, n_outside, n_known, share, low, high: Wilson's interval of 95 %; no row where nobody is known.

    Known are people of whom it can be said: somebody "in China" may or may not be in Guangdong. Of places whose
    languages nobody knows nothing is said of languages.

    Args:
        origins: `people.ORIGINS_SCHEMA`.
        targets: Codes of `places.parse_targets`, at least one.
        kind: region or language.
    """
    rows = origins.filter(pl.col("kind") == kind)
    found = rows["value"].drop_nulls().unique().to_list()
    languages = find_languages(targets) if kind == "language" else frozenset()
    outside = [
        is_outside(one, targets) if kind == "region" else one not in languages if languages else None for one in found
    ]
    said = pl.DataFrame(
        {"value": found, "is_outside": outside}, schema={"value": pl.String, "is_outside": pl.Boolean}
    ).drop_nulls()
    known = rows.join(said, on="value")
    n = pl.col("n_people")
    counted = known.group_by("creator_id", "frame").agg(n_outside=n.filter("is_outside").sum(), n_known=n.sum())
    low, high = wilson(pl.col("n_outside"), pl.col("n_known"))
    shares = counted.filter(pl.col("n_known") > 0).with_columns(
        share=pl.col("n_outside") / pl.col("n_known"), low=low, high=high
    )
    return shares.sort("creator_id", "frame")
