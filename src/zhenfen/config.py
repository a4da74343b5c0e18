"""Where the configuration lies, and the platforms it describes."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from zhenfen.errors import ConfigError


class Strict(BaseModel):
    """Base of everything read from configs/: frozen, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Model = TypeVar("Model", bound=Strict)


@dataclass(frozen=True)
class RuleFile(Generic[Model]):
    """A configuration that findings depend on, and the hash of the file it stands in."""

    rules: Model
    sha256: str


class Tier(Strict):
    """A size class of creators: from `at_least` followers up to the next tier."""

    name: str
    at_least: int


class Platform(Strict):
    """What is particular about one platform.

    Attributes:
        name: Display name by language.
        interactions: Count columns of `posts` that make up an interaction there.
        tiers: Size classes, smallest first.
        tiers_dated: Day the tiers were taken over, ISO.
        tiers_source: Where they come from.
        followers_visible: What of a follower list can be seen by others, by language.
        rule_packs: Names of the rule packs that its posts are read with.
        language: Language in which its creators are written to; None for that of the report.
    """

    name: dict[str, str]
    interactions: tuple[str, ...]
    tiers: tuple[Tier, ...]
    tiers_dated: str
    tiers_source: str
    followers_visible: dict[str, str]
    rule_packs: tuple[str, ...] = ()
    language: Literal["zh", "en", "fr"] | None = None


def config_dir() -> Path:
    """The folder configs/: ZHENFEN_CONFIGS, else the one shipped in the package, else the one of the checkout."""
    if chosen := os.environ.get("ZHENFEN_CONFIGS"):
        return Path(chosen)
    return _shipped("configs")


def models_dir() -> Path:
    """The shelf models/: the one shipped in the package, else the one of the checkout."""
    return _shipped("models")


def user_config_dir() -> Path:
    """The user's own folder, where the HMAC key lies: ZHENFEN_HOME, else the system's place for it."""
    if chosen := os.environ.get("ZHENFEN_HOME"):
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_config_dir("zhenfen"))


def read_yaml(path: Path) -> Any:
    """The content of a YAML file.

    Raises:
        ConfigError: The file is not there or is not YAML.
    """
    # The C loader reads a large catalogue ten times faster; a source build of PyYAML may lack it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 (both loaders are the safe ones)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not YAML: {error}") from error


def read_config(path: Path, model: type[Model]) -> Model:
    """The content of a YAML file as `model`.

    Raises:
        ConfigError: With every field that is wrong.
    """
    try:
        return model.model_validate(read_yaml(path))
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise ConfigError(f"{path}: " + "; ".join(problems)) from error


def read_rules(path: Path, model: type[Model]) -> RuleFile[Model]:
    """`read_config` with the file's hash, for a report's footer.

    Raises:
        ConfigError: With every field that is wrong.
    """
    rules = read_config(path, model)
    return RuleFile(rules, hashlib.sha256(path.read_bytes()).hexdigest())


@cache
def load_platforms() -> dict[str, Platform]:
    """Every platform of configs/platforms/ by id."""
    return {path.stem: read_config(path, Platform) for path in sorted((config_dir() / "platforms").glob("*.yaml"))}


def _shipped(name: str) -> Path:
    packaged = Path(__file__).parent / name
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / name
