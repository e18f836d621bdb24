"""`recoup discontinuity`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from recoup.experiments.commands.evaluate import ScenarioName
from recoup.experiments.commands.lender_options import (
    DATE,
    AccountsMap,
    ContactsMap,
    PaymentsMap,
    read_records,
    show_notes,
)
from recoup.experiments.commands.showing import announce
from recoup.experiments.runs.console import Json, Language, console

if TYPE_CHECKING:
    from recoup.experiments.report.discontinuity_page import Page


def discontinuity(
    portfolio: Annotated[str, typer.Option(help="Accounts with their scores: a file or a database's address.")],
    payments: Annotated[str, typer.Option(help="Log of payments, likewise.")],
    threshold: Annotated[float, typer.Option(help="The score from which on accounts were treated otherwise.")],
    score: Annotated[str, typer.Option(help="The portfolio's field that was compared with it.")] = "credit_score",
    contacts: Annotated[str | None, typer.Option(help="Log of contacts, for --treatment.", show_default="none")] = None,
    treatment: Annotated[
        str | None,
        typer.Option(
            help="The channel or legal step it was to decide about: its effect on those who had it because of the threshold.",
            show_default="the threshold alone decided",
        ),
    ] = None,
    outcome: Annotated[
        Literal["share", "cash", "paid"], typer.Option(help="Cash over balance, cash, or whether anything was paid.")
    ] = "share",
    at: Annotated[
        datetime | None,
        typer.Option(formats=DATE, help="First day of the outcome.", show_default="the portfolio's"),
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="Days of the outcome.", show_default="to the logs' last")
    ] = None,
    bandwidth: Annotated[
        float | None, typer.Option(min=1e-9, help="Scores so far from the threshold count.", show_default="by the data")
    ] = None,
    portfolio_map: AccountsMap = None,
    payments_map: PaymentsMap = None,
    contacts_map: ContactsMap = None,
    scenario: ScenarioName = "china-consumer",
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for discontinuity.json and discontinuity.html, new.", show_default="no files"),
    ] = None,
    lang: Language = "en",
    json: Json = False,
) -> None:
    """Estimate what a treatment brings that was given by a score's threshold: regression discontinuity, with its checks.

    \b
    Examples:
      recoup discontinuity --portfolio book.parquet --payments payments.parquet --score early_warning --threshold 0.6 --days 90
      recoup discontinuity --portfolio book.csv --map book.map.yaml --payments pay.csv --contacts calls.csv --threshold 620 --treatment specialist --out runs/620
    """
    announce("read", lang, file=portfolio)
    from recoup.experiments.comparison.lists import lists_of
    from recoup.experiments.evidence.files import DISCONTINUITY_FILE
    from recoup.experiments.evidence.threshold import accounts_of, content_of, study
    from recoup.experiments.report.discontinuity_page import PAGE, Page, render_discontinuity
    from recoup.experiments.report.text import LANGUAGES, text_in
    from recoup.experiments.runs.runfolder import in_language, require_new, whole_folder
    from recoup.scenarios.schema import load_scenario
    from recoup.sim.inputs import InputError

    if out is not None:
        require_new(out)
    if (treatment is None) != (contacts is None):
        raise InputError("--treatment", "", treatment, "a channel or legal step of the log: goes with --contacts")
    world = load_scenario(scenario).world
    records = read_records((portfolio, portfolio_map), (contacts, contacts_map), (payments, payments_map), world)
    accounts = accounts_of(records, score, outcome, treatment, at.date() if at else None, days)
    found = study(accounts, threshold, bandwidth)
    content, lists = content_of(found, score, outcome, treatment, world.currency), lists_of(world)
    pages = {
        language: Page(found, score, outcome, treatment, text_in(language, world.currency).of(lists))
        for language in LANGUAGES
    }
    if out is not None:
        with whole_folder(out) as folder:
            DISCONTINUITY_FILE.write(folder, content)
            for page in pages.values():
                render_discontinuity(folder, page)
    if json:
        console().print_json(data=content)
    else:
        show_notes(records, lang)
    if not (json or found.refusal):
        _print(pages[lang])
    if out is not None and not json:
        console().print(f"\n{out / in_language(PAGE, lang)}", soft_wrap=True)
    if found.refusal:
        why = text_in(lang).remark(found.refusal)
        console(stderr=True).print(
            f"recoup: {text_in(lang)('terminal.discontinuity.refused', why=why)}", soft_wrap=True
        )
        raise typer.Exit(2)


def _print(page: Page) -> None:
    from recoup.experiments.runs.tables import Table

    show = console().print
    for line in page.about():
        show(line)
    heads = "", page.words("estimate"), page.say("terminal.heads.interval"), "p"
    table = Table(*heads, title=page.words("title"))
    for column in table.columns[1:]:
        column.justify = "right"
    for name, jump in [*page.estimates(), *page.bandwidths(), *page.checks()]:
        table.add_row(name, *page.cells(jump))
    show(table)
    for line in [page.density(), *page.doubts()]:
        if line:
            show(line)
