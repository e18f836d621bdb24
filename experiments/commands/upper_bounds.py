"""`recoup upper-bounds`."""

from __future__ import annotations

from typing import Annotated

from recoup.experiments.commands.options import RobustnessOptions, policies_option
from recoup.experiments.commands.robustness import comparison_of, run_cached
from recoup.experiments.runs.console import console
from recoup.experiments.runs.options import options_from


@options_from(RobustnessOptions, seeds=5)
def upper_bounds(
    options: RobustnessOptions, policy: Annotated[list[str] | None, policies_option("staged, tiered, learned")] = None
) -> None:
    """Measure upper bounds on recovery, to see how much is left to gain: ample staff, hindsight best, full attention.

    Example: recoup upper-bounds -s china-consumer -p staged -p tiered -p learned
    """
    from rich.table import Table

    from recoup.experiments.report.text import text_in
    from recoup.experiments.robustness import upper_bounds as bounds
    from recoup.experiments.robustness.files import UPPER_BOUNDS_FILE

    comparison = comparison_of(options, policy or ("staged", "tiered", "learned"))
    result = run_cached(
        options,
        (len(comparison.policies) + 1) * options.seeds,
        lambda team, cache, advance: bounds.upper_bounds(comparison, team, cache, advance),
        UPPER_BOUNDS_FILE,
    )
    if options.json:
        console().print_json(data=result)
        return
    table, text = Table("upper bound", "recovery rate", "time to recover"), text_in("en")
    for row in result["rows"]:
        recovery, days = row["recovery_rate"], row["time_to_recover_days"]
        table.add_row(row["label"], text.span(recovery, "share"), text.span(days, "days"))
    console().print(table)
