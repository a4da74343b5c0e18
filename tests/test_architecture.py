"""The walls of the house: who may import whom, read from the source with `ast`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "zhenfen"

ROOMS: dict[str, set[str]] = {
    "version": set(),
    "moment": set(),
    "errors": set(),
    "progress": set(),
    "discovery": set(),
    "files": {"errors"},
    "memory": set(),
    "s3": set(),
    "stores": {"errors", "files", "s3"},
    "config": {"errors"},
    "shelf": {"config", "errors"},
    "places": {"config", "errors"},
    "messages": {"config", "errors"},
    "tables": {"errors", "files"},
    "text": {"config", "errors"},
    "connectors": {"discovery", "progress", "config", "errors", "files", "memory", "tables", "text"},
    "features": {"discovery", "config", "errors", "places", "shelf", "tables", "text"},
    "simulate": {"config", "errors", "shelf", "tables", "text"},
    "estimators": {"discovery", "config", "errors", "features", "moment", "shelf", "tables", "text"},
    "verdict": {"config", "errors", "estimators", "features", "files", "places", "tables", "text"},
    "model_registry": {"config", "errors", "estimators", "files", "shelf"},
    "model_store": {"config", "errors", "estimators", "model_registry", "shelf", "verdict"},
    "report": {"discovery", "progress", "config", "errors", "files", "messages", "places", "tables", "verdict"},
    "scoring": {
        "progress",
        "config",
        "errors",
        "estimators",
        "features",
        "model_store",
        "shelf",
        "tables",
        "text",
        "verdict",
        "version",
    },
    "monitoring": {
        "progress",
        "config",
        "errors",
        "estimators",
        "features",
        "files",
        "messages",
        "model_store",
        "report",
        "scoring",
        "shelf",
        "tables",
        "text",
        "verdict",
        "version",
    },
    "vetting": {
        "progress",
        "config",
        "connectors",
        "errors",
        "files",
        "messages",
        "model_store",
        "places",
        "report",
        "scoring",
        "simulate",
        "tables",
        "verdict",
    },
    "audit": {
        "connectors",
        "errors",
        "estimators",
        "features",
        "files",
        "messages",
        "model_store",
        "report",
        "scoring",
        "tables",
        "text",
        "vetting",
    },
    "template": {"files", "messages"},
    "model_listing": {"config", "errors", "estimators", "model_registry", "model_store", "shelf"},
    "outcomes": {"config", "connectors", "errors", "model_store", "progress", "scoring", "tables", "vetting"},
    "desk_cases": {
        "audit",
        "config",
        "connectors",
        "errors",
        "estimators",
        "files",
        "messages",
        "model_store",
        "moment",
        "places",
        "progress",
        "report",
        "scoring",
        "tables",
        "text",
        "verdict",
        "vetting",
    },
    "reproducing": {
        "progress",
        "config",
        "connectors",
        "errors",
        "estimators",
        "model_registry",
        "model_store",
        "scoring",
        "tables",
        "verdict",
        "version",
        "vetting",
    },
    "batch": {
        "progress",
        "connectors",
        "errors",
        "estimators",
        "features",
        "files",
        "memory",
        "model_store",
        "s3",
        "scoring",
        "stores",
        "tables",
        "text",
        "verdict",
        "version",
        "vetting",
    },
    "service": {
        "progress",
        "config",
        "connectors",
        "desk_cases",
        "errors",
        "estimators",
        "features",
        "files",
        "memory",
        "model_store",
        "moment",
        "report",
        "scoring",
        "tables",
        "text",
        "version",
        "vetting",
    },
    "desk": {
        "config",
        "connectors",
        "desk_cases",
        "errors",
        "files",
        "messages",
        "model_listing",
        "model_registry",
        "monitoring",
        "places",
        "report",
        "scoring",
        "service",
        "tables",
        "template",
        "vetting",
    },
    "cli": {
        "audit",
        "batch",
        "config",
        "connectors",
        "desk",
        "desk_cases",
        "errors",
        "estimators",
        "files",
        "messages",
        "model_listing",
        "model_registry",
        "model_store",
        "moment",
        "monitoring",
        "outcomes",
        "report",
        "reproducing",
        "service",
        "shelf",
        "stores",
        "tables",
        "template",
        "text",
        "verdict",
        "vetting",
    },
}
"""Room → the rooms it may import: the ground, the way of the data, the use cases that every door calls, the doors."""

GUARDED: dict[str, tuple[str, ...]] = {
    "mlflow": ("model_registry/client.py",),
    "torch": ("estimators/text_encoder.py",),
    "transformers": ("estimators/text_encoder.py",),
    "training": (),
    "datasketch": (),
    "pandas": (),
}
"""Library → the files of src that may import it."""


def imports_of(path: Path) -> Iterator[str]:
    """Everything imported, inside functions and for type checkers too; of names the dotted name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(path: Path) -> str:
    return path.relative_to(SRC).parts[0].removesuffix(".py")


def sources() -> list[Path]:
    return sorted(SRC.rglob("*.py"))


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(SRC)))
def test_a_room_imports_only_what_lies_below_it(path: Path) -> None:
    room = room_of(path)
    if room in ("__init__", "__main__"):
        return
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] == "zhenfen" and len(parts) > 1 and parts[1] != room:
            assert parts[1] in ROOMS[room], f"{path.relative_to(SRC)} imports {name}"


@pytest.mark.parametrize("library", GUARDED)
def test_a_guarded_library_stays_where_it_belongs(library: str) -> None:
    users = {str(p.relative_to(SRC)) for p in sources() if any(n.split(".")[0] == library for n in imports_of(p))}
    assert users <= set(GUARDED[library])


def test_the_rooms_are_a_ladder() -> None:
    """No two rooms can import each other, not even around a corner."""
    order = list(ROOMS)
    for room, below in ROOMS.items():
        assert all(order.index(one) < order.index(room) for one in below), room


def test_every_room_is_listed() -> None:
    assert {room_of(path) for path in sources()} <= {*ROOMS, "__init__", "__main__"}


def test_a_file_takes_its_final_name_in_one_place() -> None:
    """Paths are renamed in files.py alone: one argument, and no mapping of columns or values as polars has it."""
    renaming = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (*sources(), *sorted((ROOT / "training").rglob("*.py")))
        if path != SRC / "files.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and is_renaming(node)
    ]
    assert renaming == []


def is_renaming(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return False
    if ast.unparse(call.func) in ("os.replace", "os.rename", "shutil.move"):
        return True
    is_lone = len(call.args) == 1 and not call.keywords
    is_path = is_lone and isinstance(call.args[0], ast.Name | ast.Attribute | ast.BinOp)
    # A mapping that polars takes is a name as well, behind an expression.
    return is_path and call.func.attr in ("replace", "rename") and "pl.col" not in ast.unparse(call.func)


def test_no_files_import_each_other_in_a_circle() -> None:
    """Imports inside functions and for type checkers count as any other."""
    modules = {module_name(path): path for path in sources()}
    below = {}
    for name, path in modules.items():
        # A name is a file of the package, or stands in it.
        files = {one if one in modules else one.rpartition(".")[0] for one in imports_of(path)}
        below[name] = (files & modules.keys()) - {name}
    # What imports nothing that is left can be taken away; what remains at the end stands in a circle, or above one.
    while free := {name for name, needs in below.items() if not needs & below.keys()}:
        below = {name: needs for name, needs in below.items() if name not in free}
    assert below == {}


def module_name(path: Path) -> str:
    parts = path.relative_to(SRC.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
