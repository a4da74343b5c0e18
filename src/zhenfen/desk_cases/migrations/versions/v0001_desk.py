"""Projects, what people decide and say in them, and the history of it."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

TABLES = (
    """
    create table projects (
        project_id text primary key, name text not null, options text not null default '{}',
        import_map text, job_id text, created_by text not null, created_at text not null,
        keep_until text, version integer not null default 1
    ) strict
    """,
    """
    create table runs (
        project_id text not null references projects on delete cascade, number integer not null,
        as_of text not null, score_id text not null, versions text not null, made_at text not null,
        primary key (project_id, number)
    ) strict
    """,
    """
    create table reviews (
        project_id text not null references projects on delete cascade, creator_id text not null,
        file text not null, name text not null, owner text, is_pinned integer not null default 0,
        decision text, reason text, decided_by text, decided_at text, version integer not null default 1,
        primary key (project_id, creator_id)
    ) strict
    """,
    """
    create table declarations (
        declaration_id integer primary key autoincrement,
        project_id text not null references projects on delete cascade, creator_id text not null,
        kind text not null, starts_on text not null, note text, declared_by text not null, declared_at text not null
    ) strict
    """,
    """
    create table letters (
        project_id text not null references projects on delete cascade, creator_id text not null,
        run integer not null, language text not null, opening text not null, closing text not null,
        is_touched integer not null default 0, version integer not null default 1, primary key (project_id, creator_id)
    ) strict
    """,
    """
    create table questions (
        question_id integer primary key autoincrement,
        project_id text not null references projects on delete cascade, creator_id text not null,
        asked text, question text not null, status text not null default 'draft', reply text not null default '',
        status_by text, status_at text, version integer not null default 1
    ) strict
    """,
    """
    create table attachments (
        attachment_id text primary key, project_id text not null references projects on delete cascade,
        question_id integer not null references questions on delete cascade, name text not null,
        sha256 text not null, n_bytes integer not null, added_by text not null, added_at text not null
    ) strict
    """,
    """
    create table audits (
        project_id text not null references projects on delete cascade, creator_id text not null, kind text not null,
        number integer not null, seed integer not null, design text not null, applied text,
        made_by text not null, made_at text not null, primary key (project_id, creator_id, kind, number)
    ) strict
    """,
    """
    create table labels (
        label_id integer primary key autoincrement,
        project_id text not null references projects on delete cascade, creator_id text not null, kind text not null,
        number integer not null, item_id text not null, label text not null, labelled_by text not null,
        labelled_at text not null, unique (project_id, creator_id, kind, number, item_id, labelled_by)
    ) strict
    """,
    """
    create table settlements (
        project_id text not null references projects on delete cascade, creator_id text not null, kind text not null,
        number integer not null, item_id text not null, label text not null, settled_by text not null,
        settled_at text not null, version integer not null default 1,
        primary key (project_id, creator_id, kind, number, item_id)
    ) strict
    """,
    """
    create table signatures (
        signature_id text primary key, project_id text not null references projects on delete cascade,
        creator_id text not null, decision text not null, reason text not null, signed_by text not null,
        signed_at text not null, run integer not null, as_of text not null, score_id text not null,
        sha256 text not null, versions text not null
    ) strict
    """,
    """
    create table taken (
        project_id text not null references projects on delete cascade, sha256 text not null, name text not null,
        taken_at text not null, primary key (project_id, sha256)
    ) strict
    """,
    """
    create table history (
        history_id integer primary key autoincrement,
        project_id text not null references projects on delete cascade, creator_id text, what text not null,
        content text not null, by text not null, at text not null
    ) strict
    """,
    "create index history_by_project on history (project_id, creator_id, history_id)",
    """
    create table sheet_maps (
        sheet text not null, project_id text not null references projects on delete cascade, kept_at text not null,
        primary key (sheet, project_id)
    ) strict
    """,
    "create index questions_by_creator on questions (project_id, creator_id, question_id)",
    "create table settings (name text primary key, value text not null, version integer not null default 1) strict",
)


def upgrade() -> None:
    """Make the first tables."""
    for table in TABLES:
        op.execute(table)
