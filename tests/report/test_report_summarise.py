"""The creator's dict."""

import dataclasses
import json
from datetime import UTC, datetime

import polars as pl
import pytest
from report_builder import Builder, make_cluster, make_daily, make_span
from report_scenes import COMMENTER, rich, thin

from zhenfen.errors import UnknownCreatorError
from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.report.html import render_creator
from zhenfen.report.summarise import summarise_creator
from zhenfen.tables import Tables

EN = Catalogue("en")


def page(builder, creator_id="a", **options):
    findings, tables = builder.build()
    return summarise_creator(findings, tables, creator_id, EN, **options)


def family(summary, name):
    return next(entry for entry in summary["families"] if entry["family"] == name)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("creator_id", ["a", "b", "A"])
def test_the_dict_is_plain_and_the_same_each_time(language, creator_id):
    findings, tables = rich().build()
    first, again = (summarise_creator(findings, tables, creator_id, Catalogue(language)) for _ in range(2))
    assert json.loads(json.dumps(first, allow_nan=False)) == first
    assert first == again


def test_the_order_of_rows_changes_nothing():
    findings, tables = rich().build()
    turned = dataclasses.replace(
        findings,
        findings=findings.findings.reverse(),
        evidence=findings.evidence.reverse(),
        details={
            family: {name: frame.reverse() for name, frame in frames.items()}
            for family, frames in findings.details.items()
        },
    )
    turned_tables = Tables({name: frame.reverse() for name, frame in tables.frames.items()})
    assert summarise_creator(turned, turned_tables, "a", EN) == summarise_creator(findings, tables, "a", EN)


def test_an_unknown_creator_is_an_error_that_names_those_known():
    findings, tables = rich().build()
    with pytest.raises(UnknownCreatorError, match="found 'zz', expected a creator of the data, such as a"):
        summarise_creator(findings, tables, "zz", EN)


def test_families_stand_in_reading_order_and_unknown_ones_last():
    builder = rich().assessed("a", "zeal", {"feature": "zeal_share", "value": 0.5, "contribution": 2.0})
    names = [entry["family"] for entry in page(builder)["families"]]
    assert names == ["growth", "engagement", "comments", "sponsorship", "audience", "network", "zeal"]
    assert family(page(builder), "zeal")["label"] == "zeal"


def test_the_strongest_evidence_is_the_sentence():
    growth = family(page(rich()), "growth")
    assert growth["main"] == "growth_share"
    assert growth["n_outside"] == growth["n_compared"] == 1
    assert "41%; comparable creators usually have no more than 12%" in growth["sentence"]


def test_one_unusual_measurement_alone_is_said_to_be_too_little():
    engagement = family(page(rich()), "engagement")
    assert engagement["level"] == "low"
    assert "too little for a mark" in engagement["tally"]
    assert "comparable creators usually have no less than 0.4%" in engagement["sentence"]


def test_a_measurement_that_is_missing_is_left_out_and_one_without_peers_is_kept():
    features = {item["feature"]: item for item in family(page(rich()), "engagement")["evidence"]}
    assert set(features) == {"engagement_low", "engagement_alone"}
    assert features["engagement_alone"]["position"] == "no_reference"
    assert features["engagement_alone"]["range_text"] == ""


def test_what_was_not_assessed_says_why():
    summary = page(rich())
    assert [entry["family"] for entry in summary["not_assessed"]] == ["audience"]
    assert summary["not_assessed"][0]["n_needed"] == 100
    assert summary["not_assessed"][0]["reason_text"]


def test_nothing_assessed_is_said_and_no_zero_is_made_up():
    summary = page(rich(), "A")
    assert summary["priority"]["kind"] == "too_little"
    assert "Nothing could be assessed yet" in summary["priority"]["sentence"]
    assert len(summary["not_assessed"]) == 6
    assert all(entry["score"] is None for entry in summary["families"])
    assert summary["growth"] is summary["comments"] is summary["network"] is None


