"""`zhenfen serve`; everything heavy is imported inside the command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zhenfen.cli.options import KeysOption, Lang, PrintLangOption
from zhenfen.errors import ConfigError

if TYPE_CHECKING:
    from zhenfen.service.settings import Settings

MIB = 2**20

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    *,
    host: Annotated[
        str, typer.Option(help="Address to listen on; any but a loopback one needs API keys.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
    data: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder of jobs and reports; default in your own folder.")
    ] = None,
    keys: KeysOption = None,
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="Need API keys on a loopback address too, as behind a proxy.")
    ] = False,
    max_body_mib: Annotated[int, typer.Option(min=1, help="Largest body of a request, MiB.")] = 32,
    max_upload_mib: Annotated[int, typer.Option(min=1, help="Largest export to vet, MiB.")] = 1024,
    max_rows: Annotated[int, typer.Option(min=1, max=200_000, help="Most rows a request.")] = 100_000,
    answer_s: Annotated[float, typer.Option(min=1, help="Seconds within which a request is answered.")] = 60,
    job_s: Annotated[float, typer.Option(min=1, help="Seconds a vetting may take.")] = 3600,
    keep_days: Annotated[int, typer.Option(min=1, help="Days that an ended job and its report are kept.")] = 30,
    demo: Annotated[
        bool, typer.Option("--demo", help="Begin with a project of twelve simulated creators, if there is none yet.")
    ] = False,
    lang: PrintLangOption = Lang.EN,
) -> None:
    """Open the desk, and answer over HTTP: scores of rows and creators, vetting as jobs. See docs/desk.md."""
    needs_serve()
    from zhenfen.config import user_config_dir
    from zhenfen.service.keys import default_path
    from zhenfen.service.server import is_loopback
    from zhenfen.service.settings import DAY_S, Limits, Settings

    limits = Limits(
        body_bytes=max_body_mib * MIB,
        upload_bytes=max_upload_mib * MIB,
        rows=max_rows,
        answer_s=answer_s,
        job_s=job_s,
        keep_s=keep_days * DAY_S,
    )
    settings = Settings(
        data or user_config_dir() / "service",
        keys or default_path(),
        needs_key=with_keys or not is_loopback(host),
        limits=limits,
    )
    run(settings, host, port, lang, with_demo=demo)


def run(settings: Settings, host: str, port: int, lang: str, *, with_demo: bool = False) -> None:
    """Listen until SIGINT or SIGTERM.

    Raises:
        ConfigError: A key is needed and there is none, a folder or the address cannot be used, or a model is broken.
    """
    from rich.console import Console
    from rich.text import Text

    from zhenfen.desk.application import add_desk
    from zhenfen.desk.home import open_demo
    from zhenfen.messages import Catalogue
    from zhenfen.model_store import load_models
    from zhenfen.service.factory import make_app, make_service
    from zhenfen.service.gate import LOCAL_OWNER
    from zhenfen.service.jobs import hold_folder
    from zhenfen.service.keys import read_keys
    from zhenfen.service.server import listen, make_server

    catalogue = Catalogue(lang)
    if settings.needs_key and not read_keys(settings.keys):
        how = f"zhenfen keys add NAME --keys {settings.keys}"
        raise ConfigError(f"{settings.keys}: expected at least one API key; make one with: {how}")
    with hold_folder(settings.data), listen(host, port) as sock:
        service = make_service(settings, load_models())
        app = make_app(service)
        desk = add_desk(app, service)
        if with_demo and not desk.projects.list_all():
            open_demo(desk, lang, LOCAL_OWNER)
        server = make_server(app, settings.limits)
        url = f"http://{f'[{host}]' if ':' in host else host}:{sock.getsockname()[1]}"
        console = Console(soft_wrap=True)
        console.print(Text(catalogue.text("service.listening", url=url, data=settings.data)))
        console.print(Text(catalogue.text("service.with_keys" if settings.needs_key else "service.without_keys")))
        server.run(sockets=[sock])


def needs_serve() -> None:
    """Check that the extra is installed.

    Raises:
        ConfigError: It is not.
    """
    from importlib.util import find_spec

    missing = [
        name
        for name in ("fastapi", "uvicorn", "python_multipart", "prometheus_client", "alembic")
        if find_spec(name) is None
    ]
    if missing:
        raise ConfigError(f"zhenfen serve needs {', '.join(missing)}: pip install 'zhenfen[serve]'")
