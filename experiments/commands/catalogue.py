"""What is shipped: `recoup scenarios`, `recoup plans`."""

from __future__ import annotations

from recoup.experiments.commands.showing import print_list
from recoup.experiments.runs.console import Json, Language


def scenarios(lang: Language = "en", json: Json = False) -> None:
    """List the shipped scenarios.

    \b
    Examples:
      recoup scenarios
      recoup scenarios --json
    """
    from recoup.scenarios.schema import load_scenario, scenario_names

    loaded = [load_scenario(name) for name in scenario_names()]
    print_list([(s.name, s.title, s.description) for s in loaded], json, lang)


def plans(lang: Language = "en", json: Json = False) -> None:
    """List the shipped plans.

    \b
    Examples:
      recoup plans
      recoup plans --json
    """
    from recoup.agents.plans.plan_file import find_plan, read_plan, shipped_plans

    files = [read_plan(find_plan(name)) for name in shipped_plans()]
    print_list([(f.name, f.title, f.description) for f in files], json, lang)
