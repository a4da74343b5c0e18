"""Laws of the overall level, each through `scoring.score` with the shipped model: what accuses, what never does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache

import numpy as np
import polars as pl
import pytest

from zhenfen.config import config_dir, models_dir, read_yaml
from zhenfen.estimators.creator_evidence import feature_of
from zhenfen.estimators.creator_model import CREATOR
from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.model_store import load_models
from zhenfen.scoring import score
from zhenfen.simulate import Campaign, inject, shortlist, simulate
from zhenfen.tables import Tables
from zhenfen.verdict.admission import COMMON, FOUND_BY, SELECTED, SHARED
from zhenfen.verdict.audience import FAMILY as AUDIENCE
from zhenfen.verdict.changes import OVERALL
from zhenfen.verdict.evidence import Findings

CLEAN = ("organic_large", "organic_small", "live_seller", "niche_expert")
EPSILON = 1e-9


@cache
def roster(kinds: Sequence[str] = CLEAN, seed: int = 4) -> Tables:
    """Creators of a roster, in the order of `kinds`; the story's fans comment under one creator alone."""
    made = simulate(list(kinds), seed=seed).tables
    apart = pl.when(pl.col("author_id") != pl.col("creator_id")).then(pl.format("{}-{}", "creator_id", "author_id"))
    return found(made.replace(comments=made["comments"].with_columns(author_id=apart.otherwise("author_id"))), "roster")


def found(tables: Tables, way: str | None) -> Tables:
    return tables.replace(creators=tables["creators"].with_columns(found_by=pl.lit(way, dtype=pl.String)))


def ids(tables: Tables) -> list[str]:
    return tables["creators"]["creator_id"].to_list()


def judge(tables: Tables) -> Findings:
    return score(tables, load_models(), with_details=False)


@cache
def judged(kinds: Sequence[str] = CLEAN) -> Findings:
    """A roster as it is."""
    return judge(roster(kinds))


def p_of(findings: Findings) -> dict[str, float]:
    return dict(findings.creators.select("creator_id", "p_manipulated").iter_rows())


def levels_of(findings: Findings) -> dict[str, str]:
    return dict(findings.creators.select("creator_id", "level").iter_rows())


def reasons_of(findings: Findings, family: str) -> set[str | None]:
    return set(findings.findings.filter(family=family)["reason"])


def parts_of(findings: Findings, creator_id: str) -> dict[str, float]:
    """Measurement → what it adds to the log-odds."""
    rows = findings.details[OVERALL]["contributions"].filter(creator_id=creator_id)
    return dict(rows.select("feature", "contribution").iter_rows())


def has_words(reason: str) -> None:
    for language in LANGUAGES:
        assert Catalogue(language).text(f"reason.{reason}", n_needed="1", n_found="0")


# What may enter the score


def floors_in_card() -> dict[str, str]:
    """Measurement → the real sources in the card of the model on the shelf."""
    label = load_models().need(CREATOR).manifest.label
    card = (models_dir() / label / "card.md").read_text(encoding="utf-8")
    table = card.split("## What real data show", 1)[1]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("|")
    ]
    return {row[0]: row[-1] for row in cells[2:]}


def test_every_measurement_that_the_model_reads_has_a_floor_from_real_data() -> None:
    floors = floors_in_card()
    for name in load_models().need(CREATOR).evidence.measurements:
        # The share of the audience speaks by the lines that people set, not by a tail of simulated creators.
        assert name == "audience_share_low" or floors[name], name


def test_every_measurement_that_the_model_reads_can_speak() -> None:
    """A measurement that too few innocents had in training scores nothing, whatever its value."""
    read = load_models().need(CREATOR).evidence.measurements
    assert [name for name, one in read.items() if not np.isfinite(one.value.knots).any()] == []


