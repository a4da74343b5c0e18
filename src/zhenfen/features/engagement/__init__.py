"""Engagement: what posts receive."""
