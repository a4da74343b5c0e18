"""Contact words in disguise are read, and the words they borrow stay what they are."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from pydantic import ValidationError

from zhenfen.text.contact_words import Spellings, read_contact_words
from zhenfen.text.normalise import cut_quoted, normalise_texts

READ = [
    ("加卫星聊", "加微信聊"),
    ("联系卫星abc666", "联系微信☎"),
    ("卫星：KTM657", "微信☎"),
    ("加薇❤", "加微信"),
    ("薇❤：meimei888", "微信☎"),
    ("＋V❤聊", "加微信聊"),
    ("威❤ 13812345678", "微信☎"),
    ("加我威信详谈", "加我微信详谈"),
    ("需要十维信:wbl6844", "需要加微信☎"),
    ("薇 信", "微信"),
    ("wēi信", "微信"),
    ("🅥🅧：lovely666", "微信☎"),
    ("加vx", "加微信"),
    ("迦威 sx11505", "微信☎"),
    ("求微22238015096102", "求微信☎"),
    ("V76447321729", "微信☎"),
    ("+V：③⑦⑤⑥①②③⑥", "加微信☎"),
    ("加企鹅", "加qq"),
    ("企鹅 1537 3608", "qq☎"),
    ("🐧：123456789", "qq☎"),
    ("十扣:298555928", "加qq☎"),
    ("茄q：0436771300", "加qq☎"),
    ("Q841252567", "qq☎"),
    ("加裙997734366", "加群☎"),
    ("拉我进裙，一个1r", "拉我进群一个1r"),
    ("快进裙", "快进群"),
    ("峮里见", "群里见"),
    ("点司信我", "点私信我"),
    ("電huà 13812345678", "电话☎"),
    ("想要的➕我", "想要的加我"),
]
KEPT = [
    ("卫星发射成功", "卫星发射成功"),
    ("没有卫星电视", "没有卫星电视"),
    ("卫星2020年升空", "卫星2020年升空"),
    ("在群众中威信很高", "在群众中威信很高"),
    ("增加威信", "增加威信"),
    ("红裙子真好看", "红裙子真好看"),
    ("加裙子一起买的", "加裙子一起买的"),
    ("南极的企鹅好可爱🐧", "南极的企鹅好可爱"),
    ("企鹅和爱奇艺", "企鹅和爱奇艺"),
    ("赵薇❤", "赵薇"),
    ("我爱你❤❤", "我爱你"),
    ("添加微量元素", "添加微量元素"),
    ("微心愿活动", "微心愿活动"),
    ("加V认证", "加v认证"),
    ("扣1扣2", "扣1扣2"),
    ("倒扣200", "倒扣200"),
    ("抠抠搜搜", "抠抠搜搜"),
    ("番茄我也爱吃", "番茄我也爱吃"),
    ("王嘉我来了", "王嘉我来了"),
    ("公司信息不全", "公司信息不全"),
    ("粉丝信任", "粉丝信任"),
    ("爸爸+我记得", "爸爸我记得"),
    ("格兰芬多➕50分", "格兰芬多50分"),
    ("i9+rtx4090", "i9rtx4090"),
    ("av94167155", "av☎"),
    ("dvxkoas123", "dvxkoas123"),
    ("迦南", "迦南"),
    ("CCAV？信你才怪", "ccav信你才怪"),
    ("走进裙底", "走进裙底"),
]


@pytest.mark.parametrize(("raw", "read"), READ + KEPT)
def test_a_word_is_read_beside_a_contact_only(raw: str, read: str) -> None:
    assert normalise_texts(pl.Series([raw])).to_list() == [read]


def test_rows_stay_apart_and_null_stays_null() -> None:
    texts = pl.Series("text", ["加", "卫星", None, "", "加卫星"])
    assert read_contact_words(texts).to_list() == ["加", "卫星", None, "", "加微信"]


def test_reading_twice_is_reading_once() -> None:
    once = normalise_texts(pl.Series([raw for raw, _ in READ + KEPT]))
    assert read_contact_words(once).to_list() == once.to_list()


@pytest.mark.parametrize("source", ["comments/bilibili_comments", "comments/shopping_reviews", "text/weibo_lines"])
@pytest.mark.data
def test_hardly_a_genuine_text_is_touched(data_dir: Path, source: str) -> None:
    raw = pl.read_parquet(data_dir / f"{source}.parquet", columns=["text"], n_rows=60_000)
    texts = normalise_texts(raw.select(cut_quoted(pl.col("text"))).to_series())
    words = "微信|qq|群|私信|电话"
    disguised = raw.select(pl.col("text").str.to_lowercase().str.contains(words).not_()).to_series()
    # 電話 is the same word in other characters.
    simplified = raw.select(pl.col("text").str.contains("電話|群|微信").not_()).to_series()
    touched = texts.str.contains(words) & disguised & simplified
    assert touched.mean() < 2e-4


def test_an_unknown_field_is_an_error() -> None:
    with pytest.raises(ValidationError):
        Spellings.model_validate({"source": "s", "dated": "2026-11-21", "allways": ["薇信"]})
