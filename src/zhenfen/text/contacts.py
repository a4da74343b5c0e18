"""Phone numbers, e-mail addresses, WeChat and QQ ids in texts: found by their usual forms and words, and masked.

A number alone is no contact unless it has the form of a telephone number: prices, dates, counts and ids stay.
A WeChat or QQ id is only seen behind the word that announces it, in its usual spelling or in one that dodges filters
(卫星, 薇❤, 企鹅); such words are left alone without an id. Digits may be spelled (一三八, ①③⑧, 1-3-8).
Lengths: mobile numbers of mainland China have 11 digits (MIIT numbering plan, 13x to 19x), WeChat ids 6 to 20
characters with a letter first, QQ numbers 5 to 11 digits (the services' own sign-up rules).
"""

from __future__ import annotations

import polars as pl

from zhenfen.text.characters import change_where

# ASCII on purpose: between a Chinese character and a digit lies an edge, between a Latin letter and a digit none.
_EDGE = r"(?-u:\b)"
# A run of digits behind / or = is part of an address, behind a letter or digit part of an id.
_BEFORE_NUMBER = r"(^|[^0-9A-Za-z_/=.])"
# Behind @ stands somebody's name, which may well begin with vx or qq.
_BEFORE_WORD = r"(?:^|[^@0-9A-Za-z_])"
_LOOSE = r"[\s:：是为,，~～+＋➕]{0,3}"
_COLON = r"\s?[:：=→>]\s?"

# Spelled digits: Chinese ones, circled, full stop, mathematical, keycap; each may be set off by one sign.
_CHINESE = "一二三四五六七八九零〇壹贰叁肆伍陆柒捌玖幺"
_CIRCLED = r"①-⑨⓪❶-❾➀-➈➊-➒⓵-⓽⑴-⑼⒈-⒐０-９\u{1d7ce}-\u{1d7ff}"
_SET_OFF = r"[ ._·-]?"
_SPELLED = rf"(?:[{_CHINESE}{_CIRCLED}]|[0-9]\u{{fe0f}}?\u{{20e3}})"
_DIGIT = rf"(?:{_SPELLED}|[0-9])"
# One of them at least is spelled: plain digits have their own, stricter patterns.
_SPELLED_CODE = rf"(?:[0-9]{_SET_OFF}){{0,5}}{_SPELLED}(?:{_SET_OFF}{_DIGIT}){{4,10}}"
_FIRST_SPELLED = r"(?:[一壹幺①❶➀➊⓵⑴⒈𝟏𝟙𝟣𝟭𝟷]|1\u{fe0f}?\u{20e3})"
_SPELLED_MOBILE = "|".join(
    (
        rf"{_FIRST_SPELLED}{_SET_OFF}{_SPELLED}(?:{_SET_OFF}{_DIGIT}){{9}}",
        rf"1[3-9]\d{_SET_OFF}{_SPELLED}(?:{_SET_OFF}{_DIGIT}){{7}}",
        *(rf"1{sign}[3-9](?:{sign}\d){{9}}{_EDGE}" for sign in (" ", "-", r"\.")),
        rf"1[3-9]\d\.\d{{4}}\.\d{{4}}{_EDGE}",
    )
)

_MOBILE = rf"1[3-9]\d[ -]?\d{{4}}[ -]?\d{{4}}{_EDGE}"
_NUMBER = "|".join(
    (
        rf"(?:(?:\+|00)?86[ -]?)?{_MOBILE}",
        rf"0\d{{2,3}}-\d{{7,8}}{_EDGE}",  # area code and number
        rf"[48]00-\d{{3}}-?\d{{4}}{_EDGE}",  # service lines
        rf"0[1-9](?:[ .]\d{{2}}){{4}}{_EDGE}",  # France
        # Only real country codes: "+12345678" is how many followers came.
        rf"\+(?:1|33|44|49|60|61|65|66|81|82|84|852|853|886)[ -]?(?:\d[ -]?){{7,10}}\d{_EDGE}",
        r"１[３-９][０-９]{9}",
        _SPELLED_MOBILE,
    )
)
_NUMBER_WORD = rf"(?:手机号?码?|{_EDGE}(?:mobile|whatsapp)){_LOOSE}/?"
_LOCAL_WORD = rf"(?:电话|电huà|电hua|座机|热线|致电|{_EDGE}(?:tel|phone))(?:号码)?{_LOOSE}/?"
_LOCAL_NUMBER = rf"[48]00\d{{7}}{_EDGE}|[2-8]\d{{6,7}}{_EDGE}"

