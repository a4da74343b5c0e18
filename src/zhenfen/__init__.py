"""Zhenfen: how much of an influencer's audience and engagement is real, with evidence a person can check.

The names below are loaded on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from zhenfen.version import __version__

if TYPE_CHECKING:
    from zhenfen.connectors.importing import import_export as import_export
    from zhenfen.model_store import load_models as load_models
    from zhenfen.report.write import write_report as write_report
    from zhenfen.scoring import score as score
    from zhenfen.tables import Tables as Tables
    from zhenfen.tables import read_tables as read_tables
    from zhenfen.tables import write_tables as write_tables

_HOMES = {
    "Tables": "zhenfen.tables",
    "import_export": "zhenfen.connectors.importing",
    "load_models": "zhenfen.model_store",
    "read_tables": "zhenfen.tables",
    "score": "zhenfen.scoring",
    "write_report": "zhenfen.report.write",
    "write_tables": "zhenfen.tables",
}

__all__ = [
    "Tables",
    "__version__",
    "import_export",
    "load_models",
    "read_tables",
    "score",
    "write_report",
    "write_tables",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'zhenfen' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
