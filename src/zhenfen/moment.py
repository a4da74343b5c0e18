"""What `as_of` says at every door: a day, which is read at its end, or a moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

EXPECTED = "a day such as 2026-01-31 or a moment such as 2026-01-31T18:00+08:00"


def read_moment(text: str) -> datetime:
    """The last moment of a day, or the moment itself, UTC.

    Args:
        text: ISO 8601; a time without a zone is UTC. In an address the plus of a zone may have come as a blank.

    Raises:
        ValueError: It is neither.
    """
    said = text.strip()
    try:
        if len(said) == len("2026-01-31"):
            return datetime.combine(date.fromisoformat(said), time.max, UTC)
        moment = datetime.fromisoformat(said.replace(" ", "+") if "T" in said else said)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"expected {EXPECTED}") from None
