"""What the desk keeps and does: projects, decisions, declarations, letters, labels and signatures, for any door."""
