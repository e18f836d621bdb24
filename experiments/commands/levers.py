"""`recoup levers`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from recoup.experiments.commands.options import RobustnessOptions
from recoup.experiments.commands.robustness import comparison_of, run_cached
from recoup.experiments.commands.showing import announce
from recoup.experiments.runs.console import Language, complete_plans, console
from recoup.experiments.runs.options import options_from


@options_from(RobustnessOptions, seeds=2, accounts=2000)
def levers(
    options: RobustnessOptions,
    policy: Annotated[
        str, typer.Option("-p", "--policy", help="Challenger: the policy to test.", autocompletion=complete_plans)
    ] = "learned",
    against: Annotated[
        list[str] | None,
        typer.Option(
            help="A plan that it has to beat; once for each.",
            show_default="plan files of --into, else status-quo, staged, tiered",
            autocompletion=complete_plans,
        ),
    ] = None,
    worlds: Annotated[int, typer.Option(help="Number of worlds, a power of two; more of them go on from fewer.")] = 128,
    design_seed: Annotated[int, typer.Option(min=0, max=2**31, help="Seed of the choice of worlds.")] = 1,
    lang: Language = "en",
) -> None:
    """Move all levers at once: how likely does a policy beat the best hand-written plan, on what does that hang, where does it flip?

    \b
    Examples:
      recoup levers -s china-consumer -p learned --workers 2
      recoup levers -p mine.yaml --against staged --worlds 256 --into runs/mine     # interrupted, the same command goes on
    """
    announce(
        "simulate",
        lang,
        command="recoup levers",
        policies=1 + len(against or range(3)),
        scenario=options.scenario or options.into or "china-consumer",
        seeds=options.seeds,
    )
    from recoup.experiments.report.sections.levers import picture
    from recoup.experiments.report.text import LANGUAGES, text_in
    from recoup.experiments.robustness import lever_study as study
    from recoup.experiments.robustness.files import LEVER_STUDY_FILE
    from recoup.experiments.runs.runfolder import write_csv, write_text
    from recoup.scenarios.levers import require_power_of_two

    require_power_of_two(worlds)
    plans = _rivals(options, policy, against)
    comparison = comparison_of(options, (policy, *plans))
    result = run_cached(
        options,
        len(comparison.policies) * (worlds + 1) * options.seeds,
        lambda team, cache, advance: study.lever_study(comparison, worlds, design_seed, team, cache, advance),
        LEVER_STUDY_FILE,
        lang,
    )
    if options.into:
        write_csv(options.into / study.LEVER_WORLDS, study.worlds_table(result))
        for language in LANGUAGES:
            name = "levers.svg" if language == "en" else f"levers.{language}.svg"
            write_text(options.into / name, picture(result, text_in(language)).wide)
    if options.json:
        console().print_json(data=result)
        return
    _print(result, lang)


def _rivals(options: RobustnessOptions, policy: str, against: list[str] | None) -> list[str]:
    """The plans that the challenger has to beat.

    Raises:
        InputError: there is none, the challenger is among them, or one is named twice.
    """
    from recoup.experiments.comparison.results import RESULTS_FILE
    from recoup.experiments.robustness.lever_study import PLANS, hand_written
    from recoup.sim.inputs import InputError

    if against:
        plans = against
    elif options.into and (options.into / RESULTS_FILE.name).exists():
        named = RESULTS_FILE.read(options.into)["settings"]["policies"]
        plans = [plan for plan in hand_written(named) if plan != policy]
    else:
        plans = [plan for plan in PLANS if plan != policy]
    if not plans:
        raise InputError(
            options.into or "levers", "--against", "no plan in the run but the challenger", "a plan to beat"
        )
    if policy in plans or len(set(plans)) < len(plans):
        raise InputError("levers", "--against", ", ".join(plans), f"plans other than {policy}, each once")
    return plans


def _print(result: dict[str, Any], lang: str = "en") -> None:
    from recoup.experiments.report.sections import levers as section
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.tables import Table

    say = text_in(lang)
    wins = section.wins_table(result, say)
    table = Table(*say.heads("against", "net", "gross", "best"), title=wins.caption)
    for row in wins.rows:
        table.add_row(*map(str, row))
    console().print(table)
    columns = say.heads("lever", "range", "pawn", "low", "high", "flips")
    table = Table(*columns, title=say("terminal.levers.title"))
    for cells in section.lever_cells(result, say):
        table.add_row(*(cell.removesuffix("\u00a0%") for cell in cells))  # the heads name the unit
    console().print(table)
    for sentence in (section.message(result, say), *section.sentences(result, say), section.scale(result, say)):
        console().print(sentence)
