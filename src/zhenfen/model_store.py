"""What scoring judges with: the reference panel, the rules, and the models of the shelf."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from zhenfen.config import RuleFile, config_dir, models_dir, read_rules
from zhenfen.errors import ConfigError
from zhenfen.model_registry import CHOICE, chosen_folders
from zhenfen.model_registry.loading import ShelvedModel, load_folder
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
Model = TypeVar("Model")


@dataclass(frozen=True)
class Models:
    """Everything outside the data that a finding depends on; a model is None when the shelf holds none."""

    panel: Panel
    levels: RuleFile[LevelRules]
    audience_levels: RuleFile[AudienceRules]
    comment_shares: RuleFile[CommentRules]
    creator_levels: RuleFile[CreatorRules]
    audience: ProfileModel | None = None
    comment: CommentModel | None = None
    post: PostModel | None = None
    creator: CreatorModel | None = None

    def need_audience(self) -> ProfileModel:
        """The audience model.

        Raises:
            ConfigError: The shelf holds none.
        """
        return _need(self.audience, "audience")

    def need_comment(self) -> CommentModel:
        """The comment model.

        Raises:
            ConfigError: The shelf holds none.
        """
        return _need(self.comment, "comment")

    def need_post(self) -> PostModel:
        """The post model.

        Raises:
            ConfigError: The shelf holds none.
        """
        return _need(self.post, "post")

    def need_creator(self) -> CreatorModel:
        """The creator model.

        Raises:
            ConfigError: The shelf holds none.
        """
        return _need(self.creator, "creator")

    @property
    def versions(self) -> Mapping[str, str]:
        """Name → version and short hash of each part, for the report's footer."""
        shelved = {
            "audience_model": self.audience,
            "comment_model": self.comment,
            "post_model": self.post,
            "creator_model": self.creator,
        }
        return {
            "panel": self.panel.sha256[:SHORT_HASH_CHARS],
            "levels": _version(self.levels.rules.version, self.levels.sha256),
            "audience_levels": _version(self.audience_levels.rules.version, self.audience_levels.sha256),
            "comment_shares": _version(self.comment_shares.rules.version, self.comment_shares.sha256),
            "creator_levels": _version(self.creator_levels.rules.version, self.creator_levels.sha256),
            **{name: model.version for name, model in shelved.items() if model is not None},
        }


def load_models(panel: Path | None = None) -> Models:
    """The shipped panel, or the one at `panel`, the rules of configs/ and the shelf's models.

    Raises:
        ConfigError: A file is absent, broken or was changed.
    """
    verdict, shelf = config_dir() / "verdict", models_dir()
    return Models(
        read_panel(panel or verdict / "panel.csv"),
        read_rules(verdict / "levels.yaml", LevelRules),
        read_rules(verdict / "audience.yaml", AudienceRules),
        read_rules(verdict / "comments.yaml", CommentRules),
        read_rules(verdict / "creator.yaml", CreatorRules),
        load_audience_model(shelf),
        load_comment_model(shelf),
        load_post_model(shelf),
        load_creator_model(shelf),
    )


def load_audience_model(shelf: Path) -> ProfileModel | None:
    """The audience model that ZHENFEN_MODELS chooses, else the newest of a shelf; None when it holds none.

    Raises:
        ConfigError: A file of it was changed, or it wants features that this version does not make.
    """
    loaded: ProfileModel | None = _load(shelf, "audience")
    return loaded


def load_comment_model(shelf: Path) -> CommentModel | None:
    """The same for comments."""
    loaded: CommentModel | None = _load(shelf, "comment")
    return loaded


def load_post_model(shelf: Path) -> PostModel | None:
    """The same for posts."""
    loaded: PostModel | None = _load(shelf, "post")
    return loaded


def load_creator_model(shelf: Path) -> CreatorModel | None:
    """The same for creators."""
    loaded: CreatorModel | None = _load(shelf, "creator")
    return loaded


def _load(shelf: Path, name: str) -> Any:
    folder = chosen_folders(os.environ.get(CHOICE, "")).get(name) or _find_newest(shelf, name)
    return None if folder is None else _open(folder)


@cache
def _open(folder: Path) -> ShelvedModel:
    return load_folder(folder)


def _find_newest(shelf: Path, name: str) -> Path | None:
    versions = [path for path in (shelf / name).glob("*") if path.name.isdigit()]
    return max(versions, key=lambda path: int(path.name), default=None)


def _need(model: Model | None, name: str) -> Model:
    if model is None:
        raise ConfigError(f"{models_dir() / name}: expected a version of the {name} model, found none")
    return model


def _version(version: int, sha256: str) -> str:
    return f"v{version} {sha256[:SHORT_HASH_CHARS]}"
