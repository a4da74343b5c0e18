"""Near-duplicate comments: ours, exact hashes alone, and datasketch, side by side in one run.

Each contender runs in a process of its own on the same file. Planted: templates taken from the organic texts, copied
with 0, 1 or 2 changed characters each. Recall: planted comments found together with another copy of their template.
False: organic comments in any cluster. Organic texts are real where the public data is there (copies among them taken
out: people do copy, and that is no false alarm of the method), else made by a seeded generator.

    python benchmarks/near_duplicates.py [n_comments [times]]

With `times`, ours also on so many times as many comments, and how many times the time and the memory that took: beyond
half a million the organic texts are made ones, so give so many that both files hold mostly those.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from zhenfen.text.near_duplicates import SMALLEST_CLUSTER, cluster_comments, connect
from zhenfen.text.normalise import cut_quoted, normalise, normalise_comments

DATA = Path(os.environ.get("ZHENFEN_DATA", Path(__file__).parents[2] / "shared" / "data"))
SOURCES = ("text/weibo_lines", "comments/shopping_reviews", "comments/bilibili_comments")
PLANTED_SHARE = 0.05
N_COPIES = 20
SHORTEST_TEMPLATE_CHARS = 10
"""In normalised characters: two fewer are still telling."""
LONGEST_CHARS = 60
"""Short comments: longer ones are left out."""
N_DATASKETCH = 100_000
COMMON = "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多"


def main() -> None:
    """Make the comments, run every contender, print the table."""
    n_comments = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        whole, part = Path(folder, "whole.parquet"), Path(folder, "part.parquet")
        print(_write(whole, n_comments), _write(part, min(n_comments, N_DATASKETCH)), sep="\n")
        rows = [_measure(name, path) for path in (whole, part) for name in CONTENDERS if _fits(name, path, part)]
        for times in map(int, sys.argv[2:3]):
            larger = Path(folder, "larger.parquet")
            print(_write(larger, times * n_comments))
            rows.append(_measure("ours", larger))
            one, many = rows[0], rows[-1]
            ratios = {name: round(many[name] / one[name], 2) for name in ("seconds", "processor_s", "peak_MB")}
            print(f"{times} times the comments: {ratios} times as much")
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
        print(pl.DataFrame(rows))


def _fits(name: str, path: Path, part: Path) -> bool:
    return name != "datasketch" or path == part


def _measure(name: str, path: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, __file__, "--only", name, str(path)], check=True, capture_output=True, text=True
    )
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def run_one(name: str, path: Path) -> dict[str, object]:
    """Cluster the comments of a file with one contender: time, peak memory, recall, share of false alarms."""
    comments = pl.read_parquet(path)
    start, start_cpu = time.perf_counter(), time.process_time()
    clustered = CONTENDERS[name](comments.select("comment_id", "text"))
    seconds, processor_s = time.perf_counter() - start, time.process_time() - start_cpu
    found = comments.join(clustered, on="comment_id").with_columns(
        n_alike=pl.len().over("template", "cluster_id"), is_in=pl.col("cluster_id").is_not_null()
    )
    planted, organic = found.filter(pl.col("template") >= 0), found.filter(pl.col("template") < 0)
    return {
        "method": name,
        "n_comments": comments.height,
        "seconds": round(seconds, 1),
        "processor_s": round(processor_s, 1),
        "peak_MB": _peak_mb(),
        "recall": round(planted.select((pl.col("is_in") & (pl.col("n_alike") > 1)).mean()).item(), 3),
        **{f"false_{source}": share for source, share in _false_alarms(organic)},
    }


def _peak_mb() -> int:
    # Not ru_maxrss: a child starts with its parent's.
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) // 1024


def _false_alarms(organic: pl.DataFrame) -> list[tuple[str, float]]:
    shares = organic.group_by("source").agg(pl.col("is_in").mean().round(4)).sort("source")
    return [(str(source), float(share)) for source, share in shares.iter_rows()]


def _exact(comments: pl.DataFrame) -> pl.DataFrame:
    is_cluster = (pl.len().over("normalised") >= SMALLEST_CLUSTER) & (pl.col("normalised") != "")
    cluster_id = pl.when(is_cluster).then(pl.col("comment_id").min().over("normalised"))
    return normalise_comments(comments).select("comment_id", cluster_id=cluster_id)


def _datasketch(comments: pl.DataFrame) -> pl.DataFrame:
    from datasketch import MinHash, MinHashLSH

    texts: list[str] = normalise_comments(comments)["normalised"].to_list()
    lsh, links = MinHashLSH(threshold=0.5, num_perm=32), []
    for at, text in enumerate(texts):
        sketch = MinHash(num_perm=32)
        edged = "\0" + text + "\0"
        sketch.update_batch([edged[i : i + 2].encode() for i in range(len(edged) - 1)])
        links += [(at, other) for other in lsh.query(sketch)]
        lsh.insert(at, sketch)
    first, second = np.array(links, dtype=np.int64).reshape(-1, 2).T
    root = pl.Series("root", connect(np.arange(len(texts)), first, second))
    cluster_id = pl.when(pl.len().over("root") >= SMALLEST_CLUSTER).then(pl.col("comment_id").min().over("root"))
    return comments.with_columns(root).select("comment_id", cluster_id=cluster_id)


CONTENDERS: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "ours": cluster_comments,
    "exact hash": _exact,
    "datasketch": _datasketch,
}


def _write(path: Path, n_comments: int) -> str:
    rng = np.random.default_rng(0)
    n_templates = int(n_comments * PLANTED_SHARE / N_COPIES)
    organic = _organic(rng, n_comments - n_templates * N_COPIES)
    own_words = normalise(cut_quoted(pl.col("text")))
    long_enough = organic.filter(own_words.str.len_chars() >= SHORTEST_TEMPLATE_CHARS)["text"]
    templates = long_enough.gather(rng.choice(len(long_enough), n_templates, replace=False))
    texts = [_change(rng, text, n) for text in templates for n in rng.integers(0, 3, N_COPIES)]
    planted = pl.DataFrame({"text": texts, "template": np.repeat(np.arange(n_templates), N_COPIES)})
    planted = planted.with_columns(source=pl.lit("planted"))
    mixed = pl.concat([organic.with_columns(template=pl.lit(-1, dtype=pl.Int64)), planted], how="diagonal")
    mixed = mixed.with_columns(comment_id=pl.Series(rng.permutation(mixed.height)).cast(pl.String)).sort("comment_id")
    mixed.write_parquet(path)
    counts = mixed.group_by("source").len().sort("source").rows()
    mean_chars = mixed.select(pl.col("text").str.len_chars().mean()).item()
    return f"{mixed.height:,} comments, mean {mean_chars:.1f} characters: {dict(counts)}"


def _organic(rng: np.random.Generator, n: int) -> pl.DataFrame:
    paths = {source: DATA / f"{source}.parquet" for source in SOURCES}
    frames = [_read(source, path) for source, path in paths.items() if path.exists()]
    real = pl.concat(frames).unique("key", maintain_order=True) if frames else _made(rng, 0)
    real = real.select("text", "source").sample(fraction=1.0, shuffle=True, seed=0).head(n)
    return pl.concat([real, _made(rng, n - real.height).select("text", "source")])


def _read(source: str, path: Path) -> pl.DataFrame:
    frame = pl.read_parquet(path).select("text", source=pl.lit(source.partition("/")[2].partition("_")[0]))
    frame = frame.filter(pl.col("text").str.len_chars() <= LONGEST_CHARS)
    return frame.with_columns(key=normalise(pl.col("text"))).filter(pl.col("key") != "")


def _made(rng: np.random.Generator, n: int) -> pl.DataFrame:
    """Sentences of 2 to 12 words of two characters; the n-th word is drawn in proportion to 1 / (n + 10)."""
    letters = np.array([chr(code) for code in range(0x4E00, 0x4E00 + 3000)])
    words = np.char.add(letters[rng.integers(0, 3000, 20_000)], letters[rng.integers(0, 3000, 20_000)])
    lengths = rng.integers(2, 13, n)
    weights = 1 / np.arange(10, 10 + len(words))
    drawn = words[rng.choice(len(words), int(lengths.sum()), p=weights / weights.sum())]
    rows = pl.DataFrame({"row": np.repeat(np.arange(n), lengths), "word": drawn}, schema_overrides={"word": pl.String})
    texts = rows.group_by("row", maintain_order=True).agg(text=pl.col("word").str.join(""))
    return texts.select("text", source=pl.lit("made"), key="text")


def _change(rng: np.random.Generator, text: str, n_changes: int) -> str:
    letters = list(text)
    for _ in range(n_changes):
        at, letter = int(rng.integers(len(letters))), COMMON[rng.integers(len(COMMON))]
        kind = rng.integers(3)
        letters[at : at + int(kind != 1)] = [letter] if kind != 2 or len(letters) == 1 else []  # noqa: PLR2004
    return "".join(letters)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--only"]:
        print(json.dumps(run_one(sys.argv[2], Path(sys.argv[3]))))
    else:
        main()
