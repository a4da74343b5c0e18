"""`zhenfen explain`: one creator in the terminal."""

from __future__ import annotations

from typing import Annotated

import typer

from zhenfen.cli.options import (
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
def explain(
    path: ExportPath,
    creator: Annotated[str, typer.Option(help="Whom to explain: the platform's id or its pseudonym.")],
    lang: LangOption = Lang.EN,
    as_of: AsOfOption = None,
    panel: PanelOption = None,
    frame: FrameOption = None,
    found_by: FoundByOption = None,
    platform: PlatformOption = None,
    creator_name: CreatorNameOption = None,
    map_: MapOption = None,
) -> None:
    """One creator: levels with reasons, spans with the causes tested, and what would lower a level."""
    from zhenfen.cli.terminal import StepDisplay
    from zhenfen.cli.terminal_creator import show_creator
    from zhenfen.connectors.import_map import read_map
    from zhenfen.model_store import load_models
    from zhenfen.vetting.explain import explain
    from zhenfen.vetting.options import VetOptions

    options = VetOptions(
        lang,
        as_of=as_of,
        frame=frame,
        platform=platform,
        found_by=found_by,
        creator_name=creator_name,
        import_map=read_map(map_) if map_ else None,
    )
    with StepDisplay(lang) as steps:
        summary = explain(path, creator, load_models(panel), options, steps.advance)
    show_creator(summary, lang)
