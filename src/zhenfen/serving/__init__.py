"""Thin entrances to scoring: the command line today."""
