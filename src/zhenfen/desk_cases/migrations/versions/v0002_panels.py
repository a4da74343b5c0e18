"""Reference panels of a team's own."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table; a panel's file lies under its id."""
    op.execute(
        "create table panels (name text primary key, panel_id text not null unique, made_by text not null,"
        " made_at text not null) strict"
    )
