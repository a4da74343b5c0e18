"""Comments: who writes under a creator's posts, when, and how alike."""
