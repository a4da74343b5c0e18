"""Cohen's kappa beside values computed by hand, and what it must not depend on."""

from __future__ import annotations

import pytest

from zhenfen.estimators.agreement import cohens_kappa

FIRST = ["yes"] * 25 + ["no"] * 25
SECOND = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15


def test_a_table_of_two_by_two_as_computed_by_hand() -> None:
    # 35 of 50 alike, by chance 25/50 · 30/50 + 25/50 · 20/50 = .5: (.7 - .5) / .5.
    # Wilson's ends of 35/50 are .5625 and .8090.
    found = cohens_kappa(FIRST, SECOND)
    assert (found.n, found.n_alike) == (50, 35)
    assert found.kappa == pytest.approx(0.4)
    assert found.low == pytest.approx((0.56249 - 0.5) / 0.5, abs=1e-4)
    assert found.high == pytest.approx((0.80896 - 0.5) / 0.5, abs=1e-4)


def test_three_labels_as_computed_by_hand() -> None:
    # Alike: a, b, c once each of 4; by chance 1/2 · 1/4 + 1/4 · 1/2 + 1/4 · 1/4 = .3125; (.75 - .3125) / .6875.
    assert cohens_kappa(["a", "a", "b", "c"], ["a", "b", "b", "c"]).kappa == pytest.approx(0.4375 / 0.6875)


@pytest.mark.parametrize("n", [2, 10, 100])
def test_perfect_agreement_of_few_is_no_certainty(n: int) -> None:
    found = cohens_kappa(["a", "b"] * n, ["a", "b"] * n)
    assert found.kappa == found.high == pytest.approx(1.0)
    assert found.low is not None
    assert found.low < 1


def test_more_labels_make_it_narrower() -> None:
    few, many = cohens_kappa(FIRST, SECOND), cohens_kappa(FIRST * 10, SECOND * 10)
    assert few.low is not None and many.low is not None
    assert few.kappa == pytest.approx(many.kappa)
    assert few.low < many.low


@pytest.mark.parametrize("change", [lambda a, b: (b, a), lambda a, b: (a[::-1], b[::-1])])
def test_neither_who_is_first_nor_the_order_matters(change) -> None:  # type: ignore[no-untyped-def]
    assert cohens_kappa(*change(FIRST, SECOND)).kappa == pytest.approx(0.4)


def test_names_of_labels_do_not_matter() -> None:
    renamed = {"yes": "是", "no": "否"}
    assert cohens_kappa([renamed[one] for one in FIRST], [renamed[one] for one in SECOND]) == cohens_kappa(
        FIRST, SECOND
    )


@pytest.mark.parametrize("labels", [[], ["a"] * 9])
def test_one_label_for_all_gives_none(labels: list[str]) -> None:
    found = cohens_kappa(labels, labels)
    assert (found.n, found.n_alike, found.kappa, found.low, found.high) == (len(labels), len(labels), None, None, None)


def test_labels_of_other_things_are_refused() -> None:
    with pytest.raises(ValueError, match="the same things"):
        cohens_kappa(["a"], ["a", "b"])
