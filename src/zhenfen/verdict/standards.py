"""What creators are judged by: peers, rules, and the model that sets all families together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zhenfen.config import RuleFile
from zhenfen.verdict.audience import AudienceRules
from zhenfen.verdict.comments import CommentRules
from zhenfen.verdict.creator import CreatorRules
from zhenfen.verdict.levels import LevelRules
from zhenfen.verdict.panel import Panel

if TYPE_CHECKING:
    from zhenfen.estimators.creator_model import CreatorModel


@dataclass(frozen=True, kw_only=True)
class Standards:
    """Everything outside the data that a level depends on, but for the models that read single rows.

    Attributes:
        panel: Peers of every platform and size.
        levels: From measurements beside peers to a level a family.
        audience_levels: From the interval of a share to the audience's level.
        comment_shares: When the share of a kind of comment is an answer.
        creator_levels: From all families to the creator's level.
        creator: The model that takes them together; None when the shelf holds none.
    """

    panel: Panel
    levels: RuleFile[LevelRules]
    audience_levels: RuleFile[AudienceRules]
    comment_shares: RuleFile[CommentRules]
    creator_levels: RuleFile[CreatorRules]
    creator: CreatorModel | None = None
