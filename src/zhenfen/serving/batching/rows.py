"""Profiles, comments and posts of a folder: a file of scores for every file of the input."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from zhenfen.errors import MissingTableError, Problem
from zhenfen.serving.batching.engine import Task
from zhenfen.serving.batching.manifest import hash_texts
from zhenfen.serving.batching.parts import Part
from zhenfen.serving.batching.run import Order, Piece, Run, models, place, readable

LOOK, NORMALISE, CLUSTER = "look", "normalise", "cluster"


def score_rows(run: Run) -> None:
    """Score every part of the input, but those that are done.

    Raises:
        ConfigError: Nothing can be written.
        MissingTableError: No part can be used.
    """
    run.manifest.keep_only({part.name for part in run.parts})
    if run.order.kind == "comments":
        _score_comments(run)
    elif run.order.kind == "posts":
        _score_apart(run, partial(_make_posts, order=run.order, work=run.work))
    else:
        as_of = _find_moment(run)
        make = partial(_make_profiles, order=run.order, work=run.work, as_of=as_of)
        _score_apart(run, make, as_of.isoformat())


def _score_apart(run: Run, make: Callable[..., int], *what: str) -> None:
    """Score parts that have nothing to do with each other."""
    keys = {part.name: hash_texts(part.fingerprint, *what) for part in run.parts}
    run.make([Piece(part.name, keys[part.name], partial(make, part=part)) for part in run.parts])


def _find_moment(run: Run) -> datetime:
    """Ages are counted at the latest time of all parts together, as in one file."""
    if run.order.as_of is not None:
        return run.order.as_of
    moments, errors = run.prepare(LOOK, [Task(part.name, partial(_latest_of, part, run.work)) for part in run.parts])
    if not moments:
        raise MissingTableError([Problem(f"a part that can be used: {one}", name) for name, one in errors.items()])
    latest: datetime = max(moments.values())
    return latest


def _latest_of(part: Part, work: Path) -> datetime:
    from zhenfen.serving.batch import latest_in_profiles

    with readable(part, work) as path:
        return latest_in_profiles(path)


def _make_profiles(out: Path, *, order: Order, part: Part, work: Path, as_of: datetime | None) -> int:
    from zhenfen.serving.batch import score_profiles_file

    model = models().need_audience()
    with readable(part, work) as path:
        return score_profiles_file(path, out, model, platform=order.platform, as_of=as_of, explain=order.explain)


def _make_posts(out: Path, *, order: Order, part: Part, work: Path) -> int:
    from zhenfen.serving.batch import score_posts_file

    with readable(part, work) as path:
        return score_posts_file(path, out, models().need_post(), explain=order.explain)


def _score_comments(run: Run) -> None:
    """Clusters are of all comments together: a part that changes changes all."""
    key = run.input_key
    if all(run.manifest.is_done(part.name, key) for part in run.parts):
        return
    texts, grouped = run.work / "texts", run.work / "grouped"
    tasks = [
        Task(part.name, partial(place, partial(_normalise, part=part, work=run.work), texts / part.name, run.work))
        for part in run.parts
        if not (texts / part.name).exists()
    ]
    _, errors = run.prepare(NORMALISE, tasks)
    for name, error in errors.items():
        run.set_aside(name, key, error)
    names = [part.name for part in run.parts if part.name not in errors]
    if not all((grouped / name).exists() for name in names):
        run.tell(CLUSTER, 0, 1)
        run.engine.group(names, texts, grouped)
    make = partial(_make_comments, explain=run.order.explain)
    run.make([Piece(name, key, partial(make, grouped=grouped / name)) for name in names])


def _normalise(out: Path, *, part: Part, work: Path) -> int:
    from zhenfen.serving.batch import normalise_comments_file

    with readable(part, work) as path:
        return normalise_comments_file(path, out)


def _make_comments(out: Path, *, grouped: Path, explain: bool) -> int:
    from zhenfen.serving.batch import score_grouped_file

    return score_grouped_file(grouped, out, models().need_comment(), explain=explain)
