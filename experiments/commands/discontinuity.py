"""`recoup discontinuity`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from recoup.experiments.commands.evaluate import ScenarioName
from recoup.experiments.runs.console import Json, console

if TYPE_CHECKING:
    from recoup.experiments.evidence.discontinuity import Jump
    from recoup.experiments.evidence.threshold import Study


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
        typer.Option(formats=["%Y-%m-%d"], help="First day of the outcome.", show_default="that of the payments"),
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="Days of the outcome.", show_default="to the last payment")
    ] = None,
    bandwidth: Annotated[
        float | None, typer.Option(min=1e-9, help="Scores so far from the threshold count.", show_default="by the data")
    ] = None,
    portfolio_map: Annotated[
        Path | None, typer.Option(help="Column map (YAML).", show_default="columns named as our fields")
    ] = None,
    payments_map: Annotated[Path | None, typer.Option(help="Column map (YAML).", show_default="likewise")] = None,
    contacts_map: Annotated[Path | None, typer.Option(help="Column map (YAML).", show_default="likewise")] = None,
    scenario: ScenarioName = "china-consumer",
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for discontinuity.json and discontinuity.svg, new.", show_default="no files"),
    ] = None,
    json: Json = False,
) -> None:
    """Estimate what a treatment brings that was given by a score's threshold: regression discontinuity, with its checks.

    \b
    Examples:
      recoup discontinuity --portfolio book.parquet --payments payments.parquet --score early_warning --threshold 0.6 --days 90
      recoup discontinuity --portfolio book.csv --portfolio-map book.map.yaml --payments pay.csv --contacts calls.csv --threshold 620 --treatment specialist --out runs/620
    """
    from recoup.experiments.evidence.files import DISCONTINUITY_FILE, DISCONTINUITY_PICTURE
    from recoup.experiments.evidence.threshold import accounts_of, content_of, draw, study
    from recoup.experiments.runs.runfolder import require_new, whole_folder
    from recoup.scenarios.schema import load_scenario
    from recoup.sim.inputs import InputError
    from recoup.sim.portfolio.importing import inspect
    from recoup.sim.portfolio.records import CONTACTS, PAYMENTS, read_records
    from recoup.sim.portfolio.sources import source_of

    if out is not None:
        require_new(out)
    if (treatment is None) != (contacts is None):
        raise InputError("--treatment", "", treatment, "a channel or legal step of the log: goes with --contacts")
    inspection = inspect(source_of(portfolio), portfolio_map)
    inspection.require_usable("recoup portfolio check")
    accounts = accounts_of(
        inspection.table,
        read_records(source_of(payments), payments_map, PAYMENTS),
        read_records(source_of(contacts), contacts_map, CONTACTS) if contacts else None,
        score,
        outcome,
        treatment,
        at.date() if at else None,
        days,
    )
    found = study(accounts, threshold, bandwidth)
    content = content_of(found, score, outcome, treatment, load_scenario(scenario).world.currency)
    if out is not None:
        with whole_folder(out) as folder:
            DISCONTINUITY_FILE.write(folder, content)
            draw(found, folder / DISCONTINUITY_PICTURE, score, outcome)
    if json:
        console().print_json(data=content)
    else:
        _print(found, score, outcome, treatment)
        if out is not None:
            console().print(f"\n{out}", soft_wrap=True)
    if found.refusal:
        console(stderr=True).print(f"recoup: no estimate: {found.refusal}", soft_wrap=True)
        raise typer.Exit(2)


def _print(found: Study, score: str, outcome: str, treatment: str | None) -> None:
    from rich.table import Table

    from recoup.experiments.evidence.threshold import OUTCOMES

    show, accounts = console().print, found.accounts
    left_out = f" ({accounts.without_score:,} without a score)" if accounts.without_score else ""
    show(f"{accounts.score.size:,} accounts{left_out}; {OUTCOMES[outcome]}, {accounts.days} days", soft_wrap=True)
    if found.effect is None:
        return
    one = found.effect
    show(f"{one.below:,} below and {one.above:,} above {score} {found.cut:g} count, within {one.bandwidth:,.4g}")
    title = f"above {found.cut:g} less below"
    table = Table("", "estimate", "95 % interval", "p", title=title, title_justify="left", width=80)
    for column in table.columns[1:]:
        column.justify = "right"
    table.add_row("effect", *_cells(one))
    if found.first_stage is not None:
        table.add_row(f"share that had {treatment}", *_cells(found.first_stage))
    if found.of_treated is not None:
        table.add_row(f"effect of {treatment}", *_cells(found.of_treated))
    for scale, other in found.bandwidths.items():
        if other is not None and scale != 1.0:
            table.add_row(f"effect, {scale:g} × bandwidth", *_cells(other))
    for other in found.cuts:
        table.add_row(f"check: cut-off {other.cut:g}", *_cells(other))
    for name, other in found.covariates.items():
        table.add_row(f"check: {name}", *_cells(other))
    show(table)
    if found.density is not None:
        show(
            f"density of scores, log of above over below: {found.density.jump:+.2f} (p = {found.density.p:.2f})".replace(
                "-", "−"
            )
        )
    for doubt in found.doubts or ["no check speaks against it"]:
        show(doubt, soft_wrap=True)


def _cells(one: Jump) -> tuple[str, str, str]:
    figures = (f"{one.estimate:,.4g}", f"{one.low:,.4g} to {one.high:,.4g}", f"{one.p:.3f}")
    estimate, span, p = (text.replace("-", "−") for text in figures)
    return estimate, span, p
