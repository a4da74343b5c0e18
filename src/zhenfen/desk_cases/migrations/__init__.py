"""The desk's database, step by step; Alembic applies what a file has not seen yet."""
