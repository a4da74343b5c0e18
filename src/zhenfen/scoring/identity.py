"""The id of a result: a short hash over what was found and everything that it was found with."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from zhenfen.config import config_dir
from zhenfen.verdict.evidence import Findings

ID_CHARS = 16
SCORE = "score"
"""Key of the id among a report's versions."""
CONFIGS = ("connectors", "features", "platforms", "rules", "text", "verdict")
"""Folders of configs/ that scores depend on; the others are for training."""


def identify(findings: Findings) -> str:
    """ID_CHARS hexadecimal digits; the same tables, models, rules and moment give the same, and nothing else does.

    The language of a report and whether it shows names change nothing here.
    """
    versions = {name: value for name, value in findings.versions.items() if name != SCORE}
    about = json.dumps({"as_of": findings.as_of.isoformat(), "versions": versions}, sort_keys=True)
    parts = [about, *(frame.write_ndjson() for frame in (findings.creators, findings.findings, findings.evidence))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:ID_CHARS]


def hash_configs() -> str:
    """SHA-256 over the names and bytes of all configuration files that scores depend on."""
    folder = config_dir()
    files = sorted(path for name in CONFIGS for path in (folder / name).rglob("*") if path.is_file())
    lines = [f"{_name(path, folder)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()
