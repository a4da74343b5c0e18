"""Every refusal of the service: a status, a code for programs, a text and the problems found; never a stack trace."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from zhenfen.errors import (
    LONGEST_VALUE_CHARS,
    ConfigError,
    DiskFullError,
    InputError,
    InvalidTableError,
    MissingTableError,
    Problem,
    UnknownCreatorError,
    UnknownFormatError,
    UnreadableFileError,
)
from zhenfen.files import is_disk_full

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request

MOST_PROBLEMS = 100
"""Problems listed in one answer; `n_problems` says how many there are."""
UNUSABLE = "the input cannot be used"
REFUSAL = "refusal"
"""Where a request's state holds the code that it was refused with, for whoever counts."""
LOG = logging.getLogger("zhenfen.service")

_INPUT_CODES: tuple[tuple[type[InputError], int, str], ...] = (
    (UnreadableFileError, 400, "unreadable_body"),
    (InvalidTableError, 422, "invalid_table"),
    (MissingTableError, 422, "missing_table"),
    (UnknownFormatError, 422, "unknown_format"),
    (UnknownCreatorError, 422, "unknown_creator"),
    (InputError, 422, "bad_input"),
)
_HTTP_CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed"}
AnyInputError = TypeVar("AnyInputError", bound=InputError)


class ProblemReply(BaseModel):
    """One thing wrong with one place of the input; rows count from 1."""

    file: str
    row: int | None = None
    column: str | None = None
    value: str | None = None
    expected: str


class ErrorDetail(BaseModel):
    """What went wrong: `code` is for programs and stays, `text` is for people and may change."""

    code: str
    text: str
    problems: list[ProblemReply] = []
    n_problems: int = 0


class ErrorReply(BaseModel):
    """Body of every answer that is not a success."""

    error: ErrorDetail


class ServiceError(Exception):
    """A request that is refused.

    Args:
        status: HTTP status.
        code: What happened, one word for programs.
        text: What happened, for people.
        problems: Every problem of the body, where there are several.
        headers: Headers of the answer.
        n_problems: How many there are, where `problems` holds only the first of them.
    """

    def __init__(
        self,
        status: int,
        code: str,
        text: str,
        problems: Sequence[Problem] = (),
        *,
        headers: dict[str, str] | None = None,
        n_problems: int | None = None,
    ) -> None:
        super().__init__(text)
        self.n_problems = len(problems) if n_problems is None else n_problems
        self.status, self.code, self.text, self.problems, self.headers = status, code, text, problems, headers

    @property
    def reply(self) -> ErrorReply:
        """The body of the answer."""
        return make_reply(self.code, self.text, self.problems, self.n_problems)

    def respond(self) -> JSONResponse:
        """The answer."""
        return JSONResponse(self.reply.model_dump(), self.status, headers=self.headers)


def make_reply(code: str, text: str, problems: Sequence[Problem] = (), n_problems: int | None = None) -> ErrorReply:
    """The body of a refusal, with at most MOST_PROBLEMS of its `n_problems` problems; default all that are given."""
    shown = [
        ProblemReply(
            file=one.file,
            row=one.row,
            column=one.column,
            value=None if one.value is None else one.value[:LONGEST_VALUE_CHARS],
            expected=one.expected,
        )
        for one in problems[:MOST_PROBLEMS]
    ]
    n_all = len(problems) if n_problems is None else n_problems
    return ErrorReply(error=ErrorDetail(code=code, text=text, problems=shown, n_problems=n_all))


def classify(error: InputError) -> tuple[int, str]:
    """Status and code of an input error."""
    return next((status, code) for kind, status, code in _INPUT_CODES if isinstance(error, kind))


def rename(error: AnyInputError, name: str, *paths: Path) -> AnyInputError:
    """The same error with `name` where files of the service stood: clients never see its folders.

    Args:
        error: What was found.
        name: What clients know the input by.
        paths: Files and folders of the service, the innermost first.
    """

    def hide(text: str) -> str:
        for path in paths:
            text = text.replace(f"{path}/", "").replace(str(path), name)
        return text

    return type(error)(
        [
            replace(one, file=hide(one.file), value=None if one.value is None else hide(one.value))
            for one in error.problems
        ]
    )


def from_input_error(error: InputError) -> ServiceError:
    """The refusal that an input error becomes."""
    status, code = classify(error)
    return ServiceError(status, code, UNUSABLE, error.problems)


def disk_full() -> ServiceError:
    """The refusal when nothing more can be written."""
    return ServiceError(507, "disk_full", "the service has no room left on its disk")


def install_handlers(app: FastAPI) -> None:
    """Make every exception of a route an answer of the one form."""
    app.add_exception_handler(ServiceError, _refuse)
    app.add_exception_handler(InputError, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse_options)
    app.add_exception_handler(HTTPException, _refuse_http)
    app.add_exception_handler(ClientDisconnect, _left)
    app.add_exception_handler(OSError, _broken)
    app.add_exception_handler(DiskFullError, _broken)
    app.add_exception_handler(sqlite3.OperationalError, _broken)
    # Starlette answers with this one and then raises the error again, for the log.
    app.add_exception_handler(Exception, _broken)


def answer_with(request: Request, error: ServiceError) -> JSONResponse:
    """The answer of a refusal, whose code is noted in the request's state."""
    setattr(request.state, REFUSAL, error.code)
    return error.respond()


def _refuse(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, (ServiceError, InputError))
    if isinstance(error, ServiceError):
        return answer_with(request, error)
    # What could not be unpacked for want of room is not the client's fault.
    return answer_with(request, disk_full() if is_disk_full(error) else from_input_error(error))


def _refuse_options(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    problems = []
    for one in error.errors():
        expected = "an option of this route" if one["type"] == "extra_forbidden" else str(one["msg"])
        place, *column = map(str, one["loc"])
        value = None if one["input"] is None else str(one["input"])
        problems.append(Problem(expected, place, column=".".join(column), value=value))
    return answer_with(request, ServiceError(422, "bad_option", "an option cannot be used", problems))


def _refuse_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code, headers = _HTTP_CODES.get(error.status_code, "refused"), dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        # The framework names the methods of the first route of that path alone.
        methods = request.app.openapi()["paths"].get(getattr(request.scope.get("route"), "path", ""), {})
        headers |= {"Allow": ", ".join(sorted(methods)).upper()} if methods else {}
    return answer_with(request, ServiceError(error.status_code, code, str(error.detail), headers=headers))


def _left(request: Request, _error: Exception) -> JSONResponse:
    return answer_with(request, ServiceError(400, "client_left", "the client left before its body was complete"))


def _broken(request: Request, error: Exception) -> JSONResponse:
    if is_disk_full(error):
        return answer_with(request, disk_full())
    LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    code = "misconfigured" if isinstance(error, ConfigError) else "internal"
    return answer_with(request, ServiceError(500, code, "the service failed; its log says why"))
