"""score(tables, models) → findings: the one path for the analyst, the batch job and the service.

`creators` judges creators by all families, `estimators` score single profiles, comments and posts (`frames` by a shelf
folder), `estimates` makes shares with intervals of scored rows.
"""

from zhenfen.estimators.comment_model import group_comments, score_comments, score_grouped
from zhenfen.estimators.profile_model import score_profiles
from zhenfen.estimators.shelved import N_REASONS
from zhenfen.scoring.creators import known_at, latest_moment, measure, score
from zhenfen.scoring.estimates import estimate_labelled, make_estimate
from zhenfen.scoring.posts import score_posts
from zhenfen.verdict.judge import describe_features

__all__ = [
    "N_REASONS",
    "describe_features",
    "estimate_labelled",
    "group_comments",
    "known_at",
    "latest_moment",
    "make_estimate",
    "measure",
    "score",
    "score_comments",
    "score_grouped",
    "score_posts",
    "score_profiles",
]
