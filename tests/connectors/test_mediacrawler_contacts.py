"""Lists of contacts that MediaCrawler writes of Bilibili accounts: fans are a sample of followers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from export_builder import read, rows, write_csv, write_database

from zhenfen.errors import InputError

NAME = "creator_contacts_2025-06-01.csv"


def contact(up: str, fan: str, **more: Any) -> dict[str, Any]:
    made = {"up_id": up, "fan_id": fan, "up_name": f"up {up}", "fan_name": f"用户{fan}", "up_sign": "", "fan_sign": ""}
    return {**made, "add_ts": "1748750000000", "last_modify_ts": "1748750000000", **more}


FANS = [contact("1", str(fan)) for fan in range(900, 905)]
FOLLOWED = [contact(str(up), "1") for up in range(500, 507)]


def test_fans_are_a_sample_of_followers(tmp_path: Path) -> None:
    tables = read(write_csv(tmp_path / NAME, [*FANS, contact("1", "905", fan_sign="爱生活")]).parent)
    found = rows(tables, "audience", "creator_id", "profile_id", "frame", "platform", "display_name", "bio")
    assert found[0] == ("1", "900", "newest", "bilibili", "用户900", None)
    assert found[-1] == ("1", "905", "newest", "bilibili", "用户905", "爱生活")
    assert rows(tables, "creators", "creator_id", "platform", "display_name") == [("1", "bilibili", "up 1")]
    assert tables["unusable"].is_empty()


def test_the_database_says_the_same(tmp_path: Path) -> None:
    write_database(tmp_path / "sqlite_tables.db", {"bilibili_contact_info": FANS})
    assert [row[0] for row in rows(read(tmp_path), "audience", "profile_id")] == [str(fan) for fan in range(900, 905)]


def test_what_the_creator_follows_is_left_out_and_listed(tmp_path: Path) -> None:
    # 500 follows back: it is a fan, whatever else the lists say of it.
    tables = read(write_csv(tmp_path / NAME, [*FANS, contact("1", "500"), *FOLLOWED]).parent)
    assert {row[0] for row in rows(tables, "audience", "creator_id")} == {"1"}
    assert tables["audience"].height == len(FANS) + 1
    assert tables["unusable"].height == len(FOLLOWED)
    assert set(tables["unusable"]["expected"]) == {"unusable.following"}


def test_two_creators_whose_fans_are_shared(tmp_path: Path) -> None:
    tables = read(write_csv(tmp_path / NAME, [*FANS, *({**one, "up_id": "2"} for one in FANS)]).parent)
    assert tables["audience"].height == 2 * len(FANS)


def test_a_list_of_followings_alone_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"{NAME}.*follows the creator"):
        read(write_csv(tmp_path / NAME, FOLLOWED).parent)


def test_the_frame_that_the_user_names_stands(tmp_path: Path) -> None:
    tables = read(write_csv(tmp_path / NAME, FANS).parent, frame="authorised_export")
    assert {row[0] for row in rows(tables, "audience", "frame")} == {"authorised_export"}


@pytest.mark.data
def test_the_lists_of_the_data_folder(data_dir: Path) -> None:
    bilibili = read(data_dir / "exports" / "mediacrawler_bili_contacts_made")
    assert (bilibili["audience"].height, set(bilibili["audience"]["frame"])) == (40, {"newest"})
    weibo = read(data_dir / "exports" / "weibo_follow")
    # 796 lines name 199 accounts, four times each.
    assert (weibo["audience"].height, weibo["unusable"].height) == (199, 597)
    assert set(weibo["audience"]["frame"]) == {"unknown"}
    assert weibo["creators"].height == 1
