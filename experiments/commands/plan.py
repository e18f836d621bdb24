"""`recoup plan …`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from recoup.experiments.runs.console import Commands, Json, Language, complete_plans, complete_scenarios, console

app = typer.Typer(cls=Commands, rich_markup_mode=None, help="Plan files.", no_args_is_help=True)


@app.command("check")
def check(
    file: Annotated[str, typer.Argument(help="Plan file, or a shipped plan's name.", autocompletion=complete_plans)],
    scenario: Annotated[
        str,
        typer.Option("-s", "--scenario", help="Scenario whose treatments it uses.", autocompletion=complete_scenarios),
    ] = "china-consumer",
    lang: Language = "en",
    json: Json = False,
) -> None:
    """Read a plan as a comparison would, and say what it does.

    \b
    Examples:
      recoup plan check mine.yaml -s taiwan-cards
      recoup plan check staged --json
    """
    from recoup.agents.plans.scored_plan import read_any_plan, scores_in
    from recoup.experiments.report.text import text_in
    from recoup.scenarios.schema import load_scenario

    world = load_scenario(scenario).world
    plan = read_any_plan(file, world.menu)
    scores = scores_in(plan.file)
    if json:
        rules = [{"name": rule.name, "priority": rule.priority} for rule in plan.rules]
        console().print_json(
            data={
                "name": plan.name,
                "scenario": scenario,
                "contact_cap_per_week": plan.file.contact_cap_per_week,
                "rules": rules,
                "scores": scores,
                "dropped": plan.dropped,
            }
        )
        return
    out, say = console(), text_in(lang)
    out.print(say("terminal.plan_check.good", plan=plan.name, rules=len(plan.rules), scenario=scenario))
    if plan.file.contact_cap_per_week:
        out.print("  " + say("terminal.plan_check.cap", cap=plan.file.contact_cap_per_week))
    if scores:
        out.print("  " + say("terminal.plan_check.scores", names=", ".join(scores)), soft_wrap=True)
    for dropped in plan.dropped:
        out.print("  " + say("terminal.plan_check.dropped", rule=dropped))


@app.command("template")
def template(
    out: Annotated[Path | None, typer.Option(help="File to write, new.", show_default="print it")] = None,
) -> None:
    """Print or write a documented plan to start from; a file's plan is named as the file.

    \b
    Examples:
      recoup plan template
      recoup plan template --out mine.yaml
    """
    from recoup.agents.plans.plan_file import NAME
    from recoup.experiments.runs.runfolder import require_new, write_text
    from recoup.scenarios.schema import ROOT

    text = (ROOT / "plans" / "template.yaml").read_text(encoding="utf-8")
    if out is None:
        print(text, end="")
        return
    require_new(out)
    # Results are filed under a plan's name: two plans begun from the template would pass for one.
    name = re.sub("[^a-z0-9_-]+", "-", out.stem.lower()).strip("-_")
    if NAME.fullmatch(name):
        text = re.sub("^name: template *", f"{f'name: {name}':<32}", text, flags=re.MULTILINE)
    write_text(out, text)
