"""Live rooms: who was there, who spoke, and what is more even than chance can make it."""
