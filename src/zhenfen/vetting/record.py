"""What a score id stands for: a small record a report in the user's own folder."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from zhenfen.config import Strict, user_config_dir
from zhenfen.connectors.import_map import ImportMap
from zhenfen.errors import ConfigError
from zhenfen.files import write_secret
from zhenfen.scoring.identity import ID_CHARS, SCORE, identify
from zhenfen.tables import TABLES, Tables
from zhenfen.verdict.evidence import Findings
from zhenfen.vetting.options import VetOptions

NOT_FACTS = {"provenance", "unusable"}
"""Tables about the reading: a file's name is in them, and an export may be moved."""
_ID = re.compile(rf"[0-9a-f]{{{ID_CHARS}}}")


class Record(Strict):
    """What a score id stands for.

    Attributes:
        score_id: The id in the report's footer.
        as_of: Moment the data were read at.
        versions: Name → version and short hash of everything the scores depend on.
        tables_sha256: Of what was read from the export.
        path: Where the export was.
        creators: Ids the report was limited to; empty for all.
        frame: How the audience was sampled, where the user said so.
        platform: Platform of rows that name none, where the user said so.
        found_by: How creators were found, where the user said so.
        creator_name: Whose posts those are that name nobody, where the user said so.
        import_map: How sheets were read, where the user said so.
    """

    score_id: str
    as_of: datetime
    versions: dict[str, str]
    tables_sha256: str
    path: str
    creators: tuple[str, ...] = ()
    frame: str | None = None
    platform: str | None = None
    found_by: str | None = None
    creator_name: str | None = None
    import_map: ImportMap | None = None


def hash_tables(tables: Tables) -> str:
    """SHA-256 of what the tables say, not of the files they came from: tables that were edited are others."""
    whole = hashlib.sha256()
    for name in sorted(set(TABLES) - NOT_FACTS):
        whole.update(f"{name}\n{tables[name].write_ndjson()}".encode())
    return whole.hexdigest()


def remember(findings: Findings, tables: Tables, path: Path, options: VetOptions) -> str:
    """Keep what is needed to score again; returns the score id.

    Args:
        findings: What was found.
        tables: What was read from the export.
        path: The export.
        options: How it was read.

    Raises:
        ConfigError: The user's folder cannot be written.
    """
    score_id = identify(findings)
    kept = {name: value for name, value in asdict(options).items() if name in Record.model_fields}
    versions = {name: value for name, value in findings.versions.items() if name != SCORE}
    made = {"score_id": score_id, "as_of": findings.as_of, "versions": versions}
    read = {"tables_sha256": hash_tables(tables), "path": str(path.resolve())}
    record = Record.model_validate({**kept, **made, **read})
    target = _place(score_id)
    # Two runs over the same data have one id: each writes under a name of its own first.
    write_secret(target, record.model_dump_json(indent=1) + "\n")
    return score_id


def recall(score_id: str) -> Record:
    """What an id stands for.

    Raises:
        ConfigError: It is no id, or no report of this user's bears it.
    """
    if not _ID.fullmatch(score_id):
        raise ConfigError(f"score id {score_id!r}: expected {ID_CHARS} hexadecimal digits from a report's footer")
    path = _place(score_id)
    try:
        return Record.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"score id {score_id}: expected one of a report made here; {path} is not there") from None
    except (OSError, ValidationError) as error:
        raise ConfigError(f"{path}: expected the record of a report ({error})") from error


def forget(score_id: str, folder: Path) -> None:
    """Drop what an id stands for, where that lies in a folder that is deleted; another's record stays."""
    try:
        record = recall(score_id)
    except ConfigError:
        return
    if Path(record.path).is_relative_to(folder.resolve()):
        _place(score_id).unlink(missing_ok=True)


def _place(score_id: str) -> Path:
    return user_config_dir() / "scores" / f"{score_id}.json"
