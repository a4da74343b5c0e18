"""What the page of a creator shows of a family, a file for each; they register themselves."""
