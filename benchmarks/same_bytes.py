"""What a change of structure must leave alone: reports, scores and tables of one checkout, to compare with another's.

`python -m benchmarks.same_bytes make OUT` runs what a user runs, on the demo and on the real exports that are at hand;
`python -m benchmarks.same_bytes compare OLD NEW` names every file that differs. A score id names the files that
judged: where such a file moved, `--mask-ids` compares all but the ids.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

MOMENT = "2026-07-20"
EXPORTS = ("mediacrawler_xhs", "mediacrawler_wb", "weibo_search", "weibo_crawler_json_2024", "xhs_creator_centre")
LANGUAGES = ("zh", "en", "fr")
ID = re.compile(rb"\b[0-9a-f]{12,64}\b")
CREATED = re.compile(rb"<dcterms:(created|modified)[^>]*>[^<]*<")


def make(out: Path) -> None:
    """Run everything; what a command prints is kept beside what it wrote."""
    (out / "home").mkdir(parents=True)
    # One key: ids of persons are the same hashes on both sides.
    (out / "home" / "hmac.key").write_bytes(bytes(range(32)))
    data = Path(os.environ.get("ZHENFEN_DATA", "../shared/data")).resolve()
    for language in LANGUAGES:
        _run(out, f"demo-{language}", "demo", "--out", str(out / f"demo-{language}"), "--lang", language)
    demo = out / "demo-en-tables"
    for name in EXPORTS:
        if (data / "exports" / name).exists():
            export = (str(data / "exports" / name), "--as-of", MOMENT)
            _run(out, f"vet-{name}", "vet", *export, "--out", str(out / name), "--lang", "zh")
    for kind, table in (("profiles", "audience"), ("comments", "comments"), ("posts", "posts")):
        scores = str(out / f"{kind}.parquet")
        _run(out, f"score-{kind}", "score", kind, str(demo / f"{table}.parquet"), "--out", scores)
    _run(out, "score-creators", "score", "creators", str(demo), "--out", str(out / "creators.parquet"))
    _run(out, "spans", "spans", str(demo / "follower_counts.parquet"), "--out", str(out / "spans.parquet"))


def compare(old: Path, new: Path, *, is_masked: bool) -> list[str]:
    """Files that only one folder holds, or whose bytes differ; a workbook's parts are compared without its moment."""
    names = {str(path.relative_to(root)) for root in (old, new) for path in root.rglob("*") if path.is_file()}
    return sorted(name for name in names if _read(old / name, old, is_masked) != _read(new / name, new, is_masked))


def _run(out: Path, name: str, *arguments: str) -> None:
    environment = {**os.environ, "ZHENFEN_HOME": str(out / "home"), "COLUMNS": "120"}
    done = subprocess.run(
        [sys.executable, "-c", "from zhenfen.cli.main import main; main()", *arguments],
        capture_output=True,
        check=False,
        env=environment,
    )
    (out / f"{name}.txt").write_bytes(done.stdout + done.stderr + f"exit {done.returncode}\n".encode())


def _read(path: Path, root: Path, is_masked: bool) -> bytes:
    if not path.is_file():
        return b"absent"
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            content = b"".join(CREATED.sub(b"", book.read(name)) for name in sorted(book.namelist()))
    else:
        content = path.read_bytes().replace(str(root).encode(), b"ROOT")
        if path.suffix == ".txt" and path.stem.startswith("demo"):
            # The last table says how many seconds each step took.
            content = content.rpartition("┏".encode())[0]
    return ID.sub(b"ID", content) if is_masked else content


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("make", "compare"))
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--mask-ids", action="store_true", help="compare all but hashes and ids")
    given = parser.parse_args()
    if given.what == "make":
        make(given.folders[0].resolve())
        return
    different = compare(*(folder.resolve() for folder in given.folders), is_masked=given.mask_ids)
    print("\n".join(different) or "the same bytes")
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
