"""MediaCrawler's lists of contacts (Bilibili): who follows whom, as a sample of the creator's followers.

A row says that `fan_id` follows `up_id`. The tool writes two lists so: an account's fans, where the account stands
under up_id, and the accounts it follows itself, where it stands under fan_id. Only the first is a sample of followers.
"""

from __future__ import annotations

import polars as pl

from zhenfen.connectors.reading.fields import Sources, raise_all
from zhenfen.connectors.reading.reasons import REASONS
from zhenfen.connectors.reading.tidy import FILE, ROW, Tidied, list_unusable, tidy, unusable_rows
from zhenfen.errors import Problem

PLATFORM = "bilibili"
FRAME = "newest"
"""Bilibili lists fans from the newest back and shows strangers the first pages; unless the user says otherwise."""
CONTACTS: Sources = {
    "creator_id": ("up_id",),
    "profile_id": ("fan_id",),
    "_name": ("up_name",),
    "_bio": ("up_sign",),
    "display_name": ("fan_name",),
    "bio": ("fan_sign",),
    "_seen": ("last_modify_ts", "add_ts"),
}
REQUIRED = ("creator_id", "profile_id")
FANS_ONLY = "unusable.following"


def read_contacts(raw: pl.DataFrame, frame: str | None) -> tuple[Tidied, pl.DataFrame]:
    """Table `audience` from the lists of fans, and raw rows of `creators`; other rows are left out and listed.

    Whose list a row is of, its neighbours tell: of an account's fans there are many under one up_id, of what it follows
    many under one fan_id. Rows with as many on either side could be of both, and are left out.

    Args:
        raw: Raw rows under the names of CONTACTS, with `_file` and `_row`.
        frame: How the lists were drawn, where the user said it.

    Raises:
        InputError: No file holds fans; names each.
    """
    n_fans = pl.col("profile_id").n_unique().over("creator_id")
    n_followed = pl.col("creator_id").n_unique().over("profile_id")
    # Without one of the two ids a row is no pair: what is missing is listed as in any table.
    is_pair = pl.all_horizontal(pl.col(REQUIRED).is_not_null())
    marked = raw.with_columns(_is_fan=(n_fans > n_followed) | ~is_pair)
    fans, others = marked.filter("_is_fan").drop("_is_fan"), marked.filter(~pl.col("_is_fan"))
    if fans.is_empty():
        raise_all([Problem(REASONS[FANS_ONLY], file) for file in sorted(others[FILE].unique())])
    sampled = fans.drop("_name", "_bio").with_columns(frame=pl.lit(frame or FRAME), platform=pl.lit(PLATFORM))
    sample = tidy("audience", sampled, merge="columns")
    followed = pl.col("profile_id")
    left_out = unusable_rows("audience", others, "profile_id", followed, expected=FANS_ONLY, action="row_left_out")
    # Every row of a list names its owner: that is one profile, not as many repeats of it.
    owners = fans.select(
        "creator_id", "_seen", FILE, ROW, snapshot_at="_seen", display_name="_name", bio="_bio"
    ).drop_nulls("creator_id")
    newest_first = owners.sort("creator_id", "_seen", "display_name", "bio", descending=True, nulls_last=True)
    creators = newest_first.unique("creator_id", keep="first", maintain_order=True)
    return Tidied(sample.frame, list_unusable([sample.unusable, left_out])), creators