def test_every_measurement_of_the_configuration_is_the_models_with_its_side() -> None:
    asked = {
        name: (family, sign)
        for family, own in read_yaml(config_dir() / "models" / "creator.yaml")["evidence"].items()
        for name, sign in own.items()
    }
    read = load_models().need(CREATOR).evidence.measurements
    assert {name: (one.family, one.sign) for name, one in read.items() if name != "audience_share_low"} == asked
    assert set(asked) == set(floors_in_card())


# How the creators were found


def without_texts(tables: Tables) -> Tables:
    """Words unknown: the story's small talk stands under everybody."""
    return tables.replace(comments=tables["comments"].with_columns(text=pl.lit(None, dtype=pl.String)))


def with_ring(tables: Tables, members: Sequence[str], n_accounts: int = 400) -> Tables:
    """The first comments under the creators named come from the same accounts."""
    mine = pl.col("creator_id").is_in(list(members)) & (pl.col("author_id") != pl.col("creator_id"))
    place = pl.int_range(pl.len()).over("creator_id")
    comments = tables["comments"].with_columns(
        author_id=pl.when(mine & (place < n_accounts)).then(pl.format("ring{}", place)).otherwise("author_id")
    )
    return tables.replace(comments=comments)


KINDS_FIVE = (*CLEAN, "viral_spike")


@cache
def judged_tied(way: str | None) -> Findings:
    """Five creators, the first two of whom share a ring."""
    five = roster(KINDS_FIVE)
    return judge(found(with_ring(without_texts(five), ids(five)[:2]), way))


@pytest.mark.parametrize(("way", "said"), [("search", "search"), ("unknown", "unknown"), (None, "unknown")])
def test_what_creators_share_is_not_judged_where_a_search_or_nobody_knows_what_found_them(
    way: str | None, said: str
) -> None:
    tied = roster(KINDS_FIVE)
    as_roster, as_search = judged_tied("roster"), judged_tied(way)
    evidence = as_search.evidence.filter(pl.col("feature").str.starts_with("network_"))
    assert evidence["value"].drop_nulls().max() > 0
    assert evidence["judged"].null_count() == evidence.height
    assert reasons_of(as_search, SELECTED) == {FOUND_BY.format(said)}
    has_words(FOUND_BY.format(said))
    for creator_id in ids(tied):
        assert not any(name.startswith("network_") for name in parts_of(as_search, creator_id))
    assert any(name.startswith("network_") for name in parts_of(as_roster, ids(tied)[0]))


def test_the_same_set_found_by_a_search_is_never_more_suspicious() -> None:
    by_roster, by_search = p_of(judged_tied("roster")), p_of(judged_tied("search"))
    assert all(by_search[one] <= by_roster[one] + EPSILON for one in ids(roster(KINDS_FIVE))[:2])


# Purchases and missing families


@pytest.mark.parametrize("place", range(len(CLEAN)))
def test_a_purchased_burst_that_nothing_explains_never_lowers_the_probability(place: int) -> None:
    tables = roster()
    mine = ids(tables)[place]
    probas = [p_of(judged())[mine]]
    for dose in (0.05, 0.3):
        bought = inject(tables, {mine: Campaign("follower_burst", dose)}, seed=2).tables
        probas.append(p_of(judge(bought))[mine])
    assert probas[1] >= probas[0] - EPSILON
    assert probas[2] >= probas[0] - EPSILON
    assert probas[2] > 0.5


@pytest.mark.parametrize(("table", "family"), [("follower_counts", "growth"), ("audience", "audience")])
def test_a_missing_family_adds_nothing_and_leaves_the_others_as_they_were(table: str, family: str) -> None:
    tables, whole = roster(), judged()
    cleared = tables.replace(**{table: tables[table].clear()})
    fewer = score(cleared, load_models(), as_of=whole.as_of, with_details=False)
    model = load_models().need(CREATOR)
    slope, intercept = model.calibration.scores
    for creator_id in ids(tables):
        before, after = parts_of(whole, creator_id), parts_of(fewer, creator_id)
        assert not any(feature_of(name).startswith(f"{family}_") for name in after)
        others = {name: part for name, part in before.items() if not feature_of(name).startswith(f"{family}_")}
        assert after == pytest.approx(others)
        log_odds = intercept + sum(after.values())
        assert p_of(fewer)[creator_id] == pytest.approx(1 / (1 + np.exp(-log_odds)))
        assert slope > 0


