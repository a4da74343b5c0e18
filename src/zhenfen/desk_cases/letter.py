"""The letter to a creator: questions that people edit, what became of each, and the reply."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from zhenfen.desk_cases.database import ConflictError, DeskDatabase, edit, note, now

Status = Literal["draft", "sent", "answered", "accepted", "rejected"]
STATUSES: tuple[Status, ...] = get_args(Status)
LONGEST_QUESTION_CHARS = 2000
LONGEST_REPLY_CHARS = 10_000
MOST_QUESTIONS = 50
"""A creator answers a page; more is a mistake, or a program."""


class LetterError(Exception):
    """Something that the letter does not take; nothing was written.

    Attributes:
        code: `empty_question`, `too_many_questions`, or `question_is_sent`: only a draft can be taken out.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a letter.

    Attributes:
        question_id: Its number, which no other one ever has.
        asked: The report's sentence that it was made from; None where somebody wrote it.
        question: As it stands in the letter.
        status: How far it is.
        reply: What the creator said.
        status_by: Who said so last; None of a draft.
        status_at: UTC, ISO.
        version: Counts the edits.
    """

    question_id: int
    asked: str | None
    question: str
    status: Status
    reply: str
    status_by: str | None
    status_at: str | None
    version: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter to one creator.

    Attributes:
        run: Number of the report it was made from.
        language: Of the creator's platform.
        opening: First lines.
        closing: Last lines.
        version: Counts the edits of these.
        is_touched: Whether a question was added or taken out.
        questions: In the order in which they came.
    """

    run: int
    language: str
    opening: str
    closing: str
    version: int
    is_touched: bool
    questions: tuple[Question, ...]

    def write(self) -> str:
        """The whole letter as plain text, ready to be sent."""
        asked = [f"{number}. {one.question}" for number, one in enumerate(self.questions, 1)]
        return "\n\n".join(part for part in (self.opening, "\n".join(asked), self.closing) if part) + "\n"

    def list_new(self, asked: Sequence[str]) -> list[str]:
        """Questions of a newer report that the letter was not made from."""
        known = {one.asked for one in self.questions} | {one.question for one in self.questions}
        return [one for one in asked if one not in known]


