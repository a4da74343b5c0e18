"""Who is logged in with a browser: a session begins with an API key and ends with the browser, a logout or the key."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zhenfen.service.keys import KeyFile

COOKIE = "zhenfen_session"
TOKEN_BYTES = 32
LASTS_S = 12 * 60 * 60
"""A working day; whoever comes back the next one shows the key again."""


class Sessions:
    """Sessions of one running service; they are forgotten when it ends.

    Args:
        keys: API keys: a session lives no longer than the key that began it.
    """

    def __init__(self, keys: KeyFile) -> None:
        self.keys = keys
        self._secret = secrets.token_bytes(TOKEN_BYTES)
        self._owners: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def begin(self, key: str) -> str | None:
        """The cookie of a new session; None for a key that nobody has."""
        owner = self.keys.find_owner(key)
        if owner is None:
            return None
        token, now = secrets.token_urlsafe(TOKEN_BYTES), time.monotonic()
        with self._lock:
            self._owners = {name: one for name, one in self._owners.items() if one[1] > now}
            self._owners[_hash(token)] = (owner, now + LASTS_S)
        return token

    def find_owner(self, token: str) -> str | None:
        """Whose session a cookie stands for; None where there is none, or the key is gone."""
        with self._lock:
            owner, until = self._owners.get(_hash(token), ("", 0.0))
        return owner if until > time.monotonic() and self.keys.find_role(owner) else None

    def end(self, token: str) -> None:
        """Log out: the cookie stands for nobody from now on."""
        with self._lock:
            self._owners.pop(_hash(token), None)

    def make_stamp(self, owner: str, token: str) -> str:
        """What a form of this session carries, so that no page of another site can send one."""
        return hmac.new(self._secret, f"{owner}\n{token}".encode(), "sha256").hexdigest()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
