"""The encoder behind the linear classifier of adverts, on sources never seen and on known ones: does it earn its place?

Four fits of a few minutes each. Figures are on a draw of each source, at even shares, with 95 % intervals over
resampled comments (near-duplicates together); F1 and recall are at 1 % false alarms among the genuine lines of that
draw.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl
from training.card import show
from training.comment_fit import CommentConfig, EncoderConfig, draw_rows, fit_advert, with_encoder
from training.comments import load_comments, outside
from training.datasets import data_dir
from training.evaluate import evaluate
from training.split import Mask, make_folds

from benchmarks.comment_quality import LABELLED, MOST_FALSE_ALARMS
from zhenfen.config import config_dir, read_config
from zhenfen.estimators.cascade import CascadeClassifier

Array = npt.NDArray[np.float64]
STAGES = ("linear", "encoder", "cascade")
MOST_JUDGED = 2_500
"""Of a source and label: the encoder reads some 500 a second on a core."""
N_RESAMPLES = 200


def score_held_out(rows: pl.DataFrame, held: Mask, config: CommentConfig) -> pl.DataFrame:
    """A draw of the rows held out, with the log-odds of each stage by classifiers that had not seen them."""
    cascade = fit_advert(rows.filter(pl.Series(outside(rows, held))), config.advert, config.seed)
    assert isinstance(cascade, CascadeClassifier)
    judged = draw_rows(rows.filter(pl.Series(held)), MOST_JUDGED, config.seed)
    line = cascade.line.decision_function(judged["normalised"])
    start = time.perf_counter()
    encoder = cascade.encoder.decision_function(judged["normalised"])
    print(f"the encoder reads {judged.height / (time.perf_counter() - start):,.0f} comments a second", flush=True)
    asked = cascade.is_asked(line)
    blended = np.where(asked, line + cascade.blend * encoder, line)
    return judged.with_columns(
        linear=pl.Series(line), encoder=pl.Series(encoder), cascade=pl.Series(blended), is_asked=pl.Series(asked)
    )


def hold_sources(rows: pl.DataFrame) -> Iterator[Mask]:
    """The rows of each labelled source."""
    yield from ((rows["source"] == source).to_numpy() for source in LABELLED)


def hold_fold(rows: pl.DataFrame, config: CommentConfig) -> Mask:
    """One fold of the labelled sources, all of them at once."""
    is_labelled = rows["source"].is_in(LABELLED).to_numpy()
    held = np.zeros(rows.height, dtype=bool)
    _, held[is_labelled] = next(make_folds(rows.filter(pl.Series(is_labelled)), config.n_folds, config.seed))
    return held


def measure_recall(labels: npt.NDArray[np.int8], scores: Array) -> float:
    """Share of adverts above all but 1 % of the genuine rows."""
    return float((scores[labels == 1] > np.quantile(scores[labels == 0], 1 - MOST_FALSE_ALARMS)).mean())


def resample_gains(parts: list[pl.DataFrame], stage: str, seed: int) -> Iterator[float]:
    """What a stage adds to the linear classifier's recall, mean over the sources, on resampled groups of rows."""
    rng = np.random.default_rng(seed)
    grouped = [(part, part["twin"].rank("dense").to_numpy().astype(np.int64) - 1) for part in parts]
    for _ in range(N_RESAMPLES):
        gains = []
        for part, group in grouped:
            n_groups = int(group.max()) + 1
            often = np.bincount(rng.integers(0, n_groups, n_groups), minlength=n_groups)[group]
            rows = np.repeat(np.arange(part.height), often)
            labels = part["is_fake"].to_numpy()[rows]
            own, line = (measure_recall(labels, part[name].to_numpy()[rows]) for name in (stage, "linear"))
            gains.append(own - line)
        yield float(np.mean(gains))


def print_stages(title: str, parts: list[pl.DataFrame], seed: int) -> None:
    """A line a source and stage: AUC, AP, F1, recall."""
    print(f"{title:<26}{'stage':<10}{'AUC':<24}{'AP':<24}{'F1':<8}recall")
    for part in parts:
        for stage in STAGES:
            scores = part[stage].to_numpy()
            ((source, found),) = evaluate(part, scores, 0, seed).items()
            recall = measure_recall(part["is_fake"].to_numpy(), scores)
            f1 = 2 * recall / (1 + recall + MOST_FALSE_ALARMS)
            print(f"{source:<26}{stage:<10}{show(found['auc']):<24}{show(found['ap']):<24}{f1:<8.3f}{recall:.3f}")


def print_verdict(parts: list[pl.DataFrame], seed: int) -> None:
    """What each stage adds on average, and how many texts reach the encoder."""
    for stage in STAGES[1:]:
        own, line = (
            np.mean([measure_recall(part["is_fake"].to_numpy(), part[name].to_numpy()) for part in parts])
            for name in (stage, "linear")
        )
        low, high = np.quantile(list(resample_gains(parts, stage, seed)), (0.025, 0.975))
        print(f"recall, {stage} against linear, mean of the sources: {own - line:+.3f} [{low:+.3f}, {high:+.3f}]")
    shares = pl.concat(parts).group_by("source", "label", maintain_order=True).agg(pl.col("is_asked").mean())
    print("reach the encoder: " + ", ".join(f"{source} {label} {share:.1%}" for source, label, share in shares.rows()))


def main() -> None:
    """Print all tables."""
    models = config_dir() / "models"
    config = read_config(models / "comment.yaml", CommentConfig)
    config = with_encoder(config, read_config(models / "cascade.yaml", EncoderConfig))
    rows = load_comments(data_dir()).with_columns(is_fake=(pl.col("label") == "advert").cast(pl.Int8))
    unseen = [score_held_out(rows, held, config) for held in hold_sources(rows)]
    print_stages("source never seen", unseen, config.seed)
    print_verdict(unseen, config.seed)
    known = score_held_out(rows, hold_fold(rows, config), config)
    print_stages("source known", known.partition_by("source", maintain_order=True), config.seed)


if __name__ == "__main__":
    main()
