"""One million comments scored from Parquet to Parquet, stage by stage, beside scikit-learn's hashed n-grams alone."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

N_COMMENTS = 1_000_000
FARMED_SHARE = 0.05
N_FITTED = 5_000
Stages = dict[str, float]


def make_comments(path: Path, seed: int = 1) -> None:
    """Generated comments as strangers write them, some of them from a farm's templates."""
    from zhenfen.simulate import texts
    from zhenfen.simulate.sellers import bought_comments

    rng = np.random.default_rng(seed)
    n_farmed = int(FARMED_SHARE * N_COMMENTS)
    written = [texts.organic_comments(rng, N_COMMENTS - n_farmed), bought_comments("template", 0, 0, n_farmed, rng)]
    text = pl.concat([one.alias("text") for one in written]).gather(rng.permutation(N_COMMENTS))
    ids = pl.Series("comment_id", np.arange(N_COMMENTS)).cast(pl.String).str.zfill(8)
    pl.DataFrame([ids, text]).write_parquet(path)


def score_whole(source: Path) -> Stages:
    """What `zhenfen score comments` does; its steps tell when they begin."""
    from zhenfen.batch.row_files import score_comments_file
    from zhenfen.estimators.comment_model import COMMENT
    from zhenfen.model_store import load_models

    model = load_models().need(COMMENT)
    stages: Stages = {}
    since, step = time.perf_counter(), "normalise"

    def tell(name: str, _done: int, _total: int) -> None:
        nonlocal since, step
        now = time.perf_counter()
        stages[step] = stages.get(step, 0.0) + now - since
        since, step = now, name

    score_comments_file(source, source.with_name("out.parquet"), model, on_progress=tell)
    tell("", 0, 0)
    return stages


def score_stages(source: Path) -> Stages:
    """The model alone, on texts that are normalised already."""
    from zhenfen.estimators.comment_model import COMMENT
    from zhenfen.model_store import load_models
    from zhenfen.text.normalise import normalise_comments

    model = load_models().need(COMMENT)
    normalised = normalise_comments(pl.read_parquet(source))["normalised"]
    start = time.perf_counter()
    model.predict(normalised)
    return {"n-grams and linear model": time.perf_counter() - start}


def score_plainly(source: Path) -> Stages:
    """Hashed character n-grams and a logistic regression, nothing normalised or grouped; fitted beforehand."""
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import LogisticRegression

    frame = pl.read_parquet(source)
    vectorizer = HashingVectorizer(analyzer="char", ngram_range=(1, 3), n_features=2**18, alternate_sign=False)
    fitted = frame["text"].head(N_FITTED)
    y = fitted.str.contains("回购|博主").to_numpy()
    model = LogisticRegression().fit(vectorizer.transform(fitted.to_list()), y)
    start = time.perf_counter()
    again = pl.read_parquet(source)
    probas = model.predict_proba(vectorizer.transform(again["text"].to_list()))[:, 1]
    again.select("comment_id", p_advert=pl.Series(probas)).write_parquet(source.with_name("plain.parquet"))
    return {"all": time.perf_counter() - start}


CONTENDERS: dict[str, Callable[[Path], Stages]] = {
    "zhenfen score comments": score_whole,
    "its model alone": score_stages,
    "scikit-learn hashed 1-3-grams": score_plainly,
}


def run_apart(name: str, source: Path) -> tuple[Stages, float]:
    """Seconds by stage and peak MB of a contender in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.score_comments", name, str(source)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    stages, peak = json.loads(done.stdout)
    return stages, peak


def main() -> None:
    """Print the table; with two arguments run one contender and print its figures."""
    if len(sys.argv) > 1:
        stages = CONTENDERS[sys.argv[1]](Path(sys.argv[2]))
        print(json.dumps([stages, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in.parquet"
        make_comments(source)
        print(f"{N_COMMENTS:,} comments\n{'':<32}{'seconds':>9}{'comments/s':>12}{'peak MB':>9}")
        for name in CONTENDERS:
            stages, peak = run_apart(name, source)
            seconds = sum(stages.values())
            print(f"{name:<32}{seconds:>9.1f}{N_COMMENTS / seconds:>12,.0f}{peak:>9.0f}")
            for stage, part in stages.items() if len(stages) > 1 else ():
                print(f"  {stage:<30}{part:>9.1f}{N_COMMENTS / part:>12,.0f}")


if __name__ == "__main__":
    main()
