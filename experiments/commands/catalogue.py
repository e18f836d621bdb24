"""What is shipped: `recoup scenarios`, `recoup plans`."""

from __future__ import annotations

from recoup.experiments.runs.console import Json, print_list


def scenarios(json: Json = False) -> None:
    """List the shipped scenarios.

    \b
    Examples:
      recoup scenarios
      recoup scenarios --json
    """
    from recoup.scenarios.schema import load_scenario, scenario_names

    loaded = [load_scenario(name) for name in scenario_names()]
    print_list([(s.name, s.title, " ".join(s.description.split())) for s in loaded], json)


def plans(json: Json = False) -> None:
    """List the shipped plans.

    \b
    Examples:
      recoup plans
      recoup plans --json
    """
    from recoup.agents.plans.plan_file import find_plan, read_plan, shipped_plans

    files = [read_plan(find_plan(name)) for name in shipped_plans()]
    print_list([(f.name, f.title, " ".join(f.description.split())) for f in files], json)
