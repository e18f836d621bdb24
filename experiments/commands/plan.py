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
    """Read a plan as a comparison would, and say what it does, and where it asks for more contacts than the scenario's rules allow.

    \b
    Examples:
      recoup plan check mine.yaml -s taiwan-cards
      recoup plan check staged --json
    """
    from recoup.agents.plans.contact_demand import beyond_caps
    from recoup.agents.plans.scored_plan import read_any_plan, scores_in
    from recoup.experiments.comparison.lists import lists_of
    from recoup.experiments.report.text import text_in
    from recoup.scenarios.schema import load_scenario
    from recoup.sim.remarks import contents

    home = load_scenario(scenario)
    world = home.world
    plan = read_any_plan(file, world.menu)
    beyond = beyond_caps(plan.file, home.rules, world.vocabulary)
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
                "dropped": contents(plan.dropped),
                "beyond_caps": [one.content() for one in beyond],
            }
        )
        return
    out, say = console(), text_in(lang, world.currency).of(lists_of(world))
    out.print(say("terminal.plan_check.good", plan=say.name(plan.name), rules=len(plan.rules), scenario=scenario))
    if plan.file.contact_cap_per_week:
        out.print("  " + say("terminal.plan_check.cap", cap=plan.file.contact_cap_per_week))
    if scores:
        out.print("  " + say("terminal.plan_check.scores", names=", ".join(scores)), soft_wrap=True)
    for dropped in plan.dropped:
        out.print("  " + say("terminal.plan_check.dropped", rule=say.note(dropped)))
    for one in beyond:
        contact = str(one.cap.channel or one.cap.group)
        kind = say.one_of("terminal.plan_check.contacts", contact, say.one_of("treatments", contact))
        figures = {"times": one.times, "days": one.cap.days, "cap": one.cap.id, "most": one.cap.most}
        per = say(f"terminal.plan_check.per.{one.cap.per}")
        said = say("terminal.plan_check.beyond", rule=say.plan_rule(one.rule), contacts=kind, per=per, **figures)
        out.print("  " + said)
    if beyond:
        out.print("  " + say("terminal.plan_check.stopped"))


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
