"""Growth: how followers came and went, day by day."""
