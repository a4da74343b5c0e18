"""The creator model: simulate creators who buy and who do not, train, judge, track, and put on the shelf.

Run: python -m training.creator [--tracking-uri URI] [--tune N]
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from training.card import make_table
from training.command import make_parser, show_trained
from training.creator_fit import (
    FALSE_ALARMS,
    MODEL,
    CreatorConfig,
    HeldOut,
    find_floors,
    find_line,
    fit_model,
    is_shocked,
    judge_unknown,
    score_by_roster,
    score_left_out,
)
from training.creator_judge import DOSES, calibration_error, count_found, detector_table, recall_table, show_share
from training.creators import make_rows
from training.datasets import data_dir
from training.evaluate import measure
from training.fit import balance
from training.held_out import make_held_out
from training.injected import make_injected
from training.publish import publish
from training.shelf import ROOT, Trained, find_domain, hash_file
from training.tracking import track
from training.tune import Chooser, Tuner, add_option, keep, load_spaces, with_lines
from zhenfen.config import config_dir, models_dir, read_config
from zhenfen.estimators.calibration import Calibration, fit_calibration
from zhenfen.estimators.creator_model import CALIBRATION, LINES, SURPRISE, TREES, Lines
from zhenfen.estimators.manifest import TrainingSource, ValidationCounts
from zhenfen.verdict.panel import Panel, read_panel

Array = npt.NDArray[np.float64]

EVEN = 0.5
SURE = 0.01
"""Share of creators with an innocent shock that the line of the level "high" may reach."""
LARGE, LARGE_DOSES = ("0.1–0.25", "0.25–0.5"), (0.1, 0.5)
NOTES = """\
P(something was bought), from the features of growth, engagement and comments that zhenfen measures. Trained on
simulated creators only; for a first look at a shortlist, never for a decision.

