"""`zhenfen serve` as a process: what it refuses to start with, and how it ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest
import typer
from typer.testing import CliRunner

from zhenfen.cli import serve as serve_cli
from zhenfen.errors import ConfigError
from zhenfen.service.jobs import JobStore, hold_folder
from zhenfen.service.server import is_loopback

app = typer.Typer()
app.command()(serve_cli.serve)
PROGRAM = [sys.executable, "-c", "from typer import run\nfrom zhenfen.cli.serve import serve\nrun(serve)"]


def refusal(folder: Path, *options: str) -> str:
    ran = CliRunner().invoke(app, ["--data", str(folder), "--keys", str(folder / "keys.json"), *options])
    assert isinstance(ran.exception, ConfigError), ran.output
    return str(ran.exception)


@pytest.mark.parametrize("options", [("--host", "0.0.0.0"), ("--host", "::"), ("--with-keys",)])
def test_without_a_key_nobody_else_is_served(tmp_path: Path, options: tuple[str, ...]) -> None:
    assert "expected at least one API key" in refusal(tmp_path, *options)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"127.0.0.1:{port}: cannot listen there" in refusal(tmp_path, "--port", str(port))


def test_a_folder_in_use_and_one_that_cannot_be_are_named(tmp_path: Path) -> None:
    with hold_folder(tmp_path / "data"):
        assert "another service works in this folder" in refusal(tmp_path / "data")
    (tmp_path / "file").write_text("")
    assert "cannot be used as the service's data folder" in refusal(tmp_path / "file" / "data")


def test_an_unknown_language_names_those_there_are(tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, ["--data", str(tmp_path), "--lang", "de"])
    assert ran.exit_code == 2
    assert all(f"'{one}'" in ran.output for one in ("zh", "en", "fr"))


def test_a_missing_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "uvicorn" else name)
    assert refusal(tmp_path) == "zhenfen serve needs uvicorn: pip install 'zhenfen[serve]'"


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True)]
    + [(host, False) for host in ("0.0.0.0", "::", "192.168.1.5", "example.org", "localhost.example.org", "")],
)
def test_only_loopback_addresses_are_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_it_answers_and_a_stop_ends_or_leaves_the_running_job(tmp_path: Path) -> None:
    command = [*PROGRAM, "--port", "0", "--data", str(tmp_path), "--lang", "fr"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert "Bureau et service" in line
            url = next(word for word in line.split() if word.startswith("http")).rstrip(".")
            with httpx2.Client(base_url=url, timeout=60) as client:
                assert client.get("/readyz").json()["ready"]
                answer = client.post("/v1/score/profiles", json={"rows": [{"profile_id": "a", "platform": "weibo"}]})
                assert answer.json()["n_rows"] == 1
                job = client.post("/v1/vet", content=b"x", headers={"content-type": "application/zip"})
                while client.get(job.headers["location"]).json()["state"] == "queued":
                    time.sleep(0.02)
        finally:
            process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors, errors
    left = JobStore(tmp_path / "jobs.sqlite").get(job.json()["job_id"])
    assert left is not None
    # A loaded machine may take longer than the grace to get as far as reading the export.
    assert (left.state, json.dumps(left.error).count("unreadable_body")) in [("failed", 1), ("queued", 0)]
