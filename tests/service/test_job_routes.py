"""Every route of a job, in every state, under whatever a client may ask: an answer of the service's form, no 500."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from app_builder import ZIP, open_client, wait_for
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from zhenfen.service.worker import REPORT, jobs_folder

REPORTS = (
    "import sys; from pathlib import Path; from zhenfen.service.jobs import JobStore\n"
    "data = Path(sys.argv[1]); job_id, _ = sys.stdin.readline().split(); job = data / 'jobs' / job_id\n"
    "store = JobStore(data / 'jobs.sqlite')\n"
    "if 'fails' in store.get(job_id).options['creator']: raise SystemExit(1)\n"
    "if 'waits' in store.get(job_id).options['creator']: import time; time.sleep(600)\n"
    "(job / 'report').mkdir(); (job / 'report' / 'index.html').write_text('<p>done</p>')\n"
    "store.finish(store.get(job_id), ['index.html', '../upload/export.zip'])\n"
)
"""Stands for a job: makes a report, which names a file that is none of a report's, fails, or goes on for ever."""
FORM = {"code", "text", "problems", "n_problems"}
HEADERS = st.dictionaries(
    st.sampled_from(["range", "if-range", "if-none-match", "accept", "if-modified-since", "content-type", "x-api-key"]),
    st.sampled_from(
        ["", "bytes=0-2", "bytes=-1", "bytes=9-1", "bytes=a", "bytes=99999-", "bytes=0-1,2-3", "*", "0", "é"]
    ),
    max_size=2,
)


@dataclass(frozen=True)
class Jobs:
    """A service with a job in every state.

    Attributes:
        client: Of the service.
        ids: Of the jobs.
    """

    client: TestClient
    ids: dict[str, str]


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    folder = tmp_path_factory.mktemp("jobs")
    with open_client(folder, program=(sys.executable, "-c", REPORTS)) as client:

        def begin(creator: str, *states: str) -> str:
            url = client.post("/v1/vet", params={"creator": creator}, content=b"x", headers=ZIP).headers["location"]
            if states:
                wait_for(client, url, *states)
            return url.rpartition("/")[2]

        ids = {"done": begin("a", "done"), "gone": begin("a", "done"), "failed": begin("fails", "failed")}
        ids |= {"running": begin("waits", "running"), "queued": begin("a"), "removed": begin("a")}
        assert client.delete(f"/v1/jobs/{ids['removed']}").status_code == 204
        # As while somebody removes it: the job is known, its files are not there.
        shutil.rmtree(jobs_folder(folder / "data") / ids["gone"] / REPORT)
        yield Jobs(client, ids)


@settings(max_examples=150, deadline=None)
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]),
    state=st.sampled_from(["done", "gone", "failed", "running", "queued", "removed", "odd"]),
    odd=st.text(max_size=40),
    name=st.none()
    | st.sampled_from(["index.html", "../upload/export.zip", "..", ".", "shortlist.csv"])
    | st.text(max_size=300),
    query=st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=2),
    headers=HEADERS,
)
@example(method="GET", state="gone", odd="", name="index.html", query={}, headers={})
@example(method="GET", state="done", odd="", name="../upload/export.zip", query={}, headers={})
@example(method="GET", state="done", odd="", name="..", query={}, headers={})
@example(method="GET", state="done", odd="", name=".", query={}, headers={})
@example(method="GET", state="odd", odd="\x00", name="\x00", query={"lang": "\x00"}, headers={})
def test_no_question_about_a_job_is_a_fault_of_ours(
    jobs: Jobs, *, method: str, state: str, odd: str, name: str | None, query: dict[str, str], headers: dict[str, str]
) -> None:
    job_id = jobs.ids.get(state, odd)
    # A job that answers is still there for the next question.
    method = "GET" if method == "DELETE" and state != "odd" else method
    # A client resolves dots before it asks; written as codes they reach the service, as from a client that does not.
    parts = [job_id] if name is None else [job_id, "report", name]
    path = "/v1/jobs/" + "/".join(quote(part, safe="").replace(".", "%2E") for part in parts)
    sent = {key: value.encode() for key, value in headers.items()}
    answer = jobs.client.request(method, path, params=query, headers=sent)  # type: ignore[arg-type]
    assert answer.status_code < 500, (method, path, answer.text)
    if answer.status_code >= 400 and not {"range"} & sent.keys() and method != "HEAD":
        assert set(answer.json()["error"]) == FORM
    if name is not None and answer.status_code == 200:
        assert (state, name) == ("done", "index.html")


@pytest.mark.parametrize(
    ("state", "status"),
    [("done", 200), ("gone", 404), ("failed", 404), ("running", 404), ("queued", 404), ("removed", 404)],
)
def test_a_report_is_there_when_its_job_is_done(jobs: Jobs, state: str, status: int) -> None:
    answer = jobs.client.get(f"/v1/jobs/{jobs.ids[state]}/report/index.html")
    assert answer.status_code == status
    assert (answer.text == "<p>done</p>") == (status == 200)
