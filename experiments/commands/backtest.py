"""`recoup backtest`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recoup.experiments.commands.evaluate import ScenarioName
from recoup.experiments.commands.lender_options import (
    AccountsMap,
    At,
    ContactsMap,
    PaymentsMap,
    Until,
    read_records,
    show_notes,
)
from recoup.experiments.commands.showing import announce
from recoup.experiments.runs.console import (
    Json,
    Language,
    Ray,
    Workers,
    complete_plans,
    console,
    interruptible,
    progress_bar,
)

if TYPE_CHECKING:
    from recoup.experiments.report.text import Text


def backtest(
    portfolio: Annotated[
        str, typer.Option(help="Accounts as they were on the first day: a file or a database's address.")
    ],
    contacts: Annotated[str, typer.Option(help="Log of contacts, likewise.")],
    payments: Annotated[str, typer.Option(help="Log of payments, likewise.")],
    policy: Annotated[
        str, typer.Option("-p", "--policy", help="The plan that was in force.", autocompletion=complete_plans)
    ] = "staged",
    scenario: ScenarioName = "china-consumer",
    portfolio_map: AccountsMap = None,
    contacts_map: ContactsMap = None,
    payments_map: PaymentsMap = None,
    at: At = None,
    until: Until = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="Treat accounts as the contact log says, in place of the plan.")
    ] = False,
    seeds: Annotated[int, typer.Option(min=1, max=10_000, help="Simulations.")] = 39,
    first_seed: Annotated[int, typer.Option(min=0, max=2**62, help="First seed.")] = 1001,
    accounts: Annotated[
        int | None,
        typer.Option(min=1, max=10_000_000, help="So many accounts, drawn from the file.", show_default="all"),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=0.001, max=10, help="A difference that matters, as a share of what was recorded.")
    ] = 0.2,
    workers: Workers = 1,
    ray: Ray = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for backtest.json and backtest.html, new.", show_default="no files")
    ] = None,
    json: Json = False,
    lang: Language = "en",
) -> None:
    """Compare recorded months with the same months simulated: recovery, roll rates, contacts, promises, with bands; and say what is off.

    \b
    Examples:
      recoup records simulate -p staged --days 90 --out lender
      recoup backtest --portfolio lender/portfolio.parquet --contacts lender/contacts.parquet --payments lender/payments.parquet -p staged --out runs/backtest --workers 2
      recoup backtest --portfolio book.csv --map book.map.yaml --contacts calls.csv --contacts-map calls.map.yaml --payments pay.csv -s my-scenario.yaml --replay --out runs/replayed
    """
    announce("backtest", lang, policy=policy, scenario=scenario, seeds=seeds)
    from recoup.experiments.backtest import backtest as test
    from recoup.experiments.backtest.files import BACKTEST_FILE
    from recoup.experiments.report import LANGUAGES, text_in
    from recoup.experiments.report.backtest_page import PAGE, render_backtest, words_of
    from recoup.experiments.runs.kept import Kept
    from recoup.experiments.runs.runfolder import in_language, require_new, whole_folder
    from recoup.experiments.runs.workers import team_of
    from recoup.scenarios.schema import load_scenario
    from recoup.sim.portfolio.sources import source_of

    if out is not None:
        require_new(out)
    home = load_scenario(scenario).with_portfolio(source_of(portfolio), portfolio_map)
    records = read_records(
        (portfolio, portfolio_map), (contacts, contacts_map), (payments, payments_map), home.world, drawn=True
    )
    first, last = (None if day is None else day.date() for day in (at, until))
    months = test.months_of(home, records.sampled(accounts, first_seed), first, last)
    kept = Kept.beside(out)
    hint = text_in(lang)(f"terminal.interrupted.{'same' if out else 'no_seeds'}")
    bar = progress_bar(text_in(lang)("terminal.bars.simulating"), seeds)
    with interruptible(lambda: hint), team_of(workers, ray) as team, bar as advance:
        found = test.backtest(
            months,
            policy,
            range(first_seed, first_seed + seeds),
            replay=replay,
            tolerance=tolerance,
            workers=team,
            kept=kept,
            on_done=advance,
        )
        content = found.content()
        if out is not None:
            with whole_folder(out) as folder:
                BACKTEST_FILE.write(folder, content)
                for language in LANGUAGES:
                    render_backtest(folder, content, words_of(home.world, language))
            kept.drop()
    if json:
        console().print_json(data=content)
        return
    show_notes(records, lang)
    _print(content, words_of(home.world, lang))
    if out is not None:
        console().print(f"\n{out / in_language(PAGE, lang)}", soft_wrap=True)


def _print(content: dict[str, Any], say: Text) -> None:
    from recoup.experiments.records.recorded_measures import FAMILIES
    from recoup.experiments.report.backtest_page import (
        figure,
        happened,
        judged,
        outside_words,
        percent,
        title_and_sub,
        title_of,
        verdict_words,
    )
    from recoup.experiments.runs.tables import Table

    show = console().print
    title = title_and_sub(content, say)
    heads = [say(f"backtest.table.{name}") for name in ("measure", "recorded", "simulated", "width", "verdict")]
    table = Table(*heads, title="\n".join(title), caption=say("backtest.table.short"))
    for row in filter(happened, judged(content)):
        unit, simulated = FAMILIES[row["family"]].unit, row["simulated"]
        mean, recorded = figure(simulated["mean"], unit, say), figure(row["recorded"]["mean"], unit, say)
        low, high = (figure(simulated[name], unit, say).removesuffix("\u00a0%") for name in ("low", "high"))
        verdict = "" if row["verdict"] == "inside" else say(f"backtest.short.{row['verdict']}")
        span = f"{mean} ({say('between', low=low, high=high)})" if low != high else mean
        table.add_row(title_of(row, say), recorded, span, percent(row["half_width"]), verdict)
    show(table)
    for sentence in verdict_words(content, say):
        show(sentence)
    if outside := outside_words(content, say):
        show(say("backtest.outside_heading"))
        for sentence in outside:
            show(f"  {sentence}")