def test_unknown_counts_of_the_head_are_left_out():
    facts = {fact["fact"] for fact in page(rich(), "b")["creator"]["facts"]}
    assert facts == {"platform"}
    assert page(rich(), "b")["creator"]["n_followers"] is None


def test_a_creator_without_a_row_in_the_tables_still_has_a_page():
    findings, tables = rich().build()
    bare = tables.replace(creators=tables["creators"].clear())
    assert summarise_creator(findings, bare, "a", EN)["creator"]["name"] == "Unnamed creator a"


@pytest.mark.parametrize("show_names", [False, True])
def test_commenters_are_named_only_when_asked_to(show_names):
    text = json.dumps(page(rich(), show_names=show_names), ensure_ascii=False)
    assert (COMMENTER in text) is show_names


def test_spans_are_numbered_in_time_and_the_unexplained_come_first_when_many():
    spans = [make_span(n, n, 10 + n, is_unexplained=False) for n in range(30)]
    builder = rich()
    builder.details["growth", "spans"] = []
    builder.detail("a", "growth", "spans", [*spans, make_span(50, 51, 1, is_unexplained=True)])
    growth = page(builder)["growth"]
    assert [span["number"] for span in growth["spans"]] == list(range(1, 21))
    assert [span["starts_on"] for span in growth["spans"]] == sorted(span["starts_on"] for span in growth["spans"])
    assert growth["spans"][-1]["is_unexplained"]
    assert (growth["n_spans"], growth["n_unexplained"]) == (31, 1)


def test_a_span_names_the_kind_of_event_that_explains_it():
    explained = [span["explanation_text"] for span in page(rich())["growth"]["spans"] if not span["is_unexplained"]]
    assert explained[0].endswith("(giveaway)")


def test_gaps_of_the_curve_are_kept():
    growth = page(rich())["growth"]
    assert len(growth["days"]) == len(growth["n_followers"]) == 85
    assert growth["n_gained"][growth["days"].index("2026-03-07")] is None


def test_the_median_is_that_of_the_known_counts():
    engagement = page(rich())["engagement"]
    assert engagement["median"] == 104.5  # 101 … 108; the unknown one does not count as zero
    assert engagement["n_unknown"] == 1


def test_unsettled_posts_do_not_move_the_median():
    findings, tables = rich().build()
    posts = findings.details["engagement"]["posts"].with_columns(is_measured=pl.col("n_interactions") < 104)
    details = {**findings.details, "engagement": {"posts": posts}}
    summary = summarise_creator(dataclasses.replace(findings, details=details), tables, "a", EN)
    assert summary["engagement"]["median"] == 102
    assert len(summary["engagement"]["posts"]) == 8


def test_the_three_facts_of_sponsorship_are_counted_apart():
    facts = {fact["fact"]: fact["n"] for fact in page(rich())["sponsorship"]["facts"]}
    unknown = {"purchase_unknown": 0, "label_unknown": 0}
    assert facts == {"words": 2, "disclosed": 1, "purchase": 2, "purchase_unlabelled": 1, **unknown}


def test_an_unknown_label_counts_neither_as_seen_nor_as_missing():
    post = {"post_id": "p", "excerpt": "x", "is_disclosed": None, "has_purchase_means": True, "matched": []}
    builder = Builder().creator("a").unassessed("a", "sponsorship").detail("a", "sponsorship", "posts", [post])
    facts = {fact["fact"]: fact["n"] for fact in page(builder)["sponsorship"]["facts"]}
    unknown = {"purchase_unknown": 1, "label_unknown": 1}
    assert facts == {"words": 0, "disclosed": None, "purchase": 1, "purchase_unlabelled": None, **unknown}


