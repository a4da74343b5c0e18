"""What the text models add to findings: frames beside the families' own, and never a level."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

import polars as pl
import pytest

from toy_models import ToyCommentModel, toy_models
from zhenfen.scoring import latest_moment, score
from zhenfen.simulate import simulate
from zhenfen.tables import Tables
from zhenfen.verdict.evidence import Findings

FARMED, ORGANIC = "sim5_00000", "sim5_00001"


@cache
def made_tables() -> Tables:
    return simulate(["comment_farm", "organic_small"], seed=5, platforms=("weibo",)).tables


@cache
def found() -> Findings:
    return score(made_tables(), toy_models())


def add_organic(tables: Tables, creator_id: str, n: int) -> Tables:
    """`tables` with comments of new people in their own words, days after the post."""
    posts = tables["posts"].filter(creator_id=creator_id).sort("published_at").head(1)
    words = ["晚霞", "路灯", "书架", "茶壶", "雨伞", "自行车", "阳台", "钥匙", "台灯", "围巾"]
    rows = [
        {
            "comment_id": f"new-{at}",
            "post_id": posts["post_id"][0],
            "creator_id": creator_id,
            "author_id": f"newcomer-{at}",
            "created_at": posts["published_at"][0] + timedelta(days=2, minutes=17 * at),
            "text": f"上周我家{words[at % 10]}坏掉以后一直没修，看完第{at * 7 + 3}遍才想起来{words[at // 10 % 10]}",
        }
        for at in range(n)
    ]
    comments = tables["comments"]
    more = pl.DataFrame(rows, schema_overrides={"created_at": pl.Datetime("us", "UTC")})
    return tables.replace(comments=pl.concat([comments, more], how="diagonal_relaxed").select(comments.columns))


def test_levels_do_not_depend_on_the_text_models() -> None:
    with_models, without = found(), score(made_tables(), toy_models(comment=None, post=None))
    assert with_models.findings.equals(without.findings)
    assert with_models.evidence.equals(without.evidence)
    assert "kinds" in with_models.details["comments"]
    assert "kinds" not in without.details["comments"]
    assert "scored" not in without.details["sponsorship"]
    assert "rules" in without.details["sponsorship"]


def test_versions_name_the_models_that_were_there() -> None:
    assert {"comment_model", "post_model", "comment_shares"} <= found().versions.keys()
    assert "comment_model" not in score(made_tables(), toy_models(comment=None)).versions


def test_a_batch_run_reads_no_text_with_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ToyCommentModel, "predict", lambda *_: pytest.fail("a batch run goes without"))
    findings = score(made_tables(), toy_models(), with_details=False)
    assert "kinds" not in findings.details["comments"]


def test_only_creators_asked_for_are_read() -> None:
    details = score(made_tables(), toy_models(), creators=[ORGANIC]).details
    for frame in (details["comments"]["kinds"], details["sponsorship"]["scored"], details["sponsorship"]["rules"]):
        assert set(frame["creator_id"]) <= {ORGANIC}


def test_examples_are_of_the_kind_and_spans_point_into_the_post() -> None:
    plain = made_tables()["comments"].with_row_index("at")
    text = pl.when(pl.col("at") % 7 == 0).then(pl.lit("加我微信吧")).otherwise("text")
    tables = made_tables().replace(comments=plain.with_columns(text=text).drop("at"))
    details = score(tables, toy_models()).details
    adverts = details["comments"]["kind_examples"].filter(kind="advert")
    assert set(adverts["examples"].explode()) == {"加我微信吧"}
    posts = dict(made_tables()["posts"].select("post_id", "text").iter_rows())
    for post_id, reasons in details["sponsorship"]["scored"].select("post_id", "reasons").iter_rows():
        assert all(posts[post_id][one["start"] : one["end"]] == one["piece"] for one in reasons)


@cache
def found_of(creator_id: str) -> Findings:
    return score(made_tables(), toy_models(), as_of=latest_moment(made_tables()), creators=[creator_id])


@pytest.mark.parametrize("creator_id", [FARMED, ORGANIC])
@pytest.mark.parametrize("n", [1, 40])
def test_organic_comments_never_raise_the_comment_finding(creator_id: str, n: int) -> None:
    """DESIGN §8. Neither the level nor its score, nor any share of a kind that is not genuine."""
    models = toy_models()
    tables, as_of = made_tables(), latest_moment(made_tables())
    before = found_of(creator_id)
    after = score(add_organic(tables, creator_id, n), models, as_of=as_of, creators=[creator_id])
    rows = [found.findings.filter(family="comments").row(0, named=True) for found in (before, after)]
    order = ["low", "elevated", "high"]
    assert rows[1]["score"] <= rows[0]["score"]
    assert order.index(rows[1]["level"]) <= order.index(rows[0]["level"])
    kinds = [found.details["comments"]["kinds"].filter(pl.col("kind") != "genuine") for found in (before, after)]
    for end in ("share", "low", "high"):
        assert (kinds[1][end] <= kinds[0][end]).all(), end
    asked = [
        found.evidence.filter(pl.col("family") == "comments", pl.col("contribution") > 0) for found in (before, after)
    ]
    assert set(asked[1]["feature"]) <= set(asked[0]["feature"])


def test_the_farm_is_found_and_stays_found() -> None:
    level = found().findings.filter(creator_id=FARMED, family="comments")["level"][0]
    assert level == "elevated"