_PLUS = "[加+＋➕茄伽迦嘉十]"
_HEART = r"[❤♥]\u{fe0f}?"
_WECHAT_WORD = (
    rf"(?:[微薇威徽维]\s?(?:信|xin|[心芯]|{_HEART})|(?:v|wei)\s?(?:信|心|{_HEART})|卫星"
    rf"|{_BEFORE_WORD}(?:[vw]x|we\s?chat|wei\s?xin)|{_PLUS}\s?[微薇威徽维])"
)
_PLUS_V = rf"{_PLUS}\s?v"
# A bare word such as iPhone or Windows behind 微信 is no id: without 号 or a colon an id has digits within it.
_ID_WITH_DIGITS = rf"(?:[a-z][a-z_-]{{0,15}}[0-9_][a-z0-9_-]{{2,18}}|{_MOBILE})"
_ANY_ID = rf"(?:[a-z][a-z0-9_-]{{5,19}}|[1-9]\d{{5,10}}{_EDGE})"

_QQ_WORD = rf"(?:{_BEFORE_WORD}qq|扣扣|抠抠|企鹅|🐧|南极鸟|{_PLUS}\s?q)(?:群|号|号码)?{_LOOSE}"
# 扣 alone is "type" or "deduct": 扣1, 扣300块.
_QQ_SIGN = rf"(?:[扣抠叩]|{_BEFORE_WORD}q)\s?[:：]?\s?"
_GROUP_WORD = r"[群裙峮](?:聊?号码?)?\s?[:：是为]?\s?"
# No span of years.
_QQ_IN_PARTS = rf"(?:1[0-8]|2[1-9]|[3-9]\d)\d{{2,3}}[ .-]\d{{4,5}}{_EDGE}"

# Identity cards (GB 11643: region, birthday, sequence, check) and UnionPay cards (62…, 16 to 19 digits). Ids of posts
# have as many digits and other beginnings.
_IDENTITY_CARD = rf"[1-9]\d{{5}}(?:19|20)\d{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{{3}}[0-9Xx]{_EDGE}"
_BANK_CARD = rf"62\d{{2}}[ -]?\d{{4}}[ -]?\d{{4}}[ -]?\d{{4}}(?:[ -]?\d{{1,3}})?{_EDGE}"

# Placeholder → patterns. Group 1 stays, the rest gives way. Ids come before phones: a mobile number may be an id.
_PATTERNS: dict[str, tuple[str, ...]] = {
    "[contact:email]": (r"()[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}",),
    "[contact:wechat]": (
        rf"({_EDGE})wxid_[A-Za-z0-9]{{6,}}",
        rf"(?i)({_WECHAT_WORD}{_LOOSE}){_ID_WITH_DIGITS}",
        rf"(?i)({_WECHAT_WORD}\s?(?:(?:[账帐]?号|id){_LOOSE}|{_COLON})){_ANY_ID}",
        rf"(?i)({_PLUS_V}[\s:：]{{1,3}}){_ANY_ID}",
        rf"(?i)({_PLUS_V}){_MOBILE}",
        rf"(?i)((?:{_WECHAT_WORD}|{_PLUS_V})(?:[账帐]?号)?{_LOOSE}){_SPELLED_CODE}",
    ),
    "[contact:number]": (rf"{_BEFORE_NUMBER}(?:{_IDENTITY_CARD}|{_BANK_CARD})",),
    "[contact:qq]": (
        rf"(?i)({_QQ_WORD})(?:{_QQ_IN_PARTS}|[1-9]\d{{4,10}}{_EDGE}|{_SPELLED_CODE})",
        rf"(?i)({_QQ_SIGN})[1-9]\d{{7,10}}{_EDGE}",
        rf"({_GROUP_WORD})[1-9]\d{{5,9}}{_EDGE}",
    ),
    "[contact:phone]": (
        rf"(?i)({_LOCAL_WORD})(?:{_LOCAL_NUMBER}|{_NUMBER}|{_SPELLED_CODE})",
        rf"(?i)({_NUMBER_WORD})(?:{_NUMBER}|{_SPELLED_CODE})",
        rf"{_BEFORE_NUMBER}(?:{_NUMBER})",
    ),
}
_PLACEHOLDER = r"\[contact:(?:email|wechat|qq|phone|number)\]"
_ANY_CONTACT = "|".join([_PLACEHOLDER, *(pattern for patterns in _PATTERNS.values() for pattern in patterns)])


def mask_contacts(expr: pl.Expr) -> pl.Expr:
    """Texts in which contacts gave way to `[contact:phone]`, `[contact:email]`, `[contact:wechat]`, `[contact:qq]`,
    `[contact:number]` (identity and bank cards).

    The words that announce a contact stay. Masking a masked text changes nothing; null stays null.
    """
    for placeholder, patterns in _PATTERNS.items():
        for pattern in patterns:
            expr = expr.str.replace_all(pattern, "${1}" + placeholder)
    return expr


def mask_texts(texts: pl.Series) -> pl.Series:
    """`mask_contacts` of all texts; to look for a contact takes an eighth of its time, and few texts hold one."""
    return change_where(texts, _ANY_CONTACT, lambda found: pl.select(mask_contacts(pl.lit(found))).to_series())


def has_contact(expr: pl.Expr) -> pl.Expr:
    """Whether a text holds a contact, raw or masked; null for a null text."""
    return expr.str.contains(_ANY_CONTACT)
