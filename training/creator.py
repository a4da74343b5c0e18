"""The creator model: simulate creators who buy and who do not, train, judge, track, and put on the shelf.

Run: python -m training.creator [--tracking-uri URI] [--with-outcomes TABLES OUTCOMES]
"""

from __future__ import annotations

import hashlib
import json
from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from training.card import make_table
from training.command import make_parser
from training.creator_fit import (
    CHALLENGER,
    FALSE_ALARMS,
    MIXTURE,
    MODEL,
    CreatorConfig,
    Floors,
    HeldOut,
    find_floors,
    find_line,
    fit_challenger,
    fit_evidence,
    is_shocked,
    read_families,
    score_by_roster,
    score_left_out,
    sum_parts,
)
from training.creator_judge import DOSES, compare_auc, count_found, detector_table, recall_table, show_share
from training.creators import make_rows
from training.evaluate import EVEN, calibration_error, measure
from training.fit import balance
from training.held_out import make_held_out
from training.injected import make_injected
from training.outcomes import Outcomes, judge_outcomes, read_outcomes
from training.recipe import Export, Recipe, run_command
from training.shelf import ROOT, find_domain, hash_file
from zhenfen.config import config_dir, read_config
from zhenfen.estimators.calibration import Calibration, fit_calibration
from zhenfen.estimators.creator_evidence import CreatorEvidence
from zhenfen.estimators.creator_model import CALIBRATION, COMBINATION, EVIDENCE, LINES, Combination, Lines
from zhenfen.estimators.manifest import ValidationCounts
from zhenfen.estimators.tail_scores import LEVELS
from zhenfen.model_store import Models, load_models
from zhenfen.shelf import PANEL, SIMULATION, TrainingSource, find_file
from zhenfen.verdict.panel import read_panel

Array = npt.NDArray[np.float64]

SURE = 0.01
"""Share of creators with an innocent shock that the line of the level "high" may reach."""
LARGE, LARGE_DOSES = ("0.1–0.25", "0.25–0.5"), (0.1, 0.5)


@dataclass(frozen=True)
class CreatorData:
    """What the model is made of and judged on.

    Attributes:
        rows: Simulated creators.
        injected: Real ones with purchases injected; they judge only.
        floors: What real data show.
    """

    rows: pl.DataFrame
    injected: pl.DataFrame
    floors: Floors


@dataclass(frozen=True)
class FittedCreators:
    """The evidence and its challenger, and scores by models that had not seen the row.

    Attributes:
        evidence: Of all who bought nothing.
        families: Family of evidence → tail score of each row, by this evidence.
        challenger: Trained on all rows, or on an agency's own creators.
        within: Rosters it had not seen.
        left_out: Manipulation → its rows beside creators who bought nothing; the challenger had not seen it.
        outcomes: What an agency's own creators showed, where there were any.
    """

    evidence: CreatorEvidence
    families: Mapping[str, Array]
    challenger: Combination
    within: HeldOut
    left_out: Mapping[str, HeldOut]
    outcomes: Outcomes | None


@dataclass(frozen=True)
class JudgedCreators:
    """What the model was judged on.

    Attributes:
        within: Rosters it had not seen.
        left_out: Manipulation → its rows beside creators who bought nothing; the challenger had not seen it.
        detector: Which of the scores is shelved: MODEL or CHALLENGER.
        combination: The same, of all rows.
        gain: AUC of the challenger less the mixture's with the kind never seen, and its 95 % interval.
        calibration: Fitted on `within`.
        injected: Real series and posts, as they are and with a purchase; by the model that is shelved.
        floors: What real data show.
        outcomes: What an agency's own creators showed, where there were any.
    """

    within: HeldOut
    left_out: Mapping[str, HeldOut]
    detector: str
    combination: Combination
    gain: tuple[float, float, float]
    calibration: Calibration
    injected: HeldOut
    floors: Floors
    outcomes: Outcomes | None

    def line(self, false_alarms: float) -> float:
        """Calibrated probability that at most this share of creators with an innocent shock reach."""
        scores = self.within.scores[self.detector][is_shocked(self.within.rows)]
        return float(self.calibration.apply(np.array([find_line(scores, false_alarms)]))[0])

    def lines(self) -> Lines:
        """The lines of the levels."""
        return Lines(elevated_from=round(self.line(FALSE_ALARMS), 4), high_from=round(self.line(SURE), 4))


