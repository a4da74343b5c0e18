"""Rule packs: what they see, what they leave alone, and where a disclosure stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from pydantic import ValidationError
from work_counter import check_linear

from zhenfen.config import config_dir
from zhenfen.errors import ConfigError
from zhenfen.messages import Catalogue
from zhenfen.verdict.rule_packs import MENTIONS, POSITIONS, RULES_SCHEMA, RulePack, check_rules, load_packs

PACKS = ("cn", "eu", "fr")
REVIEW = "亲测好用，旗舰店有售"
FILLING = "今天天气很好，我们去公园走了走。" * 20


@pytest.mark.parametrize(
    ("pack", "rule", "text", "seen"),
    [
        ("cn", "review_with_purchase_means", REVIEW, ["旗舰店有售"]),
        ("cn", "review_with_purchase_means", "亲测好用，链接在评论区", ["链接在评论区"]),
        ("cn", "review_with_purchase_means", "好物分享，已放橱窗", ["放橱窗"]),
        ("cn", "review_with_purchase_means", "空瓶分享，搜某某旗舰店", ["搜某某旗舰店"]),
        ("cn", "review_with_purchase_means", "旗舰店开业了", []),
        # An anecdote with a shop's name attaches no means of purchase.
        ("cn", "review_with_purchase_means", "昨天路过旗舰店，体验了一下试用装", []),
        ("cn", "review_with_purchase_means", "分享日常：橱窗里的猫睡着了", []),
        ("cn", "review_with_purchase_means", "在淘宝买了一件，体验一般", []),
        ("cn", "review_with_purchase_means", "我去下单了，用过再分享", []),
        ("cn", "review_with_purchase_means", "购物车空空如也，分享心情", []),
        ("cn", "health_knowledge_beside_shop", "养生小课堂：这款保健品的购买链接在主页", ["购买链接"]),
        ("cn", "health_knowledge_beside_shop", "养生小课堂：多喝水，早睡觉，链接在主页", []),
        ("cn", "health_knowledge_beside_shop", "养生小课堂：保健品不能代替吃饭", []),
        ("cn", "review_with_purchase_means", "亲测好用", []),
        ("cn", "absolute_terms", "国家级技术，全网第一，效果最好", ["国家级", "全网第一", "最好"]),
        ("cn", "absolute_terms", "國家級技術，\u200b全網第一", ["國家級", "全網第一"]),
        ("cn", "absolute_terms", "最后一天，最近第一次来，最新一期", []),
        ("cn", "absolute_terms", "我家最大最好吃的一款", []),
        ("cn", "absolute_terms", "最佳食用时间是三天", []),
        ("cn", "absolute_terms", "我们努力做行业第一", []),
        ("cn", "absolute_terms", "国家级非遗传承人", []),
        ("cn", "absolute_terms", "最佳女主角", []),
        ("fr", "commercial_intent", "Foncez avec le code promo LEA", ["Foncez"]),
        ("fr", "commercial_intent", "Une belle promenade", []),
        ("fr", "commercial_intent", "Disponible chez Sephora", ["Disponible chez Sephora"]),
        ("fr", "commercial_intent", "Profitez de l'offre", ["Profitez de l'offre"]),
        ("fr", "commercial_intent", "Le lien est en bio", ["lien est en bio"]),
        ("fr", "commercial_intent", "Des carottes en bio, profitez de la vie", []),
        ("fr", "commercial_intent", "Cette série est disponible sur mon téléphone", []),
        ("fr", "goods_with_limits", "Mes injections d'acide hyaluronique", ["injections d'acide hyaluronique"]),
        ("fr", "goods_with_limits", "Une crème pour le visage", []),
        ("fr", "goods_with_limits", "Mon avis sur les cryptomonnaies", ["cryptomonnaies"]),
        ("eu", "commercial_intent", "Shop now, link in bio", ["Shop now"]),
        ("eu", "commercial_intent", "购物车", []),
        ("eu", "limited_time", "Today only!", ["Today only"]),
        ("eu", "limited_time", "I had limited time for this", ["limited time"]),
    ],
)
def test_what_is_seen(pack: str, rule: str, text: str, seen: list[str]) -> None:
    found = check_rules(_posts([text]), [pack]).filter(rule=rule)
    assert found["seen"].to_list() == seen
    assert [text[row["start"] : row["end"]] for row in found.rows(named=True)] == seen


@pytest.mark.parametrize(
    ("text", "disclosure", "mention", "position"),
    [
        ("【广告】" + REVIEW, "【广告】", "named", "beginning"),
        ("广告｜" + REVIEW, "广告｜", "named", "beginning"),
        (REVIEW + "。" * 5 + "感谢某某品牌的赞助，谢谢大家的支持", "感谢某某品牌的赞助", "other", "middle"),
        (FILLING + REVIEW + "本条广告", "本条广告", "other", "end"),
        (FILLING + REVIEW + "含广告", "含广告", "named", "end"),
        (REVIEW + " #广告", "#广告", "named", "tag_only"),
        (REVIEW + " ＃廣告", "＃廣告", "named", "tag_only"),
        ("【廣\u200b告】" + REVIEW, "【廣\u200b告】", "named", "beginning"),
        (REVIEW + "，非廣告", None, None, "none"),
        (REVIEW, None, None, "none"),
        (REVIEW + "，非广告", None, None, "none"),
        (REVIEW + "，无广，不是广告合作", None, None, "none"),
        (REVIEW + "，不是【广告】", None, None, "none"),
    ],
)
def test_the_disclosure_beside_it(text: str, disclosure: str | None, mention: str | None, position: str) -> None:
    row = _first(text)
    assert (row["disclosure"], row["mention"], row["position"]) == (disclosure, mention, position)
    assert row["chars_before"] == (None if disclosure is None else text.index(disclosure))
    fold = load_packs()["cn"].fold_chars
    assert row["is_behind_fold"] == (None if disclosure is None else text.index(disclosure) >= fold)


@pytest.mark.parametrize(
    ("text", "mention", "position"),
    [
        ("Publicité : code promo LEA", "named", "beginning"),
        ("Collaboration commerciale, code promo LEA", "named", "beginning"),
        ("Partenariat rémunéré avec Léa, code promo LEA", "equivalent", "beginning"),
        ("code promo LEA #sponsorisée", "equivalent", "tag_only"),
        ("code promo LEA (pub)", "equivalent", "end"),
        ("Code promo LEA, merci. Collaboration commerciale, post sponsorisé", "named", "middle"),
        ("code promo LEA 恰饭", "other", "end"),
        ("code promo LEA, pas sponsorisé par eux", None, "none"),
        ("code promo LEA, le publicitaire dort", None, "none"),
    ],
)
def test_france_knows_equivalent_mentions(text: str, mention: str | None, position: str) -> None:
    posts = _posts([text]).with_columns(is_labelled_ad=pl.lit(value=False))
    row = check_rules(posts, ["fr"]).filter(rule="commercial_intent").row(0, named=True)
    assert (row["mention"], row["position"]) == (mention, position)


def test_the_platforms_link_and_label_count_where_no_word_stands() -> None:
    posts = _posts(["亲测好用", "亲测好用", "没有别的"]).with_columns(
        has_purchase_link=pl.Series([True, None, True]), is_labelled_ad=pl.Series([True, None, None])
    )
    (row,) = check_rules(posts, ["cn"]).rows(named=True)
    assert (row["post_id"], row["seen"], row["start"], row["position"]) == ("p0", None, None, "label_only")


@pytest.mark.parametrize(
    ("text", "is_labelled_ad", "position"),
    [
        (REVIEW, None, "unknown"),
        (REVIEW, False, "none"),
        (REVIEW, True, "label_only"),
        (REVIEW + "……展开全文", False, "unknown"),
        (REVIEW + "...全文", None, "unknown"),
        (REVIEW + "，查看全文", False, "none"),
        ("【广告】" + REVIEW + "...全文", None, "beginning"),
    ],
)
def test_a_label_that_nobody_exported_is_no_missing_label(
    text: str, is_labelled_ad: bool | None, position: str
) -> None:
    assert _first(text, is_labelled_ad)["position"] == position


def test_a_mark_is_looked_for_only_where_the_rule_asks_for_one() -> None:
    found = check_rules(_posts(["【广告】全网第一，" + REVIEW]), ["cn"])
    place = dict(found.select("rule", "position").iter_rows())
    assert place == {"absolute_terms": None, "review_with_purchase_means": "beginning"}
    assert found.filter(rule="absolute_terms").select("disclosure", "mention", "chars_before").row(0) == (None,) * 3


def test_nothing_seen_is_no_row_and_nothing_read_is_no_row() -> None:
    assert check_rules(_posts(["银杏黄了", None, ""]), PACKS).is_empty()
    assert check_rules(_posts([]), PACKS).schema == RULES_SCHEMA
    assert check_rules(_posts([REVIEW]), []).schema == RULES_SCHEMA


def test_row_order_and_other_posts_change_nothing() -> None:
    posts = _posts([REVIEW, "【广告】" + REVIEW, None, "限时 link in bio", "最好"])
    key = ["pack", "rule", "post_id", "start"]
    found = check_rules(posts, PACKS).sort(key)
    assert check_rules(posts.reverse(), PACKS).sort(key).equals(found)
    alone = pl.concat([check_rules(one, PACKS) for one in posts.iter_slices(1)]).sort(key)
    assert alone.equals(found)


def test_an_unknown_pack_names_those_there_are() -> None:
    with pytest.raises(ConfigError, match="expected one of cn, eu, fr"):
        check_rules(_posts([REVIEW]), ["xx"])


def test_a_rule_may_name_only_lists_that_are_there() -> None:
    content = yaml.safe_load((config_dir() / "rules" / "cn.yaml").read_text("utf-8"))
    content["rules"]["absolute_terms"]["look_for"] = ["nothing"]
    with pytest.raises(ValidationError, match="no such list: nothing"):
        RulePack.model_validate(content)


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_is_dated_and_sourced(name: str) -> None:
    pack = load_packs()[name]
    assert pack.dated >= max(rule.read_on.isoformat() for rule in pack.rules.values())
    assert all(words.source and words.dated for words in (pack.marks, *pack.lists.values()))
    assert all(line.endswith(".") for line in pack.not_compared)


@pytest.mark.parametrize("missing", ["source", "read_on", "article"])
def test_a_rule_without_its_source_is_refused(missing: str) -> None:
    content = yaml.safe_load((config_dir() / "rules" / "cn.yaml").read_text("utf-8"))
    del content["rules"]["absolute_terms"][missing]
    with pytest.raises(ValidationError, match=missing):
        RulePack.model_validate(content)


@pytest.mark.parametrize("language", ["zh", "en", "fr"])
def test_every_rule_and_position_has_its_words(language: str) -> None:
    catalogue = Catalogue(language)
    rules = [f"{name}.{rule}" for name, pack in load_packs().items() for rule in pack.rules]
    assert all(catalogue.text(f"rules.{name}{end}") for name in (*load_packs(), *rules) for end in ("", ".about"))
    assert all(catalogue.text(f"rules.position.{position}") for position in POSITIONS)
    assert all(catalogue.text(f"rules.mention.{mention}") for mention in MENTIONS)


def test_no_pack_speaks_of_guilt() -> None:
    texts = [path.read_text("utf-8") for path in Path(config_dir() / "rules").glob("*.yaml")]
    assert len(texts) == len(PACKS)
    assert not any(word in text for text in texts for word in ("illegal", "违法", "illégal"))


def test_hostile_texts_are_linear_work() -> None:
    texts = ["最" * 100_000, "自家" * 50_000, "#" * 100_000, "\x02\x03", "做" * 50_000 + "最好"]
    assert check_rules(_posts(texts), PACKS).is_empty()
    for text in ("最", "自家", "#", "亲测最好#广告旗舰店"):
        check_linear(lambda longer: check_rules(_posts([longer]), PACKS), text * (3_000 // len(text)))


def _posts(texts: list[str | None] | list[str]) -> pl.DataFrame:
    ids = [f"p{at}" for at in range(len(texts))]
    return pl.DataFrame({"post_id": ids, "text": texts}, schema={"post_id": pl.String, "text": pl.String})


def _first(text: str, is_labelled_ad: bool | None = False) -> dict[str, Any]:
    posts = _posts([text]).with_columns(is_labelled_ad=pl.lit(is_labelled_ad, dtype=pl.Boolean))
    return check_rules(posts, ["cn"]).filter(rule="review_with_purchase_means").row(0, named=True)
