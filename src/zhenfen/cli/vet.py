"""`zhenfen vet`: the reports of a shortlist."""

from __future__ import annotations

from typing import Annotated

import typer

from zhenfen.cli.options import (
    OUT_ADDRESS,
    AsOfOption,
    CreatorNameOption,
    ExportPath,
    FoundByOption,
    FrameOption,
    Lang,
    LangOption,
    MapOption,
    PanelOption,
    PlatformOption,
)

app = typer.Typer(add_completion=False)


@app.command()
def vet(
    path: ExportPath,
    out: Annotated[
        str,
        typer.Option(metavar="PATH", help=f"Folder {OUT_ADDRESS} to write the report to; replaced if it holds one."),
    ],
    creator: Annotated[list[str] | None, typer.Option(help="Only this creator; may be given again.")] = None,
    lang: LangOption = Lang.EN,
    show_names: Annotated[bool, typer.Option("--show-names", help="Name commenters and followers.")] = False,
    as_of: AsOfOption = None,
    panel: PanelOption = None,
    frame: FrameOption = None,
    found_by: FoundByOption = None,
    platform: PlatformOption = None,
    creator_name: CreatorNameOption = None,
    map_: MapOption = None,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Print the pages to PDF as well; needs Chromium or Chrome.")
    ] = False,
    target_region: Annotated[
        list[str] | None,
        typer.Option(
            help="Where the audience is wanted: a province or country, in Chinese, English or French. Repeatable."
        ),
    ] = None,
) -> None:
    """Read an export and write one report a creator, a shortlist page and a spreadsheet."""
    from zhenfen.cli.terminal import StepDisplay, show_shortlist
    from zhenfen.connectors.import_map import read_map
    from zhenfen.model_store import load_models
    from zhenfen.report.write import is_report_file
    from zhenfen.stores import delivered, name_place
    from zhenfen.vetting.options import VetOptions
    from zhenfen.vetting.vet import vet

    if pdf:
        # Before anything is read: without a browser nothing has been waited for.
        from zhenfen.report.pdf import find_browser, print_pages

        browser = find_browser(lang)
    wanted, targets = tuple(creator or ()), tuple(target_region or ())
    said = (frame, platform, found_by, targets, creator_name, read_map(map_) if map_ else None)
    options = VetOptions(lang, wanted, as_of, show_names, *said)
    with delivered(out, is_report_file) as folder:
        with StepDisplay(lang) as steps:
            vetted = vet(path, folder, lambda: load_models(panel), options, steps.advance)
        if pdf:
            print_pages((*vetted.pages, *folder.glob("compare.html")), browser, lang)
    show_shortlist(vetted, name_place(out), lang)
