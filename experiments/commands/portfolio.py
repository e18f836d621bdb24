"""`recoup portfolio …`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from recoup.experiments.commands.lender_options import DATE, AccountsMap, ContactsMap, PaymentsMap, read_records
from recoup.experiments.commands.showing import announce
from recoup.experiments.runs.console import Commands, Json, Language, complete_scenarios, console

FILE = "CSV, Parquet, Excel, DuckDB or SQLite file, or a database's address."
Problems = Annotated[
    Path | None, typer.Option("--problems", help="New CSV file for every problem.", show_default="no file")
]
OwnNames = Annotated[
    str | None,
    typer.Option(
        "-s",
        "--scenario",
        help="Whose own channels and products the table may name.",
        show_default="no one's",
        autocompletion=complete_scenarios,
    ),
]

app = typer.Typer(cls=Commands, rich_markup_mode=None, help="Portfolio files.", no_args_is_help=True)


@app.command("check")
def check(
    file: Annotated[str, typer.Argument(help=FILE)],
    column_map: Annotated[
        Path | None, typer.Option("--map", help="Column map (YAML).", show_default="columns named as our fields")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Print every problem, not the first 50.")] = False,
    scenario: Annotated[
        str,
        typer.Option(
            "-s",
            "--scenario",
            help="Whose accounts the file's are set beside, and whose products it may have.",
            autocompletion=complete_scenarios,
        ),
    ] = "china-consumer",
    problems: Problems = None,
    lang: Language = "en",
    json: Json = False,
) -> None:
    """Print ranges, missing values, every problem and where each line of a portfolio file went; exit code 2 for a problem.

    What can be used but is unlikely (amounts in cents, a total among the accounts) is named too, and changes no exit code.

    \b
    Examples:
      recoup portfolio check portfolio.csv --map map.yaml -s us-cards
      recoup portfolio check lender/portfolio.parquet     # as `recoup records simulate` writes it
      recoup portfolio check portfolio.parquet --map map.yaml --all --json
      recoup portfolio check ledger.xlsx --map map.yaml --problems problems.csv
      recoup portfolio check "sqlite:///book.db?query=SELECT * FROM accounts" --map map.yaml
    """
    announce("read", lang, file=file)
    from recoup.experiments.checks.portfolio_check import run
    from recoup.sim.portfolio.sources import source_of

    source = source_of(file)
    raise typer.Exit(run(source, column_map, json, console(), every, scenario, problems_file=problems, lang=lang))


@app.command("state")
def state(
    at: Annotated[datetime, typer.Option(formats=DATE, help="The day on whose morning the accounts are wanted.")],
    out: Annotated[Path, typer.Option(help="New folder for the portfolio in mid-life and its map.")],
    portfolio: Annotated[
        str, typer.Option(help="Accounts as they were on an earlier day: a file or a database's address.")
    ],
    contacts: Annotated[str, typer.Option(help="Log of contacts, likewise.")],
    payments: Annotated[str, typer.Option(help="Log of payments, likewise.")],
    column_map: AccountsMap = None,
    contacts_map: ContactsMap = None,
    payments_map: PaymentsMap = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=DATE, help="Day of the portfolio.", show_default="as_of of its map, else the logs' first day"
        ),
    ] = None,
    scenario: OwnNames = None,
    lang: Language = "en",
    json: Json = False,
) -> None:
    """Make the state of accounts on a day from a lender's logs, to start a simulation there.

    Contacts, promises, plans, offers, legal steps and payments before the day say how things stand; what they can't tell is listed.

    \b
    Examples:
      recoup records simulate --out lender
      recoup portfolio state --portfolio lender/portfolio.parquet --contacts lender/contacts.parquet --payments lender/payments.parquet \
          --at 2025-06-02 --out june
      recoup compare -p status-quo -p staged --portfolio june/portfolio.parquet --map june/map.yaml
    """
    announce("read", lang, file=portfolio)
    from json import dumps

    from recoup.experiments.records.state_command import MAP, TABLE, write_state
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.runfolder import require_new
    from recoup.experiments.runs.tables import Table
    from recoup.scenarios.schema import load_scenario
    from recoup.sim.remarks import contents

    require_new(out)
    world = load_scenario(scenario).world if scenario else None
    records = read_records(
        (portfolio, column_map), (contacts, contacts_map), (payments, payments_map), world, day=since, option="--since"
    )
    found, unknown = write_state(records, at.date(), out)
    if json:
        content = {"accounts": len(found), "as_of": str(at.date()), "unknown": contents(unknown), "fresh": found.fresh}
        console().print_json(dumps(content))
        return
    words, show = text_in(lang), console().print

    def say(key: str, **values: object) -> str:
        return words(f"terminal.state.{key}", **values)

    told = Table(say("field"), say("known"), title=say("title", n=f"{len(found):,}", date=at.date()))
    for name in found.state:
        told.add_row(name, f"{int(found.table[name].notna().sum()):,}")
    show(told)
    for what in unknown:
        said = words.remark(what)
        show(say("unknown", what=said) if what.code.startswith("untold") else said)
    show(say("written", table=out / TABLE, map=out / MAP), soft_wrap=True)


@app.command("pseudonyms")
def pseudonyms(
    file: Annotated[str, typer.Argument(help=FILE)],
    column_map: Annotated[Path, typer.Option("--map", help="Column map (YAML).")],
    out: Annotated[Path, typer.Option(help="CSV file to write: account_id and the pseudonym run folders use for it.")],
    lang: Language = "en",
) -> None:
    """Write which account is behind which pseudonym, by your own key: keep the file as you keep the accounts.

    \b
    Examples:
      recoup portfolio pseudonyms portfolio.csv --map map.yaml --out who.csv
    """
    announce("read", lang, file=file)
    import pandas as pd

    from recoup.experiments.comparison.privacy import pseudonym_key
    from recoup.experiments.comparison.privacy import pseudonyms as of
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.runfolder import write_csv
    from recoup.sim.inputs import InputError
    from recoup.sim.portfolio.importing import inspect
    from recoup.sim.portfolio.sources import source_of

    if out.exists():
        raise InputError(out, "--out", "a file that exists", "a new file")
    key = pseudonym_key(lasting=True)  # with one that ends here, the file would be of no run
    names = inspect(source_of(file), column_map).table["account_id"].dropna()
    write_csv(out, pd.DataFrame({"account_id": names, "pseudonym": of(names, key)}))
    console().print(text_in(lang)("terminal.check.accounts", n=f"{len(names):,}", path=out), soft_wrap=True)
