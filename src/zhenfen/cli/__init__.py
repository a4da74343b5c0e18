"""The command line: thin entrances; everything heavy is imported inside the commands."""
