"""`recoup evaluate` and `recoup log-decisions`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recoup.experiments.runs.console import Json, complete_plans, complete_scenarios, console

if TYPE_CHECKING:
    from recoup.experiments.evidence.evaluation import Evaluation

ScenarioName = Annotated[
    str,
    typer.Option(
        "-s", "--scenario", help="Shipped scenario's name, or a .yaml file.", autocompletion=complete_scenarios
    ),
]


def evaluate(
    log: Annotated[str, typer.Argument(help="Log of decisions: a file (CSV, Parquet, Excel) or a database's address.")],
    policy: Annotated[
        str,
        typer.Argument(
            help="Whose value is asked for: a plan or policy, by name or file.", autocompletion=complete_plans
        ),
    ],
    scenario: ScenarioName = "china-consumer",
    column_map: Annotated[
        Path | None, typer.Option("--map", help="Column map (YAML).", show_default="columns named as our fields")
    ] = None,
    decisions: Annotated[
        int | None,
        typer.Option(min=1, max=3650, help="Decisions ahead.", show_default="from 7 to 30, as the log allows"),
    ] = None,
    least_sample: Annotated[
        float, typer.Option(min=2, max=1e9, help="Accounts that the log must count as for the policy.")
    ] = 100.0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for evaluation.json and overlap.svg, new.", show_default="no files")
    ] = None,
    json: Json = False,
) -> None:
    """Estimate what a policy would have brought, from a log of decisions that another took; or say why the log can't tell.

    \b
    Examples:
      recoup log-decisions -p staged --towards tiered --explore 0.7 --out decisions.parquet
      recoup evaluate decisions.parquet tiered --out runs/tiered-from-log
      recoup evaluate our-log.csv our-plan.yaml --map log.map.yaml
    """
    from recoup.agents.library import load_policy
    from recoup.experiments.evidence.decision_log import read_log
    from recoup.experiments.evidence.evaluation import evaluate as estimate
    from recoup.experiments.evidence.files import EVALUATION_FILE, OVERLAP
    from recoup.experiments.evidence.overlap import draw
    from recoup.experiments.runs.runfolder import require_new, whole_folder
    from recoup.scenarios.schema import load_scenario
    from recoup.sim.portfolio.sources import source_of

    if out is not None:
        require_new(out)
    home = load_scenario(scenario)
    world = home.world
    chosen = load_policy(policy, home.name, world)
    read = read_log(source_of(log), column_map, world.menu)
    found = estimate(read, chosen, decisions, least_sample)
    content = found.content(world.currency, home.name)
    if out is not None:
        with whole_folder(out) as folder:
            EVALUATION_FILE.write(folder, content)
            draw(found, folder / OVERLAP, least_sample)
    if json:
        console().print_json(data=content)
    else:
        _print(found, world.currency, read.unknown)
        if out is not None:
            console().print(f"\n{out}", soft_wrap=True)
    if found.refusal:
        line = f"recoup: {read.source}: no estimate for {found.policy}: {found.refusal}"
        console(stderr=True).print(line, soft_wrap=True)
        raise typer.Exit(2)


def _print(found: Evaluation, currency: str, unknown: tuple[str, ...]) -> None:
    from rich.table import Table

    support = found.support
    show = console().print
    treatments = Table("treatment", "policy chooses", "log agrees", "supported", title_justify="left")
    for column in treatments.columns[1:]:
        column.justify = "right"
    for row in support.treatments:
        treatments.add_row(row.treatment, f"{row.chosen:,}", f"{row.agreed:,}", f"{row.supported:.0%}")
    show(treatments)
    left_out = f" ({found.episodes.left_out:,} entered too late)" if found.episodes.left_out else ""
    show(f"{support.accounts:,} accounts{left_out}, {support.steps} decisions; they count as {support.sample[-1]:,.0f}")
    how = "estimated from the log itself" if found.estimated_propensities else "recorded in the log"
    show(f"mean weight {support.weight.mean:.2f} (1 with full support); propensities {how}")
    if unknown:
        show(f"not in the log, and {found.policy} does not decide by it: {', '.join(unknown)}", soft_wrap=True)
    if found.refusal:
        return
    from recoup.experiments.evidence.estimators import TITLES

    title = f"{found.policy}: cash less cost per account over {support.steps} decisions, {currency}"
    table = Table("estimator", "value (95 %)", "less the log's own (95 %)", title=title, title_justify="left")
    for name, figures in found.estimates.items():
        table.add_row(TITLES[name], *(_span(figures[what]) for what in ("value", "gain")))
    show(table)


def _span(figure: dict[str, Any]) -> str:
    return f"{figure['mean']:,.2f} ({figure['low']:,.2f} to {figure['high']:,.2f})".replace("-", "−")


def log_decisions(
    out: Annotated[Path, typer.Option(help="New Parquet file for the log.")],
    policy: Annotated[
        str, typer.Option("-p", "--policy", help="Who decides.", autocompletion=complete_plans)
    ] = "staged",
    explore: Annotated[
        float, typer.Option(min=0, max=1, help="Probability of something else, for each account and decision.")
    ] = 0.5,
    towards: Annotated[
        list[str] | None,
        typer.Option(help="What else: this policy's choice; once for each.", show_default="any lawful treatment"),
    ] = None,
    scenario: ScenarioName = "china-consumer",
    accounts: Annotated[int, typer.Option(min=1, max=1_000_000, help="Accounts.")] = 2000,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days to log.")] = 30,
    seed: Annotated[int, typer.Option(min=0, max=2**62, help="Of accounts, world and exploration.")] = 1,
) -> None:
    """Simulate a policy that explores, and write down every decision with its probability, as `recoup evaluate` reads it.

    Example: recoup log-decisions -p staged --towards tiered --explore 0.7 --out decisions.parquet
    """
    from recoup.experiments.evidence.exploration import simulate_log
    from recoup.experiments.runs.runfolder import require_new
    from recoup.scenarios.schema import load_scenario

    require_new(out)
    home = load_scenario(scenario)
    log = simulate_log(home, policy, home.portfolio(accounts, seed), seed, days, explore, towards or ())
    log.write(out)
    console().print(f"{log.actions.size:,} decisions about {log.names.size:,} accounts: {out}", soft_wrap=True)
