"""What the first page promises of each kind of data is what can be measured of it."""

from __future__ import annotations

import re
from typing import Any

import polars as pl
import pytest

from zhenfen.messages import Catalogue
from zhenfen.scoring import known_at, latest_moment, measure
from zhenfen.simulate import simulate
from zhenfen.tables import Tables

HAVE = {
    "posts": ("posts",),
    "followers": ("follower_counts",),
    "comments": ("comments",),
    "list": ("audience",),
    "live": ("posts",),
}


def promised(page: str) -> dict[str, set[str]]:
    """Row of the table → families with a tick."""
    text = Catalogue("en").text
    names = {text(f"family.{one}"): one for one in ("growth", "engagement", "comments", "network", "sponsorship")}
    names |= {text(f"family.{one}"): one for one in ("audience", "live")}
    table = page.partition('<table class="stacked gives">')[2].partition("</table>")[0]
    found = {}
    for row in table.partition("<tbody>")[2].split("<tr>")[1:]:
        head = re.search(r"<th[^>]*>(.*?)</th>", row)
        assert head is not None
        cells = re.findall(r'data-label="([^"]+)">(.*?)</td>', row)
        found[head[1]] = {names[name.replace("&#39;", "'")] for name, cell in cells if "tick" in cell}
    return found


@pytest.mark.parametrize("have", HAVE)
def test_what_is_promised_can_be_measured_and_nothing_else(browser: Any, have: str) -> None:
    frames = simulate(["burst_buyer", "organic_small"], seed=3, platforms=["weibo"]).tables
    own = {name: frames[name] for name in ("creators", *HAVE[have])}
    if have == "live":
        posts = own["posts"].with_columns(media_kind=pl.lit("live"), n_views=pl.col("n_likes") * 20)
        own["posts"] = posts.with_columns(n_peak_viewers=pl.col("n_views") // 3)
    tables = Tables(own)
    moment = latest_moment(tables)
    measured = {
        name
        for name, one in measure(known_at(tables, moment), moment).items()
        if any(one.values[column].count() for column in one.values.columns if column != "creator_id")
    }
    said = promised(browser.get("/").text)[Catalogue("en").text(f"desk.gives.{have}")]
    assert said <= measured
    # Rooms are posts too.
    assert measured - said <= ({"engagement", "sponsorship"} if have == "live" else set())
