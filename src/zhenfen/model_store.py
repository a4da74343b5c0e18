"""What scoring judges with: the reference panel, the level rules, and the models of the shelf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from zhenfen.config import RuleFile, config_dir, models_dir, read_rules
from zhenfen.errors import ConfigError
from zhenfen.estimators.profile_model import ProfileModel, load_profile_model
from zhenfen.verdict.audience import AudienceRules
from zhenfen.verdict.levels import LevelRules
from zhenfen.verdict.panel import Panel, read_panel

SHORT_HASH_CHARS = 12


@dataclass(frozen=True)
class Models:
    """Everything outside the data that a finding depends on; `audience` is None when there is no such model."""

    panel: Panel
    levels: RuleFile[LevelRules]
    audience_levels: RuleFile[AudienceRules]
    audience: ProfileModel | None

    def need_audience(self) -> ProfileModel:
        """The audience model.

        Raises:
            ConfigError: The shelf holds none.
        """
        if self.audience is None:
            raise ConfigError(f"{models_dir() / 'audience'}: expected a version of the audience model, found none")
        return self.audience

    @property
    def versions(self) -> Mapping[str, str]:
        """Name → version and short hash of each part, for the report's footer."""
        shelved = {} if self.audience is None else {"audience_model": self.audience.version}
        return {
            "panel": self.panel.sha256[:SHORT_HASH_CHARS],
            "levels": _version(self.levels.rules.version, self.levels.sha256),
            "audience_levels": _version(self.audience_levels.rules.version, self.audience_levels.sha256),
            **shelved,
        }


def load_models(panel: Path | None = None) -> Models:
    """The shipped panel, or the one at `panel`, the level rules of configs/ and the shelf's models.

    Raises:
        ConfigError: A file is absent, broken or was changed.
    """
    verdict = config_dir() / "verdict"
    return Models(
        read_panel(panel or verdict / "panel.csv"),
        read_rules(verdict / "levels.yaml", LevelRules),
        read_rules(verdict / "audience.yaml", AudienceRules),
        load_audience_model(models_dir()),
    )


@cache
def load_audience_model(shelf: Path) -> ProfileModel | None:
    """The newest audience model of a shelf; None when it holds none.

    Raises:
        ConfigError: A file of it was changed, or it wants features that this version does not make.
    """
    versions = sorted(
        (path for path in (shelf / "audience").glob("*") if path.name.isdigit()), key=lambda p: int(p.name)
    )
    return load_profile_model(versions[-1]) if versions else None


def _version(version: int, sha256: str) -> str:
    return f"v{version} {sha256[:SHORT_HASH_CHARS]}"