@dataclass(frozen=True)
class CreatorRecipe(Recipe[CreatorConfig, CreatorData, FittedCreators, JudgedCreators]):
    """Evidence read off creators who bought nothing, and a challenger that has to beat its plain sum.

    Attributes:
        models: Panel and rules.
        own: Result of `outcomes.read_outcomes`, where an agency has outcomes: the challenger is trained on them.
    """

    models: Models
    own: pl.DataFrame | None = None

    def params(self) -> Mapping[str, Any]:
        """The configuration but for the evidence, which the card lists."""
        return self.config.model_dump(exclude={"evidence", "audience_share"})

    def data(self, folder: Path) -> tuple[CreatorData, list[TrainingSource]]:
        """The rows of all rosters, purchases injected onto real creators, and floors of real data."""
        config, models = self.config, self.models
        floors = find_floors(config.measurements, folder, models.levels.rules.lower_z)
        rows = simulate_creators(config, models)
        injected = pl.concat(make_injected(config.cast, folder, models, config.seed), how="diagonal_relaxed")
        simulation, panel = find_file(SIMULATION), find_file(PANEL)
        simulated = TrainingSource(
            source="simulated",
            rows=rows.height,
            sha256=hash_texts(map(hash_file, (simulation, config_dir() / "simulate_world.yaml"))),
            terms="our own simulation; parameters fitted on public data (models/simulation) and drawn widely around"
            " them (configs/simulate_world.yaml); both hashed here",
        )
        peers = TrainingSource(
            source="panel",
            rows=read_panel(panel).frame.height,
            sha256=hash_file(panel),
            terms="quantiles of public data, which no surprise goes beyond (models/panel, hashed here)",
        )
        return CreatorData(rows, injected, floors), [simulated, peers]

    def fit(self, data: CreatorData) -> FittedCreators:
        """Scores by roster and by manipulation left out, the evidence of all rows, and the challenger."""
        rows, config, own = data.rows, self.config, self.own
        within, left_out = score_by_roster(rows, config, data.floors), score_left_out(rows, config, data.floors)
        evidence = fit_evidence(rows, config, data.floors)
        families = read_families(evidence, rows)
        if own is None:
            everything = np.ones(rows.height, dtype=np.bool_)
            challenger = fit_challenger(families, rows, everything, config.challenger)
            return FittedCreators(evidence, families, challenger, within, left_out, None)
        outcomes = judge_outcomes(read_families(evidence, own), own, config.challenger, config.n_folds, config.seed)
        return FittedCreators(evidence, families, outcomes.combination, within, left_out, outcomes)

    def evaluate(self, data: CreatorData, fitted: FittedCreators) -> JudgedCreators:
        """Whether the challenger takes over, and the probabilities of the one that is shelved."""
        within, outcomes = fitted.within, fitted.outcomes
        if outcomes is None:
            gain = compare_left_out(fitted.left_out, self.config.seed)
        else:
            creators = np.arange(len(outcomes.labels))
            gain = compare_auc(outcomes.labels, outcomes.challenger, outcomes.mixture, creators, seed=self.config.seed)
        takes_over = gain[1] > 0
        combination = fitted.challenger if takes_over else MIXTURE
        if takes_over and outcomes is not None:
            # The agency's challenger has seen no simulated creator: all of them are held out.
            scores = {
                MODEL: sum_parts(MIXTURE, fitted.families),
                CHALLENGER: sum_parts(combination, fitted.families),
            }
            within = HeldOut(data.rows, scores)
        detector = CHALLENGER if takes_over else MODEL
        labels = within.rows["is_fake"].to_numpy()
        calibration = fit_calibration(within.scores[detector], labels, balance(within.rows), "platt")
        outside = sum_parts(combination, read_families(fitted.evidence, data.injected))
        return JudgedCreators(
            within,
            fitted.left_out,
            detector,
            combination,
            gain,
            calibration,
            HeldOut(data.injected, {detector: outside}),
            data.floors,
            outcomes,
        )

    def export(
        self, data: CreatorData, fitted: FittedCreators, judged: JudgedCreators, sources: Sequence[TrainingSource]
    ) -> Export:
        """Evidence, combination, map and lines; what the evidence reads is hashed."""
        line, config = judged.line(FALSE_ALARMS), self.config
        values = {
            EVIDENCE: fitted.evidence.to_dict(),
            COMBINATION: judged.combination.model_dump(),
            CALIBRATION: judged.calibration.to_dict(),
            LINES: judged.lines().model_dump(),
        }
        code = sorted((ROOT / "src" / "zhenfen" / "features").rglob("*.py"))
        metrics = {"recall_dose_10_to_50_left_out": find_recalls(judged)}
        return Export(
            files={name: partial(_write_json, values=one) for name, one in values.items()},
            manifest={
                "features": fitted.evidence.columns,
                "feature_code": hash_texts(map(hash_file, code)),
                "threshold": round(line, 4),
                "platforms": sorted(data.rows["platform"].unique()),
                "domain": find_domain(data.rows, tuple(config.measurements)),
                "validations": [_count(kind, judged.within, judged, line) for kind in judged.left_out],
                "validations_across": [_count(*one, judged, line) for one in judged.left_out.items()],
                "metrics": metrics,
            },
            sections=make_sections(judged, config),
            held=keep_scores(judged),
            metrics=metrics,
        )


