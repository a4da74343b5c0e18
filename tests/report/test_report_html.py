"""The pages: self-contained, escaped, well-formed, in three languages."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from report_builder import Builder
from report_scenes import FORMULA_NAME, HOSTILE_NAME, rich, thin

from zhenfen.messages import LANGUAGES, Catalogue
from zhenfen.report.html import TEMPLATES, render_creator, render_shortlist
from zhenfen.report.shortlist import summarise_shortlist
from zhenfen.report.summarise import summarise_creator

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Reader(HTMLParser):
    """Collects elements and text, and fails on a tag that is closed out of turn."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.texts = [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self):
        return " ".join("".join(self.texts).split())


def pages(builder, language="en"):
    findings, tables = builder.build()
    catalogue = Catalogue(language)
    made = {
        one: render_creator(summarise_creator(findings, tables, one, catalogue))
        for one in findings.creators["creator_id"]
    }
    return {**made, "index": render_shortlist(summarise_shortlist(findings, tables, catalogue))}


@pytest.fixture(scope="module", params=LANGUAGES)
def rich_pages(request):
    return pages(rich(), request.param)


def test_pages_are_well_formed(rich_pages):
    for html in rich_pages.values():
        assert Reader(html).open == []


def test_ids_are_used_once_and_links_within_a_page_lead_somewhere(rich_pages):
    for html in rich_pages.values():
        elements = Reader(html).elements
        ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
        assert len(ids) == len(set(ids))
        inside = {a["href"][1:] for _, a in elements if a.get("href", "").startswith("#")}
        assert inside <= set(ids)


def test_nothing_is_loaded_and_nothing_runs(rich_pages):
    for html in rich_pages.values():
        elements = Reader(html).elements
        assert not {tag for tag, _ in elements} & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
        names = {name for _, attributes in elements for name in attributes}
        assert "style" not in names
        assert not [name for name in names if name.startswith("on") or name in ("src", "srcset", "action")]
        links = {attributes["href"] for _, attributes in elements if "href" in attributes}
        assert all(re.fullmatch(r"#[\w-]+|[a-z0-9_-]+\.(html|json|xlsx)", link) for link in links)
        assert "@import" not in html
        assert re.findall(r"url\(([^)]*)\)", html) == ["#hatch"]


def test_the_policy_names_the_style_by_its_hash(rich_pages):
    for html in rich_pages.values():
        policy = next(
            a["content"] for _, a in Reader(html).elements if a.get("http-equiv") == "Content-Security-Policy"
        )
        style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert policy.startswith("default-src 'none'; ")
        assert f"'sha256-{digest}'" in policy
        assert "unsafe" not in policy


def test_hostile_text_is_text(rich_pages):
    for html in rich_pages.values():
        assert "<script" not in html
        assert "onerror=alert" not in html.replace("&lt;img src=x onerror=alert(1)&gt;", "")
        assert "\u202e" not in html
    assert HOSTILE_NAME in Reader(rich_pages["a"]).text
    assert FORMULA_NAME in Reader(rich_pages["b"]).text


def test_the_language_is_declared(rich_pages):
    declared = {re.search(r'<html lang="([^"]+)"', html)[1] for html in rich_pages.values()}
    assert len(declared) == 1
    assert declared <= {"zh-Hans", "en", "fr"}


def test_no_placeholder_or_key_is_left_in_a_page(rich_pages):
    for html in rich_pages.values():
        assert not re.search(r"\{\w*\}|\breport\.[a-z_]+\.|\bNone\b|\bUndefined\b", Reader(html).text)


def test_a_creator_page_has_every_section_it_has_rows_for():
    ids = {attributes.get("id") for _, attributes in Reader(pages(rich())["a"]).elements}
    sections = {"summary", "questions", "growth", "engagement", "comments", "sponsorship", "audience", "network"}
    assert sections | {"not-assessed", "sources", "unusable", "sign-off"} <= ids


def test_a_page_without_anything_assessed_says_so_and_stands():
    reader = Reader(pages(rich())["A"])
    ids = {attributes.get("id") for _, attributes in reader.elements}
    assert {"summary", "not-assessed", "sources", "sign-off"} <= ids
    assert not {"growth", "comments", "network"} & ids
    assert "Nothing could be assessed yet" in reader.text


def test_a_level_is_told_by_word_and_shape():
    html = pages(rich())["a"]
    for level, word in (("low", "In line"), ("elevated", "Out of line"), ("not_assessed", "Not assessed")):
        assert re.search(rf'badge level-{level}"><svg[^>]*><use href="#level-{level}"/></svg>{word}', html)


def test_a_creator_without_any_row_at_all_has_a_page():
    builder = Builder().creator("a", display_name=None, n_followers=None).unassessed("a", "growth")
    assert "Unnamed creator a" in Reader(pages(builder)["a"]).text


def test_a_family_the_report_does_not_know_is_shown():
    builder = Builder().creator("a").assessed("a", "zeal", {"feature": "zeal_share", "value": 0.5, "contribution": 2.0})
    reader = Reader(pages(builder)["a"])
    assert "zeal_share" in reader.text
    assert any(attributes.get("id") == "zeal" for _, attributes in reader.elements)


def test_a_large_shortlist_does_not_repeat_itself():
    builder = thin(200)
    html = pages(builder)["index"]
    assert html.count('class="badge level-not_assessed"') == 1  # the key
    assert html.count(Catalogue("en").text("report.not_assessed.about")) == 1
    assert html.count('href="creator-x') == 200
    assert len(html) < 120_000


def test_the_index_links_to_every_creator():
    links = {a["href"] for _, a in Reader(pages(rich())["index"]).elements if a.get("href", "").startswith("creator-")}
    assert len(links) == 3


def brightness(colour):
    """Relative luminance of WCAG 2.2."""
    full = colour if len(colour) == 7 else "#" + "".join(2 * one for one in colour[1:])
    parts = [int(full[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("ink", "grounds"),
    [
        ("ink", ("paper", "ground", "none-soft")),
        ("soft", ("paper", "ground", "none-soft")),
        ("faint", ("paper", "ground", "none-soft")),
        ("accent", ("paper", "ground", "accent-soft")),
        ("low", ("paper", "ground", "low-soft")),
        ("elevated", ("paper", "ground", "elevated-soft")),
        ("high", ("paper", "ground", "high-soft")),
        ("none", ("paper", "ground", "none-soft")),
    ],
)
def test_every_colour_of_text_can_be_read_on_what_it_stands_on(ink, grounds):
    """WCAG 2.2, 1.4.3: at least 4.5 to 1."""
    css = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", css))
    for ground in grounds:
        dark, light = sorted(brightness(colours[name]) for name in (ink, ground))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)


def test_what_a_page_says_stands_in_its_main_part(rich_pages):
    for page in rich_pages.values():
        assert page.count("<main>") == 1
        assert page.index("</main>") < page.index("<footer>")
