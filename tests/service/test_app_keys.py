"""The file of API keys and the commands that change it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from zhenfen.cli.keys import app as keys_app
from zhenfen.errors import ConfigError
from zhenfen.messages import LANGUAGES
from zhenfen.service.keys import KeyFile, add_key, read_keys, remove_key


def test_the_file_holds_hashes_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "home" / "keys.json"
    secrets = [add_key(path, name) for name in ("b", "a")]
    assert len(set(secrets)) == 2
    stored = json.loads(path.read_text())
    assert [one["name"] for one in stored] == ["a", "b"]
    assert [one["sha256"] for one in stored] == [
        hashlib.sha256(secret.encode()).hexdigest() for secret in secrets[::-1]
    ]
    assert not any(secret in path.read_text() for secret in secrets)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [child.name for child in path.parent.iterdir()] == ["keys.json"]


def test_a_key_leads_to_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    known = KeyFile(path)
    assert known.find_owner("zf_anything") is None
    first, second = add_key(path, "one"), add_key(path, "two")
    assert [known.find_owner(secret) for secret in (first, second, "", first[:-1])] == ["one", "two", None, None]
    remove_key(path, "one")
    assert known.find_owner(first) is None


@pytest.mark.parametrize("name", ["", "a b", "../x", "-x", "x" * 65, "名"])
def test_a_name_that_cannot_be_used_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="expected 1 to 64 letters"):
        add_key(tmp_path / "keys.json", name)
    assert not (tmp_path / "keys.json").exists()


def test_a_second_key_of_a_name_and_a_key_that_is_not_there_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    add_key(path, "one")
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="'one': has a key already"):
        add_key(path, "one")
    with pytest.raises(ConfigError, match="'two': has no key; known: one"):
        remove_key(path, "two")
    assert path.read_bytes() == before


@pytest.mark.parametrize("text", ["", "{}", '[{"name": "x"}]', "\xff"])
def test_a_file_that_is_none_of_ours_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(text.encode("latin-1"))
    for act in (lambda: read_keys(path), lambda: add_key(path, "x"), lambda: KeyFile(path).find_owner("x")):
        with pytest.raises(ConfigError, match=r"keys\.json: expected the API keys"):
            act()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be"):
        add_key(tmp_path / "file" / "keys.json", "x")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_commands_make_list_and_remove_keys(tmp_path: Path, language: str) -> None:
    options = ["--keys", str(tmp_path / "keys.json"), "--lang", language]

    def run(*arguments: str) -> str:
        ran = CliRunner().invoke(keys_app, [*arguments, *options])
        assert ran.exit_code == 0, ran.output
        return ran.stdout

    assert str(tmp_path) in run("list")
    secret = run("add", "agency").splitlines()[-1]
    assert KeyFile(tmp_path / "keys.json").find_owner(secret) == "agency"
    listed = run("list")
    assert "agency" in listed
    assert secret not in listed
    assert "agency" in run("remove", "agency")
    assert read_keys(tmp_path / "keys.json") == ()
