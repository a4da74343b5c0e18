"""What Alembic runs: the steps that are missing, on the file that `database.migrate` names."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, event
from sqlalchemy.pool import NullPool


def _run() -> None:
    engine = create_engine(f"sqlite:///{context.config.attributes['path']}", poolclass=NullPool)

    # Python's driver opens a transaction only before a change of rows: a step that makes tables must be one too.
    @event.listens_for(engine, "connect")
    def _plain(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]

    @event.listens_for(engine, "begin")
    def _begin(connection: object) -> None:
        connection.exec_driver_sql("begin immediate")  # type: ignore[attr-defined]

    with engine.connect() as connection:
        context.configure(connection=connection, transactional_ddl=True)
        with context.begin_transaction():
            context.run_migrations()


_run()
