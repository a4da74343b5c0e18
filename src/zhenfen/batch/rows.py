"""Profiles, comments and posts of a folder: an output, with the scores, for every file of the input."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path

from zhenfen.batch.engine import GROUPED, TEXTS, Task
from zhenfen.batch.input_files import InputFile, readable
from zhenfen.batch.manifest import hash_texts
from zhenfen.batch.row_files import (
    latest_in_profiles,
    normalise_comments_file,
    score_grouped_file,
    score_posts_file,
    score_profiles_file,
)
from zhenfen.batch.stages import BatchRun, Order, Output, models, place
from zhenfen.errors import MissingTableError, Problem
from zhenfen.estimators.comment_model import COMMENT
from zhenfen.estimators.post_model import POST
from zhenfen.estimators.profile_model import PROFILE

LOOK, NORMALISE, CLUSTER = "look", "normalise", "cluster"


def prepare_rows(run: BatchRun) -> list[Output]:
    """What there is to make of rows, an output a file: comments once all are grouped, others each by itself.

    Raises:
        ConfigError: Nothing can be written.
        MissingTableError: No file can be used.
    """
    run.manifest.keep_only({file.name for file in run.files})
    if run.order.kind == "comments":
        return _prepare_comments(run)
    as_of, what = run.order.as_of, []
    if run.order.kind == "profiles":
        if as_of is None:
            # Ages are counted at the latest time of all files together, as in one.
            moments, errors = run.collect(LOOK, [Task(one.name, partial(_find_latest, file=one)) for one in run.files])
            if not moments:
                known = [Problem(f"a part that can be used: {one}", name) for name, one in errors.items()]
                raise MissingTableError(known)
            as_of = max(moments.values())
        what = [as_of.isoformat()]
    make = partial(_score, order=run.order, as_of=as_of)
    return [Output(one.name, hash_texts(one.fingerprint, *what), partial(make, file=one)) for one in run.files]


def _prepare_comments(run: BatchRun) -> list[Output]:
    """Clusters are of all comments together: a file that changes changes all, and so does one that can be used now."""
    key = hash_texts(run.input_key, *(file.name for file in run.files))
    if all(run.manifest.is_done(file.name, key) for file in run.files):
        return []
    # What a run that was stopped has normalised need not be again.
    waiting = [file for file in run.files if not (run.work / TEXTS / file.name).exists()]
    tasks = [Task(one.name, partial(place, partial(_normalise, file=one), f"{TEXTS}/{one.name}")) for one in waiting]
    _, errors = run.collect(NORMALISE, tasks)
    usable = [file for file in run.files if file.name not in errors]
    key = hash_texts(run.input_key, *(file.name for file in usable))
    for name, error in errors.items():
        run.set_aside(name, key, error)
    if usable:
        run.on_progress(CLUSTER, 0, 1)
        run.engine.group([file.name for file in usable], run.work)
    return [Output(file.name, key, partial(_score, order=run.order, file=file)) for file in usable]


def _find_latest(work: Path, *, file: InputFile) -> datetime:
    with readable(file, work) as path:
        return latest_in_profiles(path)


def _normalise(out: Path, work: Path, *, file: InputFile) -> int:
    with readable(file, work) as path:
        return normalise_comments_file(path, out)


def _score(out: Path, work: Path, *, order: Order, file: InputFile, as_of: datetime | None = None) -> int:
    """On a worker: write the scores of one file; returns how many."""
    if order.kind == "comments":
        return score_grouped_file(work / GROUPED / file.name, out, models().need(COMMENT), explain=order.explain)
    if order.kind == "posts":
        with readable(file, work) as path:
            return score_posts_file(
                path,
                out,
                models().need(POST),
                platform=order.platform,
                explain=order.explain,
                is_quick=order.is_quick,
                brands=order.brands,
            )
    # Before the file is fetched: a shelf without the model is no fault of the file.
    model = models().need(PROFILE)
    with readable(file, work) as path:
        return score_profiles_file(path, out, model, platform=order.platform, as_of=as_of, explain=order.explain)
