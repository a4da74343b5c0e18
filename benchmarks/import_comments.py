"""Import of 1,000,000 comments, from JSON lines to Parquet, beside polars alone on the same file.

Every figure is taken in a fresh process; peak memory is the largest resident set of that process.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

N_COMMENTS = 1_000_000
N_POSTS = 10_000
N_CREATORS = 200
N_AUTHORS = 600_000
SEED = 20261101
FIRST_MS = 1_735_689_600_000  # 2025-01-01

# Short texts, many of them repeated, with emoji codes and now and then a contact.
_OPENINGS = ("请问", "姐妹", "真的", "求", "好想", "这个", "上次", "昨天", "谢谢", "终于")
_MIDDLES = (
    "在哪里买的",
    "链接发一下",
    "太好看了",
    "性价比很高",
    "我也想要",
    "同款色号是多少",
    "回购三次了",
    "适合敏感肌吗",
)
_ENDINGS = (
    "[笑哭R]",
    "！",
    "～",
    "[害羞R][害羞R]",
    "",
    "，想参加",
    "，微信：abc_12345",
    "，电话13800138000",
    " 😂",
    "。",
)
_KEYWORDS = ("", "a", "b", "c")


def main() -> None:
    """Print one row for our import and one for the reference."""
    with tempfile.TemporaryDirectory(prefix="zhenfen-bench-") as name:
        folder = Path(name)
        n_bytes = make_export(folder / "xhs" / "jsonl")
        print(f"import of {N_COMMENTS:,} comments ({n_bytes / 1e6:.0f} MB of JSON lines) to Parquet")
        print(f"{'what':<52}{'seconds':>9}{'CPU s':>9}{'peak MB':>9}")
        for what, step in (
            ("zhenfen import (read, clean, hash, mask, check)", "ours"),
            ("polars alone, no cleaning", "plain"),
        ):
            figures = _measure(step, folder)
            print(f"{what:<52}{figures['seconds']:>9.1f}{figures['cpu']:>9.1f}{figures['peak_mb']:>9.0f}")


def make_export(folder: Path) -> int:
    """Write posts and comments as MediaCrawler would; the size of the comments in bytes."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(SEED)
    posts = np.char.add("66d5b40e00000000", np.char.zfill(np.arange(N_POSTS).astype(str), 8))
    _write(folder / "search_contents_2025-09-05.jsonl", _make_posts(posts, rng))
    comments = folder / "search_comments_2025-09-05.jsonl"
    _write(comments, _make_comments(posts, rng))
    return comments.stat().st_size


def _make_posts(posts: np.ndarray, rng: np.random.Generator) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "note_id": posts,
            "type": "normal",
            "title": "秋冬好物分享",
            "desc": "这一篇写给想要入手的你 #好物[话题]#",
            "time": FIRST_MS + rng.integers(0, 10**10, N_POSTS),
            "user_id": _ids("creator", rng.integers(0, N_CREATORS, N_POSTS)),
            "nickname": "一位博主",
            "liked_count": rng.integers(0, 9000, N_POSTS).astype(str),
            "collected_count": "1.2万",
            "comment_count": "100",
            "share_count": "10+",
            "last_modify_ts": FIRST_MS + 2 * 10**10,
        }
    )


def _make_comments(posts: np.ndarray, rng: np.random.Generator) -> pl.DataFrame:
    authors = _ids("5f", rng.integers(0, N_AUTHORS, N_COMMENTS))
    several = (_OPENINGS, _MIDDLES, _MIDDLES, _MIDDLES, _ENDINGS)
    text = pl.concat_str(*(pl.lit(_column(words, rng)) for words in several))
    return pl.DataFrame(
        {
            "comment_id": _ids("66dbfcad", np.arange(N_COMMENTS)),
            "create_time": FIRST_MS + rng.integers(0, 2 * 10**10, N_COMMENTS),
            "ip_location": _column(("上海", "北京", "江苏", None), rng),
            "note_id": posts[rng.integers(0, N_POSTS, N_COMMENTS)],
            "content": pl.select(text).to_series(),
            "user_id": authors,
            "nickname": "小红薯" + authors.str.tail(8),
            "avatar": "https://sns-avatar-qc.xhscdn.com/avatar/0123456789abcdef.jpg",
            "sub_comment_count": "0",
            "pictures": "",
            "parent_comment_id": 0,
            "last_modify_ts": FIRST_MS + 2 * 10**10 + np.arange(N_COMMENTS),
            "like_count": rng.integers(0, 40, N_COMMENTS).astype(str),
        }
    )


def _column(values: tuple[str | None, ...], rng: np.random.Generator) -> pl.Series:
    return pl.Series(values, dtype=pl.String).gather(rng.integers(0, len(values), N_COMMENTS))


def _ids(prefix: str, numbers: np.ndarray) -> pl.Series:
    return pl.Series(numbers).cast(pl.String).str.zfill(24 - len(prefix)).str.replace("^", prefix)


def _write(path: Path, frame: pl.DataFrame) -> None:
    frame.write_ndjson(path)


def _measure(step: str, folder: Path) -> dict[str, float]:
    environment = {**os.environ, "ZHENFEN_HOME": str(folder / "home")}
    command = [sys.executable, __file__, step, str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _run(step: str, folder: Path) -> None:
    started = time.perf_counter()
    n_rows = _import_ours(folder) if step == "ours" else _import_plain(folder)
    seconds = time.perf_counter() - started
    if n_rows != N_COMMENTS:
        raise SystemExit(f"expected {N_COMMENTS} comments, found {n_rows}")
    used = resource.getrusage(resource.RUSAGE_SELF)
    # ru_maxrss is in kilobytes on Linux.
    print(json.dumps({"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}))


def _import_ours(folder: Path) -> int:
    from zhenfen.connectors.importing import import_export
    from zhenfen.tables import write_tables

    tables = import_export(folder / "xhs", obtained_how="benchmark")
    write_tables(tables, folder / "tables")
    return tables["comments"].height


def _import_plain(folder: Path) -> int:
    target = folder / "plain.parquet"
    pl.scan_ndjson(folder / "xhs" / "jsonl" / "search_comments_2025-09-05.jsonl").sink_parquet(target)
    return int(pl.scan_parquet(target).select(pl.len()).collect().item())


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _run(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
