"""`recoup training-seeds`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recoup.experiments.commands.showing import announce
from recoup.experiments.learning.settings import SeedEvaluation
from recoup.experiments.runs.console import (
    Json,
    Language,
    Ray,
    Workers,
    command_line,
    console,
    interruptible,
    progress_bar,
)
from recoup.experiments.runs.options import options_from

if TYPE_CHECKING:
    from recoup.experiments.report.text import Text

SHORT = (  # of the table of means: measures that have a short name in the catalogue
    "recovery_rate",
    "net_recovery_rate",
    "npv_rate",
    "time_to_recover_days",
    "complaints_per_1000",
    "contacts_per_debtor",
)


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
    lang: Language = "en",
    json: Json = False,
) -> None:
    """Evaluate the policies of several training seeds: what does a training give, whichever its seed?

    \b
    Examples:
      recoup training-seeds runs/five --workers 2
      recoup training-seeds runs/five -s taiwan-cards --seeds 10 --first-seed 501 --baseline tiered
    """
    announce("read", lang, file=folder)
    from recoup.experiments.learning.seed_evaluation import evaluate_seeds, evaluation_of
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.workers import WorkerLost, team_of

    say, comparison = text_in(lang), evaluation_of(evaluation, folder)
    out = out or folder / f"evaluation-{comparison.load().name}"
    total = len(comparison.policies) * comparison.seeds
    with (
        interruptible(lambda: _how_to_continue(folder, out, say)),
        team_of(workers, ray) as team,
        progress_bar(say("terminal.bars.simulating"), total) as advance,
    ):
        try:
            result = evaluate_seeds(
                evaluation, folder, out, team, resume, command_line(), lambda policy, seed: advance()
            )
        except WorkerLost as error:
            print(f"recoup: {error}; {_how_to_continue(folder, out, say)}", file=sys.stderr)
            raise typer.Exit(1) from None
    if json:
        console().print_json(data=result)
        return
    _print(result, say)
    console().print(say("terminal.results", path=out), soft_wrap=True)


def _how_to_continue(folder: Path, out: Path, say: Text) -> str:
    return say("terminal.interrupted.seeds", command=f"recoup training-seeds {folder} … --out {out} --resume")


def _print(result: dict[str, Any], say: Text) -> None:
    from recoup.experiments.comparison.measures import REGISTRY
    from recoup.experiments.runs.tables import Table

    measures = result["measures"]

    def number(name: str, value: float) -> str:
        return say.bare(value, REGISTRY[name].unit)

    counted = {"accounts": f"{result['accounts']:,}", "days": result["days"], "seeds": len(result["seeds"])}
    named = say.one_of("names", result["scenario"], result["title"])
    title = say("terminal.training_seeds.title", title=named, **counted)
    short = [say(f"terminal.training_seeds.short.{name}") for name in SHORT]
    caption = say("terminal.training_seeds.means")
    table = Table(*say.heads("seed", "score"), *short, title=title, caption=caption)
    for seed, score in result["validation"].items():
        mark = " *" if seed == str(result["chosen"]) else ""
        table.add_row(f"{seed}{mark}", f"{score:.4f}", *(number(name, measures[name]["means"][seed]) for name in SHORT))
    console().print(table)
    columns = [*say.heads("measure"), say.name(result["baseline"]), *say.heads("trained", "difference", "better_in")]
    table = Table(*columns, caption=say("terminal.training_seeds.iqm"))
    for name, figures in measures.items():
        quantity = REGISTRY[name]
        table.add_row(
            say.head(say.measure(name)[0], quantity.unit),
            number(name, figures["baseline"]["mean"]),
            say.bare_span(figures["interquartile_mean"], quantity.unit),
            say.bare_span(figures["difference"], quantity.unit, signed=True),
            say.bare(figures["probability_of_improvement"]["mean"], "share"),
        )
    console().print(table)
