"""Chinese names, posts and comments put together from short parts; all of it is made up.

Organic comments are several short clauses drawn apart, so that two of them rarely say the same, while short praise
repeats word for word as it does in life (15 % of 48,000 Bilibili comments have a twin). Farm comments fill the slots of
a few sentences. Lengths follow the Bilibili comments: a tenth below 4 characters, median 15, a tenth above 49.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl


def _words(spaced: str) -> tuple[str, ...]:
    return tuple(spaced.split())


SHORT_SHARE = 0.13
"""Part of the organic comments that is short praise; with the pool below about 15 % of all have a twin."""

SHORT = _words(
    "哈哈哈哈 好看 太好看了 爱了爱了 学到了 绝了 蹲一个 来了 前排 马住 已收藏 真好 支持 求链接 太可爱了 笑死 同款 "
    "羡慕 好家伙 真的假的 期待 加油 辛苦啦 好听 想吃 想去 厉害 第一 打卡 懂了 确实 是的 哇 赞 可以的"
)
EMOJI = ("", "", "", "", "😂", "😭", "👍", "❤️", "🥹", "✨", "[笑哭]", "[doge]", "[捂脸]", "～", "！", "…")
OPENERS = _words(
    "说实话 我妈看完 上周末 刚下班 昨天晚上 室友 之前一直 终于等到更新 第一次来 从去年看到现在 我家那位 作为过来人 "
    "看到一半 本来没兴趣 有一说一 早上通勤 同事安利的 住在成都 北方人表示 带娃的间隙 高三的时候 换季以后 国庆那会儿 "
    "在地铁上 半夜刷到 和闺蜜 楼下的店 我们学校 老粉了 前两天 跟着做了 打工人路过 被推荐进来的 反复看了三遍 刚到家 "
    "评论区果然 一个人在外地 隔壁桌 搬家之后 今年春天"
)
VERBS = _words(
    "试过 买过 去过 纠结过 问过客服 踩过坑 照着练过 对比过 放弃过 研究过 带朋友看过 抄过作业 排队等过 种草很久 "
    "差点错过 认真记了笔记 翻出来又用"
)
THINGS = _words(
    "这个颜色 那家小店 第二个方法 开头的音乐 最后那段话 三分钟那里 封面那张 这条裙子 那个杯子 电饭煲版本 小区后门 "
    "周三的票 这种天气 低糖的做法 机位 那只猫 光线 剪辑节奏 预算 防晒 通勤路线 收纳盒 面团 备课方法 充电速度 "
    "鞋码 阳台 早八 排练 火锅底料 口红试色 单词本"
)
FEELINGS = _words(
    "比想象中实在 有点小贵 居然很顺手 我觉得一般 尺码偏大 味道偏咸 意外地耐看 坚持不下来 适合新手 不太适合我 "
    "还是得看个人 讲得很清楚 细节到位 和图上差不多 有点舍不得 看饿了 看困了 又想出门了 心里一下子静下来 值得多等两天 "
    "比上一期好 音量有点小 希望出长一点的 挺真诚的 有被治愈到 笑出声 记住这句话了 回头再看一遍 容易掉色 "
    "洗了也没变形"
)
ENDINGS = _words(
    "，下次什么时候更新呀 ，想问问在哪里买的 ，准备周末试试 ，已经发给家人了 ，有没有平价一点的 ，求个教程 "
    "，不过要注意时间 ，冬天估计不行 ，大家怎么看 ，我先观望一下 ，慢慢来吧 ，南方能用吗 ，等降价 ，孩子也喜欢 "
    "，明年再说 ，感谢分享 ，谁懂啊 ，别催我了"
)
NO_ENDING_WEIGHT = 6
"""Six comments end bare for every time that one ending is drawn."""
FARM_TEMPLATES = (
    ("姐妹们", "这个", "真的", "太好用了", "，已经", "回购", "三次了", "，闭眼入"),
    ("跟着博主", "入手的", "果然", "没失望", "，全家", "都说好", "，必须", "支持"),
    ("博主推荐的", "东西", "从来", "没踩过雷", "，质量", "特别好", "，强烈", "推荐"),
    ("用了一周", "效果", "真的", "看得见", "，皮肤", "变好了", "，感谢", "博主分享"),
)
FARM_SLOTS = (
    (0, ("宝子们", "家人们", "朋友们", "亲们")),
    (2, ("真心", "确实", "实在", "真的真的")),
    (5, ("超级好", "回购了", "很满意", "都喜欢")),
)
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
POST_FORMS = (
    "记录一下{topic}，踩过的坑都写在后面了",
    "{topic}到底怎么做？三个步骤讲清楚",
    "花了一个周末折腾{topic}，有惊喜也有翻车",
    "很多人问的{topic}，这期一次说完",
    "{topic}第{number}期：慢一点也没关系",
    "今天的{topic}，光线刚好",
)
ADVERT_FORMS = (
    "{topic}好物推荐！点击左下角链接下单，领券立减{number}元，限时三天",
    "直播间{topic}专场，今晚八点不见不散，拍下备注有赠品，前{number}名半价",
    "和品牌一起做的{topic}，戳购物车同款，优惠码 ZF{number}",
)
GIVEN = "安禾青川知夏星野小满云朵木子南枝初一晚晴见山明朗拾光"
FAMILY_NAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"


def draw(rng: np.random.Generator, pool: Sequence[str], n: int) -> pl.Series:
    """`n` entries of `pool`, each as likely as the others."""
    return pl.Series(list(pool), dtype=pl.String).gather(rng.integers(0, len(pool), n))


def join_parts(*parts: pl.Series | str) -> pl.Series:
    """The texts of several series, one after the other."""
    columns = [pl.lit(part) if isinstance(part, str) else part.alias(str(at)) for at, part in enumerate(parts)]
    return pl.select(pl.concat_str(columns)).to_series()


def organic_comments(rng: np.random.Generator, n: int) -> pl.Series:
    """`n` comments as strangers write them: an eighth short praise, a third one clause, the rest two or three."""
    endings = ("",) * NO_ENDING_WEIGHT + ENDINGS
    things = THINGS + tuple(topic for topics in TOPICS.values() for topic in topics)
    bare = join_parts(draw(rng, things, n), draw(rng, FEELINGS, n), draw(rng, endings, n))
    story = join_parts(draw(rng, OPENERS, n), draw(rng, VERBS, n))
    told = join_parts(story, draw(rng, things, n), "，", draw(rng, FEELINGS, n), draw(rng, endings, n))
    long = join_parts(told, "。", draw(rng, things, n), draw(rng, FEELINGS, n), draw(rng, endings, n))
    forms = pl.DataFrame({"short": draw(rng, SHORT, n), "bare": bare, "told": told, "long": long})
    kind = pl.Series(rng.choice(4, n, p=(SHORT_SHARE, 0.35, 0.37, 0.15)))
    texts = forms.select(
        pl.coalesce(pl.when(kind == at).then(form) for at, form in enumerate(forms.columns))
    ).to_series()
    return join_parts(texts, draw(rng, EMOJI, n))


def farm_comments(rng: np.random.Generator, n: int) -> pl.Series:
    """`n` comments from four sentences with exchanged words, marks and emoji."""
    filled = [_fill(template, slots) for template in FARM_TEMPLATES for slots in _slot_choices()]
    return join_parts(draw(rng, filled, n), draw(rng, MARKS, n))


def _slot_choices() -> list[dict[int, str]]:
    """No slot changed, or one of them."""
    return [{}, *({at: word} for at, words in FARM_SLOTS for word in words)]


def _fill(template: tuple[str, ...], slots: dict[int, str]) -> str:
    return "".join(slots.get(at, part) for at, part in enumerate(template))


def pod_comments(rng: np.random.Generator, n: int) -> pl.Series:
    """`n` short compliments as members of a mutual-support group leave them."""
    return join_parts(draw(rng, POD_PRAISE, n), draw(rng, MARKS, n))


def post_texts(rng: np.random.Generator, n: int, category: str, adverts: np.ndarray) -> pl.Series:
    """Texts of `n` posts with two tags each; `adverts` (bool) says which of them sell something."""
    topics = TOPICS[category]
    forms = pl.DataFrame({"plain": draw(rng, POST_FORMS, n), "advert": draw(rng, ADVERT_FORMS, n)})
    topic = draw(rng, topics, n).alias("topic")
    number = pl.Series("number", rng.integers(3, 90, n)).cast(pl.String)
    text = forms.with_columns(topic, number).select(
        pl.when(pl.Series(adverts)).then("advert").otherwise("plain").alias("text"), "topic", "number"
    )
    # A literal {topic} in the forms, filled row by row by polars.
    return text.select(
        pl.concat_str(
            pl.col("text")
            .str.replace("{topic}", pl.col("topic"), literal=True)
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
