"""What MLflow serves gives the scores of everybody else: loaded, over HTTP, and in Spark."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest
from training.packaging import make_rows
from training.tracking import NOTE_TAG

from registry_builder import SHIPPED, Store
from zhenfen.estimators.manifest import read_manifest
from zhenfen.estimators.profile_model import load_profile_model
from zhenfen.scoring import score_profiles

if TYPE_CHECKING:
    from pyspark import SparkContext

pytestmark = pytest.mark.filterwarnings("ignore")
URI = "models:/zhenfen-audience/1"
AS_OF = "2026-06-01T00:00:00+00:00"


@pytest.fixture
def rows() -> pl.DataFrame:
    """Profiles, some with unknown counts and times."""
    whole = make_rows(read_manifest(SHIPPED), 60)
    thin = pl.int_range(pl.len()) % 3 == 0
    names = ("n_followers", "created_at", "has_avatar", "display_name")
    return whole.with_columns(pl.when(~thin).then(name).alias(name) for name in names)


@pytest.fixture
def expected(rows: pl.DataFrame) -> list[float]:
    scored = score_profiles(rows, load_profile_model(SHIPPED), datetime(2026, 6, 1, tzinfo=UTC))
    return scored["p_fake"].to_list()


@pytest.fixture
def mlflow(store: Store):
    import mlflow

    mlflow.set_tracking_uri(store.uri)
    mlflow.set_registry_uri(store.uri)
    return mlflow


def test_loaded_it_gives_the_same_scores(mlflow, rows: pl.DataFrame, expected: list[float]) -> None:
    model = mlflow.pyfunc.load_model(URI)
    assert model.predict(rows.to_pandas(), params={"as_of": AS_OF})["p_fake"].tolist() == expected
    signature = model.metadata.signature
    assert signature.inputs.required_input_names() == ["profile_id"]
    assert signature.outputs.input_names() == ["profile_id", "p_fake", "model", "out_of_domain"]
    assert model.metadata.saved_input_example_info is not None


def test_the_wheel_travels_with_the_model(store: Store) -> None:
    (place, *_) = sorted(store.files.rglob("MLmodel"))
    (wheel,) = (place.parent / "code").iterdir()
    assert wheel.suffix == ".whl"
    assert f"code/{wheel.name}" in (place.parent / "requirements.txt").read_text("utf-8").splitlines()
    with zipfile.ZipFile(wheel) as archive:
        assert {"zhenfen/__init__.py", "zhenfen/configs/gate.yaml"} <= set(archive.namelist())


def test_a_logged_model_is_named_after_what_it_is(mlflow) -> None:
    version = mlflow.MlflowClient().get_model_version("zhenfen-audience", "1")
    model = mlflow.get_logged_model(version.source.removeprefix("models:/"))
    assert model.name == "audience-1"
    assert model.model_type == "classifier of profiles"
    assert "# audience 2" in model.tags[NOTE_TAG]


def test_nothing_is_pickled(store: Store) -> None:
    suffixes = {path.suffix for path in store.files.rglob("*") if path.is_file()}
    assert not suffixes & {".pkl", ".pickle", ".joblib", ".skops", ".bin"}


def test_over_http_it_gives_the_same_scores(mlflow, rows: pl.DataFrame, expected: list[float]) -> None:
    pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient
    from mlflow.pyfunc.scoring_server import init

    sent = json.loads(rows.to_pandas().to_json(orient="split", date_format="iso"))
    sent.pop("index")
    with TestClient(init(mlflow.pyfunc.load_model(URI))) as client:
        reply = client.post("/invocations", json={"dataframe_split": sent, "params": {"as_of": AS_OF}})
    assert reply.status_code == 200, reply.text
    assert [row["p_fake"] for row in reply.json()["predictions"]] == expected


def test_over_http_what_cannot_be_used_is_named_without_a_stack_trace(mlflow) -> None:
    pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient
    from mlflow.pyfunc.scoring_server import init

    sent = {"columns": ["profile_id", "n_followers"], "data": [["a", 1], ["b", 1.5]]}
    with TestClient(init(mlflow.pyfunc.load_model(URI))) as client:
        reply = client.post("/invocations", json={"dataframe_split": sent})
    assert reply.status_code == 400
    assert "row 2, column n_followers" in reply.json()["message"]
    assert "Traceback" not in reply.text


def test_rows_that_cannot_be_used_are_named(mlflow, rows: pl.DataFrame) -> None:
    model = mlflow.pyfunc.load_model(URI)
    wrong = rows.with_columns(n_followers=pl.col("n_followers") + 0.5, created_at=pl.lit("yesterday"))
    with pytest.raises(Exception, match=r"row 2, column n_followers.*\n.*\n?.*created_at|created_at") as caught:
        model.predict(wrong.to_pandas())
    assert "n_followers" in str(caught.value)


def test_in_spark_it_gives_the_same_scores(mlflow, spark: SparkContext, rows: pl.DataFrame) -> None:
    from pyspark.sql import SparkSession, functions

    # Spark plans for a few rows, and hands times over in the session's zone.
    options = {"adaptive.enabled": "false", "codegen.wholeStage": "false", "session.timeZone": "UTC"}
    session = SparkSession(spark, options={f"spark.sql.{name}": value for name, value in options.items()})
    names = ["profile_id", "platform", "display_name", "n_followers", "n_following", "n_posts", "created_at"]
    score = mlflow.pyfunc.spark_udf(
        session, URI, result_type="p_fake double", env_manager="local", params={"as_of": AS_OF}
    )
    frame = session.createDataFrame(rows.select(names).to_arrow()).repartition(2)
    found = frame.select("profile_id", score(functions.struct(*names)).alias("s")).collect()
    alone = score_profiles(rows.select(names), load_profile_model(SHIPPED), datetime(2026, 6, 1, tzinfo=UTC))
    wanted = dict(alone.select("profile_id", "p_fake").iter_rows())
    assert {row.profile_id: row.s.p_fake for row in found} == wanted
