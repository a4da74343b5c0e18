"""A model of the shelf into the registry, and champion if the gate holds; or from the registry onto the shelf.

Run: python -m training.register NAME [--version N] [--export] [--tracking-uri URI]

Exit code 0: it is champion, or was exported. 4: registered, and the gate did not hold. 2: it cannot be done.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from training import gate, held_out
from training.card import make_table, read_notes
from training.command import end_with_errors
from training.packaging import SHELF, log_shelf, read_card
from training.shelf import hash_file
from training.tracking import default_uri
from zhenfen.config import config_dir, models_dir, read_config
from zhenfen.errors import ConfigError
from zhenfen.estimators.manifest import read_manifest
from zhenfen.estimators.shelved import load_folder, load_kinds
from zhenfen.files import replace_folder
from zhenfen.model_registry import (
    CHAMPION,
    HASH_TAG,
    LABEL_TAG,
    PREFIX,
    ModelReference,
    Registered,
    Registry,
    check_name,
)
from zhenfen.shelf import FILE_NAME

MOST_RUNS = 100
"""Runs of an experiment that are looked through for the one that made a folder, newest first."""
REFUSED = 4
TABLE, VERDICT_TAG = "gate.json", "gate"
STILL_THERE = (
    "It still lies on the shelf, whose newest version scores by default: remove its folder, or write the champion over"
    " it (--export)."
)


@dataclass(frozen=True)
class Outcome:
    """What came of a registration.

    Attributes:
        registered: The version.
        champion: The version it was judged against; None for none.
        checks: What was judged; none when it was champion already.
        is_champion: Whether it is champion now.
    """

    registered: Registered
    champion: Registered | None
    checks: Sequence[gate.Check]
    is_champion: bool


def register(folder: Path, uri: str, rules: gate.Gate) -> Outcome:
    """Register a shelf folder, judge it against the champion, and make it champion if the gate holds.

    The same folder is registered once: again, it is judged again.

    Raises:
        ConfigError: The store does not answer, a file was changed, no run of the store made the folder or kept held-out
            scores, or another promotion came in between.
    """
    manifest = read_manifest(folder)
    registry = Registry(uri)
    with registry.asking():
        run_id = find_run(registry, manifest.name, folder)
        challenger = gate.Contender(folder, _read_held(registry, run_id))
        champion = registry.champion(manifest.name)
        wanted = hash_file(folder / FILE_NAME)
        same = [one for one in registry.list_versions(manifest.name) if one.manifest_sha256 == wanted]
        registered = same[-1] if same else _add_version(registry, folder, run_id)
        if champion is not None and champion.version == registered.version:
            return Outcome(registered, champion, (), is_champion=True)
        judged_against = None
        if champion is not None:
            if champion.run_id is None:
                raise ConfigError(f"{champion}: expected the run that trained it")
            judged_against = gate.Contender(registry.fetch(champion), _read_held(registry, champion.run_id))
        checks = gate.judge(rules, manifest.name, challenger, judged_against)
        is_better = gate.may_promote(checks)
        # What the gate said stays with the run, the model and the version.
        _log_checks(registry, registered, checks)
        rows = [
            {name: None if isinstance(value, float) and np.isnan(value) else value for name, value in one.items()}
            for one in map(asdict, checks)
        ]
        registry.client.log_text(registered.run_id, json.dumps(rows, indent=1), f"gate/{registered.version}-{TABLE}")
        verdict = "holds" if is_better else "fails"
        registry.client.set_model_version_tag(PREFIX + registered.name, str(registered.version), VERDICT_TAG, verdict)
        if is_better:
            registry.promote(registered, champion.version if champion else None)
        return Outcome(registered, champion, checks, is_better)


def export(name: str, version: int | None, uri: str, shelf: Path) -> Path:
    """Write a registered version, the champion by default, to its place on the shelf; returns the folder.

    Raises:
        ConfigError: The store does not answer or has no such version, or the shelf cannot be written.
    """
    registry = Registry(uri)
    reference = ModelReference(check_name(name), version, None if version else CHAMPION)
    source = registry.fetch(registry.find(reference))
    manifest = read_manifest(source)
    own = {FILE_NAME, *manifest.files}
    folder = shelf / name / str(manifest.version)
    with replace_folder(folder, lambda path: path.name in own) as partial:
        for one in own:
            shutil.copyfile(source / one, partial / one)
    return folder


def find_run(registry: Registry, name: str, folder: Path) -> str:
    """The run that made a folder: the newest whose own copy of model.yaml is the same.

    Raises:
        ConfigError: None of the store's did.
    """
    experiment = registry.client.get_experiment_by_name(name)
    wanted = hash_file(folder / FILE_NAME)
    runs = (
        registry.client.search_runs([experiment.experiment_id], max_results=MOST_RUNS, order_by=["start_time DESC"])
        if experiment
        else []
    )
    kept = f"{SHELF}/{FILE_NAME}"
    for run in runs:
        run_id = str(run.info.run_id)
        if kept in {one.path for one in registry.client.list_artifacts(run_id, SHELF)}:
            with TemporaryDirectory() as place:
                if hash_file(Path(registry.client.download_artifacts(run_id, kept, place))) == wanted:
                    return run_id
    raise ConfigError(f"{folder}: expected a run of {registry.uri} that made it; train it: python -m training.{name}")


def show(outcome: Outcome) -> str:
    """The gate's table and what came of it, as Markdown."""
    rows = []
    for check in outcome.checks:
        ends = "" if check.low is None or check.high is None else f"{check.low:+.4f} to {check.high:+.4f}"
        value = "" if np.isnan(check.value) else f"{check.value:,.4g}"
        verdict = {True: "holds", False: "FAILS", None: "too few rows"}[check.passed]
        rows.append((check.what, check.where, value, ends, f"{check.limit:,g}", verdict))
    table = make_table(("check", "where", "value", "95 % interval", "limit", ""), rows)
    against = f"compared with {outcome.champion}" if outcome.champion else "there is no champion to compare with"
    verdict = "is champion" if outcome.is_champion else "is registered; the gate does not hold, the champion stays"
    parts = (table, f"{outcome.registered} {verdict} ({against})", *([] if outcome.is_champion else [STILL_THERE]))
    return "\n\n".join(parts)


