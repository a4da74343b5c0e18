"""The command line. Everything heavy is imported inside the commands, so that --help answers at once."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from zhenfen.cli.batch import EngineOption, ScoresOut, WorkersOption, check_source, is_batch, run_batch
from zhenfen.cli.found_by import LANGUAGE, FoundByOption, note_language
from zhenfen.cli.models import models_app
from zhenfen.cli.monitor import monitor
from zhenfen.cli.reproduce import reproduce
from zhenfen.cli.serve import keys_app, serve
from zhenfen.errors import ZhenfenError

BAD_INPUT = 2
"""Exit code for input or options that cannot be used; 1 is left for our own mistakes."""

app = typer.Typer(
    name="zhenfen",
    help="How much of an influencer's audience and engagement is real, with evidence a person can check. "
    "Advice only: a person decides.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
panel_app = typer.Typer(help="Reference panels: what is usual among peers.", no_args_is_help=True)
score_app = typer.Typer(help="Scores of profiles, comments, posts and creators, as Parquet.", no_args_is_help=True)
audit_app = typer.Typer(
    help="Label a sample of an audience by hand, and estimate again with the labels.", no_args_is_help=True
)
app.add_typer(panel_app, name="panel")
app.add_typer(score_app, name="score")
app.add_typer(audit_app, name="audit")


class Lang(StrEnum):
    """Languages of reports and tables."""

    ZH = "zh"
    EN = "en"
    FR = "fr"


class Frame(StrEnum):
    """How an audience sample was drawn."""

    NEWEST = "newest"
    COMMENTERS = "commenters"
    LIKERS = "likers"
    AUTHORISED_EXPORT = "authorised_export"
    RANDOM = "random"
    UNKNOWN = "unknown"


ExportPath = Annotated[Path, typer.Argument(exists=True, help="Export to read: a file, a folder or an archive.")]
FrameOption = Annotated[
    Frame | None, typer.Option(help="How the audience sample was drawn, where the export does not say.")
]
PlatformOption = Annotated[
    str | None, typer.Option(help="Platform of rows that name none: weibo, xiaohongshu, douyin, bilibili, …")
]
AsOfOption = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Read the data as they stood at the end of this day, UTC."),
]
ParquetOut = Annotated[Path, typer.Option(dir_okay=False, help="Parquet file to write.")]
ExplainOption = Annotated[bool, typer.Option("--explain", help="Also list the largest contributions.")]
PanelOption = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Reference panel to use.")]
LangOption = Annotated[
    Lang,
    typer.Option(
        help="Language of reports and of what is printed.", envvar="ZHENFEN_LANG", callback=note_language, is_eager=True
    ),
]


@app.command()
def vet(
    path: ExportPath,
    out: Annotated[Path, typer.Option(help="Folder to write the report to; replaced if it holds one.")],
    creator: Annotated[list[str] | None, typer.Option(help="Only this creator; may be given again.")] = None,
    lang: LangOption = Lang.EN,
    show_names: Annotated[bool, typer.Option("--show-names", help="Name commenters and followers.")] = False,
    as_of: AsOfOption = None,
    panel: PanelOption = None,
    frame: FrameOption = None,
    found_by: FoundByOption = None,
    platform: PlatformOption = None,
) -> None:
    """Read an export and write one report a creator, a shortlist page and a spreadsheet."""
    from zhenfen.cli.terminal import StepDisplay, show_shortlist
    from zhenfen.model_store import load_models
    from zhenfen.vetting.options import VetOptions
    from zhenfen.vetting.vet import vet

    options = VetOptions(lang, tuple(creator or ()), _end_of_day(as_of), show_names, frame, platform, found_by)
    with StepDisplay(lang) as steps:
        vetted = vet(path, out, load_models(panel), options, steps.advance)
    show_shortlist(vetted, out, lang)


@app.command("import")
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


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(exists=True, help="Folder of tables, or a SQLite or DuckDB file.")],
    lang: LangOption = Lang.EN,
) -> None:
    """Say whether tables keep the contract; lists every problem."""
    from zhenfen.cli.terminal import show_tables
    from zhenfen.tables import read_tables

    show_tables(read_tables(folder), folder, lang)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the demonstration.")] = Path("out/demo"),
    lang: LangOption = Lang.EN,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 2026,
) -> None:
    """Vet a shortlist of twelve simulated creators whose truth is known."""
    from zhenfen.cli.terminal import StepDisplay, show_demo
    from zhenfen.model_store import load_models
    from zhenfen.vetting.demo import write_demo

    with StepDisplay(lang) as steps:
        made = write_demo(out, load_models(), lang, seed, steps.advance)
    show_demo(made, out, steps)


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
) -> None:
    """One creator: levels with reasons, spans with the causes tested, and what would lower a level."""
    from zhenfen.cli.terminal import StepDisplay
    from zhenfen.cli.terminal_creator import show_creator
    from zhenfen.model_store import load_models
    from zhenfen.vetting.explain import explain
    from zhenfen.vetting.options import VetOptions

    options = VetOptions(lang, as_of=_end_of_day(as_of), frame=frame, platform=platform, found_by=found_by)
    with StepDisplay(lang) as steps:
        summary = explain(path, creator, load_models(panel), options, steps.advance)
    show_creator(summary, lang)


@app.command()
def spans(path: ExportPath, out: ParquetOut, platform: PlatformOption = None, lang: LangOption = Lang.EN) -> None:
    """Marked spans of every follower series: when, how much, what explains it; profiles and platform may be absent."""
    from zhenfen.cli.terminal import StepDisplay, show_scored
    from zhenfen.vetting.spans import write_spans

    with StepDisplay(lang) as steps:
        n_spans = write_spans(path, out, platform=platform, on_progress=steps.advance)
    show_scored("spans", n_spans, out, lang)


@panel_app.command("build")
def panel_build(
    folder: Annotated[Path, typer.Argument(exists=True, help="Your own tables or export, of creators you trust.")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="Panel file to write.")] = Path("panel.csv"),
    source: Annotated[str, typer.Option(help="Name of the source, printed beside every range.")] = "own",
    window: Annotated[str, typer.Option(help="What the values cover, in words.")] = "as exported",
    platform: PlatformOption = None,
    lang: LangOption = Lang.EN,
) -> None:
    """Make a reference panel: quantiles of every feature by platform and size. Use it with `vet --panel`."""
    from zhenfen.cli.terminal import StepDisplay, show_panel
    from zhenfen.vetting.panels import build_own_panel

    with StepDisplay(lang) as steps:
        rows = build_own_panel(folder, out, source, window, platform=platform, on_progress=steps.advance)
    show_panel(rows, out, lang)


@panel_app.command("show")
def panel_show(panel: PanelOption = None, lang: LangOption = Lang.EN) -> None:
    """What a reference panel covers: families by platform and size, with peers, source and day, and what is missing."""
    from zhenfen.cli.terminal_panel import show_coverage
    from zhenfen.shelf import PANEL, find_file
    from zhenfen.verdict.coverage import find_coverage
    from zhenfen.verdict.panel import read_panel

    show_coverage(find_coverage(read_panel(panel or find_file(PANEL))), lang)


@score_app.command("profiles")
def score_profiles(
    path: Annotated[
        str,
        typer.Argument(callback=check_source, help="Parquet file, folder or address with the columns of audience."),
    ],
    out: ScoresOut,
    explain: ExplainOption = False,
    platform: PlatformOption = None,
    as_of: AsOfOption = None,
    engine: EngineOption = None,
    workers: WorkersOption = None,
    lang: LangOption = Lang.EN,
) -> None:
    """P(inauthentic) of every profile; only profile_id is needed, other columns may be absent."""
    moment = _end_of_day(as_of)
    if is_batch(path, engine, workers):
        run_batch("profiles", path, out, (engine, workers), lang=lang, platform=platform, as_of=moment, explain=explain)
        return
    from zhenfen.batch.row_files import score_profiles_file
    from zhenfen.cli.terminal import StepDisplay, show_scored
    from zhenfen.estimators.profile_model import PROFILE
    from zhenfen.model_store import load_models

    model = load_models().need(PROFILE)
    with StepDisplay(lang) as steps:
        n_profiles = score_profiles_file(
            Path(path), out, model, platform=platform, as_of=moment, explain=explain, on_progress=steps.advance
        )
    show_scored("profiles", n_profiles, out, lang)


@score_app.command("comments")
def score_comments(
    path: Annotated[
        str, typer.Argument(callback=check_source, help="Parquet file, folder or address with comment_id and text.")
    ],
    out: ScoresOut,
    explain: ExplainOption = False,
    engine: EngineOption = None,
    workers: WorkersOption = None,
    lang: LangOption = Lang.EN,
) -> None:
    """P(advert) and P(filler) of every comment, and its cluster of nearly equal comments in the whole input."""
    if is_batch(path, engine, workers):
        run_batch("comments", path, out, (engine, workers), lang=lang, explain=explain)
        return
    from zhenfen.batch.row_files import score_comments_file
    from zhenfen.cli.terminal import StepDisplay, show_scored
    from zhenfen.estimators.comment_model import COMMENT
    from zhenfen.model_store import load_models

    model = load_models().need(COMMENT)
    with StepDisplay(lang) as steps:
        n_comments = score_comments_file(Path(path), out, model, explain=explain, on_progress=steps.advance)
    show_scored("comments", n_comments, out, lang)


@score_app.command("posts")
def score_posts(
    path: Annotated[
        str,
        typer.Argument(
            callback=check_source,
            help="Parquet file, folder or address: post_id, text; is_labelled_ad, has_purchase_link where known.",
        ),
    ],
    out: ScoresOut,
    explain: ExplainOption = False,
    engine: EngineOption = None,
    workers: WorkersOption = None,
    lang: LangOption = Lang.EN,
) -> None:
    """P(sounds sponsored) of every post; a disclosure and means to buy seen in the text or the platform columns."""
    if is_batch(path, engine, workers):
        run_batch("posts", path, out, (engine, workers), lang=lang, explain=explain)
        return
    from zhenfen.batch.row_files import score_posts_file
    from zhenfen.cli.terminal import StepDisplay, show_scored
    from zhenfen.estimators.post_model import POST
    from zhenfen.model_store import load_models

    model = load_models().need(POST)
    with StepDisplay(lang) as steps:
        n_posts = score_posts_file(Path(path), out, model, explain=explain, on_progress=steps.advance)
    show_scored("posts", n_posts, out, lang)


@score_app.command("creators")
def score_creators(
    path: Annotated[
        str,
        typer.Argument(
            callback=check_source, help="Export to read; in parts (see --engine), tables in a folder or address."
        ),
    ],
    out: ScoresOut,
    found_by: FoundByOption = None,
    platform: PlatformOption = None,
    as_of: AsOfOption = None,
    engine: EngineOption = None,
    workers: WorkersOption = None,
    lang: LangOption = Lang.EN,
) -> None:
    """Level and P(manipulated) of every creator over all families, with the findings that weigh most."""
    moment = _end_of_day(as_of)
    if is_batch(path, engine, workers, takes_folders=True):
        pool = (engine, workers)
        run_batch("creators", path, out, pool, lang=lang, platform=platform, found_by=found_by, as_of=moment)
        return
    from zhenfen.batch.creator_files import score_creators_file
    from zhenfen.cli.terminal import StepDisplay, show_scored
    from zhenfen.model_store import load_models

    models = load_models()
    with StepDisplay(lang) as steps:
        n_creators = score_creators_file(
            Path(path),
            out,
            models,
            found_by=found_by,
            platform=platform,
            as_of=moment,
            on_progress=steps.advance,
        )
    show_scored("creators", n_creators, out, lang)


@audit_app.command("sample")
def audit_sample(
    folder: Annotated[Path, typer.Argument(exists=True, help="Folder of tables that `zhenfen import` made.")],
    creator: Annotated[str, typer.Option(help="Whose audience; the platform's id or its pseudonym.")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="Workbook to write; never overwritten.")],
    n: Annotated[int, typer.Option(help="Profiles to label.")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of the draw.")] = 1,
    lang: LangOption = Lang.EN,
) -> None:
    """Draw profiles to label, stratified by score with known probabilities, into a workbook."""
    from zhenfen.audit.by_folder import draw
    from zhenfen.cli.terminal import show_sampled

    show_sampled(draw(folder, creator, n, out, seed=seed, language=lang), out, lang)


@audit_app.command("apply")
def audit_apply(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The workbook, filled in.")],
    tables: Annotated[Path | None, typer.Option(exists=True, help="Folder of the tables, if it was moved.")] = None,
    lang: LangOption = Lang.EN,
) -> None:
    """Check and store the labels of a workbook; show the estimate before and after."""
    from zhenfen.audit.by_folder import apply
    from zhenfen.cli.terminal import show_applied

    show_applied(apply(file, tables), lang)


app.command()(monitor)
app.command()(reproduce)
app.command()(serve)
app.add_typer(models_app, name="models")
app.add_typer(keys_app, name="keys")


def _end_of_day(day: datetime | None) -> datetime | None:
    return None if day is None else datetime.combine(day.date(), time.max, tzinfo=UTC)


def main() -> None:
    """Entry point: our own errors become a clear text and exit code 2."""
    reader: dict[str, str] = {}
    try:
        app(obj=reader)
    except ZhenfenError as error:
        from zhenfen.cli.terminal import show_error

        show_error(error, reader.get(LANGUAGE, Lang.EN))
        sys.exit(BAD_INPUT)
