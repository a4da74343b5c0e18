"""What a folder of scores holds, and what is still missing: the file that a restart continues from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zhenfen.batch.scores_place import MANIFEST, ScoresPlace, open_scores
from zhenfen.errors import ConfigError
from zhenfen.stores import is_address


@dataclass
class BatchRecord:
    """The parts of a run: done, with rows and hash, or set aside, with the error. The file is written anew each time.

    Attributes:
        scores: Where they lie.
        made_by: What the scores depend on beside the input: kind, model, options, version.
        parts: Name → key (what the part was made of) with rows and sha256, or with error.
    """

    scores: ScoresPlace
    made_by: Mapping[str, Any]
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def is_done(self, name: str, key: str) -> bool:
        """Whether the part was made of the same input and lies there whole."""
        entry = self.parts.get(name, {})
        return entry.get("key") == key and "sha256" in entry and self.scores.is_there(name, entry["sha256"])

    def record(self, name: str, key: str, **facts: Any) -> None:
        """Enter a part: `rows` and `sha256`, or `error`."""
        self.parts[name] = {"key": key, **facts}
        self.save(is_last=False)

    def keep_only(self, names: set[str]) -> None:
        """Forget parts that the input no longer has, with their scores."""
        for name in self.parts.keys() - names:
            self.scores.remove(name)
            del self.parts[name]

    @property
    def set_aside(self) -> dict[str, str]:
        """Name → error of the parts that could not be scored, by name."""
        return {name: entry["error"] for name, entry in sorted(self.parts.items()) if "error" in entry}

    @property
    def n_rows(self) -> int:
        """Rows that were scored."""
        return sum(entry.get("rows", 0) for entry in self.parts.values())

    def save(self, *, is_last: bool = True) -> None:
        """Write the file whole or not at all.

        Args:
            is_last: False where it is written again after the next part: a store is sent it now and then.

        Raises:
            ConfigError: It cannot be written.
        """
        content = {"made_by": dict(self.made_by), "parts": dict(sorted(self.parts.items()))}
        self.scores.write_manifest(json.dumps(content, indent=1, ensure_ascii=False) + "\n", is_last=is_last)


@contextmanager
def open_manifest(out: Path | str, made_by: Mapping[str, Any]) -> Iterator[BatchRecord]:
    """The manifest of a folder or an address, begun or continued.

    Raises:
        ConfigError: It holds files of somebody else or scores that were made otherwise, cannot be written, or another
            run works in it.
    """
    with open_scores(out) as scores:
        try:
            text = scores.read_manifest()
            content: dict[str, Any] = {"made_by": made_by, "parts": {}} if text is None else json.loads(text)
            before, parts = content["made_by"], content["parts"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{scores}/{MANIFEST}: expected the manifest of a batch run ({error})") from error
        for name in sorted(before.keys() | made_by.keys()):
            found, wanted = before.get(name), made_by.get(name)
            if found != wanted:
                raise ConfigError(
                    f"{scores}: holds scores with {name} {found!r}, expected {wanted!r}; choose another folder"
                )
        record = BatchRecord(scores, made_by, parts)
        if text is None and is_address(str(out)):
            # What is there before any file of scores: a store has no other mark that they are ours.
            record.save()
        yield record


def hash_texts(*texts: str) -> str:
    """A short hash of texts in their order."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
