"""`recoup records …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from recoup.experiments.commands.evaluate import ScenarioName
from recoup.experiments.commands.lender_options import Accounts, Days, Decider, Explore, LogSeed, Towards
from recoup.experiments.commands.portfolio import FILE, OwnNames, Problems
from recoup.experiments.commands.showing import announce
from recoup.experiments.runs.console import Commands, Json, Language, console

app = typer.Typer(
    cls=Commands,
    rich_markup_mode=None,
    help="A lender's records: accounts, contacts and payments.",
    no_args_is_help=True,
)
KINDS = ("portfolio", "contacts", "payments", "decisions", "audit")
Kind = Literal["portfolio", "contacts", "payments", "decisions", "audit"]


@app.command("check")
def check(
    file: Annotated[str, typer.Argument(help=FILE)],
    kind: Annotated[
        Kind | None, typer.Option("--for", help="What the table holds.", show_default="what its map says")
    ] = None,
    column_map: Annotated[
        Path | None, typer.Option("--map", help="Column map (YAML).", show_default="columns named as our fields")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Print every problem, not the first 50.")] = False,
    problems: Problems = None,
    scenario: OwnNames = None,
    lang: Language = "en",
    json: Json = False,
) -> None:
    """Print ranges, missing values, every problem and where each line of a log went; exit code 2 for a problem.

    A table of contacts, payments, decisions (for `recoup evaluate`), or what `recoup audit` reads; docs/records.md lists the fields.

    \b
    Examples:
      recoup records check calls.csv --for contacts --map map.yaml
      recoup records check payments.xlsx --map map.yaml --problems problems.csv
      recoup records check "postgresql://me@server/ledger?query=SELECT * FROM payments" --for payments
    """
    announce("read", lang, file=file)
    from recoup.experiments.checks.portfolio_check import registry_of, run
    from recoup.scenarios.schema import load_scenario
    from recoup.sim.inputs import read_yaml
    from recoup.sim.portfolio.sources import source_of
    from recoup.sim.treatments import STANDARD

    named = kind or (read_yaml(column_map).data.get("for") if column_map else None)
    if named not in KINDS:
        raise typer.BadParameter(f"--for {', '.join(KINDS[:-1])} or {KINDS[-1]}, or a map that says it")
    registry = registry_of(named, column_map, load_scenario(scenario).world.vocabulary if scenario else STANDARD)
    raise typer.Exit(run(source_of(file), column_map, json, console(), every, None, registry, problems, lang))


@app.command("simulate")
def simulate(
    out: Annotated[Path, typer.Option(help="New folder for the records.")],
    policy: Decider = "staged",
    explore: Explore = 0.0,
    towards: Towards = None,
    scenario: ScenarioName = "china-consumer",
    accounts: Accounts = 2000,
    days: Days = 180,
    seed: LogSeed = 1,
    csv: Annotated[bool, typer.Option("--csv", help="Write CSV in place of Parquet.")] = False,
    lang: Language = "en",
) -> None:
    """Simulate a policy, and write down what a lender would: the accounts of the first day, contacts and payments.

    To try the commands that read a lender's own records, on a world whose truth is known.

    \b
    Examples:
      recoup records simulate --out lender
      recoup records simulate -p staged --explore 0.3 --accounts 5000 --csv --out lender
    """
    announce("log", lang, days=days, policy=policy, scenario=scenario)
    from recoup.experiments.records.files import RECORDS_FILE
    from recoup.experiments.records.simulated_records import simulate_records
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.runfolder import require_new, whole_folder
    from recoup.scenarios.schema import load_scenario

    require_new(out)
    home = load_scenario(scenario)
    records = simulate_records(home, policy, home.portfolio(accounts, seed), seed, days, explore, towards or ())
    content = {
        "scenario": home.name,
        "policy": policy,
        "explore": explore,
        "towards": towards or [],
        "seed": seed,
        "accounts": accounts,
        "first_day": records.first_day.isoformat(),
        "last_day": records.last_day.isoformat(),
    }
    with whole_folder(out) as folder:
        records.write(folder, csv)
        RECORDS_FILE.write(folder, content)
    counts = {"contacts": len(records.contacts), "payments": len(records.payments), "accounts": accounts}
    ends = {"first": records.first_day, "last": records.last_day, "path": out}
    said = text_in(lang)("terminal.records", **{name: f"{n:,}" for name, n in counts.items()}, **ends)
    console().print(said, soft_wrap=True)
