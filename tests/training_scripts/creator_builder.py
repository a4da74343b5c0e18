"""Small configurations, floors and rows that trainings of the creator model are tried on."""

from __future__ import annotations

import numpy as np
import polars as pl
from training.creator_fit import CreatorConfig, Floor, Floors
from training.creators import RATIO, Z_SCORE, Cast

from zhenfen.config import config_dir, read_config
from zhenfen.estimators.tail_scores import LEVELS

CAST = Cast(
    n_batches=2,
    batch_creators=(200, 200),
    search_share=0.3,
    n_days=(90,),
    manipulated_share=0.4,
    shock_share=0.5,
    purge_share=0.3,
    follower_doses=(0.01, 0.5),
    engagement_doses=(0.1, 5.0),
    audience_doses=(0.05, 0.6),
    camouflages={0.0: 1.0, 5.0: 3.0},
)
EVIDENCE = {"jump": {"growth_a": 1}, "likes": {"engagement_b": 1}}
SMALL_EVIDENCE = {"jump": {"growth_undriven_jump_90d": 1}, "likes": {"engagement_likes_even_surplus_ratio": 1}}


def make_config(evidence: dict[str, dict[str, int]] | None = None) -> CreatorConfig:
    shipped = read_config(config_dir() / "models" / "creator.yaml", CreatorConfig)
    return shipped.model_copy(update={"evidence": evidence or EVIDENCE, "n_folds": 3})


def no_floors(config: CreatorConfig) -> Floors:
    """Real data that hold nothing back."""
    return dict.fromkeys(config.measurements, Floor((-np.inf,) * len(LEVELS), None, ("test",)))


def make_rows(n: int = 600, seed: int = 3) -> pl.DataFrame:
    """Two manipulations: one shows in growth_a, the other in engagement_b."""
    rng = np.random.default_rng(seed)
    manipulation = rng.choice(["", "x", "y"], n, p=[0.6, 0.2, 0.2])
    return pl.DataFrame(
        {
            "creator_id": [f"c{at}" for at in range(n)],
            "source": "simulated",
            "twin": [f"roster {at % 12}" for at in range(n)],
            "platform": "weibo",
            "n_followers": 10_000,
            "manipulation": [one or None for one in manipulation],
            "is_fake": (manipulation != "").astype(int),
            "shock": np.where(rng.random(n) < 0.5, "viral_post", None).tolist(),
            "dose": [
                float(one) if name else None for one, name in zip(rng.uniform(0.1, 0.5, n), manipulation, strict=True)
            ],
            "camouflage": [0.0] * n,
            "growth_a": rng.normal(3.0 * (manipulation == "x")),
            "engagement_b": rng.normal(3.0 * (manipulation == "y")),
            Z_SCORE: rng.normal(size=n),
            RATIO: rng.normal(size=n),
        },
        schema_overrides={"shock": pl.String, "manipulation": pl.String, "dose": pl.Float64},
    )
