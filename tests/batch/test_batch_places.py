"""Input at addresses: read like folders, and named when it cannot be."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
import pytest
from batch_builder import contents, run_here, write_profiles
from cli_runner import Runner

from zhenfen.batch.input_files import list_files
from zhenfen.batch.manifest import MANIFEST
from zhenfen.errors import ConfigError, UnreadableFileError


def without_keys(folder: Path) -> dict[str, bytes]:
    return {name: content for name, content in contents(folder).items() if name != MANIFEST}


@pytest.mark.parametrize("scheme", ["file", "memory"])
def test_an_address_is_read_like_a_folder(tmp_path: Path, scheme: str) -> None:
    import fsspec

    source = write_profiles(tmp_path / "in")
    address = f"{scheme}://{source}"
    if scheme == "memory":
        files = fsspec.filesystem("memory")
        for path in source.iterdir():
            files.pipe_file(str(path), path.read_bytes())
    run_here("profiles", source, tmp_path / "local")
    run_here("profiles", address, tmp_path / "far")
    assert without_keys(tmp_path / "far") == without_keys(tmp_path / "local")
    assert [part.name for part in list_files(address)] == ["0.parquet", "1.parquet", "2.parquet"]


def test_a_bad_file_is_named_by_its_address(tmp_path: Path) -> None:
    source = write_profiles(tmp_path / "in", n_parts=1)
    (source / "bad.parquet").write_bytes(b"PAR1")
    pl.DataFrame({"profile_id": [1]}).write_parquet(source / "type.parquet")
    errors = run_here("profiles", f"file://{source}", tmp_path / "out").set_aside
    assert list(errors) == ["bad.parquet", "type.parquet"]
    for name, error in errors.items():
        assert error.startswith(f"file://{source}/{name}")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("oss://box/x", "ossfs"),
        ("nowhere://x", "nowhere"),
        ("hdfs://127.0.0.1:1/x", "hdfs://127.0.0.1:1/x: cannot be read"),
    ],
)
def test_a_place_that_nothing_here_can_read_is_named(zhenfen: Runner, tmp_path: Path, address: str, said: str) -> None:
    ran = zhenfen("score", "profiles", address, "--out", tmp_path / "out")
    assert ran.code == 2
    assert said in ran.err
    assert not (tmp_path / "out").exists()


def test_every_byte_of_a_file_counts(tmp_path: Path) -> None:
    source = write_profiles(tmp_path / "in", n_parts=1) / "0.parquet"
    (before,) = list_files(str(source))
    content = bytearray(source.read_bytes())
    # Data begin after the four letters that every file begins with; size and end stay the same.
    content[6] ^= 1
    source.write_bytes(content)
    (after,) = list_files(str(source))
    assert after.fingerprint != before.fingerprint


def test_hidden_files_and_those_of_other_programs_are_left_out(tmp_path: Path) -> None:
    source = write_profiles(tmp_path / "in", n_parts=1)
    for name in ("_SUCCESS", ".0.parquet.crc", "_temporary/1.parquet", "notes.txt"):
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text("")
    assert [part.name for part in list_files(str(source))] == ["0.parquet"]


def test_links_that_lead_nowhere_are_named(tmp_path: Path) -> None:
    source = write_profiles(tmp_path / "in", n_parts=1)
    for name in ("a.parquet", "b.parquet"):
        (source / name).symlink_to(tmp_path / "nowhere")
    with pytest.raises(UnreadableFileError) as caught:
        list_files(str(source))
    assert [Path(one.file).name for one in caught.value.problems] == ["a.parquet", "b.parquet"]


def test_without_fsspec_the_address_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(ConfigError, match="memory://x: cannot be read"):
        list_files("memory://x")
