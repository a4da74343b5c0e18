"""From an export to a report, to one creator explained, to spans, or to a panel: use cases that every door calls."""
