"""Profiles, comments and posts of a folder: a file of scores for every file of the input."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from zhenfen.batch.engine import Task
from zhenfen.batch.manifest import hash_texts
from zhenfen.batch.parts import Partition
from zhenfen.batch.run import BatchRun, Order, Output, models, place, readable
from zhenfen.errors import MissingTableError, Problem

LOOK, NORMALISE, CLUSTER = "look", "normalise", "cluster"


def score_rows(run: BatchRun) -> None:
    """Score every part of the input, but those that are done.

    Raises:
        ConfigError: Nothing can be written.
        MissingTableError: No part can be used.
    """
    run.manifest.keep_only({part.name for part in run.parts})
    if run.order.kind == "comments":
        _score_comments(run)
    elif run.order.kind == "posts":
        _score_apart(run, partial(_make_posts, order=run.order))
    else:
        as_of = run.order.as_of
        if as_of is None:
            # Ages are counted at the latest time of all parts together, as in one file.
            moments, errors = run.prepare(LOOK, [Task(part.name, partial(_latest_of, part)) for part in run.parts])
            if not moments:
                known = [Problem(f"a part that can be used: {one}", name) for name, one in errors.items()]
                raise MissingTableError(known)
            as_of = max(moments.values())
        _score_apart(run, partial(_make_profiles, order=run.order, as_of=as_of), as_of.isoformat())


def _score_apart(run: BatchRun, make: Callable[..., int], *what: str) -> None:
    """Score parts that have nothing to do with each other."""
    keys = {part.name: hash_texts(part.fingerprint, *what) for part in run.parts}
    run.make([Output(part.name, keys[part.name], partial(make, part=part)) for part in run.parts])


def _latest_of(part: Partition, work: Path) -> datetime:
    from zhenfen.batch.row_files import latest_in_profiles

    with readable(part, work) as path:
        return latest_in_profiles(path)


def _make_profiles(out: Path, work: Path, *, order: Order, part: Partition, as_of: datetime | None) -> int:
    from zhenfen.batch.row_files import score_profiles_file
    from zhenfen.estimators.profile_model import PROFILE

    model = models().need(PROFILE)
    with readable(part, work) as path:
        return score_profiles_file(path, out, model, platform=order.platform, as_of=as_of, explain=order.explain)


def _make_posts(out: Path, work: Path, *, order: Order, part: Partition) -> int:
    from zhenfen.batch.row_files import score_posts_file
    from zhenfen.estimators.post_model import POST

    with readable(part, work) as path:
        return score_posts_file(path, out, models().need(POST), explain=order.explain)


def _score_comments(run: BatchRun) -> None:
    """Clusters are of all comments together: a part that changes changes all, and so does one that can be used now."""
    if all(run.manifest.is_done(part.name, _key_of(run, [one.name for one in run.parts])) for part in run.parts):
        return
    # What a run that was stopped has normalised need not be again.
    waiting = [part for part in run.parts if not (run.work / "texts" / part.name).exists()]
    tasks = [Task(part.name, partial(place, partial(_normalise, part=part), f"texts/{part.name}")) for part in waiting]
    _, errors = run.prepare(NORMALISE, tasks)
    names = [part.name for part in run.parts if part.name not in errors]
    key = _key_of(run, names)
    for name, error in errors.items():
        run.set_aside(name, key, error)
    if not names:
        return
    run.on_progress(CLUSTER, 0, 1)
    run.engine.group(names, run.work)
    run.make([Output(name, key, partial(_make_comments, name=name, explain=run.order.explain)) for name in names])


def _key_of(run: BatchRun, names: list[str]) -> str:
    return hash_texts(run.input_key, *names)


def _normalise(out: Path, work: Path, *, part: Partition) -> int:
    from zhenfen.batch.row_files import normalise_comments_file

    with readable(part, work) as path:
        return normalise_comments_file(path, out)


def _make_comments(out: Path, work: Path, *, name: str, explain: bool) -> int:
    from zhenfen.batch.row_files import score_grouped_file
    from zhenfen.estimators.comment_model import COMMENT

    return score_grouped_file(work / "grouped" / name, out, models().need(COMMENT), explain=explain)
