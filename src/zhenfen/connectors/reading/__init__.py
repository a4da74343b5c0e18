"""How files and cells are read, whatever their format."""
