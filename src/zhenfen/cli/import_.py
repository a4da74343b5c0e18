"""`zhenfen import`: an export becomes tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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

app = typer.Typer(add_completion=False)
TablesOut = Annotated[
    str | None,
    typer.Option(metavar="PATH", help=f"Folder {OUT_ADDRESS} to write the tables to; replaced if it holds tables."),
]


@app.command()
def import_(
    path: ExportPath,
    out: TablesOut = None,
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
    from zhenfen.messages import Catalogue

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
    if out is None or obtained_how is None:
        raise ConfigError(Catalogue(lang).text("cli.import.needs"))
    from zhenfen.cli.terminal import StepDisplay, show_tables
    from zhenfen.connectors.importing import import_export
    from zhenfen.stores import check_target, delivered, name_place
    from zhenfen.tables import is_table_file, write_tables

    check_target(out, is_table_file)
    with StepDisplay(lang) as steps:
        tables = import_export(
            path,
            obtained_how=obtained_how,
            frame=frame,
            found_by=found_by,
            platform=platform,
            creator_name=creator_name,
            import_map=said,
            keep_ids=keep_ids,
            keep_contacts=keep_contacts,
            on_progress=steps.advance,
        )
        with delivered(out, is_table_file) as folder:
            write_tables(tables, folder)
    show_tables(tables, name_place(out), lang)
