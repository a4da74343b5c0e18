"""What can be taken away from a project: the shortlist as a spreadsheet, pages as PDF, both as JSON."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, JSONResponse
from starlette.responses import Response

from zhenfen.desk.frame import HEADERS, Desk, catalogue_of, language_of
from zhenfen.desk.shortlist import place_of, read_part
from zhenfen.desk_cases.listing import write_listing
from zhenfen.errors import ConfigError
from zhenfen.report.pdf import find_browser, print_pages
from zhenfen.service.errors import ServiceError

NOBODY: list[str] = []
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def make_download_router(desk: Desk) -> APIRouter:
    """The routes of files."""
    router = APIRouter(prefix="/projects/{project_id}")

    @router.get("/shortlist.{ending}")
    def get_listing(
        request: Request, project_id: str, ending: str, only: Annotated[list[str], Query()] = NOBODY
    ) -> Response:
        if ending not in ("xlsx", "csv"):
            raise ServiceError(404, "not_found", "there is no such file")
        content = read_part(desk, request, desk.find(project_id), "index.json")
        rows = [row for row in content["creators"] if not only or row["file"] in only]
        made = write_listing(rows, desk.reviews.list_all(project_id), catalogue_of(request), ending)
        headers = {**HEADERS, "Content-Disposition": f'attachment; filename="shortlist.{ending}"'}
        return Response(made, media_type=XLSX_TYPE if ending == "xlsx" else "text/csv; charset=utf-8", headers=headers)

    @router.get("/{stem}.json")
    def get_json(request: Request, project_id: str, stem: str) -> Response:
        return JSONResponse(read_part(desk, request, desk.find(project_id), f"{stem}.json"), headers=HEADERS)

    @router.get("/{file}.pdf")
    def get_pdf(request: Request, project_id: str, file: str) -> Response:
        project = desk.find(project_id)
        read_part(desk, request, project, f"{file}.json")
        page, language = place_of(desk, request, project) / f"{file}.html", language_of(request)
        printed = page.with_suffix(".pdf")
        if not printed.exists():
            try:
                print_pages([page], find_browser(language), language)
            except ConfigError as error:
                raise ServiceError(501, "no_printer", str(error)) from error
        return FileResponse(printed, filename=f"{file}.pdf", headers=HEADERS)

    return router
