"""Feature families, one file each; `base.load_families` finds them."""
