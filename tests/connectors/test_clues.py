from __future__ import annotations

import polars as pl
import pytest

from zhenfen.connectors.reading.clues import platform_of_link, trim_link


@pytest.mark.parametrize(
    ("link", "trimmed"),
    [
        ("https://www.xiaohongshu.com/explore/66b0?xsec_token=A", "https://www.xiaohongshu.com/explore/66b0"),
        ("https://www.douyin.com/video/7512/?previous_page=app", "https://www.douyin.com/video/7512"),
        ("https://www.bilibili.com/video/BV1x/#reply", "https://www.bilibili.com/video/BV1x"),
        ("https://www.douyin.com/user/MS4?modal_id=7512", "https://www.douyin.com/user/MS4?modal_id=7512"),
        ("https://www.youtube.com/watch?v=abc", "https://www.youtube.com/watch?v=abc"),
        ("https://mp.weixin.qq.com/s?__biz=M&sn=1", "https://mp.weixin.qq.com/s?__biz=M&sn=1"),
        ("https://example.com/a?b=c", "https://example.com/a?b=c"),
        ("p1?x", "p1?x"),
        (None, None),
    ],
)
def test_what_changes_from_visit_to_visit_is_cut_from_links(link: str | None, trimmed: str | None) -> None:
    cell = pl.lit(link, pl.String)
    assert pl.select(trim_link(cell, platform_of_link(cell))).item() == trimmed
