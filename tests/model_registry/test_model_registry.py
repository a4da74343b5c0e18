"""The registry: references, files that arrive unchanged, one champion at a time, and what happens when it is down."""

from __future__ import annotations

import errno
import logging
import shutil
import threading
from pathlib import Path

import pytest

from registry_builder import Store
from zhenfen.errors import ConfigError, RegistryUnreachableError
from zhenfen.estimators.manifest import read_manifest
from zhenfen.estimators.shelved import load_folder
from zhenfen.model_registry import (
    ModelReference,
    Registry,
    chosen_folders,
    parse_reference,
    registry_uri,
)
from zhenfen.model_registry import client as client_module
from zhenfen.model_registry.files import cache_dir
from zhenfen.shelf import FILE_NAME

pytestmark = pytest.mark.filterwarnings("ignore")
DOWN = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("models:/zhenfen-audience@champion", ModelReference("audience", alias="champion")),
        ("models:/zhenfen-post/12", ModelReference("post", version=12)),
    ],
)
def test_a_reference_is_read_and_spelled_back(uri: str, expected: ModelReference) -> None:
    assert parse_reference(uri) == expected
    assert str(expected) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "models/audience/1",
        "models:/audience@champion",
        "models:/zhenfen-audience",
        "models:/zhenfen-audience/0",
        "models:/zhenfen-audience/../../etc",
        "models:/zhenfen-audience@../../etc",
        "models:/zhenfen-../etc@champion",
        "models:/zhenfen-shoes@champion",
        "models:/zhenfen-audience@champion' OR '1'='1",
        "models:/zhenfen-audience@champion\n",
        "runs:/0123/model",
    ],
)
def test_anything_else_is_refused(uri: str) -> None:
    with pytest.raises(ConfigError, match="expected models:/zhenfen-NAME@ALIAS"):
        parse_reference(uri)


def test_the_store_is_the_one_chosen_then_the_environment_then_the_file_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert registry_uri() is None
    (tmp_path / "mlflow.db").touch()
    assert registry_uri() == "sqlite:///mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://a")
    assert registry_uri() == "http://a"
    assert registry_uri("http://c") == "http://c"


def test_a_folder_arrives_byte_for_byte_and_is_fetched_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = store.registry()
    found = registry.find(parse_reference("models:/zhenfen-audience/2"))
    folder = registry.fetch(found)
    wanted = store.folders[1]
    names = {FILE_NAME, *read_manifest(wanted).files}
    assert {path.name for path in folder.iterdir()} == names
    assert all((folder / name).read_bytes() == (wanted / name).read_bytes() for name in names)
    assert load_folder(folder).version == found.scores_as
    monkeypatch.setattr(Registry, "_download", lambda *_: pytest.fail("asked again"))
    assert registry.fetch(found) == folder


@pytest.mark.parametrize("name", ["shared.txt", FILE_NAME])
def test_a_changed_byte_in_the_registry_is_seen_and_nothing_is_kept(store: Store, name: str) -> None:
    registry = store.registry()
    found = registry.find(ModelReference("audience", version=1))
    (path,) = (
        one for one in store.files.rglob(f"artifacts/artifacts/shelf/{name}") if read_manifest(one.parent).version == 1
    )
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"1", b"2", 1))
    try:
        with pytest.raises(ConfigError, match=rf"{name}.*changed"):
            registry.fetch(found)
    finally:
        path.write_bytes(whole)
    assert list(cache_dir().iterdir()) == []


def test_a_changed_byte_on_this_machine_is_seen(store: Store) -> None:
    registry = store.registry()
    found = registry.find(ModelReference("audience", version=1))
    path = registry.fetch(found) / "shared.txt"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ConfigError, match=r"shared\.txt.*changed"):
        registry.fetch(found)


def test_a_file_that_the_manifest_does_not_name_stays_behind(store: Store) -> None:
    registry = store.registry()
    (path,) = (
        one
        for one in store.files.rglob(f"artifacts/artifacts/shelf/{FILE_NAME}")
        if read_manifest(one.parent).version == 2
    )
    stranger = path.with_name("model.pkl")
    stranger.write_bytes(b"\x80\x04.")
    try:
        folder = registry.fetch(registry.find(ModelReference("audience", version=2)))
    finally:
        stranger.unlink()
    assert not (folder / "model.pkl").exists()


