"""Two people who store labels at the same moment: nobody's are lost. Real processes, for the lock is the system's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from audit_builder import by_truth, draw, drawn_ids, fill, write_audience

from zhenfen.files import alone_in
from zhenfen.tables import read_tables

APPLY = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from audit_builder import estimate
from zhenfen.audit.loop import apply_labels

file, entered, until = map(Path, sys.argv[1:])

def slow(population, tables):
    # Between reading the tables and writing them: waits for the other one, who must not come so far.
    entered.touch()
    for _ in range(40):
        if until.exists():
            break
        time.sleep(0.05)
    return estimate(population, tables)

print(apply_labels(file, None, slow, datetime(2026, 11, 2, tzinfo=UTC)).labels.height)
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows lets everybody in")


def start(*arguments: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", APPLY, *map(str, arguments)]
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    while not path.exists():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)


def test_labels_of_two_who_store_at_once_are_all_there(tmp_path: Path) -> None:
    folder = write_audience(tmp_path / "tables")
    files = [draw(folder, tmp_path / f"{creator}.xlsx", creator=creator) for creator in ("c1", "c2")]
    for file in files:
        fill(file, by_truth)
    entered = [tmp_path / "entered 1", tmp_path / "entered 2"]
    first = start(files[0], entered[0], entered[1])
    wait_for(entered[0], first)
    second = start(files[1], entered[1], entered[1])
    told = [process.communicate() for process in (first, second)]
    assert [(process.returncode, out) for process, (out, _) in zip((first, second), told, strict=True)] == [
        (0, "100\n")
    ] * 2, told
    stored = read_tables(folder)["audit_labels"]
    for creator, file in zip(("c1", "c2"), files, strict=True):
        assert set(stored.filter(creator_id=creator)["profile_id"]) == set(drawn_ids(file))
    assert sorted(path.name for path in folder.iterdir()) == [
        "audience.parquet",
        "audit_labels.parquet",
        "creators.parquet",
    ]


def test_one_who_is_killed_keeps_nobody_out(tmp_path: Path) -> None:
    folder = write_audience(tmp_path / "tables")
    file = draw(folder, tmp_path / "a.xlsx")
    fill(file, by_truth)
    process = start(file, tmp_path / "entered", tmp_path / "never")
    wait_for(tmp_path / "entered", process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with alone_in(folder):
        pass
    assert "audit_labels.parquet" not in {path.name for path in folder.iterdir()}
