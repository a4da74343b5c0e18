"""What creators are judged by: peers, rules, and the model that sets all families together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from zhenfen.config import RuleFile
from zhenfen.verdict.audience import AudienceRules
from zhenfen.verdict.creator import CreatorRules
from zhenfen.verdict.levels import LevelRules
from zhenfen.verdict.panel import Panel

if TYPE_CHECKING:
    from zhenfen.estimators.creator_model import CreatorModel


class Standards(Protocol):
    """Everything outside the data that a level depends on; `model_store.Models` holds it, beside the other models."""

    @property
    def panel(self) -> Panel:
        """Peers of every platform and size."""

    @property
    def levels(self) -> RuleFile[LevelRules]:
        """From measurements beside peers to a level a family."""

    @property
    def audience_levels(self) -> RuleFile[AudienceRules]:
        """From the interval of a share to the audience's level."""

    @property
    def creator_levels(self) -> RuleFile[CreatorRules]:
        """From all families to the creator's level."""

    @property
    def creator(self) -> CreatorModel | None:
        """The model that takes all families together; None when the shelf holds none."""
