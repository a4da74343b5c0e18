"""API keys: who may ask. The file holds hashes; the key itself is shown once, when it is made.

A key has 256 random bits, so a plain SHA-256 is as good as a slow hash: there is no word to guess.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from pydantic import TypeAdapter, ValidationError

from zhenfen.config import user_config_dir
from zhenfen.errors import ConfigError
from zhenfen.files import write_secret

PREFIX = "zf_"
KEY_BYTES = 32
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


Role = Literal["lead", "analyst", "reader"]
ROLES: tuple[Role, ...] = get_args(Role)
"""A reader reads; an analyst vets, labels and decides; a lead deletes and changes settings as well."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One client.

    Attributes:
        name: Who it is for; a job belongs to the name that asked for it.
        sha256: Hash of the key, hexadecimal.
        created_at: When it was made, UTC, ISO.
        role: What its owner may do at the desk.
    """

    name: str
    sha256: str
    created_at: str
    role: Role = "analyst"


_KEYS = TypeAdapter(tuple[ApiKey, ...])


def default_path() -> Path:
    """Where the keys lie when nobody says otherwise."""
    return user_config_dir() / "api_keys.json"


def read_keys(path: Path) -> tuple[ApiKey, ...]:
    """The keys of a file, by name; none where there is no file.

    Raises:
        ConfigError: The file cannot be read or is none of ours.
    """
    try:
        return _KEYS.validate_json(path.read_bytes())
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        raise ConfigError(
            f"{path}: expected the API keys that `zhenfen keys add` writes, found something else"
        ) from error


def add_key(path: Path, name: str, role: Role = "analyst") -> str:
    """Make a key for `name`, store its hash, and return the key: it is nowhere else.

    Raises:
        ConfigError: The name has other characters than letters, digits, ".", "_", "-", or has a key already.
    """
    if not NAME.fullmatch(name):
        raise ConfigError(f"name {name!r}: expected 1 to 64 letters, digits, '.', '_' or '-'")
    keys = read_keys(path)
    if any(one.name == name for one in keys):
        raise ConfigError(f"name {name!r}: has a key already; remove it first")
    secret = PREFIX + secrets.token_urlsafe(KEY_BYTES)
    _write(path, (*keys, ApiKey(name, hash_key(secret), datetime.now(UTC).isoformat(timespec="seconds"), role)))
    return secret


def remove_key(path: Path, name: str) -> None:
    """Forget the key of `name`; a running service refuses it from its next request on.

    Raises:
        ConfigError: There is no key of that name.
    """
    keys = read_keys(path)
    kept = tuple(one for one in keys if one.name != name)
    if len(kept) == len(keys):
        known = ", ".join(one.name for one in keys) or "none"
        raise ConfigError(f"name {name!r}: has no key; known: {known}")
    _write(path, kept)


def hash_key(secret: str) -> str:
    """What the file holds of a key."""
    return hashlib.sha256(secret.encode()).hexdigest()


class KeyFile:
    """The keys of a file, read again when the file changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: tuple[int, int] | None = None
        self._keys: tuple[ApiKey, ...] = ()

    def find_owner(self, secret: str) -> str | None:
        """The name that a key was made for; None for a key that nobody has.

        Raises:
            ConfigError: The file is broken.
        """
        self._read()
        hashed = hash_key(secret)
        # Every key is compared in full: the time taken says nothing about any of them.
        matching = [one.name for one in self._keys if hmac.compare_digest(one.sha256, hashed)]
        return matching[0] if matching else None

    def find_role(self, name: str) -> Role | None:
        """What the owner of a key may do at the desk; None where there is no key of that name.

        Raises:
            ConfigError: The file is broken.
        """
        self._read()
        return next((one.role for one in self._keys if one.name == name), None)

    def _read(self) -> None:
        stamp = _stamp(self.path)
        if stamp is None or stamp != self._stamp:
            self._keys, self._stamp = read_keys(self.path), stamp


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_ino


def _write(path: Path, keys: tuple[ApiKey, ...]) -> None:
    text = json.dumps([asdict(one) for one in sorted(keys, key=lambda one: one.name)], indent=1) + "\n"
    write_secret(path, text)