class Letters:
    """The letters of all projects."""

    def __init__(self, database: DeskDatabase) -> None:
        self.database = database

    def find(self, project_id: str, creator_id: str) -> Letter | None:
        """The letter to a creator; None as long as nobody opened it."""
        heads = self.database.read(
            "select * from letters where project_id = ? and creator_id = ?", project_id, creator_id
        )
        if not heads:
            return None
        rows = self.database.read(
            "select * from questions where project_id = ? and creator_id = ? order by question_id",
            project_id,
            creator_id,
        )
        head = {name: heads[0][name] for name in ("run", "language", "opening", "closing", "version")}
        is_touched = bool(heads[0]["is_touched"])
        return Letter(**head, is_touched=is_touched, questions=tuple(_question(row) for row in rows))

    def open(self, project_id: str, creator_id: str, run: int, written: Mapping[str, Any]) -> Letter:
        """The letter to a creator, made from a report's when there is none, or one that nobody has touched yet.

        Args:
            project_id: Whose project.
            creator_id: To whom.
            run: Number of the report.
            written: Its letter: language, opening, questions and closing.

        Raises:
            LookupError: The project was deleted meanwhile.
        """
        there = self.find(project_id, creator_id)
        if there is not None and (there.run >= run or _is_touched(there)):
            return there
        with self.database.open() as connection:
            # The same as above, now that nobody else writes.
            there = self.find(project_id, creator_id)
            if there is None or (there.run < run and not _is_touched(there)):
                _make(connection, project_id, creator_id, run, written)
        made = self.find(project_id, creator_id)
        if made is None:
            raise LookupError(f"letter to {creator_id}")
        return made

    def find_question(self, project_id: str, creator_id: str, question_id: int) -> Question:
        """A question of a letter.

        Raises:
            LookupError: The letter has no such question.
        """
        rows = self.database.read(
            "select * from questions where project_id = ? and creator_id = ? and question_id = ?",
            project_id,
            creator_id,
            question_id,
        )
        if not rows:
            raise LookupError(f"question {question_id}")
        return _question(rows[0])

    def frame(self, project_id: str, creator_id: str, version: int, by: str, *, opening: str, closing: str) -> None:
        """Change the first and the last lines.

        Raises:
            LookupError: There is no such letter.
            ConflictError: Somebody else changed them since `version`.
        """
        values = {
            "opening": _clean(opening, LONGEST_QUESTION_CHARS),
            "closing": _clean(closing, LONGEST_QUESTION_CHARS),
        }
        key = {"project_id": project_id, "creator_id": creator_id}
        with self.database.open() as connection:
            edit(connection, "letters", key, values, version=version, by=by)

    def ask(self, project_id: str, creator_id: str, by: str, question: str, asked: str | None = None) -> int:
        """Add a question; returns its number.

        Args:
            project_id: Whose project.
            creator_id: To whom.
            by: Who asks.
            question: Its text.
            asked: The report's sentence that it is; the same one again changes nothing.

        Raises:
            LetterError: It is empty, or there are MOST_QUESTIONS.
            LookupError: There is no such letter.
        """
        text = _clean(question, LONGEST_QUESTION_CHARS)
        with self.database.open() as connection:
            there = self.find(project_id, creator_id)
            if there is None:
                raise LookupError(f"letter to {creator_id}")
            if asked is not None and (same := [one for one in there.questions if one.asked == asked]):
                return same[0].question_id
            if not text:
                raise LetterError("empty_question")
            if len(there.questions) >= MOST_QUESTIONS:
                raise LetterError("too_many_questions")
            made = connection.execute(
                "insert into questions (project_id, creator_id, asked, question) values (?, ?, ?, ?)",
                (project_id, creator_id, asked, text),
            )
            note(connection, project_id, creator_id, "questions", {"after": {"question": text}}, by=by)
            _touch(connection, project_id, creator_id)
            return int(made.lastrowid or 0)

    def change(
        self, project_id: str, creator_id: str, question: Question, version: int, *, by: str, said: Mapping[str, str]
    ) -> None:
        """Change text, reply or status of a question.

        Args:
            project_id: Whose project.
            creator_id: To whom.
            question: As it stands.
            version: As it was read.
            by: Who changes it.
            said: question, reply and status.

        Raises:
            LetterError: The text is empty.
            LookupError: It was taken out.
            ConflictError: Somebody else changed it since `version`.
        """
        text, reply = _clean(said["question"], LONGEST_QUESTION_CHARS), _clean(said["reply"], LONGEST_REPLY_CHARS)
        if not text:
            raise LetterError("empty_question")
        values: dict[str, object] = {"question": text, "reply": reply, "status": said["status"]}
        if said["status"] != question.status:
            is_draft = said["status"] == "draft"
            values |= {"status_by": None if is_draft else by, "status_at": None if is_draft else now()}
        key = {"project_id": project_id, "creator_id": creator_id, "question_id": question.question_id}
        about = {} if text != question.question else {"question": text}
        with self.database.open() as connection:
            edit(connection, "questions", key, values, version=version, by=by, about=about)

    def send(self, project_id: str, creator_id: str, by: str) -> None:
        """Say that the letter was sent: every draft of it is."""
        with self.database.open() as connection:
            rows = connection.execute(
                "select question_id, question, version from questions"
                " where project_id = ? and creator_id = ? and status = 'draft' order by question_id",
                (project_id, creator_id),
            ).fetchall()
            values = {"status": "sent", "status_by": by, "status_at": now()}
            for row in rows:
                key = {"project_id": project_id, "creator_id": creator_id, "question_id": row["question_id"]}
                about = {"question": row["question"]}
                edit(connection, "questions", key, values, version=row["version"], by=by, about=about)

    def drop(self, project_id: str, creator_id: str, question_id: int, version: int, by: str) -> None:
        """Take a draft out of the letter; the history keeps it.

        Raises:
            LetterError: It was sent, or files came with it.
            LookupError: The letter has no such question.
            ConflictError: Somebody else changed it since `version`.
        """
        key = {"project_id": project_id, "creator_id": creator_id, "question_id": question_id}
        with self.database.open() as connection:
            row = connection.execute(
                "select * from questions where project_id = ? and creator_id = ? and question_id = ?",
                tuple(key.values()),
            ).fetchone()
            if row is None:
                raise LookupError(f"question {question_id}")
            if row["version"] != version:
                raise ConflictError(row)
            files = connection.execute("select 1 from attachments where question_id = ?", (question_id,)).fetchone()
            if row["status"] != "draft" or files:
                raise LetterError("question_is_sent")
            connection.execute("delete from questions where question_id = ?", (question_id,))
            note(connection, project_id, creator_id, "questions", {"before": {"question": row["question"]}}, by=by)
            _touch(connection, project_id, creator_id)


def _make(
    connection: sqlite3.Connection, project_id: str, creator_id: str, run: int, written: Mapping[str, Any]
) -> None:
    """Write a letter as the report has it, in place of one that nobody touched."""
    head = (written["language"], written["opening"], written["closing"])
    connection.execute("delete from questions where project_id = ? and creator_id = ?", (project_id, creator_id))
    connection.execute(
        "insert or replace into letters (project_id, creator_id, run, language, opening, closing)"
        " select project_id, ?, ?, ?, ?, ? from projects where project_id = ?",
        (creator_id, run, *head, project_id),
    )
    connection.executemany(
        "insert into questions (project_id, creator_id, asked, question)"
        " select project_id, ?, ?, ? from projects where project_id = ?",
        [(creator_id, one, one, project_id) for one in written["questions"]],
    )


def _touch(connection: sqlite3.Connection, project_id: str, creator_id: str) -> None:
    """From now on the letter is somebody's, and no newer report takes its place."""
    connection.execute(
        "update letters set is_touched = 1 where project_id = ? and creator_id = ?", (project_id, creator_id)
    )


def _is_touched(letter: Letter) -> bool:
    return letter.is_touched or letter.version > 1 or any(one.version > 1 for one in letter.questions)


def _clean(text: str, longest: int) -> str:
    """Line feeds as on any system, nothing around, and no sign that programs take for the end of a text."""
    return text.replace("\r\n", "\n").replace("\0", "").strip()[:longest]


def _question(row: Mapping[str, Any]) -> Question:
    return Question(**{name: row[name] for name in Question.__dataclass_fields__})
