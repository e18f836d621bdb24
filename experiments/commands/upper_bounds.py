"""`recoup upper-bounds`."""

from __future__ import annotations

from typing import Annotated

from recoup.experiments.commands.options import RobustnessOptions, policies_option
from recoup.experiments.commands.robustness import comparison_of, run_cached
from recoup.experiments.commands.showing import announce
from recoup.experiments.runs.console import Language, console
from recoup.experiments.runs.options import options_from


@options_from(RobustnessOptions, seeds=5)
def upper_bounds(
    options: RobustnessOptions,
    policy: Annotated[list[str] | None, policies_option("staged, tiered, learned")] = None,
    lang: Language = "en",
) -> None:
    """Measure upper bounds on recovery, to see how much is left to gain: ample staff, hindsight best, full attention.

    Example: recoup upper-bounds -s china-consumer -p staged -p tiered -p learned
    """
    home = options.scenario or options.into or "china-consumer"
    tried = policy or ("staged", "tiered", "learned")
    announce("simulate", lang, command="recoup upper-bounds", policies=len(tried), scenario=home, seeds=options.seeds)
    from recoup.experiments.report.sections.upper_bounds import label
    from recoup.experiments.report.text import text_in
    from recoup.experiments.robustness import upper_bounds as bounds
    from recoup.experiments.robustness.files import UPPER_BOUNDS_FILE
    from recoup.experiments.runs.tables import Table

    comparison = comparison_of(options, tried)
    result = run_cached(
        options,
        (len(comparison.policies) + 1) * options.seeds,
        lambda team, cache, advance: bounds.upper_bounds(comparison, team, cache, advance),
        UPPER_BOUNDS_FILE,
        lang,
    )
    if options.json:
        console().print_json(data=result)
        return
    say, measured = text_in(lang), {"recovery_rate": "share", "time_to_recover_days": "days"}
    columns = [say.head(say.measure(name)[0], unit) for name, unit in measured.items()]
    table = Table(*say.heads("upper_bound"), *columns)
    for row in result["rows"]:
        table.add_row(label(row, say), *(say.bare_span(row[name], unit) for name, unit in measured.items()))
    console().print(table)
