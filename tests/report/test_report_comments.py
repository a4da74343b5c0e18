"""The comments' and posts' evidence on the page: kinds with intervals, order, bursts, spans, rule packs."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

import polars as pl
import pytest

from toy_models import ToyPostModel, toy_models
from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.report.html import render_creator
from zhenfen.report.lines import SheetLines
from zhenfen.report.summarise import summarise_creator
from zhenfen.scoring import score
from zhenfen.simulate import simulate
from zhenfen.tables import Tables
from zhenfen.verdict.evidence import Findings

POD, LARGE = "sim3_00000", "sim3_00001"


@cache
def made_tables() -> Tables:
    return with_burst(simulate(["engagement_pod", "sponsored_heavy"], seed=3, platforms=("weibo",)).tables)


@cache
def found() -> Findings:
    return score(made_tables(), toy_models())


def with_burst(tables: Tables) -> Tables:
    """Sixty comments in seven minutes under one post of the large creator, and adverts everywhere."""
    post = tables["posts"].filter(creator_id=LARGE).sort("published_at").row(3, named=True)
    comments = tables["comments"]
    rows = [
        {
            "comment_id": f"burst-{at}",
            "post_id": post["post_id"],
            "creator_id": LARGE,
            "author_id": f"burst-{at}",
            "created_at": post["published_at"] + timedelta(seconds=7 * at),
            "text": f"<b>加我微信</b>说得有道理{at}",
        }
        for at in range(60)
    ]
    more = pl.DataFrame(rows, schema_overrides={"created_at": pl.Datetime("us", "UTC")})
    return tables.replace(comments=pl.concat([comments, more], how="diagonal_relaxed").select(comments.columns))


def summary(creator_id: str, language: str = "en") -> dict:
    return summarise_creator(found(), made_tables(), creator_id, Catalogue(language))


def test_each_kind_has_a_share_inside_its_interval() -> None:
    kinds = summary(LARGE)["comments"]["kinds"]
    assert [row["kind"] for row in kinds["rows"]] == ["advert", "filler", "genuine"]
    for row in kinds["rows"]:
        assert row["low"] <= row["share"] <= row["high"]
        assert row["is_assessed"]
    assert 60 <= kinds["rows"][0]["n_flagged"] < kinds["rows"][2]["n_flagged"]


def test_a_share_too_wide_is_nowhere_on_the_page() -> None:
    findings = found()
    shares = findings.details["comments"]["kinds"]
    wide = shares.with_columns(share=0.4321, low=0.0, high=1.0, reason=pl.lit("comments.interval_too_wide"))
    details = {**findings.details, "comments": {**findings.details["comments"], "kinds": wide}}
    made = summarise_creator(
        type(findings)(
            findings.creators, findings.findings, findings.evidence, details, findings.as_of, findings.versions
        ),
        made_tables(),
        LARGE,
        Catalogue("en"),
    )
    page = render_creator(made)
    # Not as the end of a longer number either way: peers' ranges hold many digits.
    assert re.search(r"(?<![\d.,])43%", page) is None
    assert "too wide to name a share" in page
    lines = SheetLines()
    lines.add(made)
    assert all(line.get("share") is None for line in lines.families["comments"])


def test_the_same_order_is_told_with_chance_beside_it() -> None:
    order = summary(POD)["comments"]["order"]
    assert order["n_agreements"] > 3 * order["n_expected"]
    assert order["p_value"] <= 0.01
    assert order["runs"][0]["n_authors"] >= 3
    assert order["runs"][0]["days_text"]
    assert summary(LARGE)["comments"]["order"] is None


def test_a_burst_is_told_by_day_and_asked_about() -> None:
    made = summary(LARGE)
    (burst,) = made["comments"]["bursts"]
    assert (burst["minutes"], burst["n_soon"] >= 60) == (10, True)
    assert burst["p_text"] == "< 0.0001"
    assert any(burst["day"] in question for question in made["questions"])


def test_spans_of_a_post_that_sounds_sponsored_are_marked() -> None:
    posts = [post for post in summary(LARGE)["sponsorship"]["posts"] if post["tone"] == "very"]
    posts += [post for post in summary(POD)["sponsorship"]["posts"] if post["tone"] == "very"]
    assert posts
    for post in posts:
        assert [part["text"] for part in post["excerpt"] if part["is_match"]] == ["下单"]
        assert post["kind_text"]


def test_without_models_the_page_says_what_was_not_read() -> None:
    bare = score(made_tables(), toy_models(comment=None, post=None))
    made = summarise_creator(bare, made_tables(), LARGE, Catalogue("en"))
    assert made["comments"]["kinds"] is None
    assert made["sponsorship"]["model"] is None
    page = render_creator(made)
    assert "no post model" in page
    assert "Sounding sponsored" not in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_in_every_language_escape_and_hold_all_parts(language: str) -> None:
    text = Catalogue(language).text
    for creator_id, keys in (
        (POD, ("report.order", "report.order.about")),
        (LARGE, ("report.kinds", "report.kinds.sampling", "report.bursts", "rules.cn")),
    ):
        page = render_creator(summary(creator_id, language))
        assert all(text(key) in page for key in keys)
        assert "<b>" not in page
    assert "&lt;b&gt;" in page


def test_rule_packs_name_version_date_and_article() -> None:
    packs = [pack for creator in (POD, LARGE) for pack in summary(creator)["sponsorship"]["packs"]]
    assert packs
    for pack in packs:
        assert pack["pack"] == "cn"
        assert (pack["version"], bool(pack["dated"])) == (2, True)
        for rule in pack["rules"]:
            assert "9" in rule["article"]
            assert rule["n_unmarked"] <= rule["n_posts"]
            assert rule["posts"][0]["disclosure_text"]


@pytest.mark.parametrize(("is_labelled", "position"), [(False, "none"), (None, "unknown")])
def test_a_rule_that_asks_for_no_mark_names_none_and_an_unknown_label_is_not_missing(
    is_labelled: bool | None, position: str
) -> None:
    posts = made_tables()["posts"].with_columns(pl.lit("亲测好用，旗舰店有售，全网第一").alias("text"))
    tables = made_tables().replace(posts=posts.with_columns(is_labelled_ad=pl.lit(is_labelled, dtype=pl.Boolean)))
    findings = score(tables, toy_models())
    for catalogue in map(Catalogue, LANGUAGES):
        made = summarise_creator(findings, tables, LARGE, catalogue)
        (pack,) = made["sponsorship"]["packs"]
        rules = {rule["rule"]: rule for rule in pack["rules"]}
        absolute, review = rules["absolute_terms"], rules["review_with_purchase_means"]
        n_posts = catalogue.number(review["n_posts"], 0)
        said = {key: catalogue.text(f"report.packs.{key}", n=n_posts) for key in ("unmarked", "unknown")}
        is_said = {key: sentence in review["counts_text"] for key, sentence in said.items()}
        assert is_said == {"unmarked": position == "none", "unknown": position == "unknown"}
        assert (absolute["n_unmarked"], absolute["n_unknown"]) == (None, None)
        assert {post["disclosure_text"] for post in absolute["posts"]} == {""}
        assert {post["disclosure_text"] for post in review["posts"]} == {catalogue.text(f"rules.position.{position}")}
        html = render_creator(made)
        assert catalogue.text("report.packs.unchecked") in html
        n_more = review["n_posts"] - len(review["posts"])
        assert n_more > 0
        assert catalogue.text("report.more.posts", n=catalogue.number(n_more, 0)) in html


@dataclass(frozen=True)
class Unsure(ToyPostModel):
    """Seven in ten, below its threshold."""

    def predict(self, posts: pl.DataFrame, *, is_quick: bool = False) -> pl.DataFrame:
        return super().predict(posts, is_quick=is_quick).with_columns(p_sponsored=pl.lit(0.7), kind=pl.lit("none"))


def test_the_models_threshold_says_what_sounds_sponsored() -> None:
    unsure = score(made_tables(), toy_models(post=Unsure()))
    made = summarise_creator(unsure, made_tables(), LARGE, Catalogue("en"))["sponsorship"]
    assert {post["tone"] for post in made["posts"]} == {"unclear"}
    assert next(fact["n"] for fact in made["facts"] if fact["fact"] == "sounding") == 0
    assert not any(post["kind_text"] for post in made["posts"])


def test_the_dict_is_json_and_its_lines_fill_the_spreadsheet() -> None:
    made = summary(LARGE)
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    lines = SheetLines()
    lines.add(made)
    kinds = {line["evidence"] for line in lines.families["comments"]}
    assert kinds == {Catalogue("en").text(f"report.{name}") for name in ("kinds", "bursts", "clusters")}
    assert {line["post_id"] for line in lines.families["sponsorship"]} <= set(made_tables()["posts"]["post_id"])
    assert any(line.get("rule") for line in lines.families["sponsorship"])


def test_where_no_share_holds_the_page_promises_no_interval() -> None:
    made = simulate(["organic_large"], seed=3, platforms=("douyin",)).tables
    (creator_id,) = made["creators"]["creator_id"]
    kinds = summarise_creator(score(made, toy_models()), made, creator_id, Catalogue("en"))["comments"]["kinds"]
    assert not kinds["is_assessed"]
    assert "no share is named" in kinds["about"]
    assert "interval" not in kinds["about"]
    assert "from to" not in " ".join(row["sentence"] for row in kinds["rows"])
