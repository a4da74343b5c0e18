"""Patterns inside an audience: each by hand, with its own share and interval, and nothing between them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import binomtest

from zhenfen.errors import ConfigError
from zhenfen.features.audience.patterns import PATTERNS, PatternRules, find_patterns, load_pattern_rules, wilson
from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.tables import TABLES, make_frame

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
RULES = load_pattern_rules()
N_NEEDED = 30


def sample(n: int, creator: str = "a", **columns: Any) -> pl.DataFrame:
    """`n` profiles; a column is a list of length n, or one value for all."""
    filled = {name: given if isinstance(given, list) else [given] * n for name, given in columns.items()}
    ids = [f"{creator}{at}" for at in range(n)]
    table = pl.DataFrame({"creator_id": [creator] * n, "profile_id": ids, "frame": ["newest"] * n, **filled})
    return make_frame(TABLES["audience"], table)


def read(profiles: pl.DataFrame, rules: PatternRules = RULES) -> tuple[pl.DataFrame, pl.DataFrame]:
    return find_patterns(profiles, AS_OF, rules, N_NEEDED)


def row_of(pattern: str, profiles: pl.DataFrame, rules: PatternRules = RULES) -> dict[str, Any]:
    return read(profiles, rules)[0].filter(pattern=pattern).row(0, named=True)


def clusters_of(pattern: str, profiles: pl.DataFrame) -> list[tuple[int, str | None, list[str]]]:
    examples = read(profiles)[1].filter(pattern=pattern)
    return examples.select("n_profiles", "shown", "examples").rows()


def organic_names(n: int) -> list[str]:
    return ["".join(chr(0x4E00 + (at * 7 + step * 31) % 2_000) for step in range(2 + at % 5)) for at in range(n)]


BIOS = [f"喜欢第{chr(0x4E00 + at)}座城市的人" for at in range(200)]


class TestShares:
    def test_every_creator_has_every_pattern_once(self) -> None:
        patterns, _ = read(pl.concat((sample(40), sample(40, "b"))))
        assert patterns.select("creator_id", "pattern").rows() == [(one, name) for one in "ab" for name in PATTERNS]

    def test_intervals_are_wilsons(self) -> None:
        cases = pl.DataFrame({"k": [0, 1, 15, 30, 100_000], "n": [30, 30, 30, 30, 100_001]})
        low, high = wilson(pl.col("k"), pl.col("n"))
        ends = cases.with_columns(low=low, high=high)
        for k, n, lower, upper in ends.iter_rows():
            expected = binomtest(k, n).proportion_ci(method="wilson")
            assert (lower, upper) == pytest.approx((expected.low, expected.high), abs=1e-12)

    @pytest.mark.parametrize(
        ("pattern", "columns", "n_profiles", "n_in"),
        [
            ("mass_following", {"n_following": [1_500] * 20 + [1_501] * 15 + [None] * 5}, 35, 15),
            (
                "inactive",
                {"last_post_at": [AS_OF - timedelta(366)] * 10 + [AS_OF - timedelta(365)] * 20 + [None] * 10},
                30,
                10,
            ),
            ("identical_bio", {"bio": ["互粉互赞找我"] * 12 + BIOS[:18] + [""] * 5 + [None] * 5}, 35, 12),
            ("name_pattern", {"display_name": [f"lily{at:05}" for at in range(12)] + organic_names(28)}, 40, 12),
            ("name_pattern", {"display_name": [None, ""] * 5 + organic_names(30)}, 30, 0),
        ],
    )
    def test_counts_by_hand(self, pattern: str, columns: dict[str, list], n_profiles: int, n_in: int) -> None:
        row = row_of(pattern, sample(40, **columns))
        assert (row["n_profiles"], row["n_in_pattern"], row["share"]) == (n_profiles, n_in, n_in / n_profiles)
        assert row["low"] <= row["share"] <= row["high"]

    @pytest.mark.parametrize("pattern", PATTERNS)
    def test_what_cannot_be_read_is_null_and_never_zero(self, pattern: str) -> None:
        row = row_of(pattern, sample(40))
        assert row["n_profiles"] == 0
        assert {row[name] for name in ("n_in_pattern", "share", "low", "high", "limit")} == {None}

    def test_too_few_readable_profiles_are_null_as_well(self) -> None:
        row = row_of("mass_following", sample(40, n_following=[9_000] * 29 + [None] * 11))
        assert (row["n_profiles"], row["n_in_pattern"], row["share"]) == (29, None, None)

    def test_one_profile_may_show_several_patterns_and_each_counts_it(self) -> None:
        both = sample(40, n_following=2_000, last_post_at=AS_OF - timedelta(900), bio="互粉互赞找我")
        shares = {row["pattern"]: row["share"] for row in read(both)[0].iter_rows(named=True)}
        assert shares["mass_following"] == shares["inactive"] == shares["identical_bio"] == 1.0

    def test_the_limits_come_from_the_configuration_and_are_said(self) -> None:
        strict = RULES.model_copy(
            update={"mass_following": RULES.mass_following.model_copy(update={"n_following_above": 9})}
        )
        row = row_of("mass_following", sample(40, n_following=10), strict)
        assert (row["share"], row["limit"]) == (1.0, 9.0)
        assert row_of("mass_following", sample(40, n_following=10))["share"] == 0.0

    def test_a_wrong_configuration_is_named(self, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "features").mkdir()
        (tmp_path / "features" / "audience.yaml").write_text("inactive: {days_above: long}")
        monkeypatch.setenv("ZHENFEN_CONFIGS", str(tmp_path))
        with pytest.raises(ConfigError, match=r"audience\.yaml: .*inactive\.days_above"):
            load_pattern_rules.__wrapped__()

    def test_every_pattern_has_words(self) -> None:
        for language in LANGUAGES:
            for name in PATTERNS:
                assert Catalogue(language).text(f"pattern.{name}")
                assert "7" in Catalogue(language).text(f"pattern.{name}.about", limit=7) or name == "batch"

    def test_nobody(self) -> None:
        patterns, examples = read(sample(0))
        assert patterns.is_empty()
        assert examples.is_empty()


class TestNames:
    def test_a_counter_behind_a_stem_is_one_cluster_whatever_its_length(self) -> None:
        names = [f"Momo_{at}" for at in (1, 22, 333, 4444, 55555, 666666)] + organic_names(34)
        # A number of one or two digits is anybody's, see fewest_digits.
        assert clusters_of("name_pattern", sample(40, display_name=names)) == []
        names = [f"Momo_{at}" for at in (111, 2222, 33333, 444444, 5555555)] + ["ＭＯＭＯ６６６", *organic_names(34)]
        assert clusters_of("name_pattern", sample(40, display_name=names)) == [(6, "m***0", ["M***", "Ｍ***"])]

    def test_same_form_is_a_cluster_and_examples_are_masked(self) -> None:
        forms = [f"{chr(0x4E00 + at)}{chr(0x4E50 + at)}xq{at:03}" for at in range(10)] + organic_names(30)
        (n_profiles, shown, examples), *others = clusters_of("name_pattern", sample(40, display_name=forms))
        assert (n_profiles, shown, others) == (10, "文文aa000", [])
        assert len(examples) == 3
        assert all(len(one) == 4 and one.endswith("***") for one in examples)

    def test_width_and_case_hide_nothing(self) -> None:
        names = [
            "ABCd12345",
            "efgh67890",
            "ＸＹＺｗ１１２２３",
            "qqQQ00000",
            "lmno99999",
            "wxyz31415",
            *organic_names(34),
        ]
        assert clusters_of("name_pattern", sample(40, display_name=names))[0][:2] == (6, "aaaa00000")

    @pytest.mark.parametrize("name", ["用户{:010}", "手机用户{:06}", "小红薯6A3F{:04}", "{}".format("李小明")])
    def test_sign_up_names_and_names_without_digits_are_no_pattern(self, name: str) -> None:
        assert row_of("name_pattern", sample(40, display_name=[name.format(at) for at in range(40)]))["share"] == 0.0

    @pytest.mark.parametrize(
        ("n", "n_alike", "is_flagged"), [(40, 5, False), (40, 6, True), (1_000, 32, False), (1_000, 40, True)]
    )
    def test_a_form_counts_from_what_the_base_rate_leaves_unexplained(
        self, n: int, n_alike: int, is_flagged: bool
    ) -> None:
        alike = [f"{chr(0x4E00 + at)}{chr(0x5E00 + at)}{1_000 + at}" for at in range(n_alike)]
        row = row_of("name_pattern", sample(n, display_name=alike + organic_names(n - n_alike)))
        assert (row["n_in_pattern"] == n_alike) == is_flagged
        assert (n_alike >= row["limit"]) == is_flagged

    def test_a_hostile_name_is_only_a_name(self) -> None:
        names = ["=cmd()" + "9" * 50_000, "<script>1234", "\u202e12345", "a" * 10_000 + "111"] * 10
        assert row_of("name_pattern", sample(40, display_name=names))["share"] == 1.0


class TestBios:
    def test_emoji_case_and_punctuation_do_not_make_a_difference(self) -> None:
        spelled = [
            "LOVE travel & food",
            "love travel，food🌸",
            "Love Travel food!!",
            "love　travel food",
            "loveTravelFood",
        ]
        assert row_of("identical_bio", sample(40, bio=spelled + BIOS[:35]))["n_in_pattern"] == 5

    def test_contacts_are_masked_where_a_description_is_shown(self) -> None:
        shown = clusters_of("identical_bio", sample(40, bio=["加微信：abc12345 互粉"] * 6 + BIOS[:34]))
        assert shown == [(6, "加微信：[contact:wechat] 互粉", [])]

    @pytest.mark.parametrize("bio", ["", "互粉", "🌸🌸🌸🌸🌸🌸", "。。。。。。。"])
    def test_what_says_nothing_is_no_cluster(self, bio: str) -> None:
        assert row_of("identical_bio", sample(40, bio=bio))["share"] == 0.0

    def test_the_same_description_under_two_creators_is_not_identical_within_one(self) -> None:
        split = pl.concat(
            (sample(40, bio=["互粉互赞找我"] * 3 + BIOS[:37]), sample(40, "b", bio=["互粉互赞找我"] * 3 + BIOS[:37]))
        )
        assert read(split)[0].filter(pattern="identical_bio")["n_in_pattern"].to_list() == [0, 0]


def with_batch(n: int = 200, **columns: Any) -> pl.DataFrame:
    """Followers 50 to 79 were made within two days."""
    rng = np.random.default_rng(4)
    days = rng.integers(0, 3_000, n)
    days[50:80] = 1_000 + rng.integers(0, 2, 30)
    created = [datetime(2015, 1, 1, tzinfo=UTC) + timedelta(days=int(day)) for day in days]
    return sample(n, created_at=created, **columns)


class TestBatches:
    def test_says_where_and_when(self) -> None:
        followed = [AS_OF - timedelta(hours=at) for at in range(200)]
        profiles = with_batch(follow_position=list(range(200)), followed_at=followed, display_name=organic_names(200))
        row = row_of("batch", profiles)
        assert (row["n_profiles"], row["n_in_pattern"]) == (200, 30)
        assert row["limit"] <= 30
        run = read(profiles)[1].filter(pattern="batch").row(0, named=True)
        assert (run["cluster_id"], run["n_profiles"], run["shown"]) == (1, 30, None)
        assert (run["first_position"], run["last_position"]) == (50, 79)
        assert (run["last_created"] - run["first_created"]).days == 1
        assert (run["first_followed"], run["last_followed"]) == (followed[79], followed[50])

    @pytest.mark.parametrize("column", ["follow_position", "followed_at"])
    def test_either_order_will_do(self, column: str) -> None:
        order = list(range(200)) if column == "follow_position" else [AS_OF + timedelta(hours=at) for at in range(200)]
        assert row_of("batch", with_batch(**{column: order}))["n_in_pattern"] == 30

    def test_days_of_following_will_do_where_a_day_has_many(self) -> None:
        days = [AS_OF + timedelta(days=at // 40) for at in range(200)]
        assert row_of("batch", with_batch(followed_at=days))["n_in_pattern"] == 30

    def test_without_an_order_there_is_nothing_to_read(self) -> None:
        assert row_of("batch", with_batch())["n_profiles"] == 0

    def test_the_same_dates_in_another_order_have_no_batch(self) -> None:
        profiles = with_batch(follow_position=np.random.default_rng(1).permutation(200).tolist())
        assert row_of("batch", profiles)["n_in_pattern"] == 0

    def test_other_creators_change_nothing(self) -> None:
        alone = with_batch(follow_position=list(range(200)))
        beside = pl.concat((alone, sample(60, "b", follow_position=list(range(60)), created_at=AS_OF)))
        assert row_of("batch", beside) == row_of("batch", alone)


class TestLaws:
    profiles = with_batch(
        follow_position=list(range(200)),
        display_name=[f"lily{at:05}" for at in range(20)] + organic_names(180),
        bio=["互粉互赞找我"] * 20 + BIOS[:180],
        n_following=[1_400, 1_600] * 100,
        last_post_at=AS_OF - timedelta(400),
    )

    def test_row_order_changes_nothing(self) -> None:
        for frame, shuffled in zip(
            read(self.profiles), read(self.profiles.sample(fraction=1, shuffle=True, seed=1)), strict=True
        ):
            assert frame.equals(shuffled)

    def test_other_ids_change_only_the_ids(self) -> None:
        renamed = self.profiles.with_columns(
            creator_id=pl.lit("z"), profile_id=pl.col("profile_id").reverse() + "x"
        ).sort("profile_id")
        for frame, other in zip(read(self.profiles), read(renamed), strict=True):
            assert frame.drop("creator_id").equals(other.drop("creator_id"))

    @pytest.mark.parametrize("pattern", PATTERNS)
    def test_one_more_of_the_kind_never_lowers_the_count(self, pattern: str) -> None:
        counts = [
            row_of(pattern, self.profiles.head(n).vstack(self.profiles.tail(60)))["n_in_pattern"]
            for n in (100, 120, 140)
        ]
        assert counts == sorted(counts)

    def test_no_name_and_no_id_is_in_the_examples(self) -> None:
        _, examples = read(self.profiles)
        shown = str(examples.select("shown", "examples").to_dict(as_series=False))
        assert not any(name in shown for name in self.profiles["display_name"])
        assert "profile_id" not in examples.columns
