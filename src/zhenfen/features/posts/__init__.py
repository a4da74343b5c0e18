"""Posts: what their texts and columns say, and the family of sponsorship."""
