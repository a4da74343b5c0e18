"""What may be judged: least samples, lower ends of shares, and nothing that a search selects."""

from __future__ import annotations

import polars as pl
import pytest
from scipy.stats import binomtest

from zhenfen.verdict.admission import LEAST_IN_SET, SHARED, Admitted, admit, describe_set, lower_ends, place_in_set

LEAST = {"comments": {"comments_n_posts": 3}, "network": {"network_n_posts": 3, "network_n_commenters": 30}}
Z = 1.645


def network(n: int = 1, *, shared: float = 0.2, n_commenters: int = 100, n_posts: int = 10) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "creator_id": [f"c{at}" for at in range(n)],
            "network_shared_template_share": [0.0] * n,
            "network_shared_commenter_share": [shared] * n,
            "network_n_comments": [n_commenters] * n,
            "network_n_commenters": [n_commenters] * n,
            "network_n_posts": [n_posts] * n,
        }
    )


def creators(n: int = 1, found_by: str | None = "roster") -> pl.DataFrame:
    ids = [f"c{at}" for at in range(n)]
    return pl.DataFrame({"creator_id": ids, "found_by": [found_by] * n}, schema_overrides={"found_by": pl.String})


def ask(frame: pl.DataFrame, who: pl.DataFrame, family: str = "network") -> Admitted:
    values = {family: frame}
    quiet = pl.DataFrame({"feature": list(SHARED), "n": 100, "q25": 0.0, "q50": 0.0, "q75": 0.1})
    return admit(values, who, LEAST, quiet, Z)


def test_a_roster_is_judged_by_what_it_shares() -> None:
    found = ask(network(), creators())
    assert found.reasons.is_empty()
    assert 0 < found.values["network"]["network_shared_commenter_share"][0] < 0.2


@pytest.mark.parametrize(("found_by", "way"), [("search", "search"), (None, "unknown"), ("unknown", "unknown")])
def test_what_a_search_selects_is_not_judged(found_by: str | None, way: str) -> None:
    found = ask(network(), creators(found_by=found_by))
    assert found.reasons["reason"].to_list() == [f"network.found_by_{way}"]
    assert found.values["network"]["network_shared_commenter_share"].to_list() == [None]


def test_nobody_says_how_they_were_found() -> None:
    found = ask(network(), creators().drop("found_by"))
    assert found.reasons["reason"].to_list() == ["network.found_by_unknown"]


def test_within_a_search_templates_of_one_creator_still_count() -> None:
    comments = pl.DataFrame(
        {"creator_id": ["c0"], "comments_template_share": [0.6], "comments_n": [200], "comments_n_posts": [9]}
    )
    found = ask(comments, creators(found_by="search"), "comments")
    assert found.reasons.is_empty()
    assert found.values["comments"]["comments_template_share"][0] > 0.5


def judge_set(frame: pl.DataFrame) -> Admitted:
    in_set = describe_set({"network": frame}, Z, SHARED)
    return admit({"network": frame}, creators(frame.height), LEAST, in_set, Z)


def test_what_half_of_the_set_shares_says_nothing_of_anybody() -> None:
    found = judge_set(network(30))
    assert found.values["network"]["network_shared_commenter_share"].null_count() == 30
    # Templates are rare in this set, and go on counting.
    assert found.values["network"]["network_shared_template_share"].null_count() == 0
    assert found.reasons.is_empty()


def test_where_half_share_commenters_and_templates_nobody_is_judged_by_them() -> None:
    found = judge_set(network(30).with_columns(network_shared_template_share=0.3))
    assert set(found.reasons["reason"]) == {"network.common_in_set"}


def test_what_two_of_twelve_share_counts() -> None:
    few = network(12, shared=0.01).with_columns(
        network_shared_template_share=pl.when(pl.int_range(12) < 2).then(0.4).otherwise(0.0)
    )
    found = judge_set(few)
    assert found.reasons.is_empty()
    assert (found.values["network"]["network_shared_template_share"] > 0.3).sum() == 2


@pytest.mark.parametrize(
    ("changes", "reason", "n_found"),
    [({"n_commenters": 29}, "too_few.network_n_commenters", 29), ({"n_posts": 2}, "too_few.network_n_posts", 2)],
)
def test_least_sample(changes: dict[str, int], reason: str, n_found: int) -> None:
    found = ask(network(**changes), creators())
    assert found.reasons.select("reason", "n_found").rows() == [(reason, n_found)]
    assert found.values["network"]["network_shared_commenter_share"].to_list() == [None]


def test_one_of_ten_commenters_is_no_tenth() -> None:
    found = lower_ends({"network": network(shared=0.1, n_commenters=10)}, Z)["network"]
    low = found["network_shared_commenter_share"][0]
    expected = binomtest(1, 10, alternative="greater").proportion_ci(0.95, method="wilson").low
    assert low == pytest.approx(expected, abs=1e-3)
    assert low < 0.03


def test_more_of_the_same_share_is_surer() -> None:
    few, many = (lower_ends({"network": network(n_commenters=n)}, Z)["network"] for n in (40, 4_000))
    assert few["network_shared_commenter_share"][0] < many["network_shared_commenter_share"][0] < 0.2


def values(*numbers: float | None) -> dict[str, pl.DataFrame]:
    ids = [f"c{at}" for at in range(len(numbers))]
    return {"growth": pl.DataFrame({"creator_id": ids, "growth_a": numbers}, schema_overrides={"growth_a": pl.Float64})}


def place(*numbers: float | None) -> list[float | None]:
    made = values(*numbers)
    found = place_in_set(made, describe_set(made, Z, ("growth_a",)), ("growth_a",))
    return found["growth_a"].to_list() if "growth_a" in found.columns else [None] * len(numbers)


def test_place_is_in_deviations_from_the_median_of_the_set() -> None:
    found = place(*range(100), 500.0)
    assert found[50] == pytest.approx(0.0)
    # Quartiles 50 apart: a deviation of 37, taken a standard error of 11.6 % larger.
    assert found[100] == pytest.approx((500 - 50) / (50 / 1.349 * (1 + 1.166 / 101**0.5)), rel=1e-6)


def test_few_creators_are_no_set() -> None:
    assert place(*range(LEAST_IN_SET - 1)) == [None] * (LEAST_IN_SET - 1)


def test_creators_who_are_all_the_same_have_no_place() -> None:
    assert place(*[3.0] * 50) == [None] * 50


def test_what_differs_in_the_last_bits_only_is_the_same() -> None:
    assert place(*[0.1 + 0.2, 0.3] * 25, 0.4) == [None] * 51


def test_a_set_of_one_creator() -> None:
    assert place(3.0) == [None]


def test_half_of_a_roster_bought_by_one_seller_hides_nobody_behind_the_others() -> None:
    found = place(*[0.0 + at / 100 for at in range(15)], *[5.0 + at / 100 for at in range(15)])
    # Neither half is far from a median between them: the place says nothing, and the value keeps its own evidence.
    assert all(one is not None and abs(one) < 1 for one in found)


def test_unknown_has_no_place() -> None:
    assert place(*range(40), None)[-1] is None