def _read_held(registry: Registry, run_id: str) -> pl.DataFrame:
    path = f"{held_out.FOLDER}/{held_out.FILE}"
    if path not in {one.path for one in registry.client.list_artifacts(run_id, held_out.FOLDER)}:
        raise ConfigError(f"run {run_id}: expected {path}, which the gate compares by; train it again")
    with TemporaryDirectory() as place:
        return held_out.read_held_out(Path(registry.client.download_artifacts(run_id, path, place)))


def _log_checks(registry: Registry, registered: Registered, checks: Sequence[gate.Check]) -> None:
    """The gate's figures as metrics of the challenger's run and model: gate.<what>.<where>, ends and limits too."""
    from mlflow.entities import Metric

    assert registered.run_id is not None
    found = {
        f"gate.{check.what}{'.' * bool(check.where)}{check.where}{end}": value
        for check in checks
        for end, value in (("", check.value), (".low", check.low), (".high", check.high), (".limit", check.limit))
        if value is not None and not np.isnan(value)
    }
    logged = registry.client.get_run(registered.run_id).outputs.model_outputs
    model_id, now = (logged[0].model_id if logged else None), int(time.time() * 1000)
    metrics = [
        Metric(name, value, now, registered.version, model_id=model_id, run_id=registered.run_id)
        for name, value in found.items()
    ]
    registry.client.log_batch(registered.run_id, metrics)


def _add_version(registry: Registry, folder: Path, run_id: str) -> Registered:
    """Register the model that the run logged; one that logged none logs it now."""
    import mlflow

    manifest, wanted = read_manifest(folder), hash_file(folder / FILE_NAME)
    tags = {HASH_TAG: wanted, LABEL_TAG: load_folder(folder).version, "git_commit": manifest.git_commit}
    mlflow.set_tracking_uri(registry.uri)
    mlflow.set_registry_uri(registry.uri)
    logged = registry.client.get_run(run_id).outputs.model_outputs
    if logged:
        model_uri = f"models:/{logged[0].model_id}"
    else:
        with mlflow.start_run(run_id=run_id):
            model_uri = log_shelf(mlflow, folder)
    made = mlflow.register_model(model_uri, PREFIX + manifest.name, tags=tags)
    registry.client.update_registered_model(made.name, read_notes(manifest.name).partition("\n\n")[0])
    registry.client.update_model_version(made.name, made.version, read_card(folder))
    return registry.find(ModelReference(manifest.name, int(made.version)))


def _find_shelved(name: str, version: int | None) -> Path:
    folder = models_dir() / check_name(name)
    versions = sorted((int(path.name) for path in folder.glob("*") if path.name.isdigit()), reverse=True)
    wanted = version or next(iter(versions), None)
    if wanted not in versions:
        raise ConfigError(f"{folder}: expected version {wanted or 1}, found {versions or 'none'}")
    return folder / str(wanted)


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="python -m training.register", description=__doc__)
    parser.add_argument("name", choices=list(load_kinds()))
    parser.add_argument(
        "--version", type=int, metavar="N", help="of the shelf (default: newest); with --export, of the registry"
    )
    parser.add_argument(
        "--export", action="store_true", help="write a registered version (default: champion) to models/"
    )
    parser.add_argument(
        "--tracking-uri",
        default=default_uri(),
        metavar="URI",
        help="default: MLFLOW_TRACKING_URI, else mlflow.db of the checkout",
    )
    options = parser.parse_args()
    with end_with_errors(parser):
        if options.export:
            print(f"{export(options.name, options.version, options.tracking_uri, models_dir())}: written")
            return
        rules = read_config(config_dir() / "gate.yaml", gate.Gate)
        outcome = register(_find_shelved(options.name, options.version), options.tracking_uri, rules)
    print(show(outcome))
    if not outcome.is_champion:
        parser.exit(REFUSED)


if __name__ == "__main__":
    main()
