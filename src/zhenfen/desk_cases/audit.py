"""What is drawn of a creator for people to label, what they see of it, and a file of their labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from zhenfen.audit.by_folder import make_scorer
from zhenfen.audit.loop import N_OF_ONE_DRAW, find_population, hash_population, open_audience
from zhenfen.audit.sheet import show_profiles
from zhenfen.desk_cases.database import now
from zhenfen.desk_cases.labelling import UNSURE, Audit, Kind, Labels
from zhenfen.desk_cases.listing import to_csv
from zhenfen.errors import ConfigError, MissingTableError, Problem
from zhenfen.estimators.audit_sample import draw_sample
from zhenfen.estimators.profile_model import PROFILE
from zhenfen.estimators.share import N_LABELS_NEEDED
from zhenfen.model_store import Models
from zhenfen.report.quote import clean, mask_mentions
from zhenfen.scoring import latest_moment
from zhenfen.tables import TABLES, Tables, find_table, make_frame, read_tables
from zhenfen.text.contacts import mask_contacts

ITEM_TABLES = {
    "profile": ("audience", "profile_id"),
    "comment": ("comments", "comment_id"),
    "post": ("posts", "post_id"),
}
"""Kind → the table that its items stand in, and their id."""
USUAL_N = N_OF_ONE_DRAW
FEWEST = {"profile": N_LABELS_NEEDED, "comment": 1, "post": 1}
"""Kind → how many are drawn at least."""
UNCLEAR = "unclear"
"""What the readers' rubric of comments and posts calls an item that cannot be told."""


def read_some(folder: Path, names: Iterable[str]) -> Tables:
    """Some tables of a project: a page that shows one profile need not read every comment."""
    found = {name: find_table(folder, name) for name in names}
    return Tables({name: make_frame(TABLES[name], pl.read_parquet(path)) for name, path in found.items() if path})


def list_items(folder: Path, creator_id: str, kind: Kind) -> pl.DataFrame:
    """What can be drawn of a creator, by id: profiles of the largest frame; comments or posts with a text."""
    table, key = ITEM_TABLES[kind]
    tables = read_some(folder, (table, "creators"))
    if kind == "profile":
        return find_population(tables, creator_id)
    has_text = pl.col("text").fill_null("").str.strip_chars() != ""
    return tables[table].filter(pl.col("creator_id") == creator_id, has_text).sort(key)


def draw(  # noqa: PLR0917 (what it is of, then how)
    folder: Path, project_id: str, creator_id: str, kind: Kind, n: int, number: int, models: Models, by: str
) -> Audit:
    """Draw what is to be labelled.

    Profiles are drawn as `zhenfen audit sample` draws them: the same tables, n and seed give the same profiles in the
    same order. Comments and posts are drawn at random, each as likely as any other. The seed is the audit's number.

    Args:
        folder: Of the tables.
        project_id: Of the project.
        creator_id: Whose.
        kind: What to draw.
        n: How many; all when there are fewer.
        number: Of the audit, from 1.
        models: For the scores that profiles are stratified by.
        by: Who begins.

    Raises:
        MissingTableError: There is nothing to label, or there are fewer than 30 profiles of one frame.
        ConfigError: n is too small: 30 for profiles, 1 for others; or there is no audience model.
    """
    fewest = FEWEST[kind]
    if n < fewest:
        raise ConfigError(f"{n} to label: expected at least {fewest}")
    rng = np.random.default_rng(number)
    design: dict[str, Any]
    if kind == "profile":
        tables = read_tables(folder)
        scored = open_audience(tables, creator_id, make_scorer(models.need(PROFILE)))
        sample = draw_sample(scored["p_fake"].to_numpy(), min(n, scored.height), number)
        order = scored["profile_id"].gather(rng.permutation(sample.indices))
        design = {
            "frame": scored["frame"][0],
            "model": scored["model"][0],
            "population": hash_population(scored),
            # Labels are no observation: the profiles stay as old as they were when they were drawn.
            "as_of": latest_moment(tables).isoformat(),
            "strata": sample.strata.tolist(),
            "inclusion": sample.inclusion.tolist(),
        }
    else:
        items = list_items(folder, creator_id, kind)
        if items.is_empty():
            table, _ = ITEM_TABLES[kind]
            raise MissingTableError(Problem("at least one with a text", table, value="none"))
        order = items[ITEM_TABLES[kind][1]].gather(rng.permutation(items.height)[:n])
        design = {"n_items": items.height}
    return Audit(project_id, creator_id, kind, number, number, tuple(order.to_list()), design, None, by, now())


