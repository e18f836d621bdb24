"""`recoup portfolio …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recoup.experiments.commands.showing import announce
from recoup.experiments.runs.console import Commands, Json, Language, complete_scenarios, console

FILE = "CSV, Parquet, Excel, DuckDB or SQLite file, or a database's address."
Problems = Annotated[
    Path | None, typer.Option("--problems", help="New CSV file for every problem.", show_default="no file")
]

app = typer.Typer(cls=Commands, rich_markup_mode=None, help="Portfolio files.", no_args_is_help=True)


@app.command("check")
def check(
    file: Annotated[str, typer.Argument(help=FILE)],
    column_map: Annotated[Path, typer.Option("--map", help="Column map (YAML).")],
    every: Annotated[bool, typer.Option("--all", help="Print every problem, not the first 50.")] = False,
    scenario: Annotated[
        str,
        typer.Option(
            "-s", "--scenario", help="Whose accounts the file's are set beside.", autocompletion=complete_scenarios
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
      recoup portfolio check portfolio.csv --map map.yaml
      recoup portfolio check portfolio.csv --map map.yaml -s us-cards
      recoup portfolio check portfolio.parquet --map map.yaml --all --json
      recoup portfolio check ledger.xlsx --map map.yaml --problems problems.csv
      recoup portfolio check "sqlite:///book.db?query=SELECT * FROM accounts" --map map.yaml
    """
    announce("read", lang, file=file)
    from recoup.experiments.checks.portfolio_check import run
    from recoup.sim.portfolio.sources import source_of

    source = source_of(file)
    raise typer.Exit(run(source, column_map, json, console(), every, scenario, problems_file=problems, lang=lang))


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
