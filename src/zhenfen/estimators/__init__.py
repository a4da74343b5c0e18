"""From features to probabilities, and from probabilities to shares with an interval."""
