"""`zhenfen score`: rows and creators scored into Parquet, at once or in parts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zhenfen.cli.batch import EngineOption, ScoresOut, WorkersOption, check_source, is_batch, run_batch
from zhenfen.cli.options import AsOfOption, FoundByOption, Lang, LangOption, PlatformOption

app = typer.Typer(
    help="Scores of profiles, comments, posts and creators, as Parquet.", no_args_is_help=True, add_completion=False
)
ExplainOption = Annotated[bool, typer.Option("--explain", help="Also list the largest contributions.")]


@app.command("profiles")
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
    if is_batch(path, engine, workers):
        run_batch("profiles", path, out, (engine, workers), lang=lang, platform=platform, as_of=as_of, explain=explain)
        return
    from zhenfen.batch.row_files import score_profiles_file
    from zhenfen.cli.terminal import StepDisplay, show_scored
    from zhenfen.estimators.profile_model import PROFILE
    from zhenfen.model_store import load_models
    from zhenfen.stores import delivered, name_place

    model = load_models().need(PROFILE)
    with StepDisplay(lang) as steps, delivered(out) as target:
        n_profiles = score_profiles_file(
            Path(path), target, model, platform=platform, as_of=as_of, explain=explain, on_progress=steps.advance
        )
    show_scored("profiles", n_profiles, name_place(out), lang)


@app.command("comments")
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
    """P(advert), P(filler), P(stock praise) of every comment, and its cluster of like ones in the whole input."""
    if is_batch(path, engine, workers):
        run_batch("comments", path, out, (engine, workers), lang=lang, explain=explain)
        return
    from zhenfen.batch.row_files import score_comments_file
    from zhenfen.cli.terminal import StepDisplay, show_scored
    from zhenfen.estimators.comment_model import COMMENT
    from zhenfen.model_store import load_models
    from zhenfen.stores import delivered, name_place

    model = load_models().need(COMMENT)
    with StepDisplay(lang) as steps, delivered(out) as target:
        n_comments = score_comments_file(Path(path), target, model, explain=explain, on_progress=steps.advance)
    show_scored("comments", n_comments, name_place(out), lang)


@app.command("posts")
def score_posts(
    path: Annotated[
        str,
        typer.Argument(
            callback=check_source,
            help="Parquet file, folder or address: post_id, text; if known platform, is_labelled_ad, has_purchase_link",
        ),
    ],
    out: ScoresOut,
    platform: PlatformOption = None,
    explain: ExplainOption = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="By letters alone: many times as fast, and less sure of doubtful posts.")
    ] = False,
    brands: Annotated[
        bool,
        typer.Option(
            "--brands", help="Also name the brands and shops in each post, by our dictionary and your own brands.yaml."
        ),
    ] = False,
    engine: EngineOption = None,
    workers: WorkersOption = None,
    lang: LangOption = Lang.EN,
) -> None:
    """P(sounds sponsored) of every post; a disclosure and means to buy seen in the text or the platform columns."""
    from zhenfen.text.brands import load_brands

    book = load_brands() if brands else None
    if is_batch(path, engine, workers):
        run_batch(
            "posts",
            path,
            out,
            (engine, workers),
            lang=lang,
            platform=platform,
            explain=explain,
            is_quick=quick,
            brands=book,
        )
        return
    from zhenfen.batch.row_files import score_posts_file
    from zhenfen.cli.terminal import StepDisplay, show_scored
    from zhenfen.estimators.post_model import POST
    from zhenfen.model_store import load_models
    from zhenfen.stores import delivered, name_place

    model = load_models().need(POST)
    with StepDisplay(lang) as steps, delivered(out) as target:
        n_posts = score_posts_file(
            Path(path),
            target,
            model,
            platform=platform,
            explain=explain,
            is_quick=quick,
            brands=book,
            on_progress=steps.advance,
        )
    show_scored("posts", n_posts, name_place(out), lang)


@app.command("creators")
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
    if is_batch(path, engine, workers, takes_folders=True):
        pool = (engine, workers)
        run_batch("creators", path, out, pool, lang=lang, platform=platform, found_by=found_by, as_of=as_of)
        return
    from zhenfen.batch.creator_files import score_creators_file
    from zhenfen.cli.terminal import StepDisplay, show_scored
    from zhenfen.model_store import load_models
    from zhenfen.stores import delivered, name_place

    models = load_models()
    with StepDisplay(lang) as steps, delivered(out) as target:
        n_creators = score_creators_file(
            Path(path),
            target,
            models,
            found_by=found_by,
            platform=platform,
            as_of=as_of,
            on_progress=steps.advance,
        )
    show_scored("creators", n_creators, name_place(out), lang)
