"""Chinese names, posts and comments put together from short parts; all of it is made up.

Organic comments are clauses of several kinds drawn apart, so that two of them rarely say the same, while short praise
and a few sayings repeat word for word as they do in life (15 % of 48,000 Bilibili comments have a twin, ours 17 %).
Lengths are near those of the Bilibili comments: a tenth below 4 characters (ours 5), median 15 (21), a tenth above 49
(55).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import polars as pl

from zhenfen.simulate import words

POD_PRAISE = ("太棒了宝", "姐妹好美", "互相加油", "今天也好看", "来支持啦", "宝藏博主", "好喜欢呀", "冲呀姐妹")
MARKS = ("", "！", "！！", "～", "。", "👍", "❤️", "😍", "🌹")

TOPICS: dict[str, tuple[str, ...]] = {
    "美妆": ("通勤淡妆", "换季护肤", "眼影叠涂", "敏感肌空瓶", "防晒实测", "口红试色"),
    "美食": ("一人食晚餐", "家常红烧肉", "早餐三明治", "低糖桂花糕", "深夜面馆", "砂锅炖菜"),
    "穿搭": ("小个子外套", "秋冬叠穿", "通勤衬衫", "旧衣改造", "显高短靴", "针织配色"),
    "数码": ("桌面布线", "相机入门", "旧手机改造", "降噪耳机", "平板记笔记", "家庭存储"),
    "旅行": ("古镇两日", "海边露营", "雪山徒步", "博物馆一天", "慢火车", "周边骑行"),
    "知识": ("宋代茶事", "城市水系", "统计入门", "昆虫观察", "古籍修复", "桥梁结构"),
    "生活": ("阳台种菜", "断舍离", "租房改造", "手账", "宠物日常", "早起一周"),
}
THINGS = words.THINGS + tuple(topic for topics in TOPICS.values() for topic in topics)
"""What comments speak of."""
OWNERS = tuple(sorted({thing.partition("的")[0] for thing in THINGS}))
"""The things themselves, without the part of them that is spoken of."""
POST_FORMS = (
    "记录一下{topic}，踩过的坑都写在后面了",
    "{topic}到底怎么做？三个步骤讲清楚",
    "花了一个周末折腾{topic}，有惊喜也有翻车",
    "很多人问的{topic}，这期一次说完",
    "{topic}第{number}期：慢一点也没关系",
    "今天的{topic}，光线刚好",
)
ADVERT_FORMS = (
    "{topic}好物推荐！{brand}点击左下角链接下单，领券立减{number}元，限时三天",
    "直播间{topic}专场，{brand}今晚八点不见不散，拍下备注有赠品，前{number}名半价",
    "和品牌一起做的{topic}，{brand}戳购物车同款，优惠码 ZF{number}",
)
BRANDS: dict[str, tuple[str, ...]] = {
    "美妆": ("「晚樱手记」", "Lunebloom"),
    "美食": ("「灶边小满」", "Mugwell"),
    "穿搭": ("「素织间」", "Nordwick"),
    "数码": ("「折光实验室」", "Voltmere"),
    "旅行": ("「慢山行」", "Trailune"),
    "知识": ("「旧书灯」", "Inkharbor"),
    "生活": ("「窗台集」", "Homelark"),
}
"""Invented brands, in forms in which posts name what is new to a reader."""
Form = Callable[[np.random.Generator, int], pl.Series]
"""Makes so many texts."""
GIVEN = "安禾青川知夏星野小满云朵木子南枝初一晚晴见山明朗拾光"
FAMILY_NAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"


def draw(rng: np.random.Generator, pool: Sequence[str], n: int) -> pl.Series:
    """`n` entries of `pool`, each as likely as the others."""
    return _series(tuple(pool)).gather(rng.integers(0, len(pool), n))


@lru_cache(maxsize=256)
def _series(pool: tuple[str, ...]) -> pl.Series:
    """Most pools are drawn from again and again, and making a series takes longer than the draw."""
    return pl.Series(pool, dtype=pl.String)


def join_parts(*parts: pl.Series | str) -> pl.Series:
    """The texts of several series, one after the other."""
    columns = [pl.lit(part) if isinstance(part, str) else part.alias(str(at)) for at, part in enumerate(parts)]
    return pl.select(pl.concat_str(columns)).to_series()


def organic_comments(rng: np.random.Generator, n: int) -> pl.Series:
    """`n` comments as strangers write them, from a word of praise to six clauses."""
    return join_parts(_mix(rng, n, COMMENT_FORMS), draw(rng, words.EMOJI, n))


def _mix(rng: np.random.Generator, n: int, forms: Mapping[Form, float]) -> pl.Series:
    """`n` texts of several forms in any order, each form as often as its share says."""
    counts = rng.multinomial(n, list(forms.values()))
    parts = [form(rng, int(count)) for form, count in zip(forms, counts, strict=True)]
    return pl.concat(parts).gather(rng.permutation(n))


def _row(*parts: Sequence[str]) -> Form:
    """A form of one entry of each pool, one after the other; a part that is a text stands as it is."""

    def write(rng: np.random.Generator, n: int) -> pl.Series:
        return join_parts(*(part if isinstance(part, str) else draw(rng, part, n) for part in parts))

    return write


def _sentence(n_clauses: int, *, is_ended: bool = False) -> Form:
    """A form of so many clauses, and with `is_ended` a closing phrase."""

    def write(rng: np.random.Generator, n: int) -> pl.Series:
        parts = [_mix(rng, n, CLAUSES)]
        for _ in range(1, n_clauses):
            parts += [draw(rng, words.LINKS, n), _mix(rng, n, CLAUSES)]
        return join_parts(*parts, *(("，", draw(rng, words.ENDINGS, n)) if is_ended else ()))

    return write


def _framed(frames: Sequence[tuple[str, str]], pool: Sequence[str]) -> Form:
    """A form of one entry of the pool in the blank of one of the frames."""

    def write(rng: np.random.Generator, n: int) -> pl.Series:
        filling, at = draw(rng, pool, n), rng.integers(0, len(frames), n)
        before, after = (pl.Series(side).gather(at) for side in zip(*frames, strict=True))
        return join_parts(before, filling, after)

    return write


_STORY = _row(words.TIMES, words.PEOPLE, words.DEEDS, THINGS)
CLAUSES: dict[Form, float] = {
    _row(THINGS, words.FEELINGS): 0.45,
    _STORY: 0.22,
    _row(THINGS, words.ASKING): 0.15,
    _framed(words.PLACE_FRAMES, words.CITIES): 0.08,
    _framed(words.AMOUNT_FRAMES, [str(amount) for amount in range(2, 400)]): 0.1,
}
COMMENT_FORMS: dict[Form, float] = {
    _row(words.PRAISE): 0.13,
    _row(words.SAYINGS): 0.008,
    _row(words.BRIEF_THINGS, words.BRIEF_FEELINGS): 0.112,
    _row(words.ATTITUDES, OWNERS, "的", words.ASPECTS, words.FEELINGS): 0.18,
    _STORY: 0.1,
    _sentence(2): 0.22,
    _sentence(2, is_ended=True): 0.06,
    _sentence(3): 0.06,
    _sentence(4): 0.06,
    _sentence(6): 0.07,
}
"""What comments are made of, by their share, so that twins and, about, lengths are those of the Bilibili comments.
With the sayings .7 % of 20,000 are in clusters of like comments and 1.4 % of 1.25 million (in life 1.3 to 3.3 %)."""


def pod_comments(rng: np.random.Generator, n: int) -> pl.Series:
    """`n` short compliments as members of a mutual-support group leave them."""
    return join_parts(draw(rng, POD_PRAISE, n), draw(rng, MARKS, n))


def post_texts(rng: np.random.Generator, n: int, category: str, adverts: np.ndarray) -> pl.Series:
    """Texts of `n` posts with two tags each; `adverts` (bool) says which of them sell something."""
    topics = TOPICS[category]
    forms = pl.DataFrame({"plain": draw(rng, POST_FORMS, n), "advert": draw(rng, ADVERT_FORMS, n)})
    topic = draw(rng, topics, n).alias("topic")
    numbers = rng.integers(3, 90, n)
    # Which brand follows from the number: one draw more would change everything that is drawn behind it.
    brands = BRANDS[category]
    brand = pl.Series("brand", brands).gather(numbers % len(brands))
    text = forms.with_columns(topic, brand, number=pl.Series(numbers).cast(pl.String)).select(
        pl.when(pl.Series(adverts)).then("advert").otherwise("plain").alias("text"), "topic", "brand", "number"
    )
    # A literal {topic} in the forms, filled row by row by polars.
    return text.select(
        pl.concat_str(
            pl.col("text")
            .str.replace("{topic}", pl.col("topic"), literal=True)
            .str.replace("{brand}", pl.col("brand"), literal=True)
            .str.replace("{number}", pl.col("number"), literal=True),
            pl.lit(f" #{category} #"),
            "topic",
        )
    ).to_series()


def person_names(rng: np.random.Generator, n: int) -> pl.Series:
    """Nicknames of people: a given name, at times with a family name or two digits."""
    given = [GIVEN[at : at + 2] for at in range(0, len(GIVEN), 2)]
    tails = ("", "", "", "呀", "的日常", "同学", "08", "99", "在路上", "酱")
    return join_parts(draw(rng, ["", "", *FAMILY_NAMES], n), draw(rng, given, n), draw(rng, tails, n))


def batch_names(rng: np.random.Generator, n: int) -> pl.Series:
    """Names as accounts made in numbers carry them: the sign-up name or letters with many digits."""
    digits = pl.Series(rng.integers(10**6, 10**10, n)).cast(pl.String)
    return join_parts(draw(rng, ("用户", "用户", "手机用户", "abc", "mm"), n), digits)
