"""JSON rows as frames of the contract: every problem of a body at once, and the schema that OpenAPI shows.

Stricter than a Parquet file, which may carry columns of its own: in JSON a name nobody knows is a typing mistake, and a
misspelt column would be scored as an unknown one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import SchemaValidator, ValidationError
from pydantic_core import core_schema as cs

from zhenfen.errors import Problem
from zhenfen.service.errors import MOST_PROBLEMS, UNUSABLE, ServiceError
from zhenfen.service.rules import BODY, say_expected, value_schema
from zhenfen.service.settings import Limits
from zhenfen.tables import TABLES, TableSpec

ROWS = "rows"


@dataclass(frozen=True)
class JsonTables:
    """Reads a JSON object of tables: name → rows.

    Attributes:
        names: Key in the object → the table whose columns its rows have.
        schema: pydantic's own description.
        validator: The same, compiled.
        most_bytes: Largest object.
    """

    names: Mapping[str, str]
    schema: cs.CoreSchema
    validator: SchemaValidator
    most_bytes: int

    def read(self, body: bytes) -> dict[str, pl.DataFrame]:
        """Every table given, with all columns of the contract; times in UTC.

        Raises:
            ServiceError: No JSON, too many bytes or rows, or fields that are wrong; with all of them.
        """
        if len(body) > self.most_bytes:
            text = f"expected at most {self.most_bytes} bytes of JSON; Parquet and Arrow bodies may be larger"
            raise ServiceError(413, "body_too_large", text)
        try:
            tables: dict[str, list[dict[str, Any]]] = self.validator.validate_json(body, strict=True)
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False)
            kinds = {one["type"]: one["msg"] for one in found}
            if "json_invalid" in kinds:
                raise ServiceError(400, "unreadable_body", f"expected JSON: {kinds['json_invalid']}") from None
            if "too_long" in kinds:
                raise ServiceError(413, "too_many_rows", kinds["too_long"]) from None
            # A body may hold a million problems: those that are listed are enough to make.
            problems = []
            for one in found[:MOST_PROBLEMS]:
                # Where: the table, the row and the column, as far as the place is known.
                kind, value = one["type"], one["input"]
                table, row, name = (*one["loc"], None, None, None)[:3]
                # A key of the object itself: {"rows": …} is missing, or another stands beside it.
                is_key = row is None and kind in ("missing", "extra_forbidden")
                columns = () if row is None else TABLES[self.names[str(table)]].columns
                shown = table if is_key else name
                problem = Problem(
                    say_expected(kind, one["msg"], next((column for column in columns if column.name == name), None)),
                    BODY if is_key or table in (None, ROWS) else str(table),
                    row + 1 if isinstance(row, int) else None,
                    None if shown is None else str(shown),
                    None if kind == "missing" or isinstance(value, dict) else str(value),
                )
                problems.append(problem)
            raise ServiceError(422, "invalid_table", UNUSABLE, problems, n_problems=len(found)) from None
        return {name: pl.DataFrame(rows, schema=TABLES[self.names[name]].schema) for name, rows in tables.items()}

    def describe(self) -> dict[str, Any]:
        """The JSON schema."""
        return GenerateJsonSchema().generate(self.schema)


def make_rows_reader(table: str, needed: Collection[str], limits: Limits) -> JsonTables:
    """Reads `{"rows": […]}` with rows of one table, of which only the columns `needed` must be there."""
    field = cs.typed_dict_field(_rows_schema(TABLES[table], needed, limits.rows))
    return _compile({ROWS: table}, {ROWS: field}, limits)


def make_tables_reader(names: Sequence[str], limits: Limits) -> JsonTables:
    """Reads `{"creators": […], "posts": […], …}`: tables of the contract, with all that they must have."""
    fields = {
        name: cs.typed_dict_field(_rows_schema(TABLES[name], TABLES[name].must_have, limits.rows), required=False)
        for name in names
    }
    return _compile({name: name for name in names}, fields, limits)


def _compile(names: Mapping[str, str], fields: dict[str, cs.TypedDictField], limits: Limits) -> JsonTables:
    schema = cs.typed_dict_schema(fields, extra_behavior="forbid")
    return JsonTables(names, schema, SchemaValidator(schema), limits.json_bytes)


def _rows_schema(spec: TableSpec, needed: Collection[str], most_rows: int) -> cs.CoreSchema:
    fields: dict[str, cs.TypedDictField] = {}
    for column in spec.columns:
        value = value_schema(column)
        # An id must have a value, any other column that must be there may be null: a text may be unknown.
        if column.kind != "id" or column.name not in needed:
            value = cs.nullable_schema(value)
        fields[column.name] = cs.typed_dict_field(value, required=column.name in needed)
    return cs.list_schema(cs.typed_dict_schema(fields, extra_behavior="forbid"), max_length=most_rows)
