"""Write docs/reference/ (tables, features, coverage, commands) from the code; tests/test_docs.py keeps them current.

Run: make docs
"""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import zhenfen
from zhenfen.cli.terminal_panel import describe_row, list_gaps
from zhenfen.estimators.comment_model import CommentModel
from zhenfen.estimators.creator_model import CreatorModel
from zhenfen.estimators.post_model import PostModel
from zhenfen.estimators.prevalence import adjusted_count, prediction_powered, worst_case
from zhenfen.estimators.profile_model import ProfileModel
from zhenfen.estimators.share import estimate_share
from zhenfen.features.audience.patterns import find_patterns
from zhenfen.features.base import Family, load_families
from zhenfen.features.growth.scores import add_q_values, add_scores, p_values
from zhenfen.features.specs import FeatureSpec
from zhenfen.messages import Catalogue
from zhenfen.shelf import PANEL, find_file
from zhenfen.tables import TABLES, Column, TableSpec
from zhenfen.verdict.audience import decide_audience
from zhenfen.verdict.comments import estimate_kinds
from zhenfen.verdict.coverage import find_coverage
from zhenfen.verdict.creator import decide_creators
from zhenfen.verdict.levels import decide, rank, weigh
from zhenfen.verdict.panel import match_peers, read_panel
from zhenfen.verdict.rule_packs import check_rules

FOLDER = Path(__file__).parent / "reference"
SRC = Path(zhenfen.__file__).parent
_HEADS = "| feature | unit | concern | travels | meaning | source | computed in |"
DERIVED: dict[str, tuple[Callable[..., object], ...]] = {
    "an audience's share and its interval": (estimate_share, adjusted_count, worst_case, prediction_powered),
    "shares of a creator's comments by kind": (estimate_kinds,),
    "shares of an audience's patterns": (find_patterns,),
    "a span's points": (add_scores,),
    "a span's p value": (p_values,),
    "a span's q value": (add_q_values,),
    "P(fake) of a profile": (ProfileModel.predict_proba,),
    "P(advert), P(filler), P(stock praise) of a comment": (CommentModel.predict,),
    "P(sponsored-sounding), P(flagged as paid) of a post": (PostModel.predict,),
    "P(manipulated) of a creator": (CreatorModel.predict,),
    "what a measurement adds to P(manipulated)": (CreatorModel.contributions,),
    "a measurement's peers and their range": (match_peers,),
    "a measurement's points towards a level": (weigh,),
    "a family's level": (decide,),
    "the audience's level": (decide_audience,),
    "a creator's level": (decide_creators,),
    "a creator's place on the shortlist": (rank,),
    "marks of rule packs": (check_rules,),
}
"""Numbers of a report that no family measures → what computes each; of several, the first calls the others."""


class Function(NamedTuple):
    """A function of src.

    Attributes:
        file: Its path below src/zhenfen.
        name: Its name there, with its class.
    """

    file: str
    name: str

    def __str__(self) -> str:
        return f"`{self.file}` `{self.name}`"


def tables_page() -> str:
    """The tables contract."""
    lines = [
        "# Tables",
        "",
        "Times are UTC, ids are strings, counts are integers or null. Null is unknown, never zero.",
        "On disk: a folder of Parquet files with these names, or one SQLite or DuckDB file.",
    ]
    return "\n".join([*lines, *(line for spec in TABLES.values() for line in _table_lines(spec))]) + "\n"


def _table_lines(spec: TableSpec) -> Iterator[str]:
    yield from ("", f"## {spec.name}", "", f"Key: {', '.join(f'`{name}`' for name in spec.key)}.", "")
    yield from ("| column | type | needed | allowed |", "|---|---|---|---|")
    for column in spec.columns:
        needed = "yes" if column.name in spec.must_have else ""
        yield f"| `{column.name}` | {column.kind} | {needed} | {_allowed(column)} |"


def _allowed(column: Column) -> str:
    if column.choices:
        return ", ".join(column.choices)
    return f"0 to {column.high:g} {column.unit}" if column.high is not None else ""


def features_page() -> str:
    """Every feature of every family, and what computes each number of a report."""
    lines = [
        "# Features",
        "",
        "`concern` is the side of the peers' range that asks for a look; `none` is context and never counts.",
        "`travels`: peers of another platform, or of long ago, may stand beside it; all others need the creator's own.",
        "`computed in`: the file below `src/zhenfen`, and the function in it that writes the column.",
        *(line for family in load_families().values() for line in _family_lines(family)),
        "",
        "## Derived numbers",
        "",
        "What a report says beside the measurements.",
        "",
        "| number | computed in |",
        "|---|---|",
    ]
    for number, functions in DERIVED.items():
        places = (Function(f"{'/'.join(one.__module__.split('.')[1:])}.py", one.__qualname__) for one in functions)
        lines.append(f"| {number} | {', '.join(map(str, places))} |")
    return "\n".join(lines) + "\n"


