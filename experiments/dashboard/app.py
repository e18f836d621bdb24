"""The pages as a server: one address a page, every file it needs served from here, nothing fetched from elsewhere."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources
from typing import Any

import panel as pn
from tornado.websocket import WebSocketClosedError

from recoup.experiments.dashboard import html, layout
from recoup.experiments.dashboard.pages import accounts, compare, comparison, frontier, running, runs, stress
from recoup.experiments.dashboard.request import Request
from recoup.experiments.dashboard.shelf import Shelf
from recoup.experiments.report.text import LANGUAGES, text_in

Build = Callable[[Request], Sequence[Any]]
PAGES: dict[str, Build] = {
    "": runs.build,
    "comparison": comparison.build,
    "compare": compare.build,
    "frontier": frontier.build,
    "accounts": accounts.build,
    "stress": stress.build,
    "running": running.build,
}


def is_loopback(address: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    try:
        return address == "localhost" or ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def origins(address: str, port: int) -> list[str]:
    """What a browser may call the server; a page of another site gets no connection, whatever name leads it here."""
    hosts = ["localhost", "127.0.0.1"] if is_loopback(address) else [address]
    if address in ("0.0.0.0", "::"):
        hosts = ["*"]  # any of the machine's names
    elif address not in hosts:
        hosts.append(address)
    return [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host in hosts]


def serve(shelf: Shelf, address: str, port: int, language: str) -> Any:
    """A server that answers as soon as its loop runs.

    Args:
        shelf: the runs that it shows.
        address: that it listens on.
        port: 0 = any that is free.
        language: of pages whose address names none.

    Returns:
        Panel's server: `port`, `start`, `run_until_shutdown`, `stop`.

    Raises:
        OSError: the port is taken, or the address is not this machine's.
    """
    pn.extension(inline=False)
    for name in ("bokeh", "tornado.access"):
        logging.getLogger(name).setLevel(logging.ERROR)  # their welcomes and warnings are not ours
    for name in ("bokeh.server.protocol_handler", "tornado.application"):
        logging.getLogger(name).addFilter(_not_of_a_closed_page)

    def page_of(slug: str) -> Callable[[], pn.Template]:
        return lambda: _page(shelf, slug, language)  # Panel calls functions, and nothing else that can be called

    pages = {slug or "/": page_of(slug) for slug in PAGES}
    return pn.io.server.get_server(
        pages,
        address=address,
        port=port,
        websocket_origin=["*"] if port == 0 else origins(address, port),
        show=False,
        start=False,
        admin=False,
    )


def _not_of_a_closed_page(record: logging.LogRecord) -> bool:
    """Whether a complaint is worth a line: not where a reader went elsewhere while something was being sent."""
    error = record.exc_info[1] if record.exc_info else None
    trace = error.__traceback__ if error else None
    while trace and trace.tb_next:
        trace = trace.tb_next
    at = f"{trace.tb_frame.f_globals.get('__name__')}.{trace.tb_frame.f_code.co_name}" if trace else ""
    return not (isinstance(error, WebSocketClosedError) or at == "bokeh.server.connection.session")


def _page(shelf: Shelf, slug: str, language: str) -> pn.Template:
    query = {name: values[-1].decode(errors="replace") for name, values in pn.state.session_args.items()}
    request = Request(shelf, slug, query, language)
    parts = layout.safely(lambda: PAGES[slug](request))
    here = request.words(f"pages.{slug or 'runs'}")
    page = pn.Template(_template())
    page.add_panel("body", layout.column(*parts))
    for name, value in {
        "html_lang": {"zh": "zh-Hans"}.get(request.say.language, request.say.language),
        "html_code": request.say.language,
        "page_title": f"{here} – Recoup",
        "page_css": html.stylesheet("page.css"),
        "heading": here,
        "sub": request.words(f"subs.{slug or 'runs'}"),
        "words": {key: request.words(key) for key in ("pages_label", "noscript")},
        "choices": request.choices,
        "pages": [_to(request, other, query) for other in PAGES],
        "languages": _languages(request, query),
    }.items():
        page.add_variable(name, value)
    return page


def _to(request: Request, slug: str, query: dict[str, str]) -> dict[str, Any]:
    """A link to another page, with the run that is being looked at."""
    kept = {"run": query["run"]} if "run" in query else {}
    name = request.words(f"pages.{slug or 'runs'}")
    return {"address": request.address(slug, **kept), "name": name, "here": slug == request.slug}


def _languages(request: Request, query: dict[str, str]) -> list[dict[str, str]]:
    others = [code for code in LANGUAGES if code != request.say.language]
    kept = {name: value for name, value in query.items() if name in ("run", "other")}
    return [
        {
            "code": code,
            "name": text_in(code)("language"),
            "address": request.address(request.slug, **{**kept, "lang": code}),
        }
        for code in others
    ]


@cache
def _template() -> str:
    return resources.files("recoup.experiments.dashboard").joinpath("templates", "page.html.j2").read_text("utf-8")