def simulate_creators(config: CreatorConfig, models: Models, report: Any = print) -> pl.DataFrame:
    """The rows of all rosters."""
    parts = []
    for part in make_rows(config.cast, models, config.seed):
        parts.append(part)
        report(f"roster {len(parts)} of {config.cast.n_batches}: {part.height} creators", flush=True)
    return pl.concat(parts, how="diagonal_relaxed")


def compare_left_out(left_out: Mapping[str, HeldOut], seed: int) -> tuple[float, float, float]:
    """The challenger beside the mixture, each manipulation unknown to it, creators who bought nothing once a kind."""
    held = list(left_out.values())
    rows = pl.concat([one.rows.select("is_fake", "twin") for one in held])
    ours, theirs = (np.concatenate([one.scores[name] for one in held]) for name in (MODEL, CHALLENGER))
    labels, rosters = rows["is_fake"].to_numpy(), rows["twin"].rank("dense").cast(pl.Int64).to_numpy()
    return compare_auc(labels, theirs, ours, rosters, seed=seed)


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def make_sections(judged: JudgedCreators, config: CreatorConfig) -> Sequence[str]:
    """The card after the notes, as Markdown."""
    name = judged.detector
    by_dose = count_found(judged.left_out, "dose", DOSES)
    known = dict.fromkeys(judged.left_out, judged.within)
    covers = (*config.cast.camouflages, np.inf)
    rivals = "an agency's outcomes" if judged.outcomes else "kinds of purchase it had not seen"
    verdict = "takes over" if name == CHALLENGER else "does not take over"
    return (
        f"Lines: {judged.line(FALSE_ALARMS):.3f} (reached by 5 % of the creators with an innocent shock who bought"
        f" nothing), {judged.line(SURE):.3f} (by 1 %).",
        f"The challenger, a logistic regression over the families' tail scores, {verdict}: on {rivals} its AUC is"
        f" higher by {judged.gain[0]:+.3f} [{judged.gain[1]:+.3f}, {judged.gain[2]:+.3f}].",
        "## Found at 5 % false alarms, the manipulation never seen in training, by dose",
        recall_table(by_dose, name),
        "## Doses of .1 to .5 by real growth in the days of the purchase (times what was bought)",
        recall_table(count_found(judged.left_out, "camouflage", covers, LARGE_DOSES), name),
        "## Beside plain baselines, doses of .1 to .5",
        detector_table(by_dose, LARGE),
        "## Beside plain baselines, doses of .1 to .5, without real growth to cover them",
        detector_table(
            count_found(judged.left_out, "camouflage", covers, LARGE_DOSES), (f"{covers[0]:g}–{covers[1]:g}",)
        ),
        "## Found at 5 % false alarms, all manipulations known, by dose",
        recall_table(count_found(known, "dose", DOSES), name),
        "## Calibration on rosters never seen",
        calibration_table(judged),
        "## Real series and posts, as they are and with a purchase injected; never trained on",
        injected_table(judged),
        "## What real data show of each measurement: no value may claim to be rarer than it is there",
        floors_table(judged.floors),
        "Simulated creators, held out by roster; 95 % Wilson intervals. A dose is of the followers at the end of the"
        " purchase, or of the likes, views or comments the posts would have had.",
    )


