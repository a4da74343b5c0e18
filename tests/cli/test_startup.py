"""Starting must stay light: which libraries `import zhenfen` and `zhenfen --help` load."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer

from zhenfen.cli.main import COMMANDS
from zhenfen.simulate import simulate
from zhenfen.tables import write_tables

HEAVY = {
    "babel",
    "duckdb",
    "fastexcel",
    "fastapi",
    "jieba",
    "jinja2",
    "lightgbm",
    "mlflow",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "pyspark",
    "rjieba",
    "scipy",
    "sklearn",
    "torch",
    "transformers",
    "xlsxwriter",
}

ASK_EVERY_HELP = f"""
import json, sys
from zhenfen.cli.main import COMMANDS, app

commands = {{module for module, _ in COMMANDS.values()}}
loaded = {{}}
for name in ("--help", *COMMANDS):
    try:
        app([name] if name == "--help" else [name, "--help"])
    except SystemExit:
        pass
    loaded[name] = sorted(commands & set(sys.modules))
    for module in loaded[name]:
        del sys.modules[module]
loaded["libraries"] = sorted({{one.split(".")[0] for one in sys.modules}} & {HEAVY | {"typer"}})
sys.stderr.write(json.dumps(loaded))
"""

VET = """
import sys
from contextlib import suppress
from zhenfen.cli.main import app

with suppress(SystemExit):
    app(sys.argv[1:])
sys.stderr.write("\\n" + " ".join(sys.modules))
"""


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nsys.stderr.write(' '.join(sorted({{m.split('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_importing_the_package_loads_no_library() -> None:
    loaded = {name for name in loaded_by("import zhenfen") - loaded_by("") if name not in sys.stdlib_module_names}
    assert loaded == {"zhenfen"}


@pytest.mark.torch
def test_a_report_loads_no_package_that_takes_longer_than_itself(tmp_path: Path) -> None:
    """Python's torch, scipy's distributions and LightGBM: what is used of them is asked for in a lighter way."""
    write_tables(simulate(["engagement_pod"], 1).tables, tmp_path / "tables")
    command = ["vet", str(tmp_path / "tables"), "--out", str(tmp_path / "report")]
    done = subprocess.run([sys.executable, "-c", VET, *command], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.splitlines()[-1].split())
    # The encoder was asked, and what it is asked by is there.
    assert {"scipy.special", "tokenizers"} <= loaded
    assert not loaded & {"torch", "scipy.stats", "lightgbm", "sklearn", "pandas"}


def test_help_loads_nothing_heavy_and_a_command_no_other() -> None:
    """One process asks for every command's help; between two the modules of commands are forgotten."""
    done = subprocess.run([sys.executable, "-c", ASK_EVERY_HELP], capture_output=True, text=True, check=True)
    loaded = json.loads(done.stderr)
    assert loaded.pop("libraries") == ["typer"]
    assert loaded.pop("--help") == []
    assert loaded == {name: [module] for name, (module, _) in COMMANDS.items()}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_how_the_help_of_a_command_begins(name: str) -> None:
    module, line = COMMANDS[name]
    own = typer.main.get_command(import_module(module).app).help
    assert own is not None
    assert own.split("\n\n")[0] == line


def test_the_options_offer_what_the_tables_and_catalogues_know() -> None:
    """The command line spells them again, so that --help need not load the tables."""
    from zhenfen.cli.options import Frame, Lang
    from zhenfen.messages import LANGUAGES
    from zhenfen.tables import FRAMES

    assert tuple(Frame) == FRAMES
    assert tuple(Lang) == LANGUAGES


def test_the_public_names_are_there() -> None:
    import zhenfen

    for name in zhenfen.__all__:
        assert getattr(zhenfen, name) is not None
