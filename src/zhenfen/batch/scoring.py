"""A batch run from its order to its manifest."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

from zhenfen.batch.engine import Engine
from zhenfen.batch.local_engine import LocalEngine
from zhenfen.batch.manifest import WORK, BatchRecord, hash_texts, open_manifest
from zhenfen.batch.parts import find_parts, is_address
from zhenfen.batch.rows import score_rows
from zhenfen.batch.run import BatchRun, Order, models
from zhenfen.connectors.found_by import check_found_by
from zhenfen.errors import ConfigError
from zhenfen.estimators.shelved import find_kind_of
from zhenfen.progress import Progress, silent
from zhenfen.tables import PLATFORMS
from zhenfen.version import __version__

EngineName = Literal["local", "spark"]


def open_engine(name: EngineName, n_workers: int) -> Engine:
    """The engine of that name; Spark is started by it.

    Raises:
        ConfigError: Spark is not installed or there is no Java.
    """
    if name == "local":
        return LocalEngine(n_workers)
    from zhenfen.batch.spark import open_spark

    return open_spark(n_workers)


def score_folder(order: Order, engine: Engine, on_progress: Progress = silent) -> BatchRecord:
    """Score a folder into another; a run that was stopped is continued.

    Args:
        order: What is to be scored, and how.
        engine: Who does it; closed at the end.
        on_progress: Told of every part of every step.

    Returns:
        What the folder of the scores holds now; `set_aside` names the parts that could not be scored.

    Raises:
        InputError: There is nothing to score.
        ConfigError: An option, the model, the input's place or the folder of the scores cannot be used.
    """
    with closing(engine):
        made_by = _describe(order)
        parts = find_parts(order.source)
        with open_manifest(order.out, made_by) as manifest:
            # What another input or order left on the way is gone; what this one made before it was stopped is there.
            key = hash_texts(str(sorted(made_by.items())), *(f"{part.name} {part.fingerprint}" for part in parts))
            work = order.out / WORK / key
            _remove_folders(order.out / WORK, but=work)
            work.mkdir(exist_ok=True)
            run = BatchRun(order, parts, manifest, engine, work, on_progress)
            if order.kind == "creators":
                from zhenfen.batch.creators import score_buckets

                score_buckets(run)
            else:
                score_rows(run)
            manifest.save()
            _remove_folders(order.out / WORK)
    return manifest


def _describe(order: Order) -> Mapping[str, Any]:
    """What the scores depend on beside the input; the options are checked on the way."""
    if order.platform is not None and order.platform not in PLATFORMS:
        raise ConfigError(f"platform {order.platform!r}: expected one of {', '.join(PLATFORMS)}")
    check_found_by(order.found_by)
    # A path has but one slash where an address has two.
    if ":/" in str(order.out):
        raise ConfigError(f"{order.out}: expected a folder; scores are written to folders, mounted ones among them")
    source = Path(order.source)
    if not is_address(order.source) and order.out.resolve().is_relative_to(source.resolve()):
        raise ConfigError(f"{order.out}: expected a folder outside of the one that is read")
    shelf = models()
    model = shelf.need(find_kind_of(order.kind))
    described = {"kind": order.kind, "zhenfen": __version__, "model": model.version}
    if order.kind == "creators":
        described = {**shelf.versions, **described}
    as_of = None if order.as_of is None else order.as_of.isoformat()
    told = {"platform": order.platform, "found_by": order.found_by}
    return {**described, **told, "as_of": as_of, "explain": order.explain}


def _remove_folders(work: Path, but: Path | None = None) -> None:
    for one in work.iterdir():
        if one.is_dir() and one != but:
            shutil.rmtree(one, ignore_errors=True)
