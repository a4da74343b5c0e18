"""The id of a result: a short hash over what was found and everything that it was found with."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from zhenfen.config import config_dir
from zhenfen.shelf import GROWTH, PANEL, find_file
from zhenfen.verdict.evidence import Findings

ID_CHARS = 16
SCORE = "score"
"""Key of the id among a report's versions."""
CONFIGS = ("connectors", "features", "platforms", "rules", "text", "verdict")
"""Folders of configs/ that scores depend on; the others are for training."""
TRAINED = {"features/growth.yaml": GROWTH, "verdict/panel.csv": PANEL}
"""What of the shelf counts among them, under the names it had there: so scores of before are still reproduced."""


def identify(findings: Findings) -> str:
    """ID_CHARS hexadecimal digits; the same tables, models, rules and moment give the same, and nothing else does.

    The language of a report and whether it shows names change nothing here.
    """
    versions = {name: value for name, value in findings.versions.items() if name != SCORE}
    about = json.dumps({"as_of": findings.as_of.isoformat(), "versions": versions}, sort_keys=True)
    parts = [about, *(frame.write_ndjson() for frame in (findings.creators, findings.findings, findings.evidence))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:ID_CHARS]


def hash_configs() -> str:
    """SHA-256 over the names and bytes of all configuration files, and of the shelf's, that scores depend on."""
    folder = config_dir()
    found = (path for name in CONFIGS for path in (folder / name).rglob("*") if path.is_file())
    files = {path.relative_to(folder): path for path in found}
    files |= {Path(name): find_file(artefact) for name, artefact in TRAINED.items()}
    lines = [f"{name.as_posix()} {hashlib.sha256(files[name].read_bytes()).hexdigest()}" for name in sorted(files)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
