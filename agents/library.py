"""Policies by name: a scenario's own learned, distilled and index policies, shipped plans, and users' files."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pandas as pd

from recoup.agents import learned
from recoup.agents.index.index_policy import ALGORITHM, IndexPolicy, load_index
from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import NAME, NAME_WORDS, find_plan, shipped_plans
from recoup.agents.plans.scored_plan import ScoredPlan, read_any_plan
from recoup.agents.policy import Policy, PolicyRef
from recoup.agents.policy_files import read_document
from recoup.agents.python_policy import PythonPolicy, class_path
from recoup.sim.inputs import InputError, choose
from recoup.sim.parameters import World
from recoup.sim.treatments import Menu

PYTHON = "python:"  # how run folders call a policy that was an object


@dataclass(frozen=True)
class PolicyKind:
    """A kind of policy that a scenario may have as its own, in agents/policies.

    Attributes:
        suffix: of its file: `.json` for a card with weights beside it, `.yaml` for a plan.
        command: the `recoup` command that makes one.
    """

    suffix: str
    command: str


OWN = {
    "learned": PolicyKind(".json", "train"),
    "distilled": PolicyKind(".yaml", "distill"),
    "index": PolicyKind(".json", "index"),
    "tuned": PolicyKind(".yaml", "tune"),
    "contact-capped": PolicyKind(".json", "train"),
}


def load_policy(policy_ref: PolicyRef, scenario: str, world: World, accounts: pd.DataFrame | None = None) -> Policy:
    """The policy that a user names or hands over.

    Args:
        policy_ref: one of `OWN` (the scenario's own), a shipped plan's name, a plan's `.yaml`, a policy's `.json`, or an object
            with an `act` method, of which a fresh copy is made.
        scenario: the scenario's name.
        world: the scenario's world; its menu is what the policy chooses from.
        accounts: a portfolio's table, for plans that ask for its scores; None = not known: such a plan cannot act.

    Returns:
        A policy that has not acted yet.

    Raises:
        InputError: no such policy; a wrong plan or policy file; one made for other treatments; or accounts without a score that it asks for.
    """
    policy = _load_policy(policy_ref, scenario, world)
    return policy.of_accounts(accounts) if accounts is not None and isinstance(policy, ScoredPlan) else policy


def _load_policy(policy_ref: PolicyRef, scenario: str, world: World) -> Policy:
    menu = world.menu
    if isinstance(policy_ref, learned.LearnedPolicy | IndexPolicy):
        return policy_ref.on(menu)
    if isinstance(policy_ref, Plan | ScoredPlan):
        return copy.deepcopy(policy_ref)
    if not isinstance(policy_ref, str):
        return PythonPolicy(policy_ref)
    policy_ref = str(split_name(policy_ref)[1])
    if policy_ref.startswith(PYTHON):
        raise InputError(
            "policy", "", policy_ref, "a policy that a file holds; this one was a Python object: compare it from Python"
        )
    if policy_ref in OWN:
        path = own_policy(policy_ref, scenario)
        if not path.is_file():
            have = ", ".join(sorted(scenarios_with(policy_ref))) or "none"
            raise InputError(
                "policy",
                "",
                policy_ref,
                f"a policy that {scenario} has ({policy_ref}: {have}); `recoup {OWN[policy_ref].command}` makes one",
            )
        return read_any_plan(path, menu) if path.suffix == ".yaml" else _by_card(path, menu, world)
    if policy_ref in shipped_plans() or not policy_ref.endswith(".json"):
        try:
            return read_any_plan(find_plan(policy_ref), menu)
        except InputError as error:
            if error.source != "plan":
                raise
            known = [*shipped_plans(), *OWN]
            raise InputError(
                "policy", "", policy_ref, f"a path to a .yaml or .json file or {choose(known, policy_ref)}"
            ) from None
    return _by_card(Path(policy_ref), menu, world)


def load_plan(option: str, name: str, scenario: str, world: World) -> Plan:
    """A plan where nothing but a plan will do: a file, a shipped one, or one of the scenario's own.

    Args:
        option: what asked for it, as errors name it.
        name: of the plan, or its file.
        scenario: name of the scenario, whose own plans are meant.
        world: its world.

    Raises:
        InputError: no such plan, a fault in it, or a policy that is no plan.
    """
    plan = load_policy(name, scenario, world)
    if not isinstance(plan, Plan):
        raise InputError(option, "", name, "a plan")
    return plan


def split_name(policy_ref: PolicyRef) -> tuple[str | None, PolicyRef]:
    """`NAME=PATH` in its parts; without a name, None and the reference itself.

    Raises:
        InputError: a name that cannot be a folder's.
    """
    if not isinstance(policy_ref, str) or "=" not in policy_ref:
        return None, policy_ref
    name, _, source = policy_ref.partition("=")
    if "/" in name or "\\" in name:
        return None, policy_ref  # a path with «=» in it
    if not NAME.fullmatch(name):
        raise InputError("--plan", "", policy_ref, f"NAME=PATH with NAME {NAME_WORDS}")
    return name, source


def policy_ref_text(policy_ref: PolicyRef) -> str:
    """How a run folder names a policy: the user's own words, or `python:MODULE.CLASS`."""
    return policy_ref if isinstance(policy_ref, str) else f"{PYTHON}{class_path(policy_ref)}"


def own_policy(kind: str, scenario: str) -> Path:
    """Where a scenario's own policy of a kind lies, or would lie.

    Args:
        kind: a key of `OWN`.
        scenario: its name.
    """
    return Path(str(files("recoup.agents").joinpath("policies", f"{scenario}-{kind}{OWN[kind].suffix}")))


def scenarios_with(kind: str) -> list[str]:
    """Scenarios that have a policy of this kind."""
    ending = f"-{kind}{OWN[kind].suffix}"
    folder = own_policy(kind, "any").parent
    return [path.name.removesuffix(ending) for path in folder.glob(f"*{ending}")] if folder.is_dir() else []


def _by_card(path: Path, menu: Menu, world: World) -> Policy:
    """What a card describes: a network, or marginal values with the index policy on them."""
    if read_document(path).get("algorithm") == ALGORITHM:
        return load_index(path, menu, world)
    return learned.load(path, menu)
