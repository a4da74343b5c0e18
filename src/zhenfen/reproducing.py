"""What made a report, and the same scores once more, by its score id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zhenfen.config import models_dir
from zhenfen.errors import RegistryUnreachableError
from zhenfen.estimators.shelved import load_folder, load_kinds
from zhenfen.model_registry import Registry, registry_uri
from zhenfen.model_store import SHORT_HASH_CHARS, Models
from zhenfen.progress import Progress, silent
from zhenfen.scoring import score
from zhenfen.scoring.identity import SCORE, hash_configs, identify
from zhenfen.version import __version__
from zhenfen.vetting.options import read_export
from zhenfen.vetting.record import Record, hash_tables, recall
from zhenfen.vetting.vet import find_creators

TABLES = "tables"
MODEL_SUFFIX = "_model"
"""Of the names that `Models.versions` gives to models."""


@dataclass(frozen=True)
class ComparedPart:
    """One thing that scores depend on: what it was then, and what there is now (None: not there, or not looked at)."""

    name: str
    then: str
    now: str | None

    @property
    def is_same(self) -> bool:
        """Whether it is the same."""
        return self.then == self.now


@dataclass(frozen=True)
class Reproduced:
    """What came of scoring again.

    Attributes:
        record: What the id stands for.
        parts: Everything the scores depend on, then and now.
        score_id: Id of the new scores; None when a part differs and nothing was scored.
    """

    record: Record
    parts: tuple[ComparedPart, ...]
    score_id: str | None

    @property
    def is_same(self) -> bool:
        """Whether the scores are the same, every bit."""
        return self.score_id == self.record.score_id


def reproduce(score_id: str, models: Models, path: Path | None = None, on_progress: Progress = silent) -> Reproduced:
    """Score the export of a report again, with the very models that made it.

    Models that are not the newest by now are looked for on the shelf, then in the registry.

    Args:
        score_id: From the report's footer.
        models: The panel and rules to judge with; its models are replaced by those of the report.
        path: The export, where it is not where it was.
        on_progress: Told of every file and family.

    Raises:
        ConfigError: The id is unknown here.
        InputError: The export cannot be used.
    """
    record = recall(score_id)
    models = _with_models_of(record, models)
    around = {"zhenfen": __version__, "configs": hash_configs()[:SHORT_HASH_CHARS]}
    parts = compare_parts(record, {**models.versions, **around})
    read, export = ComparedPart(TABLES, record.tables_sha256[:SHORT_HASH_CHARS], None), path or Path(record.path)
    # Another package or rule may change nothing: that is seen once it has scored.
    is_whole = all(part.is_same for part in parts if part.name in models.versions or part.name.endswith(MODEL_SUFFIX))
    if not (is_whole and export.exists()):
        return Reproduced(record, (*parts, read), None)
    tables = read_export(export, record, on_progress)
    creators = find_creators(record.creators, tables) if record.creators else None
    # The id is of levels and measurements, which no detail changes.
    findings = score(tables, models, as_of=record.as_of, creators=creators, with_details=False, on_progress=on_progress)
    read = replace(read, now=hash_tables(tables)[:SHORT_HASH_CHARS])
    return Reproduced(record, (*compare_parts(record, findings.versions), read), identify(findings))


def compare_parts(record: Record, now: Mapping[str, str]) -> tuple[ComparedPart, ...]:
    """Every part of the record, and those that have come since, by name; a part that is new had no version."""
    names = sorted({*record.versions, *now} - {SCORE})
    return tuple(ComparedPart(name, record.versions.get(name, ""), now.get(name)) for name in names)


def _with_models_of(record: Record, models: Models) -> Models:
    wanted = {name: record.versions.get(name + MODEL_SUFFIX) for name in load_kinds()}
    found: dict[str, Any] = {}
    for name, version in wanted.items():
        current = models.shelved.get(name)
        if version is None or (current is not None and current.version == version):
            found[name] = current if version else None
        else:
            found[name] = next(_candidates(name, version), current)
    return models.with_models(**found)


def _candidates(name: str, version: str) -> Iterator[Any]:
    """The model whose scores bear `version`, from the shelf or the registry; nothing when neither has it."""
    number = version.partition(" ")[0].rpartition("/")[2]
    folder = models_dir() / name / number
    if number.isdigit() and folder.is_dir() and (shelved := load_folder(folder)).version == version:
        yield shelved
    try:
        registry = Registry(registry_uri())
        registered = [one for one in registry.list_versions(name) if one.scores_as == version]
    except RegistryUnreachableError:
        return
    yield from (load_folder(registry.fetch(one)) for one in registered)
