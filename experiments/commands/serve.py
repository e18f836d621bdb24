"""`recoup serve`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from recoup.experiments.runs.console import console
from recoup.experiments.runs.extras import needs_extra


def serve(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, or folders of them.")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port.")] = 5006,
    address: Annotated[
        str,
        typer.Option(help="Address to listen on; there is no password, so others than this are for closed networks."),
    ] = "127.0.0.1",
    lang: Annotated[str, typer.Option(help="Language to begin with: en or zh.")] = "en",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser.")] = True,
) -> None:
    """Look at finished and running comparisons in a browser; nothing is written, nothing leaves this machine.

    \b
    Examples:
      recoup serve runs
      recoup serve runs/mine runs/demo --lang zh
      recoup serve /data/runs --port 8080 --no-browser
    """
    needs_extra("web", "panel", "bokeh")
    from recoup.experiments.dashboard.app import is_loopback
    from recoup.experiments.dashboard.app import serve as server_of
    from recoup.experiments.dashboard.shelf import Shelf
    from recoup.experiments.report.text import LANGUAGES, text_in
    from recoup.sim.inputs import InputError, choose

    if lang not in LANGUAGES:
        raise InputError("--lang", "", lang, choose(LANGUAGES, lang))
    shelf = Shelf(runs)
    try:
        server = server_of(shelf, address, port, lang)
    except OSError as error:
        found = f"{address}:{port}: {error.strerror or error}"
        raise InputError("--address, --port", "", found, "an address of this machine and a port that is free") from None
    if not is_loopback(address):
        warning = text_in(lang)("terminal.no_password", address=f"{address}:{port}")
        print(f"recoup: {warning}", file=sys.stderr)
    host = f"[{address}]" if ":" in address else address
    url = f"http://{'127.0.0.1' if address in ('0.0.0.0', '::') else host}:{port}/?lang={lang}"
    said = text_in(lang)("terminal.serve", n=len(shelf.entries()), url=url)
    console().print(said, soft_wrap=True)
    if browser:
        server.show("/")
    server.run_until_shutdown()
