"""Ids of persons become keyed hashes, and contact details give way to placeholders, before anything is written.

The key stays with the user: whoever holds the tables but not the key can neither look up nor guess an id.
Ids of posts and comments stay, so that a finding can be checked on the platform.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import re
import secrets
from collections.abc import Callable, Mapping

import polars as pl

from zhenfen.config import user_config_dir
from zhenfen.errors import ConfigError, DiskFullError, InputError, Problem, ZhenfenError
from zhenfen.files import is_disk_full, write_file

PERSON_IDS = ("creator_id", "author_id", "profile_id")
FREE_TEXTS = ("text", "bio", "display_name", "author_name", "note")

_WORD = re.compile(r"[^\W_]+")

KEY_FILE = "hmac.key"
KEY_BYTES = 32
"""As many as SHA-256 gives: RFC 2104 discourages shorter keys, and longer ones add nothing."""
HASH_CHARS = 20
"""80 bits: among a billion persons a shared hash has a chance of one in two million."""
KEPT = "kept"
"""What stands for the key where ids are left as they are."""
_NAME_CHARS = 8


def load_key() -> bytes:
    """The user's key, made on first use and readable by the user alone. Its name is kept in a file beside it.

    Raises:
        InputError: There was a key, as its name says, and it is gone: with a new one every person becomes another.
        ConfigError: The key file cannot be read or made, or is cut short.
    """
    path = user_config_dir() / KEY_FILE
    named = path.with_name(f"{KEY_FILE}.name")
    try:
        last = named.read_text(encoding="ascii", errors="replace").strip() if named.exists() else None
        if not path.exists():
            if last is not None:
                expected = f"the key that ids were hashed with ({last})"
                raise InputError(Problem(expected, KEY_FILE, key="problem.key_lost", fields={"name": last}))
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
            try:
                with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as sink:
                    sink.write(secrets.token_bytes(KEY_BYTES))
                # Another process may have been first: its key is then the one that counts.
                with contextlib.suppress(FileExistsError):
                    path.hardlink_to(draft)
            finally:
                draft.unlink(missing_ok=True)
        key = path.read_bytes()
    except OSError as error:
        if is_disk_full(error):
            raise DiskFullError(str(path)) from error
        raise ConfigError(f"{path}: the key for ids cannot be read or made ({error.strerror})") from error
    if len(key) != KEY_BYTES:
        raise ConfigError(f"{path}: expected a key of {KEY_BYTES} bytes, found {len(key)}")
    if last != name_key(key):
        # Of use only once the key is lost: a folder that cannot be written to is no reason to stop.
        with contextlib.suppress(ZhenfenError):
            write_file(named, f"{name_key(key)}\n")
    return key


def has_key() -> bool:
    """Whether the user has a key yet."""
    return (user_config_dir() / KEY_FILE).exists()


def name_key(key: bytes) -> str:
    """Eight digits that tell one key from another and say nothing of either: tables of two keys share no person."""
    return hmac.new(key, b"zhenfen: which key", digestmod="sha256").hexdigest()[:_NAME_CHARS]


def hash_id(raw: str, key: bytes) -> str:
    """The pseudonym of a raw id: the first 20 hexadecimal digits of HMAC-SHA256; `key` has at most 64 bytes."""
    return _make_hasher(key)(raw)


def pseudonymise(frames: Mapping[str, pl.DataFrame], key: bytes) -> dict[str, pl.DataFrame]:
    """The frames with every id of a person hashed.

    In `unusable` the ids among the values are hashed too; and in the names of files those of creators, because
    crawlers name a file after the account.
    """
    safe = {
        name: frame.with_columns(_hash_series(frame[column], key) for column in PERSON_IDS if column in frame.columns)
        for name, frame in frames.items()
    }
    owned = [frame["creator_id"].unique() for frame in frames.values() if "creator_id" in frame.columns]
    creators = {creator for ids in owned for creator in ids.to_list()}

    def hide(found: re.Match[str]) -> str:
        return hash_id(found[0], key) if found[0] in creators else found[0]

    for name in {"unusable", "provenance"} & set(safe):
        names = {file: _WORD.sub(hide, file) for file in safe[name]["file"].unique().to_list()}
        safe[name] = safe[name].with_columns(pl.col("file").replace(names))
    if "unusable" in safe:
        is_person = pl.col("column").is_in(list(PERSON_IDS))
        hashed = _hash_series(safe["unusable"]["value"], key).alias("_hashed")
        safe["unusable"] = safe["unusable"].with_columns(
            value=pl.when(is_person).then(hashed).otherwise(pl.col("value"))
        )
    return safe


def mask(frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The frames with contact details masked in free texts and names; in `unusable` in the values."""
    from zhenfen.text.contacts import mask_texts

    safe: dict[str, pl.DataFrame] = {}
    for name, frame in frames.items():
        columns = ("value",) if name == "unusable" else FREE_TEXTS
        safe[name] = frame.with_columns(mask_texts(frame[column]) for column in columns if column in frame.columns)
    return safe


def _hash_series(raw: pl.Series, key: bytes) -> pl.Series:
    """Each different id is hashed once: a million comments come from far fewer people."""
    ids = raw.drop_nulls().unique()
    if ids.is_empty():
        return raw
    hashes = pl.Series(list(map(_make_hasher(key), ids.to_list())), dtype=pl.String)
    pairs = pl.DataFrame({raw.name: ids, "_hash": hashes})
    return raw.to_frame().join(pairs, on=raw.name, how="left", maintain_order="left")["_hash"].alias(raw.name)


def _make_hasher(key: bytes) -> Callable[[str], str]:
    keyed = hmac.new(key, digestmod="sha256")

    def hash_id(raw: str) -> str:
        # A copy of the keyed start: a fresh one for each id takes a third longer.
        one = keyed.copy()
        one.update(raw.encode())
        return one.hexdigest()[:HASH_CHARS]

    return hash_id
