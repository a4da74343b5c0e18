"""How large things are in src: functions that tell one story, files one can read, names that mean one thing."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from parsed import parse

SRC = Path(__file__).parents[1] / "src" / "zhenfen"
LINES_OF_A_FILE = 500
LINES_OF_A_FUNCTION = 60
LINES_OF_NINE_IN_TEN_FUNCTIONS = 35
CALLED_ONCE_SHARE = 0.14
"""Private functions that are called once, at most, of all functions (the aim was .15): a reader who jumps through ten
names does not follow one thought. Lower it whenever the share has fallen; never raise it."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def files() -> list[Path]:
    return sorted(SRC.rglob("*.py"))


def functions_of(path: Path) -> Iterator[Function]:
    return (node for node in parse(path) if isinstance(node, Function))


def n_lines(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def test_no_file_is_long() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files()}
    assert {path: n for path, n in lengths.items() if n > LINES_OF_A_FILE} == {}


def test_functions_tell_one_story() -> None:
    functions = [(n_lines(one), path.name, one.name) for path in files() for one in functions_of(path)]
    lengths = sorted(n for n, _, _ in functions)
    assert [one for one in functions if one[0] > LINES_OF_A_FUNCTION] == []
    assert lengths[int(len(lengths) * 0.9)] <= LINES_OF_NINE_IN_TEN_FUNCTIONS


def test_few_private_functions_are_called_once() -> None:
    called_once, n_functions = [], 0
    for path in files():
        names = [one.name for one in functions_of(path)]
        n_functions += len(names)
        used = Counter(
            node.id if isinstance(node, ast.Name) else node.attr
            for node in parse(path)
            if isinstance(node, ast.Name | ast.Attribute)
        )
        private = (name for name in names if name.startswith("_") and not name.startswith("__"))
        called_once += [f"{path.relative_to(SRC)}: {name}" for name in private if used[name] == 1]
    share = len(called_once) / n_functions
    assert share <= CALLED_ONCE_SHARE, "\n".join([f"{share:.1%} are private and called once:", *called_once])


def test_a_name_of_a_class_stands_once() -> None:
    names = Counter(node.name for path in files() for node in parse(path) if isinstance(node, ast.ClassDef))
    assert {name: n for name, n in names.items() if n > 1} == {}
