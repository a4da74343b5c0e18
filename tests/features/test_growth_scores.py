"""Cards, p-values and q-values of growth."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError
from scipy.stats import false_discovery_control

from zhenfen.features.growth.scores import (
    KINDS,
    Scorecard,
    Steps,
    add_q_values,
    add_scores,
    load_growth_rules,
    p_values,
    points_of,
    rate_of,
)

CARD = Scorecard(
    part=0.5,
    measurements={"size": Steps(above=(1.0, 2.0), points=(0.0, 1.5, 4.0)), "age": Steps(above=(), points=(0.25,))},
    scores=(0.0, 2.0, 4.0),
    per_year=(1.0, 0.1, 0.01),
)


def rows(*sizes: float) -> pl.DataFrame:
    return pl.DataFrame({"size": sizes, "age": [0.0] * len(sizes)}, schema={"size": pl.Float64, "age": pl.Float64})


def test_points_change_beyond_each_value_and_add_up():
    assert points_of(pl.Series([0.0, 1.0, 1.01, 2.0, 9.0]), CARD.measurements["size"]).tolist() == [0, 0, 1.5, 1.5, 4]
    assert add_scores(rows(0.0, 1.5, 9.0), CARD).tolist() == [0.25, 1.75, 4.25]
    assert add_scores(rows(), CARD).tolist() == []


@pytest.mark.parametrize(
    ("score", "rate"),
    [(-5.0, 1.0), (0.0, 1.0), (1.0, 0.1**0.5), (2.0, 0.1), (4.0, 0.01), (6.0, 0.001)],
    ids=["below the table", "first", "between", "in it", "last", "beyond"],
)
def test_the_rate_is_the_table_in_between_and_falls_on_beyond_it(score: float, rate: float):
    assert rate_of(np.array([score]), CARD)[0] == pytest.approx(rate)


def test_the_p_value_is_the_chance_of_one_in_a_year_with_the_part_of_the_kind():
    assert p_values(rows(9.0), CARD)[0] == pytest.approx(1 - np.exp(-rate_of(np.array([4.25]), CARD)[0] / 0.5))


def test_a_p_value_does_not_depend_on_its_neighbours():
    sizes = np.linspace(0, 3, 37)
    together = p_values(rows(*sizes), CARD)
    assert [p_values(rows(size), CARD)[0] for size in sizes] == together.tolist()


@pytest.mark.parametrize(
    "wrong",
    [
        {"scores": (0.0, 0.0, 1.0)},
        {"per_year": (0.01, 0.1, 1.0)},
        {"per_year": (1.0, 0.5, 0.0)},
        {"scores": (0.0, 1.0)},
        {"part": 0.0},
        {"measurements": {"size": {"above": (1.0,), "points": (1.0,)}}},
        {"measurements": {"size": {"above": (2.0, 1.0), "points": (1.0, 2.0, 3.0)}}},
        {"unknown": 1},
    ],
)
def test_a_card_that_cannot_be_read_is_an_error(wrong: dict):
    with pytest.raises(ValidationError):
        Scorecard.model_validate({**CARD.model_dump(), **wrong})


def test_the_shipped_rules_name_every_kind_and_share_out_all_false_alarms():
    rules = load_growth_rules()
    assert tuple(rules.cards) == KINDS
    assert sum(card.part for card in rules.cards.values()) == pytest.approx(1.0)
    assert rules.level < rules.shown


@pytest.mark.parametrize("name", ["share", "above_tail", "peak_z"])
def test_a_larger_rise_is_never_less_unusual(name: str):
    points = load_growth_rules().cards["rise"].measurements[name].points
    assert list(points) == sorted(points)


# q-values


def batch(p_values: list[float], n_quiet: int = 0, years: float = 1.0) -> tuple[pl.DataFrame, pl.DataFrame]:
    spans = pl.DataFrame(
        {"creator_id": [f"c{n}" for n in range(len(p_values))], "p_value": p_values, "explanation": "none"}
    )
    names = [f"c{n}" for n in range(len(p_values) + n_quiet)]
    return spans, pl.DataFrame({"creator_id": names, "years": [years] * len(names)})


def test_among_organic_creators_it_is_the_rate_of_benjamini_and_hochberg():
    small = [1e-4, 2e-3, 5e-3, 0.02]
    spans, years = batch(small, n_quiet=400)
    expected = false_discovery_control([*small, *[1.0] * 400])[: len(small)]
    assert add_q_values(spans, years, shown=0.4)["q_value"].to_list() == pytest.approx(expected, rel=0.02)


def test_where_most_creators_show_spans_fewer_of_them_count_as_organic():
    few, many = batch([0.01] * 20, n_quiet=80), batch([0.01] * 90, n_quiet=10)
    low, high = (add_q_values(*made, shown=0.4)["q_value"][0] for made in (many, few))
    assert low == pytest.approx(0.01, abs=1e-3)
    assert high > 3 * low


def test_a_q_value_is_at_least_its_p_value_and_never_falls_with_it():
    spans, years = batch([0.001, 0.04, 0.2, 0.3, 0.39], n_quiet=20)
    q = add_q_values(spans, years, shown=0.4)["q_value"]
    assert (q >= spans["p_value"]).all()
    assert q.is_sorted()
    assert q.max() <= 1


def test_explained_spans_are_no_candidates():
    spans, years = batch([0.01, 0.02], n_quiet=10)
    explained = pl.concat((spans, spans.with_columns(explanation=pl.lit("event"), p_value=pl.lit(1e-5))))
    both = add_q_values(explained, years, shown=0.4)
    assert both["q_value"][:2].to_list() == add_q_values(spans, years, shown=0.4)["q_value"].to_list()
    assert both["q_value"][2:].to_list() == [1e-5, 1e-5]


def test_an_empty_batch_has_no_q_values():
    spans, years = batch([])
    typed = spans.cast({"creator_id": pl.String, "p_value": pl.Float64})
    assert add_q_values(typed, years.cast({"years": pl.Float64}), shown=0.4).is_empty()
