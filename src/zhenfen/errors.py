"""Every error that a user can meet.

    ZhenfenError
    ├── InputError              the data handed in cannot be used (exit code 2)
    │   ├── UnknownFormatError  no connector recognises the path
    │   ├── UnreadableFileError a file is torn, too large, or in no known encoding
    │   ├── MissingTableError   the work needs a table that is not there
    │   ├── InvalidTableError   a table breaks its contract
    │   ├── QuestionError       the data lack something that only the user can say
    │   ├── UnknownCreatorError a creator was asked for who is not in the data
    │   └── FoundBySearchError  a search found all creators, and the user says otherwise
    ├── DiskFullError           there is no room left to write to (exit code 2)
    └── ConfigError             a file under configs/ or an option cannot be used (exit code 2)
        ├── RegistryUnreachableError  the registry of models does not answer
        └── StoreError          a place on another machine cannot be read or written

An InputError carries every problem that was found, not the first one only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = [
    "ConfigError",
    "DiskFullError",
    "FoundBySearchError",
    "InputError",
    "InvalidTableError",
    "MissingTableError",
    "Problem",
    "QuestionError",
    "RegistryUnreachableError",
    "StoreError",
    "StoreFault",
    "UnknownCreatorError",
    "UnknownFormatError",
    "UnreadableFileError",
    "ZhenfenError",
    "is_panic",
]

LONGEST_VALUE_CHARS = 80
MOST_PROBLEMS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one place of the input.

    Attributes:
        expected: What should have stood there, in words.
        file: File or table the problem is in.
        row: Row number, counted from 1 without the heading; None when it concerns the whole file.
        column: Column or field name; None when it concerns the whole row or file.
        value: What stood there, as text; cut to 80 characters when printed.
        key: Message that tells a person what to do, in the language asked for; None where the words above must do.
        fields: What the message has to say beside the file and the value.
    """

    expected: str
    file: str
    row: int | None = None
    column: str | None = None
    value: str | None = None
    key: str | None = None
    fields: Mapping[str, object] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        # Half a character, which JSON and names of files may hold, can be neither stored nor sent.
        for name in ("expected", "file", "column", "value"):
            text = getattr(self, name)
            if text is not None:
                object.__setattr__(self, name, text.encode(errors="replace").decode())

    def __str__(self) -> str:
        parts = [self.file]
        if self.row is not None:
            parts.append(f"row {self.row}")
        if self.column is not None:
            parts.append(f"column {self.column}")
        place = ", ".join(parts)
        value = self.value
        if value is not None and len(value) > LONGEST_VALUE_CHARS:
            value = value[: LONGEST_VALUE_CHARS - 1] + "…"
        found = "" if value is None else f"found {value!r}, "
        return f"{place}: {found}expected {self.expected}"


class ZhenfenError(Exception):
    """Base of all errors that are meant to be shown to a user."""


class InputError(ZhenfenError):
    """The data handed in cannot be used; `problems` lists every reason."""

    def __init__(self, problems: Sequence[Problem] | Problem) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        lines = [str(problem) for problem in self.problems[:MOST_PROBLEMS_SHOWN]]
        n_more = len(self.problems) - len(lines)
        super().__init__("\n".join([*lines, f"and {n_more} more problems"] if n_more else lines))


def is_panic(error: BaseException) -> bool:
    """Whether a parser written in Rust gave up: no Exception, and of a class that each library has for itself."""
    return type(error).__name__ == "PanicException"


class UnknownFormatError(InputError):
    """No connector recognises the file or folder."""


class UnreadableFileError(InputError):
    """A file is torn, too large, unsafe to unpack, or in no known encoding."""


class MissingTableError(InputError):
    """The work asked for needs a table that is not in the folder."""


class InvalidTableError(InputError):
    """A table breaks its contract: column, type, range, key or choice."""


class QuestionError(InputError):
    """The data lack something that only the user can say: a platform, or whose posts they are."""


class UnknownCreatorError(InputError):
    """A creator was asked for who is not in the data."""


class FoundBySearchError(InputError):
    """A search found all creators, as the data say, and the user says otherwise: `value` of a problem is the user's."""


class ConfigError(ZhenfenError):
    """A configuration file or an option cannot be used."""


class DiskFullError(ZhenfenError):
    """There is no room left to write to: nobody's input or configuration is at fault.

    Attributes:
        place: What was to be written.
    """

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(f"{place}: cannot be written, the disk is full")

    def __reduce__(self) -> tuple[type[DiskFullError], tuple[str]]:
        """Processes of a batch hand their errors over."""
        return type(self), (self.place,)


class UnknownPlaceError(ConfigError):
    """A place was asked for that is neither a province of China nor a country.

    Attributes:
        name: As it was asked for.
        alike: Places spelled most like it.
    """

    def __init__(self, name: str, alike: Sequence[str]) -> None:
        self.name, self.alike = name, tuple(alike)
        said = f"; spelled alike: {', '.join(alike)}" if alike else ""
        expected = "expected a province of China or a country by its Chinese, English or French name"
        super().__init__(f"target region {name!r}: {expected}, such as 广东, Guangdong, 日本 or Japan{said}")


class RegistryUnreachableError(ConfigError):
    """The registry of models does not answer; what it would have said is unknown."""


class StoreFault(StrEnum):
    """What is wrong with a place on another machine: message `store.<value>`."""

    BUCKET = "bucket"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    READ = "read"
    WRITE = "write"
    NOTHING = "nothing"
    NAME = "name"
    STRANGERS = "strangers"
    HALFWAY = "halfway"
    HALTED = "halted"


_STORE_TEXTS = {
    StoreFault.BUCKET: "there is no such bucket",
    StoreFault.REFUSED: "the key or the right to it was refused ({said})",
    StoreFault.UNREACHABLE: "nobody answers ({said})",
    StoreFault.READ: "cannot be read ({said})",
    StoreFault.WRITE: "cannot be written ({said})",
    StoreFault.NOTHING: "nothing is there",
    StoreFault.NAME: "{said!r} cannot be the name of a file",
    StoreFault.STRANGERS: "expected an empty folder or one written by zhenfen, found {said!r}",
    StoreFault.HALFWAY: "broke off while files took their names; all of them lie whole in {said}",
    StoreFault.HALTED: "broke off ({said}); what is done counts, and the same command goes on from there",
}


class StoreError(ConfigError):
    """A place on another machine cannot be read or written.

    Attributes:
        place: Its address without keys.
        fault: What is wrong.
        said: What the place said, or what was found there; without keys.
    """

    def __init__(self, place: str, fault: StoreFault, said: str) -> None:
        self.place, self.fault, self.said = place, fault, said
        super().__init__(f"{place}: {_STORE_TEXTS[fault].format(said=said)}")

    def __reduce__(self) -> tuple[type[StoreError], tuple[str, StoreFault, str]]:
        """Processes of a batch hand their errors over."""
        return type(self), (self.place, self.fault, self.said)
