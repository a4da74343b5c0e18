"""When a difference counts: configs/monitoring.yaml."""

from __future__ import annotations

from pydantic import Field

from zhenfen.config import RuleFile, Strict, config_dir, read_rules


class MonitorRules(Strict):
    """Lines that a finding must reach; it must be no chance and large enough to matter.

    Attributes:
        version: Of these rules.
        dated: Day they were set.
        source: Where the lines come from.
        psi_from: Population stability index from which a column counts as changed.
        false_discovery_rate: Expected share of false ones among the columns found to differ.
        confidence_level: Of the intervals of shares, all of a run together.
        least_change: Smallest change of a share of flagged rows that counts.
    """

    version: int
    dated: str
    source: str
    psi_from: float = Field(gt=0)
    false_discovery_rate: float = Field(gt=0, lt=1)
    confidence_level: float = Field(gt=0, lt=1)
    least_change: float = Field(gt=0, lt=1)


def load_rules() -> RuleFile[MonitorRules]:
    """The rules of configs/ with their hash.

    Raises:
        ConfigError: The file is absent or wrong.
    """
    return read_rules(config_dir() / "monitoring.yaml", MonitorRules)
