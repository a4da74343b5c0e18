"""A process that is killed while it writes a folder leaves nothing that the next one does not clear."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from zhenfen import files
from zhenfen.files import alone_in, check_replaceable, clear_killed, replace_folder, temporary_folder

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


@pytest.mark.parametrize("moment", ["mkdtemp", "flock"])
def test_a_folder_that_is_cleared_before_it_is_held_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Another process looks for leftovers between the making of a folder and its lock."""
    import fcntl

    place = files.tempfile if moment == "mkdtemp" else fcntl
    real, n_cleared = getattr(place, moment), 0

    def make_and_clear(*args, **options):
        nonlocal n_cleared
        made = real(*args, **options) if moment == "mkdtemp" else None
        found = [path for path in tmp_path.iterdir() if path.name.startswith(".report-")]
        if found and not n_cleared:
            n_cleared += 1
            clear_killed(tmp_path / "report", is_ours)
        return real(*args, **options) if moment == "flock" else made

    monkeypatch.setattr(place, moment, make_and_clear)
    put(tmp_path / "report", "new")
    assert n_cleared == 1
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
    assert (tmp_path / "report" / "index.html").read_text() == "new"


IN_TEMPORARY = """
import os, signal, sys, tempfile
from zhenfen.files import temporary_folder

tempfile.tempdir = sys.argv[1]
with temporary_folder() as folder:
    (folder / "export.csv").write_text("persons")
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_temporary_folders_of_dead_processes_are_cleared_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files.tempfile, "tempdir", str(tmp_path))
    # Somebody's own, which may be called like ours.
    for name in ("zhenfen-projects", "zhenfen-notes"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.txt").write_text("mine")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", IN_TEMPORARY, str(tmp_path)]
    options = {"env": environment, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **options) as dead, subprocess.Popen(command, **options) as alive:
        assert dead.stdout is not None
        assert alive.stdout is not None
        left, kept = (Path(one.readline().decode().strip()) for one in (dead.stdout, alive.stdout))
        dead.kill()
        dead.wait()
        assert (left / "export.csv").exists()
        with temporary_folder() as folder:
            assert list(folder.iterdir()) == []
            assert not left.parent.exists()
            assert (kept / "export.csv").exists()
        alive.communicate()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["zhenfen-notes", "zhenfen-projects"]


def test_one_that_was_made_and_not_yet_held_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files.tempfile, "tempdir", str(tmp_path))
    (tmp_path / "zhenfen-abcdefgh").mkdir()
    with temporary_folder() as folder, temporary_folder() as other, alone_in(tmp_path):
        assert folder.exists()
        assert other.exists()
        assert (tmp_path / "zhenfen-abcdefgh").exists()
