"""Chinese text: pure functions on polars and numpy, no models."""
