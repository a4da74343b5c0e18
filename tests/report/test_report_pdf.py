"""Pages printed to PDF: by a browser where there is one, else a clear way out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from report_scenes import rich

from zhenfen.errors import ConfigError
from zhenfen.messages import LANGUAGES
from zhenfen.report.pdf import BROWSERS, find_browser, print_pages
from zhenfen.report.write import is_report_file, write_report

HAS_BROWSER = any(shutil.which(name) for name in BROWSERS)


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "请安装其一"), ("en", "Install one"), ("fr", "Installez-en un")]
)
def test_without_a_browser_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch, language: str, words: str) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match=words):
        find_browser(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_browser_that_fails_leaves_no_half_file(tmp_path: Path, language: str) -> None:
    page = tmp_path / "creator-a.html"
    page.write_text("<p>x</p>", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"creator-a\.html"):
        print_pages([page], shutil.which("false") or "false", language)
    assert [path.name for path in tmp_path.iterdir()] == ["creator-a.html"]


@pytest.mark.skipif(not HAS_BROWSER, reason="no Chromium on this machine")
def test_a_page_is_printed_beside_itself_and_counts_as_the_reports(tmp_path: Path) -> None:
    findings, tables = rich().build()
    pages = write_report(findings, tables, tmp_path / "report", "zh")
    (printed,) = print_pages(pages[1:2], find_browser("zh"), "zh")
    assert printed == pages[1].with_suffix(".pdf")
    assert printed.read_bytes().startswith(b"%PDF-")
    others = print_pages([pages[0], pages[0].with_name("compare.html")], find_browser("zh"), "zh")
    assert [path.name for path in others] == ["shortlist.pdf", "compare.pdf"]
    # A later report takes their place, as it does that of the pages.
    assert all(map(is_report_file, [printed, *others]))
    write_report(findings, tables, tmp_path / "report", "zh")
    assert not any(path.exists() for path in [printed, *others])
