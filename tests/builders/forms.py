"""Forms of a page, as a browser would send them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

TYPED = ("text", "search", "password", "textarea")
"""Fields in which a person writes what they like."""


@dataclass
class Form:
    """A form: where it goes, and what stands in its fields.

    Attributes:
        action: Address, as it stands in the page.
        method: get or post.
        values: What is sent when nobody changes anything, the last of its buttons pressed.
        kinds: Type of each field.
    """

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)

    @property
    def typed(self) -> list[str]:
        """Names of the fields in which a person writes."""
        return [name for name, kind in self.kinds.items() if kind in TYPED]


class FormReader(HTMLParser):
    """Collects the forms of a page into `forms`."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._by_id: dict[str, Form] = {}
        self._open: Form | None = None
        self._text: tuple[Form, str] | None = None
        self._select: tuple[Form, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(given.get("action", ""), given.get("method", "get"))
            self.forms.append(self._open)
            self._by_id[given.get("id", "")] = self._open
        target = self._by_id.get(given.get("form", ""), self._open)
        if tag == "option" and self._select is not None:
            form, name = self._select
            if "selected" in given or name not in form.values:
                form.values[name] = given.get("value", "")
        if target is None or "name" not in given or tag not in ("input", "textarea", "select", "button"):
            return
        name, kind = given["name"], given.get("type", "text") if tag == "input" else tag
        target.kinds[name] = kind
        if tag == "select":
            self._select = (target, name)
        elif tag == "textarea":
            target.values[name] = ""
            self._text = (target, name)
        elif kind not in ("checkbox", "radio") or "checked" in given:
            target.values[name] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text[0].values[self._text[1]] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "textarea":
            self._text = None
        elif tag == "select":
            self._select = None


def read_forms(page: str) -> list[Form]:
    """Forms of a page, in their order."""
    reader = FormReader()
    reader.feed(page)
    return reader.forms
