"""A process that is killed while it writes a folder leaves nothing that the next one does not clear."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from zhenfen.files import check_replaceable, replace_folder

WRITE = """
import os, signal, sys
from pathlib import Path
from zhenfen.files import replace_folder

folder, moment = Path(sys.argv[1]), sys.argv[2]
die = lambda: os.kill(os.getpid(), signal.SIGKILL)
n_renames, rename = 0, Path.replace

def replace(self, target):
    global n_renames
    n_renames += 1
    if moment == f"before rename {n_renames}":
        die()
    return rename(self, target)

Path.replace = replace
with replace_folder(folder, lambda path: path.suffix == ".html") as partial:
    if moment == "empty":
        die()
    (partial / "index.html").write_text("half")
    if moment == "half":
        die()
    if moment == "alive":
        print("in", flush=True)
        sys.stdin.read()
"""
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no locks to know the dead by")


def is_ours(path: Path) -> bool:
    return path.suffix == ".html"


def run(folder: Path, moment: str) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", WRITE, str(folder), moment], env=environment, check=False)
    assert done.returncode == -9


def put(folder: Path, text: str) -> None:
    with replace_folder(folder, is_ours) as partial:
        (partial / "index.html").write_text(text)


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("moment", ["empty", "half", "before rename 1", "before rename 2"])
def test_the_next_clears_what_a_killed_one_left(tmp_path: Path, moment: str, *, is_first: bool) -> None:
    if is_first and moment == "before rename 2":
        pytest.skip("there is nothing to move aside")
    folder = tmp_path / "report"
    if not is_first:
        put(folder, "old")
    run(folder, moment)
    assert len(list(tmp_path.iterdir())) > (0 if is_first else 1)
    # One that fails gives back what there was; one that ends well stands alone.
    with pytest.raises(ValueError, match="no"), replace_folder(folder, is_ours):
        raise ValueError("no")
    left = {path.name: (path / "index.html").read_text() for path in tmp_path.iterdir()}
    assert left == ({} if is_first else {"report": "old"})
    put(folder, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
    assert (folder / "index.html").read_text() == "new"


def test_what_was_moved_aside_is_back_before_anybody_reads_it(tmp_path: Path) -> None:
    """`zhenfen import --into` checks, reads and joins, and then replaces: months of readings must not be left out."""
    folder = tmp_path / "report"
    put(folder, "months")
    run(folder, "before rename 2")
    assert not folder.exists()
    check_replaceable(folder, is_ours)
    assert (folder / "index.html").read_text() == "months"


def test_one_that_lives_and_what_is_somebodys_stay(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    for name in (".report-notes_12", ".report-abc", ".reports-abcdefgh", "report-abcdefgh"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.txt").write_text("mine")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", WRITE, str(folder), "alive"]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"in\n"
        before = {path.name for path in tmp_path.iterdir()}
        put(folder, "new")
        assert {path.name for path in tmp_path.iterdir()} == before | {"report"}
        process.stdin.close()
    assert process.returncode == 0
    assert (folder / "index.html").read_text() == "half"
