"""Export formats, one file each; they register themselves."""
