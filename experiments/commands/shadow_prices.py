"""`recoup shadow-prices`."""

from __future__ import annotations

from typing import Annotated

from recoup.experiments.commands.options import RobustnessOptions, policies_option
from recoup.experiments.commands.robustness import comparison_of, run_cached
from recoup.experiments.commands.showing import announce
from recoup.experiments.runs.console import Language, console
from recoup.experiments.runs.options import options_from


@options_from(RobustnessOptions, seeds=10)
def shadow_prices(
    options: RobustnessOptions,
    policy: Annotated[list[str] | None, policies_option("staged, learned")] = None,
    lang: Language = "en",
) -> None:
    """Measure what one more hour of staff, place for a case or unit of settlement budget would bring.

    Example: recoup shadow-prices -s china-consumer -p staged -p learned --workers 2
    """
    home = options.scenario or options.into or "china-consumer"
    tried = policy or ("staged", "learned")
    announce("simulate", lang, command="recoup shadow-prices", policies=len(tried), scenario=home, seeds=options.seeds)
    from recoup.experiments.report.text import text_in, written
    from recoup.experiments.robustness import shadow_prices as measurement
    from recoup.experiments.robustness.files import SHADOW_PRICES_FILE
    from recoup.experiments.runs.tables import Table

    comparison = comparison_of(options, tried)
    result = run_cached(
        options,
        len(comparison.policies) * (len(measurement.RESOURCES) + 1) * options.seeds,
        lambda team, cache, advance: measurement.shadow_prices(comparison, team, cache, advance),
        SHADOW_PRICES_FILE,
        lang,
    )
    if options.json:
        console().print_json(data=result)
        return
    say, currency = text_in(lang), comparison.load().world.currency
    price_head = say("terminal.heads.price", currency=currency)
    table = Table(*say.heads("policy", "unit"), price_head, *say.heads("interval"))
    for row in result["rows"]:
        price = row["price"]
        ends = {end: written(price[end], ",.2f") for end in ("low", "high") if price[end] is not None}
        limits = say("between", **ends) if ends else ""
        table.add_row(
            say.name(row["policy"]),
            say.one_of("capacity.units", row["resource"], row["unit"]),
            "–" if price["mean"] is None else written(price["mean"], ",.2f"),
            limits,
        )
    console().print(table)
