"""What a creator shares with others of the shortlist: clusters of comments, and commenters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import polars as pl

from zhenfen.report.case import Case, Reads, Setting
from zhenfen.report.filename import page_stem
from zhenfen.report.section import FamilySection

MOST_CLUSTERS = 5
MOST_GROUPS = 10
MOST_EXAMPLES = 2
MOST_PARTNERS = 10
MOST_PAIRS = 15
MOST_NAMES = 6


class NetworkSection(FamilySection, family="network", place=6):
    """Ties of a creator to the others, and on the shortlist's page those of all."""

    reads: ClassVar[Reads] = {"network": ("shared_clusters", "shared_commenters")}
    causes = ("ties",)

    def summarise(self, case: Case) -> dict[str, Any] | None:
        """The widest clusters and the closest partners; None without any."""
        clusters, commenters = (case.detail("network", name) for name in ("shared_clusters", "shared_commenters"))
        if clusters is None and commenters is None:
            return None
        shared: list[dict[str, Any]] = []
        if clusters is not None:
            # Those that tie most creators first: the widest tie is a measurement, and the page must show what it was.
            order = clusters.sort("n_creators", "n_comments", "cluster_id", descending=[True, True, False])
            for row in order.head(MOST_CLUSTERS).iter_rows(named=True):
                others = sorted(set(row["creator_ids"] or []) - {case.creator_id})
                about = {
                    **{name: row[name] for name in ("cluster_id", "n_comments", "n_authors", "n_creators")},
                    "others": [case.setting.name_of(creator_id) for creator_id in others[:MOST_PARTNERS]],
                    "n_others_more": max(0, len(others) - MOST_PARTNERS),
                }
                examples = [case.setting.quote(text) for text in (row["examples"] or [])[:MOST_EXAMPLES]]
                shared.append({**about, "examples": examples})
        partners: list[dict[str, Any]] = []
        if commenters is not None:
            most = commenters.sort("n_shared", "other_creator_id", descending=[True, False]).head(MOST_PARTNERS)
            partners = [
                {
                    "creator_id": row["other_creator_id"],
                    "name": case.setting.name_of(row["other_creator_id"]),
                    "n_shared": row["n_shared"],
                    "jaccard": row["jaccard"],
                    "jaccard_text": case.catalogue.value(row["jaccard"], "share"),
                }
                for row in most.iter_rows(named=True)
            ]
        return {
            "clusters": shared,
            "n_clusters": 0 if clusters is None else clusters.height,
            "commenters": partners,
            "n_commenters": 0 if commenters is None else commenters.height,
        }

    def ask(self, case: Case, part: Mapping[str, Any], *, is_outside: bool) -> Iterator[str]:
        """About the partner with most commenters in common: some are in common everywhere."""
        for partner in part.get("commenters", [])[:1] if is_outside else ():
            n_shared = case.catalogue.count(partner["n_shared"])
            if case.setting.names_others:
                yield case.catalogue.text("report.question.commenters", n_shared=n_shared, other=partner["name"])
            else:
                yield case.catalogue.text("report.question.commenters_of_another", n_shared=n_shared)

    def summarise_ties(self, setting: Setting) -> dict[str, Any]:
        """Who shares comment templates with whom, one row a set of creators, and pairs with commenters in common."""
        clusters, commenters = (setting.detail("network", name) for name in self.reads["network"])
        shared: dict[str, Any] = {"groups": [], "n_groups": 0, "pairs": [], "n_pairs": 0}
        pairs = None
        if commenters is not None:
            both = pl.concat_list("creator_id", "other_creator_id").list.sort()
            pairs = commenters.with_columns(pair=both).unique("pair", keep="first", maintain_order=True)
            most = pairs.sort("n_shared", "pair", descending=[True, False]).head(MOST_PAIRS)
            shared["n_pairs"] = pairs.height
            shared["pairs"] = [
                {
                    "creators": [_link(setting, creator_id) for creator_id in row["pair"]],
                    "n_shared": row["n_shared"],
                    "jaccard": row["jaccard"],
                    "jaccard_text": setting.catalogue.value(row["jaccard"], "share"),
                }
                for row in most.iter_rows(named=True)
            ]
        if clusters is not None:
            groups = _group_clusters(clusters, pairs)
            shared["n_groups"] = groups.height
            shared["groups"] = [
                {
                    **{name: row[name] for name in ("n_clusters", "n_comments", "n_creators", "n_accounts")},
                    "creators": [_link(setting, creator_id) for creator_id in row["ids"][:MOST_NAMES]],
                    "n_creators_more": max(0, len(row["ids"]) - MOST_NAMES),
                    "examples": [setting.quote(text) for text in row["examples"][:MOST_EXAMPLES]],
                }
                for row in groups.head(MOST_GROUPS).iter_rows(named=True)
            ]
        return shared


def _group_clusters(clusters: pl.DataFrame, pairs: pl.DataFrame | None) -> pl.DataFrame:
    """A row a set of creators that share clusters, most comments first: how many, and one example each of the largest.

    n_accounts is how many accounts comment under both of a pair; null of more than two creators, and where none does.
    """
    once = clusters.unique("cluster_id", keep="first", maintain_order=True)
    ranked = once.with_columns(ids=pl.col("creator_ids").list.unique().list.sort()).sort(
        "n_comments", "cluster_id", descending=[True, False]
    )
    groups = ranked.group_by("ids", maintain_order=True).agg(
        n_clusters=pl.len(),
        n_comments=pl.col("n_comments").sum(),
        n_creators=pl.col("ids").list.len().first(),
        examples=pl.col("examples").list.first().drop_nulls(),
    )
    counts = pl.DataFrame(schema={"ids": pl.List(pl.String), "n_accounts": pl.Int64})
    if pairs is not None:
        counts = pairs.select(ids="pair", n_accounts=pl.col("n_shared").cast(pl.Int64))
    joined = groups.join(counts, on="ids", how="left", maintain_order="left")
    return joined.sort("n_comments", "ids", descending=[True, False])


def _link(setting: Setting, creator_id: str) -> dict[str, Any]:
    """Name and page of a creator; no page where the report holds none."""
    has_page = creator_id in setting.reported
    return {"name": setting.name_of(creator_id), "file": page_stem(creator_id) if has_page else None}