What the simulation cannot show:
- How many creators buy. Probabilities are calibrated to even shares of bought and not; they order and do not count.
- What sellers deliver today. The manipulations are those that are known from outside, with sizes and covers drawn.
- What nobody thought of: an innocent shock of another kind may look bought, another trick may not.
- Platforms beyond Weibo, Xiaohongshu, Douyin and Bilibili, and places among peers where no panel covers them.
"""


@dataclass(frozen=True)
class Judged:
    """What the model was judged on.

    Attributes:
        within: Rosters it had not seen, all manipulations known.
        left_out: Manipulation → the same with that manipulation unknown.
        calibration: Fitted on `within`.
        injected: Real series and posts, as they are and with a purchase; by the model that is shelved.
    """

    within: HeldOut
    left_out: Mapping[str, HeldOut]
    calibration: Calibration
    injected: HeldOut

    def line(self, false_alarms: float) -> float:
        """Calibrated probability that at most this share of creators with an innocent shock reach."""
        scores = self.within.scores[MODEL][is_shocked(self.within.rows)]
        return float(self.calibration.apply(np.array([find_line(scores, false_alarms)]))[0])

    def lines(self) -> Lines:
        """The lines of the levels."""
        return Lines(elevated_from=round(self.line(FALSE_ALARMS), 4), high_from=round(self.line(SURE), 4))


def ingest(config: CreatorConfig, panel: Panel, report: Any = print) -> pl.DataFrame:
    """The rows of all rosters."""
    parts = []
    for part in make_rows(config.cast, panel, config.seed):
        parts.append(part)
        report(f"roster {len(parts)} of {config.cast.n_batches}: {part.height} creators", flush=True)
    return pl.concat(parts, how="diagonal_relaxed")


def make_tuner(n_trials: int, config: CreatorConfig, panel: Panel) -> Tuner[CreatorConfig]:
    """The search of `--tune N`.

    Raises:
        ConfigError: See `tune.load_spaces`.
    """
    judge = partial(judge_unknown, floors=find_floors(panel, config.measurements))
    return Tuner(config.name, judge, load_spaces(n_trials).trees, n_trials, config.seed)


def train(
    rows: pl.DataFrame,
    injected: pl.DataFrame,
    config: CreatorConfig,
    panel: Panel,
    choose: Chooser[CreatorConfig] = keep,
) -> tuple[Trained, Judged]:
    """Split, fit, calibrate and evaluate; `choose` gives the configuration of every fit, also of those that judge."""
    floors = find_floors(panel, config.measurements)
    within = score_by_roster(rows, config, floors, choose)
    labels, scores = within.rows["is_fake"].to_numpy(), within.scores[MODEL]
    calibration = fit_calibration(scores, labels, balance(within.rows), "platt")
    model = fit_model(rows, choose(rows, config), floors)
    outside = HeldOut(injected, {MODEL: model.decision_function(injected)})
    judged = Judged(within, score_left_out(rows, config, floors, choose), calibration, outside)
    files = {
        TREES: model.classifier.save,
        SURPRISE: lambda path: _write_json(path, model.surprise.to_dict()),
        CALIBRATION: lambda path: _write_json(path, calibration.to_dict()),
        LINES: lambda path: _write_json(path, judged.lines().model_dump()),
    }
    return Trained(files, _describe(rows, judged, config), make_card(judged, config)), judged


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def make_card(judged: Judged, config: CreatorConfig) -> str:
    """The card as Markdown."""
    by_dose = count_found(judged.left_out, "dose", DOSES)
    known = dict.fromkeys(judged.left_out, judged.within)
    covers = (*config.cast.camouflages, np.inf)
    parts = (
        f"# {config.name} {config.version}",
        NOTES.strip(),
        f"Lines: {judged.line(FALSE_ALARMS):.3f} (reached by 5 % of the creators with an innocent shock who bought"
        f" nothing), {judged.line(SURE):.3f} (by 1 %).",
        "## Found at 5 % false alarms, the manipulation never seen in training, by dose",
        recall_table(by_dose, MODEL),
        "## Doses of .1 to .5 by real growth in the days of the purchase (times what was bought)",
        recall_table(count_found(judged.left_out, "camouflage", covers, LARGE_DOSES), MODEL),
        "## Beside plain baselines, doses of .1 to .5",
        detector_table(by_dose, LARGE),
        "## Beside plain baselines, doses of .1 to .5, without real growth to cover them",
        detector_table(
            count_found(judged.left_out, "camouflage", covers, LARGE_DOSES), (f"{covers[0]:g}–{covers[1]:g}",)
        ),
        "## Found at 5 % false alarms, all manipulations known, by dose",
        recall_table(count_found(known, "dose", DOSES), MODEL),
        "## Calibration on rosters never seen",
        calibration_table(judged),
        "## Real series and posts, as they are and with a purchase injected; never trained on",
        injected_table(judged),
        "Simulated creators, held out by roster; 95 % Wilson intervals. A dose is of the followers at the end of the"
        " purchase, or of the likes, views or comments the posts would have had.",
    )
    return "\n\n".join(parts) + "\n"


def calibration_table(judged: Judged) -> str:
    """AUC, Brier score and calibration error with the manipulation known and unknown, as Markdown."""
    sets = {"all known": judged.within, **{f"{kind} unknown": one for kind, one in judged.left_out.items()}}
    return make_table(
        ("manipulations", "AUC", "Brier", "calibration error"), (_calibrated(*one, judged) for one in sets.items())
    )


def _calibrated(name: str, held: HeldOut, judged: Judged) -> tuple[str, ...]:
    labels, weight = held.rows["is_fake"].to_numpy().astype(np.float64), balance(held.rows)
    probas = judged.calibration.apply(held.scores[MODEL])
    auc, _, _, brier = measure(labels, probas, weight, EVEN)
    return name, f"{auc:.3f}", f"{brier:.3f}", f"{calibration_error(labels, probas, weight):.3f}"


def injected_table(judged: Judged) -> str:
    """Part above the two lines by source and purchase, as Markdown."""
    rows = judged.injected.rows.with_columns(p=pl.Series(judged.calibration.apply(judged.injected.scores[MODEL])))
    lines = [judged.line(FALSE_ALARMS), judged.line(SURE)]
    groups = rows.group_by("source", pl.col("manipulation").fill_null("nothing"), maintain_order=True)
    table = (
        (*map(str, names), *(show_share(int((group["p"] > line).sum()), group.height) for line in lines))
        for names, group in groups
    )
    return make_table(("source", "bought", "above the 5 % line", "above the 1 % line"), table)


def _describe(rows: pl.DataFrame, judged: Judged, config: CreatorConfig) -> dict[str, Any]:
    """What model.yaml says, but for the files and where the code came from."""
    simulated = TrainingSource(
        source="simulated",
        rows=rows.height,
        sha256=hash_file(config_dir() / "simulate.yaml"),
        terms="our own simulation; its parameters were fitted on public data (configs/simulate.yaml, hashed here)",
    )
    line = judged.line(FALSE_ALARMS)
    return {
        "name": config.name,
        "version": config.version,
        "trained_on": [simulated.model_dump(), _panel_source().model_dump()],
        "features": tuple(config.measurements),
        "feature_code": _hash_features(),
        "threshold": round(line, 4),
        "training_share": EVEN,
        "platforms": sorted(rows["platform"].unique()),
        "domain": find_domain(rows, tuple(config.measurements)),
        "validations": [_count(kind, judged.within, judged.calibration, line) for kind in judged.left_out],
        "validations_across": [_count(*one, judged.calibration, line) for one in judged.left_out.items()],
        "metrics": _metrics(judged),
    }


def _panel_source() -> TrainingSource:
    path = config_dir() / "verdict" / "panel.csv"
    return TrainingSource(
        source="panel",
        rows=read_panel(path).frame.height,
        sha256=hash_file(path),
        terms="quantiles of public data, which no surprise goes beyond (configs/verdict/panel.csv, hashed here)",
    )


def _count(kind: str, held: HeldOut, calibration: Calibration, line: float) -> dict[str, Any]:
    flagged = calibration.apply(held.scores[MODEL]) > line
    bought = (held.rows["manipulation"] == kind).fill_null(value=False).to_numpy()
    genuine = (held.rows["is_fake"] == 0).to_numpy()
    return ValidationCounts(
        source=kind,
        platform="simulated",
        n_fake=int(bought.sum()),
        n_fake_flagged=int((bought & flagged).sum()),
        n_genuine=int(genuine.sum()),
        n_genuine_flagged=int((genuine & flagged).sum()),
    ).model_dump()


def _metrics(judged: Judged) -> dict[str, Any]:
    counts = count_found(judged.left_out, "dose", DOSES).filter(detector=MODEL)
    large = counts.filter(pl.col("slice").is_in(LARGE))
    return {
        "recall_dose_10_to_50_left_out": {
            kind: round(found / n, 4)
            for kind, found, n in large.group_by("manipulation", maintain_order=True)
            .agg(pl.col("n_found", "n").sum())
            .iter_rows()
        },
    }


def _hash_features() -> str:
    folder = ROOT / "src" / "zhenfen" / "features"
    hashes = "\n".join(hash_file(path) for path in sorted(folder.glob("*.py")))
    return hashlib.sha256(hashes.encode()).hexdigest()


def keep_scores(judged: Judged) -> pl.DataFrame:
    """`held_out.SCHEMA`: rosters never seen (within); manipulations never seen (across), each a source of its own."""

    def make(held: HeldOut, source: str, *, is_known: bool) -> pl.DataFrame:
        probas = judged.calibration.apply(held.scores[MODEL])
        rows = held.rows.with_columns(source=pl.lit(source))
        views = (probas, None) if is_known else (None, probas)
        return make_held_out(rows, ["creator_id"], pl.col("n_followers"), *views)

    unknown = (make(held, f"{kind} unknown", is_known=False) for kind, held in judged.left_out.items())
    return pl.concat((make(judged.within, "simulated", is_known=True), *unknown))


def run(config: CreatorConfig, folder: Path, shelf: Path, tracking_uri: str, *, n_trials: int = 0) -> Path:
    """One tracked training from the simulation to the shelf; returns the shelf's folder.

    Raises:
        ConfigError: The tracking store does not answer, or a folder cannot be written.
    """
    panel = read_panel(config_dir() / "verdict" / "panel.csv")
    tuner = make_tuner(n_trials, config, panel) if n_trials else None
    with track(config.name, tracking_uri) as tracked:
        tracked.log_params({**config.model_dump(exclude={"params"}), **asdict(config.params)})
        rows = ingest(config, panel)
        injected = pl.concat(make_injected(config.cast, folder, panel, config.seed), how="diagonal_relaxed")
        trained, judged = train(rows, injected, config, panel, tuner or keep)
        if tuner is not None:
            tracked.log_params({"tuned": tuner.to_params()})
            trained = with_lines(trained, tuner)
        tracked.set_sources([TrainingSource.model_validate(one) for one in trained.manifest["trained_on"]])
        return publish(tracked, trained, keep_scores(judged), trained.manifest["metrics"], shelf=shelf, place=config)


def main() -> None:
    """Read the options and run."""
    parser = make_parser("creator", __doc__)
    add_option(parser)
    options = parser.parse_args()
    config = read_config(config_dir() / "models" / "creator.yaml", CreatorConfig)

    def train_asked() -> Path:
        return run(config, data_dir(), models_dir(), options.tracking_uri, n_trials=options.tune)

    show_trained(parser, train_asked)


if __name__ == "__main__":
    main()
