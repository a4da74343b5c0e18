"""The wheel by itself: built, installed without extras in a new environment, and used to vet the demonstration."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXTRAS = ("torch", "transformers", "mlflow", "fastapi", "pyspark")


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command in `cwd` and return what it printed; its errors stay visible."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def build_wheel(folder: Path) -> Path:
    """The project's wheel, built into `folder`."""
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=ROOT)
    return next(folder.glob("*.whl"))


def install(wheel: Path, folder: Path) -> Path:
    """A new environment in `folder` with the wheel and what it needs, at the locked versions."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    lock = ROOT / "requirements.lock"
    run(python, "-m", "pip", "install", "--quiet", "--constraint", lock, wheel, cwd=folder)
    return python


def main() -> None:
    """Build, install, import, vet; fail loudly where the bare package needs more than it says."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = install(build_wheel(folder), folder / "venv")
        have = run(python, "-m", "pip", "list", "--format=freeze", cwd=folder).lower()
        strangers = [extra for extra in EXTRAS if f"\n{extra}==" in have]
        if strangers:
            raise SystemExit(f"the bare install pulled {strangers}")
        run(python, "-c", "import zhenfen", cwd=folder)
        run(python.with_name("zhenfen"), "demo", "--out", folder / "demo", cwd=folder)
        if not (folder / "demo" / "index.html").is_file():
            raise SystemExit("the bare install wrote no report")
    print("bare install: imports and vets without extras")


if __name__ == "__main__":
    main()
