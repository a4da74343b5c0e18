"""Export formats, one file each: a folder that somebody holds becomes canonical tables."""
