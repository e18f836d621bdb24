"""`recoup stress`."""

from __future__ import annotations

from typing import Annotated

import typer

from recoup.experiments.commands.options import RobustnessOptions
from recoup.experiments.commands.robustness import comparison_of, run_cached
from recoup.experiments.runs.console import complete_plans, console
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
) -> None:
    """Repeat a comparison in perturbed worlds: each behaviour parameter ±30 %, a recession, half the staff …

    \b
    Examples:
      recoup stress -s china-consumer -p learned --quick
      recoup stress -p mine.yaml --workers 2 --into runs/mine     # interrupted, the same command goes on
    """
    from rich.table import Table

    from recoup.experiments.report.sections.stress import COLUMNS
    from recoup.experiments.report.text import text_in
    from recoup.experiments.robustness import stress as sensitivity
    from recoup.experiments.robustness.files import STRESS_FILE

    comparison = comparison_of(options, (policy, baseline))
    variants = [v for v in sensitivity.stress_set() if not (quick and sensitivity.is_one_parameter(v.name))]
    result = run_cached(
        options,
        2 * options.seeds * len(variants),
        lambda team, cache, advance: sensitivity.stress(comparison, team, variants, cache, advance),
        STRESS_FILE,
    )
    if options.json:
        console().print_json(data=result)
        return
    text = text_in("en")
    table = Table(
        "world", "NPV", "recovery, relative", "time, relative", "complaints", title=f"{policy} against {baseline}"
    )
    for row in result["rows"]:
        table.add_row(row["label"], *(text.span(row[name], unit, signed=True) for name, unit in COLUMNS.items()))
    console().print(table)
    console().print(
        f"{policy} has more net present value than {baseline}, at 95 %, in {result['positive']} of {result['worlds']} perturbed worlds, "
        f"less in {result['negative']}. Smallest gain: {result['worst']}.",
    )
