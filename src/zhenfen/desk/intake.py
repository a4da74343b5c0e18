"""How a project's files are read: sheet by sheet, with what has to be said first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import Response

from zhenfen.config import load_platforms
from zhenfen.connectors.import_map import ImportMap, SheetMap, check_map, outer_name
from zhenfen.connectors.importing import check_options
from zhenfen.connectors.preview import Preview, SheetPreview
from zhenfen.connectors.preview_process import preview_apart
from zhenfen.connectors.reading.headings import STATS, load_headings
from zhenfen.desk.frame import Desk, catalogue_of, language_of, see, tell_on_page
from zhenfen.desk.job import start_job
from zhenfen.desk_cases.database import ConflictError, now
from zhenfen.desk_cases.project import LONGEST_NAME_CHARS, Project, ProjectOptions
from zhenfen.errors import ConfigError, InputError
from zhenfen.messages import Catalogue
from zhenfen.places import parse_targets
from zhenfen.service.errors import rename
from zhenfen.service.uploads import save_export
from zhenfen.tables import FOUND_BY, FRAMES

MOST_PROBLEMS = 10
MOST_SAMPLES = 3
IGNORED = "-"
"""What a select says of a column that is not used."""


def make_intake_router(desk: Desk) -> APIRouter:
    """The routes of a project's files."""
    router = APIRouter(prefix="/projects/{project_id}")

    @router.get("/intake")
    def get_intake(request: Request, project_id: str) -> Response:
        project = desk.find(project_id)
        return desk.page(request, "intake.html", look_at(desk, project, catalogue_of(request)))

    @router.post("/intake", dependencies=[Depends(desk.check_stamp)])
    async def post_intake(request: Request, project_id: str) -> Response:
        form = await request.form()
        return await run_in_threadpool(take, desk, request, desk.find(project_id), form)

    @router.post("/uploads", dependencies=[Depends(desk.check_stamp)])
    async def post_uploads(request: Request, project_id: str) -> Response:
        project = await run_in_threadpool(desk.find, project_id)
        await save_export(request, desk.projects.add_batch(project.project_id), desk.service.settings.limits)
        return see(f"/projects/{project_id}/intake")

    return router


def look_at(desk: Desk, project: Project, catalogue: Catalogue, wrong: str = "") -> dict[str, Any]:
    """What the page shows: sheets as they would be read, problems, and what was said."""
    sheets: list[dict[str, Any]] = []
    problems: list[str] = [wrong] if wrong else []
    unread: list[str] = []
    for path in desk.projects.list_batches(project.project_id):
        try:
            seen = look(desk, project, path)
        except InputError as error:
            shown = rename(error, path.name, path, path.parent)
            problems += [tell_on_page(one, catalogue) for one in shown.problems]
            continue
        problems += [tell_on_page(one, catalogue) for one in seen.problems]
        unread += seen.unread
        sheets += [describe_sheet(one, catalogue) for one in seen.sheets]
    for number, sheet in enumerate(sheets):
        sheet["number"] = number
    return {
        "project": project,
        "current": "intake",
        "sheets": sheets,
        "problems": problems[:MOST_PROBLEMS],
        "n_more": max(0, len(problems) - MOST_PROBLEMS),
        "unread": unread,
        "options": project.options,
        "choices": {"found_by": FOUND_BY, "frame": FRAMES},
        "platforms": [(name, one.name[catalogue.language]) for name, one in load_platforms().items()],
        "has_audience": any(sheet["table"] == "audience" for sheet in sheets),
        "tables": {one: name_table(one, catalogue) for one in load_headings().columns},
    }


def look(desk: Desk, project: Project, path: Any) -> Preview:
    """How a batch would be read.

    Raises:
        InputError: Nothing in it can be used.
    """
    said = project.options
    import_map = project.import_map or recall_maps(desk)
    return preview_apart(path, check_options(said.frame, said.platform, True, said.creator_name), import_map)


def take(desk: Desk, request: Request, project: Project, form: FormData) -> Response:
    """Keep what was said of the files; begin the work, or show them again."""
    catalogue = catalogue_of(request)
    try:
        version = int(str(form.get("version", "")))
        # What is said elsewhere of a project stays.
        kept = {name: getattr(project.options, name) for name in ("recheck_days", "watched", "panel")}
        options = read_options(form).model_copy(update=kept)
        changed = read_sheets(desk, project, form, catalogue)
    except (ValueError, ConfigError) as error:
        said = str(error) if isinstance(error, ConfigError) else catalogue.text("desk.intake.wrong")
        return desk.page(request, "intake.html", look_at(desk, project, catalogue, said), 422)
    values: dict[str, object] = {"options": options.model_dump_json()}
    if name := str(form.get("name", "")).strip():
        values["name"] = name[:LONGEST_NAME_CHARS]
    if changed is not None:
        values["import_map"] = changed.model_dump_json()
    try:
        desk.projects.edit(project.project_id, version, request.state.owner, **values)
    except ConflictError:
        # What was entered stays in the form; it stands when it is sent again.
        mine = replace(project, name=str(values.get("name", project.name)), options=options)
        mine = mine if changed is None else replace(mine, import_map=changed)
        return desk.page(
            request, "intake.html", look_at(desk, mine, catalogue, catalogue.text("desk.intake.clash")), 409
        )
    if changed is not None:
        keep_maps(desk, project.project_id, changed)
    if form.get("go") != "start":
        return see(f"/projects/{project.project_id}/intake")
    start_job(desk, desk.find(project.project_id), language_of(request), request.state.owner)
    return see(f"/projects/{project.project_id}/job")


