"""An import joins tables that are there: the same persons under the same ids, or a clear refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import polars as pl

from zhenfen.connectors.privacy import HASH_CHARS, KEPT, has_key, hash_id, load_key, name_key
from zhenfen.errors import InputError, Problem
from zhenfen.tables import TABLES, Tables, list_readings, merge_tables, read_tables

COUNTED = ("creators", "follower_counts", "creator_stats", "posts", "post_counts", "comments", "audience", "events")
"""Tables of which is said what an import added."""
SAME_MOMENT = timedelta(days=8)
"""How far apart two exports may place one post or comment: "1周前" is a week wide, and a zone a third of a day."""
_PUBLISHED = {"posts": "published_at", "comments": "created_at"}
_PERSONS = (("creators", "creator_id"), ("comments", "author_id"), ("audience", "profile_id"))
_NO_KEY = ""
"""Name of a key of which only its work is known."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Tables with what an import added.

    Attributes:
        tables: All of it.
        counts: Table → rows that were new, and rows that were there before, of those that the import holds; rows of
            `post_counts` are all dated readings of posts.
        n_undated: Creators and posts that were there before, and that the import shows again without a day: no reading.
        is_changed: Whether the tables are others than before.
        by_name: Names that alone made a creator of one export and an id of the other one creator: to be looked at.
    """

    tables: Tables
    counts: dict[str, tuple[int, int]]
    n_undated: int
    is_changed: bool
    by_name: tuple[str, ...] = ()


def join_tables(known: Tables, added: Tables, name: str) -> Joined:
    """Both bundles as one.

    Who is named by an id in one export and by name alone in another is one creator, where the platform has only one
    of that name.

    Args:
        known: Tables that are there.
        added: What an import read.
        name: What the user calls the tables, for messages.

    Raises:
        InputError: Ids of the two are not of one kind, or one id stands for two things.
    """
    check_keys(known, added, name)
    before = known
    known, added, by_name = settle_names(known, added)
    if problems := find_clashes(known, added, name):
        raise InputError(problems)
    merged = merge_tables(known, added)
    counts = {}
    for table in COUNTED:
        mine, theirs = (
            pl.concat([one["post_counts"], list_readings(one)]) if table == "post_counts" else one[table]
            for one in (added, known)
        )
        key = list(TABLES[table].key)
        mine = mine.select(key).unique()
        n_new = mine.join(theirs, on=key, how="anti").height
        counts[table] = (n_new, mine.height - n_new)
    # A series dates its creator.
    series = added["follower_counts"].select("creator_id").unique()
    shown = {"creators": added["creators"].join(series, on="creator_id", how="anti"), "posts": added["posts"]}
    n_undated = sum(
        shown[table].filter(pl.col(seen).is_null()).join(known[table], on=TABLES[table].key, how="semi").height
        for table, seen in (("creators", "snapshot_at"), ("posts", "observed_at"))
    )
    is_changed = not all(merged[table].equals(before[table]) for table in TABLES)
    return Joined(merged, counts, n_undated, is_changed, by_name)


def check_keys(known: Tables, added: Tables, name: str) -> None:
    """Raise when the two name persons in two ways, as far as that is known.

    Raises:
        InputError: One has hashes and the other has not, or they are of two keys.
    """
    mine, theirs = _find_keys(added), _find_keys(known)
    if not mine or not theirs or mine == theirs:
        return
    if (KEPT in theirs) != (KEPT in mine):
        key = "problem.ids_kept" if KEPT in theirs else "problem.ids_hashed"
        expected = "ids as these tables have them: kept, or hashed"
    elif _NO_KEY in mine | theirs or mine & theirs:
        return
    else:
        key, expected = "problem.ids_key", "ids hashed with the key that hashed those of these tables"
    raise InputError(Problem(expected, name, column="creator_id", key=key))


def check_key(known: Tables, name: str) -> None:
    """Say that tables were hashed with a key that is not here, before a new one is made for what shall join them.

    Args:
        known: The tables.
        name: What the user knows them by.

    Raises:
        InputError: Their key is not here.
    """
    if not has_key() and _find_keys(known) - {KEPT, _NO_KEY}:
        expected = "the key that hashed the ids of these tables"
        raise InputError(Problem(expected, name, column="creator_id", key="problem.ids_key"))


def read_known(folder: Path, name: str) -> Tables:
    """The tables of a folder that others shall join; none where it is empty.

    Raises:
        InputError: They cannot be read, or their key is not here.
    """
    known = read_tables(folder) if folder.exists() and any(folder.iterdir()) else Tables()
    check_key(known, name)
    return known


def _find_keys(tables: Tables) -> set[str]:
    """The names of keys that hashed the ids of persons, KEPT where none did; nothing for tables without persons."""
    said = set(tables["provenance"]["id_key"].drop_nulls())
    if said:
        return said
    ids = pl.concat([tables[table][column].drop_nulls().alias("id") for table, column in _PERSONS])
    if ids.is_empty():
        return set()
    return {_NO_KEY} if ids.str.contains(rf"^[0-9a-f]{{{HASH_CHARS}}}$").all() else {KEPT}


def settle_names(known: Tables, added: Tables) -> tuple[Tables, Tables, tuple[str, ...]]:
    """The bundles with one id for who has an id in one and only a name in the other, and the names of these.

    A name alone is a creator's id where an export gives none; where it holds several platforms, the platform stands
    behind it. Bundles that were hashed with another key than the user's stay as they are.
    """
    keys = _find_keys(known) | _find_keys(added)
    make_id: Callable[[str], str] = str
    if keys != {KEPT}:
        key = load_key()
        if not keys <= {_NO_KEY, name_key(key)}:
            return known, added, ()
        make_id = partial(hash_id, key=key)
    sides = [one["creators"].select("creator_id", "display_name", "platform").drop_nulls() for one in (known, added)]
    who = pl.concat(sides).unique()
    names, labels = who["display_name"], who.select(pl.col("display_name") + "@" + pl.col("platform")).to_series()
    who = who.with_columns(
        _bare=pl.Series([make_id(one) for one in names], dtype=pl.String),
        _full=pl.Series([make_id(one) for one in labels], dtype=pl.String),
    )
    is_bare, is_full = (pl.col("creator_id") == pl.col(one) for one in ("_bare", "_full"))
    by_name = is_bare | is_full
    own_ids = pl.col("creator_id").filter(~by_name)
    named = who.with_columns(
        _own=pl.when(own_ids.n_unique().over("display_name", "platform") == 1).then(
            own_ids.min().over("display_name", "platform")
        ),
        _apart=((pl.col("platform").filter(by_name).n_unique() > 1) | is_full.any()).over("display_name"),
    ).filter(by_name)
    target = pl.coalesce("_own", pl.when("_apart").then("_full").otherwise("_bare"))
    renamed = named.select("creator_id", "platform", _to=target).filter(pl.col("_to") != pl.col("creator_id"))
    joined = named.drop_nulls("_own")["display_name"].unique().sort()
    return _rename(known, renamed), _rename(added, renamed), tuple(joined)


def _rename(tables: Tables, renamed: pl.DataFrame) -> Tables:
    """The bundle with other ids of creators: `creator_id` and `platform` tell who, `_to` is the new id."""
    pairs = renamed.join(tables["creators"], on=["creator_id", "platform"], how="semi")
    if pairs.is_empty():
        return tables
    to = dict(pairs.select("creator_id", "_to").iter_rows())
    return Tables(
        {
            table: frame.with_columns(pl.col("creator_id").replace(to)) if "creator_id" in frame.columns else frame
            for table, frame in tables.frames.items()
        }
    )


def find_clashes(known: Tables, added: Tables, name: str) -> list[Problem]:
    """Ids that stand for two things, which would become one: a creator of two platforms, a post or comment of two
    creators or two weeks, as rows have that somebody numbered from 1 in each of two sheets."""
    both = added["creators"].join(known["creators"], on="creator_id", suffix="_known")
    two = both.filter(pl.col("platform") != pl.col("platform_known")).sort("creator_id")
    expected = "an id that stands for one thing; this one stands for two"
    problems = [
        Problem(expected, name, column="creator_id", value=f"{who}: {there}, {here}", key="problem.id_of_two")
        for who, there, here in two.select("creator_id", "platform_known", "platform").iter_rows()
    ]
    for table, moment in _PUBLISHED.items():
        key = TABLES[table].key[0]
        both = added[table].join(known[table], on=key, suffix="_known")
        is_other = pl.col("creator_id") != pl.col("creator_id_known")
        is_later = (pl.col(moment) - pl.col(f"{moment}_known")).abs() > SAME_MOMENT
        others = both.filter(is_other | is_later.fill_null(value=False)).sort(key)
        problems += [Problem(expected, name, column=key, value=one, key="problem.id_of_two") for one in others[key]]
    return problems