def _family_lines(family: Family) -> Iterator[str]:
    yield from ("", f"## {family.name}", "", _HEADS, "|---|---|---|---|---|---|---|")
    functions = find_functions(family)
    for spec in family.specs:
        travels = "yes" if spec.travels else ""
        cells = (f"`{spec.name}`", spec.unit, spec.concern, travels, spec.meaning, spec.source, functions[spec.name])
        yield f"| {' | '.join(map(str, cells))} |"


def find_functions(family: Family) -> dict[str, Function]:
    """Feature → the function of the family's folder that writes its column, read from the source.

    A column is written as an argument's name, in `alias`, as the key of a mapping, or by assigning under its name,
    which may be a constant. Where no function spells the name out, it is the one with the f-string that makes it.

    Raises:
        LookupError: A feature that no function writes, or several.
    """
    folder = Path(sys.modules[type(family).__module__].__file__ or "").parent
    written = [
        (Function(str(path.relative_to(SRC)), name), pattern, is_exact)
        for path in sorted(folder.glob("*.py"))
        for name, function in _functions_of(ast.parse(path.read_text(encoding="utf-8")))
        for pattern, is_exact in _written_names(function, path)
    ]
    found = {}
    for spec in family.specs:
        hits = [(place, is_exact) for place, pattern, is_exact in written if re.fullmatch(pattern, spec.name)]
        exact = {place for place, is_exact in hits if is_exact}
        places = exact or {place for place, _ in hits}
        if len(places) != 1:
            raise LookupError(f"{spec.name} is written by {sorted(places) or 'no function'} of {folder.name}/")
        found[spec.name] = places.pop()
    return found


def _functions_of(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions and methods by qualified name, without those that describe a feature."""
    for node in tree.body:
        named = [(node.name, node)] if isinstance(node, ast.FunctionDef) else []
        if isinstance(node, ast.ClassDef):
            named = [(f"{node.name}.{one.name}", one) for one in node.body if isinstance(one, ast.FunctionDef)]
        for name, function in named:
            if function.returns is None or ast.unparse(function.returns) != FeatureSpec.__name__:
                yield name, function


def _written_names(function: ast.FunctionDef, path: Path) -> Iterator[tuple[str, bool]]:
    """Patterns of the columns that a function writes, and whether each is one name spelled out."""
    constants = vars(importlib.import_module(".".join(path.relative_to(SRC.parent).with_suffix("").parts)))
    for node in ast.walk(function):
        keys: list[ast.expr | None] = []
        if isinstance(node, ast.keyword) and node.arg:
            yield re.escape(node.arg), True
        elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            # The name of the family stands first.
            parts = (re.escape(str(one.value)) if isinstance(one, ast.Constant) else ".+" for one in node.values)
            yield "".join(parts), False
        elif isinstance(node, ast.Dict):
            keys = node.keys
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "alias":
            keys = [*node.args]
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            keys = [node.slice]
        for key in keys:
            name = constants.get(key.id) if isinstance(key, ast.Name) else getattr(key, "value", None)
            if isinstance(name, str):
                yield re.escape(name), True


def coverage_page() -> str:
    """What the shipped panel covers, as `zhenfen panel show` says it."""
    catalogue = Catalogue("en")
    coverage = find_coverage(read_panel(find_file(PANEL)))
    lines = [
        "# Coverage of the shipped panel",
        "",
        "Peers of a creator's platform and size. `zhenfen panel show` prints this table of any panel.",
        "",
        "| family | platform | followers | peers | measurements | serves | source · window · day |",
        "|---|---|---|---|---|---|---|",
    ]
    rows = (describe_row(row, catalogue) for row in coverage.iter_rows(named=True))
    gaps = (f"- {family}: {platforms}" for family, platforms in list_gaps(coverage, catalogue))
    head = ["", f"{catalogue.text('cli.panel.gaps')}:", ""]
    return "\n".join([*lines, *(f"| {' | '.join(row.values())} |" for row in rows), *head, *gaps]) + "\n"


def commands_page() -> str:
    """The command line's own help."""
    command = [sys.executable, "-m", "typer", "zhenfen.cli.main", "utils", "docs", "--name", "zhenfen"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.rstrip() + "\n"


PAGES = {
    "tables.md": tables_page,
    "features.md": features_page,
    "coverage.md": coverage_page,
    "commands.md": commands_page,
}


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(exist_ok=True)
    for name, make_page in PAGES.items():
        (FOLDER / name).write_text(make_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
