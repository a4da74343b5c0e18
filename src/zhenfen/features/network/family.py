"""Network: what creators of the same set share: comment templates and commenters.

Seen only within the set: a creator's ties to others who are not in it stay unknown.
"""

from __future__ import annotations

from typing import ClassVar

import polars as pl

from zhenfen.features.base import Family, Measured, Schema, make_reasons
from zhenfen.features.comments.family import N_COMMENTS_NEEDED, comments_by_others, pick_examples
from zhenfen.features.inputs import Inputs
from zhenfen.features.specs import FeatureSpec

N_CREATORS_NEEDED = 2
MOST_CREATORS_PAIRED = 200
"""An author under more creators than this makes no pairs in the details: 200 make 20,000 pairs already, and whoever
comments everywhere ties nobody to anybody. The values count such an author all the same."""
SHARED_TEMPLATE_SHARE = "network_shared_template_share"
SHARED_COMMENTER_SHARE = "network_shared_commenter_share"
CLUSTERS_SCHEMA: Schema = {
    "creator_id": pl.String(),
    "cluster_id": pl.String(),
    "n_comments": pl.UInt32(),
    "n_authors": pl.UInt32(),
    "n_creators": pl.UInt32(),
    "creator_ids": pl.List(pl.String()),
    "examples": pl.List(pl.String()),
}
"""One row a cluster and creator; all else is of the whole cluster, n_authors null without author ids."""
COMMENTERS_SCHEMA: Schema = {
    "creator_id": pl.String(),
    "other_creator_id": pl.String(),
    "n_shared": pl.UInt32(),
    "jaccard": pl.Float64(),
}
"""One row a creator and other creator; jaccard in [0, 1] of the two sets of commenters."""

_SPECS = (
    FeatureSpec(
        SHARED_TEMPLATE_SHARE,
        "share",
        "Comments in a cluster of like comments that stands under at least two creators of the set.",
        "DESIGN §7: the same templates across creators",
        concern="high",
        high=1.0,
        sample="network_n_comments",
        travels=True,
    ),
    FeatureSpec(
        SHARED_COMMENTER_SHARE,
        "share",
        "Commenters who also comment under another creator of the set.",
        "DESIGN §7: the same batch of commenters; topics overlap as well",
        concern="high",
        high=1.0,
        sample="network_n_commenters",
    ),
    FeatureSpec("network_n_comments", "count", "Comments by others.", "context: sample size"),
    FeatureSpec("network_n_commenters", "count", "Accounts that wrote them.", "context: sample size"),
    FeatureSpec("network_n_posts", "count", "Posts that they stand under.", "context: sample size"),
    FeatureSpec(
        "network_n_linked",
        "count",
        "Other creators that its most widespread template or commenter is seen under.",
        "context: DESIGN §7; counting all linked creators would grow with the square of the set",
    ),
)


class Network(Family, name="network"):
    """Templates and commenters that a creator shares with others of the set.

    Details: `shared_clusters`, and `shared_commenters`, most shared first.
    """

    specs = _SPECS
    details: ClassVar = {"shared_clusters": CLUSTERS_SCHEMA, "shared_commenters": COMMENTERS_SCHEMA}

    def measure(self, inputs: Inputs) -> Measured:
        """Measure every creator against the others."""
        creators = inputs.tables["creators"].select("creator_id").sort("creator_id")
        comments = comments_by_others(inputs)
        counted = creators.join(
            comments.group_by("creator_id").agg(n_found=pl.len()), on="creator_id", how="left"
        ).with_columns(pl.col("n_found").fill_null(0))
        around = inputs.around
        reasons = _explain(counted, around.n_creators if around else counted.height)
        clusters = _spread(comments, "cluster_id", around.clusters if around else None)
        commenters = _spread(comments, "author_id", around.authors if around else None)
        # Comments whose cluster, and commenters who, are seen under another creator as well.
        keys = ["creator_id", "cluster_id"]
        marked = comments.select(keys).join(clusters.select(*keys, is_shared=pl.lit(value=True)), on=keys, how="left")
        is_shared = pl.col("is_shared").fill_null(value=False)
        templates = marked.group_by("creator_id").agg(is_shared.mean().alias(SHARED_TEMPLATE_SHARE))
        n_shared = commenters.group_by("creator_id").agg(n_shared=pl.len())
        known = comments.drop_nulls("author_id").group_by("creator_id")
        authors = known.agg(n_authors=pl.col("author_id").n_unique(), n_known=pl.len())
        enough = authors.filter(pl.col("n_known") >= N_COMMENTS_NEEDED).join(n_shared, on="creator_id", how="left")
        share = pl.col("n_shared").fill_null(0) / pl.col("n_authors")
        people = enough.select("creator_id", share.alias(SHARED_COMMENTER_SHARE))
        sample = comments.group_by("creator_id").agg(
            network_n_comments=pl.len(),
            network_n_commenters=pl.col("author_id").drop_nulls().n_unique(),
            network_n_posts=pl.col("post_id").drop_nulls().n_unique(),
        )
        spread = pl.concat([frame.select("creator_id", "n_creators") for frame in (clusters, commenters)])
        linked = spread.group_by("creator_id").agg(network_n_linked=pl.col("n_creators").max() - 1)
        values = counted.join(reasons, on="creator_id", how="anti").select("creator_id")
        for part in (sample, templates, people, linked):
            values = values.join(part, on="creator_id", how="left")
        values = values.with_columns(pl.col("network_n_linked").fill_null(0))
        columns = (pl.col(spec.name).cast(pl.Float64) for spec in _SPECS)
        details = {}
        if inputs.with_details:
            details["shared_clusters"] = _describe_clusters(comments, clusters)
            details["shared_commenters"] = _describe_commenters(comments, commenters)
        return Measured(
            creators.join(values, on="creator_id", how="left", maintain_order="left").select("creator_id", *columns),
            reasons,
            details,
        )


