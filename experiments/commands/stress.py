"""`recoup stress`."""

from __future__ import annotations

from typing import Annotated

import typer

from recoup.experiments.commands.options import RobustnessOptions
from recoup.experiments.commands.robustness import comparison_of, run_cached
from recoup.experiments.commands.showing import announce
from recoup.experiments.runs.console import Language, complete_plans, console
from recoup.experiments.runs.options import options_from


@options_from(RobustnessOptions, seeds=3, accounts=2000)
def stress(
    options: RobustnessOptions,
    policy: Annotated[
        str, typer.Option("-p", "--policy", help="Challenger: the policy to test.", autocompletion=complete_plans)
    ] = "learned",
    baseline: Annotated[
        str, typer.Option(help="Policy that it is compared with.", autocompletion=complete_plans)
    ] = "staged",
    quick: Annotated[bool, typer.Option("--quick", help="Only the named stresses, not every parameter.")] = False,
    lang: Language = "en",
) -> None:
    """Repeat a comparison in perturbed worlds: each behaviour parameter ±30 %, a recession, half the staff …

    \b
    Examples:
      recoup stress -s china-consumer -p learned --quick
      recoup stress -p mine.yaml --workers 2 --into runs/mine     # interrupted, the same command goes on
    """
    home = options.scenario or options.into or "china-consumer"
    announce("simulate", lang, command="recoup stress", policies=2, scenario=home, seeds=options.seeds)
    from recoup.experiments.report.sections.stress import COLUMNS
    from recoup.experiments.report.text import text_in
    from recoup.experiments.robustness import stress as sensitivity
    from recoup.experiments.robustness.files import STRESS_FILE
    from recoup.experiments.runs.tables import Table

    comparison = comparison_of(options, (policy, baseline))
    variants = [v for v in sensitivity.stress_set() if not (quick and sensitivity.is_one_parameter(v.name))]
    result = run_cached(
        options,
        2 * options.seeds * len(variants),
        lambda team, cache, advance: sensitivity.stress(comparison, team, variants, cache, advance),
        STRESS_FILE,
        lang,
    )
    if options.json:
        console().print_json(data=result)
        return
    say = text_in(lang)
    named = {"challenger": say.name(policy), "baseline": say.name(baseline)}
    columns = say.heads("world", "value", "recovery_relative", "time_relative", "complaints")
    table = Table(*columns, title=say("terminal.stress.title", **named))
    labels = {row["label"]: say.one_of("stress.labels", row["perturbation"], row["label"]) for row in result["rows"]}
    for row in result["rows"]:
        spans = (say.bare_span(row[name], unit, signed=True) for name, unit in COLUMNS.items())
        table.add_row(labels[row["label"]], *spans)
    console().print(table)
    counts = {name: result[name] for name in ("positive", "negative", "worlds")}
    worst = labels.get(result["worst"], result["worst"])
    console().print(say("terminal.stress.verdict", **named, **counts, worst=worst))