def test_nothing_measured_is_no_level_and_the_prior() -> None:
    creators = roster()["creators"]
    bare = judge(Tables({"creators": creators}))
    prior = 1 / (1 + np.exp(-load_models().need(CREATOR).calibration.scores[1]))
    assert set(levels_of(bare).values()) == {"not_assessed"}
    assert list(p_of(bare).values()) == pytest.approx([prior] * creators.height)


# An audit of the audience


def audited(tables: Tables, share: float) -> Tables:
    """A hundred profiles of the first creator's sample labelled, `share` of them not real."""
    sample = tables["audience"].filter(creator_id=ids(tables)[0])
    drawn = sample.sample(100, seed=1).select("creator_id", "profile_id")
    labels = drawn.with_columns(
        is_fake=pl.int_range(pl.len()) < share * pl.len(),
        labelled_by=pl.lit("auditor"),
        labelled_at=pl.lit(datetime(2026, 10, 30, tzinfo=UTC)),
        stratum=pl.lit(0),
        inclusion=pl.lit(100 / sample.height),
    )
    return tables.replace(audit_labels=labels)


def test_an_audit_with_half_not_real_raises_the_level_and_a_clean_one_does_not() -> None:
    tables = roster()
    mine = ids(tables)[0]
    before, clean, half = judged(), *(judge(audited(tables, share)) for share in (0.0, 0.5))
    assert before.details[AUDIENCE]["shares"].filter(creator_id=mine)["reason"].item() is not None
    assert half.details[AUDIENCE]["shares"].filter(creator_id=mine)["low"].item() > 0.3
    assert (levels_of(before)[mine], levels_of(clean)[mine], levels_of(half)[mine]) == ("low", "low", "high")
    assert p_of(clean)[mine] <= p_of(before)[mine] + EPSILON
    assert p_of(half)[mine] > p_of(before)[mine]
    # The others were not audited.
    for other in ids(tables)[1:]:
        assert p_of(half)[other] == p_of(before)[other]


# Sets that are no sets


def with_one_text(tables: Tables, members: Sequence[str]) -> Tables:
    """Half of the comments under the creators named are one and the same."""
    copied = pl.col("creator_id").is_in(list(members)) & (pl.int_range(pl.len()) % 2 == 0)
    text = pl.when(copied).then(pl.lit("跟着博主买的这款面霜真的太好用了"))
    return tables.replace(comments=tables["comments"].with_columns(text=text))


def test_half_of_a_roster_bought_by_one_seller_accuses_nobody_by_what_they_share() -> None:
    tables = without_texts(roster(KINDS_FIVE))
    members = ids(tables)[:3]
    tied = judge(with_one_text(with_ring(tables, members), members))
    assert COMMON not in reasons_of(judge(tables), SELECTED)
    assert reasons_of(tied, SELECTED) == {COMMON}
    has_words(COMMON)
    shared = pl.col("feature").is_in(list(SHARED))
    assert tied.evidence.filter(shared)["value"].max() > 0.3
    assert tied.evidence.filter(shared)["judged"].drop_nulls().is_empty()
    # What is copied under one creator still counts against each of the buyers, and against nobody else.
    copied = dict(
        tied.evidence.filter(feature="comments_template_share").select("creator_id", "contribution").iter_rows()
    )
    assert all((copied[one] > 0) is (one in members) for one in ids(tables))


def test_what_two_of_five_share_is_judged() -> None:
    tables = without_texts(roster(KINDS_FIVE))
    members = ids(tables)[:2]
    tied = judge(with_one_text(with_ring(tables, members), members))
    judged = tied.evidence.filter(feature="network_shared_template_share").select("creator_id", "judged")
    assert COMMON not in reasons_of(tied, SELECTED)
    assert all((value > 0.3) is (one in members) for one, value in judged.iter_rows())


