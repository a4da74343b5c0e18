"""Network: what creators share, by hand on small sets."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from zhenfen.features.base import Measured
from zhenfen.features.inputs import Inputs
from zhenfen.features.network import family as network
from zhenfen.features.network.family import Network
from zhenfen.messages import Catalogue
from zhenfen.tables import Tables

AS_OF = datetime(2026, 5, 1, tzinfo=UTC)
TEMPLATE = "跟着博主买的这款面霜真的太好用了"
SHARE, COMMENTERS, LINKED = "network_shared_template_share", "network_shared_commenter_share", "network_n_linked"
SAMPLE = ("network_n_comments", "network_n_commenters", "network_n_posts")


def test_nothing_in_common() -> None:
    measured = _measure({"c1": _plain("c1"), "c2": _plain("c2")})
    assert measured.values.select("creator_id", SHARE, COMMENTERS, LINKED).rows() == [("c1", 0, 0, 0), ("c2", 0, 0, 0)]
    assert measured.values.select(SAMPLE).rows() == [(10, 10, 5), (10, 10, 5)]
    assert measured.reasons.is_empty()
    assert all(frame.is_empty() for frame in measured.details.values())


def test_a_template_under_two_creators() -> None:
    measured = _measure(
        {
            "c1": [*_plain("c1"), ("x", TEMPLATE), ("y", TEMPLATE)],
            "c2": [*_plain("c2"), ("z", TEMPLATE)],
            "c3": _plain("c3"),
        }
    )
    assert measured.values[SHARE].to_list() == pytest.approx([2 / 12, 1 / 11, 0])
    assert measured.values[LINKED].to_list() == [1, 1, 0]
    clusters = measured.details["shared_clusters"]
    assert clusters["creator_id"].to_list() == ["c1", "c2"]
    assert clusters.select("n_comments", "n_authors", "n_creators").unique().rows() == [(3, 3, 2)]
    assert clusters["creator_ids"].to_list() == [["c1", "c2"]] * 2
    assert clusters["examples"].to_list() == [[TEMPLATE]] * 2


def test_a_template_under_one_creator_is_not_shared() -> None:
    measured = _measure({"c1": [*_plain("c1"), *[("x", TEMPLATE)] * 5], "c2": _plain("c2")})
    assert measured.values[SHARE].to_list() == [0, 0]


def test_shared_commenters() -> None:
    measured = _measure(
        {
            "c1": [*_plain("c1"), ("x", "第一句"), ("y", "第二句"), ("x", "第三句")],
            "c2": [*_plain("c2"), ("x", "第四句"), ("y", "第五句")],
            "c3": [*_plain("c3"), ("x", "第六句")],
        }
    )
    assert measured.values[COMMENTERS].to_list() == pytest.approx([2 / 12, 2 / 12, 1 / 11])
    assert measured.values[LINKED].to_list() == [2, 2, 2]
    pairs = measured.details["shared_commenters"]
    assert pairs.filter(creator_id="c1").select("other_creator_id", "n_shared").rows() == [("c2", 2), ("c3", 1)]
    assert pairs.filter(creator_id="c1")["jaccard"].to_list() == pytest.approx([2 / 22, 1 / 22])


def test_samples_count_comments_their_known_authors_and_posts() -> None:
    rows = {"c1": [*_plain("c1", 12), ("c1-0", "再来一句"), ("c1", "谢谢大家")], "c2": _plain("c2")}
    assert _measure(rows).values.filter(creator_id="c1").select(SAMPLE).row(0) == (13, 12, 5)
    unsigned = _measure(rows, without_authors=True).values.filter(creator_id="c1").select(SAMPLE).row(0)
    # Without author ids nobody tells the creator's own reply from the others.
    assert unsigned == (14, 0, 5)


def test_own_replies_tie_nobody() -> None:
    talk = [("c1", TEMPLATE), ("c1", TEMPLATE)]
    measured = _measure({"c1": [*_plain("c1"), *talk], "c2": [*_plain("c2"), ("z", TEMPLATE)]})
    assert measured.values[SHARE].to_list() == [0, 0]


def test_without_author_ids_templates_are_still_compared() -> None:
    rows = {"c1": [*_plain("c1"), ("x", TEMPLATE), ("y", TEMPLATE)], "c2": [*_plain("c2"), ("z", TEMPLATE)]}
    measured = _measure(rows, without_authors=True)
    assert measured.values[SHARE].to_list() == pytest.approx([2 / 12, 1 / 11])
    assert measured.values[COMMENTERS].to_list() == [None, None]
    assert measured.details["shared_clusters"]["n_authors"].to_list() == [None, None]


@pytest.mark.parametrize(
    ("rows", "reasons"),
    [
        ({"c1": 20}, [("c1", "network_single_creator", 2, 1)]),
        ({"c1": 20, "c2": 0}, [("c2", "network_no_comments", 10, 0)]),
        ({"c1": 20, "c2": 9}, [("c2", "network_too_few_comments", 10, 9)]),
        ({}, []),
    ],
)
def test_reasons(rows: dict[str, int], reasons: list[tuple[str, str, int, int]]) -> None:
    measured = _measure({name: _plain(name, n) for name, n in rows.items()})
    assert measured.reasons.rows() == reasons
    without = measured.values.filter(pl.col(SHARE).is_null())["creator_id"].to_list()
    assert without == [reason[0] for reason in reasons]
    for language in ("zh", "en", "fr"):
        for _, reason, needed, found in reasons:
            assert str(needed) in Catalogue(language).text(f"reason.{reason}", n_needed=str(needed), n_found=str(found))


def test_who_comments_everywhere_makes_no_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "MOST_CREATORS_PAIRED", 2)
    measured = _measure({name: [*_plain(name), ("hub", f"{name}来了")] for name in ("c1", "c2", "c3")})
    assert measured.values[COMMENTERS].to_list() == pytest.approx([1 / 11] * 3)
    assert measured.values[LINKED].to_list() == [2, 2, 2]
    assert measured.details["shared_commenters"].is_empty()


def test_row_order_and_details_change_no_value() -> None:
    rows = {"c1": [*_plain("c1"), ("x", TEMPLATE), ("y", TEMPLATE)], "c2": [*_plain("c2"), ("x", TEMPLATE)]}
    one = _measure(rows)
    other = _measure({name: rows[name][::-1] for name in ("c2", "c1")}, with_details=False)
    assert one.values.equals(other.values)
    assert not other.details


def test_an_organic_comment_never_raises_what_is_shared() -> None:
    rows = {"c1": [*_plain("c1"), ("x", TEMPLATE), ("y", TEMPLATE)], "c2": [*_plain("c2"), ("x", TEMPLATE)]}
    before = _measure(rows).values
    after = _measure({**rows, "c1": [*rows["c1"], ("newcomer", "昨天半夜睡不着翻到你三年前的旧文章")]}).values
    for name in (SHARE, COMMENTERS):
        assert after[name][0] < before[name][0]
        assert after[name][1] == before[name][1]


@pytest.mark.parametrize("language", ["zh", "en", "fr"])
def test_every_feature_has_its_words(language: str) -> None:
    catalogue = Catalogue(language)
    for key in ("family.network", *(f"feature.{spec.name}" for spec in Network.specs)):
        assert catalogue.text(key)
        assert catalogue.text(f"{key}.about")


def _plain(creator: str, n: int = 10) -> list[tuple[str, str]]:
    """Comments of strangers that have nothing in common."""
    start = 0x5000 + 0x400 * int(creator[1:])
    return [(f"{creator}-{at}", "".join(chr(start + 20 * at + letter) for letter in range(12))) for at in range(n)]


def _measure(
    rows: dict[str, list[tuple[str, str]]], *, without_authors: bool = False, with_details: bool = True
) -> Measured:
    comments = pl.DataFrame(
        [
            {
                "comment_id": f"{creator}-{text}-{at % 7}{author}",
                "creator_id": creator,
                "post_id": f"{creator}-post{at % 5}",
                "author_id": author,
                "text": text,
            }
            for creator, said in rows.items()
            for at, (author, text) in enumerate(said)
        ],
        schema=dict.fromkeys(("comment_id", "creator_id", "post_id", "author_id", "text"), pl.String()),
    )
    # Twice the same words by one author are two comments.
    comments = comments.with_columns(
        comment_id=pl.col("comment_id") + pl.int_range(pl.len()).over("comment_id").cast(pl.String)
    )
    if without_authors:
        comments = comments.with_columns(author_id=pl.lit(None))
    people = pl.DataFrame({"creator_id": sorted(rows), "platform": "weibo"}, schema_overrides={"creator_id": pl.String})
    tables = Tables({"creators": people, "comments": comments}) if rows else Tables()
    return Network().measure(Inputs(tables, AS_OF, with_details))
