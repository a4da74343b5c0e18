"""Starting must stay light: which libraries `import zhenfen` and `zhenfen --help` load."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {
    "babel",
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


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nsys.stderr.write(' '.join(sorted({{m.split('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_importing_the_package_loads_no_library() -> None:
    loaded = {name for name in loaded_by("import zhenfen") - loaded_by("") if name not in sys.stdlib_module_names}
    assert loaded == {"zhenfen"}


def test_help_loads_nothing_heavy() -> None:
    loaded = loaded_by("from zhenfen.cli.main import app\ntry:\n    app(['--help'])\nexcept SystemExit:\n    pass")
    assert "typer" in loaded
    assert not loaded & HEAVY


def test_the_options_offer_what_the_tables_and_catalogues_know() -> None:
    """The command line spells them again, so that --help need not load the tables."""
    from zhenfen.cli.main import Frame, Lang
    from zhenfen.messages import LANGUAGES
    from zhenfen.tables import FRAMES

    assert tuple(Frame) == FRAMES
    assert tuple(Lang) == LANGUAGES


def test_the_public_names_are_there() -> None:
    import zhenfen

    for name in zhenfen.__all__:
        assert getattr(zhenfen, name) is not None
