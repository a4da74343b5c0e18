"""`zhenfen import`: an export becomes tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zhenfen.cli.options import (
    OUT_ADDRESS,
    CreatorNameOption,
    ExportPath,
    FoundByOption,
    FrameOption,
    Lang,
    LangOption,
    MapOption,
    PlatformOption,
)
from zhenfen.errors import ConfigError

if TYPE_CHECKING:
    from zhenfen.tables import Tables

app = typer.Typer(add_completion=False)
TablesOut = Annotated[
    str | None,
    typer.Option(metavar="PATH", help=f"Folder {OUT_ADDRESS} to write the tables to; replaced if it holds tables."),
]


@app.command()
def import_(
    path: ExportPath,
    out: TablesOut = None,
    into: Annotated[
        str | None, typer.Option(metavar="PATH", help="Folder of tables to add to: dated exports become series.")
    ] = None,
    obtained_how: Annotated[
        str | None, typer.Option(help="How you came by the export; stands in every report.")
    ] = None,
    frame: FrameOption = None,
    found_by: FoundByOption = None,
    platform: PlatformOption = None,
    creator_name: CreatorNameOption = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show how it would be read, and write no tables.")] = False,
    save_map: Annotated[
        Path | None, typer.Option(dir_okay=False, help="With --preview: keep how it is read, for --map.")
    ] = None,
    map_: MapOption = None,
    keep_ids: Annotated[bool, typer.Option("--keep-ids", help="Keep person ids as the platform spells them.")] = False,
    keep_contacts: Annotated[bool, typer.Option("--keep-contacts", help="Keep contact details in texts.")] = False,
    lang: LangOption = Lang.EN,
) -> None:
    """Turn an export into canonical tables: ids pseudonymised, contact details masked, provenance kept."""
    from zhenfen.connectors.import_map import read_map

    said = read_map(map_) if map_ else None
    if preview or save_map:
        from zhenfen.cli.terminal_import import show_preview
        from zhenfen.connectors.importing import check_options
        from zhenfen.connectors.preview import preview_export
        from zhenfen.files import write_file

        seen = preview_export(path, check_options(frame, platform, True, creator_name), said)
        show_preview(seen, lang)
        if save_map:
            write_file(save_map, seen.to_map().to_yaml())
        return
    target = choose_target(out, into, obtained_how, lang)
    from zhenfen.cli.terminal import StepDisplay
    from zhenfen.connectors.importing import import_export
    from zhenfen.connectors.joining import read_known
    from zhenfen.stores import delivered, name_place
    from zhenfen.tables import is_table_file

    with delivered(target, None if into else is_table_file) as folder:
        known = None if into is None else read_known(folder, name_place(target))
        with StepDisplay(lang) as steps:
            tables = import_export(
                path,
                obtained_how=obtained_how or "",
                frame=frame,
                found_by=found_by,
                platform=platform,
                creator_name=creator_name,
                import_map=said,
                keep_ids=keep_ids,
                keep_contacts=keep_contacts,
                on_progress=steps.advance,
            )
        keep_tables(tables, known, folder, name_place(target), lang)


def keep_tables(tables: Tables, known: Tables | None, folder: Path, place: str, lang: str) -> None:
    """Write what was read, with what was `known` in that folder where it is to be added to, and say what came of it.

    Args:
        tables: What was read.
        known: What lay in the folder; None where it is replaced.
        folder: Where to write.
        place: The folder's own name or address, to be told.
        lang: Of what is told.

    Raises:
        InputError: The two cannot be one.
        ConfigError: The folder cannot be written.
    """
    from zhenfen.cli.terminal import show_joined, show_tables
    from zhenfen.connectors.joining import join_tables
    from zhenfen.tables import write_tables

    if known is None:
        write_tables(tables, folder)
        show_tables(tables, place, lang)
        return
    joined = join_tables(known, tables, place)
    if joined.is_changed:
        write_tables(joined.tables, folder)
    show_joined(tables, joined, place, lang)


def choose_target(out: str | None, into: str | None, obtained_how: str | None, lang: str) -> str:
    """Folder or address of the tables, before any work is done.

    Raises:
        ConfigError: It is not said, or said twice; nor how the export was obtained; or somebody's files lie there.
        StoreError: The address cannot be reached.
    """
    from zhenfen.messages import Catalogue
    from zhenfen.stores import check_target
    from zhenfen.tables import is_table_file

    if out is not None and into is not None:
        raise ConfigError(Catalogue(lang).text("cli.import.both"))
    target = out or into
    if target is None or obtained_how is None:
        raise ConfigError(Catalogue(lang).text("cli.import.needs"))
    check_target(target, is_table_file)
    return target
