"""Which brands a creator pushes: counts, days, disclosures, rivals, and what is learnt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from zhenfen.features.posts.brands import BRANDS_SCHEMA, measure_brands
from zhenfen.text.brands import load_brands

DAY = datetime(2026, 9, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENFEN_HOME", str(tmp_path))


def posts(*rows: tuple[str, int, str, bool, bool | None]) -> pl.DataFrame:
    """creator, day, text, is_promoting, is_disclosed."""
    return pl.DataFrame(
        [(creator, DAY + timedelta(days=day), text, sells, tells) for creator, day, text, sells, tells in rows],
        schema={
            "creator_id": pl.String,
            "published_at": pl.Datetime("us", "UTC"),
            "text": pl.String,
            "is_promoting": pl.Boolean,
            "is_disclosed": pl.Boolean,
        },
        orient="row",
    )


def measure(rows: pl.DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    found = measure_brands(rows, rows, load_brands())
    assert found.schema == BRANDS_SCHEMA
    return {(row["creator_id"], row["name"]): row for row in found.iter_rows(named=True)}


def test_posts_days_and_disclosures_are_those_of_promoting_posts() -> None:
    found = measure(
        posts(
            ("a", 0, "兰蔻 领券", True, True),
            ("a", 9, "兰蔻 下单", True, None),
            ("a", 20, "Lancôme 下单", True, False),
            ("a", 90, "兰蔻空瓶", False, False),
        )
    )
    row = found["a", "兰蔻"]
    assert (row["kind"], row["category"]) == ("brand", "skincare")
    assert (row["n_posts"], row["n_promoting"], row["n_known"], row["n_disclosed"]) == (4, 3, 2, 1)
    assert (row["first_at"], row["last_at"]) == (DAY, DAY + timedelta(days=20))
    assert row["rivals"] == []


def test_rivals_are_of_one_category_one_creator_and_one_quarter() -> None:
    found = measure(
        posts(
            ("a", 0, "兰蔻 下单", True, True),
            ("a", 80, "雅诗兰黛 下单", True, True),
            ("a", 180, "科颜氏 下单", True, True),
            ("a", 1, "瑞幸 下单", True, True),
            ("a", 1, "倩碧 空瓶", False, True),
            ("b", 1, "资生堂 下单", True, True),
        )
    )
    rivals = {name: row["rivals"] for (_, name), row in found.items()}
    assert rivals["兰蔻"] == ["雅诗兰黛"]
    assert rivals["雅诗兰黛"] == ["兰蔻"]
    assert rivals["科颜氏"] == rivals["瑞幸"] == rivals["倩碧"] == rivals["资生堂"] == []


def test_a_name_is_learnt_of_several_promoting_posts_that_others_hardly_have() -> None:
    mine = [("a", day, "「云朵拿铁」 下单", True, False) for day in range(3)]
    once = [("a", day, "「月光」 下单", True, False) for day in range(2)]
    topic = [("a", day, "「周记」 日常", day == 0, False) for day in range(4)]
    everybodys = [(one, day, "「双十一」 下单", True, False) for one in "abcdef" for day in range(3)]
    found = measure(posts(*mine, *once, *topic, *everybodys))
    learnt = {key: row for key, row in found.items() if row["kind"] == "candidate"}
    assert set(learnt) == {("a", "云朵拿铁")}
    assert learnt["a", "云朵拿铁"]["n_promoting"] == 3
    assert learnt["a", "云朵拿铁"]["category"] is None


def test_order_of_rows_and_other_creators_rows_change_no_brand() -> None:
    rows = posts(
        *[("a", day, "兰蔻 和 @小桃旗舰店 Glowlune", True, None) for day in range(3)],
        ("b", 3, "雅诗兰黛 下单", True, None),
        ("b", 4, "兰蔻", False, None),
    )
    book = load_brands()
    found = measure_brands(rows, rows, book)
    assert measure_brands(rows.reverse(), rows.reverse(), book).equals(found)
    alone = rows.filter(creator_id="a")
    assert measure_brands(alone, rows, book).equals(found.filter(creator_id="a"))
    assert set(found.filter(creator_id="a")["kind"]) == {"brand", "shop", "candidate"}


def test_nothing_to_read_gives_no_row() -> None:
    none = posts(("a", 0, "", False, None))
    assert measure_brands(none, none, load_brands()).is_empty()
    assert measure_brands(none.clear(), none.clear(), load_brands()).schema == BRANDS_SCHEMA
