"""What the page of a creator shows of a family, one file each; they register themselves."""
