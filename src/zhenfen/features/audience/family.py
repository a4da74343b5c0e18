"""Audience: what the profiles of a sample look like, described one trait at a time; no profile is called anything.

The sampling frame is part of every number: where a creator has samples of several frames, one is described, the largest
of followers where there is one, and none is mixed with another.
"""

from __future__ import annotations

from typing import ClassVar

import polars as pl

from zhenfen.features.audience.creation import measure_creation
from zhenfen.features.audience.patterns import EXAMPLES_SCHEMA, PATTERNS_SCHEMA, find_patterns, load_pattern_rules
from zhenfen.features.audience.people import (
    FOLLOWING_SCHEMA,
    ORIGINS_SCHEMA,
    OTHER_AUDIENCES,
    count_following,
    count_origins,
    find_people,
    read_claims,
)
from zhenfen.features.base import Family, Measured, Schema, make_reasons
from zhenfen.features.inputs import Inputs
from zhenfen.features.specs import FeatureSpec

N_PROFILES_NEEDED = 30
"""At 30 profiles the 95 % interval of a share (Wilson) is at most .34 wide; DESIGN §5 asks for as many labels."""
MASS_FOLLOWING = 1_500
"""Followings from which attention to any one account is thin; the line that the trade draws (issue of the audience
family). Weibo lets an ordinary account follow 2,000."""
HIGH_FOLLOWING_RATIO = 10
"""Follows ten times as many as follow it: 6 % and 0 % of the genuine, 9 % and 10 % of the fake accounts of two labelled
sets (Weibo fans, Instagram)."""
INACTIVE_DAYS = 365
"""A year without a post of one's own."""
UNCHOSEN_NAME = r"^(?:用户\d+|手机用户\d*|小红薯[0-9A-Fa-f]+)$|\d{5,}$"
"""Names that platforms give at sign-up (Douyin 用户…, Weibo 手机用户…, Xiaohongshu 小红薯…), or five and more digits at
the end: more than a year needs."""
_DIGIT = r"\d"
FRAMES_SCHEMA: Schema = {
    "creator_id": pl.String(),
    "frame": pl.String(),
    "n_profiles": pl.Int64(),
    "is_measured": pl.Boolean(),
}


def _share(name: str, meaning: str, source: str) -> FeatureSpec:
    return FeatureSpec(
        f"audience_{name}_share", "share", meaning, source, concern="high", high=1.0, sample="audience_n_profiles"
    )


def _median(count: str) -> FeatureSpec:
    return FeatureSpec(
        f"audience_median_{count}", "count", f"Median {count} of the profiles.", "context: who the sample is made of"
    )


_LABELLED = "labelled sets of Weibo fans and Instagram accounts"
_SPECS = (
    FeatureSpec("audience_n_profiles", "count", "Profiles of the frame that is described.", "context: sample size"),
    _share("no_avatar", "Profiles without a picture.", "Instagram set: 57 % of the fake, .6 % of the genuine"),
    _share("no_bio", "Profiles whose description is empty.", f"{_LABELLED}: 95 % and 87 % of the fake, 34 % and 26 %"),
    _share("zero_posts", "Profiles without a post.", "silent accounts are cheap; so are readers who never post"),
    _share(
        "high_following", "Profiles that follow ten times as many as follow them.", f"{_LABELLED}; see the constant"
    ),
    _share("mass_following", "Profiles that follow more than 1,500.", "attention is thin there; see the constant"),
    _share("inactive", "Profiles whose last post is older than a year.", "DESIGN §1.6: inactive is not fake"),
    _share("default_name", "Profiles with a sign-up name or five digits at its end.", "see UNCHOSEN_NAME"),
    _share("name_digits", "Digits among the characters of a name, mean.", "Instagram set: .29 fake, .04 genuine"),
    _share("largest_creation_month", "Profiles created in the commonest month.", "accounts made in batches"),
    FeatureSpec(
        "audience_densest_5d_share",
        "share",
        "Profiles made in the densest five days, beyond what chance gives a sample with such dates.",
        "made accounts come from batches; for the creator model",
        high=1.0,
    ),
    FeatureSpec(
        "audience_creation_run_share",
        "share",
        "Profiles of the longest run in the follow order whose accounts were made within five days of each other.",
        "a batch follows in one go; for the creator model",
        high=1.0,
    ),
    _share(
        "identical_bio", "Profiles with a description that another profile has word for word.", "made from templates"
    ),
    _median("followers"),
    _median("following"),
    _median("posts"),
)


