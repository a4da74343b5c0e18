"""What scoring judges with: the reference panel and the level rule today, the models of the shelf as they come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from zhenfen.config import config_dir
from zhenfen.verdict.levels import Levels, read_levels
from zhenfen.verdict.panel import Panel, read_panel

SHORT_HASH_CHARS = 12


@dataclass(frozen=True)
class Models:
    """Everything outside the data that a finding depends on."""

    panel: Panel
    levels: Levels

    @property
    def versions(self) -> Mapping[str, str]:
        """Name → short hash of each part, for the report's footer."""
        return {
            "panel": self.panel.sha256[:SHORT_HASH_CHARS],
            "levels": f"v{self.levels.rules.version} {self.levels.sha256[:SHORT_HASH_CHARS]}",
        }


def load_models(panel: Path | None = None) -> Models:
    """The shipped panel, or the one at `panel`, and the level rule of configs/.

    Raises:
        ConfigError: A file is absent or broken.
    """
    verdict = config_dir() / "verdict"
    return Models(read_panel(panel or verdict / "panel.csv"), read_levels(verdict / "levels.yaml"))
