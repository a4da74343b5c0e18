"""Comments as sellers deliver them: each seller's own templates, or the same praise worded anew every time."""

from __future__ import annotations

import numpy as np
import polars as pl

from zhenfen.simulate import texts
from zhenfen.simulate.words import BRIEF_THINGS, split_words

N_SELLERS = 12
"""Sellers of one simulation; several creators buy from the same one, so that accounts turn up again (chosen)."""
ACCOUNTS = (120, 400)
"""Accounts of a seller, from and to (chosen)."""

NAMES_WARE = 0.6
"""Part of the bought comments that speak of the ware, not of something in the post (chosen)."""

_OPENERS = split_words(
    "姐妹们 真的 家人们 宝子们 我敢说 终于 朋友推荐来的 刷到好多次了 观望了很久 本来不信 已经第三次买了 第一次用 "
    "给我妈买的 用完回来评价 必须来说一句 不是托 自费买的 跟着博主买的 听劝入手 犹豫半年 双十一囤的 冲着博主来的"
)
_SUBJECTS = split_words(
    "这个牌子 这一款 博主推荐的这个 这瓶 这套 同款 新包装 链接里的 这个颜色 小样 正装 套装 这家店 他们家的 这个系列 "
    "家里常用的这款 办公室放的那瓶 出差带的小瓶"
)
_VERDICTS = split_words(
    "太好用了 效果看得见 质量没话说 性价比很高 一点也不踩雷 完全超出预期 细节做得很好 用着很舒服 皮肤稳定多了 "
    "闭眼入不亏 味道也很喜欢 全家都在用 回购无数次 比专柜的还好 朋友都来问链接 真的有被惊艳到 颜值和实力都在线 "
    "温和不刺激 上手就爱了 每天都离不开 客服也特别耐心 发货很快包装严实"
)
_ENDINGS = split_words(
    "强烈推荐 值得入手 放心买 冲就完了 感谢博主分享 会一直支持 已经推荐给同事 赶紧下单吧 错过真的可惜 希望多做活动 "
    "下次还来 必须五星好评 爱了爱了 期待新品 大家可以试试 相信博主的眼光"
)
_TIMES = split_words("用了一周 用了半个月 一个月下来 刚到手 昨天收到 试了三天 用到第二瓶 前后对比")
_JOINS = ("，", "，", "！", "～", "。", " ")


def bought_comments(style: str, seller: int, seed: int, n: int, rng: np.random.Generator) -> pl.Series:
    """`n` comments of a seller.

    Args:
        style: template, rewritten or pod.
        seller: Number of the seller, 0 to N_SELLERS - 1.
        seed: Seed of the simulation: a seller's templates depend on it and on the seller alone.
        n: How many.
        rng: Source of chance.
    """
    if style == "pod":
        return texts.pod_comments(rng, n)
    if style == "rewritten":
        return _rewritten(rng, n)
    own = np.random.default_rng((seed, 7_000 + seller))
    templates = _rewritten(own, int(own.integers(2, 7)))
    slots = texts.draw(rng, ("", "", *_OPENERS[:5]), n)
    return texts.join_parts(slots, texts.draw(rng, templates.to_list(), n), texts.draw(rng, texts.MARKS, n))


def _rewritten(rng: np.random.Generator, n: int) -> pl.Series:
    """Three or four parts drawn apart: the same message, hardly ever the same words."""
    named = texts.join_parts(texts.draw(rng, BRIEF_THINGS, n), texts.draw(rng, ("", "什么的", "这块", "方面"), n))
    middle = texts.draw(rng, _SUBJECTS, n).zip_with(pl.Series(rng.random(n) < NAMES_WARE), named)
    return texts.join_parts(
        texts.draw(rng, _OPENERS, n),
        texts.draw(rng, _JOINS, n),
        texts.draw(rng, (*_TIMES, *[""] * 6), n),
        middle,
        texts.draw(rng, _VERDICTS, n),
        texts.draw(rng, _JOINS, n),
        texts.draw(rng, (*_ENDINGS, *_VERDICTS), n),
    )


def n_accounts(seller: int) -> int:
    """How many accounts a seller has."""
    return int(np.random.default_rng(8_000 + seller).integers(*ACCOUNTS))
