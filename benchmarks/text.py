"""The steps from a raw comment to numbers, beside what others do for the same: comments a second, and ratios.

Each contender runs in a process of its own over the same real comments, where the public data is there. CPU seconds
stand beside the rates, because a busy machine slows them all.

    python benchmarks/text.py [n_comments]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import unicodedata
import warnings
from collections.abc import Callable
from pathlib import Path

import polars as pl

from zhenfen.text.normalise import normalise_texts
from zhenfen.text.segment import load_cutter

DATA = Path(os.environ.get("ZHENFEN_DATA", Path(__file__).parents[2] / "shared" / "data"))
SOURCES = ("text/weibo_lines", "comments/shopping_reviews", "comments/bilibili_comments")
N_BUCKETS = 2**18
N_SLOW = 20_000
"""Comments for contenders that take one at a time in Python."""


def main() -> None:
    """Write the comments, run every contender, print the table."""
    n_comments = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "comments.parquet")
        print(_write(path, n_comments))
        rows = [_measure(name, path) for name in CONTENDERS]
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
        print(_compare(pl.DataFrame(rows)))


def _compare(rows: pl.DataFrame) -> pl.DataFrame:
    """How many times as fast as the first contender of its step each one is."""
    return rows.with_columns(times=(pl.col("per_second") / pl.col("per_second").first().over("step")).round(2))


def _write(path: Path, n_comments: int) -> str:
    frames = [pl.read_parquet(DATA / f"{source}.parquet", columns=["text"]) for source in SOURCES]
    texts = pl.concat(frames).drop_nulls().sample(n_comments, seed=0, with_replacement=True)
    texts.with_columns(normalised=normalise_texts(texts["text"])).write_parquet(path)
    mean_chars: float = texts.select(pl.col("text").str.len_chars().mean()).item()
    return f"{texts.height:,} comments, mean {mean_chars:.1f} characters"


def _measure(name: str, path: Path) -> dict[str, object]:
    command = [sys.executable, __file__, "--only", name, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, object] = json.loads(done.stdout)
    return measured


def run_one(name: str, path: Path) -> dict[str, object]:
    """One contender on the comments: comments a second, CPU seconds for a million."""
    step, column, run = CONTENDERS[name]
    texts = pl.read_parquet(path, columns=[column])[column]
    texts = texts.head(N_SLOW) if name in SLOW else texts
    run(texts.head(10))
    started, started_cpu = time.perf_counter(), time.process_time()
    run(texts)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - started_cpu
    return {
        "step": step,
        "contender": name,
        "per_second": round(len(texts) / seconds),
        "CPU_s_per_million": round(cpu_seconds / len(texts) * 1e6, 1),
    }


def _nfkc_in_polars(texts: pl.Series) -> None:
    texts.str.normalize("NFKC").str.to_lowercase()


def _nfkc_in_python(texts: pl.Series) -> None:
    [unicodedata.normalize("NFKC", text).lower() for text in texts]


def _opencc(texts: pl.Series) -> None:
    from opencc import OpenCC

    OpenCC("t2s").convert("\n".join(texts.to_list()))


def _cut(name: str) -> Callable[[pl.Series], None]:
    def run(texts: pl.Series) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            cut = load_cutter(name)
        for text in texts:
            cut(text)

    return run


def _hash_ngrams(texts: pl.Series) -> None:
    from zhenfen.text.ngrams import hash_ngrams

    hash_ngrams(texts, N_BUCKETS)


def _hashing_vectorizer(texts: pl.Series) -> None:
    from sklearn.feature_extraction.text import HashingVectorizer

    vectorizer = HashingVectorizer(
        analyzer="char", ngram_range=(1, 3), n_features=N_BUCKETS, alternate_sign=False, norm=None, lowercase=False
    )
    vectorizer.transform(texts.to_list())


CONTENDERS: dict[str, tuple[str, str, Callable[[pl.Series], object]]] = {
    "zhenfen normalise_texts": ("one spelling", "text", normalise_texts),
    "NFKC and lower case, polars": ("one spelling", "text", _nfkc_in_polars),
    "NFKC and lower case, Python": ("one spelling", "text", _nfkc_in_python),
    "OpenCC t2s alone": ("one spelling", "text", _opencc),
    "zhenfen with rjieba": ("words", "normalised", _cut("rjieba")),
    "jieba": ("words", "normalised", _cut("jieba")),
    "zhenfen hash_ngrams": ("1-3-grams", "normalised", _hash_ngrams),
    "scikit-learn HashingVectorizer": ("1-3-grams", "normalised", _hashing_vectorizer),
}
SLOW = ("jieba",)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--only"]:
        print(json.dumps(run_one(sys.argv[2], Path(sys.argv[3]))))
    else:
        main()
