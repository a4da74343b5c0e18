"""Scoring of folders that one process would be too slow or too small for: in parts, restartable, on a pool or Spark."""
