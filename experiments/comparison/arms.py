"""The arms of a comparison: which policy each one is, and the name that tells it from the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recoup.agents.learned import LearnedPolicy
from recoup.agents.library import OWN, load_policy, split_name
from recoup.agents.policy import Policy, PolicyRef
from recoup.agents.python_policy import PythonPolicy
from recoup.scenarios.schema import Scenario
from recoup.sim.inputs import InputError


@dataclass(frozen=True)
class Arm:
    """One policy of a comparison.

    Attributes:
        name: what results, folders and reports call it; no other arm has it.
        policy_ref: what it is loaded from, anew for each simulation; see `load_policy`.
        policy: loaded once, for its identity and what it says of itself.
    """

    name: str
    policy_ref: PolicyRef
    policy: Policy

    @property
    def is_learned(self) -> bool:
        """Whether it challenges the plans: a network, what was distilled from the scenario's own, or a user's object."""
        own = OWN.get(self.policy_ref) if isinstance(self.policy_ref, str) else None
        return isinstance(self.policy, LearnedPolicy | PythonPolicy) or (own is not None and own.command == "distill")


def arms_of(policy_refs: Sequence[PolicyRef], scenario: Scenario) -> list[Arm]:
    """The arms of a comparison in the order given.

    Args:
        policy_refs: names, paths or objects as `load_policy` takes them; `NAME=PATH` gives a policy another name. Of two policies
            with one name the second is called `NAME-2`, and so on.
        scenario: whose menu and own policies are meant.

    Raises:
        InputError: no such policy, a wrong file, a name that cannot be a folder's, or a name given to two policies.
    """
    chosen: list[tuple[str | None, PolicyRef, Policy]] = []
    for policy_ref in policy_refs:
        name, source = split_name(policy_ref)
        if name is not None and name in [other for other, _, _ in chosen]:
            raise InputError("--plan", "", policy_ref, f"another name than {name!r}, which an earlier policy was given")
        chosen.append((name, source, load_policy(source, scenario.name, scenario.world)))
    used = {name for name, _, _ in chosen if name is not None}
    arms = []
    for name, source, policy in chosen:
        if name is None:
            name = _free(policy.name, used)
            used.add(name)
        arms.append(Arm(name, source, policy))
    return arms


def _free(name: str, used: set[str]) -> str:
    """The name, or the first of NAME-2, NAME-3, … that is free."""
    number, free = 1, name
    while free in used:
        number += 1
        free = f"{name}-{number}"
    return free
