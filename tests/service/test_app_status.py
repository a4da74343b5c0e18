"""Health, models, metrics, and a description whose examples work."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from app_builder import build_service, open_client
from starlette.testclient import TestClient

from zhenfen.estimators.profile_model import PROFILE
from zhenfen.model_store import load_models
from zhenfen.service.errors import ErrorReply
from zhenfen.service.examples import ROWS_SHOWN, SCORES_SHOWN
from zhenfen.service.factory import make_app
from zhenfen.service.frames import JSON
from zhenfen.service.metrics import BUCKETS_S, Metrics

SAMPLE = re.compile(r'[a-z_]+(\{[a-z]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z]+="(?:[^"\\\n]|\\["\\n])*")*\})? [0-9.e+-]+')


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with open_client(tmp_path_factory.mktemp("status")) as one:
        yield one


def samples(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(SAMPLE.fullmatch(line) for line in lines), lines
    pairs = [line.rpartition(" ") for line in lines]
    assert len({name for name, _, _ in pairs}) == len(pairs)
    return {name: float(value) for name, _, value in pairs}


def test_the_examples_of_the_description_work(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    n_sent = 0
    for path, methods in described["paths"].items():
        body = methods.get("post", {}).get("requestBody", {"content": {}})
        for media_type, about in body["content"].items():
            if "example" in about:
                answer = client.post(path, json=about["example"], headers={"content-type": media_type})
                assert answer.status_code == 200, answer.text
                assert answer.json()["n_rows"] > 0
                n_sent += 1
    assert n_sent == 4


def breaches(schema: dict[str, Any], value: object) -> list[str]:
    """What of the JSON Schema that is used here `value` does not keep."""
    if "anyOf" in schema:
        found = [breaches(one, value) for one in schema["anyOf"]]
        return [] if [] in found else found[0]
    if value not in schema.get("enum", [value]):
        return [f"{value} of {schema['enum']}"]
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}
    kinds["null"] = type(None)
    if "type" in schema and not isinstance(value, kinds[schema["type"]]):
        return [f"{value} is no {schema['type']}"]
    if isinstance(value, list):
        return [breach for one in value for breach in breaches(schema["items"], one)]
    if isinstance(value, dict):
        known = schema.get("properties", {})
        odd = set(value) - set(known) if schema.get("additionalProperties") is False else set()
        missing = set(schema.get("required", ())) - set(value)
        return [*odd, *missing, *(one for name in known.keys() & value for one in breaches(known[name], value[name]))]
    return []


def test_the_examples_keep_their_own_schemas(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    bodies = [methods["post"]["requestBody"] for methods in described["paths"].values() if "post" in methods]
    answers = [methods["post"]["responses"]["200"] for path, methods in described["paths"].items() if "score" in path]
    shown = [one["content"][JSON] for one in [*bodies, *answers] if JSON in one["content"]]
    assert len(shown) == 8
    assert [breaches(one["schema"], one["example"]) for one in shown] == [[]] * 8
    profiles = shown[0]
    assert breaches(profiles["schema"], {"rows": [{"platform": "myspace", "nickname": 1}]})


def test_the_answers_shown_have_the_columns_of_answers(client: TestClient) -> None:
    for kind, body in ROWS_SHOWN.items():
        answer = client.post(f"/v1/score/{kind}", json=body).json()
        assert list(answer["rows"][0]) == list(SCORES_SHOWN[kind])


def test_every_route_describes_its_refusals_in_the_one_form(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    assert set(described["paths"]) >= {
        *(f"/v1/score/{kind}" for kind in ("profiles", "comments", "posts", "creators")),
        *("/v1/vet", "/v1/jobs/{job_id}", "/v1/models", "/healthz", "/readyz", "/metrics"),
    }
    for path, methods in described["paths"].items():
        for about in methods.values():
            for status, answer in about["responses"].items():
                if status >= "4" and path.startswith("/v1/"):
                    schema = answer["content"]["application/json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/ErrorReply"}, path
    refusal = client.post("/v1/score/profiles", content=b"").json()
    assert ErrorReply.model_validate(refusal).model_dump() == refusal


def test_the_rows_of_the_description_are_the_contracts(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    schema = paths["/v1/score/profiles"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    row = schema["properties"]["rows"]["items"]
    assert row["required"] == ["profile_id"]
    assert row["additionalProperties"] is False
    assert row["properties"]["platform"]["anyOf"][0]["enum"][0] == "weibo"


def test_models_are_those_that_score(tmp_path: Path) -> None:
    models = load_models()
    with open_client(tmp_path, models=models) as client:
        reply = client.get("/v1/models").json()
    assert reply["parts"] == dict(models.versions)
    audience = next(one for one in reply["models"] if one["name"] == "audience")
    assert audience["files"] == models.need(PROFILE).manifest.files
    assert audience["platforms"] == list(models.need(PROFILE).manifest.platforms)


def test_requests_and_rows_are_counted_by_route(client: TestClient) -> None:
    before = samples(client.get("/metrics").text)
    for _ in range(3):
        client.post("/v1/score/comments", json={"rows": [{"comment_id": "1", "text": "好"}] * 2})
    client.get("/v1/jobs/1'\"\\x")
    client.get("/no/such/path")
    after = samples(client.get("/metrics").text)

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert grown('zhenfen_requests_total{method="POST",route="/v1/score/comments",status="200"}') == 3
    assert grown('zhenfen_requests_total{method="GET",route="/v1/jobs/{job_id}",status="404"}') == 1
    assert grown('zhenfen_requests_total{method="GET",route="other",status="404"}') == 1
    assert grown('zhenfen_rows_scored_total{kind="comments",model="comment/0"}') == 6
    assert after["zhenfen_requests_open"] == 1
    assert after["process_resident_memory_bytes"] > 2**20


def test_buckets_hold_all_that_is_not_longer() -> None:
    metrics = Metrics()
    for seconds in (0.005, 0.006, 2, 1000):
        metrics.open_request()
        metrics.close_request("/", "GET", 200, seconds)
    found = samples(metrics.render({}))
    counts = [found[f'zhenfen_request_seconds_bucket{{le="{edge}",route="/"}}'] for edge in (*BUCKETS_S, "+Inf")]
    assert counts == sorted(counts)
    assert (counts[0], counts[1], counts[-2], counts[-1]) == (1, 2, 3, 4)
    assert found['zhenfen_request_seconds_count{route="/"}'] == 4
    assert found['zhenfen_request_seconds_sum{route="/"}'] == pytest.approx(1002.011)


def test_strangers_cannot_make_up_series(client: TestClient) -> None:
    before = len(samples(client.get("/metrics").text))
    for number in range(20):
        client.request(f"MADEUP{number}", f"/made/up/{number}")
    after = samples(client.get("/metrics").text)
    assert after['zhenfen_requests_total{method="other",route="other",status="404"}'] == 20
    assert len(after) - before <= 1 + len(BUCKETS_S) + 3


def test_a_label_is_escaped_and_threads_lose_nothing() -> None:
    metrics = Metrics()
    row = pl.DataFrame({"p_fake": [0.5]})

    def count() -> None:
        for _ in range(500):
            metrics.count_scored('a"\\\n', "m/1", row)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert samples(metrics.render({}))['zhenfen_rows_scored_total{kind="a\\"\\\\\\n",model="m/1"}'] == 2000


def test_a_service_whose_jobs_stand_still_is_not_ready(tmp_path: Path) -> None:
    service = build_service(tmp_path)
    idle = TestClient(make_app(service), "http://127.0.0.1")
    assert idle.get("/healthz").json() == {"status": "ok"}
    answer = idle.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["jobs"]) == (503, False)
    with idle:
        assert idle.get("/readyz").json()["ready"]


def test_what_an_address_takes_is_named(tmp_path: Path) -> None:
    with open_client(tmp_path) as client:
        answer = client.put("/v1/jobs/0")
        assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
        assert answer.headers["allow"] == "DELETE, GET"
        assert client.get("/v1/vet").headers["allow"] == "POST"