class Audience(Family, name="audience"):
    """Traits of the sampled profiles, within one frame.

    Details: `frames` (is_measured: the frame that the features describe), and of that frame `patterns` and
    `pattern_examples`, see `patterns.find_patterns`; of every frame `origins`, and `following`, see `people`.
    """

    specs = _SPECS
    details: ClassVar = {
        "frames": FRAMES_SCHEMA,
        "patterns": PATTERNS_SCHEMA,
        "pattern_examples": EXAMPLES_SCHEMA,
        "origins": ORIGINS_SCHEMA,
        "following": FOLLOWING_SCHEMA,
    }

    def measure(self, inputs: Inputs) -> Measured:
        """Features over the profiles of each creator's frame, see `choose_frames`."""
        creators = inputs.tables["creators"].select("creator_id")
        audience = inputs.tables["audience"].join(creators, on="creator_id", how="semi")
        frames = choose_frames(audience)
        chosen = frames.filter("is_measured")
        enough = chosen.filter(pl.col("n_profiles") >= N_PROFILES_NEEDED)
        profiles = audience.join(enough, on=("creator_id", "frame"), how="semi")
        values = creators.join(
            measure_profiles(profiles, inputs), on="creator_id", how="left", maintain_order="left"
        ).select("creator_id", *(spec.name for spec in _SPECS))
        details: dict[str, pl.DataFrame] = {}
        if inputs.with_details:
            patterns, examples = find_patterns(profiles, inputs.as_of, load_pattern_rules(), N_PROFILES_NEEDED)
            people = find_people(inputs.tables).join(creators, on="creator_id", how="semi", maintain_order="left")
            details = {
                "frames": frames,
                "patterns": patterns,
                "pattern_examples": examples,
                "origins": count_origins(people, read_claims(inputs.tables), N_PROFILES_NEEDED),
                "following": count_following(people, inputs.tables["creators"]),
            }
        counted = creators.join(chosen, on="creator_id", how="left", maintain_order="left")
        without = counted.filter(pl.col("n_profiles").is_null())
        few = counted.filter(pl.col("n_profiles") < N_PROFILES_NEEDED)
        reasons = (
            make_reasons(without, "audience.no_sample", N_PROFILES_NEEDED),
            make_reasons(few, "audience.too_few_profiles", N_PROFILES_NEEDED, "n_profiles"),
        )
        return Measured(values, pl.concat(reasons), details)


def choose_frames(audience: pl.DataFrame) -> pl.DataFrame:
    """creator_id, frame, n_profiles, is_measured: one frame of a creator is measured.

    It is one with enough profiles before any without, one of followers before likers and commenters, then the largest,
    then the first by name.
    """
    ranks = (
        pl.col("n_profiles") < N_PROFILES_NEEDED,
        pl.col("frame").is_in(OTHER_AUDIENCES),
        -pl.col("n_profiles"),
        pl.col("frame"),
    )
    return (
        audience.group_by("creator_id", "frame")
        .agg(n_profiles=pl.len().cast(pl.Int64))
        .sort("creator_id", *ranks)
        .with_columns(is_measured=pl.col("creator_id").is_first_distinct())
    )


def measure_profiles(profiles: pl.DataFrame, inputs: Inputs) -> pl.DataFrame:
    """All features of each creator with profiles; null where a creator's profiles show nothing of the kind.

    Args:
        profiles: Rows of the table `audience`, one frame a creator.
        inputs: For the moment that "a year ago" is counted from.
    """
    name, bio = pl.col("display_name"), pl.col("bio").str.strip_chars()
    n_chars = name.str.len_chars()
    digit_share = pl.when(n_chars > 0).then(name.str.count_matches(_DIGIT) / n_chars)
    is_inactive = pl.col("last_post_at") < pl.lit(inputs.as_of) - pl.duration(days=INACTIVE_DAYS)
    n_same = pl.len().over("creator_id", "stripped")
    marked = profiles.with_columns(stripped=bio).with_columns(
        is_shared_bio=pl.when(pl.col("stripped") != "").then(n_same > 1)
    )
    by_creator = marked.group_by("creator_id", maintain_order=True).agg(
        audience_n_profiles=pl.len().cast(pl.Float64),
        audience_no_avatar_share=pl.col("has_avatar").not_().mean(),
        audience_no_bio_share=(pl.col("stripped") == "").mean(),
        audience_zero_posts_share=(pl.col("n_posts") == 0).mean(),
        audience_high_following_share=(
            pl.col("n_following") >= HIGH_FOLLOWING_RATIO * (pl.col("n_followers") + 1)
        ).mean(),
        audience_mass_following_share=(pl.col("n_following") > MASS_FOLLOWING).mean(),
        audience_inactive_share=is_inactive.mean(),
        audience_default_name_share=name.str.contains(UNCHOSEN_NAME).mean(),
        audience_name_digits_share=digit_share.mean(),
        audience_identical_bio_share=pl.col("is_shared_bio").mean(),
        **{f"audience_median_{count}": pl.col(f"n_{count}").median() for count in ("followers", "following", "posts")},
    )
    dates = profiles.filter(pl.col("created_at").is_not_null())
    months = dates.group_by("creator_id", pl.col("created_at").dt.truncate("1mo")).len()
    largest_month = months.group_by("creator_id").agg(
        audience_largest_creation_month_share=pl.col("len").max() / pl.col("len").sum()
    )
    for dated in (largest_month, measure_creation(profiles)):
        by_creator = by_creator.join(dated, on="creator_id", how="left", maintain_order="left")
    return by_creator
