"""Pictures of the desk for the documentation: `PYTHONPATH=src python docs/desk_pictures.py [zh|en|fr]`.

Starts a desk in a temporary folder with the simulated demonstration, uses it in a headless Chromium, and writes
docs/images/desk-*.png. Needs the extra `test` (playwright), Pillow and a `chromium`. Only simulated creators are shown.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).parent / "images"
LOCALES = {"zh": "zh-CN", "en": "en-GB", "fr": "fr-FR"}
WIDTH, HEIGHT = 1280, 860
N_COLOURS = 160
"""Enough for text and levels; a page stays below 150 kB."""
PATIENCE_MS = 300_000
SHEET = """达人昵称,平台,粉丝数,近30天平均点赞,近30天平均评论,近30天平均收藏,报价,数据日期
样例·阿木,小红书,12.3万,2400,323,1065,9840,2026-10-31
样例·小鹿,抖音,56万,19127,1611,1780,44800,2026-10-31
样例·老王,B站,34000,357,119,226,2720,2026-10-31
"""


@contextmanager
def desk(folder: Path, language: str) -> Iterator[str]:
    """Address of a desk with the demonstration in it."""
    main = "from zhenfen.cli.main import main; main()"
    words = [sys.executable, "-c", main, "serve", "--port", "0", "--data", str(folder), "--demo", "--lang", language]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            yield re.findall(r"http://[0-9.:]*[0-9]", line)[0]
        finally:
            process.terminate()


def take(page: Any, name: str) -> None:
    """What a reader sees of a page at once, in few colours."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(N_COLOURS, dither=Image.Dither.NONE).save(IMAGES / f"desk-{name}.png", optimize=True)


def walk(page: Any, address: str, sheet: Path) -> None:
    """Home, a sheet, the shortlist, a creator, a comparison."""
    page.goto(address)
    page.click("table.projects a")
    page.wait_for_url("**/index.html")
    home = page.url.rpartition("/")[0]
    page.check("table.live tbody:nth-of-type(1) input[name=only]")
    page.check("table.live tbody:nth-of-type(2) input[name=only]")
    take(page, "shortlist")
    page.click("table.live tbody:nth-of-type(1) th a")
    page.wait_for_selector("#decision")
    take(page, "creator")
    page.goto(f"{home}/compare.html")
    take(page, "compare")
    page.goto(address)
    page.set_input_files("#files", sheet)
    take(page, "home")
    page.click("form#drop button.main")
    page.wait_for_url("**/intake")
    take(page, "intake")


def main() -> None:
    """Write the pictures in one language."""
    language = sys.argv[1] if len(sys.argv) > 1 else "zh"
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        sheet = Path(folder) / "样例名单.csv"
        sheet.write_text(SHEET, encoding="utf-8")
        # Fields for a day speak the browser's language, which is the system's.
        spoken = {**os.environ, "LANGUAGE": LOCALES[language].replace("-", "_")}
        words = ["--no-sandbox", f"--lang={LOCALES[language]}"]
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=words, env=spoken)
        with desk(Path(folder) / "data", language) as address:
            context = browser.new_context(locale=LOCALES[language], viewport={"width": WIDTH, "height": HEIGHT})
            page = context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            walk(page, address, sheet)
        browser.close()


if __name__ == "__main__":
    main()
