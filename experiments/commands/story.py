"""`recoup story`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recoup.experiments.commands.showing import announce
from recoup.experiments.runs.console import Json, Language, complete_plans, complete_scenarios, console

if TYPE_CHECKING:
    from recoup.experiments.report.story import Story
    from recoup.experiments.report.text import Text


def story(
    run: Annotated[
        Path | None, typer.Argument(help="Run folder; or name a scenario with -s.", show_default="none")
    ] = None,
    account: Annotated[str | None, typer.Argument(help="account_id.", show_default="the one that differs most")] = None,
    scenario: Annotated[
        str | None,
        typer.Option(
            "-s",
            "--scenario",
            help="Without a run: scenario.",
            show_default="the run's",
            autocompletion=complete_scenarios,
        ),
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            "-p",
            "--policy",
            help="Policies, once for each.",
            show_default="two of the run, or status-quo and staged",
            autocompletion=complete_plans,
        ),
    ] = None,
    of: Annotated[
        str | None, typer.Option("--account", help="account_id, beside -s.", show_default="the first")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**62, help="Seed.", show_default="the run's first, or 1")
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="Days, beside -s.", show_default="the scenario's")
    ] = None,
    accounts: Annotated[
        int | None, typer.Option(min=1, max=10_000_000, help="Accounts, beside -s.", show_default="the scenario's")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="HTML file.", show_default="story-ACCOUNT.html in the run folder")
    ] = None,
    lang: Language = "en",
    json: Json = False,
) -> None:
    """Tell one debtor's path under two policies: what was done, what came of it, and why.

    \b
    Examples:
      recoup story runs/mine --lang zh
      recoup story runs/mine A000123 -p staged -p tiered
      recoup story -s china-consumer -p status-quo -p staged --account A000001 --out story.html
    """
    announce("story", lang)
    from recoup.experiments.report import text_in
    from recoup.experiments.report.story import account_story, from_run, write_html

    if (run is None) == (scenario is None):
        raise typer.BadParameter("a run folder, or a scenario with -s")
    if run is not None:
        history = from_run(run, account or of, policy, seed)
        out = out or run / f"story-{_file_name(history.account)}{'' if lang == 'en' else '.' + lang}.html"
    else:
        from recoup.scenarios.schema import load_scenario

        assert scenario is not None
        world = load_scenario(scenario)
        seed = 1 if seed is None else seed
        portfolio = world.portfolio(accounts, seed)
        chosen = of or account or str(portfolio.column("account_id")[0])
        history = account_story(world, portfolio, policy or ["status-quo", "staged"], chosen, seed, days or world.days)
    page = write_html(history, out, lang) if out else None
    if json:
        console().print_json(data={**history.as_dict(), "page": str(page) if page else None})
        return
    console().print(_table(history, text_in(lang)))
    if page:
        console().print(text_in(lang)("terminal.story.page", path=page), soft_wrap=True)


def _file_name(account: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in account)


def _table(history: Story, say: Text) -> Any:
    from rich.text import Text

    from recoup.experiments.report.story import done_words, end_words, facts_words, why_words
    from recoup.experiments.runs.tables import Table

    title = f"{say('story.account', account=history.account)}: {facts_words(history, say)}"
    names = [say.name(course.policy) for course in history.paths]
    table = Table(say("story.day"), *names, title=title, show_lines=True)
    by_day = [{day.day: day for day in course.days} for course in history.paths]
    for day in sorted(set().union(*by_day)):
        cells: list[Text | str] = []
        for days in by_day:
            d = days.get(day)
            parts = [done_words(d, say), say("story.pays", cash=f"{d.cash:,.2f}") if d.cash else ""] if d else []
            text = say("list.semicolon").join(part for part in parts if part)
            cells.append(Text(text) + Text(f"\n{why_words(d, say)}", "dim") if d and d.why else text)
        table.add_row(str(day), *cells)
    table.add_row(say("story.end"), *(end_words(course, say) for course in history.paths))
    return table
