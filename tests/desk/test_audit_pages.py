"""Labelling over HTTP: by keys or without script, blind, with hostile profiles, too few of them, or none."""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl
import pytest
from desk_builder import CREATOR_FILE, audience_tables, creator_of, make_project, real_models
from test_pages import RAW_KEY

from conftest import Browser, OpenDesk, add_member
from zhenfen.desk_cases.labelling import KINDS, Audit, Kind, Labelling
from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.tables import Tables

FRAGMENT = {"hx-request": "true"}
SIT = Callable[..., tuple[Browser, str]]


@pytest.fixture
def sit(open_desk: OpenDesk, modelled: Browser) -> SIT:
    """A browser, and the address of one creator's labelling, in a project of its own."""

    def start(tables: Tables | None = None, language: str = "en", needs_key: bool = False) -> tuple[Browser, str]:
        browser = open_desk(models=real_models(), needs_key=True) if needs_key else modelled.speak(language)
        _, project_id = make_project(browser.desk.service.settings.data, tables or audience_tables())
        return browser, f"/projects/{project_id}/{CREATOR_FILE}/audit"

    return start


def audit_of(browser: Browser, place: str, kind: Kind = "profile") -> Audit:
    audit = Labelling(browser.desk.projects.database).find(place.split("/")[2], creator_of(audience_tables()), kind)
    assert audit is not None
    return audit


def post(browser: Browser, place: str, action: str, kind: str = "profile", number: int = 1, **form: object) -> object:
    return browser.post(f"{place}/{action}", {"kind": kind, "number": number, **form})


def begin(browser: Browser, place: str, kind: Kind = "profile", n: int = 40) -> Audit:
    assert post(browser, place, "begin", kind, 0, n=n).status_code == 303  # type: ignore[attr-defined]
    return audit_of(browser, place, kind)


def label(browser: Browser, audit: Audit, labels: list[str], by: str = "local") -> None:
    labelling = Labelling(browser.desk.projects.database)
    for item, one in zip(audit.order, labels, strict=False):
        labelling.label(audit, item, one, by)


