"""Outcomes of campaigns: read, matched, compared with an interval that holds, and nothing said of too few."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from zhenfen import outcomes
from zhenfen.errors import InputError
from zhenfen.outcomes import check_outcomes, compare_groups, read_campaigns
from zhenfen.tables import TABLES, Tables, make_frame

HEAD = "达人,合作日期,合作费用,销售额,点击数\n"


def write(path: Path, *rows: str, head: str = HEAD) -> Path:
    path.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_a_sheet_is_read_by_its_headings(tmp_path: Path) -> None:
    sheet = read_campaigns(write(tmp_path / "c.csv", "小王,2026-03-01,1万,2.5万,300", "小李,2026/3/2,5000,,0"))
    assert sheet.columns == ["creator", "started_on", "fee_cny", "sales_cny", "n_clicks"]
    assert sheet["started_on"].to_list() == [date(2026, 3, 1), date(2026, 3, 2)]
    assert sheet["sales_cny"].to_list() == [25_000.0, None]


def test_cells_that_cannot_be_read_are_named_all_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", "小王,soon,1000,5,1", "小李,2026-03-02,0,5,1", "小赵,2026-03-02,100,many,1")
    with pytest.raises(InputError) as caught:
        read_campaigns(path)
    told = {(one.row, one.column, one.value) for one in caught.value.problems}
    assert told == {(1, "合作日期", "soon"), (2, "合作费用", "0"), (3, "销售额", "many")}


@pytest.mark.parametrize(
    ("head", "column"),
    [("达人,合作日期,销售额\n", "fee_cny"), ("达人,合作日期,费用\n", "sales_cny"), ("a,b\n", "creator")],
)
def test_a_column_that_is_missing_is_named(tmp_path: Path, head: str, column: str) -> None:
    with pytest.raises(InputError) as caught:
        read_campaigns(write(tmp_path / "c.csv", "x,y,z" if head.count(",") == 2 else "x,y", head=head))
    assert column in {one.column for one in caught.value.problems}


def test_the_interval_holds() -> None:
    rng = np.random.default_rng(20261129)
    held = 0
    for _ in range(600):
        flagged, others = np.exp(rng.normal(np.log(0.6), 0.9, 8)), np.exp(rng.normal(0, 0.9, 20))
        _, low, high = compare_groups(flagged, others)
        held += low <= 0.6 <= high
    # 95 % within what 600 draws allow.
    assert held / 600 >= 0.93


def test_alike_groups_have_a_ratio_of_one_and_swapping_them_turns_it_over() -> None:
    some, more = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([2.0, 4.0, 6.0, 8.0, 10.0])
    assert compare_groups(some, some)[0] == pytest.approx(1.0)
    ratio, low, high = compare_groups(some, more)
    turned = compare_groups(more, some)
    assert turned == pytest.approx((1 / ratio, 1 / high, 1 / low))


def test_so_few_exclude_nothing() -> None:
    assert compare_groups(np.array([1.0]), np.array([2.0]))[1:] == (0.0, float("inf"))


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[tuple[datetime, list[str]]]:
    """`score` answers by the creator's id: c0 to c5 were high, n… had no level; what it was asked is kept."""
    asked: list[tuple[datetime, list[str]]] = []

    def judge(tables: Tables, models: Any, *, as_of: datetime, creators: list[str], with_details: bool) -> Any:
        asked.append((as_of, sorted(creators)))
        levels = ["not_assessed" if one[0] == "n" else "high" if int(one[1:]) < 6 else "low" for one in creators]
        return SimpleNamespace(creators=pl.DataFrame({"creator_id": creators, "level": levels}))

    monkeypatch.setattr(outcomes, "score", judge)
    return asked


def tables_of(*ids: str) -> Tables:
    rows = [{"creator_id": one, "platform": "weibo", "display_name": f"名{one}"} for one in ids]
    return Tables({"creators": make_frame(TABLES["creators"], pl.DataFrame(rows))})


def campaigns(*rows: tuple[str, date, float, float]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["creator", "started_on", "fee_cny", "sales_cny"], orient="row")


def no_models() -> Callable[[], Any]:
    return SimpleNamespace


def test_flagged_creators_that_bring_less_are_said_to(judged: list[tuple[datetime, list[str]]]) -> None:
    ids = [f"c{k}" for k in range(14)]
    day = date(2026, 3, 1)
    rows = [(one, day, 100.0, 20.0 + k if k < 6 else 200.0 + k) for k, one in enumerate(ids)]
    found = check_outcomes(tables_of(*ids), campaigns(*rows), no_models())
    (sales,) = found.compared
    assert (sales.n_flagged, sales.n_others) == (6, 8)
    assert sales.ratio == pytest.approx(0.11, abs=0.01)
    assert sales.high < 0.2
    # Scored with what was known before the day began.
    assert judged[0][0] == datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC)


def test_who_is_unknown_or_has_no_level_is_counted_and_not_compared(judged: list[Any]) -> None:
    day = date(2026, 3, 1)
    found = check_outcomes(
        tables_of("c0", "n1"),
        campaigns(("名c0", day, 1.0, 1.0), ("n1", day, 1.0, 1.0), ("谁", day, 1.0, 1.0)),
        no_models(),
    )
    assert found.unknown == ("谁",)
    assert (found.n_campaigns, found.n_no_level) == (3, 1)
    (sales,) = found.compared
    assert (sales.n_flagged, sales.n_others, sales.ratio) == (1, 0, None)


def test_a_creator_on_both_sides_counts_on_neither(judged: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(tables: Tables, models: Any, *, as_of: datetime, creators: list[str], with_details: bool) -> Any:
        level = "high" if as_of.month == 2 else "low"
        return SimpleNamespace(creators=pl.DataFrame({"creator_id": creators, "level": [level] * len(creators)}))

    monkeypatch.setattr(outcomes, "score", judge)
    rows = (("c0", date(2026, 3, 1), 1.0, 1.0), ("c0", date(2026, 4, 1), 1.0, 1.0))
    (sales,) = check_outcomes(tables_of("c0"), campaigns(*rows), no_models()).compared
    assert (sales.n_flagged, sales.n_others) == (0, 0)


def test_nobody_known_loads_no_models() -> None:
    def load() -> Any:
        raise AssertionError("models are loaded for nobody")

    found = check_outcomes(tables_of("c0"), campaigns(("谁", date(2026, 3, 1), 1.0, 1.0)), load)
    assert found.unknown == ("谁",)
