"""Plans that ask for a lender's own scores: `score.NAME` in a rule's conditions, a column of the portfolio.

A score of an account never changes in a simulation. So each account falls to one plan without scores: that of the rules whose conditions on
scores it meets, with those conditions taken out. Accounts that meet the same ones share it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.agents.plans.conditions import Numbers, numbers
from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import DEFAULT_PRIORITY, NOTHING, PlanFile, Rule, find_plan, read_plan
from recoup.sim.inputs import Document, InputError, Place
from recoup.sim.observation import ObservedField
from recoup.sim.portfolio.scores import HIGH, LOW, SCORE, SCORE_WORDS, is_score
from recoup.sim.remarks import Remark
from recoup.sim.treatments import Menu

_ALWAYS = {"dpd": {"at_least": 0}}


def score_field(name: str) -> ObservedField:
    """What a condition on a score is a condition on."""
    return ObservedField(name, "score", LOW, HIGH, "a score of the lender's own")


def scores_in(file: PlanFile) -> list[str]:
    """The scores that a plan asks for, each once."""
    return list(dict.fromkeys(name for rule in file.rules for _, name, _ in _conditions((), rule.when)))


def _conditions(path: Place, when: object) -> Iterator[tuple[Place, str, Any]]:
    """Each condition on a score within a `when`: where it stands, name, condition."""
    if not isinstance(when, dict):
        return
    for name, condition in when.items():
        if name == "any" and isinstance(condition, list):
            for number, item in enumerate(condition):
                yield from _conditions((*path, "any", number), item)
        elif isinstance(name, str) and name.startswith(SCORE):
            yield (*path, name), name, condition


def read_any_plan(plan: str | Path | Document, menu: Menu) -> Plan | ScoredPlan:
    """A plan, with conditions on scores or without; arguments and errors as of `Plan.load`."""
    document = plan if isinstance(plan, Document) else find_plan(plan)
    rules = document.data.get("rules")
    asks = isinstance(rules, list) and any(
        True for rule in rules if isinstance(rule, dict) for _ in _conditions((), rule.get("when"))
    )
    return ScoredPlan.load(document, menu) if asks else Plan.load(document, menu)


@dataclass(frozen=True)
class ScoredPlan:
    """A plan that asks for scores, as a `Policy`.

    Attributes:
        file: the plan as written.
        document: where it stands, for messages.
        menu: the treatments of the scenario.
        bare: the plan with the conditions on scores taken out: what it says of the plan's other faults, and of rules left out.
        asked: values that meet each condition on a score, by the condition's place.
        parts: the plans without scores; none before the accounts are known (`of_accounts`).
        part: which of them is an account's, int64 (accounts,).
        split: the rows of the latest call of `act`, by plan: those that `priority` is asked about.
    """

    file: PlanFile
    document: Document
    menu: Menu
    bare: Plan
    asked: dict[Place, tuple[str, Numbers]]
    parts: tuple[Plan, ...] = ()
    part: NDArray[np.int64] | None = None
    split: list[tuple[Plan, NDArray[np.int64]]] = field(default_factory=list, compare=False, repr=False)

    @classmethod
    def load(cls, document: Document, menu: Menu) -> Self:
        """A plan from a document.

        Args:
            document: the plan file.
            menu: as for `Plan.load`.

        Raises:
            InputError: as `Plan.load`; a score's name or a condition on one is wrong.
        """
        file, asked = read_plan(document), {}
        for number, rule in enumerate(file.rules):
            for path, name, condition in _conditions(("rules", number, "when"), rule.when):
                if not is_score(name):
                    raise document.error(path, name, SCORE_WORDS)
                asked[path] = (name, numbers(document, path, score_field(name), condition))
        bare = copy.deepcopy(document.data)
        for rule in bare["rules"]:
            if (when := _without(rule.get("when"))) is not None:
                rule["when"] = when
            else:
                rule.pop("when", None)
        written = replace(document, data=bare)
        return cls(file, document, menu, Plan.load(written, menu, reachable=False), asked)

    @property
    def name(self) -> str:
        """What results are filed under."""
        return self.file.name

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in force, in order, without their conditions on scores."""
        return self.bare.rules

    @property
    def identity(self) -> PlanFile:
        """See `Policy.identity`; the scores are the portfolio's."""
        return self.file

    @property
    def dropped(self) -> tuple[Remark, ...]:
        """See `Policy.dropped`."""
        return self.bare.dropped

    def of_accounts(self, accounts: pd.DataFrame) -> Self:
        """The plan for a portfolio.

        Args:
            accounts: its table, one row an account.

        Raises:
            InputError: it lacks a score that the plan asks for.
        """
        for path, (name, _) in self.asked.items():
            if name not in accounts:
                have = ", ".join(str(column) for column in accounts if is_score(column)) or "none"
                expected = f"a column of this name in the portfolio (it has {have}); `recoup model score` or a column map makes one"
                raise self.document.error(path, name, expected)
        met = np.column_stack(
            [_meets(accounts[name].to_numpy(np.float32), values) for name, values in self.asked.values()]
        )
        kinds, part = np.unique(met, axis=0, return_inverse=True)
        parts = tuple(self._part(dict(zip(self.asked, kind.tolist(), strict=True))) for kind in kinds)
        return replace(self, parts=parts, part=np.asarray(part, np.int64).ravel(), split=[])

    def _part(self, met: dict[Place, bool]) -> Plan:
        """The plan of accounts that meet these conditions on scores."""
        rules = []
        for number, rule in enumerate(self.file.rules):
            when = _resolved(("rules", number, "when"), rule.when, met) if rule.when is not None else {}
            if when is not None:
                rules.append(rule.model_copy(update={"when": when or None}))
        if not rules:
            rules = [self.file.rules[0].model_validate({"name": NOTHING, "do": NOTHING})]
        return Plan.of(self.file.model_copy(update={"rules": rules}), self.menu, reachable=False)

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.bool_], numbers: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """See `Policy.act`."""
        actions = np.zeros(len(observations), np.int64)
        self.split[:] = self._split(len(observations), numbers)
        for plan, rows in self.split:
            actions[rows] = plan.act(observations[rows], masks[rows])
        return actions

    def priority(self, observations: NDArray[np.float32], actions: NDArray[np.int64]) -> NDArray[np.int64] | None:
        """See `Policy.priority`."""
        found = np.full(len(observations), DEFAULT_PRIORITY, np.int64)
        for plan, rows in self.split:
            if (of_rules := plan.priority(observations[rows], actions[rows])) is not None:
                found[rows] = of_rules
        return None if (found == DEFAULT_PRIORITY).all() else found

    def _split(self, size: int, numbers: NDArray[np.int64] | None) -> Iterator[tuple[Plan, NDArray[np.int64]]]:
        if self.part is None:
            asks = ", ".join(dict.fromkeys(name for name, _ in self.asked.values()))
            raise InputError(f"plan {self.name}", "", asks, "a command that knows the portfolio, as `recoup compare`")
        part = self.part if numbers is None else self.part[numbers]
        if part.size != size:
            raise InputError(f"plan {self.name}", "", f"{size} accounts", f"the {part.size} of the portfolio")
        for number, plan in enumerate(self.parts):
            rows = np.flatnonzero(part == number)
            if rows.size:
                yield plan, rows


def _meets(score: NDArray[np.float32], values: Numbers) -> NDArray[np.bool_]:
    inside = np.zeros(score.size, np.bool_)
    for low, high in values:
        inside |= (score >= low) & (score < high)
    return inside


def _without(when: Any) -> Any:
    """Conditions without those on scores, the others in their places; None where none are left."""
    if not isinstance(when, dict):
        return when
    left = {}
    for name, condition in when.items():
        if name == "any" and isinstance(condition, list):
            left[name] = [_without(item) or _ALWAYS for item in condition]
        elif not (isinstance(name, str) and name.startswith(SCORE)):
            left[name] = condition
    return left or None


def _resolved(path: Place, when: dict[str, Any], met: dict[Place, bool]) -> dict[str, Any] | None:
    """Conditions where those on scores are known: None = they cannot hold, {} = they always do."""
    left: dict[str, Any] = {}
    for name, condition in when.items():
        if name == "any":
            found = [_resolved((*path, "any", number), item, met) for number, item in enumerate(condition)]
            possible = [item for item in found if item is not None]
            if not possible:
                return None
            if {} not in possible:
                left["any"] = possible
        elif name.startswith(SCORE):
            if not met[(*path, name)]:
                return None
        else:
            left[name] = condition
    return left