@pytest.mark.parametrize(("language", "word"), [("zh", "未知"), ("en", "unknown"), ("fr", "inconnu")])
def test_what_is_known_of_no_post_is_unknown_and_not_zero(language, word):
    post = {"post_id": "p", "excerpt": "x", "is_disclosed": None, "has_purchase_means": None, "matched": ["优惠"]}
    builder = Builder().creator("a").assessed("a", "sponsorship", {"feature": "sponsorship_share", "value": 0.05})
    builder.detail("a", "sponsorship", "posts", [post, {**post, "post_id": "q"}])
    made = summarise_creator(*builder.build(), "a", Catalogue(language))
    facts = {fact["fact"]: (fact["n"], fact["n_text"]) for fact in made["sponsorship"]["facts"]}
    assert facts["words"] == (2, "2")
    assert {facts[name] for name in ("disclosed", "purchase", "purchase_unlabelled")} == {(None, word)}
    assert f"<dd>{word}</dd>" in render_creator(made)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_post_whose_label_is_unknown_is_not_asked_about_as_one_without(language):
    days = {None: "2026-01-02", False: "2026-01-03"}
    post = {"excerpt": "x", "has_purchase_means": True, "matched": []}
    times = {fact: datetime.fromisoformat(f"{day}T00:00:00+00:00") for fact, day in days.items()}
    posts = [{**post, "post_id": day, "published_at": times[fact], "is_disclosed": fact} for fact, day in days.items()]
    builder = Builder().creator("a").unassessed("a", "sponsorship").detail("a", "sponsorship", "posts", posts)
    asked = summarise_creator(*builder.build(), "a", Catalogue(language))["questions"]
    text = Catalogue(language).text
    assert asked == [
        text("report.question.purchase", days=days[False]),
        text("report.question.purchase_unknown", days=days[None]),
    ]


def test_the_largest_clusters_are_quoted():
    builder = rich().detail("a", "comments", "clusters", [make_cluster(f"m{n}", 20 + n, "x") for n in range(8)])
    comments = page(builder)["comments"]
    assert comments["n_clusters"] == 10
    assert [cluster["n_comments"] for cluster in comments["clusters"]] == [64, 27, 26, 25, 24]
    assert comments["clusters"][0]["duration_text"] == "90 min"


def test_the_widest_tie_is_listed_and_what_is_not_is_counted():
    counts = {"n_comments": 90, "n_authors": 30, "examples": ["x"]}
    narrow = [{**counts, "cluster_id": f"n{n}", "n_creators": 2, "creator_ids": ["a", "b"]} for n in range(6)]
    ids = ["a", *(f"w{n}" for n in range(7))]
    wide = {**counts, "cluster_id": "w", "n_comments": 9, "n_creators": 8, "creator_ids": ids}
    partners = [{"other_creator_id": f"w{n}", "n_shared": 12 - n, "jaccard": 0.1} for n in range(12)]
    builder = Builder().creator("a").unassessed("a", "network")
    builder.detail("a", "network", "shared_clusters", [*narrow, wide])
    builder.detail("a", "network", "shared_commenters", partners)
    for catalogue in map(Catalogue, LANGUAGES):
        summary = summarise_creator(*builder.build(), "a", catalogue)
        first = summary["network"]["clusters"][0]
        assert (first["cluster_id"], len(first["others"])) == ("w", 7)
        rendered = render_creator(summary)
        assert catalogue.text("report.more.clusters", n="2") in rendered
        assert catalogue.text("report.more.partners", n="2") in rendered


def test_the_sampling_frame_says_what_it_covers():
    frame = page(rich())["audience"]["frames"][0]
    assert frame["n_profiles"] == 40
    assert "older followers" in frame["covers"]


def test_questions_name_days_comments_and_posts():
    questions = " ".join(page(rich())["questions"])
    for said in ("2026-01-13", "2026-02-10 – 2026-02-14", "求链接 @***", "42 accounts", "2026-01-04"):
        assert said in questions


def test_a_family_out_of_line_without_rows_of_its_own_is_asked_about_too():
    questions = page(rich(), "b")["questions"]
    assert any("comments_copied_share: 50%" in question for question in questions)


