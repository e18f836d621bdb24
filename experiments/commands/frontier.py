"""`recoup frontier`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recoup.experiments.commands.options import RobustnessOptions, policies_option
from recoup.experiments.commands.robustness import comparison_of, with_policies
from recoup.experiments.commands.showing import announce
from recoup.experiments.runs.console import Language, complete_plans, console, interruptible, progress_bar
from recoup.experiments.runs.options import options_from, setting

if TYPE_CHECKING:
    from recoup.experiments.comparison.settings import Comparison
    from recoup.experiments.robustness.trial_cache import TrialCache
    from recoup.experiments.runs.workers import Workers


@dataclass(frozen=True)
class FrontierOptions(RobustnessOptions):
    """How points are tried, and how one is chosen."""

    points: int = setting(16, "Prices to try first; half as many follow near the choice.", least=2, most=1024)
    by: str = setting("npv_rate", "Measure: npv_rate, recovery_rate, net_recovery_rate or time_to_recover_days.")
    most_contacts: float | None = setting(
        None, "At most so many contact attempts per debtor.", least=0, shown_default="no limit"
    )
    most_complaints: float | None = setting(
        None, "At most so many complaints per 1,000 accounts.", least=0, shown_default="no limit"
    )
    most_cost: float | None = setting(
        None, "At most this cost to collect, a share of the cash.", least=0, shown_default="no limit"
    )
    within: str | None = setting(
        None,
        "At most this plan's contacts, complaints and fully loaded cost.",
        completion=complete_plans,
        shown_default="no limit",
    )

    @property
    def limits(self) -> dict[str, float]:
        """The limits given as numbers, by measure."""
        given = {
            "contacts_per_debtor": self.most_contacts,
            "complaints_per_1000": self.most_complaints,
            "cost_to_collect": self.most_cost,
        }
        return {name: limit for name, limit in given.items() if limit is not None}


# The first seed is `robustness.price_frontier.SELECTION_SEED`, which is heavy to import.
@options_from(FrontierOptions, seeds=3, accounts=2000, first_seed=20_650_000)
def frontier(
    options: FrontierOptions,
    family: Annotated[
        Path | None,
        typer.Argument(help="family.json of `recoup train --price-family`.", show_default="the scenario's own"),
    ] = None,
    plan: Annotated[list[str] | None, policies_option("status-quo, staged, tiered and the scenario's own")] = None,
    out: Annotated[Path | None, typer.Option(help="New folder.", show_default="runs/frontier-TIME")] = None,
    name: Annotated[str, typer.Option(help="Name of the chosen policy.")] = "chosen",
    distil: Annotated[bool, typer.Option("--distil/--no-distil", help="Make a readable plan of it.")] = True,
    resume: Annotated[bool, typer.Option(help="Go on in --out; other limits choose again from what was run.")] = False,
    lang: Language = "en",
) -> None:
    """Show what fewer contacts and complaints would cost, and choose the policy that does best within limits.

    \b
    Examples:
      recoup frontier -s taiwan-cards --most-contacts 25
      recoup frontier runs/family/family.json --most-contacts 25 --most-complaints 8 --workers 2
      recoup frontier runs/family/family.json --within staged --out runs/frontier --into runs/mine
    """
    announce(
        "simulate",
        lang,
        command="recoup frontier",
        policies=options.points * 3 // 2 + len(plan or range(5)),
        scenario=options.scenario or options.into or "china-consumer",
        seeds=options.seeds,
    )
    from recoup.agents.plans.plan_file import NAME, NAME_WORDS
    from recoup.agents.policy_files import read_document
    from recoup.agents.price_family import load_family, own_family
    from recoup.experiments.report.text import text_in
    from recoup.experiments.robustness import price_frontier as study
    from recoup.experiments.robustness.trial_cache import TRIALS, TrialCache
    from recoup.experiments.runs.runfolder import new_run_folder, open_folder
    from recoup.sim.inputs import InputError, choose

    if not NAME.fullmatch(name):
        raise InputError("--name", "", name, NAME_WORDS)
    if options.by not in study.BY:
        raise InputError("--by", "", options.by, choose(list(study.BY), options.by))
    if resume and out is None:
        raise InputError("--resume", "", "no folder", "--out, the folder to go on in")
    if family and options.scenario is None and options.into is None:
        options = replace(options, scenario=str(read_document(family).get("scenario")))
    comparison = comparison_of(options, ())
    scenario = comparison.load()
    if family is None:
        family = own_family(scenario.name)
        if not family.is_file():
            raise InputError("FAMILY", "", f"none, and {scenario.name} has none of its own", "a family.json")
    plans = plan or [*study.PLANS, *study.own_policies(scenario.name)]
    comparison = with_policies(comparison, list(dict.fromkeys((*plans, *([options.within] if options.within else [])))))
    world = scenario.world
    policies = load_family(family, world.menu)
    folder = out or new_run_folder("frontier")
    same = {key: comparison.settings[key] for key in ("scenario", "portfolio", "map", "days", "seeds", "first_seed")}
    begun = {**same, "accounts": options.accounts, "points": options.points, "family": policies.card.sha256}
    open_folder(folder, begun, resume)
    cache = TrialCache(folder / TRIALS)
    hint = text_in(lang)("terminal.interrupted.resume", folder=folder)
    with interruptible(lambda: hint), options.team() as team:
        with progress_bar(
            text_in(lang)("terminal.bars.simulating"),
            (len(comparison.policies) + options.points * 3 // 2) * options.seeds,
        ) as advance:
            result = study.price_frontier(
                policies,
                comparison,
                folder,
                options.points,
                options.by,
                options.limits,
                options.within,
                team,
                cache,
                advance,
            )
        _write(result, folder, options.into)
        if result["feasible"]:
            study.save_chosen(policies, result, folder / "policy", name)
            if distil:
                result["distilled"] = _distilled(comparison, options, result, folder, name, cache, team)
                _write(result, folder, options.into)
    if options.json:
        console().print_json(data=result)
    else:
        _print(result, folder, lang)
    study.chosen_point(result)


def _write(result: dict[str, Any], folder: Path, into: Path | None) -> None:
    from recoup.experiments.report.sections.frontier import picture
    from recoup.experiments.report.text import LANGUAGES, text_in
    from recoup.experiments.robustness.files import FRONTIER_FILE
    from recoup.experiments.robustness.price_frontier import FRONTIER_TABLE, frontier_table
    from recoup.experiments.runs.runfolder import write_csv, write_text

    for place in (folder, *([into] if into else [])):
        FRONTIER_FILE.write(place, result)
        write_csv(place / FRONTIER_TABLE, frontier_table(result))
        for language in LANGUAGES:
            file = "frontier.svg" if language == "en" else f"frontier.{language}.svg"
            write_text(place / file, picture(result, text_in(language)).wide)


def _distilled(
    comparison: Comparison,
    options: FrontierOptions,
    result: dict[str, Any],
    folder: Path,
    name: str,
    cache: TrialCache,
    team: Workers,
) -> dict[str, Any]:
    """The plan made of the chosen policy, written to the folder: what it reaches, and whether it is within the limits."""
    from recoup.agents.plans.writing import plan_text
    from recoup.experiments.learning.distillation import LEAVES, distill
    from recoup.experiments.robustness import price_frontier as study
    from recoup.experiments.runs.runfolder import write_text

    chosen = str(folder / "policy.json")
    made = distill(
        comparison.load(),
        chosen,
        LEAVES,
        accounts=options.accounts or 2000,
        name=f"{name}-distilled",
        baseline=chosen,  # its burdens are within the limits, and are the plan's limits
        notify=lambda line: typer.echo(line, err=True),
        kept=cache.kept,
    )
    file = folder / "distilled.yaml"
    write_text(file, plan_text(made.plan))
    values = study.measured(comparison, [str(file)], team, cache, None)[str(file)]
    return {"name": made.plan.name, "values": values, "feasible": study.excess(values, result["limits"]) <= 1.0}


def _print(result: dict[str, Any], folder: Path, lang: str = "en") -> None:
    from recoup.experiments.comparison.measures import MEASURE
    from recoup.experiments.report.sections.frontier import sentences
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.champion import COST
    from recoup.experiments.runs.tables import Table

    say, by = text_in(lang), result["by"]
    first = say.head(say.measure(by)[0], MEASURE[by].unit)
    table = Table("", first, *say.heads("contacts", "complaints", "cost"), title=say("terminal.frontier.title"))
    points = sorted(
        (p for p in result["points"] if p["frontier"] or p["name"] == result["chosen"]),
        key=lambda p: p["values"]["contacts_per_debtor"],
    )
    distilled = [result["distilled"]] if "distilled" in result else []
    for row in [*points, *result["plans"], *distilled]:
        values = row["values"]
        mark = "> " if row["name"] == result["chosen"] and result["feasible"] else ""
        figures = [say.bare(values[by], MEASURE[by].unit)]
        figures += [say.bare(values[key], "count") for key in ("contacts_per_debtor", "complaints_per_1000")]
        table.add_row(mark + say.name(row["name"]), *figures, say.bare(values[COST], "share"))
    console().print(table)
    for sentence in sentences(result, say):
        console().print(sentence)
    if distilled and not distilled[0]["feasible"]:
        console().print(say("terminal.frontier.beyond"))
    console().print(say("terminal.frontier.folder", path=folder), soft_wrap=True)
