"""From a project's files to its reports in every language."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from zhenfen.connectors.joining import check_key, join_tables
from zhenfen.desk_cases.audit_share import restore_labels
from zhenfen.desk_cases.database import now
from zhenfen.desk_cases.declaration import add_declared, list_declarations
from zhenfen.desk_cases.panel import Panels
from zhenfen.desk_cases.project import RUNS, TABLES, Project, Projects, Run
from zhenfen.files import write_file
from zhenfen.messages import LANGUAGES
from zhenfen.model_store import Models
from zhenfen.places import parse_targets
from zhenfen.progress import Progress, silent
from zhenfen.report.write import silent_row, write_report
from zhenfen.scoring import known_at, score
from zhenfen.scoring.identity import SCORE
from zhenfen.tables import Tables, read_tables, write_tables
from zhenfen.vetting.options import read_export
from zhenfen.vetting.record import remember

ROWS_MADE = "made.ndjson"
READ_BATCHES = "read.json"
"""How many batches of a project are in its tables, and with which words they were read."""


def assess(
    projects: Projects,
    project: Project,
    models: Models | Callable[[], Models],
    language: str,
    on_progress: Progress = silent,
) -> None:
    """Read what came in, judge everybody, and write a report in every language, that of the reader first.

    Each report is whole when its folder is there. What was read before is read again only where something else was
    said of it.

    Args:
        projects: Where the project lies.
        project: Which one.
        models: Panel, rules and models to judge with, or what loads them once the files have been read; a panel that
            the project has of its own takes the place of theirs.
        language: Of the reader who waits.
        on_progress: Told of every step.

    Raises:
        InputError: The files cannot be used.
        ConfigError: The data folder cannot be written.
    """
    folder = projects.place(project.project_id)
    tables = read_batches(projects, project, language, on_progress)
    declared = add_declared(tables, list_declarations(projects.database, project.project_id))
    options = project.options.to_vet(language, project.import_map)
    judged_with = Panels(projects).use(project, models if isinstance(models, Models) else models())
    findings = score(declared, judged_with, as_of=options.as_of, on_progress=on_progress)
    runs = projects.list_runs(project.project_id)
    # The same data judged by the same models is the same run, perhaps one that was cut off before its last language.
    is_same = bool(runs) and runs[0].score_id == findings.versions[SCORE]
    number = (runs[0].number if runs else 0) + (not is_same)
    read_from = folder / TABLES
    if declared is not tables:
        # What is judged is more than what was read: kept, so that the score can be made again.
        read_from = folder / RUNS / str(number) / TABLES
        write_tables(declared, read_from)
    known, targets = known_at(declared, findings.as_of), parse_targets(options.target_regions)
    for one in sorted(LANGUAGES, key=lambda name: name != language):
        report = folder / RUNS / str(number) / one
        # Whoever waits sees each creator as soon as the page is made.
        tell = RowsMade(folder) if one == language else silent_row
        write_report(findings, known, report, one, target_regions=targets, on_progress=on_progress, on_row=tell)
        if one == language:
            score_id = remember(findings, declared, read_from, options)
            _enter(
                projects,
                project.project_id,
                Run(number, findings.as_of.isoformat(), score_id, dict(findings.versions), now()),
                report,
            )


class RowsMade:
    """Writes down each creator whose page is made, for whoever waits.

    Args:
        folder: Of the project.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / ROWS_MADE
        self.path.unlink(missing_ok=True)

    def __call__(self, row: Mapping[str, Any]) -> None:
        """Note a line of the shortlist."""
        made = {"name": row["name"], "label": row["priority"]["label"], "kind": row["priority"]["kind"]}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(made, ensure_ascii=False) + "\n")


def list_made(folder: Path) -> list[dict[str, str]]:
    """Name, review priority and its kind of the creators of a project whose pages are made, most concern first."""
    path = folder / ROWS_MADE
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    # The last one may be half written.
    return [json.loads(line) for line in lines[:-1]]


def read_batches(projects: Projects, project: Project, language: str, on_progress: Progress = silent) -> Tables:
    """The project's tables: what is there, with the batches that came since.

    Raises:
        InputError: A batch cannot be used, or is of no kind with the others.
    """
    folder = projects.place(project.project_id) / TABLES
    batches = projects.list_batches(project.project_id)
    said = project.options.model_dump_json(exclude={"recheck_days", "watched", "panel", "target_regions", "as_of"})
    how = f"{said}{'' if project.import_map is None else project.import_map.model_dump_json()}"
    noted = folder.with_name(READ_BATCHES)
    read: dict[str, Any] = json.loads(noted.read_text(encoding="utf-8")) if noted.exists() else {"n": 0, "how": how}
    tables = read_tables(folder) if read["how"] == how and read["n"] and folder.is_dir() else None
    done = 0 if tables is None else int(read["n"])
    if tables is not None and done < len(batches):
        check_key(tables, project.name)
    for path in batches[done:]:
        added = read_export(path, project.options.to_vet(language, project.import_map), on_progress)
        tables = added if tables is None else join_tables(tables, added, project.name).tables
    if tables is None:
        return Tables()
    if done < len(batches):
        noted.unlink(missing_ok=True)
        write_tables(tables, folder)
        tables = restore_labels(projects, project.project_id, tables)
        write_file(noted, json.dumps({"n": len(batches), "how": how}))
    return tables


def check_batch(projects: Projects, project: Project, path: Path, language: str) -> None:
    """Read a batch that is not the project's yet, as a job would, and keep nothing of it.

    Raises:
        InputError: It cannot be used, or is of no kind with what is there.
    """
    folder = projects.place(project.project_id) / TABLES
    added = read_export(path, project.options.to_vet(language, project.import_map))
    if folder.is_dir():
        join_tables(read_tables(folder), added, project.name)


def _enter(projects: Projects, project_id: str, run: Run, report: Path) -> None:
    """Note the run, and a review for every creator that has none yet."""
    shortlist = json.loads((report / "index.json").read_text(encoding="utf-8"))
    rows = [(project_id, row["creator_id"], row["file"], row["name"]) for row in shortlist["creators"]]
    with projects.database.open() as database:
        database.execute(
            "insert or replace into runs (project_id, number, as_of, score_id, versions, made_at)"
            " values (?, ?, ?, ?, ?, ?)",
            (project_id, run.number, run.as_of, run.score_id, json.dumps(run.versions), run.made_at),
        )
        database.executemany(
            "insert into reviews (project_id, creator_id, file, name) values (?, ?, ?, ?)"
            " on conflict (project_id, creator_id) do update set name = excluded.name, file = excluded.file",
            rows,
        )
