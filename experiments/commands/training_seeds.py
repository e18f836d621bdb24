"""`recoup training-seeds`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from recoup.experiments.learning.settings import SeedEvaluation
from recoup.experiments.runs.console import Json, Ray, Workers, command_line, console, interruptible, progress_bar
from recoup.experiments.runs.options import options_from

WIDTH = 80
SHORT = {  # of the table of means: measures as eighty columns have room for them
    "recovery_rate": "recovery",
    "net_recovery_rate": "net",
    "npv_rate": "NPV",
    "time_to_recover_days": "days",
    "complaints_per_1000": "complaints",
    "contacts_per_debtor": "contacts",
}


@options_from(SeedEvaluation)
def training_seeds(
    evaluation: SeedEvaluation,
    folder: Annotated[Path, typer.Argument(help="Folder of `recoup train --training-seeds`.")],
    workers: Workers = 1,
    ray: Ray = None,
    out: Annotated[
        Path | None, typer.Option(help="Run folder, new.", show_default="FOLDER/evaluation-<scenario>")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted run in --out.")] = False,
    json: Json = False,
) -> None:
    """Evaluate the policies of several training seeds: what does a training give, whichever its seed?

    \b
    Examples:
      recoup training-seeds runs/five --workers 2
      recoup training-seeds runs/five -s taiwan-cards --seeds 10 --first-seed 501 --baseline tiered
    """
    from recoup.experiments.learning.seed_evaluation import evaluate_seeds, evaluation_of
    from recoup.experiments.runs.workers import WorkerLost, team_of

    comparison = evaluation_of(evaluation, folder)
    out = out or folder / f"evaluation-{comparison.load().name}"
    total = len(comparison.policies) * comparison.seeds
    with (
        interruptible(lambda: _how_to_continue(folder, out)),
        team_of(workers, ray) as team,
        progress_bar("simulating", total) as advance,
    ):
        try:
            result = evaluate_seeds(
                evaluation, folder, out, team, resume, command_line(), lambda policy, seed: advance()
            )
        except WorkerLost as error:
            print(f"recoup: {error}; {_how_to_continue(folder, out)}", file=sys.stderr)
            raise typer.Exit(1) from None
    if json:
        console().print_json(data=result)
        return
    _print(result)
    console().print(f"results: {out}", soft_wrap=True)


def _how_to_continue(folder: Path, out: Path) -> str:
    return f"finished seeds are kept. Continue with: recoup training-seeds {folder} … --out {out} --resume"


def _print(result: dict[str, Any]) -> None:
    from rich.table import Table

    from recoup.experiments.comparison.measures import REGISTRY
    from recoup.experiments.report.text import text_in

    say, measures = text_in("en"), result["measures"]

    def number(name: str, value: float) -> str:
        unit = REGISTRY[name].unit
        return say.number(value, "count" if unit == "days" else unit)

    title = f"{result['title']}: {result['accounts']:,} accounts, {result['days']} days, {len(result['seeds'])} evaluation seeds"
    table = Table("seed", "score", *SHORT.values(), title=title, title_justify="left")
    table.caption, table.caption_justify = "means by training seed; * has the best score in validation", "left"
    for seed, score in result["validation"].items():
        mark = " *" if seed == str(result["chosen"]) else ""
        table.add_row(f"{seed}{mark}", f"{score:.4f}", *(number(name, measures[name]["means"][seed]) for name in SHORT))
    console().print(table, width=WIDTH)
    table = Table("measure", result["baseline"], "trained", "difference", "better in")
    table.caption, table.caption_justify = (
        "interquartile means (95 % interval over training and evaluation seeds)",
        "left",
    )
    for name, figures in measures.items():
        quantity = REGISTRY[name]
        table.add_row(
            quantity.title,
            number(name, figures["baseline"]["mean"]),
            _short(say.span(figures["interquartile_mean"], quantity.unit)),
            _short(
                say.span(figures["difference"], "points" if quantity.unit == "share" else quantity.unit, signed=True)
            ),
            say.number(figures["probability_of_improvement"]["mean"], "share"),
        )
    console().print(table, width=WIDTH)


def _short(cell: str) -> str:
    """An interval as eighty columns have room for it."""
    return cell.replace(" to ", "–")