def floors_table(floors: Floors) -> str:
    """The value that one in ten, in a hundred and in a thousand reach, and where that was seen, as Markdown."""
    at = [int(np.flatnonzero(level == LEVELS)[0]) for level in (1.0, 2.0, 3.0)]
    rows = (
        (name, *(f"{floor.value[place]:.3g}" for place in at), "; ".join(floor.sources))
        for name, floor in floors.items()
    )
    return make_table(("measurement (times its sign)", "1 in 10", "1 in 100", "1 in 1,000", "seen in"), rows)


def calibration_table(judged: JudgedCreators) -> str:
    """AUC, Brier score and calibration error with the manipulation known and unknown, as Markdown."""
    sets = {"all known": judged.within, **{f"{kind} unknown": one for kind, one in judged.left_out.items()}}
    rows = []
    for name, held in sets.items():
        labels, weight = held.rows["is_fake"].to_numpy().astype(np.float64), balance(held.rows)
        probas = judged.calibration.apply(held.scores[judged.detector])
        auc, _, _, brier = measure(labels, probas, weight, EVEN)
        error = calibration_error(labels, probas, weight)
        rows.append((name, *(f"{figure:.3f}" for figure in (auc, brier, error))))
    return make_table(("manipulations", "AUC", "Brier", "calibration error"), rows)


def injected_table(judged: JudgedCreators) -> str:
    """Part above the two lines by source and purchase, as Markdown."""
    rows = judged.injected.rows.with_columns(
        p=pl.Series(judged.calibration.apply(judged.injected.scores[judged.detector]))
    )
    lines = [judged.line(FALSE_ALARMS), judged.line(SURE)]
    groups = rows.group_by("source", pl.col("manipulation").fill_null("nothing"), maintain_order=True)
    table = (
        (*map(str, names), *(show_share(int((group["p"] > line).sum()), group.height) for line in lines))
        for names, group in groups
    )
    return make_table(("source", "bought", "above the 5 % line", "above the 1 % line"), table)


def _count(kind: str, held: HeldOut, judged: JudgedCreators, line: float) -> dict[str, Any]:
    flagged = judged.calibration.apply(held.scores[judged.detector]) > line
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


def find_recalls(judged: JudgedCreators) -> dict[str, float]:
    """Manipulation → share found at 5 % false alarms, doses of .1 to .5, the manipulation never seen."""
    counts = count_found(judged.left_out, "dose", DOSES).filter(detector=judged.detector)
    large = counts.filter(pl.col("slice").is_in(LARGE)).group_by("manipulation", maintain_order=True)
    return {kind: round(found / n, 4) for kind, found, n in large.agg(pl.col("n_found", "n").sum()).iter_rows()}


def hash_texts(texts: Iterable[str]) -> str:
    """SHA-256 of texts, a line each."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def keep_scores(judged: JudgedCreators) -> pl.DataFrame:
    """`held_out.SCHEMA`: rosters never seen (within); manipulations never seen (across), each a source of its own."""

    def make(held: HeldOut, source: str, *, is_known: bool) -> pl.DataFrame:
        probas = judged.calibration.apply(held.scores[judged.detector])
        rows = held.rows.with_columns(source=pl.lit(source))
        views = (probas, None) if is_known else (None, probas)
        return make_held_out(rows, ["creator_id"], pl.col("n_followers"), *views)

    unknown = (make(held, f"{kind} unknown", is_known=False) for kind, held in judged.left_out.items())
    return pl.concat((make(judged.within, "simulated", is_known=True), *unknown))


def make_recipe(options: Namespace) -> CreatorRecipe:
    """The recipe that was asked for.

    Raises:
        InputError: The outcomes cannot be used.
    """
    models = load_models()
    own = None
    if options.with_outcomes is not None:
        tables, outcomes = options.with_outcomes
        own = read_outcomes(tables, outcomes, models)
    return CreatorRecipe(read_config(config_dir() / "models" / "creator.yaml", CreatorConfig), models, own)


def main() -> None:
    """Read the options and run."""
    parser = make_parser("creator", __doc__)
    parser.add_argument(
        "--with-outcomes",
        nargs=2,
        type=Path,
        metavar=("TABLES", "OUTCOMES"),
        help="creators of one's own, and a CSV of creator_id and is_manipulated: the challenger is trained on them",
    )
    run_command(parser, make_recipe)


if __name__ == "__main__":
    main()
