"""Catalogues: complete in three languages, with numbers as a reader of each writes them."""

import re
import string
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import zhenfen.report
from zhenfen.errors import ConfigError
from zhenfen.messages import LANGUAGES, Catalogue, load_entries
from zhenfen.shelf import PANEL, find_file
from zhenfen.verdict.panel import read_panel

REPORT = Path(zhenfen.report.__file__).parent
ACCUSING = re.compile(r"\b(fraud|fake|illegal|scam|fraude|faux|fausse|illégal)|造假|假粉|欺诈|违法|水军", re.IGNORECASE)


def fields_of(template):
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_every_entry_is_there_in_every_language_with_the_same_fields():
    for key, texts in load_entries().items():
        assert set(texts) == set(LANGUAGES), key
        assert all(isinstance(text, str) and text.strip() for text in texts.values()), key
        assert len({frozenset(fields_of(text)) for text in texts.values()}) == 1, key


def test_no_entry_accuses_anybody():
    accusing = {key: text for key, texts in load_entries().items() for text in texts.values() if ACCUSING.search(text)}
    assert accusing == {}


def test_every_report_text_that_is_used_exists_and_every_one_that_exists_is_used():
    sources = [path.read_text("utf-8") for path in [*REPORT.rglob("*.py"), *REPORT.rglob("templates/**/*.html")]]
    kinds = "report|priority|missing|money|computed"
    quoted = {key for source in sources for key in re.findall(rf"""["']((?:{kinds})\.[a-z_.]+)["']""", source)}
    begun = {key for source in sources for key in re.findall(rf"""["']((?:{kinds})\.[a-z_.]*)\{{""", source)}
    # A template joins, and `label` takes the beginning of a key alone.
    begun |= {f"{key.rstrip('.')}." for key in quoted if key in ("report.version", "computed.unit", "priority.why.")}
    begun |= {f"missing.{family}" for family in ("growth", "engagement", "comments", "audience", "live")}
    begun |= {key for key in load_entries() if key.startswith("missing.") and f"reason.{key[8:]}" in load_entries()}
    existing = {key for key in load_entries() if re.match(rf"({kinds})\.", key)}
    assert quoted - existing - {"report.version", "computed.unit", "priority.why."} == set()
    assert {key for key in existing - quoted if not key.startswith(tuple(begun))} == set()
    assert all(any(key.startswith(start) for key in existing) for start in begun)


@pytest.mark.parametrize(
    ("language", "n", "text"),
    [
        ("en", 0, "0 accounts comment both"),
        ("en", 1, "1 account comments both"),
        ("en", 2, "2 accounts comment both"),
        ("en", 1_200, "1,200 accounts comment both"),
        ("fr", 0, "0 compte commente"),
        ("fr", 1, "1 compte commente"),
        ("fr", 2, "2 comptes commentent"),
        ("zh", 1, "有 1 个账号"),
        ("zh", 2, "有 2 个账号"),
    ],
)
def test_one_account_comments_and_two_comment(language, n, text):
    catalogue = Catalogue(language)
    sentence = catalogue.text("report.question.commenters", n_shared=catalogue.count(n), other="x")
    assert sentence.startswith(text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("n", [1, 2])
def test_every_template_that_counts_has_one_form_for_one_and_one_for_several(language, n):
    catalogue = Catalogue(language)
    parsed = {key: list(string.Formatter().parse(texts[language])) for key, texts in load_entries().items()}
    counting = {key: parts for key, parts in parsed.items() if any("|" in (spec or "") for _, _, spec, _ in parts)}
    assert (counting == {}) is (language == "zh")
    for key, parts in counting.items():
        fields = {name: catalogue.count(n) if "|" in spec else "x" for _, name, spec, _ in parts if name}
        sentence = catalogue.text(key, **fields)
        forms = [spec.split("|") for _, _, spec, _ in parts if "|" in (spec or "")]
        assert all(len(form) == 2 and form[0] != form[1] for form in forms), key
        assert all(f"{n} {form[n - 1]}" in sentence for form in forms), key


def test_no_template_sets_a_bare_count_before_a_plural_in_english():
    """Counts that are never one are named here; all others choose their form or stand behind a colon."""
    many = {"report.order", "report.question.order", "report.question.cluster", "report.share.prediction_powered"}
    many |= {"live.tell", "live.question.regulars", "live.regulars", "live.chart.about"}
    many |= {"cli", "monitor", "rules.behind_fold", "growth.cause.gap.for"}
    bare = re.compile(r"(?<!at least )\{n\w*\} [a-z]+s\b")
    found = {key for key, texts in load_entries().items() if bare.search(texts["en"])}
    assert {key for key in found if not key.startswith(tuple(many))} == set()


def test_an_unknown_language_names_those_there_are():
    with pytest.raises(ConfigError, match="expected one of zh, en, fr"):
        Catalogue("de")


def test_an_unknown_key_is_an_error():
    with pytest.raises(ConfigError, match=r"'no\.such' is in no en catalogue"):
        Catalogue("en").text("no.such")


@pytest.mark.parametrize(
    ("language", "number", "share", "compact"),
    [
        ("zh", "12,345.68", "4.5%", "1.2万"),
        ("en", "12,345.68", "4.5%", "12.3K"),
        ("fr", "12\u202f345,68", "4,5\xa0%", "12,3\u202fk"),
    ],
)
def test_numbers_follow_the_language(language, number, share, compact):
    catalogue = Catalogue(language)
    assert catalogue.number(12_345.678) == number
    assert catalogue.share(0.0451) == share
    assert catalogue.compact(12_345).replace("\xa0", "\u202f") == compact


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0%"),
        (1.0, "100%"),
        (0.5, "50%"),
        (0.004, "0.4%"),
        (0.00012, "0.01%"),
        (0.996, "99.6%"),
        (-0.00001, "0%"),
        (-0.0004, "-0.04%"),
    ],
)
def test_a_share_near_the_ends_is_not_rounded_to_them(value, expected):
    assert Catalogue("en").share(value) == expected


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (None, "share", "—"),
        (0.25, "share", "25%"),
        (1234.0, "count", "1,234"),
        (0.0, "ratio", "0"),
        (3.14159, "ratio", "3.14"),
        (12_345.6, "ratio", "12,346"),
        (2.5, "days", "2.5 d"),
        (18_000.0, "cny", "¥18,000"),
        (7.0, "unheard_of", "7"),
    ],
)
def test_a_measurement_is_shown_in_its_unit(value, unit, expected):
    assert Catalogue("en").value(value, unit) == expected


