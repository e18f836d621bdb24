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
    from recoup.experiments.evidence.discontinuity import Jump
    from recoup.experiments.evidence.threshold import Study
    from recoup.experiments.report.text import Text


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
        typer.Option(help="Folder for discontinuity.json and discontinuity.svg, new.", show_default="no files"),
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
    from recoup.experiments.evidence.files import DISCONTINUITY_FILE, DISCONTINUITY_PICTURE
    from recoup.experiments.evidence.threshold import accounts_of, content_of, draw, study
    from recoup.experiments.report.reasons import sentence
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.runfolder import require_new, whole_folder
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
    content = content_of(found, score, outcome, treatment, world.currency)
    if out is not None:
        with whole_folder(out) as folder:
            DISCONTINUITY_FILE.write(folder, content)
            draw(found, folder / DISCONTINUITY_PICTURE, score, outcome)
    if json:
        console().print_json(data=content)
    else:
        show_notes(records, lang)
    if not (json or found.refusal):
        _print(found, score, outcome, treatment, text_in(lang).of(lists_of(world)))
    if out is not None and not json:
        console().print(f"\n{out}", soft_wrap=True)
    if found.refusal:
        why = sentence(found.refusal.content(), text_in(lang))
        console(stderr=True).print(
            f"recoup: {text_in(lang)('terminal.discontinuity.refused', why=why)}", soft_wrap=True
        )
        raise typer.Exit(2)


def _print(found: Study, score: str, outcome: str, treatment: str | None, words: Text) -> None:
    from recoup.experiments.report.reasons import sentence
    from recoup.experiments.runs.tables import Table

    show, accounts = console().print, found.accounts

    def say(key: str, **values: object) -> str:
        return words(f"terminal.discontinuity.{key}", **values)

    def field(name: str) -> str:
        return name if words.language == "en" else words.column(name)

    left_out = say("left_out", n=f"{accounts.without_score:,}") if accounts.without_score else ""
    what = say(f"outcomes.{outcome}")
    show(say("counts", n=f"{accounts.score.size:,}", left_out=left_out, outcome=what, days=accounts.days))
    if found.effect is None:
        return
    one, cut = found.effect, f"{found.cut:g}"
    counted = {"below": f"{one.below:,}", "above": f"{one.above:,}", "within": f"{one.bandwidth:,.4g}"}
    show(say("near", score=field(score), cut=cut, **counted))
    table = Table("", say("estimate"), words("terminal.heads.interval"), "p", title=say("title", cut=cut))
    for column in table.columns[1:]:
        column.justify = "right"

    def row(name: str, jump: Jump) -> None:
        figures = f"{jump.estimate:,.4g}", f"{jump.low:,.4g}", f"{jump.high:,.4g}"
        estimate, low, high = (text.replace("-", "−") for text in figures)
        table.add_row(name, estimate, words("between", low=low, high=high), f"{jump.p:.3f}")

    named = words.one_of("treatments", treatment or "")
    row(say("effect"), one)
    if found.first_stage is not None:
        row(say("had", treatment=named), found.first_stage)
    if found.of_treated is not None:
        row(say("of_treated", treatment=named), found.of_treated)
    for scale, other in found.bandwidths.items():
        if other is not None and scale != 1.0:
            row(say("at_bandwidth", scale=f"{scale:g}"), other)
    for other in found.cuts:
        row(say("at_cut", cut=f"{other.cut:g}"), other)
    for name, other in found.covariates.items():
        row(say("check", name=field(name)), other)
    show(table)
    if found.density is not None:
        jump = f"{found.density.jump:+.2f}".replace("-", "−")
        show(say("density", jump=jump, p=f"{found.density.p:.2f}"))
    for doubt in [sentence(doubt.content(), words) for doubt in found.doubts] or [say("no_doubt")]:
        show(doubt)
