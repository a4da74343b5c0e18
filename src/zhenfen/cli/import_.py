"""`zhenfen import`: an export becomes tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zhenfen.cli.options import ExportPath, FoundByOption, FrameOption, Lang, LangOption, PlatformOption

app = typer.Typer(add_completion=False)


@app.command()
def import_(
    path: ExportPath,
    out: Annotated[Path, typer.Option(help="Folder to write the tables to; replaced if it holds tables.")],
    obtained_how: Annotated[str, typer.Option(help="How you came by the export; stands in every report.")],
    frame: FrameOption = None,
    found_by: FoundByOption = None,
    platform: PlatformOption = None,
    keep_ids: Annotated[bool, typer.Option("--keep-ids", help="Keep person ids as the platform spells them.")] = False,
    keep_contacts: Annotated[bool, typer.Option("--keep-contacts", help="Keep contact details in texts.")] = False,
    lang: LangOption = Lang.EN,
) -> None:
    """Turn an export into canonical tables: ids pseudonymised, contact details masked, provenance kept."""
    from zhenfen.cli.terminal import StepDisplay, show_tables
    from zhenfen.connectors.importing import import_export
    from zhenfen.files import check_replaceable
    from zhenfen.tables import is_table_file, write_tables

    check_replaceable(out, is_table_file)
    with StepDisplay(lang) as steps:
        tables = import_export(
            path,
            obtained_how=obtained_how,
            frame=frame,
            found_by=found_by,
            platform=platform,
            keep_ids=keep_ids,
            keep_contacts=keep_contacts,
            on_progress=steps.advance,
        )
        write_tables(tables, out)
    show_tables(tables, out, lang)
