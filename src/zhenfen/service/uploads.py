"""Exports that come in over the wire: written to a folder under names that stay inside it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from zhenfen.errors import Problem
from zhenfen.service.errors import ServiceError
from zhenfen.service.frames import media_type

if TYPE_CHECKING:
    from starlette.requests import Request

    from zhenfen.service.settings import Limits

ARCHIVES = {"application/zip": ".zip", "application/x-tar": ".tar", "application/gzip": ".tar.gz"}
MULTIPART = "multipart/form-data"
PIECE_BYTES = 2**20
LONGEST_NAME_BYTES = 255
"""What file systems allow."""


async def save_export(request: Request, folder: Path, limits: Limits) -> Path:
    """Write what a request brings into the new folder `folder`.

    Returns:
        What to import: the one file, or the folder when there are several.

    Raises:
        ServiceError: Another content type, no file, too many, or a name that is not plain.
        OSError: It cannot be written; the folder is gone again.
    """
    given = media_type(request.headers, (*ARCHIVES, MULTIPART))
    with new_folder(folder):
        if given == MULTIPART:
            files = await _save_parts(request, folder, limits)
            return files[0] if len(files) == 1 else folder
        path = folder / f"export{ARCHIVES[given]}"
        await _save(_pieces(request.stream()), path)
        return path


def check_name(name: str | None) -> str:
    """The name of an uploaded file, when it is a plain one.

    Raises:
        ServiceError: It is empty or hidden, names a folder or a drive, holds half a character, or is too long.
    """
    plain = name or ""
    is_odd = any(sign in "/\\:" or sign < " " or "\ud800" <= sign <= "\udfff" for sign in plain)
    if not plain or plain.startswith(".") or is_odd or len(plain.encode()) > LONGEST_NAME_BYTES:
        problem = Problem("a plain file name, without folders", "body", value=name)
        raise ServiceError(400, "bad_file_name", "a file's name cannot be used", [problem])
    return plain


@contextmanager
def new_folder(folder: Path) -> Iterator[None]:
    """Make a folder that is gone again, with all that is in it, if the block fails."""
    folder.mkdir(parents=True)
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


async def _save_parts(request: Request, folder: Path, limits: Limits) -> list[Path]:
    saved: list[Path] = []
    async with request.form(max_files=limits.n_files, max_fields=limits.n_files) as form:
        for field, part in form.multi_items():
            if not isinstance(part, UploadFile):
                problem = Problem("a file with a name", "body", column=field)
                raise ServiceError(400, "not_a_file", "every part must be a file", [problem])
            path = folder / check_name(part.filename)
            if path in saved:
                problem = Problem("every name once", "body", value=path.name)
                raise ServiceError(400, "bad_file_name", "two files have one name", [problem])
            await _save(_part_pieces(part), path)
            saved.append(path)
    if not saved:
        raise ServiceError(400, "no_file", "expected at least one file")
    return saved


async def _save(pieces: AsyncIterator[bytes], path: Path) -> None:
    file: BinaryIO = path.open("wb")
    try:
        async for piece in pieces:
            await run_in_threadpool(file.write, piece)
    finally:
        await run_in_threadpool(file.close)


async def _pieces(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Larger pieces: every write is a trip to another thread."""
    waiting = bytearray()
    async for chunk in stream:
        waiting += chunk
        if len(waiting) >= PIECE_BYTES:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


async def _part_pieces(part: UploadFile) -> AsyncIterator[bytes]:
    while piece := await part.read(PIECE_BYTES):
        yield piece
