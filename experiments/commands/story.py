"""`recoup story`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from experiments.console import Json, complete_plans, complete_scenarios, console

if TYPE_CHECKING:
    from experiments.story import Story


def story(
    run: Annotated[Path | None, typer.Argument(help="Run folder; or name a scenario with -s.")] = None,
    account: Annotated[str | None, typer.Argument(help="account_id [default: the one that differs most].")] = None,
    scenario: Annotated[
        str | None, typer.Option("-s", "--scenario", help="Without a run: scenario.", autocompletion=complete_scenarios)
    ] = None,
    policy: Annotated[
        list[str] | None, typer.Option("-p", "--policy", help="Policies, once for each.", autocompletion=complete_plans)
    ] = None,
    of: Annotated[str | None, typer.Option("--account", help="account_id, beside -s.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=2**62, help="Seed [default: the run's first, or 1].")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="Days, beside -s.")] = None,
    accounts: Annotated[int | None, typer.Option(min=1, max=10_000_000, help="Accounts, beside -s.")] = None,
    out: Annotated[Path | None, typer.Option(help="HTML file [default: story-ACCOUNT.html in the run folder].")] = None,
    json: Json = False,
) -> None:
    """Tell one debtor's path under two policies: what was done, what came of it, and why.

    \b
    Examples:
      recoup story runs/mine
      recoup story runs/mine A000123 -p staged -p tiered
      recoup story -s china-consumer -p status-quo -p staged --account A000001 --out story.html
    """
    from experiments.story import from_run, tell, write_html

    if (run is None) == (scenario is None):
        raise typer.BadParameter("a run folder, or a scenario with -s")
    if run is not None:
        found = from_run(run, account or of, policy, seed)
        out = out or run / f"story-{_file_name(found.account)}.html"
    else:
        from scenarios.schema import load_scenario

        assert scenario is not None
        world = load_scenario(scenario)
        seed = 1 if seed is None else seed
        portfolio = world.portfolio(accounts, seed)
        chosen = of or account or str(portfolio.column("account_id")[0])
        found = tell(world, portfolio, policy or ["status-quo", "staged"], chosen, seed, days or world.days)
    page = write_html(found, out) if out else None
    if json:
        console().print_json(data={**found.as_dict(), "page": str(page) if page else None})
        return
    console().print(_table(found))
    if page:
        console().print(f"page: {page}", soft_wrap=True, markup=False)


def _file_name(account: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in account)


def _table(found: Story) -> Any:
    from rich.markup import escape
    from rich.table import Table

    facts = ", ".join(
        f"{name} {value:,}" if isinstance(value, int | float) else f"{name} {value}"
        for name, value in found.facts.items()
    )
    table = Table(title=f"account {found.account}: {facts}", title_justify="left", show_lines=True)
    table.add_column("day", justify="right")
    for course in found.paths:
        table.add_column(escape(course.policy), ratio=1)
    ends = [
        f"{c.status}{f' on day {c.closed_day + 1}' if c.closed_day is not None else ''}: paid {c.cash:,.2f}, cost {c.cost:,.2f}, left {c.balance:,.2f}"
        for c in found.paths
    ]
    by_day = [{day.day: day for day in course.days} for course in found.paths]
    for day in sorted(set().union(*by_day)):
        cells = []
        for days in by_day:
            d = days.get(day)
            parts = [f"{d.treatment}: {d.outcome}".strip(": ") if d.treatment else "", *d.events] if d else []
            parts += [f"pays {d.cash:,.2f}"] if d and d.cash else []
            text = "; ".join(part for part in parts if part)
            cells.append(escape(text) + (f"\n[dim]{escape(d.why[0])}[/dim]" if d and d.why else ""))
        table.add_row(str(day), *cells)
    table.add_row("end", *map(escape, ends))
    return table
