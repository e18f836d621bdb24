"""Options about a lender's records, which several commands share."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from recoup.experiments.runs.console import complete_plans

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
