"""How a model of the registry is named, and what is known of one of its versions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from zhenfen.errors import ConfigError
from zhenfen.estimators.shelved import load_kinds

PREFIX = "zhenfen-"
CHAMPION = "champion"
HASH_TAG, LABEL_TAG = "manifest_sha256", "scores_as"
_URI = re.compile(rf"models:/{PREFIX}([a-z_]+)(?:@([a-z][a-z0-9_-]{{0,62}})|/([1-9][0-9]{{0,8}}))")


@dataclass(frozen=True)
class ModelReference:
    """A model of the registry by version or by alias; one of the two is set."""

    name: str
    version: int | None = None
    alias: str | None = None

    def __str__(self) -> str:
        place = f"@{self.alias}" if self.version is None else f"/{self.version}"
        return f"models:/{PREFIX}{self.name}{place}"


@dataclass(frozen=True)
class Registered:
    """One version of a model.

    Attributes:
        name: Of a kind of `estimators.shelved`, such as audience.
        version: The registry's number; the shelf's is another, and stands in the manifest.
        run_id: The run that trained it; None when it was registered without one.
        aliases: Such as champion.
        created_at: When it was registered, UTC.
        manifest_sha256: Hash of its model.yaml.
        scores_as: Version string of its scores, as reports print it.
    """

    name: str
    version: int
    run_id: str | None
    aliases: tuple[str, ...]
    created_at: datetime
    manifest_sha256: str
    scores_as: str

    def __str__(self) -> str:
        return str(ModelReference(self.name, version=self.version))


def parse_reference(uri: str) -> ModelReference:
    """`models:/zhenfen-audience@champion` or `models:/zhenfen-audience/3`.

    Raises:
        ConfigError: It is spelled otherwise, or names no model of ours.
    """
    match = _URI.fullmatch(uri)
    names = "|".join(load_kinds())
    if match is None or match[1] not in load_kinds():
        raise ConfigError(f"{uri!r}: expected models:/{PREFIX}NAME@ALIAS or models:/{PREFIX}NAME/VERSION, NAME {names}")
    name, alias, version = match.groups()
    return ModelReference(name, int(version) if version else None, alias)


def check_name(name: str) -> str:
    """`name`, which is that of a kind of model.

    Raises:
        ConfigError: It is not.
    """
    if name not in load_kinds():
        raise ConfigError(f"model {name!r}: expected one of {', '.join(load_kinds())}")
    return name
