"""The reference pages say what the code says, and the docs name only what there is."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from zhenfen.features.base import load_families

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "zhenfen"


def load_reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["tables.md", "features.md", "coverage.md", "commands.md"])
def test_the_reference_is_current(name: str) -> None:
    written = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert written == load_reference().PAGES[name](), "run: make docs"


@pytest.mark.parametrize("name", load_families())
def test_every_measurement_has_a_function_that_writes_it(name: str) -> None:
    family = load_families()[name]
    found = load_reference().find_functions(family)
    assert list(found) == [spec.name for spec in family.specs]
    for function in found.values():
        assert function.name in functions_of(function.file), function


@pytest.mark.parametrize(
    ("number", "file"),
    [
        ("`comments_template_share`", "features/comments/family.py"),
        ("a span's p value", "features/growth/scores.py"),
        ("an audience's share and its interval", "estimators/share.py"),
    ],
)
def test_a_stranger_finds_where_a_number_of_the_report_comes_from(number: str, file: str) -> None:
    page = (ROOT / "docs" / "reference" / "features.md").read_text(encoding="utf-8")
    (row,) = (line for line in page.splitlines() if line.startswith(f"| {number} |"))
    places = re.findall(r"`([\w/]+\.py)` `([\w.]+)`", row)
    assert places[0][0] == file
    for path, function in places:
        assert function in functions_of(path)


def functions_of(file: str) -> set[str]:
    """Names of the functions and methods of a file below src/zhenfen."""
    names = set()
    for node in ast.parse((SRC / file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.ClassDef):
            names.update(f"{node.name}.{one.name}" for one in node.body if isinstance(one, ast.FunctionDef))
    return names


def test_every_make_target_the_docs_name_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "docs" / "decisions.md"):
        named = set(re.findall(r"`make ([a-z-]+)`", path.read_text(encoding="utf-8")))
        assert named <= targets, path


def test_every_link_inside_the_docs_leads_somewhere() -> None:
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
