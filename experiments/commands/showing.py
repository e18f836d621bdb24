"""What commands show in the user's language beside their results: what begins, and lists of names."""

from __future__ import annotations

import sys

from recoup.experiments.runs.console import console


def announce(key: str, lang: str, **values: object) -> None:
    """Say on a terminal what is going to happen, before packages are loaded that take seconds.

    Args:
        key: of the catalogue's `terminal.begins`.
        lang: `en` or `zh`.
        values: of the message's places.
    """
    if sys.stderr.isatty():
        from recoup.experiments.report.text import text_in

        console(stderr=True).print(text_in(lang)(f"terminal.begins.{key}", **values))


def print_list(rows: list[tuple[str, str, str]], as_json: bool, lang: str = "en") -> None:
    """Name, title, description of things that a user can name.

    Args:
        rows: name, title, description of each.
        as_json: print JSON instead of a table.
        lang: `en` or `zh`.
    """
    if as_json:
        keys = ("name", "title", "description")
        console().print_json(data=[dict(zip(keys, map(_one_line, row), strict=True)) for row in rows])
        return
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.tables import Table

    say = text_in(lang)
    table = Table(*say.heads("name", "title", "description"))
    for name, title, description in rows:
        known = say.one_of("names", name, title)
        table.add_row(name, known, say.one_of("descriptions", name, _one_line(description)))
    console().print(table)


def _one_line(text: str) -> str:
    return " ".join(text.split())
