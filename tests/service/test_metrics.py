"""What Prometheus reads: scores, models and refusals; and that the dashboard and the alerts ask for what is there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from app_builder import open_client
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from starlette.testclient import TestClient

from zhenfen.config import read_yaml
from zhenfen.estimators.profile_model import PROFILE
from zhenfen.model_store import load_models
from zhenfen.service.metrics import Metrics
from zhenfen.service.score_counts import SCORE_EDGES

DOCS = Path(__file__).parents[2] / "docs"
NAME = re.compile(r"\b(?:(?:zhenfen|process)_\w+|up)\b")
SELECTOR = re.compile(r"([a-z_]+)\{([^}]*)\}")
LABEL = re.compile(r'([a-z_]+)(?:=~|!~|!=|=)"')
GIVEN_BY_PROMETHEUS = {"job", "instance"}
WEIBO = {"profile_id": "1", "platform": "weibo", "n_followers": 3, "n_following": 900, "n_posts": 20}
STRANGE = {**WEIBO, "n_followers": 10**9, "n_following": 10**9, "n_posts": 10**9}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with open_client(tmp_path, upload_bytes=100) as one:
        yield one


def read(text: str) -> list[Sample]:
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def find(samples: list[Sample], name: str, **labels: str) -> float:
    found = [one.value for one in samples if one.name == name and labels.items() <= one.labels.items()]
    assert found, (name, labels)
    return sum(found)


def test_each_reason_of_a_row_out_of_domain_has_its_count(client: TestClient) -> None:
    rows = [WEIBO, STRANGE, {**WEIBO, "platform": "kuaishou"}, {"profile_id": "4"}]
    answer = client.post("/v1/score/profiles?platform=douyin", json={"rows": rows}).json()
    assert [one["out_of_domain"] for one in answer["rows"]] == [False, True, True, True]
    client.post("/v1/score/posts", json={"rows": [{"post_id": "1", "text": "好"}, {"post_id": "2", "text": "好" * 20}]})
    samples = read(client.get("/metrics").text)
    for kind, reason, n in (("profiles", "platform", 2), ("profiles", "values", 1), ("posts", "length", 1)):
        assert find(samples, "zhenfen_rows_out_of_domain_total", kind=kind, reason=reason) == n


def test_a_row_without_a_score_is_counted_and_in_no_bin(client: TestClient) -> None:
    client.post(
        "/v1/score/comments", json={"rows": [{"comment_id": "1", "text": None}, {"comment_id": "2", "text": "好"}]}
    )
    samples = read(client.get("/metrics").text)
    assert find(samples, "zhenfen_rows_scored_total", kind="comments") == 2
    assert find(samples, "zhenfen_rows_not_assessed_total", kind="comments") == 1
    assert find(samples, "zhenfen_score_count", score="p_advert") == 1


def test_a_creator_without_a_level_is_not_assessed() -> None:
    metrics = Metrics()
    creators = pl.DataFrame({"level": ["low", "not_assessed"], "p_manipulated": [0.1, 0.2]})
    metrics.count_scored("creators", "creator/1", creators)
    metrics.count_scored("creators", "creator/1", creators.with_columns(level=pl.lit("low"), p_manipulated=None))
    assert find(read(metrics.render({})), "zhenfen_rows_not_assessed_total", model="creator/1") == 3


@pytest.mark.parametrize("n", [0, 1, 1000])
def test_bins_hold_all_that_is_not_larger(n: int) -> None:
    scores = np.random.default_rng(n).random(n).round(2)
    frame = pl.DataFrame({"p_fake": pl.Series(scores, dtype=pl.Float64)})
    metrics = Metrics()
    # In two requests as in one.
    for part in (frame.head(n // 3), frame.tail(n - n // 3)):
        metrics.count_scored("profiles", "audience/1", part)
    samples = read(metrics.render({}))
    for edge in SCORE_EDGES:
        assert find(samples, "zhenfen_score_bucket", le=str(edge)) == (scores <= edge).sum()
    assert find(samples, "zhenfen_score_bucket", le="+Inf") == find(samples, "zhenfen_score_count") == n
    assert find(samples, "zhenfen_score_sum") == pytest.approx(scores.sum())
    assert all(low < high for low, high in pairwise(SCORE_EDGES))


def test_models_and_parts_are_named_and_their_series_begin_at_0() -> None:
    models = load_models()
    samples = read(Metrics(models).render({}))
    model = models.need(PROFILE)
    shown = {one.labels["kind"]: one.labels for one in samples if one.name == "zhenfen_model_info"}
    assert f"{shown['profiles']['model']} {shown['profiles']['hash']}" == model.version
    parts = {one.labels["part"]: one.labels["version"] for one in samples if one.name == "zhenfen_part_info"}
    assert parts == dict(models.versions)
    for name in ("zhenfen_rows_scored_total", "zhenfen_rows_not_assessed_total", "zhenfen_rows_out_of_domain_total"):
        assert find(samples, name, kind="profiles", model=model.manifest.label) == 0
    assert find(samples, "zhenfen_score_count", score="p_fake") == 0


def test_a_refusal_is_counted_by_its_code_wherever_it_was_made(client: TestClient) -> None:
    client.post("/v1/vet", content=b"x" * 200, headers={"content-type": "application/zip"})
    client.post("/v1/vet", content=b"x", headers={"content-type": "text/plain"})
    client.post("/v1/score/comments", json={"rows": [{"comment": "1"}]})
    client.get("/v1/jobs/none")
    client.get("/healthz", headers={"host": "elsewhere.example"})
    client.get("/v1/models", headers={"host": "elsewhere.example"})
    samples = read(client.get("/metrics").text)
    refusals = {
        (one.labels["code"], one.labels["upload"]): one.value for one in samples if one.name == "zhenfen_refusals_total"
    }
    assert refusals == {
        ("body_too_large", "true"): 1,
        ("unknown_content_type", "true"): 1,
        ("invalid_table", "false"): 1,
        ("not_found", "false"): 1,
        ("unknown_host", "false"): 1,
    }


def test_no_label_holds_a_word_of_a_caller(client: TestClient) -> None:
    word = "shibboleth"
    client.post("/v1/score/profiles", json={"rows": [{"profile_id": word, "display_name": word, "bio": word}]})
    client.post("/v1/score/profiles", json={"rows": [{"profile_id": "1", "platform": word}]})
    client.post("/v1/score/comments", json={"rows": [{"comment_id": word, "text": word}]})
    client.post(f"/v1/vet?{word}=1", content=b"x", headers={"content-type": word})
    client.request(word.upper(), f"/{word}", headers={"x-api-key": word})
    assert word not in client.get("/metrics").text.lower()


def test_the_process_says_when_it_began_and_what_it_used(client: TestClient) -> None:
    samples = read(client.get("/metrics").text)
    assert find(samples, "process_start_time_seconds") > 10**9
    assert find(samples, "process_cpu_seconds_total") > 0
    assert find(samples, "zhenfen_waiting_limit", what="jobs") == 100
    assert find(samples, "zhenfen_scoring_open") == 0


def queries() -> list[str]:
    """Every query of the dashboard and of the alerts."""
    board = json.loads((DOCS / "grafana.json").read_text(encoding="utf-8"))
    shown = [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]
    marks = [one["expr"] for one in board["annotations"]["list"]]
    lists = [one["query"]["query"] for one in board["templating"]["list"] if one["type"] == "query"]
    alerts = [rule["expr"] for group in read_yaml(DOCS / "prometheus-rules.yml")["groups"] for rule in group["rules"]]
    return [*shown, *marks, *lists, *alerts]


def test_the_dashboard_and_the_alerts_ask_for_what_is_there(client: TestClient) -> None:
    client.post("/v1/score/profiles", json={"rows": [WEIBO]})
    client.get("/v1/jobs/none")
    labels: dict[str, set[str]] = {"up": set()}
    for one in read(client.get("/metrics").text):
        labels.setdefault(one.name, set()).update(one.labels)
    asked = set()
    for query in queries():
        plain = re.sub(r'"[^"]*"', '""', query)
        asked |= set(NAME.findall(plain))
        for name, chosen in SELECTOR.findall(query):
            assert set(LABEL.findall(chosen)) <= labels[name] | GIVEN_BY_PROMETHEUS, query
        for grouped in re.findall(r"(?:by|on) \(([^)]*)\)", plain):
            of = set.union(*(labels[name] for name in NAME.findall(plain)))
            assert {one.strip() for one in grouped.split(",")} <= of | GIVEN_BY_PROMETHEUS, query
    assert asked <= set(labels), asked - set(labels)
    # What is counted for drift and for an operator is looked at by somebody.
    ours = {name for name in labels if name.startswith("zhenfen_")} - {"zhenfen_requests_open"}
    assert ours - {"zhenfen_request_seconds_count", "zhenfen_request_seconds_sum"} <= asked


def test_every_query_is_whole() -> None:
    for query in queries():
        bare = re.sub(r'"[^"]*"', "", query)
        for left, right in ("()", "{}", "[]"):
            depth = np.cumsum([(sign == left) - (sign == right) for sign in bare])
            assert depth.min() >= 0, query
            assert depth[-1] == 0, query
        # A rate is of a counter over a window, and of nothing else.
        for name in re.findall(r"(?:rate|increase)\(([a-z_]+)\{[^}]*\}\[[^\]]+\]", query):
            assert re.search(r"_(total|bucket|count|sum)$", name), query
        assert len(re.findall(r"\b(?:rate|increase|delta|changes)\(", query)) == query.count("["), query


def test_edges_named_in_queries_are_edges() -> None:
    edges = {edge for query in queries() for edge in re.findall(r'le="([^"]+)"', query)}
    assert edges
    assert edges <= set(map(str, SCORE_EDGES))


def test_every_alert_says_what_and_what_to_do() -> None:
    groups = read_yaml(DOCS / "prometheus-rules.yml")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["annotations"]["do"].endswith(".")
        assert rule["labels"]["severity"] in ("page", "ticket")


def test_no_two_panels_overlap() -> None:
    panels = json.loads((DOCS / "grafana.json").read_text(encoding="utf-8"))["panels"]
    places = np.zeros((200, 24), dtype=int)
    for panel in panels:
        at = panel["gridPos"]
        places[at["y"] : at["y"] + at["h"], at["x"] : at["x"] + at["w"]] += 1
    assert places.max() == 1
    assert len({panel["id"] for panel in panels}) == len(panels)
