"""Network: what creators of one set share."""
