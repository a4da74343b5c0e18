"""MediaCrawler (NanmiCoder): folders of JSON, JSON lines, CSV or XLSX files, or one SQLite file, of five platforms.

Two generations: the older names users by `user_id` and writes profiles, the newer has `creator_hash` and no profiles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import PurePosixPath

import polars as pl

from zhenfen.connectors.base import UNSAID, Connector, Imported, Options
from zhenfen.connectors.export import Export, label_sheet
from zhenfen.connectors.formats.mediacrawler_contacts import CONTACTS, read_contacts
from zhenfen.connectors.formats.mediacrawler_contacts import REQUIRED as CONTACTS_REQUIRED
from zhenfen.connectors.formats.mediacrawler_dialects import DIALECTS, Dialect
from zhenfen.connectors.formats.weibo_text import clean_entities
from zhenfen.connectors.found_by import FOUND_SCHEMA, SEARCH
from zhenfen.connectors.reading.cells import SEEN
from zhenfen.connectors.reading.fields import (
    bundle,
    clean_parent,
    clean_region,
    find_missing,
    join_title,
    pick,
    raise_all,
    read_creators,
    stack,
    wanted_fields,
)
from zhenfen.connectors.reading.files import DATABASE_SUFFIXES, LINES_SUFFIXES
from zhenfen.connectors.reading.reasons import REASONS
from zhenfen.connectors.reading.tidy import FILE, Tidied, tidy, unusable_files
from zhenfen.errors import Problem

_KINDS = ("contents", "comments", "creators")
_CONTACTS = "contacts"
"""A kind that only Bilibili has."""
_CONTACTS_PLATFORM, _CONTACTS_TABLE = "bili", "bilibili_contact_info"
_REQUIRED = {
    "contents": ("post_id", "creator_id"),
    "comments": ("comment_id", "post_id"),
    "creators": ("creator_id",),
    _CONTACTS: CONTACTS_REQUIRED,
}

# Versions of 2024 number their CSV files, and write "creator" in the singular; copies have a mark behind the day.
_FILE_NAME = re.compile(
    r"^(?:\d+_)?(search|detail|creator|homefeed)_(content|comment|creator|contact)s?_\d{4}-\d{2}-\d{2}"
    r"(?:[\s_-]*(?:[(（]\d+[)）]|副本|复件|拷贝|copy)[^.]*)?$"
)
_CAPTURED = "last_modify_ts"
"""A column that only this tool writes: files of other names with it are its own too."""
_OWN_COLUMN = {"comments": "comment_id", "contents": "liked_count", "creators": "nickname"}
"""Kind → a column that the kinds after it lack."""
_TEXT_SUFFIXES = (".json", ".csv", *LINES_SUFFIXES)
_WORKBOOK_NAME = re.compile(r"^([a-z]+)_(search|detail|creator|homefeed)_\d{8}_\d{6}$")
# For detail and creator the user names posts or accounts; what a platform puts on its home page is neither.
_FOUND_BY = {"search": SEARCH, "detail": "list", "creator": "list"}
_UNSUPPORTED = {"tieba": ("tieba_note", "tieba_comment"), "zhihu": ("zhihu_content", "zhihu_comment")}


@dataclass(frozen=True, slots=True)
class _Source:
    """One sheet of the export: where it is, what it holds, and how its creators were found where the name says it.

    `contradicted` is the platform that its folder names, where its columns are another's.
    """

    file: str
    sheet: str
    platform: str
    kind: str
    found_by: str | None = None
    contradicted: str | None = None

    @property
    def label(self) -> str:
        """What its rows are listed by."""
        return label_sheet(self.file, self.sheet)


class MediaCrawler(Connector, name="mediacrawler"):
    """Reads all platforms and kinds of an export; contents become posts, creators come from profiles and posts.

    Lists of fans become samples of followers.
    """

    title = "MediaCrawler: xhs, dy, ks, bili, wb as JSON, JSONL, CSV, XLSX or SQLite"
    certainty = 90

    def detect(self, export: Export) -> bool:
        """File names with a kind and a day, or table names that only this tool gives."""
        return any(True for _ in _find_sources(export))

    def read(self, export: Export, options: Options) -> Imported:
        """Read every sheet, platform by platform."""
        sources = list(_find_sources(export))
        expected = "the columns of the platform that the folder names"
        raise_all(
            [
                Problem(expected, one.file, value=f"{one.contradicted} / {one.platform}", key="problem.platforms")
                for one in sources
                if one.contradicted
            ]
        )
        # Files that neither their folder nor their columns give a platform: empty ones are fine.
        nameless = [source for source in sources if not source.platform]
        for source in nameless:
            # A file torn in its first row shows no column, as an empty one does: only reading it tells them apart.
            export.read(source.file, source.sheet, {})
        # An object that is none of the tool's, such as the answer {"data": null}, has keys and no column.
        seen = {
            one.file: [name for sheet, names in export.sheets(one.file).items() for name in (sheet, *names) if name]
            for one in nameless
        }
        expected = f"the columns of one of the platforms {', '.join(DIALECTS)}"
        raise_all([Problem(expected, file, value=", ".join(columns)) for file, columns in seen.items() if columns])
        export.used.update(source.file for source in sources)
        parts: list[tuple[str, Tidied | pl.DataFrame]] = []
        found: list[pl.DataFrame] = [pl.DataFrame(schema=FOUND_SCHEMA)]
        for platform, dialect in DIALECTS.items():
            mine = [source for source in sources if source.platform == platform]
            if mine:
                tables, statements = _read_platform(export, mine, dialect, options)
                parts += tables
                found.append(statements)
        # A database has the tables of every platform, most of them empty.
        foreign = [
            source
            for source in sources
            if source.platform in _UNSUPPORTED
            and (source.sheet == "" or export.read(source.file, source.sheet, {}).frame.height > 0)
        ]
        if not any((part.frame if isinstance(part, Tidied) else part).height for _, part in parts):
            raise_all([Problem(REASONS["unusable.unsupported"], source.file) for source in foreign])
        listed = unusable_files([source.label for source in foreign], "unusable.unsupported")
        return replace(bundle(parts, [listed]), found=pl.concat(found))


def _find_sources(export: Export) -> Iterator[_Source]:
    for file in export.data_files:
        path = PurePosixPath(file)
        if found := _FILE_NAME.match(path.stem):
            yield _name_platform(export, file, f"{found[2]}s", _FOUND_BY.get(found[1]))
        elif path.suffix == ".xlsx" and (found := _WORKBOOK_NAME.match(path.stem)):
            platform = found[1]
            if platform in DIALECTS or platform in _UNSUPPORTED:
                kinds = (*_KINDS, _CONTACTS) if platform == _CONTACTS_PLATFORM else _KINDS
                known = (sheet for sheet in export.sheets(file) if sheet.lower() in kinds)
                yield from (_Source(file, one, platform, one.lower(), _FOUND_BY.get(found[2])) for one in known)
        elif path.suffix in DATABASE_SUFFIXES:
            tables = [(name, kind, one.database_tables[kind]) for name, one in DIALECTS.items() for kind in _KINDS]
            tables.append((_CONTACTS_PLATFORM, _CONTACTS, _CONTACTS_TABLE))
            tables += [(name, "contents", table) for name, of_it in _UNSUPPORTED.items() for table in of_it]
            yield from (_Source(file, one, name, kind) for name, kind, one in tables if one in export.sheets(file))
        elif path.suffix in _TEXT_SUFFIXES and _CAPTURED in (columns := export.sheets(file).get("", ())):
            # Renamed, or put together from several files.
            known = (kind for kind, column in _OWN_COLUMN.items() if column in columns)
            yield from (_name_platform(export, file, kind, None) for kind in islice(known, 1))


def _name_platform(export: Export, file: str, kind: str, found_by: str | None) -> _Source:
    """The source that a file is, of the platform that a folder around it names, else the one whose columns it has."""
    if kind == _CONTACTS:
        return _Source(file, "", _CONTACTS_PLATFORM, kind, found_by)
    columns = set(export.sheets(file).get("", ()))
    marked = (name for name, dialect in DIALECTS.items() if columns.issuperset(dialect.marks[kind]))
    by_columns = next(marked, "")
    # The user may point at any level: what lies around the export names the platform as well.
    inside, around = PurePosixPath(file).parts[-2::-1], (*export.around, export.name)
    named = next((part for part in (*inside, *around) if part in DIALECTS or part in _UNSUPPORTED), None)
    if named is None or named not in DIALECTS or not by_columns or columns.issuperset(DIALECTS[named].marks[kind]):
        return _Source(file, "", named or by_columns, kind, found_by)
    # A folder further up may be named after something else; one of the export's own contradicts.
    return _Source(file, "", by_columns, kind, found_by, named if named in inside else None)


def _read_platform(
    export: Export, sources: list[_Source], dialect: Dialect, options: Options
) -> tuple[list[tuple[str, Tidied | pl.DataFrame]], pl.DataFrame]:
    """The tables of a platform's files, and what the files say of how the creators were found."""
    # Raw rows by kind, under the names of the tables.
    frames: dict[str, list[pl.DataFrame]] = {kind: [] for kind in (*_KINDS, _CONTACTS)}
    problems: list[Problem] = []
    for number, source in enumerate(sources):
        options.on_progress(source.file, number, len(sources))
        fields = CONTACTS if source.kind == _CONTACTS else dialect.fields(source.kind)
        sheet = export.read(source.file, source.sheet, wanted_fields(fields))
        problems += find_missing(sheet, fields, _REQUIRED[source.kind])
        frames[source.kind].append(pick(sheet, fields))
    raise_all(problems)
    raw = {kind: stack(frames[kind], dialect.fields(kind)) for kind in _KINDS}
    contents = raw["contents"].with_columns(
        # Notes without a title carry the beginning of their text there, videos of Douyin all of it.
        text=join_title(pl.col("_title"), clean_entities(pl.col("_body"))),
        media_kind=dialect.media_kind(pl.col("_type")),
        observed_at=pl.col(SEEN),
    )
    posts = tidy("posts", contents.drop("_title", "_body", "_type", "_keyword"))
    official = pl.col("_official").cast(pl.Int64, strict=False)
    profiles = raw["creators"].with_columns(clean_region(pl.col("region")), is_verified=(official >= 0).cast(pl.String))
    profiles = profiles.drop("_official")
    audience: list[tuple[str, Tidied | pl.DataFrame]] = []
    contacts = stack(frames[_CONTACTS], CONTACTS)
    if not contacts.is_empty():
        sample, owners = read_contacts(contacts, None if options.frame == UNSAID else options.frame)
        audience = [("audience", sample)]
        profiles = pl.concat([profiles, owners], how="diagonal")
    creators, follower_counts = read_creators(profiles, posts.frame, dialect.platform)
    answers = raw["comments"].with_columns(
        clean_entities(pl.col("text")), clean_parent("parent_comment_id", "comment_id"), clean_region(pl.col("region"))
    )
    answers = answers.join(posts.frame.select("post_id", "creator_id"), on="post_id", how="left")
    comments = tidy("comments", answers, expected={"creator_id": "unusable.post"})
    found = _list_found([raw["contents"], raw["creators"], answers, contacts], sources)
    return [
        ("posts", posts),
        ("creators", creators),
        ("follower_counts", follower_counts),
        ("comments", comments),
        *audience,
    ], found


def _list_found(rows: Iterable[pl.DataFrame], sources: list[_Source]) -> pl.DataFrame:
    """FOUND_SCHEMA: what was searched for stands in posts of databases too, where no file name says it."""
    named = {source.label: source.found_by for source in sources}
    by_name = pl.col(FILE).replace_strict(named, return_dtype=pl.String)
    searched = pl.lit(SEARCH)
    statements = [
        frame.select(
            "creator_id",
            found_by=pl.when(pl.col("_keyword").str.strip_chars() != "").then(searched).otherwise(by_name)
            if "_keyword" in frame.columns
            else by_name,
            file=FILE,
        )
        for frame in rows
    ]
    return pl.concat(statements).drop_nulls().unique().sort("creator_id", "found_by", "file")
