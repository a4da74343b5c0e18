"""What tests share: a private home, the public data where it is there, and what the doors are tested with.

What is expensive to import is imported by the fixtures that need it: a test of one room loads that room alone.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cli_runner import Runner
    from pyspark import SparkContext
    from small_disk import SmallDisk

    from toy_models import ToyCreatorModel

ROOT = Path(__file__).parents[1]
MARK_OF_ROOM = {
    "batch": "service",
    "benchmark_scripts": "training",
    "model_registry": "training",
    "service": "service",
    "training_scripts": "training",
}
SLOW = ROOT / "tests" / "slow.txt"
"""Seconds and names of the test functions that take half a second and more, all their parameters together."""
SLOW_FROM = 0.5


@pytest.fixture(scope="module")
def kept() -> list[Any]:
    """What the first of a module's tests makes for the others (`made_once.keep_first`)."""
    return []


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of their own: pytest numbers its folders by listing those that are there, thousands of them."""
    return tmp_path_factory.mktemp("homes")


@pytest.fixture(autouse=True)
def _private_home(_homes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's own key."""
    monkeypatch.setenv("ZHENFEN_HOME", tempfile.mkdtemp(dir=_homes))


@pytest.fixture(scope="session", autouse=True)
def _texts_are_read_once() -> Iterator[None]:
    """Posts of the same tables have the same vectors: computing them takes most of a vetting's time.

    A test of the encoder itself loads another one for a second answer.
    """
    module = sys.modules.get("zhenfen.estimators.text_encoder")
    if module is None:  # No test of this run asks for it, and loading it takes longer than many a test.
        yield
        return
    from made_once import read_once

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.TextEncoder, "embed", read_once(module.TextEncoder.embed))
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-slow", action="store_true", help="write tests/slow.txt anew")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--write-slow") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Seconds())


class Seconds:
    """Adds up what each test function takes."""

    def __init__(self) -> None:
        self.by_function: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.by_function[name_function(report.nodeid)] += report.duration

    def pytest_sessionfinish(self) -> None:
        slow = (one for one in self.by_function.most_common() if one[1] >= SLOW_FROM)
        SLOW.write_text("".join(f"{seconds:.1f} {name}\n" for name, seconds in slow), encoding="utf-8")


def name_function(nodeid: str) -> str:
    """The test function of an item, without its parameters."""
    return nodeid.partition("[")[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sets the marks that `make quick` leaves out, by the room of a test and by what it took."""
    slow = {line.partition(" ")[2] for line in SLOW.read_text(encoding="utf-8").splitlines()}
    for item in items:
        room = item.path.relative_to(ROOT / "tests").parts[0]
        if room in MARK_OF_ROOM:
            item.add_marker(MARK_OF_ROOM[room])
        if name_function(item.nodeid) in slow:
            item.add_marker("slow")
        if item.get_closest_marker("torch") and find_spec("torch") is None:
            item.add_marker(pytest.mark.skip(reason="the encoder needs the extra `deep`"))
    items.sort(key=place_in_run)


def place_in_run(item: pytest.Item) -> tuple[bool, bool]:
    """Spark's tests first, for what takes longest must not begin last; and beside the rest of the registry's.

    The processes of pytest-xdist begin with a stretch of the list each: one of them starts Spark and fills a registry.
    """
    return "spark" not in getattr(item, "fixturenames", ()), "model_registry" not in item.path.parts


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The public data folder; skips where it is absent."""
    path = Path(os.environ.get("ZHENFEN_DATA", ROOT.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"public data not found at {path} (set ZHENFEN_DATA)")
    return path


@pytest.fixture
def by_letters_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of posts, of which no assertion of a test speaks, are not read by the encoder."""
    from zhenfen.estimators import post_model

    monkeypatch.setattr(post_model, "has_encoder", lambda: False)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk that can be filled."""
    from small_disk import mount_disk

    with mount_disk(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture
def zhenfen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    """The command line in this process."""
    from cli_runner import Runner

    return Runner(monkeypatch, capsys)


@pytest.fixture
def toy_creator(monkeypatch: pytest.MonkeyPatch) -> Iterator[ToyCreatorModel]:
    """The shelf with a creator model of two measurements."""
    from toy_models import ToyCreatorModel, put_creator
    from zhenfen.batch import stages

    model = ToyCreatorModel()
    put_creator(monkeypatch, model)
    # A batch reads the shelf once in a process: neither this one nor the next test's may be of the other.
    stages.models.cache_clear()
    yield model
    stages.models.cache_clear()


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkContext]:
    """One Spark of one worker for all tests: starting it takes long."""
    from zhenfen.batch import spark_engine

    if find_spec("pyspark") is None or spark_engine.find_java() is None:
        pytest.skip("needs pyspark and Java 17")
    with pytest.MonkeyPatch.context() as patch:
        # What starts takes the time: Java compiles for short runs, a task has one worker (and one that makes what it
        # reads), and what dies is begun twice.
        patch.setenv("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        patch.setattr(spark_engine, "MOST_FAILURES", 2)
        opened = spark_engine.open_spark(1)
    yield opened.context
    opened.close()


@pytest.fixture(scope="session")
def small_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tables of three simulated creators."""
    from zhenfen.simulate import simulate
    from zhenfen.tables import write_tables

    folder = tmp_path_factory.mktemp("simulated") / "tables"
    write_tables(simulate(["organic_small", "burst_buyer", "comment_farm"], seed=1).tables, folder)
    return folder


@pytest.fixture(scope="session")
def plain_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one creator in line with the peers: what would lower a level takes most of a vetting's time."""
    from zhenfen.simulate import simulate
    from zhenfen.tables import write_tables

    folder = tmp_path_factory.mktemp("plain") / "tables"
    write_tables(simulate(["organic_small"], seed=1).tables, folder)
    return folder


@pytest.fixture(scope="session")
def vetted(small_tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of these tables without options: a vetting takes seconds."""
    from made_once import make_once

    from zhenfen import model_store
    from zhenfen.vetting.options import VetOptions
    from zhenfen.vetting.vet import vet

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZHENFEN_HOME", str(tmp_path_factory.mktemp("home")))
        made = make_once(
            tmp_path_factory,
            "vetted",
            lambda folder: vet(small_tables, folder / "out", model_store.load_models(), VetOptions()),
        )
    return made / "out"
