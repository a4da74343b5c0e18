"""Zhenfen: how much of an influencer's audience and engagement is real, with evidence a person can check."""

__version__ = "0.1.0"