def read_items(folder: Path, audit: Audit, items: Iterable[str], flag: Mapping[bool, str]) -> list[dict[str, Any]]:
    """What a person may see of items to judge them, in their order: no scores, contacts masked, names of others too.

    An item that the tables have no more is left out.

    Args:
        folder: Of the tables.
        audit: That the items were drawn in.
        items: Ids.
        flag: Words for yes and no.
    """
    table, key = ITEM_TABLES[audit.kind]
    wanted = list(items)
    tables = read_some(folder, (table, *(("posts",) if audit.kind == "comment" else ())))
    rows = tables[table].filter(pl.col("creator_id") == audit.creator_id, pl.col(key).is_in(wanted))
    if audit.kind == "profile":
        shown = show_profiles(rows.filter(pl.col("frame") == audit.design["frame"]), flag)
    elif audit.kind == "comment":
        under = tables["posts"].select("post_id", under="text")
        joined = rows.join(under, on="post_id", how="left", maintain_order="left")
        shown = joined.select(
            key, mask_contacts(pl.col("text", "under")), pl.col("created_at").dt.strftime("%Y-%m-%d"), "n_likes"
        )
    else:
        flags = pl.col("has_purchase_link", "is_repost").replace_strict(dict(flag), return_dtype=pl.String)
        day = pl.col("published_at").dt.strftime("%Y-%m-%d")
        shown = rows.select(key, mask_contacts(pl.col("text")), day, "n_likes", "n_comments", flags)
    # Who is named in a comment is no subject of the audit; a profile is judged by how it names itself.
    tidy = clean if audit.kind == "profile" else lambda text: mask_mentions(clean(text))
    found: dict[str, dict[str, Any]] = {}
    for row in shown.iter_rows(named=True):
        texts = {name: tidy(value) for name, value in row.items() if isinstance(value, str) and name != key}
        found[row[key]] = {**row, **texts}
    return [found[item] for item in wanted if item in found]


def export_labels(folder: Path, labels: Labels) -> bytes:
    """Labelled comments or posts as CSV, a column for each of the first two people, as the readers' files have them.

    What was settled stands in both columns; what somebody found unclear is `unclear`, what they did not label is empty.
    Post, author and creator are named by their pseudonyms, so that a training keeps them on one side of a split. No
    text of it is taken for a formula.

    Args:
        folder: Of the tables.
        labels: Of an audit of comments or posts.
    """
    audit = labels.audit
    table, key = ITEM_TABLES[audit.kind]
    analysts, said = labels.list_analysts(), labels.by_item()
    columns: dict[str, list[str | None]] = {"id": [*said]}
    for place, name in enumerate("ab"):
        settled, who = labels.settled, analysts[place] if place < len(analysts) else ""
        given = [settled[one].label if one in settled else said[one].get(who) for one in said]
        columns[f"kind_{name}"] = [UNCLEAR if label == UNSURE else label for label in given]
        by = [settled[one].by if one in settled else who for one in said]
        columns[f"by_{name}"] = [one if label else None for one, label in zip(by, given, strict=True)]
    tables = read_some(folder, (table, "creators"))
    rows = tables[table].join(tables["creators"].select("creator_id", home="platform"), on="creator_id", how="left")
    author = pl.col("author_id") if audit.kind == "comment" else pl.col("creator_id")
    places = {"creator_id": pl.col("creator_id"), "post_id": pl.col("post_id"), "author_id": author}
    texts = rows.select(id=key, **places, source="home", draw=pl.lit("random"), text="text")
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    joined = frame.join(texts, on="id", how="left", maintain_order="left")
    order = ("id", *places, "source", "draw", "text", "kind_a", "kind_b", "by_a", "by_b")
    return to_csv(joined.select(order))
