"""`recoup shadow-prices`."""

from __future__ import annotations

from typing import Annotated

from recoup.experiments.commands.options import RobustnessOptions, policies_option
from recoup.experiments.commands.robustness import comparison_of, run_cached
from recoup.experiments.runs.console import console
from recoup.experiments.runs.options import options_from


@options_from(RobustnessOptions, seeds=10)
def shadow_prices(
    options: RobustnessOptions, policy: Annotated[list[str] | None, policies_option("staged, learned")] = None
) -> None:
    """Measure what one more hour of staff, place for a case or unit of settlement budget would bring.

    Example: recoup shadow-prices -s china-consumer -p staged -p learned --workers 2
    """
    from rich.table import Table

    from recoup.experiments.robustness import shadow_prices as measurement
    from recoup.experiments.robustness.files import SHADOW_PRICES_FILE

    comparison = comparison_of(options, policy or ("staged", "learned"))
    result = run_cached(
        options,
        len(comparison.policies) * (len(measurement.RESOURCES) + 1) * options.seeds,
        lambda team, cache, advance: measurement.shadow_prices(comparison, team, cache, advance),
        SHADOW_PRICES_FILE,
    )
    if options.json:
        console().print_json(data=result)
        return
    currency = comparison.load().world.currency
    table = Table("policy", f"one more … brings ({currency})", "mean", "95 % interval")
    for row in result["rows"]:
        price = row["price"]
        limits = "" if price["low"] is None else f"{price['low']:,.2f} to {price['high']:,.2f}"
        table.add_row(row["policy"], row["unit"], "–" if price["mean"] is None else f"{price['mean']:,.2f}", limits)
    console().print(table)
