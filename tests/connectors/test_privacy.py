from __future__ import annotations

import hashlib
import hmac
import stat
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from zhenfen.config import user_config_dir
from zhenfen.connectors.privacy import FREE_TEXTS, PERSON_IDS, hash_id, load_key, mask, name_key, pseudonymise
from zhenfen.errors import ConfigError, InputError
from zhenfen.tables import TABLES
from zhenfen.text.contacts import mask_contacts

KEY = bytes(range(32))


@settings(deadline=None, max_examples=40)
@given(st.text(), st.binary(min_size=1, max_size=64))
def test_a_pseudonym_is_the_head_of_an_hmac(raw: str, key: bytes) -> None:
    whole = hmac.new(key, raw.encode(), hashlib.sha256).hexdigest()
    assert hash_id(raw, key) == whole[:20]


def test_every_id_of_a_person_is_hashed_wherever_it_stands() -> None:
    ids = {name: ["1", None, "2", "1"] for name in (*PERSON_IDS, "post_id", "comment_id")}
    safe = pseudonymise({"comments": pl.DataFrame(ids)}, KEY)["comments"]
    one, two = hash_id("1", KEY), hash_id("2", KEY)
    for name in PERSON_IDS:
        assert safe[name].to_list() == [one, None, two, one]
    assert safe["post_id"].to_list() == safe["comment_id"].to_list() == ["1", None, "2", "1"]
    assert hash_id("1", bytes(32)) != one


def test_the_contract_names_no_other_person() -> None:
    ids = {column.name for spec in TABLES.values() for column in spec.columns if column.kind == "id"}
    # audit_id is made here, of pseudonyms (audit/earlier.py); no export brings one. window and source of averages are
    # lengths and vendors.
    no_person = {"post_id", "comment_id", "parent_comment_id", "audit_id", "window", "source"}
    assert ids == {*PERSON_IDS, *no_person}


def test_ids_among_the_unusable_values_are_hashed_too() -> None:
    frame = pl.DataFrame({"file": "a.csv", "column": ["creator_id", "n_likes"], "value": ["u1", "u1"]})
    assert pseudonymise({"unusable": frame}, KEY)["unusable"]["value"].to_list() == [hash_id("u1", KEY), "u1"]


def test_ids_of_creators_in_the_names_of_files_are_hashed_too() -> None:
    frames = {
        "posts": pl.DataFrame({"creator_id": ["1162171739"]}),
        "provenance": pl.DataFrame({"file": ["weibo/1162171739.csv", "weibo/t_1162171739_2.csv", "11621717390.csv"]}),
        "unusable": pl.DataFrame({"file": ["1162171739.csv:一"], "column": ["text"], "value": ["x"]}),
    }
    safe = pseudonymise(frames, KEY)
    name = hash_id("1162171739", KEY)
    assert safe["provenance"]["file"].to_list() == [f"weibo/{name}.csv", f"weibo/t_{name}_2.csv", "11621717390.csv"]
    assert safe["unusable"]["file"].to_list() == [f"{name}.csv:一"]


def test_contacts_are_masked_in_texts_and_names() -> None:
    texts = {name: ["加微信：abc_12345 或 13800138000"] for name in FREE_TEXTS}
    frame = pl.DataFrame({**texts, "region": ["13800138000"]})
    safe = mask({"comments": frame, "unusable": pl.DataFrame({"value": ["13800138000"]})})
    for name in FREE_TEXTS:
        text = safe["comments"][name].item()
        assert "abc_12345" not in text
        assert "13800138000" not in text
        assert "[contact:phone]" in text
    assert safe["comments"]["region"].item() == "13800138000"
    assert safe["unusable"]["value"].item() == "[contact:phone]"


def test_masking_only_what_holds_a_contact_masks_all() -> None:
    texts = ["", None, "你好", "微信：abc_12345", "call +86 13800138000", "a@b.cn", "qq 12345678", "12345", "加v"]
    frame = pl.DataFrame({"text": texts})
    assert_frame_equal(mask({"posts": frame})["posts"], frame.with_columns(mask_contacts(pl.col("text"))))


def test_frames_without_rows_or_columns_pass() -> None:
    frames = {name: pl.DataFrame(schema=spec.schema) for name, spec in TABLES.items()}
    for name, frame in mask(pseudonymise(frames, KEY)).items():
        assert_frame_equal(frame, frames[name])


def test_the_key_is_made_once_and_private() -> None:
    key = load_key()
    path = user_config_dir() / "hmac.key"
    assert len(key) == 32
    assert load_key() == key == path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["hmac.key", "hmac.key.name"]


def test_the_key_of_a_faster_process_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    path = user_config_dir() / "hmac.key"
    monkeypatch.setattr(Path, "exists", lambda _path: False)
    path.write_bytes(KEY)
    assert load_key() == KEY


def test_a_key_that_is_cut_short_is_an_error() -> None:
    (user_config_dir() / "hmac.key").write_bytes(b"short")
    with pytest.raises(ConfigError, match="32 bytes, found 5"):
        load_key()


def test_a_lost_key_is_said_before_a_new_one_is_made() -> None:
    lost = load_key()
    path = user_config_dir() / "hmac.key"
    path.unlink()
    for _ in range(2):
        with pytest.raises(InputError) as caught:
            load_key()
        (problem,) = caught.value.problems
        assert (problem.key, problem.fields) == ("problem.key_lost", {"name": name_key(lost)})
        assert not path.exists()
    path.write_bytes(lost)
    assert load_key() == lost
    # Whoever has no copy says so by deleting the name.
    path.unlink()
    path.with_name("hmac.key.name").unlink()
    assert load_key() != lost


def test_a_key_that_was_put_in_its_place_by_hand_is_the_key(tmp_path: Path) -> None:
    load_key()
    path = user_config_dir() / "hmac.key"
    path.write_bytes(KEY)
    assert load_key() == KEY
    path.unlink()
    with pytest.raises(InputError, match=name_key(KEY)):
        load_key()
