"""What scoring judges with: the reference panel, the rules, and the models of the shelf."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhenfen.config import RuleFile, config_dir, models_dir, read_rules
from zhenfen.errors import ConfigError
from zhenfen.estimators.shelved import Loaded, LoadedModel, ShelvedModel, load_folder, load_kinds
from zhenfen.model_registry import CHOICE, chosen_folders
from zhenfen.shelf import PANEL, find_file, list_versions
from zhenfen.verdict.audience import AudienceRules
from zhenfen.verdict.comments import CommentRules
from zhenfen.verdict.creator import CreatorRules
from zhenfen.verdict.levels import LevelRules
from zhenfen.verdict.panel import Panel, read_panel

if TYPE_CHECKING:
    from zhenfen.estimators.comment_model import CommentModel
    from zhenfen.estimators.creator_model import CreatorModel
    from zhenfen.estimators.post_model import PostModel
    from zhenfen.estimators.profile_model import ProfileModel

SHORT_HASH_CHARS = 12


@dataclass(frozen=True)
class Models:
    """Everything outside the data that a finding depends on.

    Attributes:
        panel: Peers.
        levels, audience_levels, comment_shares, creator_levels: Rules of configs/verdict/.
        shelved: Name → model, of those that the shelf holds. The judging of creators asks for four of them by their
            properties, which are None when there is none; everybody else asks by kind.
    """

    panel: Panel
    levels: RuleFile[LevelRules]
    audience_levels: RuleFile[AudienceRules]
    comment_shares: RuleFile[CommentRules]
    creator_levels: RuleFile[CreatorRules]
    shelved: Mapping[str, LoadedModel]

    def find(self, kind: ShelvedModel[Loaded]) -> Loaded | None:
        """The model of a kind; None when the shelf holds none."""
        found: Any = self.shelved.get(kind.name)
        model: Loaded | None = found
        return model

    def need(self, kind: ShelvedModel[Loaded]) -> Loaded:
        """The model of a kind.

        Raises:
            ConfigError: The shelf holds none.
        """
        model = self.find(kind)
        if model is None:
            raise ConfigError(f"{models_dir() / kind.name}: expected a version of the {kind.name} model, found none")
        return model

    def with_models(self, **changes: Any) -> Models:
        """The same with other models, by name; None takes one away."""
        shelved = {**self.shelved, **changes}
        return replace(self, shelved={name: model for name, model in shelved.items() if model is not None})

    @property
    def audience(self) -> ProfileModel | None:
        """Scores profiles."""
        from zhenfen.estimators.profile_model import PROFILE

        return self.find(PROFILE)

    @property
    def comment(self) -> CommentModel | None:
        """Scores comments."""
        from zhenfen.estimators.comment_model import COMMENT

        return self.find(COMMENT)

    @property
    def post(self) -> PostModel | None:
        """Scores posts."""
        from zhenfen.estimators.post_model import POST

        return self.find(POST)

    @property
    def creator(self) -> CreatorModel | None:
        """Scores creators."""
        from zhenfen.estimators.creator_model import CREATOR

        return self.find(CREATOR)

    @property
    def versions(self) -> Mapping[str, str]:
        """Name → version and short hash of each part, for the report's footer."""
        return {
            "panel": self.panel.sha256[:SHORT_HASH_CHARS],
            "levels": _version(self.levels.rules.version, self.levels.sha256),
            "audience_levels": _version(self.audience_levels.rules.version, self.audience_levels.sha256),
            "comment_shares": _version(self.comment_shares.rules.version, self.comment_shares.sha256),
            "creator_levels": _version(self.creator_levels.rules.version, self.creator_levels.sha256),
            **{f"{name}_model": self.shelved[name].version for name in load_kinds() if name in self.shelved},
        }


def load_models(panel: Path | None = None) -> Models:
    """The shipped panel, or the one at `panel`, the rules of configs/ and the shelf's models.

    Raises:
        ConfigError: A file is absent, broken or was changed.
    """
    verdict, shelf = config_dir() / "verdict", models_dir()
    return Models(
        read_panel(panel or find_file(PANEL)),
        read_rules(verdict / "levels.yaml", LevelRules),
        read_rules(verdict / "audience.yaml", AudienceRules),
        read_rules(verdict / "comments.yaml", CommentRules),
        read_rules(verdict / "creator.yaml", CreatorRules),
        {name: model for name, kind in load_kinds().items() if (model := load_model(kind, shelf)) is not None},
    )


def load_model(kind: ShelvedModel[Any], shelf: Path) -> LoadedModel | None:
    """The model of a kind that ZHENFEN_MODELS chooses, else the newest of a shelf; None when it holds none.

    Raises:
        ConfigError: A file of it was changed, or it wants features that this version does not make.
    """
    chosen = chosen_folders(os.environ.get(CHOICE, "")).get(kind.name)
    newest = list_versions(shelf / kind.name)[-1:]
    return _open(chosen or newest[0]) if chosen or newest else None


@cache
def _open(folder: Path) -> LoadedModel:
    return load_folder(folder)


def _version(version: int, sha256: str) -> str:
    return f"v{version} {sha256[:SHORT_HASH_CHARS]}"