def test_alike_comments_are_asked_about_only_where_they_are_unusual():
    builder = Builder().creator("a").detail("a", "comments", "clusters", [make_cluster("k", 9, "求链接")])
    assert page(builder.assessed("a", "comments", {"feature": "comments_share", "value": 0.05}))["questions"] == []


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("zh", "粉丝样本中，有些账号不活跃或疑似水粉。"),
        ("en", "Some accounts of the follower sample look idle"),
        ("fr", "Dans l’échantillon d’abonnés, certains comptes semblent inactifs"),
    ],
)
@pytest.mark.parametrize(
    ("level", "reason", "asks"), [("high", None, True), ("low", None, False), ("high", "x", False)]
)
def test_an_audience_above_low_is_asked_about(language, question, level, reason, asks):
    share = {"frame": "newest", "method": "adjusted_count", "share": 0.45, "low": 0.38, "high": 0.52, "reason": reason}
    numbers = {"n_profiles": 300, "n_labels": 0, "n_out_of_domain": 0, "is_contradicted": False}
    builder = Builder().creator("a").assessed("a", "audience", level=level)
    builder.detail("a", "audience", "frames", [{"frame": "newest", "n_profiles": 300}])
    builder.detail("a", "audience", "shares", [{**share, **numbers}])
    made = summarise_creator(*builder.build(), "a", Catalogue(language))
    assert any(question in one for one in made["questions"]) is asks
    # The creator is asked, not told a number.
    assert "45" not in " ".join(made["questions"])


def test_one_or_two_posts_are_no_course():
    assert page(rich(), "A")["engagement"] is None


def test_nothing_found_nothing_asked():
    assert page(thin(1), "x0000")["questions"] == []


def test_unusable_rows_are_counted_by_what_was_wrong_with_examples():
    assert page(rich())["unusable"]["n_rows"] == 0
    unusable = page(rich())["unusable_of_all"]
    assert unusable["n_rows"] == 8
    assert [kind["n"] for kind in unusable["kinds"]] == [7, 1]
    assert [example["row"] for example in unusable["kinds"][0]["examples"]] == [1, 2, 3]


def test_a_page_shows_the_first_files_and_says_how_many_there_are():
    provenance = page(rich())["provenance"]
    assert sum(len(group["files"]) for group in provenance["groups"]) == 20
    assert provenance["n_files"] == 25


def test_only_panels_that_were_used_are_named_as_references():
    references = page(rich())["references"]
    named = [(entry["reference"], entry["window"], entry["observed_on"], entry["scope"]) for entry in references]
    assert named == [("panel-2025", "means of 60 days", "2025-11-06", "size")]


def test_a_curve_without_any_reading_is_no_error():
    builder = Builder().creator("a").unassessed("a", "growth")
    builder.detail("a", "growth", "daily", [{**row, "n_followers": None} for row in make_daily(3)])
    assert page(builder)["growth"]["n_followers"] == [None] * 3


def test_clusters_without_times_are_no_error():
    cluster = make_cluster("k", 3, "x", first_at=None, last_at=None)
    builder = Builder().creator("a").unassessed("a", "comments").detail("a", "comments", "clusters", [cluster])
    assert page(builder)["comments"]["clusters"][0]["duration_text"] == "—"


@pytest.mark.parametrize(("minutes", "text"), [(0, "1 min"), (90, "90 min"), (180, "3 h"), (4_320, "3 d")])
def test_durations_are_told_in_a_readable_unit(minutes, text):
    first = datetime(2026, 1, 1, tzinfo=UTC)
    last = datetime.fromtimestamp(first.timestamp() + 60 * minutes, tz=UTC)
    cluster = make_cluster("k", 3, "x", first_at=first, last_at=last)
    builder = Builder().creator("a").unassessed("a", "comments").detail("a", "comments", "clusters", [cluster])
    assert page(builder)["comments"]["clusters"][0]["duration_text"] == text
