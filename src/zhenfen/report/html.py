"""The report's dicts as pages: one self-contained file each, without script, network or inline style attributes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhenfen.messages import Catalogue
from zhenfen.report.section import load_sections

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
HTML_LANGUAGES = {"zh": "zh-Hans", "en": "en", "fr": "fr"}


def render_creator(summary: Mapping[str, Any]) -> str:
    """The page of one creator, from what `summarise_creator` returns."""
    return render_page("creator.html", summary)


def render_shortlist(summary: Mapping[str, Any]) -> str:
    """The page of a shortlist, from what `summarise_shortlist` returns."""
    return render_page("shortlist.html", summary)


def render_page(template: str, summary: Mapping[str, Any], folder: Path | None = None, **more: object) -> str:
    """A page in the look of the reports: a file of templates/, which finds the summary as `r`.

    Args:
        template: Its name.
        summary: What it shows; its language is the page's.
        folder: Templates that come before those of the reports: another frame around the same page.
        more: What these need besides.
    """
    from markupsafe import Markup

    from zhenfen.report.charts import cells, followers, interactions, rooms

    catalogue = Catalogue(summary["language"])
    # Nothing may be loaded or run; the one style element is named by its hash, so no other style takes effect.
    digest = base64.b64encode(hashlib.sha256(read_style().encode()).digest()).decode()
    return (
        _environment(*([folder] if folder else []), TEMPLATES)
        .get_template(template)
        .render(
            r=summary,
            t=catalogue.text,
            html_language=HTML_LANGUAGES[catalogue.language],
            css=Markup(read_style()),  # noqa: S704 (our own file)
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
            number=partial(catalogue.number, digits=0),
            sections=load_sections(),
            follower_chart=partial(followers.follower_chart, catalogue=catalogue),
            interactions=partial(interactions.interactions, catalogue=catalogue),
            common_bar=cells.common_bar,
            is_from_zero=followers.is_from_zero,
            is_logarithmic=interactions.is_logarithmic,
            range_bar=cells.range_bar,
            room_chart=partial(rooms.room_chart, catalogue=catalogue),
            share_bar=cells.share_bar,
            spark_scale=cells.spark_scale,
            sparkline=cells.sparkline,
            **more,
        )
    )


@cache
def _environment(*templates: Path) -> Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.filters["code"] = _mark_code
    return environment


def _mark_code(text: str) -> Markup:
    """A sentence of ours as HTML, with what stands between backticks as code."""
    from markupsafe import Markup

    parts = text.split("`")
    marked = (Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(parts))
    return Markup("").join(marked)


@cache
def read_style() -> str:
    """The style of the reports' pages."""
    return (TEMPLATES / "style.css").read_text(encoding="utf-8")