def test_creators_who_are_all_the_same_are_all_judged_the_same() -> None:
    one = roster().for_creators(ids(roster())[:1])
    copies = [renamed(one, f"copy{at:02}") for at in range(22)]
    names = [name for name in one.frames if name != "provenance"]
    together = Tables(
        {"provenance": one["provenance"], **{name: pl.concat([copy[name] for copy in copies]) for name in names}}
    )
    same = judge(together)
    alone = p_of(judge(found(one, "list")))[ids(one)[0]]
    assert same.creators.select("level", "p_manipulated").unique().height == 1
    assert reasons_of(same, SELECTED) == {COMMON}
    assert same.creators["level"][0] in ("low", "not_assessed")
    assert same.creators["p_manipulated"][0] == pytest.approx(alone)


def renamed(tables: Tables, name: str) -> Tables:
    """The tables of one creator under another id; commenters and words stay the same."""
    (old,) = ids(tables)
    keys = ("post_id", "comment_id", "profile_id")
    frames = {}
    for table, frame in tables.frames.items():
        new = [pl.format("{}-{}", pl.lit(name), key).alias(key) for key in keys if key in frame.columns]
        author = [pl.col("author_id").replace(old, name)] if "author_id" in frame.columns else []
        owner = [pl.lit(name).alias("creator_id")] if "creator_id" in frame.columns else []
        frames[table] = frame.with_columns(*new, *author, *owner)
    return Tables(frames)


def test_a_set_of_one_creator_has_no_ties_and_is_judged_by_the_rest() -> None:
    one = roster().for_creators(ids(roster())[:1])
    alone = judge(one)
    assert reasons_of(alone, SELECTED) == {"network_single_creator"}
    has_words("network_single_creator")
    assert alone.creators["level"].to_list() == ["low"]
    assert alone.creators["p_manipulated"].is_between(0, 0.5).all()


def test_events_without_a_date_explain_nothing_and_break_nothing() -> None:
    tables = roster(("burst_buyer", *CLEAN))
    mine = ids(tables)[0]
    undated = pl.DataFrame(
        {"creator_id": [mine] * 2, "starts_at": [None, None], "kind": ["giveaway", "advert"]},
        schema={"creator_id": pl.String, "starts_at": pl.Datetime("us", "UTC"), "kind": pl.String},
    )
    events = pl.concat([tables["events"], undated], how="diagonal_relaxed")
    without, having = judge(tables), judge(tables.replace(events=events))
    assert levels_of(without)[mine] == "high"
    assert p_of(having) == p_of(without)
    assert having.findings.equals(without.findings)
    assert having.evidence.equals(without.evidence)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_of_an_overall_level_has_its_words(language: str) -> None:
    catalogue = Catalogue(language)
    for name in ("too_few_families", "no_model", "unclear", "mixed", "nothing_out_of_line"):
        text = catalogue.text(f"reason.creator.{name}")
        assert not re.search(r"[{}]", text)


def test_without_a_model_there_is_no_level_and_its_reason() -> None:
    models = load_models().with_models(creator=None)
    bare = score(roster(), models, with_details=False).creators
    assert set(bare["level"]) == {"not_assessed"}
    assert set(bare["reason"]) == {"creator.no_model"}
    assert bare["p_manipulated"].null_count() == bare.height


# The demo


@pytest.mark.parametrize("seed", [1, 2, 2026])
def test_every_seed_of_the_demo_tells_the_same_stories(seed: int) -> None:
    made = shortlist(seed)
    levels = levels_of(judge(made.tables))
    told = {row["kind"]: levels[row["creator_id"]] for row in made.truth.iter_rows(named=True)}
    called = {kind for kind, level in told.items() if level in ("elevated", "high")}
    assert called == {"burst_buyer", "comment_farm", "drip_buyer"}
    assert {kind for kind, level in told.items() if level == "not_assessed"} == {"engagement_pod", "thin_data"}
