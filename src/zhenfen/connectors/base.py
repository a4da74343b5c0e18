"""What a connector is: one export format, recognised and turned into canonical frames."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

import polars as pl

from zhenfen.connectors.export import Export
from zhenfen.connectors.found_by import FOUND_SCHEMA
from zhenfen.connectors.reading.files import DATA_SUFFIXES
from zhenfen.discovery import import_modules
from zhenfen.errors import Problem, UnknownFormatError
from zhenfen.progress import Progress, silent
from zhenfen.tables import TABLES, make_frame

UNSAID = "unknown"
"""The frame of an audience sample of which neither the export nor the user says how it was drawn."""
FILES_SHOWN = 5
"""How many files a message names: enough to recognise a folder."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the user says about an export that the export does not say itself.

    Attributes:
        platform: Platform of rows that name none.
        needs_platform: Whether creators of no known platform are an error; else they have no row in `creators`.
        frame: How an audience sample was drawn, see FRAMES.
        creator_name: Whose posts and comments those are that name nobody; one creator for all.
        on_progress: Told about every file.
    """

    platform: str | None = None
    needs_platform: bool = True
    frame: str = UNSAID
    creator_name: str | None = None
    on_progress: Progress = silent


@dataclass(frozen=True)
class Imported:
    """What a connector read.

    Attributes:
        frames: Canonical tables by name, with the platform's own ids.
        unusable: What was left out or merged, columns of the table `unusable`.
        captured_at: Latest moment at which the data says it was captured; None when it does not say.
        found: What files say of how their creators were found, FOUND_SCHEMA; a creator may stand in it again.
        is_canonical: The tables come from an import of ours: ids and contacts are already pseudonymised.
    """

    frames: Mapping[str, pl.DataFrame]
    unusable: pl.DataFrame = field(default_factory=lambda: make_frame(TABLES["unusable"]))
    captured_at: datetime | None = None
    found: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FOUND_SCHEMA))
    is_canonical: bool = False


class Connector(ABC):
    """One export format; subclasses register themselves under their name.

    Attributes:
        title: The format in words, for messages.
        certainty: How much a match says, 0 to 100: names that only one tool gives are surer than headings.
        is_one_whole: Whether a file that cannot be used leaves nothing that can.
    """

    registry: ClassVar[dict[str, type[Connector]]] = {}
    name: ClassVar[str]
    title: ClassVar[str]
    certainty: ClassVar[int]
    is_one_whole: ClassVar[bool] = False

    def __init_subclass__(cls, name: str) -> None:
        cls.name = name
        Connector.registry[name] = cls

    @abstractmethod
    def detect(self, export: Export) -> bool:
        """Whether the export holds files of this format; looks at names and columns, reads nothing whole."""

    @abstractmethod
    def read(self, export: Export, options: Options) -> Imported:
        """Read every file of the format.

        Raises:
            InputError: With every problem of the files, when they cannot be used.
        """


def load_connectors() -> dict[str, Connector]:
    """One instance of every connector in this package, in name order; a new file is found by itself."""
    import_modules("zhenfen.connectors.formats")
    return {name: Connector.registry[name]() for name in sorted(Connector.registry)}


def choose_connector(export: Export) -> Connector:
    """The connector for an export: of those that recognise it the most certain, then the first by name.

    Raises:
        UnknownFormatError: None recognises it; says what was found and which formats there are.
        UnreadableFileError: None recognises it, and some of its files cannot be opened.
    """
    known = load_connectors()
    claims = [connector for connector in known.values() if connector.detect(export)]
    if claims:
        return min(claims, key=lambda connector: (-connector.certainty, connector.name))
    export.check_opened()
    formats = "; ".join(f"{name} ({connector.title})" for name, connector in known.items())
    problems = [Problem(f"one of the formats {formats}", export.name, key="problem.unknown_format")]
    # What is there instead, as far as it takes to recognise the folder.
    for file in export.files[:FILES_SHOWN]:
        if file not in export.data_files:
            expected = "a file of one of the kinds " + ", ".join(DATA_SUFFIXES)
            problems.append(Problem(expected, file, key="problem.unknown_file"))
            continue
        columns = [column for names in export.sheets(file).values() for column in names]
        expected = "a file of one of these formats, with its headings in the first row"
        value = ", ".join(columns) or "no columns"
        problems.append(Problem(expected, file, value=value, key="problem.unknown_columns"))
    n_more = len(export.files) - FILES_SHOWN
    if n_more > 0:
        expected = "a file of one of these formats"
        problems.append(Problem(expected, export.name, value=f"{n_more} more files", key="problem.more_files"))
    raise UnknownFormatError(problems)