def count_creators(comments: pl.DataFrame, key: str) -> pl.DataFrame:
    """Clusters or authors, and under how many creators they are seen: key, n_creators."""
    return comments.drop_nulls(key).group_by(key).agg(n_creators=pl.col("creator_id").n_unique())


def _explain(counted: pl.DataFrame, n_creators: int) -> pl.DataFrame:
    if n_creators < N_CREATORS_NEEDED:
        return make_reasons(counted, "network_single_creator", N_CREATORS_NEEDED, n_creators)
    thin = counted.filter(pl.col("n_found") < N_COMMENTS_NEEDED)
    has_some = pl.col("n_found") > 0
    return pl.concat(
        [
            make_reasons(thin.filter(~has_some), "network_no_comments", N_COMMENTS_NEEDED, "n_found"),
            make_reasons(thin.filter(has_some), "network_too_few_comments", N_COMMENTS_NEEDED, "n_found"),
        ]
    ).sort("creator_id")


def _spread(comments: pl.DataFrame, key: str, counts: pl.DataFrame | None) -> pl.DataFrame:
    """Clusters or authors under two creators and more: creator_id, key, n_creators; one row a key and creator."""
    pairs = comments.drop_nulls(key).select("creator_id", key).unique()
    counted = pairs.join(count_creators(comments, key) if counts is None else counts, on=key)
    return counted.filter(pl.col("n_creators") >= N_CREATORS_NEEDED)


def _describe_clusters(comments: pl.DataFrame, clusters: pl.DataFrame) -> pl.DataFrame:
    rows = comments.join(clusters.select("cluster_id").unique(), on="cluster_id", how="semi")
    whole = rows.group_by("cluster_id").agg(
        n_comments=pl.len(),
        n_authors=pl.when(pl.col("author_id").count() > 0).then(pl.col("author_id").drop_nulls().n_unique()),
        n_creators=pl.col("creator_id").n_unique(),
        creator_ids=pl.col("creator_id").unique().sort(),
    )
    described = clusters.select("creator_id", "cluster_id").join(whole, on="cluster_id")
    described = described.join(pick_examples(rows, ["cluster_id"]), on="cluster_id")
    return described.sort("creator_id", "n_creators", "n_comments", "cluster_id", descending=[False, True, True, False])


def _describe_commenters(comments: pl.DataFrame, commenters: pl.DataFrame) -> pl.DataFrame:
    """Every ordered pair of creators with the authors who comment under both, as the details show them."""
    sizes = comments.drop_nulls("author_id").group_by("creator_id").agg(n=pl.col("author_id").n_unique())
    few = commenters.filter(pl.col("n_creators") <= MOST_CREATORS_PAIRED).select("creator_id", "author_id")
    pairs = few.join(few.rename({"creator_id": "other_creator_id"}), on="author_id")
    apart = pairs.filter(pl.col("creator_id") != pl.col("other_creator_id"))
    n_either = pl.col("n") + pl.col("n_other") - pl.col("n_shared")
    return (
        apart.group_by("creator_id", "other_creator_id")
        .agg(n_shared=pl.len())
        .join(sizes, on="creator_id")
        .join(sizes.rename({"creator_id": "other_creator_id", "n": "n_other"}), on="other_creator_id")
        .select("creator_id", "other_creator_id", "n_shared", jaccard=pl.col("n_shared") / n_either)
        .sort("creator_id", "n_shared", "other_creator_id", descending=[False, True, False])
    )
