"""`recoup evaluate` and `recoup log-decisions`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recoup.experiments.commands.lender_options import Accounts, Days, Decider, Explore, LogSeed, Towards
from recoup.experiments.commands.showing import announce
from recoup.experiments.runs.console import Json, Language, complete_plans, complete_scenarios, console

if TYPE_CHECKING:
    from recoup.experiments.evidence.evaluation import Evaluation
    from recoup.experiments.report.text import Text

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
    lang: Language = "en",
    json: Json = False,
) -> None:
    """Estimate what a policy would have brought, from a log of decisions that another took; or say why the log can't tell.

    \b
    Examples:
      recoup log-decisions -p staged --towards tiered --explore 0.7 --out decisions.parquet
      recoup evaluate decisions.parquet tiered --out runs/tiered-from-log
      recoup evaluate our-log.csv our-plan.yaml --map log.map.yaml
    """
    announce("read", lang, file=log)
    from recoup.agents.library import load_policy
    from recoup.experiments.comparison.lists import lists_of
    from recoup.experiments.evidence.decision_log import read_log
    from recoup.experiments.evidence.evaluation import evaluate as estimate
    from recoup.experiments.evidence.files import EVALUATION_FILE, OVERLAP
    from recoup.experiments.report.overlap_picture import draw
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.runfolder import require_new, whole_folder
    from recoup.scenarios.schema import load_scenario
    from recoup.sim.portfolio.sources import source_of

    if out is not None:
        require_new(out)
    home = load_scenario(scenario)
    world, words = home.world, text_in(lang, home.world.currency).of(lists_of(home.world))
    chosen = load_policy(policy, home.name, world)
    read = read_log(source_of(log), column_map, world.menu)
    found = estimate(read, chosen, decisions, least_sample)
    content = found.content(world.currency, home.name)
    if out is not None:
        with whole_folder(out) as folder:
            EVALUATION_FILE.write(folder, content)
            draw(found, folder / OVERLAP, least_sample, words)
    if json:
        console().print_json(data=content)
    else:
        _print(found, world.currency, read.unknown, words)
        if out is not None:
            console().print(f"\n{out}", soft_wrap=True)
    if found.refusal:
        why = words.remark(found.refusal)
        line = words("terminal.evaluate.refused", log=read.source, policy=words.name(found.policy), why=why)
        console(stderr=True).print(f"recoup: {line}", soft_wrap=True)
        raise typer.Exit(2)


def _print(found: Evaluation, currency: str, unknown: tuple[str, ...], say: Text) -> None:
    from recoup.experiments.runs.tables import Table

    support, show = found.support, console().print
    treatments = Table(*say.heads("treatment", "policy_chooses", "log_agrees", "supported"))
    for row in support.treatments:
        treatments.add_row(say.arm(row.treatment), f"{row.chosen:,}", f"{row.agreed:,}", f"{100 * row.supported:.0f}")
    show(treatments)
    late = found.episodes.left_out
    left_out = say("terminal.evaluate.left_out", n=f"{late:,}") if late else ""
    counted = {"accounts": f"{support.accounts:,}", "decisions": support.steps, "sample": f"{support.sample[-1]:,.0f}"}
    show(say("terminal.evaluate.counts", left_out=left_out, **counted))
    how = say(f"terminal.evaluate.{'estimated' if found.estimated_propensities else 'recorded'}")
    show(say("terminal.evaluate.weight", weight=f"{support.weight.mean:.2f}", how=how))
    policy = say.name(found.policy)
    if unknown:
        show(say("terminal.evaluate.unknown", policy=policy, fields=", ".join(unknown)))
    if found.refusal:
        return
    title = say("terminal.evaluate.title", policy=policy, decisions=support.steps, currency=currency)
    table = Table(*say.heads("estimator", "estimate", "gain"), title=title)
    for name, figures in found.estimates.items():
        spans = (_span(figures[what], say) for what in ("value", "gain"))
        table.add_row(say(f"terminal.evaluate.estimators.{name}"), *spans)
    show(table)


def _span(figure: dict[str, Any], say: Text) -> str:
    mean, low, high = (f"{figure[key]:,.2f}".replace("-", "−") for key in ("mean", "low", "high"))
    return f"{mean} ({say('between', low=low, high=high)})"


def log_decisions(
    out: Annotated[Path, typer.Option(help="New Parquet file for the log.")],
    policy: Decider = "staged",
    explore: Explore = 0.5,
    towards: Towards = None,
    scenario: ScenarioName = "china-consumer",
    accounts: Accounts = 2000,
    days: Days = 30,
    seed: LogSeed = 1,
    lang: Language = "en",
) -> None:
    """Simulate a policy that explores, and write down every decision with its probability, as `recoup evaluate` reads it.

    Example: recoup log-decisions -p staged --towards tiered --explore 0.7 --out decisions.parquet
    """
    announce("log", lang, days=days, policy=policy, scenario=scenario)
    from recoup.experiments.evidence.exploration import simulate_log
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.runfolder import require_new
    from recoup.scenarios.schema import load_scenario

    require_new(out)
    home = load_scenario(scenario)
    log = simulate_log(home, policy, home.portfolio(accounts, seed), seed, days, explore, towards or ())
    log.write(out)
    counted = {"decisions": f"{log.actions.size:,}", "accounts": f"{log.names.size:,}"}
    console().print(text_in(lang)("terminal.evaluate.logged", **counted, path=out), soft_wrap=True)
