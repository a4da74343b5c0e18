"""What a creator shares with others of the shortlist: clusters of comments, and commenters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import polars as pl

from zhenfen.report.case import Case, Reads, Setting
from zhenfen.report.filename import page_stem
from zhenfen.report.section import FamilySection

MOST_CLUSTERS, MOST_CLUSTERS_SHARED = 5, 10
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
                    "others": [case.setting.name_of(creator_id) for creator_id in others[:MOST_PARTNERS]],
                    "n_others_more": max(0, len(others) - MOST_PARTNERS),
                }
                shared.append(_describe_cluster(case.setting, row, about))
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
            yield case.catalogue.text(
                "report.question.commenters",
                n_shared=case.catalogue.count(partner["n_shared"]),
                other=partner["name"],
            )

    def summarise_ties(self, setting: Setting) -> dict[str, Any]:
        """Clusters that stand under several creators, and pairs under whom the same accounts comment, each once."""
        clusters, commenters = (setting.detail("network", name) for name in self.reads["network"])
        shared: dict[str, Any] = {"clusters": [], "n_clusters": 0, "pairs": [], "n_pairs": 0}
        if clusters is not None:
            once = clusters.unique("cluster_id", keep="first", maintain_order=True)
            largest = once.sort("n_comments", "n_creators", "cluster_id", descending=[True, True, False])
            shared["n_clusters"] = once.height
            for row in largest.head(MOST_CLUSTERS_SHARED).iter_rows(named=True):
                ids = sorted(set(row["creator_ids"] or []))
                about = {
                    "creators": [_link(setting, creator_id) for creator_id in ids[:MOST_NAMES]],
                    "n_creators_more": max(0, len(ids) - MOST_NAMES),
                }
                shared["clusters"].append(_describe_cluster(setting, row, about))
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
        return shared


def _describe_cluster(setting: Setting, row: dict[str, Any], creators: dict[str, Any]) -> dict[str, Any]:
    """A cluster's counts, the creators it stands under as `creators` says, and examples."""
    return {
        **{name: row[name] for name in ("cluster_id", "n_comments", "n_authors", "n_creators")},
        **creators,
        "examples": [setting.quote(text) for text in (row["examples"] or [])[:MOST_EXAMPLES]],
    }


def _link(setting: Setting, creator_id: str) -> dict[str, Any]:
    """Name and page of a creator; no page where the report holds none."""
    has_page = creator_id in setting.reported
    return {"name": setting.name_of(creator_id), "file": page_stem(creator_id) if has_page else None}