@pytest.mark.parametrize("moment", [date(2026, 3, 1), datetime(2026, 3, 1, 23, 59, tzinfo=UTC)])
def test_days_are_iso_everywhere(moment):
    assert {Catalogue(language).day(moment) for language in LANGUAGES} == {"2026-03-01"}


def test_every_source_and_window_of_the_shipped_panel_is_named_and_no_other():
    panel = read_panel(find_file(PANEL)).frame
    texts = {*panel["source"], *panel["window"]}
    assert {key for key in load_entries() if key.startswith("panel.")} == {f"panel.{text}" for text in texts}


def test_the_grounds_of_a_cause_are_whole_sentences():
    grounds = {key: texts for key, texts in load_entries().items() if key.startswith("growth.cause.")}
    said = [text for key, texts in grounds.items() if ".name." not in key for text in texts.values()]
    assert [text for text in said if not text.endswith((".", "。"))] == []


def test_no_key_stands_twice_in_a_catalogue():
    for path in (REPORT.parent / "messages").glob("*.yaml"):
        keys = re.findall(r"^(\w[^#\n]*?):(?: |$)", path.read_text("utf-8"), re.MULTILINE)
        assert len(keys) == len(set(keys)), path.name


NOT_PROSE = re.compile(r"`[^`]*`|\b\w+:/+[^\s,)]*|\{\w+:|\d:\d|\d\.\d+%")
"""Code, addresses, the beginning of a count's forms, times of day, and figures as somebody types them."""
FRENCH_SIGNS = re.compile(r"(?<!\u00a0):|(?<!\u202f)[;?!]|(?<!\u00a0)[»%]|«(?!\u00a0)")
"""A space that does not break stands before : » and %, and after «; a narrow one before ; ? and !."""


def test_french_signs_are_held_to_their_words():
    found = {
        key: [text[max(0, one.start() - 20) : one.end()] for one in FRENCH_SIGNS.finditer(text)]
        for key, text in ((key, NOT_PROSE.sub("", texts["fr"])) for key, texts in load_entries().items())
    }
    assert {key: places for key, places in found.items() if places} == {}


@pytest.mark.parametrize(
    "text", ["Oui : non", "Oui; non", "Pourquoi ?", "Ah\u00a0!", "« oui\u00a0»", "«\u00a0oui »", "5 %"]
)
def test_a_french_sign_without_its_space_is_seen(text):
    assert FRENCH_SIGNS.search(NOT_PROSE.sub("", text))


def test_no_text_needs_the_one_of_yamls_two_readers_that_forgives():
    """Without libyaml the other reads, which takes a bare question mark within braces for a key."""
    bare = re.compile(r"(?:zh|en|fr): [^\"'{},\n]*\?[,}]")
    assert [
        path.name for path in (REPORT.parent / "messages").glob("*.yaml") if bare.search(path.read_text("utf-8"))
    ] == []
