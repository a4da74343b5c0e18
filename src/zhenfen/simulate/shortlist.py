"""The demo's shortlist: twelve invented creators, one of each kind an agency meets, over four platforms."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Member:
    """One creator to simulate.

    Attributes:
        kind: Name in `stories.KINDS`.
        platform: Platform id.
        display_name: Invented name.
        category: One of `texts.TOPICS`.
    """

    kind: str
    platform: str
    display_name: str
    category: str


# Five on Xiaohongshu, so that the clean-up there can be seen on four others.
SHORTLIST = (
    Member("organic_small", "xiaohongshu", "样例·阳台小番茄", "生活"),
    Member("platform_purge", "xiaohongshu", "样例·木子穿搭簿", "穿搭"),
    Member("burst_buyer", "xiaohongshu", "样例·糖霜美妆间", "美妆"),
    Member("comment_farm", "xiaohongshu", "样例·敏感肌日记", "美妆"),
    Member("giveaway_spike", "xiaohongshu", "样例·一人食研究所", "美食"),
    Member("organic_large", "douyin", "样例·慢火车漫游", "旅行"),
    Member("drip_buyer", "douyin", "样例·极简数码站", "数码"),
    Member("live_seller", "douyin", "样例·晚八点好物铺", "生活"),
    Member("niche_expert", "bilibili", "样例·桥梁观察室", "知识"),
    Member("viral_spike", "bilibili", "样例·旧手机诊所", "数码"),
    Member("engagement_pod", "weibo", "样例·今日穿什么", "穿搭"),
    Member("thin_data", "weibo", "样例·刚来的小满", "生活"),
)
