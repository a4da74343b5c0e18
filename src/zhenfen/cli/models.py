"""`zhenfen models`: which there are, what one rests on, whether all are whole, and one step back."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from zhenfen.cli.options import Lang, PrintLangOption

if TYPE_CHECKING:
    from rich.table import Table

    from zhenfen.estimators.manifest import Manifest
    from zhenfen.messages import Catalogue
    from zhenfen.model_listing import Listed
    from zhenfen.model_registry import Registry

NOT_WHOLE = 2
"""Exit code of `verify` when a model cannot be used."""

app = typer.Typer(
    help="Models of the shelf and of the registry: list, show, verify, roll back.",
    no_args_is_help=True,
    add_completion=False,
)
RegistryOption = Annotated[
    str | None,
    typer.Option("--registry", help="Store to ask; default MLFLOW_TRACKING_URI, else mlflow.db of this folder."),
]


@app.command("list")
def list_(registry: RegistryOption = None, lang: PrintLangOption = Lang.EN) -> None:
    """Every version of the shelf and, where there is one, of the registry; which are champions, which scoring uses."""
    from zhenfen.errors import RegistryUnreachableError
    from zhenfen.model_listing import list_registry, list_shelf, mark_used
    from zhenfen.model_registry import CHOICE, read_choice

    references, shelf = read_choice(os.environ.get(CHOICE, "")), list_shelf()
    try:
        asked = _find_registry(registry)
        registered = list_registry(asked) if asked else []
    except RegistryUnreachableError:
        # Scoring goes on from the shelf, so it is shown beside the error.
        _show_list(shelf, lang)
        raise
    _show_list(mark_used([*shelf, *registered], references), lang)


@app.command()
def show(
    model: Annotated[
        str, typer.Argument(help="audience, audience/2, or models:/zhenfen-audience@champion of the registry.")
    ],
    registry: RegistryOption = None,
    lang: PrintLangOption = Lang.EN,
) -> None:
    """What one model rests on: data and terms, platforms, threshold, figures, commit, hashes."""
    from rich.console import Console

    from zhenfen.estimators.manifest import Manifest
    from zhenfen.messages import Catalogue
    from zhenfen.model_listing import find_folder, read_folder
    from zhenfen.model_store import SHORT_HASH_CHARS

    manifest = read_folder(find_folder(model, lambda: _open_registry(registry)))
    catalogue, console = Catalogue(lang), Console()
    trained = manifest if isinstance(manifest, Manifest) else None
    facts = {"model": manifest.label}
    if trained:
        facts["platforms"] = ", ".join(trained.platforms)
        facts["threshold"] = catalogue.number(trained.threshold, 4)
        facts["n_features"] = catalogue.number(len(trained.features), 0)
    facts |= {"commit": manifest.git_commit, "package": manifest.package_version}
    data = (
        (one.source, catalogue.number(one.rows, 0), one.sha256[:SHORT_HASH_CHARS], one.terms)
        for one in manifest.trained_on
    )
    for headings, rows in (
        (("fact", "value"), ((catalogue.text(f"models.{name}"), value) for name, value in facts.items())),
        (("source", "n_rows", "hash", "terms"), data),
        *([(("view", "source", "found", "false_alarms"), _flagged(trained, catalogue))] if trained else []),
        (("file", "hash"), manifest.files.items()),
    ):
        console.print(_table(catalogue, headings, rows))


@app.command()
def verify(registry: RegistryOption = None, lang: PrintLangOption = Lang.EN) -> None:
    """Open every model of the shelf and of the registry: unchanged files, and features that this version makes."""
    from rich.console import Console
    from rich.text import Text

    from zhenfen.messages import Catalogue
    from zhenfen.model_listing import check_registry, list_shelf
    from zhenfen.report.quote import clean

    asked = _find_registry(registry)
    checked = [*list_shelf(), *(check_registry(asked) if asked else ())]
    catalogue, console = Catalogue(lang), Console(soft_wrap=True)
    for one in checked:
        key, style = ("models.is_broken", "red") if one.problem else ("models.is_whole", "green")
        line = catalogue.text(key, place=one.place, version=one.scores_as, problem=clean(one.problem))
        console.print(Text(line, style=style))
    if not checked:
        console.print(catalogue.text("models.none"))
    if any(one.problem for one in checked):
        raise typer.Exit(NOT_WHOLE)


@app.command()
def rollback(
    model: Annotated[str, typer.Argument(help="audience, comment, post or creator.")],
    registry: RegistryOption = None,
    lang: PrintLangOption = Lang.EN,
) -> None:
    """Make the champion before this one champion again."""
    from rich.console import Console

    from zhenfen.messages import Catalogue
    from zhenfen.model_registry import check_name

    before, after = _open_registry(registry).roll_back(check_name(model))
    Console().print(Catalogue(lang).text("models.rolled_back", model=model, before=before, after=after))


def _open_registry(chosen: str | None) -> Registry:
    from zhenfen.model_registry import Registry, registry_uri

    return Registry(registry_uri(chosen))


def _find_registry(chosen: str | None) -> Registry | None:
    """The registry, or None where the surroundings name none."""
    from zhenfen.model_registry import registry_uri

    return _open_registry(chosen) if registry_uri(chosen) else None


def _show_list(listed: Sequence[Listed], language: str) -> None:
    from rich.console import Console

    from zhenfen.messages import Catalogue
    from zhenfen.model_store import SHORT_HASH_CHARS

    catalogue = Catalogue(language)
    headings = ("model", "place", "scores_as", "role", "commit")
    rows = []
    for one in listed:
        version = one.scores_as or catalogue.text("models.broken")
        used = [catalogue.text("models.used")] if one.is_used else []
        role = ", ".join([*(f"@{alias}" for alias in one.aliases), *used])
        rows.append((one.name, one.place, version, role, one.git_commit[:SHORT_HASH_CHARS]))
    Console().print(_table(catalogue, headings, rows) if listed else catalogue.text("models.none"))


def _flagged(manifest: Manifest, catalogue: Catalogue) -> Iterable[tuple[str, ...]]:
    """How the model did at its threshold on rows it had not seen."""
    for view, counts in (("within", manifest.validations), ("across", manifest.validations_across)):
        for one in counts:
            found = f"{catalogue.number(one.n_fake_flagged, 0)} / {catalogue.number(one.n_fake, 0)}"
            alarms = f"{catalogue.number(one.n_genuine_flagged, 0)} / {catalogue.number(one.n_genuine, 0)}"
            yield catalogue.text(f"models.view.{view}"), one.source, found, alarms


def _table(catalogue: Catalogue, headings: Iterable[str], rows: Iterable[Iterable[str]]) -> Table:
    """Outside text is printed as it is, without markup."""
    from rich.table import Table
    from rich.text import Text

    from zhenfen.report.quote import clean

    shown = Table()
    for name in headings:
        shown.add_column(catalogue.text(f"models.{name}"), overflow="fold")
    for row in rows:
        shown.add_row(*(Text(clean(cell)) for cell in row))
    return shown