def read_options(form: Mapping[str, Any]) -> ProjectOptions:
    """What was said of the files.

    Raises:
        ValueError: A day is none.
        ConfigError: Nobody knows a place, or a word is none of those that are offered.
    """
    said = {name: str(form.get(name, "")).strip() or None for name in ("platform", "found_by", "frame", "creator_name")}
    places = tuple(
        part.strip() for part in str(form.get("target_regions", "")).replace("、", ",").split(",") if part.strip()
    )
    parse_targets(places)
    # A browser offers no other words; a page that kept one could not be shown again.
    check_options(said["frame"], said["platform"], True, said["creator_name"])
    if said["found_by"] not in (None, *FOUND_BY):
        raise ConfigError(f"found_by {said['found_by']!r}: expected one of {', '.join(FOUND_BY)}")
    day, hour = (str(form.get(name, "")).strip() for name in ("as_of", "as_of_time"))
    return ProjectOptions.model_validate(
        {
            **said,
            "obtained_how": str(form.get("obtained_how", "")).strip(),
            "as_of": (f"{day}T{hour}" if day and hour else day) or None,
            "target_regions": places,
        }
    )


def read_sheets(desk: Desk, project: Project, form: Mapping[str, Any], catalogue: Catalogue) -> ImportMap | None:
    """The map that a person made of the preview; None where nothing was changed.

    Raises:
        ConfigError: It names a table or a column that there is not.
    """
    sheets = look_at(desk, project, catalogue)["sheets"]
    changed, is_changed = [], False
    for sheet in sheets:
        if sheet["table"] is None:
            continue
        number = sheet["number"]
        table = str(form.get(f"table-{number}", sheet["table"]))
        row = str(form.get(f"row-{number}", "")) or None
        columns = {
            column["heading"]: None if (to := form.get(f"column-{number}-{place}", column["column"])) == IGNORED else to
            for place, column in enumerate(sheet["columns"])
        }
        before = {column["heading"]: column["column"] for column in sheet["columns"]}
        heading_row = int(row) if row and row.isdecimal() else sheet["heading_row"]
        is_changed |= (table, columns, heading_row) != (sheet["table"], before, sheet["heading_row"])
        kept = {name: sheet[name] for name in ("file", "sheet", "platform")}
        changed.append(SheetMap(**kept, heading_row=heading_row, table=table, columns=columns))
    if not is_changed:
        return None
    made = ImportMap(sheets=tuple(changed))
    check_map(made, catalogue.text("desk.intake.map"))
    return made


def describe_sheet(one: SheetPreview, catalogue: Catalogue) -> dict[str, Any]:
    """A sheet as the page shows it: its columns with what they may be used as."""
    columns: list[dict[str, Any]] = [
        {"heading": name, "column": outer_name(to), "hint": None} for name, to in one.used.items()
    ]
    columns += [{"heading": name, "column": None, "hint": hint} for name, hint in one.ignored.items()]
    choices = [] if one.table is None else list(name_columns(one.table, catalogue))
    averages = {} if one.table != "creators" else dict(name_columns(STATS, catalogue))
    for place, column in enumerate(columns):
        column["samples"] = [row[place] or "" for row in one.rows if place < len(row)][:MOST_SAMPLES]
        # An average is told by its heading, window and all: there is nothing to choose.
        is_average = column["column"] in averages and column["column"] not in dict(choices)
        column["fixed"] = averages[column["column"]] if is_average else None
    return {
        "file": one.file,
        "sheet": one.sheet,
        "heading_row": one.heading_row,
        "table": one.table,
        "platform": one.platform,
        "n_used": len(one.used),
        "columns": columns,
        "choices": choices,
    }


def name_table(table: str, catalogue: Catalogue) -> str:
    """What a sheet may hold, in the reader's words."""
    key = f"template.sheet.{table}"
    return catalogue.text(key if catalogue.has(key) else f"desk.table.{table}")


def name_columns(table: str, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """Every column that a heading may be used as, with its name in the reader's language."""
    for column in load_headings().columns[table]:
        keys = (f"template.heading.{table}.{column}", f"column.{outer_name(column)}")
        yield outer_name(column), next((catalogue.text(key) for key in keys if catalogue.has(key)), outer_name(column))


def recall_maps(desk: Desk) -> ImportMap | None:
    """Maps that people made before, the newest first: a sheet with the same headings is read alike."""
    rows = desk.projects.database.read(
        "select sheet from sheet_maps group by sheet order by max(kept_at) desc, max(rowid) desc"
    )
    sheets = tuple(SheetMap.model_validate_json(row["sheet"]) for row in rows)
    return ImportMap(sheets=sheets) if sheets else None


def keep_maps(desk: Desk, project_id: str, made: ImportMap) -> None:
    """Keep how sheets are read for the next files with the same headings, as long as the project is kept."""
    with desk.projects.database.open() as database:
        for sheet in made.sheets:
            # Another file of the same kind has another name.
            content = sheet.model_copy(update={"file": "", "sheet": ""}).model_dump_json()
            database.execute(
                "insert or replace into sheet_maps (sheet, project_id, kept_at) values (?, ?, ?)",
                (content, project_id, now()),
            )