def item_of(page: str) -> str:
    found = re.search(r'name="item" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_ten_profiles_without_script_and_one_taken_back(sit: SIT) -> None:
    browser, place = sit()
    audit = begin(browser, place)
    for at in range(10):
        item = item_of(browser.get(place).text)
        assert item == audit.order[at]
        answer = post(browser, place, "label", item=item, label="real" if at % 2 else "fake")
        assert (answer.status_code, answer.headers["location"]) == (303, f"{place}?kind=profile")  # type: ignore[attr-defined]
    page = browser.get(place).text
    assert "10 of 40 labelled" in page
    assert "Last label: real" in page
    post(browser, place, "undo")
    page = browser.get(place).text
    assert ("9 of 40 labelled" in page, item_of(page)) == (True, audit.order[9])


def test_with_script_only_the_part_comes_back(sit: SIT) -> None:
    browser, place = sit()
    audit = begin(browser, place)
    form = {"kind": "profile", "number": 1, "item": audit.order[0], "label": "real"}
    answer = browser.post(f"{place}/label", form, headers=FRAGMENT)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert item_of(answer.text) == audit.order[1]
    assert [*re.findall(r'data-key="(\w)"', answer.text)] == ["1", "2", "3", "u"]


def test_the_interval_is_drawn_from_thirty_labels_on(sit: SIT) -> None:
    browser, place = sit()
    audit = begin(browser, place)
    label(browser, audit, ["real", "fake"] * 14 + ["real"])
    page = browser.get(place).text
    assert "29 judged; the interval appears at 30" in page
    assert '<svg class="looks"' not in page
    post(browser, place, "label", item=audit.order[29], label="fake")
    page = browser.get(place).text
    assert '<svg class="looks"' in page
    assert "Next look at 40 judged profiles" in page


def test_the_second_person_sees_neither_labels_nor_what_comes_of_them(sit: SIT) -> None:
    browser, place = sit()
    audit = begin(browser, place)
    label(browser, audit, ["fake"] * 35, by="chen")
    page = browser.get(f"{place}?by=lou").text
    assert item_of(page) == audit.order[0]
    assert "0 of 40 labelled" in page
    for said in ('<svg class="looks"', "chen", "Agreement", "p_fake"):
        assert said not in page
    label(browser, audit, ["real"] * 5 + ["fake"] * 30, by="lou")
    page = browser.get(f"{place}?by=lou").text
    assert "30 of 35 labelled alike" in page
    assert "Disagreements: 5, to settle: 5" in page


def test_what_two_people_tore_is_to_be_settled_before_more_is_drawn(sit: SIT) -> None:
    browser, place = sit()
    audit = begin(browser, place)
    label(browser, audit, ["fake"] * 40)
    label(browser, audit, ["fake"] * 20 + ["real"] * 20, by="chen")
    page = browser.get(place).text
    assert "<bdi>local user</bdi> · <bdi>chen</bdi>" in page
    assert 'placeholder="local user"' in page
    assert "settle the disagreements below first" in page
    assert "begin anew with more" not in page


def test_whoever_has_a_key_labels_under_their_own_name(sit: SIT) -> None:
    browser, place = sit(needs_key=True)
    browser.log_in(add_member(browser.desk, "wang", "analyst"))
    audit = begin(browser, place)
    post(browser, place, "label", item=audit.order[0], label="real", by="somebody else")
    (given,) = Labelling(browser.desk.projects.database).read(audit).given
    assert given.by == "wang"
    assert "somebody else" not in browser.get(f"{place}?by=somebody+else").text


def test_who_may_only_read_is_offered_no_label_and_gives_none(sit: SIT) -> None:
    browser, place = sit(needs_key=True)
    browser.log_in(add_member(browser.desk, "reader", "reader"))
    assert "/audit/begin" not in browser.get(place).text
    assert post(browser, place, "begin", number=0, n=40).status_code == 403  # type: ignore[attr-defined]
    assert Labelling(browser.desk.projects.database).list_all(place.split("/")[2]) == []


def test_a_form_of_nobodys_page_changes_nothing(sit: SIT) -> None:
    browser, place = sit()
    audit = begin(browser, place)
    form = {"kind": "profile", "number": 1, "item": audit.order[0], "label": "real"}
    assert browser.post(f"{place}/label", form, headers={"x-stamp": "0" * 64}).status_code == 403
    assert list(Labelling(browser.desk.projects.database).read(audit).given) == []


def test_settling_what_somebody_just_settled_shows_theirs(sit: SIT) -> None:
    browser, place = sit()
    audit = begin(browser, place)
    for who, one in (("chen", "real"), ("lou", "fake")):
        label(browser, audit, [one], by=who)
    first = {"item": audit.order[0], "version": 0}
    assert post(browser, place, "settle", **first, label="fake", by="lead").status_code == 303  # type: ignore[attr-defined]
    answer = post(browser, place, "settle", **first, label="real", by="boss")
    assert answer.status_code == 409  # type: ignore[attr-defined]
    assert "lead has just settled this one" in answer.text  # type: ignore[attr-defined]
    assert Labelling(browser.desk.projects.database).read(audit).settled[audit.order[0]].label == "fake"


def test_a_label_for_a_draw_that_was_renewed_is_told(sit: SIT) -> None:
    browser, place = sit()
    audit = begin(browser, place)
    post(browser, place, "begin", number=1, n=40)
    answer = post(browser, place, "label", item=audit.order[0], label="real")
    assert answer.status_code == 409  # type: ignore[attr-defined]
    assert "began anew" in answer.text  # type: ignore[attr-defined]


def test_labels_go_into_the_data_and_the_page_says_how_to_train(sit: SIT) -> None:
    browser, place = sit()
    audit = begin(browser, place)
    label(browser, audit, ["real", "fake"] * 20)
    assert post(browser, place, "apply").status_code == 303  # type: ignore[attr-defined]
    page = browser.get(place).text
    assert "The data hold 40 of these labels" in page
    assert "--with-audits projects/" in page
    post(browser, place, "undo")
    assert "Labels have changed since" in browser.get(place).text


def test_fewer_than_thirty_judged_are_not_written(sit: SIT) -> None:
    browser, place = sit()
    label(browser, begin(browser, place), ["real"] * 29)
    answer = post(browser, place, "apply")
    assert (answer.status_code, "Not written" in answer.text) == (409, True)  # type: ignore[attr-defined]


@pytest.mark.parametrize("n", [0, 29])
def test_a_thin_audience_is_told_and_not_drawn(sit: SIT, n: int) -> None:
    browser, place = sit(audience_tables().replace(audience=audience_tables()["audience"].head(n)))
    page = browser.get(place).text
    assert f"Profiles in the sample of the audience: {n}" in page
    assert "/audit/begin" not in page
    assert post(browser, place, "begin", number=0, n=40).status_code == 409  # type: ignore[attr-defined]


def test_hostile_profiles_stay_text(sit: SIT) -> None:
    hostile = audience_tables()["audience"].with_columns(
        display_name=pl.lit("<script>alert(1)</script>\u202e"), bio=pl.lit('"><img src=x onerror=1> 加微信：abc12345')
    )
    browser, place = sit(audience_tables().replace(audience=hostile))
    begin(browser, place)
    page = browser.get(place).text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page
    assert "abc12345" not in page


@pytest.mark.parametrize("by", ["<b>x</b>", "' or 1=1 --", "x" * 500, "  "])
def test_hostile_analysts_stay_text(sit: SIT, by: str) -> None:
    browser, place = sit()
    audit = begin(browser, place)
    post(browser, place, "label", item=audit.order[0], label="real", by=by)
    (given,) = Labelling(browser.desk.projects.database).read(audit).given
    assert given.by == (by.strip()[:80] or "local")
    assert "<b>x" not in browser.get(place, params={"by": by}).text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_in_every_language(sit: SIT, language: str, kind: Kind) -> None:
    browser, place = sit(language=language)
    first = browser.get(f"{place}?kind={kind}").text
    audit = begin(browser, place, kind, n=35)
    labels = {"profile": "fake", "comment": "advert", "post": "sponsored"}
    label(browser, audit, [labels[kind], "cannot_say"] + [labels[kind]] * 33)
    label(browser, audit, ["cannot_say"] * 2, by="lou")
    last = browser.get(f"{place}?kind={kind}").text
    for page in (first, last):
        assert RAW_KEY.search(page) is None
        assert " style=" not in page
        assert Catalogue(language).text(f"desk.audit.kind.{kind}") in page
    assert ("labels.csv" in last) == (kind != "profile")


def test_labels_of_texts_can_be_taken_away_and_those_of_profiles_are_in_the_data(sit: SIT) -> None:
    browser, place = sit()
    label(browser, begin(browser, place, "comment", n=3), ["advert", "filler", "genuine"])
    begin(browser, place)
    answer = browser.get(f"{place}/labels.csv?kind=comment")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.lstrip("\ufeff").startswith(
        "id,creator_id,post_id,author_id,source,draw,text,kind_a,kind_b,by_a,by_b"
    )
    assert browser.get(f"{place}/labels.csv?kind=profile").status_code == 404
    assert browser.get(f"{place}/labels.csv?kind=post").status_code == 404
