"""A batch run, top to bottom: list the input, prepare what one output needs of the others, make each output, record it.

An output is a file of scores: one for every file of rows (`rows.py`), or for every bucket of creators (`creators.py`).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Literal

from zhenfen.batch.engine import Engine, Task, Traffic
from zhenfen.batch.input_files import list_files
from zhenfen.batch.local_engine import LocalEngine
from zhenfen.batch.manifest import BatchRecord, hash_texts, open_manifest
from zhenfen.batch.rows import prepare_rows
from zhenfen.batch.stages import AROUND, BatchRun, Order, Output, models, place
from zhenfen.connectors.found_by import check_found_by
from zhenfen.errors import ConfigError
from zhenfen.estimators.shelved import find_kind_of
from zhenfen.progress import Progress, silent
from zhenfen.stores import is_address, name_place
from zhenfen.tables import PLATFORMS
from zhenfen.version import __version__

EngineName = Literal["local", "spark"]
SCORE, SCORES = "score", "scores"
"""Name of the step; folder of the work folder with outputs on their way to the folder of the scores."""


def open_engine(name: EngineName, n_workers: int) -> Engine:
    """The engine of that name; Spark is started by it.

    Raises:
        ConfigError: Spark is not installed or there is no Java.
    """
    if name == "local":
        return LocalEngine(n_workers)
    from zhenfen.batch.spark_engine import open_spark

    return open_spark(n_workers)


def score_folder(order: Order, engine: Engine, on_progress: Progress = silent) -> BatchRecord:
    """Score a folder into another; a run that was stopped is continued.

    Args:
        order: What is to be scored, and how.
        engine: Who does it; closed at the end.
        on_progress: Told of every task of every step.

    Returns:
        What the folder of the scores holds now; `set_aside` names the outputs that could not be made.

    Raises:
        InputError: There is nothing to score.
        ConfigError: An option, the model, the input's place or the folder of the scores cannot be used.
    """
    with closing(engine):
        # List.
        made_by = _check(order)
        files = list_files(order.source)
        with open_manifest(order.out, made_by) as manifest:
            # What another input or order left on the way is gone; what this one made before it was stopped is there.
            key = hash_texts(str(sorted(made_by.items())), *(f"{one.name} {one.fingerprint}" for one in files))
            work = manifest.scores.work / key
            _remove_folders(manifest.scores.work, but=work)
            work.mkdir(exist_ok=True)
            run = BatchRun(order, files, manifest, engine, work, on_progress)
            # Prepare.
            if order.kind == "creators":
                from zhenfen.batch.creators import prepare_creators

                outputs = prepare_creators(run)
            else:
                outputs = prepare_rows(run)
            # Make and record.
            if outputs:
                _make(run, outputs)
            manifest.save()
            _remove_folders(manifest.scores.work)
    return manifest


def _check(order: Order) -> Mapping[str, Any]:
    """Check the options; returns what the scores depend on beside the input, as the manifest says it."""
    if order.platform is not None and order.platform not in PLATFORMS:
        raise ConfigError(f"platform {order.platform!r}: expected one of {', '.join(PLATFORMS)}")
    check_found_by(order.found_by)
    if _is_within(str(order.out), order.source):
        raise ConfigError(f"{name_place(str(order.out))}: expected a folder outside of the one that is read")
    shelf = models()
    model = shelf.need(find_kind_of(order.kind))
    described = {"kind": order.kind, "zhenfen": __version__, "model": model.version}
    if order.kind == "creators":
        described = {**shelf.versions, **described}
    if order.brands is not None:
        described["brands"] = order.brands.version
    as_of = None if order.as_of is None else order.as_of.isoformat()
    told = {"platform": order.platform, "found_by": order.found_by}
    # Said where it was asked for alone, so that runs begun by earlier versions are gone on with.
    quick = {"quick": True} if order.is_quick else {}
    return {**described, **told, **quick, "as_of": as_of, "explain": order.explain}


def _is_within(out: str, source: str) -> bool:
    """Whether the next run would read the scores of this one."""
    if is_address(out) != is_address(source):
        return False
    if is_address(out):
        return f"{name_place(out).rstrip('/')}/".startswith(f"{name_place(source).rstrip('/')}/")
    return Path(out).resolve().is_relative_to(Path(source).resolve())


def _make(run: BatchRun, outputs: Sequence[Output]) -> None:
    """Make the outputs that are missing, of different tasks, and record each in the manifest as it is done."""
    missing = {one.task or one.name: one for one in outputs if not run.manifest.is_done(one.name, one.key)}
    tasks = [Task(name, partial(place, one.make, f"{SCORES}/{one.name}")) for name, one in missing.items()]
    traffic = Traffic(collected=(SCORES,), broadcast=(AROUND,))
    for outcome in run.map(SCORE, tasks, traffic, n_before=len(outputs) - len(missing)):
        output = missing[outcome.name]
        if outcome.error is not None:
            run.set_aside(output.name, output.key, outcome.error)
        else:
            rows, sha256 = outcome.value
            run.manifest.scores.keep(run.work / SCORES / output.name, output.name, sha256)
            run.manifest.record(output.name, output.key, rows=rows, sha256=sha256)


def _remove_folders(work: Path, but: Path | None = None) -> None:
    for one in work.iterdir():
        if one.is_dir() and one != but:
            shutil.rmtree(one, ignore_errors=True)
