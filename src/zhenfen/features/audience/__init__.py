"""Audience: what the profiles of a sample look like."""
