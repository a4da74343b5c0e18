"""--found-by and found_by: refused in the reader's language, asked for where unknown, and passed on everywhere."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from app_builder import open_client
from batch_builder import run_here
from cli_runner import Runner

from toy_models import ToyCreatorModel
from zhenfen.batch.creator_buckets import bucket_folder, name_bucket, partition_file
from zhenfen.batch.input_files import list_files
from zhenfen.cli.options import FOUND_BY as OFFERED
from zhenfen.errors import FoundBySearchError
from zhenfen.tables import FOUND_BY, read_tables
from zhenfen.vetting.record import Record

SAYS_SEARCH = {"zh": "达人来自搜索", "en": "a search found its creators", "fr": "viennent d’une recherche"}
NONE_OF = {"zh": "不在可选值之内", "en": "is none of the values", "fr": "n’est pas une valeur admise"}
OF_NONE = {"zh": "达人未说明来源", "en": "nothing says how", "fr": "on ignore comment"}


def write(folder: Path, *found_by: str | None) -> Path:
    """Tables of creators, with a comment each."""
    folder.mkdir()
    ids = [f"c{place}" for place in range(len(found_by))]
    day = pl.datetime(2026, 1, 1, time_unit="us", time_zone="UTC")
    known = pl.Series("found_by", found_by, dtype=pl.String)
    creators = pl.DataFrame({"creator_id": ids, "platform": "weibo"}).with_columns(known, snapshot_at=day)
    creators.write_parquet(folder / "creators.parquet")
    comments = pl.DataFrame({"comment_id": ids, "creator_id": ids, "author_id": "f", "text": "好看"})
    comments.with_columns(created_at=day).write_parquet(folder / "comments.parquet")
    return folder


def test_the_command_line_offers_what_tables_allow() -> None:
    assert OFFERED == FOUND_BY


@pytest.mark.parametrize("lang", ["zh", "en", "fr"])
@pytest.mark.parametrize("command", [("vet",), ("import", "--obtained-how", "x"), ("score", "creators")])
def test_a_value_that_is_none_and_one_that_contradicts(
    zhenfen: Runner, tmp_path: Path, lang: str, command: tuple[str, ...]
) -> None:
    tables, out = write(tmp_path / "in", "search", "search"), tmp_path / "out"
    bad = zhenfen(*command, tables, "--out", out, "--found-by", "friends", "--lang", lang)
    assert bad.code == 2
    assert NONE_OF[lang] in bad.err
    assert all(value in bad.err for value in FOUND_BY)
    contradicted = zhenfen(*command, tables, "--out", out, "--found-by", "roster", "--lang", lang)
    assert contradicted.code == 2
    assert "creators" in contradicted.err
    assert SAYS_SEARCH[lang] in contradicted.err
    assert "roster" in contradicted.err
    assert not out.exists()


@pytest.mark.parametrize("lang", ["zh", "en", "fr"])
def test_it_is_asked_for_where_it_matters(zhenfen: Runner, tmp_path: Path, lang: str) -> None:
    ran = zhenfen("vet", write(tmp_path / "in", None, None), "--out", tmp_path / "out", "--lang", lang)
    assert ran.code == 0, ran.err
    assert OF_NONE[lang] in ran.err
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert OF_NONE[lang] in page
    assert "--found-by" in page


def test_what_was_said_is_counted_kept_and_not_asked_for(zhenfen: Runner, tmp_path: Path) -> None:
    tables = write(tmp_path / "in", None, "search", None)
    ran = zhenfen("vet", tables, "--out", tmp_path / "out", "--found-by", "list")
    assert ran.code == 0, ran.err
    assert OF_NONE["en"] not in ran.err
    assert "search (1), list (2)" in ran.out
    shortlist = json.loads((tmp_path / "out" / "index.json").read_text(encoding="utf-8"))
    assert shortlist["found_by"]["counts"] == {"search": 1, "list": 2}
    assert zhenfen("import", tables, "--out", tmp_path / "kept", "--obtained-how", "x", "--found-by", "own").code == 0
    assert read_tables(tmp_path / "kept")["creators"]["found_by"].to_list() == ["own", "search", "own"]


def test_check_names_a_wrong_value(zhenfen: Runner, tmp_path: Path) -> None:
    ran = zhenfen("check", write(tmp_path / "in", "list", "friends"))
    assert ran.code == 2
    assert 'column found_by: found "friends", expected one of search, list' in ran.err


def test_a_record_of_before_says_nothing() -> None:
    old = {"score_id": "0", "as_of": "2026-01-01T00:00:00Z", "versions": {}, "tables_sha256": "", "path": ""}
    assert Record.model_validate(old).found_by is None


@pytest.mark.usefixtures("toy_creator")
def test_a_batch_refuses_what_contradicts_all_and_keeps_what_was_said(tmp_path: Path) -> None:
    tables = write(tmp_path / "in", "search", "search")
    with pytest.raises(FoundBySearchError, match=r"creators\.parquet"):
        run_here("creators", tables, tmp_path / "out", found_by="own")


def test_buckets_carry_it(tmp_path: Path) -> None:
    tables = write(tmp_path / "in", "search", None, "unknown")
    for place, file in enumerate(list_files(str(tables))):
        partition_file(tmp_path / "work", file=file, place=place, n_buckets=1, found_by="list")
    sorted_in = read_tables(bucket_folder(tmp_path / "work", name_bucket(0)))
    assert sorted_in["creators"]["found_by"].to_list() == ["search", "list", "list"]


def test_the_service_takes_it_and_refuses_what_contradicts(tmp_path: Path, toy_creator: ToyCreatorModel) -> None:
    row = {"creator_id": "a", "platform": "weibo", "snapshot_at": "2026-01-01T00:00:00Z"}
    url = "/v1/score/creators?found_by="
    with open_client(tmp_path) as client:
        assert client.post(f"{url}list", json={"creators": [row]}).status_code == 200
        bad = client.post(f"{url}friends", json={"creators": [row]})
        assert (bad.status_code, bad.json()["error"]["code"]) == (422, "bad_option")
        contradicted = client.post(f"{url}own", json={"creators": [{**row, "found_by": "search"}]})
        assert (contradicted.status_code, contradicted.json()["error"]["code"]) == (422, "bad_input")
        wrong = client.post("/v1/score/creators", json={"creators": [{**row, "found_by": "friends"}]})
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (422, "invalid_table")
        assert client.post("/v1/vet?found_by=friends", files={"file": ("a.csv", b"x")}).status_code == 422
