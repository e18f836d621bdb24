"""Why a policy chose what it did, in words; for those policies that can say."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from recoup.agents.plans.conditions import codes_of, is_whole
from recoup.agents.plans.plan import Plan
from recoup.sim.observation import FIELD_INDEX, fields_of
from recoup.sim.treatments import STANDARD, Vocabulary


@runtime_checkable
class Explains(Protocol):
    """A policy that gives reasons."""

    def explain(self, observation: NDArray[np.float32], action: int) -> list[str]:
        """Reasons for choosing `action` on one observation, the weightiest first; empty where there is none.

        Args:
            observation: shape (fields of `recoup.sim.observation.FIELDS`,), natural units.
            action: menu index of the choice.
        """
        ...


def reasons(policy: object, observation: NDArray[np.float32], action: int) -> list[str]:
    """A policy's reasons for a choice; empty if it gives none.

    Args:
        policy: any policy; plans are asked for their rule, others where they have `explain`.
        observation: shape (fields of `recoup.sim.observation.FIELDS`,), natural units.
        action: menu index of the choice.

    Returns:
        Words, the weightiest first; of a plan, the rule's name and what the account showed in the fields that it asks
        for.
    """
    if isinstance(policy, Plan):
        return _rule(policy, observation, action)
    return policy.explain(observation, action) if isinstance(policy, Explains) else []


def _rule(plan: Plan, observation: NDArray[np.float32], action: int) -> list[str]:
    """The rule that decided, and what the account showed in the fields that it asks for."""
    number = int(plan.deciding_rules(observation[None, :], np.array([action], np.int64))[0])
    if number < 0:
        return []
    rule = plan.rules[number]
    return [
        rule.name,
        *(f"{name} = {shown(name, observation, plan.menu.vocabulary)}" for name in _asked(rule.when or {})),
    ]


def _asked(when: dict[str, object]) -> list[str]:
    """The fields of a rule's conditions, in order, each once."""
    names: list[str] = []
    for name, condition in when.items():
        names += (
            [n for branch in condition for n in _asked(branch)]
            if isinstance(condition, list) and name == "any"
            else [name]
        )
    return list(dict.fromkeys(names))


def shown(name: str, observation: NDArray[np.float32], vocabulary: Vocabulary = STANDARD) -> str:
    """An observed value as plan files write it.

    Args:
        name: of the observation field.
        observation: shape (fields of `recoup.sim.observation.FIELDS`,), natural units.
        vocabulary: of the world.
    """
    field, value = fields_of(vocabulary)[FIELD_INDEX[name]], float(observation[FIELD_INDEX[name]])
    if codes := codes_of(field):
        return codes[int(value)]
    if field.unit == "yes/no":
        return "true" if value else "false"
    return f"{value:,.0f}" if is_whole(field) or field.unit.startswith("currency") else f"{value:.2f}"
