"""score(tables, models) → findings: the one path for the analyst, the batch job and the service.

`creators` judges creators by all families, `rows` scores single profiles, comments and posts, `estimates` makes shares
with intervals of scored rows.
"""

from zhenfen.scoring.creators import Progress, known_at, latest_moment, measure, score
from zhenfen.scoring.estimates import estimate_labelled
from zhenfen.scoring.rows import score_comments, score_posts, score_profiles
from zhenfen.verdict.judge import describe_features

__all__ = [
    "Progress",
    "describe_features",
    "estimate_labelled",
    "known_at",
    "latest_moment",
    "measure",
    "score",
    "score_comments",
    "score_posts",
    "score_profiles",
]
