"""How creators were found: what files say of it, what the user says, and which of them counts.

A search selects by topic, so that what its creators share was to be expected. Of two statements about a creator the
weaker one therefore counts: whoever stands in a search is found by it, whatever else is said of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from zhenfen.errors import ConfigError, FoundBySearchError, Problem
from zhenfen.tables import FOUND_BY

SEARCH, UNKNOWN = "search", "unknown"
FOUND_SCHEMA: dict[str, pl.DataType] = {"creator_id": pl.String(), "found_by": pl.String(), "file": pl.String()}
"""A statement of a file about a creator."""


def check_found_by(given: str | None) -> None:
    """Raise when an option is none of the known values.

    Raises:
        ConfigError: It is none; lists them.
    """
    if given is not None and given not in FOUND_BY:
        raise ConfigError(f"found_by {given!r}: expected one of {', '.join(FOUND_BY)}")


def settle_found_by(creators: pl.DataFrame, given: str | None, found: pl.DataFrame | None = None) -> pl.DataFrame:
    """`fill_found_by` of all creators of an export, unless the user contradicts what it says of them all.

    Args:
        creators: Rows of the table.
        given: What the user says, one of FOUND_BY; None for nothing.
        found: What files say, FOUND_SCHEMA; default nothing.

    Raises:
        FoundBySearchError: A search found all of them, and the user says otherwise; with every file that says so.
    """
    files = [] if found is None else found.filter(pl.col("found_by") == SEARCH)["file"].unique().sort().to_list()
    refuse_searched(files or ["creators"], given, count_searched(creators, found), creators.height)
    return fill_found_by(creators, given, found)


def refuse_searched(files: Sequence[str], given: str | None, n_searched: int, n_creators: int) -> None:
    """Raise when the user speaks of creators all of whom a search found, and says otherwise.

    Where others stand beside them, the user may well mean those.

    Raises:
        FoundBySearchError: With a problem a file.
    """
    if given not in (None, SEARCH, UNKNOWN) and 0 < n_searched == n_creators:
        expected = f"{SEARCH!r}, as this file says; leave the option out, or take what was searched for out"
        raise FoundBySearchError([Problem(expected, file, column="found_by", value=given) for file in files])


def count_searched(creators: pl.DataFrame, found: pl.DataFrame | None = None) -> int:
    """How many of the creators a search found, as far as the data say it; arguments as of `settle_found_by`."""
    return fill_found_by(creators, None, found).filter(pl.col("found_by") == SEARCH).height


def fill_found_by(creators: pl.DataFrame, given: str | None, found: pl.DataFrame | None = None) -> pl.DataFrame:
    """The table `creators` with `found_by` filled; null where nobody says.

    A search counts before everything else, then the creator's own row, then the user, then a file that was made by
    naming creators: who named them, and why, the user knows better than the file.

    Args:
        creators: Rows of the table, perhaps without `found_by`.
        given: What the user says of those of whom nothing else is known, one of FOUND_BY; None for nothing. That a
            search found them is said of all.
        found: What files say, FOUND_SCHEMA; default nothing.
    """
    own = pl.col("found_by") if "found_by" in creators.columns else pl.lit(None, pl.String)
    said = pl.lit(None if given == UNKNOWN else given, pl.String)
    is_search = pl.col("found_by") == SEARCH
    stated = (pl.DataFrame(schema=FOUND_SCHEMA) if found is None else found).group_by("creator_id")
    by_file = stated.agg(_searched=is_search.any(), _named=pl.col("found_by").filter(~is_search).min())
    rows = creators.with_columns(found_by=pl.when(own != UNKNOWN).then(own))
    joined = rows.join(by_file, on="creator_id", how="left", maintain_order="left")
    searched = pl.any_horizontal(is_search, "_searched", said == SEARCH).fill_null(value=False)
    known = pl.coalesce("found_by", said, "_named")
    return joined.with_columns(found_by=pl.when(searched).then(pl.lit(SEARCH)).otherwise(known)).drop(
        "_searched", "_named"
    )
