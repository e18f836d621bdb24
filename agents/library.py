"""Policies by name: a scenario's own learned, distilled and greedy policies, shipped plans, and users' files."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from agents import learned
from agents.plan import Plan, find_plan, shipped_plans
from agents.policy import Policy
from sim.inputs import InputError, choose
from sim.parameters import World
from sim.treatments import Menu

OWN = {"learned": ".json", "distilled": ".yaml"}  # what a scenario has of its own in agents/policies


def load_policy(given: str, scenario: str, world: World) -> Policy:
    """The policy that a user names.

    Args:
        given: `learned` or `distilled` (the scenario's own), a shipped plan's name, a plan's `.yaml` or a policy's `.json`.
        scenario: the scenario's name.

    Raises:
        InputError: no such policy; a wrong plan or policy file; or one made for other treatments.
    """
    menu = Menu.of(world.channels, world.offers, world.legal)
    if given in OWN:
        path = own_policy(given, scenario)
        if not path.is_file():
            have = ", ".join(sorted(scenarios_with(given))) or "none"
            raise InputError(
                "policy", "", given, f"a policy that {scenario} has ({given}: {have}); `recoup train` makes one"
            )
        return _BY_ENDING[path.suffix](path, menu)
    if given in shipped_plans() or not given.endswith(".json"):
        try:
            return Plan.load(find_plan(given), menu)
        except InputError as error:
            if error.source != "plan":
                raise
            known = [*shipped_plans(), *OWN]
            raise InputError(
                "policy", "", given, f"a path to a .yaml or .json file or {choose(known, given)}"
            ) from None
    return learned.load(Path(given), menu)


def own_policy(kind: str, scenario: str) -> Path:
    """Where a scenario's own policy of a kind lies, or would lie."""
    return Path(str(files("agents").joinpath("policies", f"{scenario}-{kind}{OWN[kind]}")))


def scenarios_with(kind: str) -> list[str]:
    """Scenarios that have a policy of this kind."""
    ending = f"-{kind}{OWN[kind]}"
    folder = own_policy(kind, "any").parent
    return [path.name.removesuffix(ending) for path in folder.glob(f"*{ending}")] if folder.is_dir() else []


_BY_ENDING: dict[str, Callable[[Path, Menu], Policy]] = {
    ".json": learned.load,
    ".yaml": lambda path, menu: Plan.load(path, menu),
}
