"""Options about a lender's records, which several commands share, and the tables that they name."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.experiments.runs.console import complete_plans, console

if TYPE_CHECKING:
    from recoup.experiments.records.lender_records import LenderRecords, TableAt
    from recoup.sim.parameters import World

_NAMED = "columns named as our fields"
AccountsMap = Annotated[
    Path | None, typer.Option("--map", help="Column map of the accounts (YAML).", show_default=_NAMED)
]
ContactsMap = Annotated[Path | None, typer.Option(help="Column map of the contacts.", show_default=_NAMED)]
PaymentsMap = Annotated[Path | None, typer.Option(help="Column map of the payments.", show_default=_NAMED)]
DATE = ["%Y-%m-%d"]
At = Annotated[datetime | None, typer.Option(formats=DATE, help="First day.", show_default="that of the logs")]
Until = Annotated[datetime | None, typer.Option(formats=DATE, help="Last day.", show_default="that of the logs")]

# Of the commands that write down what a simulated lender does.
Decider = Annotated[str, typer.Option("-p", "--policy", help="Who decides.", autocompletion=complete_plans)]
Explore = Annotated[
    float, typer.Option(min=0, max=1, help="Probability of something else, for each account and decision.")
]
Towards = Annotated[
    list[str] | None,
    typer.Option(help="What else: this policy's choice; once for each.", show_default="any lawful treatment"),
]
Accounts = Annotated[int, typer.Option(min=1, max=1_000_000, help="Accounts.")]
Days = Annotated[int, typer.Option(min=1, max=3650, help="Days to log.")]
LogSeed = Annotated[int, typer.Option(min=0, max=2**62, help="Of accounts, world and exploration.")]


def read_records(
    portfolio: tuple[str, Path | None],
    contacts: tuple[str | None, Path | None],
    payments: tuple[str | None, Path | None],
    world: World | None,
    *,
    drawn: bool = False,
    day: datetime | None = None,
    option: str = "--at",
) -> LenderRecords:
    """The records that the options of a command name.

    Args:
        portfolio, contacts, payments: addresses and column maps; None = not given.
        world: whose channels and products they may name; None = the standard ones.
        drawn: what the portfolio's file does not say is drawn from the world's population; else it stays unknown.
        day, option: of the portfolio, and how the user says it.

    Raises:
        InputError: as `read_lender_records`, or the map of a log without the log.
    """
    from recoup.experiments.records.lender_records import TableAt, read_lender_records
    from recoup.sim.treatments import STANDARD

    return read_lender_records(
        TableAt.named(*portfolio),
        _log("contacts", *contacts),
        _log("payments", *payments),
        world.vocabulary if world else STANDARD,
        drawn_from=world.population if world and drawn else None,
        day=day.date() if day else None,
        option=option,
    )


def _log(name: str, address: str | None, column_map: Path | None) -> TableAt | None:
    from recoup.experiments.records.lender_records import TableAt
    from recoup.sim.inputs import InputError

    if address is None and column_map is not None:
        raise InputError(f"--{name}-map", "", str(column_map), f"--{name} beside it")
    return TableAt.named(address, column_map) if address is not None else None


def show_notes(records: LenderRecords, lang: str) -> None:
    """Say what of a lender's records was left out.

    Args:
        records: as they were read.
        lang: `en` or `zh`.
    """
    from recoup.experiments.report.text import text_in

    for note in records.notes:
        console().print(text_in(lang).note(note), soft_wrap=True)
