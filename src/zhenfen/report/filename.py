"""File names for pages: safe on every file system whatever the id holds, and never the same for two ids."""

from __future__ import annotations

import hashlib
import re

# Lower case only: "A" and "a" are one file on Windows and macOS.
_PLAIN = re.compile(r"[a-z0-9_-]{1,64}")
_HASHED = re.compile(r".*-[0-9a-f]{12}")
_UNSAFE = re.compile(r"[^a-z0-9_-]+")
LONGEST_HINT_CHARS = 40


def page_stem(creator_id: str) -> str:
    """Stem of a creator's page: `creator-<id>`, or a cleaned id with a hash where the id is no safe file name."""
    # An id that looks hashed is hashed again, or one made for it could take another creator's page.
    if _PLAIN.fullmatch(creator_id) and not _HASHED.fullmatch(creator_id):
        return f"creator-{creator_id}"
    hint = _UNSAFE.sub("-", creator_id.lower())[:LONGEST_HINT_CHARS].strip("-")
    digest = hashlib.sha256(creator_id.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"creator-{hint}-{digest}" if hint else f"creator-{digest}"