def test_a_full_disk_leaves_nothing_half_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    registry = store.registry()
    found = registry.find(ModelReference("audience", version=1))
    monkeypatch.setattr(shutil, "copyfile", fail)
    with pytest.raises(ConfigError, match="No space left on device"):
        registry.fetch(found)
    assert list(cache_dir().iterdir()) == []


@pytest.mark.parametrize("uri", ["models:/zhenfen-audience@champion", "models:/zhenfen-audience/9"])
def test_what_is_not_there_is_said_with_what_is(store: Store, uri: str) -> None:
    with pytest.raises(ConfigError, match="expected one of: 1, 2"):
        store.registry().find(parse_reference(uri))
    with pytest.raises(ConfigError, match="nothing there yet"):
        store.registry().find(parse_reference(uri.replace("audience", "post")))


@pytest.mark.parametrize("uri", [DOWN, "sqlite:///nowhere/mlflow.db", None])
def test_a_registry_that_does_not_answer(uri: str | None, tmp_path: Path) -> None:
    with pytest.raises(RegistryUnreachableError):
        Registry(uri)
    assert list(tmp_path.iterdir()) == []


def test_scoring_goes_on_from_the_shelf_when_the_registry_is_down(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", DOWN)
    chosen_folders.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert chosen_folders("models:/zhenfen-audience@champion") == {}
    assert "goes on with the models of the shelf" in caplog.text


def test_models_are_chosen_by_reference(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.uri)
    registry = store.registry()
    registry.promote(registry.find(ModelReference("audience", version=2)), None)
    chosen_folders.cache_clear()
    chosen = chosen_folders(" models:/zhenfen-audience@champion, ")
    assert {name: read_manifest(folder).version for name, folder in chosen.items()} == {"audience": 2}
    assert chosen_folders("") == {}
    with pytest.raises(ConfigError, match="each model once"):
        chosen_folders("models:/zhenfen-audience@champion models:/zhenfen-audience/1")
    with pytest.raises(ConfigError, match="expected one of"):
        chosen_folders("models:/zhenfen-audience@challenger")


def champions(registry: Registry, *versions: int) -> None:
    """Promote one after the other."""
    for version in versions:
        before = registry.champion("audience")
        registry.promote(registry.find(ModelReference("audience", version=version)), before.version if before else None)


def test_a_roll_back_walks_back_and_ends(store: Store) -> None:
    registry = store.registry()
    with pytest.raises(ConfigError, match="expected a champion before this one"):
        registry.roll_back("audience")
    champions(registry, 1, 2)
    assert registry.roll_back("audience") == (2, 1)
    assert registry.find(ModelReference("audience", alias="champion")).version == 1
    with pytest.raises(ConfigError, match="expected a champion before this one"):
        registry.roll_back("audience")


def test_a_champion_that_came_in_between_is_not_overwritten(store: Store) -> None:
    registry = store.registry()
    champions(registry, 1)
    with pytest.raises(ConfigError, match="judge it again"):
        registry.promote(registry.find(ModelReference("audience", version=2)), None)
    champion = registry.champion("audience")
    assert champion is not None
    assert champion.version == 1


def test_of_two_promotions_at_once_one_wins(store: Store) -> None:
    registry = store.registry()
    found = [registry.find(ModelReference("audience", version=version)) for version in (1, 2)]
    start, errors = threading.Barrier(2), []

    def promote(version: int) -> None:
        start.wait()
        try:
            registry.promote(found[version], None)
        except ConfigError as error:
            errors.append(str(error))

    threads = [threading.Thread(target=promote, args=(version,)) for version in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (error,) = errors
    assert "under way" in error or "judge it again" in error
    assert registry.champion("audience") is not None


def test_a_lock_stops_others_until_it_is_old(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = store.registry()
    registry.client.create_registered_model("zhenfen-audience.promotion")
    with pytest.raises(ConfigError, match="under way"):
        champions(registry, 1)
    assert registry.champion("audience") is None
    monkeypatch.setattr(client_module, "STALE_SECONDS", -1)
    champions(registry, 1)
    champion = registry.champion("audience")
    assert champion is not None
    assert registry.client.search_registered_models("name = 'zhenfen-audience.promotion'") == []
