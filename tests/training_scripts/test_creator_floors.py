"""Floors of the creator model: no value may claim to be rarer than among real creators."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from creator_builder import make_config, make_rows, no_floors
from training import creator_fit
from training.creator_fit import FEWEST_REAL, MIXTURE, find_floors, fit_evidence, read_families, sum_parts
from training.creator_reals import Real

from zhenfen.errors import ConfigError
from zhenfen.estimators.tail_scores import LEVELS


def make_real(n: int, *, high_share: float = 0.05, **columns: float) -> Real:
    """Creators of whom `high_share` show the value named, the others 0."""
    n_high = round(high_share * n)
    rows = pl.DataFrame(
        {
            "creator_id": [f"r{at}" for at in range(n)],
            **{name: [value] * n_high + [0.0] * (n - n_high) for name, value in columns.items()},
        }
    )
    return Real("real", rows, rows.select("creator_id"))


def show_reals(monkeypatch: pytest.MonkeyPatch, *reals: Real) -> None:
    monkeypatch.setattr(creator_fit, "read_reals", lambda _folder, _lower_z: iter(reals))


@pytest.mark.parametrize(
    "reals",
    [(), (make_real(100, growth_a=1.0),), (make_real(100, growth_a=1.0), make_real(FEWEST_REAL - 1, engagement_b=1.0))],
)
def test_no_measurement_without_a_floor_from_real_data_enters_the_score(
    reals: tuple[Real, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    show_reals(monkeypatch, *reals)
    with pytest.raises(ConfigError, match=r"no real data show .*engagement_b.* may not enter the score"):
        find_floors(make_config().measurements, Path("nowhere"), 1.645)


def test_a_place_among_peers_has_its_floor_by_its_making(monkeypatch: pytest.MonkeyPatch) -> None:
    show_reals(monkeypatch)
    floor = find_floors({"peer_engagement_b": -1}, Path("nowhere"), 1.645)["peer_engagement_b"]
    assert floor.sources == ("peers",)
    one_in_ten = floor.value[LEVELS.tolist().index(1.0)]
    assert one_in_ten == pytest.approx(1.2816, abs=1e-3)


def test_no_value_claims_to_be_rarer_than_among_real_creators(monkeypatch: pytest.MonkeyPatch) -> None:
    """No simulated innocent shows 4; one real creator in ten does."""
    rows, config = make_rows(2_000), make_config()
    free = fit_evidence(rows, config, no_floors(config))
    show_reals(monkeypatch, make_real(200, growth_a=4.0, engagement_b=4.0, high_share=0.1))
    floors = find_floors(config.measurements, Path("nowhere"), 1.645)
    held = fit_evidence(rows, config, floors)
    asked = pl.DataFrame({"growth_a": [4.0], "engagement_b": [4.0]})
    assert free.score(asked)["growth_a"][0] > 3
    # Ties at .9 of the creators: floors are read straight between the quantiles .9 and .95.
    assert held.score(asked)["growth_a"][0] <= 1.375
    with_floors, without = (sum_parts(MIXTURE, read_families(one, rows)) for one in (held, free))
    assert (with_floors <= without + 1e-9).mean() > 0.5


def test_of_several_sources_the_most_suspicious_is_the_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    signs = {"growth_a": 1}
    quiet, loud = make_real(100, growth_a=1.0), replace(make_real(100, growth_a=7.0), source="loud")
    floors = []
    for reals in ((quiet,), (loud,), (quiet, loud)):
        show_reals(monkeypatch, *reals)
        floors.append(find_floors(signs, Path("nowhere"), 1.645)["growth_a"])
    assert floors[2].value == tuple(np.maximum(floors[0].value, floors[1].value).tolist())
    assert floors[2].sources == ("real", "loud")
