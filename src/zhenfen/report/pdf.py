"""Pages of a report as PDF, printed by a headless Chromium where one is installed; nothing else prints CSS as well."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from zhenfen.errors import ConfigError, DiskFullError
from zhenfen.files import write_file
from zhenfen.messages import Catalogue

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PRINTED_AS = {"index": "shortlist"}
"""Page → its PDF, where an agency sends it on under a name that says what it is; others keep their own."""
LONGEST_S = 120
"""Seconds that a page may take; a page of ours prints in two."""


def find_browser(language: str) -> str:
    """Path of the first of BROWSERS that is installed.

    Raises:
        ConfigError: None is; said in `language`, with the way out.
    """
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    raise ConfigError(Catalogue(language).text("pdf.no_browser", browsers=", ".join(BROWSERS)))


def print_pages(pages: Iterable[Path], browser: str, language: str) -> list[Path]:
    """Print each page to a PDF beside it, see PRINTED_AS; one that exists is replaced when the new one is whole.

    Args:
        pages: HTML files of a report.
        browser: What `find_browser` returned.
        language: Of the error.

    Raises:
        ConfigError: The browser failed or took longer than LONGEST_S.
        DiskFullError: There was no room for the page.
    """
    printed = []
    for page in pages:
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / "page.pdf"
            command = [browser, "--headless", "--disable-gpu", f"--user-data-dir={folder}/user"]
            # Chromium refuses to run as root with its sandbox; our pages run no script and load nothing.
            command += ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
            command += ["--no-pdf-header-footer", f"--print-to-pdf={made}", page.resolve().as_uri()]
            try:
                subprocess.run(command, check=True, capture_output=True, timeout=LONGEST_S)  # noqa: S603 (found above)
                content = made.read_bytes()
            except (subprocess.SubprocessError, OSError) as error:
                # The browser does not say why.
                if not shutil.disk_usage(folder).free:
                    raise DiskFullError(folder) from error
                raise ConfigError(Catalogue(language).text("pdf.failed", page=page.name)) from error
            target = page.with_name(f"{PRINTED_AS.get(page.stem, page.stem)}.pdf")
            write_file(target, content)
        printed.append(target)
    return printed
