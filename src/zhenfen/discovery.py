"""Modules that are found by their place: a family, a format, a model or a section is one new file, on no list."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache


@cache
def import_modules(package: str, suffix: str = "") -> None:
    """Import what lies in a package and below, so that classes which register themselves are known; once a process.

    Args:
        package: Its dotted name.
        suffix: End of the names of the modules that are meant; packages on the way are imported too.
    """
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if module.name.endswith(suffix):
            importlib.import_module(module.name)
